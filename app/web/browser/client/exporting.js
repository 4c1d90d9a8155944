// Owns the way of a whole chart out again: one FHIR bundle, with files as documents inside it.

import { base64, utf8 } from "../core/bytes.js";
import { ChartkeyError } from "../core/errors.js";
import { inTurns } from "./turns.js";

const AT_ONCE = 4;
const LARGEST = 64 << 20;
/** Bytes of one file that still goes into the bundle. */

/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** The own chart as one file. @param {import("./person.js").Person} person @param {Call} call */
export async function exportBundle({ charting, opening, me }, call) {
  const records = await charting.own(false);
  /** @type {Map<string, any>} by full URL, or by place where there is none */
  const entries = new Map();
  /** @type {{digest: string, error: any}[]} */
  const failed = [];
  let done = 0;
  await inTurns(records, AT_ONCE, async (record) => {
    call.signal?.throwIfAborted();
    try {
      const told = await opening.one({ digest: record.digest }, { ...call, progress: () => {} });
      for (const entry of await entriesOf(record, told)) {
        entries.set(entry.fullUrl ?? `${record.digest} ${entries.size}`, entry);
      }
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      failed.push({ digest: record.digest, error: error.asJson() });
    }
    done += 1;
    call.progress({ step: "open", done, total: records.length });
  });
  const timestamp = new Date(me.now() * 1000).toISOString();
  const entry = [...entries.values()];
  const bundle = { resourceType: "Bundle", type: "collection", timestamp, entry };
  const bytes = utf8(JSON.stringify(bundle));
  const blob = new Blob([bytes], { type: "application/fhir+json" });
  const fileName = `chart ${timestamp.slice(0, 10)}.json`;
  return { blob, fileName, count: records.length - failed.length, failed };
}

/** @param {any} record @param {any} told */
async function entriesOf(record, told) {
  if (told.json?.resourceType === "Bundle") return told.json.entry ?? [];
  if (told.json?.resourceType) return [{ resource: told.json }];
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
  return [{ resource }];
}
