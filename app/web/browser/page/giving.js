// Owns what pages share that give something to somebody until a day: the form, its day, the list beneath.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { textField } from "./fields.js";
import { disclosure, pressable, problem, progressOf } from "./parts.js";
import { _ } from "./texts.js";
import { dayField, now } from "./times.js";

/**
 * A form with one action, whose fault and progress stand beneath it.
 * @param {any} action as `page.action` makes it
 * @param {{label: string, fields: unknown}} options
 */
export function actionForm(action, { label, fields }) {
  return html`<form
    class="stack"
    novalidate
    @submit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      void action.run();
    }}
  >
    ${fields} ${problem(action)}
    <div class="pressed">
      ${pressable(action, label, { kind: "primary", submit: true })} ${progressOf(action)}
    </div>
  </form>`;
}

/** What is wrong with a part of a form that shows no fault itself. @param {string | undefined} fault */
export const faultLine = (fault) =>
  fault ? html`<p class="field-error" role="alert">${fault}</p>` : nothing;

/**
 * The day until which something holds.
 * @param {{id?: string, value: string, error?: string, onInput: (value: string) => void}} options
 */
export function untilField({ id = "until", value, error, onInput }) {
  const label = _("Until and including");
  return textField({ id, label, type: "date", value, min: dayField(now()), error, onInput });
}

/**
 * What runs, line by line, and behind a press what is over.
 * @template T
 * @param {{running: T[], over: T[], key: (one: T) => string, line: (one: T) => unknown,
 *   none: string, overTitle: string}} options
 */
export function runningAndOver({ running, over, key, line, none, overTitle }) {
  return html`
    ${running.length
      ? html`<ul class="plain-list lines panel-lines">
          ${repeat(running, key, line)}
        </ul>`
      : html`<p>${none}</p>`}
    ${over.length
      ? disclosure(
          overTitle,
          html`<ul class="plain-list lines">
            ${repeat(over, key, line)}
          </ul>`,
        )
      : nothing}
  `;
}
