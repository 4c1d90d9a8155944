// Owns what people publish about their keys (docs/formats.md, section 12).

import { CATEGORIES } from "./categories.js";
import { canonical, hasMembers, hex, hexPart, parseCanonical, sha256, utf8 } from "./bytes.js";
import { MalformedSeal, UnknownVersion } from "./errors.js";
import { PUBLIC_KEY, publicKey } from "./keys.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { PublicKey } from "./keys.js" */

/** @typedef {{identity: PublicKey, custodians: PublicKey[], threshold: number}} IdentityKeys */
/** @typedef {{epoch: number, keys: Record<string, PublicKey>}} CategoryKeys */

const KIND = "keys document";
export const MOST_CUSTODIANS = 32;

/** The SHA-256 of a keys document: a `keysHash`. @param {Bytes} document */
export const documentHash = (document) => sha256(document);

/** @param {{identity: Bytes, custodians: Bytes[], threshold: number}} keys */
export function identityKeysDocument({ identity, custodians, threshold }) {
  const fields = { identity: hex(identity), custodians: custodians.map(hex), threshold };
  return utf8(canonical({ chartkey: "identity-keys/1", ...fields }));
}

/** @param {number} epoch @param {Record<string, Bytes>} keys by category */
export function categoryKeysDocument(epoch, keys) {
  const written = Object.entries(keys).map(([name, key]) => [name, hex(key)]);
  return utf8(canonical({ chartkey: "category-keys/1", epoch, keys: Object.fromEntries(written) }));
}

/** @param {Bytes} document @returns {Promise<IdentityKeys>} */
export async function readIdentityKeys(document) {
  const fields = read(document, "identity-keys/1", ["identity", "custodians", "threshold"]);
  const { custodians, threshold } = fields;
  if (!Array.isArray(custodians) || custodians.length > MOST_CUSTODIANS) {
    throw new MalformedSeal("its custodians are not a list of keys", { kind: KIND });
  }
  const least = Math.min(1, custodians.length);
  if (!Number.isInteger(threshold) || threshold < least || threshold > custodians.length) {
    throw new MalformedSeal("its threshold does not fit its custodians", { kind: KIND });
  }
  const keys = await Promise.all(custodians.map(readKey));
  if (new Set(keys.map((key) => hex(key.id))).size !== keys.length) {
    throw new MalformedSeal("it names a custodian twice", { kind: KIND });
  }
  return { identity: await readKey(fields.identity), custodians: keys, threshold };
}

/** @param {Bytes} document @returns {Promise<CategoryKeys>} */
export async function readCategoryKeys(document) {
  const { epoch, keys } = read(document, "category-keys/1", ["epoch", "keys"]);
  const isObject = keys !== null && typeof keys === "object" && !Array.isArray(keys);
  if (!Number.isSafeInteger(epoch) || epoch < 0 || !isObject) {
    throw new MalformedSeal("its epoch or keys are missing", { kind: KIND });
  }
  if (!Object.keys(keys).every((name) => CATEGORIES.includes(name))) {
    throw new MalformedSeal("it names a category that there is not", { kind: KIND });
  }
  const found = Object.entries(keys).map(async ([name, key]) => [name, await readKey(key)]);
  return { epoch, keys: Object.fromEntries(await Promise.all(found)) };
}

/** @param {unknown} written */
const readKey = (written) => publicKey(hexPart(written, KIND, PUBLIC_KEY));

/** @param {Bytes} document @param {string} version @param {string[]} names */
function read(document, version, names) {
  const fields = parseCanonical(document, KIND);
  if (fields.chartkey !== version) {
    throw new UnknownVersion("", { kind: KIND, version: String(fields.chartkey).slice(0, 40) });
  }
  if (!hasMembers(fields, ["chartkey", ...names])) {
    throw new MalformedSeal("it has other parts than it should", { kind: KIND });
  }
  return fields;
}
