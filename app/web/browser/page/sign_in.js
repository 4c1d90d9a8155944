// Owns the sign-in form: kept on this device, name and passphrase, the 24 words, or a wallet.
import { html, nothing } from "lit-html";
import { textField } from "./fields.js";
import { pressable, problem, progressOf } from "./parts.js";
import { homeOf } from "./routes.js";
import { _ } from "./texts.js";
import { walletChoice } from "./wallet_choice.js";

/**
 * @param {import("./view.js").Page} page
 * @param {{to?: string}} [options] where to go afterwards
 */
export function signInForm(page, { to } = {}) {
  /** @type {"kept" | "name" | "words" | "wallet"} */
  let way = "name";
  let name = "";
  let passphrase = "";
  let words = "";
  let stays = true;
  let person = "";

  const accounts = page.load(async () => {
    const all = (await page.person.accounts()).filter((/** @type {any} */ one) => one.kept);
    if (all.length > 0) {
      way = "kept";
      person ||= all[0].person;
    }
    return all;
  });
  const wallet = walletChoice(page);

  const signIn = page.action(async ({ onProgress }) => {
    const me = await page.person.signIn(asked(), { onProgress });
    page.become(me, to || homeOf(me));
  });

  function asked() {
    if (way === "kept") return { person, passphrase, kept: true };
    if (way === "words") return { words: words.trim().toLowerCase().split(/\s+/), kept: stays };
    if (way === "wallet") {
      const opened = words.trim()
        ? { words: words.trim().toLowerCase().split(/\s+/) }
        : { passphrase };
      return { wallet: wallet.wallet, address: wallet.address, ...opened, kept: stays };
    }
    return { name: name.trim().toLowerCase(), passphrase, kept: stays };
  }

  const ready = () => {
    if (way === "kept") return person !== "" && passphrase !== "";
    if (way === "words") return words.trim().split(/\s+/).length === 24;
    if (way === "wallet")
      return wallet.address !== "" && (passphrase !== "" || words.trim() !== "");
    return name.trim() !== "" && passphrase !== "";
  };

  const passphraseField = () =>
    textField({
      id: "passphrase",
      label: _("Passphrase"),
      type: "password",
      autocomplete: "current-password",
      value: passphrase,
      onInput: (value) => {
        passphrase = value;
        page.refresh();
      },
    });
  const wordsField = (/** @type {string} */ label) =>
    textField({
      id: "words",
      label,
      hint: _("All 24, in their order, with spaces between them"),
      rows: 3,
      value: words,
      onInput: (value) => {
        words = value;
        page.refresh();
      },
    });
  const staysField = () =>
    html`<div class="stack-tight">
      <label class="option">
        <input
          class="form-check-input"
          type="checkbox"
          .checked=${!stays}
          @change=${(/** @type {Event} */ event) => {
            stays = !(/** @type {HTMLInputElement} */ (event.target).checked);
          }}
        />
        <span
          >${_("Others use this device too")}<span class="option-hint"
            >${_("Then nothing stays on it after you sign out.")}</span
          ></span
        >
      </label>
    </div>`;

  const ways = () => {
    /** @type {[typeof way, string][]} */
    const all = [
      ["name", _("Name and passphrase")],
      ["words", _("24 words")],
      ["wallet", _("Own wallet")],
    ];
    if (accounts.value?.length) all.unshift(["kept", _("On this device")]);
    return html`<div class="tabs" role="group" aria-label=${_("How you sign in")}>
      ${all.map(
        ([key, label]) =>
          html`<button
            type="button"
            class="tab"
            aria-pressed=${way === key ? "true" : "false"}
            @click=${() => {
              way = key;
              signIn.clear();
            }}
          >
            ${label}
          </button>`,
      )}
    </div>`;
  };

  const fields = () => {
    if (way === "kept") {
      return html`
        <fieldset class="field">
          <legend class="form-label">${_("Who are you?")}</legend>
          <div class="options">
            ${accounts.value?.map(
              (/** @type {any} */ one) =>
                html`<label class="option">
                  <input
                    class="form-check-input"
                    type="radio"
                    name="account"
                    .checked=${one.person === person}
                    @change=${() => {
                      person = one.person;
                      page.refresh();
                    }}
                  />
                  <span>${one.name}</span>
                </label>`,
            )}
          </div>
        </fieldset>
        ${passphraseField()}
      `;
    }
    if (way === "words") return html`${wordsField(_("Your recovery words"))}${staysField()}`;
    if (way === "wallet") {
      return html`${wallet.render()} ${passphraseField()}
      ${words || passphrase === "" ? wordsField(_("Or your recovery words, where you have no passphrase")) : nothing}
      ${staysField()}`;
    }
    return html`
      ${textField({
        id: "sign-in-name",
        label: _("Sign-in name"),
        autocomplete: "username",
        value: name,
        onInput: (value) => {
          name = value;
          page.refresh();
        },
      })}
      ${passphraseField()} ${staysField()}
    `;
  };

  return {
    stop: wallet.stop,
    render: () =>
      html`<form
        class="stack"
        @submit=${(/** @type {Event} */ event) => {
          event.preventDefault();
          if (ready()) void signIn.run();
        }}
      >
        ${ways()} ${problem(accounts)} ${fields()} ${problem(signIn)}
        <div class="cluster">
          ${pressable(signIn, _("Sign in"), { kind: "primary", submit: true, disabled: !ready() })}
          <a href="/app/join">${_("I am new here")}</a>
        </div>
        ${progressOf(signIn)}
      </form>`,
  };
}
