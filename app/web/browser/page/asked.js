// Owns the list of what somebody asked patients for, with each patient's answer.
import { html } from "lit-html";
import { categoryName } from "./names.js";
import { chip } from "./people.js";
import { _ } from "./texts.js";
import { ago, day } from "./times.js";

/** @param {any[]} all what I asked patients for, newest first */
export function askedList(all) {
  return html`<section class="stack" aria-labelledby="asked">
    <h2 id="asked">${_("What you asked for")}</h2>
    <ul class="plain-list lines panel-lines">
      ${all.map(
        (one) => html`<li>
          <div class="cluster">
            ${chip(one.patient)} <strong>${categoryName(one.category)}</strong>
            <span class="badge ${answerKind(one.answer)}">${answerName(one.answer)}</span>
          </div>
          <p class="muted">
            ${_("Asked {when}, for use until {day}", { when: ago(one.at), day: day(one.expiresAt) })}
          </p>
          <p>${one.reason}</p>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** @param {string} answer */
const answerKind = (answer) =>
  answer === "given" ? "standing-good" : answer === "declined" ? "standing-past" : "standing-calm";

/** @param {string} answer @returns {string} */
function answerName(answer) {
  if (answer === "given") return _("Given");
  return answer === "declined" ? _("Declined") : _("Not answered yet");
}
