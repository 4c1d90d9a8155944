// Owns keys documents in JavaScript (docs/formats.md, section 12).

import { hex, parseCanonical, require, requireMembers, sha256, unhex } from "./bytes.mjs";

const CATEGORIES = new Set(
  ("demographics encounters conditions medications allergies immunizations laboratory vitals " +
    "imaging procedures documents plans billing mental-health sexual-health substance-use genetics")
    .split(" "),
);
const KEY = 1216;

/** @param {Uint8Array} bytes */
export async function readIdentityKeys(bytes) {
  const fields = parseCanonical(bytes);
  require(fields.chartkey === "identity-keys/1", "another document");
  requireMembers(fields, ["chartkey", "identity", "custodians", "threshold"]);
  const { identity, custodians, threshold } = fields;
  require(Array.isArray(custodians) && custodians.length <= 32, "its custodians are not a list");
  const least = Math.min(1, custodians.length);
  require(Number.isInteger(threshold), "its threshold is not a number");
  require(threshold >= least && threshold <= custodians.length, "its threshold does not fit");
  const given = [identity, ...custodians].map((key) => hex(unhex(key, KEY)));
  require(new Set(given.slice(1)).size === custodians.length, "a custodian twice");
  return { identity, custodians, threshold, hash: hex(await sha256(bytes)) };
}

/** @param {Uint8Array} bytes */
export async function readCategoryKeys(bytes) {
  const fields = parseCanonical(bytes);
  require(fields.chartkey === "category-keys/1", "another document");
  requireMembers(fields, ["chartkey", "epoch", "keys"]);
  require(Number.isSafeInteger(fields.epoch) && fields.epoch >= 0, "its epoch is not a number");
  const isObject = fields.keys !== null && typeof fields.keys === "object";
  require(isObject && !Array.isArray(fields.keys), "its keys are missing");
  for (const [name, key] of Object.entries(fields.keys)) {
    require(CATEGORIES.has(name), "a category that there is not");
    unhex(key, KEY);
  }
  return { epoch: fields.epoch, keys: fields.keys, hash: hex(await sha256(bytes)) };
}
