// Owns the page on which a doctor adds a record to a patient's chart, or corrects one of their own.
import { html, nothing } from "lit-html";
import { radios } from "../page/fields.js";
import { mediaTypeOf } from "../page/files.js";
import { loaded, notice, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { nameOf } from "../page/people.js";
import { apart, bundleOf, idsFor, titleOf, together } from "../page/record_form/bundle.js";
import { openDraft } from "../page/record_form/drafting.js";
import { PARTS, emptyForm, faultsOf, tidied } from "../page/record_form/fields.js";
import { fileFields } from "../page/record_form/file.js";
import { whereKept } from "../page/record_form/heading.js";
import { formFields } from "../page/record_form/inputs.js";
import { readForm } from "../page/record_form/reading.js";
import { dayOf } from "../page/records.js";
import { _, rich } from "../page/texts.js";
import { dayField, now } from "../page/times.js";

const FHIR = "application/fhir+json";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const patient = page.params.person;
  const corrected = page.query.get("correct") ?? "";
  const today = dayField(now());
  const newId = () => crypto.randomUUID();

  let form = emptyForm({ date: today });
  /** @type {Partial<import("../page/record_form/resources.js").Ids>} */
  let ids = {};
  /** @type {readonly import("../page/record_form/fields.js").Part[]} */
  let parts = PARTS;
  /** @type {"form" | "file"} */
  let how = "form";
  /** @type {"apart" | "together"} */
  let kept = "apart";
  /** The heading of a whole visit, and that of a file. */
  let headings = { form: "encounters", file: "documents" };
  /** @type {File | null} */
  let file = null;
  let fileType = "";
  let fileTitle = "";
  /** @type {Record<string, string>} */
  let faults = {};
  let isSent = false;
  /** What has been added before a later part failed, by category. @type {Map<string, {digest: string, of: string}>} */
  const added = new Map();
  const draft = openDraft(page, `record:${patient}:${corrected}`, () => ({
    ...{ form, ids, kept, headings, how },
  }));

  const start = page.load(async () => {
    const [who, sharing, organizations, old, written] = await Promise.all([
      person.reference({ address: patient }),
      person.patientsOf(),
      person.organizations(),
      corrected ? oldVersion() : null,
      draft.read(),
    ]);
    const shared = sharing.find((/** @type {any} */ one) => one.patient.address === patient);
    const house = organizations.find((/** @type {any} */ one) => one.standing === "running");
    if (old) begin(old);
    else form = emptyForm({ ...form, ...mySide(house?.organization.name ?? "") });
    if (written) ({ form, ids, kept, headings, how } = written);
    return {
      ...{ who, old },
      canAdd: new Set(/** @type {string[]} */ (shared?.canAdd ?? [])),
      isShared: shared?.standing === "running",
      isDraft: Boolean(written),
    };
  });

  const send = page.action(async ({ onProgress }) => {
    const records = what();
    if (records === null) return;
    await draft.flush();
    for (const [at, record] of records.entries()) {
      onProgress({ step: "seal", done: at, total: records.length });
      await add(record, { onProgress });
    }
    isSent = true;
    await draft.forget();
    page.note(corrected ? _("The record is corrected.") : _("The record is signed and handed in."));
    page.go(start.value?.isShared ? `/app/patients#/${patient}` : "/app/notes");
  });

  return {
    title: () => (corrected ? _("Correct a record") : _("Add a record")),
    render: () => html`
      ${pageHeader(corrected ? _("Correct a record") : _("Add a record"), {
        back: start.value?.isShared
          ? { href: `/app/patients#/${patient}`, label: nameOf(start.value.who) }
          : { href: "/app/notes", label: _("Records I wrote") },
        lead: start.value
          ? rich(_("For {patient}. It is sealed on this device before it leaves."), {
              patient: nameOf(start.value.who),
            })
          : nothing,
      })}
      ${loaded(start, body)}
    `,
    stop: () => draft.stop(),
    leave,
  };

  /**
   * Adds one record, once: what was added before something failed is not added again, and corrected
   * where it was changed since.
   * @param {any} record
   * @param {any} options
   */
  async function add(record, options) {
    const of = record.json ? JSON.stringify(record.json) : "";
    const before = added.get(record.category);
    if (before && before.of === of) return;
    const { digest } =
      corrected || before
        ? await person.correct({ digest: before?.digest ?? corrected, ...record }, options)
        : await person.addRecord({ patient, ...record }, options);
    added.set(record.category, { digest, of });
  }

  /** The earlier version: its record, and its fields where the form wrote it. */
  async function oldVersion() {
    const all = await person.notes();
    const record = all.find((/** @type {any} */ one) => one.digest === corrected);
    if (!record) {
      const sentence = _("This record is not among those that you wrote.");
      throw Object.assign(new Error(sentence), {
        sentence,
        unharmed: _("Nothing was changed."),
        remedy: _("Go back to the records that you wrote, and choose it there."),
      });
    }
    const { json } = await person.openRecord({ digest: corrected });
    return { record, found: json ? readForm(json) : null };
  }

  /** @param {Awaited<ReturnType<typeof oldVersion>>} old */
  function begin({ record, found }) {
    headings = { form: record.category, file: record.category };
    fileTitle = record.title;
    kept = "together";
    if (found) ({ form, ids, parts } = found);
    else how = "file";
  }

  /** What is known of the doctor's side. @param {string} house */
  function mySide(house) {
    const own = page.me.displayName || page.me.person.name;
    return page.me.roles.includes("practitioner")
      ? { doctor: own, hospital: house }
      : { hospital: own };
  }

  /** The records that the form or the file stands for; null while something is missing. */
  function what() {
    if (how === "file") {
      faults = file ? {} : { file: _("Choose a file first.") };
      if (!file) return refused();
      const title = fileTitle.trim() || file.name;
      return [{ category: headings.file, title, mediaType: fileType, file }];
    }
    const whole = tidied(form);
    faults = faultsOf(whole, today);
    if (Object.keys(faults).length > 0) return refused();
    ids = idsFor(newId, whole.medicines.length, ids);
    const all = /** @type {import("../page/record_form/resources.js").Ids} */ (ids);
    const records =
      corrected !== ""
        ? [{ category: headings.form, title: titleOf(whole, parts), json: bundleOf(whole, all, parts) }]
        : kept === "apart"
          ? apart(whole, all)
          : [together(whole, all, headings.form)];
    return records.map((record) => ({ ...record, mediaType: FHIR, occurred: whole.date }));
  }

  /** Shows what is wrong, with the focus at the first of it. */
  function refused() {
    page.refresh();
    setTimeout(() => {
      const first = document.querySelector("main [aria-invalid=true], main .field-error");
      if (first instanceof HTMLElement) first.focus();
    }, 0);
    return null;
  }

  async function leave() {
    if (isSent) return true;
    await draft.flush();
    if (how === "file" ? !file : draft.isKept) return true;
    return page.confirm({
      title: _("Leave without adding the record?"),
      text: how === "file" ? _("The file that you chose is not kept.") : _("What you typed could not be kept."),
      yes: _("Leave"),
      no: _("Stay"),
      danger: true,
    });
  }

  /** @param {any} started */
  function body({ old, canAdd, isDraft }) {
    return html`<form
      class="stack-wide"
      novalidate
      @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        void send.run();
      }}
    >
      ${isDraft ? draftNotice() : nothing}
      ${old
        ? notice(
            "calm",
            html`<p>
              ${_("You correct “{title}” of {day}. The earlier version stays in the history.", {
                title: old.record.title,
                day: dayOf(old.record),
              })}
            </p>
            ${old.found
              ? nothing
              : html`<p>${_("It was not written with this form, so a file takes its place.")}</p>`}`,
          )
        : howChoice()}
      ${how === "form" ? theForm() : theFile()} ${old ? nothing : where(canAdd)}
      ${faults[""] ? html`<p class="field-error" role="alert" tabindex="-1">${faults[""]}</p>` : nothing}
      ${problem(draft.error)} ${problem(send)}
      <div class="pressed">
        ${pressable(send, old ? _("Sign the corrected record") : _("Sign and add the record"), {
          kind: "primary",
          submit: true,
        })}
        ${progressOf(send)}
      </div>
    </form>`;
  }

  function draftNotice() {
    return notice(
      "calm",
      html`<p>${_("This is what you typed before. It was kept on this device.")}</p>
        <p>
          <button type="button" class="btn btn-secondary btn-sm" @click=${startAnew}>
            ${_("Throw it away and start anew")}
          </button>
        </p>`,
    );
  }

  async function startAnew() {
    await draft.forget();
    [form, ids, file, faults, how] = [emptyForm({ date: today }), {}, null, {}, "form"];
    await start.again();
  }

  function howChoice() {
    return radios({
      name: "how",
      legend: _("What do you add?"),
      value: how,
      options: [
        ["form", _("A visit"), _("A form for findings, medicines and plans")],
        ["file", _("A file"), _("A letter, a picture, a report, or FHIR data")],
      ],
      onChange: (chosen) => {
        how = /** @type {typeof how} */ (chosen);
        faults = {};
        draft.changed();
        page.refresh();
      },
    });
  }

  function theForm() {
    return formFields({
      ...{ form, parts, faults, today },
      onChange: (change) => {
        form = { ...form, ...change };
        for (const name of ["", ...Object.keys(change)]) delete faults[name];
        draft.changed();
        page.refresh();
      },
    });
  }

  function theFile() {
    return fileFields({
      ...{ file, title: fileTitle, fault: faults.file },
      onFile: (chosen) => void take(chosen),
      onTitle: (title) => {
        fileTitle = title;
        page.refresh();
      },
    });
  }

  /** @param {File} chosen */
  async function take(chosen) {
    fileType = await mediaTypeOf(chosen);
    file = chosen;
    faults = {};
    if (!fileTitle) fileTitle = chosen.name.replace(/\.[^.]+$/, "");
    page.refresh();
  }

  /** @param {Set<string>} canAdd */
  function where(canAdd) {
    return whereKept({
      ...{ how, kept, canAdd, heading: headings[how], needed: needed() },
      onKept: (chosen) => {
        kept = chosen;
        draft.changed();
        page.refresh();
      },
      onHeading: (chosen) => {
        headings = { ...headings, [how]: chosen };
        draft.changed();
        page.refresh();
      },
    });
  }

  /** The categories that the form fills as it stands. */
  function needed() {
    const whole = tidied(form);
    const known = idsFor(newId, whole.medicines.length, ids);
    return apart(whole, known).map((record) => record.category);
  }
}
