// Owns the manifest in JavaScript (docs/formats.md, section 4); browsers have no use for it.

import { compare, equal, join, readUint, sha256, uint, utf8 } from "../../../app/web/browser/core/bytes.js";
import { MalformedSeal, UnknownVersion } from "../../../app/web/browser/core/errors.js";
import { rootOf } from "../../../app/web/browser/core/trees.js";

const kind = "manifest";

/** @param {Uint8Array} manifest */
export async function readManifest(manifest) {
  if (manifest.length < 8 || !equal(manifest.slice(0, 3), utf8("CKM"))) {
    throw new MalformedSeal("too short or of another kind", { kind });
  }
  if (manifest[3] !== 1) throw new UnknownVersion("", { kind, version: manifest[3] });
  const count = Number(readUint(manifest.slice(4, 8)));
  if (count === 0 || count > 65536 || manifest.length !== 8 + 64 * count) {
    throw new MalformedSeal("its length does not fit its count", { kind });
  }
  const entries = [];
  for (let at = 8; at < manifest.length; at += 64) {
    entries.push({ digest: manifest.slice(at, at + 32), envelope: manifest.slice(at + 32, at + 64) });
  }
  if (!entries.every((e, i) => !i || compare(entries[i - 1].digest, e.digest) < 0)) {
    throw new MalformedSeal("its digests are not sorted and distinct", { kind });
  }
  return { entries, id: await sha256(manifest), root: rootOf(entries.map((e) => e.digest)) };
}

/** @param {{digest: Uint8Array, envelope: Uint8Array}[]} entries */
export function writeManifest(entries) {
  const rows = [...entries].sort((a, b) => compare(a.digest, b.digest));
  return join(utf8("CKM\x01"), uint(rows.length, 4), ...rows.flatMap((e) => [e.digest, e.envelope]));
}
