// Owns the way from a FHIR R4 Bundle to the records of a chart, each cut from the original text.
//
// A record holds what one encounter (or one report, document or study that stands alone) adds to
// one category. docs/categories.md tells the rules in words; app/core/bundles.py makes the same
// bytes.

import { utf8 } from "./bytes.js";
import { InvalidBundle } from "./errors.js";
import { timeOf, titleOf } from "./fhir/names.js";
import { Plan } from "./fhir/plan.js";
import { requireR4 } from "./fhir/r4.js";
import { linksOf, namesForeignPatient, typeAndId } from "./fhir/references.js";
import { readBundle } from "./fhir/text.js";

export { categoryOf } from "./fhir/sorting.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Link } from "./fhir/references.js" */
/** @import { Entry } from "./fhir/text.js" */

/**
 * What is sealed as one record, and what its author says about it in sealed metadata.
 * @typedef {object} BundleRecord
 * @property {string} category
 * @property {string | null} issued the time of the encounter, report or document, as FHIR writes it
 * @property {string} title
 * @property {string} mediaType
 * @property {Bytes} body
 * @property {number[]} entries places in the source, from 0, of everything in the body
 */

export const MEDIA_TYPE = "application/fhir+json";

/**
 * The records of a FHIR R4 Bundle, in the order in which the source begins them. Each body is a
 * Bundle whose fullUrl and resource are slices of the source, never rewritten; every entry is in at
 * least one of them. Raises InvalidBundle with one sentence, which holds no id and no value from
 * the source.
 * @param {Uint8Array} source @returns {{records: BundleRecord[], entryCount: number}}
 */
export function split(source) {
  const { bundle, entries } = readBundle(source);
  requireR4(bundle, entries);
  requireDistinct(entries);
  const links = linksOf(entries);
  requireOnePatient(entries, links);
  const plan = new Plan(entries, links);
  const records = plan.groups.map(({ home, category, members }) => {
    const places = [...new Set([...members, ...plan.needed(members, category)])].sort(byNumber);
    return {
      category,
      issued: issuedOf(typeof home === "number" ? [home, ...members] : members, entries),
      title: titleOf(members.map((place) => entries[place].resource)),
      mediaType: MEDIA_TYPE,
      body: bodyOf(places.map((place) => entries[place])),
      entries: places,
    };
  });
  if (new Set(records.flatMap((record) => record.entries)).size !== entries.length) {
    throw new Error("an entry of the Bundle is in no record");
  }
  return { records, entryCount: entries.length };
}

/** @param {number} a @param {number} b */
const byNumber = (a, b) => a - b;

/** @param {number[]} places @param {Entry[]} entries */
function issuedOf(places, entries) {
  for (const place of places) {
    const time = timeOf(entries[place].resource);
    if (time !== null) return time;
  }
  return null;
}

/** @param {Entry[]} entries */
function requireDistinct(entries) {
  /** @type {Map<string, number>} */
  const counted = new Map();
  const names = entries.map((entry) => {
    const own = new Set([entry.fullUrl, typeAndId(entry)].filter((name) => name !== null));
    for (const name of own) counted.set(name, (counted.get(name) ?? 0) + 1);
    return own;
  });
  for (const entry of entries) {
    if ([...names[entry.index]].some((name) => /** @type {number} */ (counted.get(name)) > 1)) {
      throw new InvalidBundle("Entry {place} has the same id or fullUrl as another entry.", {
        place: entry.place,
      });
    }
  }
}

/** @param {Entry[]} entries @param {Link[][]} links */
function requireOnePatient(entries, links) {
  const patients = entries.filter((entry) => entry.kind === "Patient");
  const count = patients.length;
  if (count === 0) {
    throw new InvalidBundle("A chart is about one patient, and the Bundle holds none.");
  }
  if (count !== 1) {
    throw new InvalidBundle("A chart is about one patient, and the Bundle holds {count}.", {
      count,
    });
  }
  for (const entry of entries) {
    if (links[entry.index].some((link) => namesForeignPatient(link, patients[0].index))) {
      throw new InvalidBundle("Entry {place} is about a patient who is not in the Bundle.", {
        place: entry.place,
      });
    }
  }
}

/** @param {Entry[]} entries */
function bodyOf(entries) {
  const written = entries.map(({ fullUrlText, text }) => {
    const url = fullUrlText === null ? "" : `"fullUrl":${fullUrlText},`;
    return `{${url}"resource":${text}}`;
  });
  return utf8(`{"resourceType":"Bundle","type":"collection","entry":[${written.join(",")}]}`);
}
