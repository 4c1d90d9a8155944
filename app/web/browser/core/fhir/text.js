// Owns the strict reading of a FHIR Bundle's JSON: its entries, each with its original text.
//
// Each resource keeps the slice of text that it was parsed from, so that a body can be cut from the
// source instead of being written anew: 1.50 stays 1.50 (app/core/fhir_text.py).

import { InvalidBundle } from "../errors.js";
import { JsonFault, JsonReader } from "./json.js";

/** @import { Json } from "./json.js" */

/**
 * One entry of a Bundle: what its resource says, and the very text that says it.
 * @typedef {object} Entry
 * @property {number} index its place in the Bundle, from 0
 * @property {number} place the same from 1, as people are told it
 * @property {string} kind the resource type
 * @property {string | null} fullUrl
 * @property {string | null} fullUrlText the JSON string as it stands in the source
 * @property {Map<string, Json>} resource
 * @property {string} text
 */
/** @typedef {{start: number, end: number, value: any}} Part */

/** Deepest nesting of objects and arrays that is read; FHIR itself stays far below. */
const MOST_LEVELS = 64;

/**
 * The Bundle's own members but `entry`, and its entries in their order.
 * @param {Uint8Array} source @returns {{bundle: Map<string, Json>, entries: Entry[]}}
 */
export function readBundle(source) {
  const text = decoded(source);
  requireShallow(text);
  const members = read(text);
  if (members.get("resourceType")?.value !== "Bundle") {
    throw new InvalidBundle("The file is JSON but not a FHIR Bundle.");
  }
  /** @type {any[]} */
  const listed = members.get("entry")?.value ?? [];
  const own = [...members].filter(([name]) => name !== "entry");
  return {
    bundle: new Map(own.map(([name, part]) => [name, part.value])),
    entries: listed.map((element, i) => entryOf(text, i, element)),
  };
}

/** @param {Uint8Array} source */
function decoded(source) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(source);
  } catch {
    throw new InvalidBundle("The file is not UTF-8 text.");
  }
}

/** @param {string} text */
function requireShallow(text) {
  let level = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c && i + 1 < text.length) i += 1;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) {
      quoted = true;
    } else if (code === 0x7b || code === 0x5b) {
      level += 1;
      if (level > MOST_LEVELS) {
        throw new InvalidBundle("The file nests deeper than {most} levels.", { most: MOST_LEVELS });
      }
    } else if (code === 0x7d || code === 0x5d) {
      level -= 1;
    }
  }
}

/** @param {string} text @param {number} index @param {any} element @returns {Entry} */
function entryOf(text, index, element) {
  const place = index + 1;
  if (!(element instanceof Map)) {
    throw new InvalidBundle("Entry {place} is not a JSON object.", { place });
  }
  /** @type {Part | undefined} */
  const resource = element.get("resource");
  if (resource === undefined) {
    throw new InvalidBundle("Entry {place} holds no resource.", { place });
  }
  if (!(resource.value instanceof Map)) {
    throw new InvalidBundle("Entry {place} has a resource that is not a JSON object.", { place });
  }
  const kind = resource.value.get("resourceType");
  if (typeof kind !== "string" || !kind) {
    throw new InvalidBundle("Entry {place} has a resource without a resourceType.", { place });
  }
  /** @type {Part | undefined} */
  const fullUrl = element.get("fullUrl");
  if (fullUrl !== undefined && (typeof fullUrl.value !== "string" || !fullUrl.value)) {
    throw new InvalidBundle("Entry {place} has a fullUrl that is not a string.", { place });
  }
  return {
    index,
    place,
    kind,
    fullUrl: fullUrl ? fullUrl.value : null,
    fullUrlText: fullUrl ? text.slice(fullUrl.start, fullUrl.end) : null,
    resource: resource.value,
    text: text.slice(resource.start, resource.end),
  };
}

/** @param {string} text @returns {Map<string, Part>} */
function read(text) {
  const reader = new JsonReader(text);
  try {
    reader.space();
    if (text[reader.at] !== "{") {
      reader.value();
      throw new InvalidBundle("The file is JSON but not a FHIR Bundle.");
    }
    const members = readParts(reader, true);
    reader.space();
    if (reader.at !== text.length) {
      throw new InvalidBundle("The file goes on after the end of its JSON.");
    }
    return members;
  } catch (failure) {
    if (!(failure instanceof JsonFault)) throw failure;
    throw new InvalidBundle(
      "The file is not JSON: it breaks at line {line}, column {column}.",
      failure.placeIn(text),
    );
  }
}

/**
 * The members of the object that begins here, each with its span.
 * @param {JsonReader} reader @returns {Map<string, Part>}
 */
function readParts(reader, outermost = false) {
  return reader.members((name) => {
    const start = reader.at;
    const value = outermost && name === "entry" ? readEntries(reader) : reader.value();
    return { start, end: reader.at, value };
  });
}

/** @param {JsonReader} reader @returns {any[]} */
function readEntries(reader) {
  if (reader.text[reader.at] !== "[") {
    reader.value();
    throw new InvalidBundle("The Bundle's entry is not a list.");
  }
  return reader.items(() => (reader.text[reader.at] === "{" ? readParts(reader) : reader.value()));
}
