// Owns the sealed body: AES-256-GCM in 64 KiB segments (docs/formats.md, section 6), on WebCrypto.

import { createSHA256 } from "hash-wasm";
import { equal, gcm, hkdf, join, random, uint, unhex, utf8 } from "./bytes.js";
import { JSON_KIND, JSON_MOST, contentRoot, jsonElements, opaqueElements } from "./content.js";
import { BodyAltered, BodyTruncated, ContentMismatch, KeyNotOfBody } from "./errors.js";
import { MalformedSeal, StoreAltered, UnknownSuite, UnknownVersion } from "./errors.js";
import { PieceReader } from "./pieces.js";

export { PieceReader, piecesOf } from "./pieces.js";

/** @import { Bytes } from "./bytes.js" */
/** @import { Domains, Message } from "./typed_data.js" */
/** @import { Pieces } from "./pieces.js" */

/** @typedef {{a: Bytes, b: Bytes}} Halves */
/**
 * @typedef {{chainId: number, registry: string, patient: string, author: string, category: string,
 * contentRoot: Bytes}} Context what a body key is bound to
 */
/** @typedef {{key: Bytes, commitment: Bytes, prefix: Bytes, header: Bytes}} BodyKey */
/** @typedef {{halves: Halves, context: Context}} Sealing */
/** @typedef {Awaited<ReturnType<typeof gcm>>} Cipher */
/** @typedef {{number: number, bytes: Bytes, ends: boolean}} Run segments, from the first's number on */

const KIND = "sealed body";
const SEGMENT = 1 << 16;
const TAG = 16;
export const HEADER = 40;
/** Segments that are sealed or opened at once, and handed on as one piece. */
const AT_ONCE = 16;

/** Both halves of a new record's key, never used for a second body. @returns {Halves} */
export const newHalves = () => ({ a: random(32), b: random(32) });

/**
 * What the body of a record (its statement's message) is bound to.
 * @param {Message} record @param {Domains} domains @returns {Context}
 */
export const contextOf = ({ patient, author, category, contentRoot }, domains) => ({
  chainId: domains.chainId,
  registry: domains.records.verifyingContract,
  patient,
  author,
  category,
  contentRoot,
});

/** @param {Halves} halves @param {Context} context @returns {Promise<BodyKey>} */
export async function bodyKey({ a, b }, context) {
  if (a.length !== 32 || b.length !== 32) {
    throw new MalformedSeal("a half has 32 bytes", { kind: "key half" });
  }
  const info = join(
    utf8("chartkey/body/1"),
    uint(context.chainId, 8),
    unhex(context.registry, 20),
    unhex(context.patient, 20),
    unhex(context.author, 20),
    context.contentRoot,
    utf8(context.category),
  );
  const okm = await hkdf(join(a, b), info, 71);
  const commitment = okm.slice(32, 64);
  const header = join(utf8("CKB"), new Uint8Array([1, 1, 0, 0, 0]), commitment);
  return { key: okm.slice(0, 32), commitment, prefix: okm.slice(64), header };
}

/** From it the salts of the content's elements derive. @param {Halves} halves */
export const contentSecret = ({ a, b }) => hkdf(join(a, b), utf8("chartkey/content/1"));

/** Bytes of a sealed body. @param {number} size of the plaintext */
export const sealedSize = (size) => HEADER + size + TAG * Math.max(1, Math.ceil(size / SEGMENT));

/** @param {BodyKey} key @param {number} segment @param {boolean} last */
const nonce = (key, segment, last) =>
  join(key.prefix, uint(segment, 4), new Uint8Array([last ? 1 : 0]));

/**
 * Runs of segments, each with its first number and whether the last of them ends the input.
 * @param {PieceReader} reader @param {number} size of a segment @returns {AsyncGenerator<Run>}
 */
async function* runs(reader, size) {
  let [number, waiting] = [0, await reader.read(size * AT_ONCE)];
  for (;;) {
    const ahead = waiting.length === size * AT_ONCE ? await reader.read(size * AT_ONCE) : null;
    const ends = ahead === null || ahead.length === 0;
    yield { number, bytes: waiting, ends };
    if (ends) return;
    [number, waiting] = [number + AT_ONCE, ahead];
  }
}

/** @param {Bytes} bytes @param {number} size @returns {Bytes[]} at least one segment */
const segments = (bytes, size) =>
  Array.from({ length: Math.max(1, Math.ceil(bytes.length / size)) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );

/**
 * What comes of each run, in order. Ciphers work in other threads: the next run is theirs while this
 * one's outcome is used.
 * @param {AsyncIterable<Run>} all @param {(run: Run) => Promise<Bytes>} work
 * @returns {AsyncGenerator<Bytes>}
 */
async function* oneAhead(all, work) {
  /** @type {Promise<Bytes> | null} */
  let ahead = null;
  for await (const run of all) {
    const next = work(run);
    next.catch(() => {}); // it is raised where it is waited for, if it is waited for
    if (ahead) yield await ahead;
    ahead = next;
  }
  if (ahead) yield await ahead;
}

/** A body as it is being sealed: its pieces in order, and in the end its hash. */
class SealedStream {
  /** @param {Pieces | PieceReader} pieces @param {BodyKey} key */
  constructor(pieces, key) {
    this.reader = PieceReader.of(pieces);
    this.key = key;
    /** Sealed bytes so far. */
    this.size = 0;
    /** @type {Bytes | null} */
    this.hash = null;
  }

  /** SHA-256 of all sealed bytes. */
  get sealedHash() {
    if (this.hash === null) throw new TypeError("the body is not sealed to its end yet");
    return this.hash;
  }

  async *[Symbol.asyncIterator]() {
    const [cipher, hasher] = await Promise.all([gcm(this.key.key), createSHA256()]);
    const hashed = (/** @type {Bytes} */ piece) => {
      hasher.update(piece);
      this.size += piece.length;
      return piece;
    };
    hasher.init();
    this.size = 0;
    yield hashed(this.key.header);
    const sealed = oneAhead(runs(this.reader, SEGMENT), (run) => this.#sealed(cipher, run));
    for await (const piece of sealed) yield hashed(piece);
    this.hash = join(hasher.digest("binary"));
  }

  /** @param {Cipher} cipher @param {Run} run @returns {Promise<Bytes>} */
  async #sealed(cipher, { number, bytes, ends }) {
    const { key } = this;
    const parts = segments(bytes, SEGMENT);
    const sealed = parts.map((part, i) => {
      const last = ends && i === parts.length - 1;
      return cipher.seal(nonce(key, number + i, last), part, key.header);
    });
    return join(...(await Promise.all(sealed)));
  }
}

/**
 * The sealed body piece by piece (`for await`), never held as a whole; `sealedHash` after the end.
 * @param {Pieces | PieceReader} pieces the plaintext @param {Sealing} sealing
 */
export const sealStream = async (pieces, { halves, context }) =>
  new SealedStream(pieces, await bodyKey(halves, context));

/** Raise unless this header can be read. @param {Bytes} header */
export function requireHeader(header) {
  if (header.length < HEADER || !equal(header.slice(0, 3), utf8("CKB"))) {
    throw new MalformedSeal("too short or of another kind", { kind: KIND });
  }
  if (header[3] !== 1) throw new UnknownVersion("", { kind: KIND, version: header[3] });
  if (header[4] !== 1) throw new UnknownSuite("", { suite: header[4] });
  if (header.subarray(5, 8).some((byte) => byte !== 0)) {
    throw new MalformedSeal("its reserved bytes are not zero", { kind: KIND });
  }
}

/**
 * The plaintext piece by piece, each only after it verified.
 * @param {PieceReader} reader @param {Sealing} sealing @returns {AsyncGenerator<Bytes>}
 */
async function* unsealed(reader, { halves, context }) {
  const header = await reader.read(HEADER);
  requireHeader(header);
  const key = await bodyKey(halves, context);
  if (!equal(header, key.header)) throw new KeyNotOfBody();
  const cipher = await gcm(key.key);
  yield* oneAhead(runs(reader, SEGMENT + TAG), (run) => verified(cipher, key, run));
}

/**
 * A run's plaintext. Raises BodyTruncated, BodyAltered.
 * @param {Cipher} cipher @param {BodyKey} key @param {Run} run @returns {Promise<Bytes>}
 */
async function verified(cipher, key, { number, bytes, ends }) {
  const parts = segments(bytes, SEGMENT + TAG);
  const isLast = (/** @type {number} */ i) => ends && i === parts.length - 1;
  const opened = await Promise.all(
    parts.map((part, i) =>
      part.length < TAG ? null : cipher.open(nonce(key, number + i, isLast(i)), part, key.header),
    ),
  );
  for (const [i, part] of parts.entries()) {
    if (part.length < TAG) throw new BodyTruncated();
    if (opened[i] === null || (part.length === TAG && number + i > 0)) {
      throw await damage(cipher, key, number + i, part, isLast(i));
    }
  }
  return join(.../** @type {Bytes[]} */ (opened));
}

/**
 * Tell a body cut off at a segment's end (or continued) from one that was altered.
 * @param {Cipher} cipher @param {BodyKey} key @param {number} segment
 * @param {Bytes} sealed @param {boolean} last
 */
async function damage(cipher, key, segment, sealed, last) {
  const isEmpty = sealed.length === TAG && segment > 0; // only an empty body has an empty segment
  const other = isEmpty ? null : await cipher.open(nonce(key, segment, !last), sealed, key.header);
  return other === null ? new BodyAltered("", { segment }) : new BodyTruncated();
}

/**
 * A record's content as it verifies; at the end the hash of all that was read, and the content
 * root. Raises StoreAltered where other bytes were sealed than signed, ContentMismatch where the
 * author signed something else than was sealed.
 * @param {Pieces | PieceReader} pieces the sealed bytes
 * @param {Sealing & {content: string, sealedHash: Bytes}} record
 * @returns {AsyncGenerator<Bytes>}
 */
export async function* openStream(pieces, { halves, context, content, sealedHash }) {
  const [whole, sealed] = await Promise.all([createSHA256(), createSHA256()]);
  whole.init();
  sealed.init();
  const reader = PieceReader.of(pieces);
  reader.heard = (chunk) => sealed.update(chunk);
  /** @type {Bytes[]} */
  const kept = [];
  let size = 0;
  for await (const piece of unsealed(reader, { halves, context })) {
    size += piece.length;
    if (content !== JSON_KIND) whole.update(piece);
    else if (size <= JSON_MOST) kept.push(piece); // beyond it, it was never JSON
    yield piece;
  }
  if (!equal(join(sealed.digest("binary")), sealedHash)) {
    throw new StoreAltered("", { address: "the sealed body" });
  }
  const elements =
    content !== JSON_KIND
      ? opaqueElements(join(whole.digest("binary")))
      : size <= JSON_MOST
        ? jsonElements(join(...kept))
        : null;
  const secret = await contentSecret(halves);
  if (elements === null || !equal(contentRoot(elements, secret), context.contentRoot)) {
    throw new ContentMismatch();
  }
}

/** @param {AsyncIterable<Bytes>} pieces */
async function gathered(pieces) {
  const parts = [];
  for await (const piece of pieces) parts.push(piece);
  return join(...parts);
}

/** A small sealed body in one piece. @param {Bytes} body @param {Sealing} sealing */
export const sealBody = async (body, sealing) => gathered(await sealStream([body], sealing));

/**
 * A small opened body in one piece; only its seal is checked.
 * @param {Bytes} sealed @param {Sealing} sealing
 */
export const openBody = (sealed, sealing) =>
  gathered(unsealed(PieceReader.of([sealed]), sealing));
