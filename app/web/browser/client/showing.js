// Owns handing a statement out, with its proof, so that anybody can check it.

import { hex, unhex } from "../core/bytes.js";
import { TYPES, statementFile } from "../core/statements.js";

/**
 * The statement file of a record, a permission or an opening; with its proof once there is one.
 * @param {import("./person.js").Person} person @param {string} digest
 */
export async function showStatement(person, digest) {
  const signed = await find(person, digest);
  const anchor = await person.fates.anchorOf(unhex(digest, 32), TYPES[signed.type].judge);
  const file = statementFile(signed, person.me.domains, anchor?.proof);
  const fileName = `${signed.type.toLowerCase()}-${digest.slice(2, 10)}.json`;
  return { json: file, text: JSON.stringify(file, null, 1), fileName, anchored: anchor !== null };
}

/**
 * @param {import("./person.js").Person} person
 * @param {string} digest
 * @returns {Promise<import("./identity.js").Signed>}
 */
async function find({ charting, consent, letterbox, looking }, digest) {
  const opening =
    looking.seen.get(digest)?.opening ??
    letterbox.openingsTold().find((one) => hex(one.digest) === digest);
  if (opening) return opening.signed;
  const record = await charting.seekAny(digest);
  return record ? record.file.signed : (await consent.find(digest)).signed;
}
