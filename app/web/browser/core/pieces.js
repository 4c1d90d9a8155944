// Owns how bytes stream by: pieces of any size in, as many bytes as are asked for out.

import { join } from "./bytes.js";

/** @import { Bytes } from "./bytes.js" */
/** @typedef {Iterable<Bytes> | AsyncIterable<Bytes>} Pieces */

/**
 * A file in pieces, of which one is read ahead while the one before is worked on.
 * @param {Blob} source @returns {AsyncGenerator<Bytes>}
 */
export async function* piecesOf(source, size = 2 << 20) {
  /** @param {number} at */
  const read = (at) => {
    const reading = source.slice(at, at + size).arrayBuffer();
    reading.catch(() => {}); // it is raised where it is waited for, if it is waited for
    return reading;
  };
  let ahead = read(0);
  for (let at = 0; at < source.size; at += size) {
    const piece = new Uint8Array(await ahead);
    ahead = read(at + size);
    yield piece;
  }
}

/** Reads pieces (of a file, a response, memory) as a stream. */
export class PieceReader {
  /** @param {Pieces} pieces */
  constructor(pieces) {
    const streams = Symbol.asyncIterator in pieces;
    this.pieces = streams ? pieces[Symbol.asyncIterator]() : iterated(pieces);
    /** @type {Bytes[]} */
    this.waiting = [];
    this.size = 0;
    /** Hears all that is read, once. @type {(chunk: Bytes) => void} */
    this.heard = () => {};
  }

  /** @param {Pieces | PieceReader} pieces */
  static of(pieces) {
    return pieces instanceof PieceReader ? pieces : new PieceReader(pieces);
  }

  /**
   * The next bytes, left in place; fewer only at the end.
   * @param {number} size @returns {Promise<Bytes>}
   */
  async peek(size) {
    await this.fill(size);
    const whole = join(...this.waiting);
    this.waiting = whole.length ? [whole] : [];
    return whole.slice(0, size);
  }

  /** The next bytes; fewer only at the end. @param {number} size @returns {Promise<Bytes>} */
  async read(size) {
    await this.fill(size);
    const parts = [];
    let missing = Math.min(size, this.size);
    this.size -= missing;
    while (missing > 0) {
      const [first] = this.waiting;
      const part = first.subarray(0, missing);
      missing -= part.length;
      parts.push(part);
      if (part.length === first.length) this.waiting.shift();
      else this.waiting[0] = first.subarray(part.length);
    }
    const chunk = parts.length === 1 ? parts[0] : join(...parts);
    this.heard(chunk);
    return chunk;
  }

  /** @param {number} size */
  async fill(size) {
    while (this.size < size) {
      const { done, value } = await this.pieces.next();
      if (done) return;
      if (value.length) this.waiting.push(value);
      this.size += value.length;
    }
  }
}

/** @param {Iterable<Bytes>} pieces @returns {AsyncGenerator<Bytes>} */
async function* iterated(pieces) {
  yield* pieces;
}
