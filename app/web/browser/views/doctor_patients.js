// Owns the page on which a doctor or an organization sees who shares with them, what, and until when.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { named } from "../page/actions.js";
import { askedList } from "../page/asked.js";
import { textField } from "../page/fields.js";
import { scopeName, whenOf } from "../page/held.js";
import { categoryName, purposeName } from "../page/names.js";
import { disclosure, emptyState, loaded, pageHeader, standingBadge } from "../page/parts.js";
import { chip, nameOf } from "../page/people.js";
import { _, ngettext, rich } from "../page/texts.js";
import { untilDay } from "../page/times.js";

/** @typedef {import("../page/held.js").Grant} Grant */
/** @typedef {import("../page/people.js").Reference} Reference */

/**
 * @typedef {object} Sharing
 * @property {Reference} patient
 * @property {Grant[]} grants
 * @property {number} until
 * @property {string[]} categories
 * @property {string[]} canAdd
 * @property {string} standing
 */

/** So many patients fit on a screen without a search. */
const FEW = 6;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const sharing = page.load(() => /** @type {Promise<Sharing[]>} */ (page.person.patientsOf()));
  const asked = page.load(() => page.person.asked());
  let wanted = "";
  const again = () => {
    void sharing.again();
    void asked.again();
  };

  return {
    title: () => _("Shared with me"),
    render: () => html`
      ${pageHeader(_("Shared with me"), {
        lead: _("Who lets you see or add to their chart, what, and until when."),
        actions: sharing.value?.length ? askLink("primary") : undefined,
      })}
      ${loaded(sharing, (all) => listOf(all))}
      ${loaded(asked, (all) => (all.length ? askedList(all) : nothing))}
    `,
    on: { letters: again, consent: again, block: () => endedMeanwhile() && again() },
  };

  /** Whether a permission has run out since the list was made. */
  function endedMeanwhile() {
    const now = Date.now() / 1000;
    return sharing.value?.some(({ standing, until }) => standing === "running" && until <= now);
  }

  /** @param {Sharing[]} all */
  function listOf(all) {
    if (all.length === 0) {
      return emptyState({
        title: _("Nobody shares with you yet"),
        text: _(
          "A patient shares with you by your name or by the QR code on your account page. You can also ask a patient, with a reason.",
        ),
        action: html`${askLink("primary")}
          <a class="btn btn-secondary" href="/app/account">${_("Show my QR code")}</a>`,
      });
    }
    const running = all.filter(({ standing }) => standing === "running");
    const over = all.filter(({ standing }) => standing !== "running");
    return html`
      ${all.length > FEW ? searchField() : nothing}
      <ul class="plain-list stack">
        ${repeat(running.filter(isWanted), ({ patient }) => patient.address, sharingCard)}
      </ul>
      <p role="status" class="muted">
        ${wanted && !all.some(isWanted) ? _("Nobody in this list has that name.") : nothing}
      </p>
      ${running.length === 0
        ? html`<p>${_("Nobody shares with you at the moment.")}</p>`
        : nothing}
      ${over.length
        ? disclosure(
            ngettext("{count} person no longer shares", "{count} people no longer share", over.length),
            html`<ul class="plain-list stack">
              ${repeat(over.filter(isWanted), ({ patient }) => patient.address, sharingCard)}
            </ul>`,
          )
        : nothing}
    `;
  }

  function searchField() {
    return html`<search>
      ${textField({
        id: "wanted",
        label: _("Find a patient in this list"),
        type: "search",
        value: wanted,
        onInput: (value) => {
          wanted = value;
          page.refresh();
        },
      })}
    </search>`;
  }

  /** @param {Sharing} sharing_ */
  function isWanted({ patient }) {
    const text = wanted.trim().toLowerCase();
    return nameOf(patient).toLowerCase().includes(text) || patient.address.toLowerCase().includes(text);
  }
}

/** @param {"primary" | "secondary"} kind */
const askLink = (kind) =>
  html`<a class="btn btn-${kind}" href="/app/ask">${_("Ask a patient for access")}</a>`;

/** @param {Sharing} sharing */
function sharingCard({ patient, grants, until, categories, canAdd, standing }) {
  const isRunning = standing === "running";
  const through = new Map(
    grants.flatMap(({ organization }) =>
      organization && !organization.me ? [[organization.address, organization]] : [],
    ),
  );
  const purposes = [...new Set(grants.map(({ purpose }) => purposeName(purpose)))];
  const single = grants.filter(({ record }) => record);
  const href = `/app/patients#/${patient.address}`;
  return html`<li class="card">
    <div class="card-body stack">
      <div class="card-top">
        <h2 class="card-title">${chip(patient)}</h2>
        ${isRunning ? nothing : standingBadge(standing)}
      </div>
      ${categories.length
        ? html`<ul class="plain-list tags" aria-label=${_("What is shared")}>
            ${categories.map((category) => html`<li class="tag">${categoryName(category)}</li>`)}
          </ul>`
        : nothing}
      ${single.length
        ? html`<ul class="plain-list">
            ${single.map((grant) => html`<li>${scopeName(grant)}</li>`)}
          </ul>`
        : nothing}
      <p class="muted">
        ${isRunning ? untilDay(until) : whenOf(grants[0])} · ${purposes.join(", ")}
        ${isRunning && canAdd.length ? html` · ${_("you may add records")}` : nothing}
      </p>
      ${[...through.values()].map(
        (organization) =>
          html`<p>${rich(_("Through {organization}"), { organization: chip(organization) })}</p>`,
      )}
      ${isRunning
        ? html`<p class="cluster">
            <a class="btn btn-primary" href=${href}
              >${named(_("Open the chart"), nameOf(patient))}</a
            >
            <a class="btn btn-secondary" href="${href}/new"
              >${named(_("Add a record"), nameOf(patient))}</a
            >
          </p>`
        : html`<p class="cluster">
            <a class="btn btn-secondary" href="/app/ask#?patient=${patient.address}"
              >${named(_("Ask again"), nameOf(patient))}</a
            >
            <a class="btn btn-quiet" href="/app/notes">${_("Records that I wrote")}</a>
          </p>`}
    </div>
  </li>`;
}
