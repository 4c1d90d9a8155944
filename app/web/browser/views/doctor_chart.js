// Owns a patient's shared chart: what may be opened, opening one or many, and what stays open.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { actionPer, named } from "../page/actions.js";
import { recordBody } from "../page/fhir/index.js";
import { heldCard } from "../page/held.js";
import { icon } from "../page/icons.js";
import { categoryName } from "../page/names.js";
import {
  emptyState, loaded, notice, pageHeader, pressable, problem, progressOf,
} from "../page/parts.js";
import { chip, nameOf, showPerson } from "../page/people.js";
import {
  authorOf, custodianFaults, doubts, grouped, saveRecord, under,
} from "../page/shared_records.js";
import { recordActions } from "../page/own_records.js";
import { dayOf } from "../page/records.js";
import { _, ngettext, rich } from "../page/texts.js";
import { problemOf } from "../page/view.js";

/** More than these, opened at once, are listed as open and not all shown. */
const MANY = 5;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const patient = page.params.person;
  let withHistory = false;
  /** What is open on this page: it stays readable, whatever becomes of the permission. @type {Map<string, any>} */
  const open = new Map();
  /** @type {Map<string, import("../page/view.js").Problem>} */
  const failed = new Map();
  /** @type {Set<string>} */
  const unfolded = new Set();
  /** @type {{custodian: string, error: any}[]} */
  let faults = [];

  const who = page.load(() => person.reference({ address: patient }));
  const records = page.load(async () => {
    const all = await person.chart({ patient, history: withHistory });
    await bringBack(all);
    return all;
  });
  const grants = page.load(() => person.grantsHeld({ patient }));
  const actions = recordActions(page, () => void records.again());

  const openOne = actionPer(page, async (/** @type {any} */ record, options) => {
    unfolded.add(record.digest);
    try {
      keep(record, await person.openRecord({ digest: record.digest, ...under(record) }, options));
    } catch (error) {
      failed.set(record.digest, problemOf(error));
    }
  });
  const openAll = page.action(async (/** @type {any[]} */ wanted, { onProgress }) => {
    const byDigest = new Map(wanted.map((record) => [record.digest, record]));
    const heard = (/** @type {any} */ progress) => {
      const { opened, failed: refused } = progress;
      if (opened) keep(byDigest.get(opened.digest), opened);
      if (refused) failed.set(refused.digest, problemOf(refused.error));
      onProgress({ step: "open", done: progress.done, total: progress.total });
    };
    const digests = [...byDigest.keys()];
    const result = await person.openMany({ digests }, { onProgress: heard });
    for (const one of result.failed) failed.set(one.digest, problemOf(one.error));
    faults = result.faults;
    if (result.opened.length <= MANY) result.opened.forEach((/** @type {string} */ one) => unfolded.add(one));
    page.note(
      ngettext("One record is open.", "{count} records are open.", result.opened.length),
    );
  });

  /** @param {any} record @param {any} opened */
  function keep(record, opened) {
    open.set(record.digest, { record, opened });
    failed.delete(record.digest);
    if (opened.faults?.length) faults = opened.faults;
  }

  /**
   * What was open before this page was left is in the worker's memory still, also offline.
   * @param {any[]} all
   */
  async function bringBack(all) {
    for (const record of all) {
      if (!record.open || open.has(record.digest)) continue;
      try {
        keep(record, await person.openRecord({ digest: record.digest, ...under(record) }));
      } catch (error) {
        failed.set(record.digest, problemOf(error));
      }
    }
  }
  const again = () => {
    void records.again();
    void grants.again();
  };

  return {
    title: () => (who.value ? nameOf(who.value) : _("A patient's chart")),
    render: () => html`
      ${pageHeader(who.value ? nameOf(who.value) : _("A patient's chart"), {
        back: { href: "/app/patients", label: _("Shared with me") },
        actions: html`<a class="btn btn-primary" href="/app/patients#/${patient}/new"
          >${_("Add a record")}</a
        >`,
      })}
      ${who.value
        ? html`<p class="cluster">
            <button
              type="button"
              class="btn btn-secondary btn-sm"
              aria-haspopup="dialog"
              @click=${() => who.value && showPerson(who.value)}
            >
              ${icon("person")}${_("Who is this?")}
            </button>
            <a class="btn btn-secondary btn-sm" href="/app/ask#?patient=${patient}"
              >${icon("hand")}${_("Ask for more")}</a
            >
          </p>`
        : problem(who)}
      ${notice(
        "calm",
        html`<p>
          <strong>${_("This chart may be incomplete.")}</strong>
          ${_("You see what is shared with you. Nobody is told whether there is more.")}
        </p>`,
      )}
      ${loaded(grants, heldCard)} ${loaded(records, chartOf)} ${takenBack()}
    `,
    on: { letters: again, consent: again },
  };

  /** @param {any[]} all */
  function chartOf(all) {
    if (all.length === 0) {
      return open.size > 0
        ? nothing
        : emptyState({
            title: _("Nothing to open here now"),
            text: _(
              "There is no record under a permission that holds. Records appear here by themselves as soon as they are shared with you.",
            ),
            action: html`<a class="btn btn-secondary" href="/app/ask#?patient=${patient}"
              >${_("Ask this patient for access")}</a
            >`,
          });
    }
    const closed = all.filter((record) => !open.has(record.digest) && !record.retracted);
    return html`
      <section class="stack" aria-labelledby="records">
        <div class="card-top">
          <h2 id="records">${_("Records")}</h2>
          <div class="cluster">
            ${closed.length > 0 && page.online
              ? pressable(
                  openAll,
                  ngettext("Open the record", "Open all {count}", closed.length),
                  { kind: "primary", args: [closed] },
                )
              : nothing}
          </div>
        </div>
        ${progressOf(openAll)} ${problem(openAll)} ${custodianFaults(faults)} 
        ${grouped(all).map(
          ([category, list]) => html`<section class="stack" aria-label=${categoryName(category)}>
            <h3>${categoryName(category)}</h3>
            <ul class="plain-list lines panel-lines">
              ${repeat(list, (record) => record.digest, recordLine)}
            </ul>
          </section>`,
        )}
        <label class="option option-plain">
          <input
            class="form-check-input"
            type="checkbox"
            .checked=${withHistory}
            @change=${() => {
              withHistory = !withHistory;
              void records.again();
            }}
          />
          <span>${_("Show earlier versions too")}</span>
        </label>
      </section>
    `;
  }

  /** @param {any} record */
  function recordLine(record) {
    const here = open.get(record.digest);
    const isShown = unfolded.has(record.digest);
    const trouble = failed.get(record.digest);
    const body = `body-${record.digest}`;
    return html`<li class="stack">
      <div class="record-line">
        <div>
          <strong>${record.title || categoryName(record.category)}</strong>
          <p class="muted">
            ${dayOf(record)} · ${authorOf(record)}
            ${record.isOld ? html` · ${_("an earlier version")}` : nothing}
          </p>
          ${doubts(record)}
        </div>
        <div class="cluster">
          ${here
            ? html`<button
                type="button"
                class="btn btn-secondary btn-sm"
                aria-expanded=${isShown ? "true" : "false"}
                aria-controls=${body}
                @click=${() => fold(record.digest)}
              >
                ${named(isShown ? _("Hide") : _("Show"), record.title)}
              </button>`
            : openButton(record)}
          ${record.mine ? actions.render(record) : nothing}
        </div>
      </div>
      ${trouble && !here ? problem(trouble) : nothing} ${actions.trouble(record)}
      <div id=${body} ?hidden=${!here || !isShown}>${here && isShown ? bodyOf(here) : nothing}</div>
    </li>`;
  }

  /** @param {any} record */
  function openButton(record) {
    if (record.retracted) return nothing;
    if (!page.online) return html`<span class="muted">${_("Opens when there is a connection")}</span>`;
    const label = named(failed.has(record.digest) ? _("Try again") : _("Open"), record.title);
    return pressable(openOne(record.digest), label, { small: true, args: [record], disabled: openAll.busy });
  }

  /** @param {string} digest */
  function fold(digest) {
    if (!unfolded.delete(digest)) unfolded.add(digest);
    page.refresh();
  }

  /** @param {{record: any, opened: any}} here */
  function bodyOf({ record, opened }) {
    const others = [...open.values()].map((one) => one.opened.json).filter(Boolean);
    return html`<div class="card">
      <div class="card-body stack">
        <p>${rich(_("Written by {author}"), { author: chip(record.author) })}</p>
        ${recordBody(opened, { others })}
        <p>
          <button type="button" class="btn btn-quiet" @click=${() => saveRecord(record, opened)}>
            ${_("Save as a file")}
          </button>
        </p>
      </div>
    </div>`;
  }

  /** What is open and no longer in the list: readable until it is closed or the session ends. */
  function takenBack() {
    if (!records.value) return nothing;
    const listed = new Set(records.value.map((/** @type {any} */ record) => record.digest));
    const gone = [...open.values()].filter(({ record }) => !listed.has(record.digest));
    if (gone.length === 0) return nothing;
    return html`<section class="stack" aria-labelledby="gone">
      <h2 id="gone">${_("Still open on this screen")}</h2>
      ${notice(
        "warning",
        html`<p>
          <strong>${_("These records are no longer shared with you.")}</strong>
          ${_("What you have open stays readable until you close it or leave this page. It cannot be opened again.")}
        </p>`,
      )}
      <ul class="plain-list lines">
        ${repeat(
          gone,
          ({ record }) => record.digest,
          (here) => html`<li class="stack">
            <div class="record-line">
              <div>
                <h3>${here.record.title || categoryName(here.record.category)}</h3>
                <p class="muted">${dayOf(here.record)}</p>
              </div>
              <button
                type="button"
                class="btn btn-secondary btn-sm"
                @click=${() => {
                  open.delete(here.record.digest);
                  page.refresh();
                }}
              >
                ${named(_("Close"), here.record.title)}
              </button>
            </div>
            ${bodyOf(here)}
          </li>`,
        )}
      </ul>
    </section>`;
  }
}
