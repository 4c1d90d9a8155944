// Records are shown for people: every resource of a whole chart, by its kind.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { recordBody, resourcesOf } from "../../../app/web/browser/page/fhir/index.js";
import { series, trend } from "../../../app/web/browser/page/fhir/trend.js";
import { read } from "./flat.mjs";

const bundle = JSON.parse(readFileSync(/** @type {string} */ (process.env.BUNDLE), "utf8"));
globalThis.navigator ??= /** @type {any} */ ({ pdfViewerEnabled: false });

const shown = (resource, others = []) =>
  read(recordBody({ json: resource, mediaType: "application/fhir+json" }, { others })).split(
    "The record exactly as it was signed",
  )[0];
const of = (kind) => resourcesOf(bundle).filter(({ resourceType }) => resourceType === kind);

test("every resource of a chart is shown without codes gone astray", () => {
  const kinds = new Set();
  for (const resource of resourcesOf(bundle)) {
    const text = shown(resource);
    kinds.add(resource.resourceType);
    assert.ok(text.length > 5, resource.resourceType);
    assert.doesNotMatch(text, /undefined|\[object|NaN|urn:uuid|null/, resource.resourceType);
  }
  assert.ok(kinds.size >= 14, [...kinds].join());
});

test("a dangerous allergy says so", () => {
  const [high] = of("AllergyIntolerance").filter(({ criticality }) => criticality === "high");
  assert.match(shown(high), /dangerous to life/);
});

test("references within a record are told by name", () => {
  const encounter = of("Encounter")[0];
  const whole = {
    resourceType: "Bundle",
    entry: bundle.entry.filter(
      ({ resource }) =>
        resource === encounter || ["Practitioner", "Organization"].includes(resource.resourceType),
    ),
  };
  assert.match(shown(whole), /Test-Doctor/);
});

test("an unknown kind is shown by its own fields", () => {
  const text = shown({
    resourceType: "VisionPrescription",
    status: "active",
    lensSpecification: [{ eye: "right" }],
  });
  assert.match(text, /Vision prescription/i);
  assert.match(text, /eye: right/);
});

test("markup in a record stays text", () => {
  const evil = "<img src=x onerror=alert(1)>";
  const result = recordBody({ json: { resourceType: "Condition", code: { text: evil } } });
  /** @type {{texts: string[], markup: string[]}} */
  const found = { texts: [], markup: [] };
  const walk = (/** @type {any} */ part) => {
    if (typeof part === "string") found.texts.push(part);
    if (part?.strings) found.markup.push(...part.strings);
    for (const inner of Array.isArray(part) ? part : part?.strings ? part.values : []) walk(inner);
  };
  walk(result);
  assert.ok(found.texts.includes(evil));
  assert.ok(!found.markup.join("").includes("onerror"));
});

const observation = (day, value, unit = "mg/dL", more = {}) => ({
  resourceType: "Observation",
  status: "final",
  effectiveDateTime: day,
  code: { coding: [{ system: "http://loinc.org", code: "2093-3" }], text: "Cholesterol" },
  valueQuantity: { value, unit },
  ...more,
});

test("a trend holds one code, one unit, and nothing entered in error", () => {
  const all = [
    observation("2024-01-01", 200),
    observation("2023-01-01", 190),
    observation("2022-01-01", 5, "mmol/L"),
    observation("2021-01-01", 999, "mg/dL", { status: "entered-in-error" }),
    observation("2020-01-01", 1, "mg/dL", { code: { coding: [{ code: "other" }] } }),
  ];
  const points = series(all, "http://loinc.org|2093-3");
  assert.deepEqual(
    points.map(({ value }) => value),
    [190, 200],
  );
});

test("one value alone has no trend, equal values have one", () => {
  const points = (...days) =>
    series(
      days.map((day) => observation(day, 7)),
      "http://loinc.org|2093-3",
    );
  assert.equal(read(trend("x", points("2024-01-01"))), "");
  assert.match(read(trend("x", points("2024-01-01", "2025-01-01"))), /mg\/dL/);
});
