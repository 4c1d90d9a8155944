// Owns how people are shown and chosen: by name, with the address one press away.
import { html, nothing } from "lit-html";
import { openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { roleName } from "./names.js";
import { facts, problem } from "./parts.js";
import { addressIn, qrCode, scanQr } from "./qr.js";
import { _, ngettext } from "./texts.js";
import { problemOf } from "./view.js";

/**
 * @typedef {object} Reference
 * @property {string} address
 * @property {string} name
 * @property {string[]} roles
 * @property {"book" | "introduction" | ""} source
 * @property {boolean} [me]
 */

/** "0x12ab…9f3c" @param {string} address */
export function shortAddress(address) {
  return `${address.slice(0, 6)}…${address.slice(-4)}`;
}

/** What to call somebody. @param {Reference} reference */
export function nameOf(reference) {
  if (reference.me) return _("You");
  return (
    reference.name || _("Unnamed person {address}", { address: shortAddress(reference.address) })
  );
}

/** @param {Reference} reference */
function sourceOf(reference) {
  if (reference.source === "book") return _("Your own address book");
  if (reference.source === "introduction") return _("A registrar, who gave the credential");
  return _("Nobody. Make sure who this is before you share anything.");
}

/**
 * Shows who a person is: address, QR code, where the name comes from.
 * @param {Reference} reference
 */
export function showPerson(reference) {
  let copied = false;
  const dialog = openDialog({
    title: reference.name || _("Unnamed person"),
    body: () => html`
      ${facts([
        [_("Roles"), reference.roles.map(roleName).join(", ")],
        [_("Who says so"), reference.me ? "" : sourceOf(reference)],
        [_("Address"), html`<code class="address">${reference.address}</code>`],
      ])}
      <div class="qr-frame">
        ${qrCode(reference.address, { label: _("QR code of this address") })}
      </div>
    `,
    footer: () =>
      html`<button
        type="button"
        class="btn btn-secondary"
        @click=${async () => {
          await navigator.clipboard.writeText(reference.address);
          copied = true;
          dialog.refresh();
        }}
      >
        ${icon("copy")}<span role="status">${copied ? _("Copied") : _("Copy the address")}</span>
      </button>`,
  });
}

/**
 * A person's name; pressing it shows the address.
 * @param {Reference} reference
 */
export function chip(reference) {
  return html`<button
    type="button"
    class="chip ${reference.name || reference.me ? "" : "chip-unnamed"}"
    aria-haspopup="dialog"
    @click=${() => showPerson(reference)}
  >
    ${icon(reference.roles.some((role) => role !== "practitioner") ? "building" : "person")}<span
      >${nameOf(reference)}</span
    >
  </button>`;
}

/**
 * A way to choose a person: by name, by address, by QR code.
 * @param {import("./view.js").Page} page
 * @param {{label: string, hint?: string, id?: string, onChoose?: (reference: Reference) => void}} options
 */
export function choosePerson(page, { label, hint, id = "person", onChoose }) {
  let text = "";
  /** @type {Reference | null} */
  let chosen = null;
  /** @type {Reference[] | null} */
  let results = null;
  /** @type {any} */
  let error = null;
  let waiting = false;
  let turn = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;

  const choose = (/** @type {Reference} */ reference) => {
    chosen = reference;
    results = null;
    onChoose?.(reference);
    page.refresh();
  };
  const search = async (/** @type {string} */ wanted) => {
    const mine = ++turn;
    waiting = true;
    error = null;
    page.refresh();
    try {
      const found = await page.person.findPeople({ text: addressIn(wanted) || wanted });
      if (mine !== turn) return;
      results = found.filter((/** @type {Reference} */ one) => !one.me);
      if (addressIn(wanted) && results?.length === 1) choose(results[0]);
    } catch (problem_) {
      if (mine !== turn) return;
      error = problemOf(problem_);
    }
    waiting = false;
    page.refresh();
  };
  const typed = (/** @type {string} */ value) => {
    text = value;
    clearTimeout(pause);
    results = null;
    turn += 1;
    if (value.trim().length >= 2) pause = setTimeout(() => void search(value.trim()), 200);
    page.refresh();
  };
  const clear = () => {
    chosen = null;
    text = "";
    results = null;
    page.refresh();
  };
  const scan = async () => {
    const found = await scanQr();
    if (found !== null) {
      text = addressIn(found) || found;
      await search(text);
    }
  };

  const picked = () =>
    html`<div class="chosen">
      <span class="form-label">${label}</span>
      <div class="cluster">
        ${chosen ? chip(chosen) : nothing}
        ${chosen?.roles.length ? html`<span class="muted">${chosen.roles.map(roleName).join(", ")}</span>` : nothing}
        <button type="button" class="btn btn-quiet btn-sm" @click=${clear}>
          ${_("Choose someone else")}
        </button>
      </div>
      ${
        chosen && !chosen.name
          ? html`<p class="form-text">
              ${_("Nobody has said who this is. Compare the address with the person before you go on.")}
            </p>`
          : nothing
      }
    </div>`;

  const asking = () =>
    html`<div class="field">
      <label class="form-label" for=${id}>${label}</label>
      <p class="form-text" id="${id}-hint">
        ${hint ?? _("A name or an address. Or scan their QR code.")}
      </p>
      <div class="with-button">
        <input
          class="form-control"
          id=${id}
          type="search"
          autocomplete="off"
          spellcheck="false"
          aria-describedby="${id}-hint"
          .value=${text}
          @input=${(/** @type {InputEvent} */ event) =>
            typed(/** @type {HTMLInputElement} */ (event.target).value)}
          @keydown=${(/** @type {KeyboardEvent} */ event) => {
            if (event.key === "Enter") event.preventDefault();
          }}
        />
        <button type="button" class="btn btn-secondary" @click=${scan}>
          ${icon("camera")}${_("Scan")}
        </button>
      </div>
      <div role="status">
        ${waiting ? html`<p class="muted">${_("Looking …")}</p>` : nothing}
        ${
          results && results.length === 0
            ? html`<p class="muted">
                ${_("Nobody is known by this name. Ask them for their QR code or address.")}
              </p>`
            : nothing
        }
        ${
          results?.length
            ? html`<p class="visually-hidden">
                ${ngettext("One person found", "{count} people found", results.length)}
              </p>`
            : nothing
        }
      </div>
      ${problem(error ?? undefined)}
      ${
        results?.length
          ? html`<ul class="plain-list found">
              ${results.map(
                (one) =>
                  html`<li>
                    <button type="button" class="found-person" @click=${() => choose(one)}>
                      <strong>${nameOf(one)}</strong>
                      <span class="muted">${one.roles.map(roleName).join(", ")}</span>
                      <span class="muted">${shortAddress(one.address)}</span>
                    </button>
                  </li>`,
              )}
            </ul>`
          : nothing
      }
    </div>`;

  return {
    get value() {
      return chosen;
    },
    choose,
    clear,
    /** @param {string} address */
    find: (address) => {
      text = address;
      return search(address);
    },
    render: () => (chosen ? picked() : asking()),
  };
}
