// Owns the question before a transaction of one's own that changes who may do what: its cost.
import { html } from "lit-html";
import { ether } from "./costs.js";
import { facts, notice } from "./parts.js";
import { _ } from "./texts.js";

/**
 * Asks, with the cost; a wallet that holds too little is told so, and nothing is sent.
 * @param {import("./view.js").Page} page
 * @param {{costWei: string, balanceWei: string, enough: boolean}} quote
 * @param {{title: string, text: unknown, yes: string, danger?: boolean}} question
 * @returns {Promise<boolean>}
 */
export async function confirmCost(page, quote, { title, text, yes, danger }) {
  const body = html`<p>${text}</p>
    ${facts([
      [_("It costs about"), ether(quote.costWei)],
      [_("Your wallet holds"), ether(quote.balanceWei)],
    ])}
    ${quote.enough
      ? html`<p class="form-text">
          ${_("Your own wallet sends it. Everybody can see that you did, and for which address.")}
        </p>`
      : notice(
          "warning",
          html`<p>
            ${_("Your wallet does not hold enough. Put some ETH into it, then try again.")}
          </p>`,
        )}`;
  if (quote.enough) return page.confirm({ title, text: body, yes, danger });
  await page.show({ title, body: () => body }).closed;
  return false;
}
