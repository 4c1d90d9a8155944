// Owns the one tree: roots and proofs over digests (docs/formats.md, section 4), and keccak.

import { keccak_256 as keccak256 } from "@noble/hashes/sha3";
import { createKeccak } from "hash-wasm";
import { compare, equal, join } from "./bytes.js";

/** @import { Bytes } from "./bytes.js" */

/** @type {import("hash-wasm").IHasher | null} */
let quick = null;
createKeccak(256).then(
  (made) => {
    quick = made; // four times as quick, as soon as it is there
  },
  () => {}, // a browser that refuses WebAssembly hears so where nothing else will do
);

/** Keccak-256 as Ethereum uses it. @param {Uint8Array} bytes @returns {Bytes} */
export const keccak = (bytes) =>
  /** @type {Bytes} */ (quick ? quick.init().update(bytes).digest("binary") : keccak256(bytes));

/** @param {Bytes} a @param {Bytes} b */
const pair = (a, b) => keccak(compare(a, b) < 0 ? join(a, b) : join(b, a));

/** The node array over some digests. @param {Iterable<Bytes>} digests */
function build(digests) {
  const sorted = [...digests].sort(compare);
  const leaves = sorted.filter((leaf, i) => !i || !equal(leaf, sorted[i - 1]));
  if (!leaves.length || leaves.some((leaf) => leaf.length !== 32)) {
    throw new TypeError("a tree stands on at least one digest of 32 bytes");
  }
  /** @type {Bytes[]} */
  const nodes = new Array(2 * leaves.length - 1);
  leaves.forEach((leaf, i) => {
    nodes[nodes.length - 1 - i] = leaf;
  });
  for (let i = leaves.length - 2; i >= 0; i -= 1) {
    nodes[i] = pair(nodes[2 * i + 1], nodes[2 * i + 2]);
  }
  return { leaves, nodes };
}

/** The root over some digests; order and repeats do not matter. @param {Iterable<Bytes>} digests */
export const rootOf = (digests) => build(digests).nodes[0];

/**
 * The siblings from a digest up to the root.
 * @param {Iterable<Bytes>} digests @param {Bytes} digest
 */
export function proofOf(digests, digest) {
  const { leaves, nodes } = build(digests);
  const place = leaves.findIndex((leaf) => equal(leaf, digest));
  if (place < 0) throw new TypeError("the digest is not in the tree");
  const path = [];
  for (let i = nodes.length - 1 - place; i > 0; i = (i - 1) >> 1) {
    path.push(nodes[i % 2 ? i + 1 : i - 1]);
  }
  return path;
}

/**
 * Whether the path leads from the digest to the root.
 * @param {Bytes} digest @param {Bytes[]} path @param {Bytes} root
 */
export function isProven(digest, path, root) {
  if (![digest, ...path, root].every((node) => node.length === 32)) return false;
  return equal(path.reduce(pair, digest), root);
}
