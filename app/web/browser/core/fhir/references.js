// Owns who refers to whom in a Bundle: every Reference and attachment URL, resolved to an entry.

import { words } from "./tables.js";

/** @import { Json } from "./json.js" */
/** @import { Entry } from "./text.js" */

/**
 * @typedef {{role: string, text: string, target: number | null}} Link the dotted element that
 * refers, its text, and where it leads
 */

const VERSION = /\/_history\/[^/]*$/;
const SUBJECTS = words`subject patient beneficiary`;
const ATTACHMENTS = words`attachment content presentedForm contentAttachment valueAttachment`;

/**
 * Whether a link names an encounter, be it in the Bundle or by its URL elsewhere.
 * @param {Link} link @param {Entry[]} entries
 */
export function leadsToEncounter({ role, text, target }, entries) {
  if (text.startsWith("#")) return false;
  if (target === null) return text.includes("Encounter/") || role.endsWith("encounter");
  return entries[target].kind === "Encounter";
}

/**
 * Whether a link makes the resource one about a patient other than the Bundle's; searches and
 * contained or foreign-typed subjects are given the benefit of the doubt.
 * @param {Link} link @param {number} patient
 */
export function namesForeignPatient({ role, text, target }, patient) {
  if (!SUBJECTS.includes(role) || target === patient || text.startsWith("#")) return false;
  if (target !== null || text.includes("?")) return false;
  return text.includes("Patient/") || text.startsWith("urn:");
}

/** An entry as others may call it. @param {Entry} entry */
export const typeAndId = ({ kind, resource }) =>
  resource.has("id") ? `${kind}/${resource.get("id")}` : null;

/**
 * The links of every entry, in source order; contained resources' links are their holder's.
 * @param {Entry[]} entries @returns {Link[][]}
 */
export function linksOf(entries) {
  /** @type {Map<string, number>} */
  const byUrl = new Map();
  /** @type {Map<string, number>} */
  const byId = new Map();
  for (const entry of entries) {
    if (entry.fullUrl !== null) byUrl.set(entry.fullUrl, entry.index);
    const name = typeAndId(entry);
    if (name !== null) byId.set(name, entry.index);
  }
  return entries.map((entry) =>
    [...references(entry.resource)].map(([role, text]) => {
      return { role, text, target: resolve(entries, byUrl, byId, entry, text) };
    }),
  );
}

/**
 * By FHIR R4's rules for Bundles (https://hl7.org/fhir/R4/bundle.html#references), then by id.
 * @param {Entry[]} entries @param {Map<string, number>} byUrl @param {Map<string, number>} byId
 * @param {Entry} entry @param {string} text
 */
function resolve(entries, byUrl, byId, entry, text) {
  const plain = text.split("#")[0].replace(VERSION, "");
  if (!plain || plain.includes("?")) return null;
  const direct = byUrl.get(plain);
  if (direct !== undefined) return direct;
  const absolute = plain.includes(":");
  if (!absolute && entry.fullUrl !== null && entry.fullUrl.startsWith("http")) {
    const own = `${entry.kind}/${entry.resource.get("id") ?? "None"}`;
    const { fullUrl } = entry;
    const base = fullUrl.endsWith(own) ? fullUrl.slice(0, -own.length) : fullUrl;
    const beside = byUrl.get(base + plain);
    if (beside !== undefined) return beside;
  }
  if (absolute && !plain.startsWith("http")) return null;
  // an absolute URL to a server's resource meets an entry whose fullUrl is a urn by its id
  const found = byId.get(plain.split("/").slice(-2).join("/"));
  if (found === undefined) return null;
  return absolute && entries[found].fullUrl?.startsWith("http") ? null : found;
}

/**
 * Every (dotted element, reference) of a resource, in document order.
 * @param {Map<string, Json>} resource @returns {Generator<[string, string]>}
 */
function* references(resource) {
  /** @type {[string[], Json][]} */
  const waiting = [[[], resource]];
  while (waiting.length) {
    const [path, value] = /** @type {[string[], Json]} */ (waiting.pop());
    if (Array.isArray(value)) {
      for (let i = value.length - 1; i >= 0; i -= 1) waiting.push([path, value[i]]);
    } else if (value instanceof Map) {
      const [reference, url] = [value.get("reference"), value.get("url")];
      if (typeof reference === "string") yield [path.join("."), reference];
      const isAttachment = path.length > 0 && ATTACHMENTS.includes(path[path.length - 1]);
      if (typeof url === "string" && isAttachment) yield [[...path, "url"].join("."), url];
      for (const [name, child] of [...value].reverse()) waiting.push([[...path, name], child]);
    }
  }
}
