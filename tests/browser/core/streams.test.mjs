// Owns the tests of bodies that stream: sealed and opened in pieces of any size, damaged in any place.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as bodies from "../../../app/web/browser/core/bodies.js";
import { ZERO_ADDRESS, equal, join, random, sha256 } from "../../../app/web/browser/core/bytes.js";
import * as content from "../../../app/web/browser/core/content.js";
import * as errors from "../../../app/web/browser/core/errors.js";
import { PieceReader } from "../../../app/web/browser/core/pieces.js";

const SEGMENT = 65536;
const SEALED = SEGMENT + 16;
const RUN = 16;
const SIZES = [0, 1, SEGMENT - 1, SEGMENT, SEGMENT + 1, RUN * SEGMENT, RUN * SEGMENT + 1, 2 * RUN * SEGMENT];

const counting = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);

function* cut(bytes, step) {
  for (let at = 0; at < bytes.length; at += step) yield bytes.slice(at, at + step);
}

async function gathered(pieces) {
  const parts = [];
  for await (const piece of pieces) parts.push(piece);
  return join(...parts);
}

/** A body sealed as its author should, unless told otherwise. */
async function sealed(body, { root } = {}) {
  const halves = bodies.newHalves();
  const { kind, elements } = await content.elementsOf(body);
  const contentRoot = root ?? content.contentRoot(elements, await bodies.contentSecret(halves));
  const [patient, author] = [ZERO_ADDRESS, ZERO_ADDRESS];
  const context = { chainId: 1, registry: ZERO_ADDRESS, patient, author, category: "vitals", contentRoot };
  const stream = await bodies.sealStream(cut(body, 100_000), { halves, context });
  const bytes = await gathered(stream);
  return { bytes, record: { halves, context, content: kind, sealedHash: stream.sealedHash }, stream };
}

for (const size of SIZES) {
  test(`a body of ${size} bytes opens from pieces of any size`, async () => {
    const body = counting(size);
    const { bytes, record, stream } = await sealed(body);
    assert.equal(bytes.length, bodies.sealedSize(size));
    assert.equal(stream.size, bytes.length);
    assert.ok(equal(stream.sealedHash, await sha256(bytes)));
    assert.ok(equal(bytes, await bodies.sealBody(body, record)));
    for (const step of [997, SEALED, 300_001, bytes.length]) {
      assert.ok(equal(await gathered(bodies.openStream(cut(bytes, step), record)), body));
    }
    assert.ok(equal(await gathered(bodies.openStream(bodies.piecesOf(new Blob([bytes])), record)), body));
  });
}

test("a stream has no hash before its end", async () => {
  const { record } = await sealed(counting(10));
  const stream = await bodies.sealStream([counting(10)], record);
  assert.throws(() => stream.sealedHash, /not sealed to its end/);
});

const whole = await sealed(counting(40 * SEGMENT + 5));
const at = (segment) => bodies.HEADER + segment * SEALED;

/** @type {[string, (bytes: Uint8Array) => Uint8Array, typeof errors.BodyAltered, number][]} */
const DAMAGE = [
  ["altered in segment 20", (b) => flip(b, at(20) + 7), errors.BodyAltered, 20],
  ["altered in its first tag", (b) => flip(b, at(1) - 1), errors.BodyAltered, 0],
  ["altered in its last byte", (b) => flip(b, b.length - 1), errors.BodyAltered, 40],
  ["cut after 16 segments", (b) => b.slice(0, at(16)), errors.BodyTruncated, -1],
  ["cut after 17 segments", (b) => b.slice(0, at(17)), errors.BodyTruncated, -1],
  ["cut within a segment", (b) => b.slice(0, at(17) + 100), errors.BodyAltered, 17],
  ["cut within a tag", (b) => b.slice(0, at(17) + 15), errors.BodyTruncated, -1],
  ["without segment 16", (b) => join(b.slice(0, at(16)), b.slice(at(17))), errors.BodyAltered, 16],
  ["continued", (b) => join(b, new Uint8Array(3)), errors.BodyAltered, 40],
];

function flip(bytes, place) {
  const altered = bytes.slice();
  altered[place] ^= 1;
  return altered;
}

for (const [name, damage, kind, segment] of DAMAGE) {
  test(`a body ${name} is refused there, and nothing after it is handed out`, async () => {
    let size = 0;
    const opening = async () => {
      const pieces = bodies.openStream(cut(damage(whole.bytes), 70_000), whole.record);
      for await (const piece of pieces) size += piece.length;
    };
    await assert.rejects(opening, (error) => {
      assert.ok(error instanceof kind, error);
      if (segment >= 0) assert.equal(error.facts.segment, segment);
      return true;
    });
    assert.equal(size % (RUN * SEGMENT), 0);
    if (segment >= 0) assert.ok(size <= segment * SEGMENT);
  });
}

test("other bytes than were signed are found out at the end", async () => {
  const { bytes, record } = await sealed(counting(5));
  const opening = gathered(bodies.openStream([bytes], { ...record, sealedHash: random(32) }));
  await assert.rejects(opening, errors.StoreAltered);
});

test("another content than was signed is named as the author's fault", async () => {
  for (const body of [counting(5), new TextEncoder().encode('{"a":1}')]) {
    const { bytes, record } = await sealed(body, { root: random(32) });
    await assert.rejects(gathered(bodies.openStream([bytes], record)), errors.ContentMismatch);
  }
});

test("a body that is not the JSON it is said to be is the author's fault", async () => {
  for (const body of [counting(5), counting(content.JSON_MOST + 1)]) {
    const { bytes, record } = await sealed(body);
    assert.equal(record.content, content.OPAQUE);
    const claimed = { ...record, content: content.JSON_KIND };
    await assert.rejects(gathered(bodies.openStream([bytes], claimed)), errors.ContentMismatch);
  }
});

test("halves of another body open nothing", async () => {
  const { bytes, record } = await sealed(counting(5));
  const other = { ...record, halves: bodies.newHalves() };
  await assert.rejects(gathered(bodies.openStream([bytes], other)), errors.KeyNotOfBody);
});

test("a large file is hashed as it streams by", async () => {
  const body = counting(3 * content.JSON_MOST + 5);
  const heard = [];
  const { kind, elements, size } = await content.contentOf(new Blob([body]), (done) => heard.push(done));
  assert.equal(kind, content.OPAQUE);
  assert.equal(size, body.length);
  assert.ok(equal(elements.get(""), join(new TextEncoder().encode("#"), await sha256(body))));
  assert.deepEqual(heard, [2 << 20, size]);
});

test("a reader hands out what is asked for, and only then less", async () => {
  const reader = new PieceReader([counting(3), new Uint8Array(0), counting(4)]);
  const heard = [];
  reader.heard = (chunk) => heard.push(chunk.length);
  assert.equal((await reader.peek(5)).length, 5);
  assert.deepEqual([...(await reader.read(5))], [0, 31, 62, 0, 31]);
  assert.deepEqual([...(await reader.read(5))], [62, 93]);
  assert.equal((await reader.read(5)).length, 0);
  assert.deepEqual(heard, [5, 2, 0]);
});
