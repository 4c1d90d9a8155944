// Errors in the page's language: their sentences, the reasons within, and the values within those.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { asTold } from "../../../app/web/browser/client/errors.js";
import { fails, toldOf } from "../../../app/web/browser/client/told.js";
import * as errors from "../../../app/web/browser/core/errors.js";
import { loadCatalogue, toldText } from "../../../app/web/browser/page/texts.js";
import { problemOf } from "../../../app/web/browser/page/view.js";

const { InvalidBundle, MalformedSeal, MalformedStatement, errorOf } = errors;
const messages = {
  "These are not the bytes of a {kind}: {reason}.": "Dies ist kein {kind}: {reason}.",
  "This is not a statement that can be read: {reason}.": "Nicht lesbar: {reason}.",
  "{given} of the {needed} custodians that must agree gave their part of the key: {reason}.":
    "{given} von {needed}: {reason}.",
  "it has {given} bytes": "es hat {given} Bytes",
  "it is not JSON": "es ist kein JSON",
  letter: "Brief",
  "Number {nonce} is used.": "Nummer {nonce} ist verbraucht.",
  "Nothing was sent.": "Nichts wurde gesendet.",
  "The file nests deeper than {most} levels.": "Die Datei ist tiefer als {most} Ebenen.",
};

before(async () => {
  globalThis.fetch = async () => Response.json({ lang: "de", messages });
  await loadCatalogue("de", "/catalogue/de.json");
});

/** @param {any} error what the page says of it, once it has crossed from the worker */
const said = (error) => problemOf(structuredClone(asTold(error))).sentence;

test("a reason is told in the page's language, with its values", () => {
  const error = new MalformedSeal("it has {given} bytes", { given: 3, kind: "key" });
  assert.equal(error.sentence, "These are not the bytes of a key: it has 3 bytes.");
  assert.equal(said(error), "Dies ist kein key: es hat 3 Bytes.");
  assert.equal(said(new MalformedStatement("it is not JSON")), "Nicht lesbar: es ist kein JSON.");
  assert.equal(
    said(new InvalidBundle("The file nests deeper than {most} levels.", { most: 64 })),
    "Die Datei ist tiefer als 64 Ebenen.",
  );
});

test("a reason that the catalogue lacks stays as it came, within the translated sentence", () => {
  const error = new MalformedStatement("it has {count} corners", { count: 4 });
  assert.equal(said(error), "Nicht lesbar: it has 4 corners.");
});

test("a value is not filled or translated as if it were a text", () => {
  const error = new MalformedSeal("it has {given} bytes", { given: "{kind}", kind: "key" });
  assert.equal(said(error), "Dies ist kein key: es hat {kind} Bytes.");
  const other = new MalformedSeal("it has {given} bytes", { given: "it is not JSON", kind: "key" });
  assert.equal(said(other), "Dies ist kein key: es hat it is not JSON Bytes.");
});

test("a value that is a word of ours is told in the page's language", () => {
  const error = new MalformedSeal("it has {given} bytes", { given: 3n, kind: "letter" });
  assert.equal(said(error), "Dies ist kein Brief: es hat 3 Bytes.");
});

test("what several custodians said is told in the page's language, one after the other", () => {
  const each = [
    ["North", new MalformedSeal("it has {given} bytes", { given: 3, kind: "key" })],
    ["South", new MalformedStatement("it is not JSON")],
  ];
  const reasons =
    "North: These are not the bytes of a key: it has 3 bytes; " +
    "South: This is not a statement that can be read: it is not JSON";
  const error = new errors.NotEnoughShares("{reasons}", { given: 0, needed: 2, reasons });
  error.because = each.map(([custodian, one]) => ({ custodian, error: asTold(one) }));
  assert.equal(
    said(error),
    "0 von 2: North: Dies ist kein key: es hat 3 Bytes; South: Nicht lesbar: es ist kein JSON.",
  );
});

test("a kind that only the node knows tells its own texts, and they are translated", () => {
  const texts = { sentence: "Number {nonce} is used.", unharmed: "Nothing was sent.", remedy: "" };
  const told = { error: "SomeRefusal", ...texts, sentence: "Number 7 is used.", facts: { nonce: 7 } };
  const error = problemOf(structuredClone(asTold(errorOf({ ...told, texts }, "The node"))));
  assert.equal(error.sentence, "Nummer 7 ist verbraucht.");
  assert.equal(error.unharmed, "Nichts wurde gesendet.");
});

test("a step of a check tells its reason in the page's language too", () => {
  const step = fails(toldOf(new MalformedSeal("it has {given} bytes", { given: 3, kind: "key" })));
  assert.equal(toldText(step), "Dies ist kein key: es hat 3 Bytes.");
});

const refusal = {
  error: "MalformedSeal",
  sentence: "These are not the bytes of a key: it has 3 bytes.",
  reason: "it has {given} bytes",
  facts: { given: 3, kind: "key" },
};

test("what the node refused is told in the page's language", () => {
  const error = errorOf(refusal, "The node");
  assert.equal(error.sentence, refusal.sentence);
  assert.equal(said(error), "Dies ist kein key: es hat 3 Bytes.");
});

test("a sentence that is not made of its reason and facts is shown as it came", () => {
  const others = [{ reason: undefined }, { reason: 7 }, { reason: "another" }, { facts: {} }];
  for (const other of [...others, { sentence: "It is another." }]) {
    const told = { ...refusal, ...other };
    assert.equal(said(errorOf(told, "The node")), told.sentence, JSON.stringify(other));
  }
});
