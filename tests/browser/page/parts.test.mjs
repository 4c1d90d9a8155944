// The small parts that pages share: addresses, texts, times, amounts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ether } from "../../../app/web/browser/page/costs.js";
import { addressIn } from "../../../app/web/browser/page/qr.js";
import { fit } from "../../../app/web/browser/page/router.js";
import { ROUTES, homeOf } from "../../../app/web/browser/page/routes.js";
import { _, ngettext, rich } from "../../../app/web/browser/page/texts.js";
import { day, dayField, fhirDay, secondsOf, untilDay } from "../../../app/web/browser/page/times.js";
import { Page } from "../../../app/web/browser/page/view.js";

test("a path gives its parameters, and no other path fits", () => {
  assert.deepEqual(fit("/app/records/:digest", "/app/records/0x1"), { digest: "0x1" });
  assert.deepEqual(fit("/app/chart", "/app/chart/"), {});
  assert.equal(fit("/app/records/:digest", "/app/records"), null);
  assert.equal(fit("/app/chart", "/app/chart/more"), null);
});

test("nobody who is not signed in reaches more than the public pages", () => {
  const open = ROUTES.filter((route) => route.for === null).map(({ path }) => path);
  assert.deepEqual(open.sort(), ["/", "/app/join", "/app/try", "/app/unlock", "/app/verify"]);
});

test("everybody begins on a page that they may see", () => {
  const nobody = {
    enrolled: true,
    patient: false,
    roles: [],
    registrarOf: [],
    isGovernor: false,
    isAdmin: false,
  };
  for (const change of [
    {},
    { patient: true },
    { roles: ["practitioner"] },
    { roles: ["hospital"] },
    { registrarOf: ["practitioner"] },
    { isGovernor: true },
    { isAdmin: true },
  ]) {
    const me = { ...nobody, ...change };
    const home = ROUTES.find(({ path }) => path === homeOf(me));
    assert.ok(home?.for?.(me), JSON.stringify(change));
  }
});

test("placeholders are filled by name, and what has no value stays", () => {
  assert.equal(_("{a} and {b}", { a: 1 }), "1 and {b}");
  assert.equal(ngettext("{count} record", "{count} records", 1), "1 record");
  assert.equal(ngettext("{count} record", "{count} records", 2), "2 records");
  assert.deepEqual(rich("{who} looked", { who: 7 }).join(""), "7 looked");
});

test("a time that no calendar knows is told all the same", () => {
  assert.equal(untilDay(2 ** 47), "without an end");
  assert.match(day(2 ** 47), /9999/);
});

test("a FHIR date is told as exactly as it was written", () => {
  assert.equal(fhirDay("2026"), "2026");
  assert.equal(fhirDay("2026-03"), "March 2026");
  assert.match(fhirDay("2026-03-09"), /March 9, 2026|9 March 2026/);
  assert.equal(fhirDay("sometime"), "sometime");
});

test("the last day of a permission is whole", () => {
  const end = secondsOf("2027-01-31");
  assert.equal(dayField(end), "2027-01-31");
  assert.equal(dayField(end + 1), "2027-02-01");
  assert.equal(secondsOf("soon"), 0);
});

test("wei are told as ETH without rounding up to nothing", () => {
  assert.equal(ether("63000000000000"), "0.000063 ETH");
  assert.equal(ether("1500000000000000000"), "1.5 ETH");
  assert.equal(ether("0"), "0 ETH");
  assert.match(ether("1"), /less than/);
});

test("an address is found in what a QR code says", () => {
  const address = "0x8617E340B3D01FA5F11F306F4090FD50E238070D";
  assert.equal(addressIn(`ethereum:${address}@1`), address);
  assert.equal(addressIn("https://example.org"), "");
});

const host = /** @type {any} */ ({ refresh() {}, note() {} });

test("an action runs once, however often it is pressed", async () => {
  const page = new Page(host, {}, new URLSearchParams());
  let runs = 0;
  /** @type {() => void} */
  let finish = () => {};
  const action = page.action(
    () =>
      new Promise((resolve) => {
        runs += 1;
        finish = () => resolve(1);
      }),
  );
  const first = action.run();
  await action.run();
  finish();
  assert.equal(await first, 1);
  assert.equal(runs, 1);
  assert.equal(action.busy, false);
});

test("an action's failure is told, and goes with the next run", async () => {
  const page = new Page(host, {}, new URLSearchParams());
  let fails = true;
  const action = page.action(async () => {
    if (fails) throw Object.assign(new Error("no"), { sentence: "It failed." });
  });
  await action.run();
  assert.equal(action.error?.sentence, "It failed.");
  fails = false;
  await action.run();
  assert.equal(action.error, undefined);
});

test("what was asked for last counts, whatever comes last", async () => {
  const page = new Page(host, {}, new URLSearchParams());
  /** @type {((value: number) => void)[]} */
  const answers = [];
  const loading = page.load(() => new Promise((resolve) => answers.push(resolve)));
  const again = loading.again();
  answers[1](2);
  await again;
  answers[0](1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(loading.value, 2);
});
