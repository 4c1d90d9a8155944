// Owns joining: wallet, recovery words shown once and checked, name and passphrase.
import { html, nothing } from "lit-html";
import { radios, textField } from "../page/fields.js";
import { card, notice, pageHeader, pressable, problem, progressOf } from "../page/parts.js";
import { wordsCheck, wordsGrid } from "../page/recovery_words.js";
import { homeOf } from "../page/routes.js";
import { _ } from "../page/texts.js";
import { walletChoice } from "../page/wallet_choice.js";

const SHORTEST = 12;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  /** @type {"who" | "words" | "check" | "name"} */
  let step = "who";
  /** @type {"own" | "browser"} */
  let kind = "own";
  /** @type {string[]} */
  let words = [];
  /** @type {() => unknown} */
  let check = () => nothing;
  let purpose = "patient";
  let displayName = "";
  let signInName = "";
  let passphrase = "";
  let again = "";
  let stays = "kept";
  let done = false;
  const wallet = walletChoice(page);

  const start = page.action(async () => {
    const asked =
      kind === "own" ? { wallet: "own" } : { wallet: wallet.wallet, address: wallet.address };
    words = (await page.person.startEnrolment(asked)).words;
    check = wordsCheck(page, {
      words: () => words,
      right: () => turn("name"),
      back: () => turn("words"),
    });
    turn("words");
  });

  const finish = page.action(async ({ onProgress }) => {
    const me = await page.person.finishEnrolment(
      {
        displayName: displayName.trim(),
        passphrase,
        kept: stays === "kept",
        patient: purpose === "patient",
        ...(signInName.trim() ? { signInName: signInName.trim().toLowerCase() } : {}),
      },
      { onProgress },
    );
    words = [];
    done = true;
    page.become(me, homeOf(me));
  });

  /** @param {typeof step} next */
  function turn(next) {
    step = next;
    page.refresh();
    requestAnimationFrame(() => {
      const heading = document.querySelector("main h2");
      if (heading instanceof HTMLElement) heading.focus();
    });
  }

  /** @param {string} title @param {unknown} body */
  const stepCard = (title, body) =>
    html`<section class="card">
      <div class="card-body stack">
        <h2 class="card-title" tabindex="-1">${title}</h2>
        ${body}
      </div>
    </section>`;

  const who = () =>
    stepCard(
      _("What signs for you"),
      html`
        ${radios({
          name: "wallet",
          legend: _("Your decisions are signed, so that nobody can make them for you. With what?"),
          options: [
            [
              "own",
              _("Make everything for me"),
              _("Most people choose this. Nothing to install, nothing to pay."),
            ],
            ["browser", _("I have a wallet already"), _("In this browser, or as a file.")],
          ],
          value: kind,
          onChange: (value) => {
            kind = value === "own" ? "own" : "browser";
            page.refresh();
          },
        })}
        ${kind === "browser" ? wallet.render() : nothing} ${problem(start)}
        <div class="cluster">
          ${pressable(start, _("Go on"), {
            kind: "primary",
            disabled: kind === "browser" && !wallet.address,
          })}
        </div>
      `,
    );

  const showWords = () =>
    stepCard(
      _("Write these 24 words down"),
      html`
        <p>
          ${_("They are the only way back if you forget your passphrase and lose your devices. They are shown this once. Nobody else has them, and nobody can send them to you.")}
        </p>
        ${wordsGrid(words)}
        ${notice(
          "warning",
          html`<p>
            ${_("On paper, not in a photograph. Whoever has these words can read your whole chart.")}
          </p>`,
        )}
        <div class="cluster">
          <button type="button" class="btn btn-primary" @click=${() => turn("check")}>
            ${_("I have written them down")}
          </button>
        </div>
      `,
    );

  const tooShort = () => passphrase !== "" && passphrase.length < SHORTEST;
  const differ = () => again !== "" && again !== passphrase;
  const complete = () =>
    displayName.trim() !== "" && passphrase.length >= SHORTEST && again === passphrase;

  /** @param {(value: string) => void} set */
  const typed = (set) => (/** @type {string} */ value) => {
    set(value);
    page.refresh();
  };

  const nameAndPassphrase = () =>
    stepCard(
      _("Your name and your passphrase"),
      html`<form
        class="stack"
        @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (complete()) void finish.run();
        }}
      >
        ${radios({
          name: "purpose",
          legend: _("What brings you here?"),
          options: [
            ["patient", _("My own health records"), _("You get a chart of your own.")],
            [
              "work",
              _("My work"),
              _(
                "As a doctor, a hospital, a laboratory. A registrar gives you the credential later.",
              ),
            ],
          ],
          value: purpose,
          onChange: typed((value) => {
            purpose = value;
          }),
        })}
        ${textField({
          id: "display-name",
          label: _("What are you called?"),
          hint: _("It stays on your devices. Others give you the name that they know."),
          autocomplete: "name",
          value: displayName,
          onInput: typed((value) => {
            displayName = value;
          }),
          required: true,
        })}
        ${textField({
          id: "passphrase",
          label: _("A passphrase"),
          hint: _(
            "At least {count} characters. Four or five words that only you would put together.",
            {
              count: SHORTEST,
            },
          ),
          type: "password",
          autocomplete: "new-password",
          value: passphrase,
          onInput: typed((value) => {
            passphrase = value;
          }),
          required: true,
          error: tooShort()
            ? _("{count} more characters are needed.", { count: SHORTEST - passphrase.length })
            : undefined,
        })}
        ${textField({
          id: "passphrase-again",
          label: _("The same passphrase again"),
          type: "password",
          autocomplete: "new-password",
          value: again,
          onInput: typed((value) => {
            again = value;
          }),
          required: true,
          error: differ() ? _("The two are not the same.") : undefined,
        })}
        ${textField({
          id: "sign-in-name",
          label: _("A sign-in name, for your other devices (may be left out)"),
          hint: _("3 to 40 letters from a to z, digits, dots or dashes. The server sees it."),
          autocomplete: "username",
          value: signInName,
          onInput: typed((value) => {
            signInName = value;
          }),
        })}
        ${radios({
          name: "stays",
          legend: _("Is this your own device?"),
          options: [
            [
              "kept",
              _("Yes"),
              _("Your locked vault stays on it, so that the passphrase is enough."),
            ],
            ["shared", _("No, others use it too"), _("Nothing stays on it after you sign out.")],
          ],
          value: stays,
          onChange: typed((value) => {
            stays = value;
          }),
        })}
        ${problem(finish)}
        <div class="cluster">
          ${pressable(finish, _("Join"), { kind: "primary", submit: true, disabled: !complete() })}
        </div>
        ${progressOf(finish)}
      </form>`,
    );

  return {
    title: () => _("Join"),
    render: () => html`
      ${pageHeader(_("Join"), {
        lead: _("Three steps, some two minutes. All keys are made on this device."),
        back: { href: "/", label: _("Back") },
      })}
      <div class="narrow">
        ${step === "who" ? who() : nothing} ${step === "words" ? showWords() : nothing}
        ${step === "check" ? stepCard(_("Which words did you write?"), check()) : nothing}
        ${step === "name" ? nameAndPassphrase() : nothing}
      </div>
    `,
    unsaved: () => !done && words.length > 0,
    leave: () =>
      done ||
      words.length === 0 ||
      page.confirm({
        title: _("Leave without joining?"),
        text: _(
          "The words that you wrote down will be of no use. You can start again at any time.",
        ),
        yes: _("Leave"),
        no: _("Stay"),
      }),
    stop: () => {
      words = [];
      wallet.stop();
    },
  };
}
