// Owns the records that a doctor or an organization wrote, also of patients who took permission back.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { actionPer, named } from "../page/actions.js";
import { recordBody } from "../page/fhir/index.js";
import { textField } from "../page/fields.js";
import { categoryName } from "../page/names.js";
import { recordActions } from "../page/own_records.js";
import { emptyState, loaded, pageHeader, pressable, problem, stateBadge } from "../page/parts.js";
import { chip, nameOf } from "../page/people.js";
import { dayOf } from "../page/records.js";
import { _, rich } from "../page/texts.js";

/** So many records fit on a screen without a search. */
const FEW = 8;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const notes = page.load(() => page.person.notes());
  const actions = recordActions(page, () => void notes.again());
  let wanted = "";
  /** @type {any} the one that is open */
  let shown = null;

  const open = actionPer(page, async (/** @type {any} */ record, options) => {
    const opened = await page.person.openRecord({ digest: record.digest }, options);
    shown = { digest: record.digest, opened };
  });

  return {
    title: () => _("Records I wrote"),
    render: () => html`
      ${pageHeader(_("Records I wrote"), {
        lead: _(
          "You can always read again what you wrote yourself, whoever shares with you now. Each opening is on record, as any other.",
        ),
      })}
      ${loaded(notes, (all) => (all.length === 0 ? nothingYet() : listOf(all)))}
    `,
    on: { letters: () => void notes.again(), anchored: () => void notes.again() },
  };

  /** @param {any[]} all */
  function listOf(all) {
    const text = wanted.trim().toLowerCase();
    const found = all.filter(({ title, patient }) =>
      `${title} ${nameOf(patient)}`.toLowerCase().includes(text),
    );
    return html`
      ${all.length > FEW
        ? html`<search
            >${textField({
              id: "wanted",
              label: _("Find by patient or title"),
              type: "search",
              value: wanted,
              onInput: (value) => {
                wanted = value;
                page.refresh();
              },
            })}</search
          >`
        : nothing}
      <ul class="plain-list lines panel-lines">
        ${repeat(found, ({ digest }) => digest, line)}
      </ul>
      <p role="status" class="muted">
        ${found.length === 0 ? _("No record of yours has that name.") : nothing}
      </p>
    `;
  }

  /** @param {any} record */
  function line(record) {
    const isShown = shown?.digest === record.digest;
    return html`<li class="stack">
      <div class="record-line">
        <div>
          <h2 class="line-title">${record.title || categoryName(record.category)}</h2>
          <p class="muted">
            ${_("{category}, for {patient}, {day}", {
              category: categoryName(record.category),
              patient: nameOf(record.patient),
              day: dayOf(record),
            })}
          </p>
          <p class="cluster">
            ${stateBadge(record.state, { block: record.block })}
            ${record.isOld
              ? html`<span class="badge standing-past">${_("An earlier version")}</span>`
              : nothing}
            ${record.retracted ? retracted(record.retracted) : nothing}
          </p>
        </div>
        <div class="cluster">
          ${isShown
            ? html`<button
                type="button"
                class="btn btn-secondary btn-sm"
                aria-expanded="true"
                @click=${() => {
                  shown = null;
                  page.refresh();
                }}
              >
                ${named(_("Hide"), record.title)}
              </button>`
            : pressable(
                open(record.digest),
                named(_("Open"), record.title),
                { small: true, args: [record] },
              )}
          ${actions.render(record)}
        </div>
      </div>
      ${problem(open(record.digest))} ${actions.trouble(record)}
      ${isShown
        ? html`<div class="card">
            <div class="card-body stack">
              <p>${rich(_("Written for {patient}"), { patient: chip(record.patient) })}</p>
              ${recordBody(shown.opened)}
            </div>
          </div>`
        : nothing}
    </li>`;
  }
}

/** @param {string} by */
const retracted = (by) =>
  html`<span class="badge standing-past"
    >${by === "author" ? _("Entered in error") : _("No longer shared by the patient")}</span
  >`;

const nothingYet = () =>
  emptyState({
    title: _("You have not written a record yet"),
    text: _("Open a patient's chart and press “Add a record”. What you write appears here, too."),
    action: html`<a class="btn btn-primary" href="/app/patients">${_("To the patients")}</a>`,
  });
