// Owns the page on which anybody checks a statement, from a file, a text or a QR code.
import { html, nothing } from "lit-html";
import { textField } from "../page/fields.js";
import { dropZone } from "../page/files.js";
import { icon } from "../page/icons.js";
import { card, disclosure, facts, notice, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { scanQr } from "../page/qr.js";
import { statementWords, typeName } from "../page/statement_words.js";
import { _, toldText } from "../page/texts.js";
import { moment } from "../page/times.js";

/** A statement file is some kilobytes; what is longer is something else. */
const LONGEST = 1_000_000;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  let text = "";
  /** @type {any} */
  let result = null;
  let name = "";

  const check = page.action(async (/** @type {string} */ given, /** @type {string} */ from) => {
    [result, name] = [null, from];
    result = await page.person.verifyStatement({ json: given });
    page.refresh();
    setTimeout(() => document.getElementById("verdict")?.focus(), 0);
  });
  const checkFile = page.action(async (/** @type {File} */ file) => {
    result = null;
    if (file.size > LONGEST) throw notOne(_("This file is too large to be a statement."));
    await check.run(await file.text(), file.name);
  });
  const checkQr = page.action(async () => {
    const found = await scanQr();
    if (found !== null) await check.run(found, _("The QR code"));
  });

  return {
    title: () => _("Check a statement"),
    render: () => html`
      ${pageHeader(_("Check a statement"), {
        lead: _(
          "Whether a record, a permission or another statement was signed by whom it says, and when it was written down. You need no account, and nothing is kept.",
        ),
        ...(page.me ? {} : { back: { href: "/", label: _("To the beginning") } }),
      })}
      ${result ? verdict(result, name) : nothing} ${problem(check)} ${problem(checkFile)}
      ${problem(checkQr)} ${progressOf(check)}
      ${card({
        title: result ? _("Check another one") : _("What do you have?"),
        body: html`
          ${dropZone({
            id: "statement-file",
            label: _("Drop the statement's file here, or choose it"),
            hint: _("A file ending in .json"),
            accept: ".json,application/json",
            onFiles: ([file]) => void checkFile.run(file),
          })}
          <p class="cluster">
            ${pressable(checkQr, html`${icon("camera")}${_("Scan a QR code")}`)}
          </p>
          <form
            class="stack"
            @submit=${(/** @type {Event} */ event) => {
              event.preventDefault();
              if (text.trim()) void check.run(text, _("The pasted text"));
            }}
          >
            ${textField({
              id: "statement-text",
              label: _("Or paste its text"),
              rows: 5,
              value: text,
              onInput: (value) => {
                text = value;
                page.refresh();
              },
            })}
            <p>
              ${pressable(check, _("Check the text"), { submit: true, disabled: !text.trim() })}
            </p>
          </form>
        `,
      })}
    `,
  };
}

/** @param {string} sentence */
function notOne(sentence) {
  return Object.assign(new Error(sentence), {
    sentence,
    unharmed: _("Nothing was changed."),
    remedy: _("Choose the file that was handed out with the record or permission."),
  });
}

/** @param {string} verdict @returns {string} */
function verdictTitle(verdict) {
  if (verdict === "holds") return _("The statement holds");
  return verdict === "does not hold"
    ? _("The statement does not hold")
    : _("It cannot be told whether the statement holds");
}

/** @param {any} result @param {string} name */
function verdict(result, name) {
  const kind = { holds: "good", "does not hold": "danger" }[/** @type {string} */ (result.verdict)];
  return html`<section class="card" aria-labelledby="verdict">
    <div class="card-body stack">
      ${notice(
        /** @type {any} */ (kind ?? "warning"),
        html`<h2 id="verdict" tabindex="-1">${verdictTitle(result.verdict)}</h2>
          <p>${name}</p>`,
      )}
      <ol class="plain-list steps">
        ${result.steps.map(
          (/** @type {{sentence: string, ok: boolean}} */ step, /** @type {number} */ at) => html`<li>
            <span class="mark-${step.ok ? "good" : "bad"}">${icon(step.ok ? "check" : "warning")}</span>
            <span
              ><span class="visually-hidden">${step.ok ? _("Holds:") : _("Does not hold:")} </span
              >${at === 0 ? _("What it is: {kind}, for this node's contracts.", { kind: typeName(result.type) }) : toldText(step)}</span
            >
          </li>`,
        )}
      </ol>
      ${facts([
        [
          _("Written down"),
          result.anchor ? _("{moment}, block {block}", anchored(result.anchor)) : _("Not yet"),
        ],
        [_("Signed with"), result.signer ? html`<code class="address">${result.signer}</code>` : ""],
      ])}
      ${disclosure(
        _("What the statement says"),
        html`${facts(statementWords(result))}
          ${facts([[_("Its number"), html`<code class="address">${result.digest}</code>`]])}`,
      )}
    </div>
  </section>`;
}

/** @param {{time: number, block: number}} anchor */
const anchored = ({ time, block }) => ({ moment: moment(time), block });
