// Owns the tests of X-Wing in a browser that has no X25519 of its own, and in one whose X25519 is wrong.

import assert from "node:assert/strict";
import { test } from "node:test";
import { random } from "../../../app/web/browser/core/bytes.js";
import { KeepingXWing } from "../../../app/web/browser/core/xwing.js";

const { subtle } = crypto;

/** @param {string} name @param {(original: Function) => Function} change */
function replaced(context, name, change) {
  const original = subtle[name];
  context.mock.method(subtle, name, change(original.bind(subtle)));
}

async function secretsOf(sender, recipient) {
  const seed = random(32);
  const theirs = await recipient.generateKeyPairDerand(seed);
  const raw = await recipient.serializePublicKey(theirs.publicKey);
  const recipientPublicKey = await sender.deserializePublicKey(raw);
  const { enc, sharedSecret } = await sender.encap({ recipientPublicKey });
  const opened = await recipient.decap({ recipientKey: theirs.privateKey, enc });
  const again = await recipient.decap({ recipientKey: theirs, enc });
  return [sharedSecret, opened, again].map((secret) => Buffer.from(secret).toString("hex"));
}

test("a browser without X25519 agrees with one that has it", async (context) => {
  const native = new KeepingXWing();
  assert.equal(new Set(await secretsOf(native, native)).size, 1);
  replaced(context, "importKey", (original) => (format, key, algorithm, ...rest) => {
    if (algorithm.name === "X25519") throw new DOMException("unknown", "NotSupportedError");
    return original(format, key, algorithm, ...rest);
  });
  const plain = new KeepingXWing();
  assert.equal(new Set(await secretsOf(plain, plain)).size, 1);
  context.mock.restoreAll();
  assert.equal(new Set(await secretsOf(native, plain)).size, 1);
  assert.equal(new Set(await secretsOf(plain, native)).size, 1);
});

test("an X25519 that gives another answer is not used", async (context) => {
  const native = new KeepingXWing();
  await secretsOf(native, native);
  replaced(context, "deriveBits", (original) => async (algorithm, ...rest) => {
    const bits = await original(algorithm, ...rest);
    if (algorithm.name === "X25519") new Uint8Array(bits)[0] ^= 1;
    return bits;
  });
  const careful = new KeepingXWing();
  assert.equal(new Set(await secretsOf(careful, careful)).size, 1);
});

test("a point of low order is refused", async () => {
  const kem = new KeepingXWing();
  const pair = await kem.generateKeyPairDerand(random(32));
  const raw = new Uint8Array(await kem.serializePublicKey(pair.publicKey));
  const { enc } = await kem.encap({ recipientPublicKey: pair.publicKey });
  const zeroed = new Uint8Array(enc).fill(0, 1088).buffer;
  await assert.rejects(kem.decap({ recipientKey: pair.privateKey, enc: zeroed }));
  const recipientPublicKey = await kem.deserializePublicKey(raw.fill(0, 1184).buffer);
  await assert.rejects(kem.encap({ recipientPublicKey }));
});
