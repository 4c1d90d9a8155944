// Owns how the record form is drawn: its groups of fields, and the lines of medicines.
import { html, nothing } from "lit-html";
import { live } from "lit-html/directives/live.js";
import { choice, radios, textField } from "../fields.js";
import { icon } from "../icons.js";
import { _ } from "../texts.js";
import { isAsked } from "./fields.js";
import { genderName } from "./resources.js";

/** @typedef {import("./fields.js").Form} Form */
/** @typedef {import("./fields.js").Part} Part */

/**
 * @typedef {object} Drawing
 * @property {Form} form
 * @property {readonly Part[]} parts
 * @property {Record<string, string>} faults
 * @property {string} today
 * @property {(change: Partial<Form>) => void} onChange
 */

/** @typedef {{rows?: number, hint?: string, type?: string, inputmode?: string, min?: string, max?: string, required?: boolean, autocomplete?: string}} Look */

/** The whole form, as groups. @param {Drawing} drawing */
export function formFields(drawing) {
  const { form, parts, faults, today, onChange } = drawing;
  const text = (/** @type {keyof Form} */ name, /** @type {string} */ label, /** @type {Look} */ look = {}) =>
    isAsked(name, parts)
      ? textField({
          id: `record-${name}`,
          label,
          value: String(form[name]),
          onInput: (value) => onChange({ [name]: value }),
          error: faults[name],
          ...look,
        })
      : nothing;
  return html`
    ${group(
      _("The visit"),
      html`
        ${text("date", _("Date"), { type: "date", max: today, required: true })}
        ${text("doctor", _("Doctor"))} ${text("hospital", _("Hospital or practice"))}
        ${text("location", _("Place"), { hint: _("Ward, room, or where else you met") })}
      `,
    )}
    ${group(
      _("The patient"),
      html`
        ${text("patientId", _("Patient number"), { hint: _("As your house numbers its patients") })}
        ${choice({
          id: "record-gender",
          label: _("Gender"),
          value: form.gender,
          options: [
            ["", _("Not stated")],
            ...["female", "male", "other", "unknown"].map(
              (gender) => /** @type {[string, string]} */ ([gender, genderName(gender)]),
            ),
          ],
          onChange: (gender) => onChange({ gender }),
        })}
        ${text("age", _("Age"), { inputmode: "numeric", hint: _("In full years") })}
      `,
    )}
    ${parts.includes("conditions")
      ? group(
          _("What was found"),
          html`
            ${text("disease", _("Disease"), { hint: _("What the patient has, as it is called") })}
            ${text("diagnosis", _("Diagnosis"), { rows: 2, hint: _("What you found this time") })}
            ${text("notes", _("Notes"), { rows: 4 })}
          `,
          { wide: true },
        )
      : nothing}
    ${parts.includes("medications") ? medicines(drawing) : nothing}
    ${parts.includes("plans")
      ? group(
          _("What was agreed"),
          html`
            ${text("suggestion", _("Suggestion"), { rows: 3 })}
            ${text("nextReview", _("Next review"), { type: "date", min: form.date || today })}
          `,
          { wide: true },
        )
      : nothing}
  `;
}

/** @param {string} legend @param {unknown} body @param {{wide?: boolean}} [options] */
function group(legend, body, { wide = false } = {}) {
  return html`<fieldset class="card group">
    <legend class="group-title">${legend}</legend>
    <div class=${wide ? "stack" : "columns"}>${body}</div>
  </fieldset>`;
}

/** @param {Drawing} drawing */
function medicines({ form, faults, onChange }) {
  const list = form.medicines;
  const change = (/** @type {number} */ place, /** @type {object} */ part) =>
    onChange({ medicines: list.map((one, at) => (at === place ? { ...one, ...part } : one)) });
  const value = (/** @type {Event} */ event) => /** @type {HTMLInputElement} */ (event.target).value;
  return group(
    _("Medicines"),
    html`
      ${radios({
        name: "record-medicines-are",
        legend: _("These are"),
        value: form.medicinesAre,
        options: [
          ["prescribed", _("Prescribed on this day")],
          ["taken", _("Already taken, as the patient says")],
        ],
        onChange: (chosen) => onChange({ medicinesAre: /** @type {Form["medicinesAre"]} */ (chosen) }),
      })}
      ${list.map(
        (medicine, at) => html`<div class="medicine" role="group" aria-label=${_("Medicine {number}", { number: at + 1 })}>
          <div class="field">
            <label class="form-label" for="medicine-${at}">${_("Medicine and strength")}</label>
            <input
              class="form-control"
              id="medicine-${at}"
              autocomplete="off"
              .value=${live(medicine.name)}
              aria-invalid=${faults.medicines && !medicine.name && medicine.how ? "true" : "false"}
              aria-describedby=${faults.medicines ? "medicines-error" : nothing}
              @input=${(/** @type {Event} */ event) => change(at, { name: value(event) })}
            />
          </div>
          <div class="field">
            <label class="form-label" for="medicine-how-${at}">${_("How to take it")}</label>
            <input
              class="form-control"
              id="medicine-how-${at}"
              autocomplete="off"
              .value=${live(medicine.how)}
              @input=${(/** @type {Event} */ event) => change(at, { how: value(event) })}
            />
          </div>
          <button
            type="button"
            class="btn btn-quiet btn-sm"
            @click=${() => onChange({ medicines: list.filter((__, other) => other !== at) })}
          >
            ${icon("close")}<span>${_("Remove")}<span class="visually-hidden">: ${medicine.name}</span></span>
          </button>
        </div>`,
      )}
      ${faults.medicines
        ? html`<p class="field-error" id="medicines-error">${faults.medicines}</p>`
        : nothing}
      <p>
        <button
          type="button"
          class="btn btn-secondary btn-sm"
          @click=${() => onChange({ medicines: [...list, { name: "", how: "" }] })}
        >
          ${icon("plus")}${list.length ? _("Another medicine") : _("Add a medicine")}
        </button>
      </p>
    `,
    { wide: true },
  );
}
