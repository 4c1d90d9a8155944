// Owns dialogs: native ones, rendered with lit-html, that give the focus back when they close.
import { html, render } from "lit-html";
import { icon } from "./icons.js";
import { approve } from "./signing.js";
import { _ } from "./texts.js";
import { signingText } from "./words.js";

/**
 * @typedef {object} Dialog
 * @property {string} title
 * @property {() => unknown} body
 * @property {() => unknown} [footer]
 * @property {boolean} [wide]
 * @property {boolean} [required] no way out but the buttons of the body
 */

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {unknown} [text]
 * @property {string} yes
 * @property {string} [no]
 * @property {boolean} [danger]
 * @property {any} [signing] typed data, or several, that will be signed on yes
 * @property {Record<string, string>} [names] what addresses in the typed data are called
 */

let count = 0;

/**
 * Opens a dialog; `refresh` renders its body again.
 * @param {Dialog} dialog
 * @returns {{close: (answer?: any) => void, closed: Promise<any>, refresh: () => void}}
 */
export function openDialog(dialog) {
  const element = document.createElement("dialog");
  const heading = `dialog-${++count}`;
  element.className = dialog.wide ? "sheet sheet-wide" : "sheet";
  element.setAttribute("aria-labelledby", heading);
  /** @type {any} */
  let answer;
  const close = (/** @type {any} */ given = undefined) => {
    answer = given;
    element.close();
  };
  const refresh = () =>
    render(
      html`<div class="sheet-head">
          <h2 id=${heading} tabindex="-1">${dialog.title}</h2>
          ${
            dialog.required
              ? ""
              : html`<button type="button" class="btn-plain" @click=${() => close()}>
                  ${icon("close")}<span class="visually-hidden">${_("Close")}</span>
                </button>`
          }
        </div>
        <div class="sheet-body stack">${dialog.body()}</div>
        ${dialog.footer ? html`<div class="sheet-foot">${dialog.footer()}</div>` : ""}`,
      element,
    );
  const opener = document.activeElement;
  const closed = new Promise((resolve) => {
    element.addEventListener("close", () => {
      element.remove();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
      resolve(answer);
    });
  });
  element.addEventListener("cancel", (event) => {
    if (dialog.required) event.preventDefault();
  });
  refresh();
  document.body.append(element);
  element.showModal();
  const first = element.querySelector("[autofocus]") ?? element.querySelector("h2");
  if (first instanceof HTMLElement) first.focus();
  return { close, closed, refresh };
}

/**
 * Asks a question; true on yes, false however else the dialog closes.
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
export async function confirmDialog(question) {
  const signing = [question.signing ?? []].flat();
  const dialog = openDialog({
    title: question.title,
    wide: signing.length > 0,
    body: () => html`
      ${
        question.text
          ? typeof question.text === "string"
            ? html`<p>${question.text}</p>`
            : question.text
          : ""
      }
      ${signingText(signing, question.names)}
    `,
    footer: () => html`
      <button type="button" class="btn btn-secondary" @click=${() => dialog.close(false)}>
        ${question.no ?? _("Cancel")}
      </button>
      <button
        type="button"
        class="btn ${question.danger ? "btn-danger" : "btn-primary"}"
        @click=${() => dialog.close(true)}
      >
        ${question.yes}
      </button>
    `,
  });
  const yes = (await dialog.closed) === true;
  if (yes) for (const one of signing) approve(one);
  return yes;
}
