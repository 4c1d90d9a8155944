// Owns what is open: bodies in memory until the session ends, large ones as files of this browser.

import { hex, join, random, text } from "../core/bytes.js";
import { ChartkeyError, ContentMismatch } from "../core/errors.js";
import { OPENED, hasFiles, writeFile } from "./files.js";
import { inTurns } from "./turns.js";

/** @import { Bytes } from "../core/bytes.js" */

const IN_MEMORY = 16 << 20;
/** Bytes up to which a body is held in memory. */
const KEPT = 64 << 20;
/** Bytes of bodies that are kept open at once; beyond it the oldest are let go. */
const AT_ONCE = 6;

const EXTENSIONS = {
  "application/fhir+json": "json",
  "application/json": "json",
  "application/pdf": "pdf",
  "application/dicom": "dcm",
  "image/jpeg": "jpg",
  "image/png": "png",
  "image/svg+xml": "svg",
  "image/webp": "webp",
  "text/plain": "txt",
};

/** Types that a browser shows without running anything. */
const SAFE = new Set([
  ...["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "text/plain"],
  ...["application/pdf", "application/dicom", "application/json", "application/fhir+json"],
]);

/** @typedef {import("./reading.js").Opened} Opened */
/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** Records that are open on this device. */
export class Opening {
  /**
   * @param {import("./identity.js").Identity} me
   * @param {{charting: import("./charting.js").Charting, reading: import("./reading.js").Reading,
   *   consent: import("./consent.js").Consent}} parts
   */
  constructor(me, { charting, reading, consent }) {
    this.me = me;
    this.charting = charting;
    this.reading = reading;
    this.consent = consent;
    /** @type {Map<string, any>} */
    this.opened = new Map();
  }

  /** @param {string} digest */
  isOpen(digest) {
    return this.opened.has(digest);
  }

  /**
   * One record, from memory where it is open already.
   * @param {{digest: string, grant?: string, purpose?: string, fresh?: boolean}} asked
   * @param {Call} call
   */
  async one({ digest, grant, purpose, fresh = false }, call) {
    const known = this.opened.get(digest);
    if (known && !fresh) return { ...known, faults: [] };
    const [ready] = await this.#ready([digest], grant, purpose, call.signal);
    const told = await this.#tell(await ready.open(), call);
    return { ...told, faults: this.reading.faults };
  }

  /**
   * Many records with one signature; each is told as it opens.
   * @param {{digests: string[], grant?: string, purpose?: string}} asked
   * @param {Call} call
   */
  async many({ digests, grant, purpose }, call) {
    /** @type {string[]} */
    const done = [];
    /** @type {{digest: string, error: any}[]} */
    const failed = [];
    const total = digests.length;
    const tell = (/** @type {any} */ told) =>
      call.progress({ step: "open", done: done.length + failed.length, total, ...told });
    const open = digests.filter((digest) => this.opened.has(digest));
    for (const digest of open) {
      done.push(digest);
      tell({ opened: this.opened.get(digest) });
    }
    const closed = digests.filter((digest) => !this.opened.has(digest));
    const ready = closed.length ? await this.#ready(closed, grant, purpose, call.signal) : [];
    await inTurns(ready, AT_ONCE, async ({ file, open: begin }) => {
      call.signal?.throwIfAborted();
      const digest = hex(file.digest);
      try {
        const opened = await this.#tell(await begin(), { ...call, progress: () => {} });
        done.push(digest);
        tell({ opened });
      } catch (error) {
        if (!(error instanceof ChartkeyError)) throw error;
        failed.push({ digest, error: error.asJson() });
        tell({ failed: { digest, error: error.asJson() } });
      }
    });
    return { opened: done, failed, faults: this.reading.faults };
  }

  /**
   * A record of any size as a file.
   * @param {{digest: string, grant?: string}} asked
   * @param {Call} call
   */
  async save({ digest, grant }, call) {
    const known = this.opened.get(digest);
    if (known?.blob) {
      const { blob, fileName, mediaType } = known;
      return { blob, fileName, mediaType };
    }
    const [ready] = await this.#ready([digest], grant, undefined, call.signal);
    const { file, pieces } = await ready.open();
    const blob = await this.#toFile(file, pieces(), call);
    return { blob, fileName: fileNameOf(file), mediaType: file.mediaType };
  }

  /**
   * @param {string[]} digests
   * @param {string} [grant]
   * @param {string} [purpose]
   * @param {AbortSignal} [signal]
   */
  async #ready(digests, grant = "", purpose = "", signal = undefined) {
    const listed = await Promise.all(digests.map((digest) => this.charting.seek(digest)));
    const given = grant ? await this.consent.find(grant) : null;
    /**
     * Records are asked for by the grant and the patient that they are seen under.
     * @type {Map<string, typeof listed>}
     */
    const groups = new Map();
    for (const one of listed) {
      const under = given ?? one.grant;
      const { patient } = one.file.signed.message;
      const key = `${under ? hex(under.digest) : ""} ${patient}`;
      groups.set(key, [...(groups.get(key) ?? []), { ...one, grant: under }]);
    }
    const ready = [];
    for (const group of groups.values()) {
      const files = group.map(({ file }) => file);
      ready.push(...(await this.#attempt(files, group[0].grant, purpose, signal)));
    }
    return ready;
  }

  /**
   * A refusal of one group is a refusal of each of its records.
   * @param {any[]} files
   * @param {any} grant
   * @param {string} purpose
   * @param {AbortSignal} [signal]
   */
  async #attempt(files, grant, purpose, signal) {
    try {
      return await this.reading.openAll(files, grant, purpose, signal);
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      return files.map((file) => ({ file, open: () => Promise.reject(error) }));
    }
  }

  /**
   * An opened body as pages see it, kept until the session ends.
   * @param {Opened} opened
   * @param {Call} call
   */
  async #tell({ file, opening, pieces }, call) {
    const digest = hex(file.digest);
    const { mediaType, title, size } = file;
    const common = { digest, mediaType, title, size, opening, fileName: fileNameOf(file) };
    const content = size > IN_MEMORY
      ? { blob: await this.#toFile(file, pieces(), call) }
      : contentOf(file, join(...(await gathered(pieces(), size, call))));
    const told = { ...common, ...content };
    this.opened.delete(digest);
    this.opened.set(digest, told);
    this.charting.open.add(digest);
    this.#letGo();
    this.me.device.tell("opened", { digest });
    return told;
  }

  #letGo() {
    let total = 0;
    for (const [digest, { size }] of [...this.opened].reverse()) {
      total += Math.min(size, IN_MEMORY);
      if (total > KEPT) {
        this.opened.delete(digest);
        this.charting.open.delete(digest);
      }
    }
  }

  /**
   * @param {import("./letterbox.js").RecordFile} file
   * @param {AsyncGenerator<Bytes>} pieces
   * @param {Call} call
   */
  async #toFile(file, pieces, call) {
    const told = (/** @type {number} */ done) => {
      call.signal?.throwIfAborted();
      call.progress({ step: "open", done, total: file.size });
    };
    if (this.me.kept && hasFiles()) {
      const name = hex(random(16)).slice(2);
      const written = await writeFile(OPENED, name, pieces, told);
      return new File([written], fileNameOf(file), { type: safeType(file.mediaType) });
    }
    const parts = [];
    let done = 0;
    for await (const piece of pieces) {
      parts.push(new Blob([/** @type {BlobPart} */ (piece)]));
      done += piece.length;
      told(done);
    }
    return new File(parts, fileNameOf(file), { type: safeType(file.mediaType) });
  }
}

/** @param {AsyncGenerator<Bytes>} pieces @param {number} total @param {Call} call */
async function gathered(pieces, total, call) {
  const parts = [];
  let done = 0;
  for await (const piece of pieces) {
    call.signal?.throwIfAborted();
    parts.push(piece);
    done += piece.length;
    call.progress({ step: "open", done, total });
  }
  return parts;
}

/** @param {import("./letterbox.js").RecordFile} file @param {Bytes} body */
function contentOf(file, body) {
  const { mediaType } = file;
  const isJson = /^application\/([\w.-]+\+)?json$/.test(mediaType.split(";")[0].trim());
  if (!isJson) {
    return { blob: new File([body], fileNameOf(file), { type: safeType(mediaType) }) };
  }
  const source = text(body);
  try {
    return { text: source, json: JSON.parse(source) };
  } catch {
    throw new ContentMismatch(); // its author called it JSON
  }
}

/** Never a type that a browser would run. @param {string} mediaType */
function safeType(mediaType) {
  const known = mediaType.split(";")[0].trim().toLowerCase();
  return SAFE.has(known) ? known : "application/octet-stream";
}

/** @param {import("./letterbox.js").RecordFile} file */
function fileNameOf({ title, mediaType }) {
  const known = mediaType.split(";")[0].trim().toLowerCase();
  const extension = /** @type {Record<string, string>} */ (EXTENSIONS)[known] ?? "bin";
  const plain = title.replace(/[^\p{L}\p{N} ._-]+/gu, " ").trim();
  const name = plain.slice(0, 80) || "record";
  return name.toLowerCase().endsWith(`.${extension}`) ? name : `${name}.${extension}`;
}
