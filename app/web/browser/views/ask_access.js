// Owns the page on which a doctor asks a patient for access, with a reason.
import { html, nothing } from "lit-html";
import { askedList } from "../page/asked.js";
import { checks, choice, radios, textField } from "../page/fields.js";
import { untilField } from "../page/giving.js";
import { categories, purposes } from "../page/names.js";
import { card, loaded, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { choosePerson } from "../page/people.js";
import { _, ngettext } from "../page/texts.js";
import { dayField, now, secondsOf } from "../page/times.js";

const DAY = 86_400;
const LONGEST_REASON = 500;
/** Purposes for which somebody needs a credential, and those that anybody may have. */
const UNPROFESSIONAL = ["FAMRQT", "PATRQT"];

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const isProfessional = page.me.roles.length > 0;
  const offered = purposes().filter(({ value }) => UNPROFESSIONAL.includes(value) !== isProfessional);
  const asked = page.load(() => person.asked());
  const patient = choosePerson(page, { label: _("Whom do you ask?"), id: "patient" });
  if (page.query.get("patient")) void patient.find(page.query.get("patient") ?? "");
  /** @type {Set<string>} */
  let chosen = new Set();
  let purpose = offered[0].value;
  let rights = "1";
  let until = dayField(now() + 90 * DAY);
  let reason = "";
  /** @type {Record<string, string>} */
  let faults = {};
  /** What went out before a later one failed. @type {Set<string>} */
  const sent = new Set();

  const ask = page.action(async ({ onProgress }) => {
    faults = faultsNow();
    if (Object.keys(faults).length > 0 || !patient.value) return;
    const names = [...chosen];
    for (const [at, category] of names.entries()) {
      onProgress({ step: "sign", done: at, total: names.length });
      const request = {
        ...{ patient: patient.value.address, category, purpose, reason: reason.trim() },
        rights: { view: rights !== "2", add: rights !== "1" },
        expiresAt: secondsOf(until),
      };
      const name = JSON.stringify(request);
      if (sent.has(name)) continue;
      await person.ask(request);
      sent.add(name);
    }
    page.note(_("The patient sees what you ask for as soon as they are online."));
    [chosen, reason] = [new Set(), ""];
    sent.clear();
    patient.clear();
    void asked.again();
  });

  return {
    title: () => _("Ask for access"),
    render: () => html`
      ${pageHeader(_("Ask for access"), {
        back: { href: "/app/patients", label: _("Shared with me") },
        lead: _("The patient reads who you are, what you ask for and why, and answers yes or no."),
      })}
      ${card({ body: form() })}
      ${loaded(asked, (all) => (all.length ? askedList(all) : nothing))}
    `,
    on: { letters: () => void asked.again() },
  };

  function faultsNow() {
    /** @type {Record<string, string>} */
    const found = {};
    if (!patient.value) found.patient = _("Choose whom you ask.");
    if (chosen.size === 0) found.categories = _("Choose at least one part of the chart.");
    if (secondsOf(until) <= now()) found.until = _("Choose a day that is still to come.");
    if (!reason.trim()) found.reason = _("Say why. The patient decides by it.");
    else if (reason.trim().length > LONGEST_REASON) {
      found.reason = ngettext("Say it in {count} letter.", "Say it in {count} letters at most.", LONGEST_REASON);
    }
    return found;
  }

  function form() {
    return html`<form
      class="stack-wide"
      novalidate
      @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        void ask.run();
      }}
    >
      <div>${patient.render()} ${fault("patient")}</div>
      <div>
        ${checks({
          name: "categories",
          legend: _("Which parts of the chart?"),
          hint: _("Ask for what you need, and no more."),
          options: categories().map(({ value, label, hint }) => [value, label, hint]),
          chosen,
          onChange: (next) => {
            chosen = next;
            delete faults.categories;
            page.refresh();
          },
        })}
        ${fault("categories")}
      </div>
      ${radios({
        name: "rights",
        legend: _("What do you want to do?"),
        value: rights,
        options: [
          ["1", _("See records")],
          ["3", _("See and add records")],
          ["2", _("Add records, without seeing any")],
        ],
        onChange: (value) => {
          rights = value;
          page.refresh();
        },
      })}
      <div class="columns">
        ${choice({
          id: "purpose",
          label: _("Purpose"),
          value: purpose,
          options: offered.map(({ value, label }) => [value, label]),
          onChange: (value) => {
            purpose = value;
            page.refresh();
          },
        })}
        ${untilField({
          value: until,
          error: faults.until,
          onInput: (value) => {
            until = value;
            delete faults.until;
            page.refresh();
          },
        })}
      </div>
      ${textField({
        id: "reason",
        label: _("Your reason"),
        hint: _("In words that the patient understands. Only the patient can read it."),
        rows: 3,
        value: reason,
        error: faults.reason,
        onInput: (value) => {
          reason = value;
          delete faults.reason;
          page.refresh();
        },
      })}
      ${problem(ask)}
      <div class="pressed">
        ${pressable(
          ask,
          chosen.size > 1 ? ngettext("Ask", "Ask for {count} parts", chosen.size) : _("Ask"),
          { kind: "primary", submit: true },
        )}
        ${progressOf(ask)}
      </div>
    </form>`;
  }

  /** @param {string} name */
  function fault(name) {
    return faults[name] ? html`<p class="field-error" role="alert">${faults[name]}</p>` : nothing;
  }
}
