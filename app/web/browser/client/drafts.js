// Owns drafts of forms: sealed on this device, so that a page that is loaded again loses nothing.

import { text, utf8 } from "../core/bytes.js";

const PURPOSE = "chartkey/draft/1";

/** @typedef {import("./identity.js").Identity} Identity */

/** @param {Identity} me @param {string} name */
const idOf = (me, name) => `${PURPOSE} ${me.address} ${name}`;

/** @param {Identity} me @param {string} name @param {any} value */
export async function keepDraft(me, name, value) {
  const sealed = await me.vault.seal(utf8(JSON.stringify(value)), PURPOSE);
  await me.storage.put("sealed", { id: idOf(me, name), ...sealed });
}

/** @param {Identity} me @param {string} name @returns {Promise<any>} */
export async function readDraft(me, name) {
  const kept = await me.storage.get("sealed", idOf(me, name));
  return kept ? JSON.parse(text(await me.vault.open(kept, PURPOSE))) : null;
}

/** @param {Identity} me @param {string} name */
export const forgetDraft = (me, name) => me.storage.remove("sealed", idOf(me, name));
