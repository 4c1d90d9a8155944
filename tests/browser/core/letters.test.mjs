// Owns the tests of letters: what strangers send keeps nobody from reading the rest.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Mailbag } from "../../../app/web/browser/client/mailbag.js";
import { LetterSecrets } from "../../../app/web/browser/client/letter_secrets.js";
import { MemoryStorage } from "../../../app/web/browser/client/storage.js";
import { Vault } from "../../../app/web/browser/client/vault.js";
import { ZERO32, base64, canonical, hex, random } from "../../../app/web/browser/core/bytes.js";
import { openEnvelope, sealEnvelope } from "../../../app/web/browser/core/envelopes.js";
import * as errors from "../../../app/web/browser/core/errors.js";
import { privateKey } from "../../../app/web/browser/core/keys.js";
import * as letters from "../../../app/web/browser/core/letters.js";
import { addressOf, domainsOf, signDigest, statementFile } from "../../../app/web/browser/core/statements.js";

const address = () => addressOf(random(32));
const deployment = (chainId) => ({
  chainId,
  contracts: { people: address(), records: address(), consent: address(), audit: address() },
});
const domains = domainsOf(deployment(31337));
const wallet = random(32);

const grant = {
  type: "Grant",
  message: {
    patient: addressOf(wallet),
    viewer: address(),
    category: "vitals",
    record: ZERO32,
    purpose: "TREAT",
    rights: 1,
    notBefore: 1,
    expiresAt: 2n ** 64n - 1n,
    nonce: 2n ** 256n - 1n,
    salt: random(32),
  },
};
const digest = domains.digest("Grant", grant.message);
const signed = { ...grant, signature: signDigest(wallet, digest) };
const good = { grant: statementFile(signed, domains), keys: [hex(random(32))] };

test("a letter is read back as it was written", () => {
  const [file] = letters.readAll(letters.readGrant, [JSON.parse(canonical(good))], domains);
  assert.deepEqual(file.digest, digest);
  assert.deepEqual(file.signed, signed); // a time that no clock reaches stays exact
  assert.deepEqual(letters.grantLetter(file, domains), good);
});

test("malformed letters are passed over as if lost", () => {
  const elsewhere = domainsOf(deployment(1));
  const malformed = [
    {},
    { grant: null, keys: [] },
    { grant: [], keys: [] },
    { grant: good.grant },
    { ...good, keys: "0x" },
    { ...good, keys: ["0x12"] },
    { ...good, keys: [null] },
    { ...good, about: {} },
    { ...good, about: { record: good.grant }, halfA: "0x" },
    { ...good, membership: good.grant },
    { ...good, grant: { ...good.grant, signature: 7 } },
    { ...good, grant: statementFile(signed, elsewhere) },
    { grant: { ...good.grant, typedData: { ...good.grant.typedData, types: null } }, keys: [] },
  ];
  for (const reader of [letters.readRecord, letters.readGrant, letters.readMembership]) {
    assert.deepEqual(letters.readAll(reader, malformed, domains), []);
  }
  for (const reader of [letters.readRevocation, letters.readOpening, letters.readRequest]) {
    assert.deepEqual(letters.readAll(reader, [...malformed, good], domains), []);
  }
  assert.equal(letters.readAll(letters.readGrant, [...malformed, good], domains).length, 1);
});

test("an envelope opens for each party, seals to each once, and hides how many there are", async () => {
  const people = await Promise.all(Array.from({ length: 6 }, () => privateKey(random(32))));
  const [patient, doctor, stranger] = people;
  const two = await sealEnvelope(good, [patient.public, doctor.public, doctor.public]);
  const one = await sealEnvelope({ a: 1 }, [patient.public]);
  const six = await sealEnvelope({ a: 1 }, people.map((person) => person.public));
  assert.equal(two[4], 3);
  assert.equal(one[4], 3);
  assert.equal(six[4], 6);
  assert.equal(one.length, two.length);
  for (const key of [patient, doctor]) assert.deepEqual(await openEnvelope(two, [stranger, key]), good);
  for (const key of people) assert.deepEqual(await openEnvelope(six, [key]), { a: 1 });
  await assert.rejects(openEnvelope(two, [stranger]), errors.NoSlot);
  await assert.rejects(openEnvelope(two, []), errors.NoSlot);
  await assert.rejects(sealEnvelope({ a: "x".repeat(1 << 17) }, [patient.public]), RangeError);
  await assert.rejects(sealEnvelope({}, []), TypeError);
});

/** The letters of one person as a page that was just loaded fetches them. */
function bag(vault, storage, kept, envelopes) {
  const sent = envelopes.map((envelope, i) => ({ number: i + 1, envelope: base64(envelope) }));
  const secrets = new LetterSecrets({ address: "0xada", kept, vault, storage });
  const page = async (after) => ({ envelopes: sent.filter(({ number }) => number > after), next: null });
  return new Mailbag(page, secrets);
}

test("a letter that this device has opened before opens without its slots being tried", async () => {
  const [vault, storage] = [await Vault.of(random(32)), new MemoryStorage()];
  const two = await Promise.all(
    ["a", "b"].map((title) => sealEnvelope({ title }, [vault.identity.public])),
  );
  const none = { id: random(32), open: () => Promise.reject(new errors.SlotNotOpened()) };
  const before = bag(vault, storage, true, two);
  assert.deepEqual(await before.fetch([vault.identity]), [{ title: "a" }, { title: "b" }]);
  const [entry] = await storage.all("sealed");
  assert.equal(entry.sealed.length, 2 * 64 + 16, "secrets are kept, and no letter");

  const third = await sealEnvelope({ title: "c" }, [vault.identity.public]);
  const after = bag(vault, storage, true, [...two, third]);
  assert.deepEqual(await after.fetch([none]), [{ title: "a" }, { title: "b" }]);
  assert.deepEqual(await after.fetch([vault.identity]), [{ title: "c" }]);
  const erased = bag(vault, storage, true, [third]);
  assert.deepEqual(await erased.fetch([none]), [{ title: "c" }], "what the node lacks stays away");

  const other = bag(await Vault.of(random(32)), storage, true, two);
  assert.deepEqual(await other.fetch([none]), [], "another vault's are passed over");
});

test("on a shared workstation no secret of a letter is kept", async () => {
  const [vault, storage] = [await Vault.of(random(32)), new MemoryStorage()];
  const one = await sealEnvelope({ a: 1 }, [vault.identity.public]);
  const shared = bag(vault, storage, false, [one]);
  assert.deepEqual(await shared.fetch([vault.identity]), [{ a: 1 }]);
  assert.deepEqual(await storage.all("sealed"), []);
});
