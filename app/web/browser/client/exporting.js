// Owns the way of a whole chart out again: one FHIR bundle, with files as documents inside it.

import { base64, utf8 } from "../core/bytes.js";
import { ChartkeyError, InvalidBundle } from "../core/errors.js";
import { readBundle } from "../core/fhir/text.js";
import { inTurns } from "./turns.js";

const AT_ONCE = 4;
/** Bytes of one file that still goes into the bundle. */
const LARGEST = 64 << 20;

/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** The own chart as one file. @param {import("./person.js").Person} person @param {Call} call */
export async function exportBundle({ charting, opening, me }, call) {
  const records = await charting.own(false);
  /** @type {Map<string, string>} as JSON, by full URL, or by place where there is none */
  const entries = new Map();
  /** @type {{digest: string, error: any}[]} */
  const failed = [];
  let done = 0;
  await inTurns(records, AT_ONCE, async (record) => {
    call.signal?.throwIfAborted();
    try {
      const told = await opening.one({ digest: record.digest }, { ...call, progress: () => {} });
      for (const { url, text } of await entriesOf(record, told)) {
        entries.set(url ?? `${record.digest} ${entries.size}`, text);
      }
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      failed.push({ digest: record.digest, error: error.asJson() });
    }
    done += 1;
    call.progress({ step: "open", done, total: records.length });
  });
  const timestamp = new Date(me.now() * 1000).toISOString();
  const head = `{"resourceType":"Bundle","type":"collection","timestamp":"${timestamp}"`;
  const bytes = utf8(`${head},"entry":[${[...entries.values()].join(",")}]}`);
  const blob = new Blob([bytes], { type: "application/fhir+json" });
  const fileName = `chart ${timestamp.slice(0, 10)}.json`;
  return { blob, fileName, count: records.length - failed.length, failed };
}

/** @typedef {{url: string | null, text: string}} Written an entry as JSON, and its full URL */

/**
 * The entries of a bundle in the very text that was signed: 1.50 stays 1.50.
 * @param {any} told @returns {Written[]}
 */
function entriesIn({ text, json }) {
  try {
    return readBundle(utf8(text)).entries.map(({ fullUrl, fullUrlText, text: resource }) => ({
      url: fullUrl,
      text: `{${fullUrlText ? `"fullUrl":${fullUrlText},` : ""}"resource":${resource}}`,
    }));
  } catch (error) {
    if (!(error instanceof InvalidBundle)) throw error;
    // others may write bundles that an import would refuse: their entries leave as they are read
    return (json.entry ?? []).map((/** @type {any} */ entry) => ({
      url: entry.fullUrl ?? null,
      text: JSON.stringify(entry),
    }));
  }
}

/** @param {any} record @param {any} told @returns {Promise<Written[]>} */
async function entriesOf(record, told) {
  if (told.json?.resourceType === "Bundle") return entriesIn(told);
  if (told.json?.resourceType) return [{ url: null, text: `{"resource":${told.text}}` }];
  const blob = told.blob ?? new Blob([told.text ?? ""], { type: record.mediaType });
  const attachment = {
    contentType: record.mediaType,
    title: told.fileName,
    creation: new Date(record.issuedAt * 1000).toISOString(),
    ...(blob.size <= LARGEST && { data: base64(new Uint8Array(await blob.arrayBuffer())) }),
  };
  const resource = {
    resourceType: "DocumentReference",
    status: "current",
    date: attachment.creation,
    description: record.title,
    content: [{ attachment }],
  };
  return [{ url: null, text: JSON.stringify({ resource }) }];
}
