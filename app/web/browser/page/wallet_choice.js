// Owns the choice of a wallet that is there already: one of this browser's, or a wallet file.
import { html, nothing } from "lit-html";
import { textField } from "./fields.js";
import { dropZone } from "./files.js";
import { disclosure, notice, pressable, problem, progressOf } from "./parts.js";
import { _ } from "./texts.js";
import { addressOf, discover, foundWallets } from "./wallets.js";

/**
 * @param {import("./view.js").Page} page
 * @returns {{readonly address: string, readonly wallet: "browser" | "imported", stop: () => void,
 *   render: () => unknown}}
 */
export function walletChoice(page) {
  let address = "";
  let chosen = "";
  /** @type {"browser" | "imported"} */
  let kind = "browser";
  /** @type {File | null} */
  let file = null;
  let passphrase = "";
  const changed = () => page.refresh();
  discover(changed);

  const connect = page.action(async (/** @type {import("./wallets.js").Wallet} */ wallet) => {
    address = await addressOf(wallet);
    kind = "browser";
    chosen = wallet.id;
  });
  const open = page.action(async ({ onProgress }) => {
    const json = await file?.text();
    address = (await page.person.importKeystore({ json, passphrase }, { onProgress })).address;
    kind = "imported";
    chosen = "";
    passphrase = "";
  });

  const walletFile = () =>
    disclosure(
      _("I have a wallet file"),
      html`${
          file
            ? html`<p>${file.name}</p>`
            : dropZone({
                id: "wallet-file",
                label: _("The file"),
                hint: _("A wallet saved as a standard keystore file"),
                accept: ".json,application/json",
                onFiles: ([taken]) => {
                  file = taken;
                  page.refresh();
                },
              })
        }
        ${textField({
          id: "wallet-file-passphrase",
          label: _("Passphrase of the file"),
          type: "password",
          autocomplete: "off",
          value: passphrase,
          onInput: (value) => {
            passphrase = value;
            page.refresh();
          },
        })}
        ${problem(open)}
        <p>${pressable(open, _("Open it"), { disabled: !file || passphrase === "" })}</p>
        ${progressOf(open)}`,
    );

  const button = (/** @type {import("./wallets.js").Wallet} */ wallet) =>
    pressable(
      connect,
      html`${wallet.icon ? html`<img class="wallet-icon" src=${wallet.icon} alt="" />` : nothing}
      ${chosen === wallet.id ? _("{wallet}: connected", { wallet: wallet.name }) : wallet.name}`,
      { args: [wallet] },
    );

  return {
    get address() {
      return address;
    },
    get wallet() {
      return kind;
    },
    stop: () => window.removeEventListener("chartkey:wallets", changed),
    render: () => {
      const wallets = foundWallets();
      return html`<div class="stack">
        ${
          wallets.length === 0
            ? notice(
                "calm",
                html`<p>
                  ${_("There is no wallet in this browser. You need none: Chartkey brings its own.")}
                </p>`,
              )
            : html`<p class="form-label">${_("Which wallet?")}</p>
                <div class="cluster">${wallets.map(button)}</div>`
        }
        ${walletFile()} ${problem(connect)}
        <div role="status">
          ${
            address
              ? html`<p class="form-text">
                  ${_("Chosen:")} <code class="address">${address}</code>
                </p>`
              : nothing
          }
        </div>
      </div>`;
    },
  };
}
