// Owns transactions of the person's own: what they cost, sending them, and how far they have come.
import { html, nothing } from "lit-html";
import { facts, pressable, problem, progressOf } from "./parts.js";
import { _ } from "./texts.js";

/** "0.00021 ETH" @param {string} wei */
export function ether(wei) {
  const digits = wei.padStart(19, "0");
  const whole = digits.slice(0, -18);
  const part = digits.slice(-18).slice(0, 8).replace(/0+$/, "");
  if (whole === "0" && part === "")
    return wei === "0" ? "0 ETH" : _("less than {least} ETH", { least: "0.00000001" });
  return `${BigInt(whole)}${part ? `.${part}` : ""} ETH`;
}

/**
 * Asks for the cost, then anchors or revokes by a transaction of the person's own wallet.
 * @param {import("./view.js").Page} page
 * @param {() => Promise<void>} after
 */
export function ownTransaction(page, after) {
  /** @type {Map<string, any>} */
  const quotes = new Map();
  /** @type {Map<string, string>} */
  const sent = new Map();
  const key = (/** @type {string} */ what, /** @type {any} */ grant) =>
    `${what} ${grant?.digest ?? ""}`;
  const ask = page.action(async (/** @type {string} */ what, /** @type {any} */ grant) => {
    quotes.set(key(what, grant), await page.person.quote({ what, digest: grant?.digest }));
  });
  const send = page.action(async (/** @type {string} */ what, /** @type {any} */ grant) => {
    const digest = grant?.digest;
    const { hash } =
      what === "anchor"
        ? await page.person.anchorOwn({ digest })
        : what === "revoke"
          ? await page.person.revoke({ digest, own: true })
          : await page.person.revokeAll({ own: true });
    quotes.delete(key(what, grant));
    sent.set(key(what, grant), hash);
    page.note(_("Your transaction is on its way."));
    await after();
  });
  return {
    ask,
    send,
    quoteOf: (/** @type {string} */ what, /** @type {any} */ grant) => quotes.get(key(what, grant)),
    sentOf: (/** @type {string} */ what, /** @type {any} */ grant) => sent.get(key(what, grant)),
  };
}

/**
 * One transaction of one's own: its cost first, then the button that sends it.
 * @param {ReturnType<typeof ownTransaction>} own
 * @param {"anchor" | "revoke" | "revokeAll"} what
 * @param {any} grant
 * @param {string} label
 */
function step(own, what, grant, label) {
  if (own.sentOf(what, grant)) {
    return html`<p role="status">${_("Sent. It shows here as soon as it is written down.")}</p>`;
  }
  const quote = own.quoteOf(what, grant);
  if (!quote) return pressable(own.ask, label, { args: [what, grant], small: true });
  return html`<div class="stack">
    ${facts([
      [_("It costs about"), ether(quote.costWei)],
      [_("Your wallet holds"), ether(quote.balanceWei)],
    ])}
    ${
      quote.enough
        ? pressable(own.send, _("Send it with my wallet"), {
            args: [what, grant],
            kind: "primary",
            small: true,
          })
        : html`<p>${_("That is not enough. The node does it for you without a charge.")}</p>`
    }
  </div>`;
}

/**
 * What a person may do about one permission without anybody's leave.
 * @param {ReturnType<typeof ownTransaction>} own
 * @param {any} grant
 */
export function costOf(own, grant) {
  return html`<div class="stack">
    ${
      grant.state === "signed" || grant.state === "accepted"
        ? step(own, "anchor", grant, _("Write it down myself: what does it cost?"))
        : nothing
    }
    ${step(own, "revoke", grant, _("Take it back myself: what does it cost?"))} ${problem(own.ask)}
    ${problem(own.send)} ${progressOf(own.send)}
  </div>`;
}

/**
 * Taking back everything without anybody's leave.
 * @param {ReturnType<typeof ownTransaction>} own
 */
export function costOfAll(own) {
  return html`<div class="stack">
    ${step(own, "revokeAll", null, _("Take everything back myself: what does it cost?"))}
    ${problem(own.ask)} ${problem(own.send)} ${progressOf(own.send)}
  </div>`;
}
