// What is signed is told in plain sentences, made from the typed data itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { TYPES } from "../../../app/web/browser/core/statements.js";
import { signingText, wordsOf } from "../../../app/web/browser/page/words.js";
import { read } from "./flat.mjs";

const VIEWER = "0x8617E340B3D01FA5F11F306F4090FD50E238070D";
const NAMES = { [VIEWER.toLowerCase()]: "Dr. Berg", "0xab": "Lipid panel" };
const ZERO = `0x${"0".repeat(64)}`;

const grant = (change = {}) => ({
  primaryType: "Grant",
  domain: { name: "Chartkey" },
  message: {
    ...{ patient: VIEWER, viewer: VIEWER, category: "allergies", record: ZERO, purpose: "TREAT" },
    ...{ rights: 1, notBefore: "1", expiresAt: "1800000000", nonce: "1", salt: ZERO, ...change },
  },
});

test("every type of statement has words", () => {
  for (const [name, type] of Object.entries(TYPES)) {
    const fields = /** @type {any} */ (type).fields;
    const message = Object.fromEntries(
      fields.map(({ name: field, type: kind }) => [
        field,
        kind === "address" ? VIEWER : kind === "bytes32" ? ZERO : "1",
      ]),
    );
    const { title, sentences } = wordsOf({ primaryType: name, message }, NAMES);
    assert.notEqual(title, name);
    assert.ok(sentences.length > 0 && !sentences.join(" ").includes("{"), name);
  }
});

test("a type without words says not to sign it", () => {
  const { sentences } = wordsOf({ primaryType: "Permit", message: {} });
  assert.match(sentences[0], /Do not sign/);
});

test("a permission names the viewer, the category, the purpose and the end", () => {
  const text = wordsOf(grant(), NAMES).sentences.join(" ");
  for (const part of ["Dr. Berg may see records in “Allergies”", "Treatment", "2027"]) {
    assert.ok(text.includes(part), part);
  }
});

test("an address without a name is told in full", () => {
  assert.ok(wordsOf(grant()).sentences[0].startsWith(VIEWER));
});

test("a permission for one record names it", () => {
  assert.match(wordsOf(grant({ record: "0xab" }), NAMES).sentences[0], /only “Lipid panel”/);
});

test("the right to add is told", () => {
  assert.match(wordsOf(grant({ rights: 3 }), NAMES).sentences[0], /see and add records/);
  assert.match(wordsOf(grant({ rights: 2 }), NAMES).sentences[0], /without seeing any/);
});

test("what differs only in the category is told together, and every field beneath", () => {
  const text = read(signingText([grant(), grant({ category: "vitals" })], NAMES));
  assert.equal(text.split("The purpose is").length, 2);
  assert.ok(text.includes("Allergies") && text.includes("Measurements"));
  assert.equal(text.split("nonce").length, 3);
});

test("what differs in the end is told apart", () => {
  const text = read(signingText([grant(), grant({ expiresAt: "1900000000" })], NAMES));
  assert.equal(text.split("The purpose is").length, 3);
});
