// Owns the way of a sealed body to the node: in pieces, and on from where it stopped.

import { ChartkeyError, NotStored } from "../core/errors.js";

/** @import { Bytes } from "../core/bytes.js" */

const LEAST = 1 << 20;

/**
 * @typedef {object} Upload where one stands; kept so that another tab can go on
 * @property {string} upload the node's name for it, "" before it began
 * @property {number} piece
 */

/**
 * Bring sealed bytes to the node; answers their address.
 * @param {import("./node.js").Node} node @param {Blob | Bytes} sealed
 * @param {{upload?: Upload, keep?: (upload: Upload) => Promise<void>,
 *   progress?: (done: number) => void, signal?: AbortSignal}} [how]
 * @returns {Promise<string>}
 */
export async function uploadBody(node, sealed, how = {}) {
  const { keep = async () => {}, progress = () => {}, signal } = how;
  const size = sealed instanceof Uint8Array ? sealed.length : sealed.size;
  let { upload = "", piece = LEAST } = how.upload ?? {};
  let offset = upload ? await offsetOf(node, upload) : -1;
  if (offset < 0) {
    const begun = await node.post("/api/uploads", { size }, { signal });
    ({ upload, piece } = begun);
    offset = 0;
    await keep({ upload, piece });
  }
  while (offset < size) {
    signal?.throwIfAborted();
    const part = sealed.slice(offset, offset + piece);
    offset = await put(node, upload, offset, part, signal);
    progress(offset);
  }
  return (await node.post(`/api/uploads/${upload}/end`, {}, { again: true, signal })).address;
}

/**
 * @param {import("./node.js").Node} node
 * @param {string} upload
 * @param {number} offset
 * @param {Blob | Bytes} part
 * @param {AbortSignal} [signal]
 * @returns {Promise<number>}
 */
async function put(node, upload, offset, part, signal) {
  const body = /** @type {BodyInit} */ (part);
  const headers = { "Content-Type": "application/octet-stream" };
  const path = `/api/uploads/${upload}?offset=${offset}`;
  try {
    const answer = await node.ask("PUT", path, body, { again: true, patience: 0, headers, signal });
    return (await answer.json()).offset;
  } catch (error) {
    if (error instanceof ChartkeyError && error.name === "OffsetMismatch") {
      return Number(error.facts.offset); // the node has another count: it is the one that keeps
    }
    throw error;
  }
}

/**
 * How far an upload is; -1 where the node has forgotten it.
 * @param {import("./node.js").Node} node
 * @param {string} upload
 * @returns {Promise<number>}
 */
async function offsetOf(node, upload) {
  try {
    return (await node.get(`/api/uploads/${upload}`)).offset;
  } catch (error) {
    if (error instanceof NotStored) return -1;
    throw error;
  }
}
