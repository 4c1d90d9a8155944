// Owns the one tree and the manifest in JavaScript (docs/formats.md, section 4).

import { SimpleMerkleTree } from "@openzeppelin/merkle-tree";
import { keccak256 } from "ethers";
import { compare, equal, hex, join, readUint, require, sha256, uint, unhex, utf8 } from "./bytes.mjs";

/** @param {Uint8Array} bytes */
export const keccak = (bytes) => unhex(keccak256(bytes));

const pair = (a, b) => keccak(compare(a, b) < 0 ? join(a, b) : join(b, a));

/** The node array over some digests. @param {Uint8Array[]} digests */
function build(digests) {
  const leaves = [...digests].sort(compare).filter((leaf, i, all) => !i || !equal(leaf, all[i - 1]));
  require(leaves.length > 0 && leaves.every((leaf) => leaf.length === 32), "no digests");
  const nodes = new Array(2 * leaves.length - 1);
  leaves.forEach((leaf, i) => { nodes[nodes.length - 1 - i] = leaf; });
  for (let i = leaves.length - 2; i >= 0; i -= 1) nodes[i] = pair(nodes[2 * i + 1], nodes[2 * i + 2]);
  return { leaves, nodes };
}

/** @param {Uint8Array[]} digests */
export const rootOf = (digests) => build(digests).nodes[0];

/** @param {Uint8Array[]} digests @param {Uint8Array} digest */
export function proofOf(digests, digest) {
  const { leaves, nodes } = build(digests);
  const place = leaves.findIndex((leaf) => equal(leaf, digest));
  require(place >= 0, "the digest is not in the tree");
  const path = [];
  for (let i = nodes.length - 1 - place; i > 0; i = (i - 1) >> 1) path.push(nodes[i % 2 ? i + 1 : i - 1]);
  return path;
}

/** @param {Uint8Array} digest @param {Uint8Array[]} path @param {Uint8Array} root */
export function isProven(digest, path, root) {
  if (![digest, ...path, root].every((node) => node.length === 32)) return false;
  return equal(path.reduce(pair, digest), root);
}

/** Root and proof of some numbered digests, and OpenZeppelin's answers beside ours. */
export function numbered(count, places) {
  const digests = Array.from({ length: count }, (_, i) => keccak(utf8(`chartkey digest ${i}`)));
  const theirs = SimpleMerkleTree.of(digests.map(hex));
  const proofs = places.map((place) => {
    const path = proofOf(digests, digests[place]).map(hex);
    require(path.join() === theirs.getProof(hex(digests[place])).join(), "OpenZeppelin proves otherwise");
    return path;
  });
  require(theirs.root === hex(rootOf(digests)), "OpenZeppelin has another root");
  return { root: theirs.root, proofs };
}

/** @param {Uint8Array} manifest */
export async function readManifest(manifest) {
  require(manifest.length >= 8 && equal(manifest.slice(0, 4), utf8("CKM\x01")), "not a manifest");
  const count = Number(readUint(manifest.slice(4, 8)));
  require(count > 0 && count <= 65536 && manifest.length === 8 + 64 * count, "its length does not fit");
  const entries = [];
  for (let at = 8; at < manifest.length; at += 64) {
    entries.push({ digest: manifest.slice(at, at + 32), envelope: manifest.slice(at + 32, at + 64) });
  }
  const rising = entries.every((e, i) => !i || compare(entries[i - 1].digest, e.digest) < 0);
  require(rising, "not sorted and distinct");
  return { entries, id: await sha256(manifest), root: rootOf(entries.map((e) => e.digest)) };
}

/** @param {{digest: Uint8Array, envelope: Uint8Array}[]} entries */
export function writeManifest(entries) {
  const rows = [...entries].sort((a, b) => compare(a.digest, b.digest));
  return join(utf8("CKM\x01"), uint(rows.length, 4), ...rows.flatMap((e) => [e.digest, e.envelope]));
}
