// Owns a person's account: QR code, address book, devices, wallet file, passphrase, custodians.
import { html, nothing } from "lit-html";
import { textField } from "../page/fields.js";
import { choosePerson, chip } from "../page/people.js";
import { costOfAll, ownTransaction } from "../page/costs.js";
import {
  card,
  disclosure,
  facts,
  loaded,
  notice,
  pageHeader,
  pressable,
  problem,
  progressOf,
} from "../page/parts.js";
import { roleName } from "../page/names.js";
import { wordsGrid } from "../page/recovery_words.js";
import { qrCode } from "../page/qr.js";
import { saveBlob } from "../page/files.js";
import { _ } from "../page/texts.js";
import { ago, moment } from "../page/times.js";

const SHORTEST = 12;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const sessions = page.load(() => page.person.sessions());
  const book = page.load(async () =>
    (await page.person.book()).filter((/** @type {any} */ one) => !one.me),
  );
  const who = choosePerson(page, { label: _("Who?"), id: "book-person" });
  let bookName = "";
  let filePassphrase = "";
  let [nowPassphrase, newPassphrase] = ["", ""];
  let signInName = page.me?.signInName ?? "";
  /** @type {string[]} */
  let words = [];

  const remember = page.action(
    async () => {
      await page.person.rememberPerson({ address: who.value?.address, name: bookName.trim() });
      bookName = "";
      who.clear();
      await book.again();
    },
    { done: _("Written into your address book.") },
  );
  const forget = page.action(async (/** @type {any} */ reference) => {
    await page.person.forgetPerson({ address: reference.address });
    await book.again();
  });
  const everywhere = page.action(async () => {
    const yes = await page.confirm({
      title: _("Sign out on all devices?"),
      text: _("Every browser that is signed in as you has to sign in again. Nothing is lost."),
      yes: _("Sign out everywhere"),
    });
    if (yes) await page.person.signOut({ everywhere: true });
  });
  const exportFile = page.action(
    async () => {
      const { json, fileName } = await page.person.exportKeystore({ passphrase: filePassphrase });
      saveBlob(new Blob([json], { type: "application/json" }), fileName);
      filePassphrase = "";
    },
    { done: _("Saved.") },
  );
  const change = page.action(
    async ({ onProgress }) => {
      await page.person.changePassphrase(
        { current: nowPassphrase, passphrase: newPassphrase, ...(signInName ? { signInName } : {}) },
        { onProgress },
      );
      [nowPassphrase, newPassphrase] = ["", ""];
      await page.reloadMe();
    },
    { done: _("From now on the new passphrase counts.") },
  );
  const showWords = page.action(async () => {
    const yes = await page.confirm({
      title: _("Show your recovery words?"),
      text: _(
        "Whoever sees them can read your whole chart. Make sure that nobody looks over your shoulder.",
      ),
      yes: _("Show them"),
    });
    if (yes) words = (await page.person.recoveryWords()).words;
  });

  const mine = () => {
    const { person } = page.me;
    return card({
      title: _("My QR code"),
      body: html`<p>${_("Let somebody scan this, and they know whom they share with or ask.")}</p>
        ${qrCode(person.address, { label: _("QR code of my address") })}
        ${facts([
          [_("Name"), page.me.displayName],
          [_("Sign-in name"), page.me.signInName || _("none")],
          [_("Roles"), page.me.roles.map(roleName).join(", ")],
          [_("Address"), html`<code class="address">${person.address}</code>`],
        ])}`,
    });
  };

  const addresses = () =>
    card({
      title: _("Address book"),
      body: html`
        <p>
          ${_("Your own names for people. It is sealed: only you can read it, on all your devices.")}
        </p>
        ${loaded(book, (list) =>
          list.length === 0
            ? html`<p class="muted">
                ${_("It is empty. Add people whom you meet, with the name that you know.")}
              </p>`
            : html`<ul class="plain-list lines">
                ${list.map(
                  (/** @type {any} */ one) =>
                    html`<li class="card-top">
                      ${chip(one)}
                      ${pressable(
                        forget,
                        html`${_("Remove")}<span class="visually-hidden"> ${one.name}</span>`,
                        {
                          args: [one],
                          kind: "quiet",
                          small: true,
                        },
                      )}
                    </li>`,
                )}
              </ul>`,
        )}
        ${problem(forget)}
        ${disclosure(
          _("Add somebody"),
          html`${who.render()}
            ${textField({
              id: "book-name",
              label: _("What do you call them?"),
              value: bookName,
              onInput: (value) => {
                bookName = value;
                page.refresh();
              },
            })}
            ${problem(remember)}
            <p>
              ${pressable(remember, _("Add"), { kind: "primary", disabled: !who.value || !bookName.trim() })}
            </p>`,
        )}
      `,
    });

  const devices = () =>
    card({
      title: _("Where you are signed in"),
      body: html`
        ${loaded(
          sessions,
          (list) =>
            html`<ul class="plain-list lines">
              ${list.map(
                (/** @type {any} */ one) =>
                  html`<li>
                    <strong>${one.browser || _("A browser")}</strong>
                    ${one.current ? html`<span class="badge standing-good">${_("This one")}</span>` : nothing}
                    <br /><span class="muted"
                      >${_("since {since}, last used {seen}", { since: moment(one.since), seen: ago(one.seen) })}</span
                    >
                  </li>`,
              )}
            </ul>`,
        )}
        ${problem(everywhere)}
        <p>${pressable(everywhere, _("Sign out everywhere"), { kind: "danger" })}</p>
      `,
    });

  const isChangeable = () => nowPassphrase !== "" && newPassphrase.length >= SHORTEST;

  const secrets = () =>
    card({
      title: _("Passphrase and recovery"),
      body: html`
        ${disclosure(
          _("Change the passphrase, or the sign-in name"),
          html`<form
            class="stack"
            @submit=${(/** @type {Event} */ event) => {
              event.preventDefault();
              if (isChangeable()) void change.run();
            }}
          >
            ${textField({
              id: "new-name",
              label: _("Sign-in name"),
              autocomplete: "username",
              value: signInName,
              onInput: (value) => {
                signInName = value.trim().toLowerCase();
                page.refresh();
              },
            })}
            ${textField({
              id: "now-passphrase",
              label: _("Your passphrase so far"),
              hint: _("Or your 24 recovery words, where you have forgotten it."),
              type: "password",
              autocomplete: "current-password",
              value: nowPassphrase,
              onInput: (value) => {
                nowPassphrase = value;
                page.refresh();
              },
            })}
            ${textField({
              id: "new-passphrase",
              label: _("New passphrase"),
              hint: _(
                "At least {count} characters. Four or five words that only you would put together.",
                { count: SHORTEST },
              ),
              type: "password",
              autocomplete: "new-password",
              value: newPassphrase,
              onInput: (value) => {
                newPassphrase = value;
                page.refresh();
              },
            })}
            ${problem(change)}
            <p>
              ${pressable(change, _("Change"), { kind: "primary", submit: true, disabled: !isChangeable() })}
            </p>
            ${progressOf(change)}
          </form>`,
        )}
        ${disclosure(
          _("Recovery words"),
          words.length > 0
            ? wordsGrid(words)
            : html`<p>${_("The 24 words that you wrote down when you joined.")}</p>
                ${problem(showWords)}
                <p>${pressable(showWords, _("Show them again"))}</p>`,
        )}
        ${
          page.me.wallet === "own"
            ? disclosure(
                _("Take my wallet with me"),
                html`<p>
                    ${_("Your wallet as a standard file, locked with a passphrase. Other wallets can read it.")}
                  </p>
                  ${textField({
                    id: "file-passphrase",
                    label: _("Passphrase for the file"),
                    type: "password",
                    autocomplete: "new-password",
                    value: filePassphrase,
                    onInput: (value) => {
                      filePassphrase = value;
                      page.refresh();
                    },
                  })}
                  ${problem(exportFile)}
                  <p>
                    ${pressable(exportFile, _("Save the file"), { disabled: filePassphrase.length < SHORTEST })}
                  </p>
                  ${progressOf(exportFile)}`,
              )
            : nothing
        }
      `,
    });

  const custodians = () =>
    card({
      title: _("My custodians"),
      body: html`
        <p>
          ${_("Each keeps one part of the key to what you share, and asks for your permission before it gives it to anybody. None of them can read anything.")}
        </p>
        <ul class="plain-list lines">
          ${(page.deployment?.custodians ?? []).map(
            (/** @type {any} */ one) => html`<li>${one.name ?? new URL(one.url).host}</li>`,
          )}
        </ul>
      `,
    });

  const own = ownTransaction(page, async () => {});
  const independence = () =>
    card({
      title: _("Without this node"),
      body: html`
        <p>
          ${_("Where your wallet holds ETH, you may write down or take back a permission by a transaction of your own. You need nobody's leave for it, and it works even if this node were gone. Each permission offers it; here you can take back all of them at once.")}
        </p>
        ${costOfAll(own)}
      `,
    });

  return {
    title: () => _("Account"),
    render: () => html`
      ${pageHeader(_("Account"))}
      ${
        page.me.session && !page.me.kept
          ? notice(
              "calm",
              html`<p>
                ${_("Others use this device too: nothing stays on it after you sign out.")}
              </p>`,
            )
          : nothing
      }
      <div class="cards narrow" id="me">
        ${mine()} ${addresses()} ${devices()} ${secrets()} ${custodians()}
        ${page.me.patient ? independence() : nothing}
      </div>
    `,
    leave: () => {
      words = [];
      return true;
    },
  };
}
