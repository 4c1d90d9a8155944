// Owns what makes a FHIR resource specially protected: security labels and well-known codes.

import { ATC, ICD10, ICD9, LABELS, LOINC, MEDICINES, SNOMED } from "./codes.js";
import { words } from "./tables.js";

/** @import { Json } from "./json.js" */
/** @typedef {Map<string, Json>} Resource */
/** @typedef {Set<string>} Told protected categories */

const ACT_CODE = words`
  http://terminology.hl7.org/CodeSystem/v3-ActCode http://hl7.org/fhir/v3/ActCode
  urn:oid:2.16.840.1.113883.5.4
`;
const ICD10_SYSTEM = /icd-?10|2\.16\.840\.1\.113883\.6\.(3|90)\n?$/iu;
const ICD9_SYSTEM = /icd-?9|2\.16\.840\.1\.113883\.6\.(42|103|104)\n?$/iu;
const SNOMED_SYSTEM = /snomed\.info\/sct|2\.16\.840\.1\.113883\.6\.96\n?$/iu;
const LOINC_SYSTEM = /loinc\.org|2\.16\.840\.1\.113883\.6\.1\n?$/iu;
const ATC_SYSTEM = /whocc\.no\/atc|\/atc\n?$|2\.16\.840\.1\.113883\.6\.73\n?$/iu;
const MEDICINE_SYSTEM = /rxnorm|\/ndc\n?$|whocc|\/atc\n?$/iu;
const PROCEDURE_SYSTEM = /-pcs|2\.16\.840\.1\.113883\.6\.104\n?$/iu;
/** The same system as the diagnoses', one digit less. */
const ICD9_PROCEDURE = /^[0-9]{2}\./;
const LOINC_CODE = /(?<![0-9])[0-9]{1,5}-[0-9](?![0-9])/g;
const MEDICATION_TYPES = words`
  Medication MedicationRequest MedicationStatement MedicationDispense MedicationAdministration
`;

/**
 * The protected categories that a resource tells by its labels or codes; contained ones count. A
 * label counts in `meta.security` and `securityLabel` whatever its system, and an ActCode anywhere.
 * @param {Resource} resource @returns {Told}
 */
export function sensitivitiesOf(resource) {
  /** @type {Told} */
  const told = new Set();
  const meta = resource.get("meta");
  const security = meta instanceof Map ? meta.get("security") : undefined;
  for (const label of [...objects(security), ...objects(resource.get("securityLabel"))]) {
    addLabel(told, label.get("code"));
  }
  for (const node of objects(resource)) {
    addCodes(told, node);
    if (!MEDICATION_TYPES.includes(String(node.get("resourceType")))) continue;
    for (const element of ["medicationCodeableConcept", "code"]) {
      for (const part of objects(node.get(element))) {
        addMedicines(told, part.get("text"));
        addMedicines(told, part.get("display"));
      }
    }
  }
  return told;
}

/**
 * Every object in a value, itself included.
 * @param {Json | undefined} value @returns {Generator<Resource>}
 */
function* objects(value) {
  const waiting = [value];
  while (waiting.length) {
    const node = waiting.pop();
    if (node instanceof Map) {
      yield node;
      waiting.push(...[...node.values()].filter((v) => v instanceof Map || Array.isArray(v)));
    } else if (Array.isArray(node)) {
      for (const item of node) waiting.push(item);
    }
  }
}

/** @param {Told} told @param {Json | undefined} code */
function addLabel(told, code) {
  const kind = typeof code === "string" ? LABELS.get(code) : undefined;
  if (kind !== undefined) told.add(kind);
}

/**
 * What one object tells: a Coding by system and code, a questionnaire by its LOINC numbers.
 * @param {Told} told @param {Resource} node
 */
function addCodes(told, node) {
  const [system, code] = [node.get("system"), node.get("code")];
  if (typeof system === "string" && typeof code === "string") {
    addCode(told, system, code);
    if (MEDICINE_SYSTEM.test(system)) addMedicines(told, node.get("display"));
  }
  for (const key of ["linkId", "questionnaire"]) {
    const named = node.get(key);
    if (typeof named !== "string") continue;
    for (const number of named.match(LOINC_CODE) ?? []) addListed(told, LOINC, number);
  }
}

/** @param {Told} told @param {string} system @param {string} code */
function addCode(told, system, code) {
  if (ACT_CODE.includes(system)) {
    addLabel(told, code);
  } else if (ICD10_SYSTEM.test(system) && !PROCEDURE_SYSTEM.test(system)) {
    addByPrefix(told, ICD10, code);
  } else if (ICD9_SYSTEM.test(system) && !PROCEDURE_SYSTEM.test(system)) {
    if (!ICD9_PROCEDURE.test(code)) addByPrefix(told, ICD9, code);
  } else if (SNOMED_SYSTEM.test(system)) {
    addListed(told, SNOMED, code);
  } else if (LOINC_SYSTEM.test(system)) {
    addListed(told, LOINC, code);
  } else if (ATC_SYSTEM.test(system)) {
    addByPrefix(told, ATC, code);
  }
}

/**
 * @param {Told} told @param {[string, string[]][]} table the first line that fits decides
 * @param {string} code
 */
function addByPrefix(told, table, code) {
  const plain = code.replaceAll(".", "").toUpperCase();
  const found = table.find(([, prefixes]) => prefixes.some((start) => plain.startsWith(start)));
  if (found !== undefined) told.add(found[0]);
}

/** @param {Told} told @param {[string, Set<string>][]} table @param {string} code */
function addListed(told, table, code) {
  for (const [kind, codes] of table) if (codes.has(code)) told.add(kind);
}

/** @param {Told} told @param {Json | undefined} written */
function addMedicines(told, written) {
  if (typeof written !== "string") return;
  const found = written.toLowerCase().match(/[a-z]+/g) ?? [];
  for (const [kind, names] of MEDICINES) if (found.some((word) => names.has(word))) told.add(kind);
}
