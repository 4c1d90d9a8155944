// Owns form fields: a label, a hint, an error, and the native control between them.
import { html, nothing } from "lit-html";
import { ifDefined } from "lit-html/directives/if-defined.js";
import { live } from "lit-html/directives/live.js";

/** @param {string} id @param {string | undefined} hint @param {string | undefined} error */
const describedBy = (id, hint, error) =>
  [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;

/**
 * @param {{id: string, label: unknown, hint?: unknown, error?: string, control: unknown}} options
 */
export function field({ id, label, hint, error, control }) {
  return html`<div class="field">
    <label class="form-label" for=${id}>${label}</label>
    ${hint ? html`<p class="form-text" id="${id}-hint">${hint}</p>` : nothing} ${control}
    ${error ? html`<p class="field-error" id="${id}-error">${error}</p>` : nothing}
  </div>`;
}

/**
 * @param {{id: string, label: unknown, value: string, onInput: (value: string) => void,
 *   hint?: string, required?: boolean, type?: string, autocomplete?: string, error?: string,
 *   rows?: number, min?: string, max?: string, inputmode?: string}} options
 */
export function textField(options) {
  const { id, label, value, onInput, hint, required = false, type = "text", error, rows } = options;
  const heard = (/** @type {InputEvent} */ event) =>
    onInput(/** @type {HTMLInputElement} */ (event.target).value);
  const described = ifDefined(describedBy(id, hint, error));
  const control = rows
    ? html`<textarea
        class="form-control"
        id=${id}
        name=${id}
        rows=${rows}
        .value=${live(value)}
        @input=${heard}
        ?required=${required}
        aria-describedby=${described}
        aria-invalid=${error ? "true" : "false"}
        autocapitalize="none"
      ></textarea>`
    : html`<input
        class="form-control"
        id=${id}
        name=${id}
        type=${type}
        .value=${live(value)}
        @input=${heard}
        ?required=${required}
        min=${ifDefined(options.min)}
        max=${ifDefined(options.max)}
        inputmode=${ifDefined(options.inputmode)}
        autocomplete=${options.autocomplete ?? "off"}
        aria-describedby=${described}
        aria-invalid=${error ? "true" : "false"}
      />`;
  return field({ id, label, hint, error, control });
}

/**
 * @param {{id: string, label: unknown, value: string, options: [string, string][],
 *   onChange: (value: string) => void, hint?: string, error?: string}} options
 */
export function choice({ id, label, value, options, onChange, hint, error }) {
  const control = html`<select
    class="form-select"
    id=${id}
    name=${id}
    aria-describedby=${ifDefined(describedBy(id, hint, error))}
    @change=${(/** @type {Event} */ event) =>
      onChange(/** @type {HTMLSelectElement} */ (event.target).value)}
  >
    ${options.map(
      ([key, text]) => html`<option value=${key} ?selected=${key === value}>${text}</option>`,
    )}
  </select>`;
  return field({ id, label, hint, error, control });
}

/**
 * @param {{name: string, legend: unknown, hint?: string, options: [string, string, string?][],
 *   chosen: Set<string>, onChange: (chosen: Set<string>) => void}} options
 */
export function checks({ name, legend, hint, options, chosen, onChange }) {
  const turned = (/** @type {string} */ key, /** @type {boolean} */ on) => {
    const next = new Set(chosen);
    if (on) next.add(key);
    else next.delete(key);
    onChange(next);
  };
  return html`<fieldset class="field">
    <legend class="form-label">${legend}</legend>
    ${hint ? html`<p class="form-text">${hint}</p>` : nothing}
    <div class="options">
      ${options.map(
        ([key, text, more]) =>
          html`<label class="option">
            <input
              class="form-check-input"
              type="checkbox"
              name=${name}
              value=${key}
              .checked=${live(chosen.has(key))}
              @change=${(/** @type {Event} */ event) =>
                turned(key, /** @type {HTMLInputElement} */ (event.target).checked)}
            />
            <span>${text}${more ? html`<span class="option-hint">${more}</span>` : nothing}</span>
          </label>`,
      )}
    </div>
  </fieldset>`;
}

/**
 * @param {{name: string, legend: unknown, hint?: string, options: [string, string, string?][],
 *   value: string, onChange: (value: string) => void}} options
 */
export function radios({ name, legend, hint, options, value, onChange }) {
  return html`<fieldset class="field">
    <legend class="form-label">${legend}</legend>
    ${hint ? html`<p class="form-text">${hint}</p>` : nothing}
    <div class="options">
      ${options.map(
        ([key, text, more]) =>
          html`<label class="option">
            <input
              class="form-check-input"
              type="radio"
              name=${name}
              value=${key}
              .checked=${live(key === value)}
              @change=${() => onChange(key)}
            />
            <span>${text}${more ? html`<span class="option-hint">${more}</span>` : nothing}</span>
          </label>`,
      )}
    </div>
  </fieldset>`;
}
