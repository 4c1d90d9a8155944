// Owns how the recovery words are shown, and the check that they were written down.
import { html, nothing } from "lit-html";
import { textField } from "./fields.js";
import { _ } from "./texts.js";

const CHECKED = 3;

/** Three different places among the words, in order. */
function placesToCheck() {
  /** @type {Set<number>} */
  const places = new Set();
  const drawn = new Uint32Array(1);
  while (places.size < CHECKED) places.add(crypto.getRandomValues(drawn)[0] % 24);
  return [...places].sort((a, b) => a - b);
}

/**
 * The words, each with its number.
 * @param {string[]} words
 */
export function wordsGrid(words) {
  return html`<ol class="words-grid" aria-label=${_("Your recovery words")}>
    ${words.map((word, place) => html`<li><span>${place + 1}</span>${word}</li>`)}
  </ol>`;
}

/**
 * Asks for some of the words.
 * @param {import("./view.js").Page} page
 * @param {{words: () => string[], right: () => void, back: () => void}} options
 */
export function wordsCheck(page, { words, right, back }) {
  const places = placesToCheck();
  /** @type {Record<number, string>} */
  const given = {};
  let wrong = false;

  function check() {
    wrong = places.some((place) => (given[place] ?? "").trim().toLowerCase() !== words()[place]);
    if (wrong) page.refresh();
    else right();
  }

  return () =>
    html`<form
      class="stack"
      @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        check();
      }}
    >
      ${places.map((place) =>
        textField({
          id: `word-${place}`,
          label: _("Word {place}", { place: place + 1 }),
          value: given[place] ?? "",
          onInput: (value) => {
            given[place] = value;
            wrong = false;
          },
        }),
      )}
      <div role="alert">
        ${
          wrong
            ? html`<p class="field-error">
                ${_("At least one of these is another word. Look at your paper, or show the words again.")}
              </p>`
            : nothing
        }
      </div>
      <div class="cluster">
        <button type="submit" class="btn btn-primary">${_("Go on")}</button>
        <button type="button" class="btn btn-quiet" @click=${back}>
          ${_("Show the words again")}
        </button>
      </div>
    </form>`;
}
