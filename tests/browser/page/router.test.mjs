// Owns the tests of addresses: what names a person or a record never reaches the server.

import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.location = { origin: "https://clinic.example", href: "https://clinic.example/" };
const { inward, outward } = await import("../../../app/web/browser/page/router.js");

const SOMEBODY = "0x" + "12".repeat(20);
const PLACES = [
  ["/", "/"],
  ["/app/chart", "/app/chart"],
  [`/app/patients/${SOMEBODY}`, `/app/patients#/${SOMEBODY}`],
  [`/app/patients/${SOMEBODY}/new`, `/app/patients#/${SOMEBODY}/new`],
  [`/app/patients/${SOMEBODY}/new?correct=0x34`, `/app/patients#/${SOMEBODY}/new?correct=0x34`],
  [`/app/ask?patient=${SOMEBODY}`, `/app/ask#?patient=${SOMEBODY}`],
];

test("an address comes back from how it is shown", () => {
  for (const [meant, shown] of PLACES) {
    assert.equal(outward(meant).href, location.origin + shown);
    assert.equal(inward(shown).href, location.origin + meant);
    assert.equal(outward(shown).href, location.origin + shown);
    assert.equal(inward(meant).href, location.origin + meant);
  }
});

test("the server is sent the page's own name and nothing more", () => {
  for (const [meant] of PLACES) {
    const { pathname, search } = outward(meant);
    assert.ok(!(pathname + search).includes("0x"), meant);
  }
});

test("a place within a page is no address", () => {
  assert.equal(inward("/app/chart#main").href, "https://clinic.example/app/chart");
});
