// Owns one of everything that a browser writes, for Python to read (tests/core/test_browser_writes.py).

import * as audit from "../../../app/web/browser/core/audit.js";
import * as bodies from "../../../app/web/browser/core/bodies.js";
import { ZERO32, hex, join, random, unhex, utf8 } from "../../../app/web/browser/core/bytes.js";
import { CATEGORIES } from "../../../app/web/browser/core/categories.js";
import { freshNonce, maskOf, wordOf } from "../../../app/web/browser/core/consent.js";
import * as content from "../../../app/web/browser/core/content.js";
import * as custody from "../../../app/web/browser/core/custody.js";
import * as documents from "../../../app/web/browser/core/documents.js";
import { openEnvelope, sealEnvelope } from "../../../app/web/browser/core/envelopes.js";
import * as keys from "../../../app/web/browser/core/keys.js";
import * as letters from "../../../app/web/browser/core/letters.js";
import * as sheets from "../../../app/web/browser/core/sheets.js";
import * as statements from "../../../app/web/browser/core/statements.js";
import * as vaults from "../../../app/web/browser/core/vaults.js";

/** Somebody with a wallet and a vault. @param {{privateKey: string, seed: string}} given */
async function personOf({ privateKey, seed }) {
  const wallet = unhex(privateKey, 32);
  const vault = unhex(seed, 32);
  return { id: statements.addressOf(wallet), wallet, vault, key: await keys.identityKey(vault) };
}

/** @param {statements.Domains} domains */
const signer = (domains) => (person, type, message) => ({
  type,
  message: statements.messageOf(type, message),
  signature: statements.signDigest(person.wallet, domains.digest(type, message)),
});

async function sealedBody(body, about, domains) {
  const halves = bodies.newHalves();
  const { kind, elements, size } = await content.contentOf(new Blob([body]));
  const contentRoot = content.contentRoot(elements, await bodies.contentSecret(halves));
  const context = bodies.contextOf({ ...about, contentRoot }, domains);
  const stream = await bodies.sealStream(bodies.piecesOf(new Blob([body]), 1000), { halves, context });
  const pieces = [];
  for await (const piece of stream) pieces.push(piece);
  return { halves, kind, size, contentRoot, sealed: join(...pieces), sealedHash: stream.sealedHash };
}

/** A doctor writes a record for a patient, the patient shares its category: all that is sent. */
export async function writeAll(q) {
  const domains = statements.domainsOf({ chainId: q.chainId, contracts: q.contracts });
  const sign = signer(domains);
  const [patient, doctor] = [await personOf(q.patient), await personOf(q.doctor)];
  const custodians = await Promise.all(q.custodians.map((key) => keys.publicKey(unhex(key))));
  const category = await keys.categoryKey(patient.vault, "laboratory", 3);
  const about = { patient: patient.id, author: doctor.id, category: "laboratory" };

  const body = await sealedBody(unhex(q.body), about, domains);
  const record = sign(doctor, "Record", {
    ...about,
    contentRoot: body.contentRoot,
    sealedHash: body.sealedHash,
    supersedes: ZERO32,
    issuedAt: q.now,
    salt: random(32),
  });
  const digest = domains.digest("Record", record.message);
  const to = {
    category: category.public,
    epoch: 3,
    patient: patient.key.public,
    custodians,
    threshold: q.threshold,
    authors: [doctor.key.public],
  };
  const sheet = await sheets.writeSheet({ record: digest, version: 0, halves: body.halves, to });
  const { hash: sheetHash } = await sheets.readSheet(sheet);
  const file = {
    digest,
    signed: record,
    address: "bafkreigexample",
    content: body.kind,
    mediaType: "application/fhir+json",
    size: body.size,
    title: "Sodium é \u{1f511}",
    occurred: "2026-11-20",
  };
  const grant = sign(patient, "Grant", {
    patient: patient.id,
    viewer: doctor.id,
    category: "laboratory",
    record: ZERO32,
    purpose: "TREAT",
    rights: statements.VIEW,
    notBefore: q.now - 60,
    expiresAt: q.now + 86400,
    nonce: freshNonce(BigInt(q.tag), []),
    salt: random(32),
  });
  const { nonce } = grant.message;
  const narrow = sign(patient, "Grant", { ...grant.message, record: digest, salt: random(32) });
  const membership = sign(doctor, "Membership", {
    organization: doctor.id,
    member: patient.id,
    notBefore: q.now,
    expiresAt: q.now + 60,
    salt: random(32),
  });
  const request = sign(doctor, "Request", {
    patient: patient.id,
    viewer: doctor.id,
    category: "laboratory",
    purpose: "TREAT",
    rights: 1,
    expiresAt: q.now + 60,
    reason: "Before the visit — thank you",
    at: q.now,
    salt: random(32),
  });
  const word = wordOf(nonce);
  const revocation = sign(patient, "Revocation", { patient: patient.id, word, mask: maskOf(nonce) });

  const both = [patient.key.public, doctor.key.public];
  const seeds = [await keys.categorySeed(patient.vault, "laboratory", 3)];
  const grantFile = { digest, signed: grant, keys: seeds, halfA: null, record: null, membership: null };
  const about1 = { ...grantFile, signed: narrow, keys: [], halfA: body.halves.a, record: file, membership };
  const written = {
    record: letters.recordLetter(file, domains),
    grant: letters.grantLetter(grantFile, domains),
    "grant of one record": letters.grantLetter(about1, domains),
    membership: letters.membershipLetter(membership, domains),
    revocation: letters.revocationLetter(revocation, domains),
    request: letters.requestLetter(request, domains),
  };
  const envelopes = {};
  for (const [name, letter] of Object.entries(written)) envelopes[name] = await sealEnvelope(letter, both);
  const keysOfAll = await Promise.all(
    CATEGORIES.map(async (name) => [name, (await keys.categoryKey(patient.vault, name, 3)).public.bytes]),
  );
  return {
    digest,
    sealed: body.sealed,
    halves: body.halves,
    sheet,
    sheetStatement: statements.statementFile(
      sign(doctor, "Sheet", { record: digest, version: 0n, sheetHash, salt: random(32) }),
      domains,
    ),
    envelopes,
    grant: statements.statementFile(grant, domains),
    identityKeys: documents.identityKeysDocument({
      identity: patient.key.public.bytes,
      custodians: custodians.map((key) => key.bytes),
      threshold: q.threshold,
    }),
    categoryKeys: documents.categoryKeysDocument(3, Object.fromEntries(keysOfAll)),
    lock: await vaults.lockWithPassphrase(patient.vault, "five plain words", { n: 1024 }),
    phrase: vaults.phrase(patient.vault),
  };
}

/**
 * The doctor asks custodians under a session: one request for each, and the letter to the patient.
 */
export async function ask(q) {
  const domains = statements.domainsOf({ chainId: q.chainId, contracts: q.contracts });
  const sign = signer(domains);
  const doctor = await personOf(q.doctor);
  const file = letters.readRecord(q.record, domains);
  const { type, message, signature, digest: grantDigest } = statements.readStatementFile(q.grant, domains);
  const sheet = await sheets.readSheet(unhex(q.sheet));
  const { privateKey, publicKey } = await statements.newSessionKey();
  const session = {
    signed: sign(doctor, "Session", {
      person: doctor.id,
      key: await statements.sessionKeyId(publicKey),
      origin: "https://node.example",
      notBefore: q.now - 60,
      expiresAt: q.now - 60 + audit.LONGEST_SESSION,
      salt: random(32),
    }),
    publicKey,
  };
  const message2 = {
    viewer: doctor.id,
    grant: grantDigest,
    records: audit.recordsRoot([file.digest]),
    purpose: "TREAT",
    at: q.now,
    salt: random(32),
  };
  const digest = domains.digest("Access", message2);
  const access = { type: "Access", message: message2, signature: await statements.signAccess(privateKey, digest) };
  const viewerKeys = documents.identityKeysDocument({
    identity: doctor.key.public.bytes,
    custodians: [],
    threshold: 0,
  });
  const openings = q.custodianIds.map((id) =>
    custody.writeOpening(
      {
        access,
        session,
        grant: { type, message, signature },
        proof: { root: unhex(q.proof.root), path: q.proof.path.map((step) => unhex(step)) },
        membership: null,
        records: [
          {
            record: file.signed.message,
            epoch: sheet.epoch,
            share: sheets.slotOf(sheet, sheets.KIND.share, unhex(id)),
          },
        ],
        viewerKeys,
        patientKeys: utf8(q.patientKeys),
      },
      domains,
    ),
  );
  const patient = (await documents.readIdentityKeys(utf8(q.patientKeys))).identity;
  const letter = audit.accessLetter(access, session, [file.digest], domains);
  return { digest, openings, viewerKeys, envelope: await sealEnvelope(letter, [patient]) };
}

/** The doctor opens what custodians released, and the body with it. */
export async function finish(q) {
  const domains = statements.domainsOf({ chainId: q.chainId, contracts: q.contracts });
  const doctor = await personOf(q.doctor);
  const contents = await openEnvelope(unhex(q.grantEnvelope), [doctor.key]);
  const grant = letters.readGrant(contents, domains);
  const file = letters.readRecord(await openEnvelope(unhex(q.recordEnvelope), [doctor.key]), domains);
  const sheet = await sheets.readSheet(unhex(q.sheet));
  const shares = [];
  for (const [i, document] of q.releases.entries()) {
    const release = custody.readRelease(document);
    const info = sheets.releaseInfo(unhex(q.access), file.digest, release.custodian, doctor.key.id);
    const sealed = release.shares.get(hex(file.digest));
    shares.push({ custodian: `custodian ${i + 1}`, share: await doctor.key.open(sealed, info) });
  }
  const a = await sheets.openSlot(sheet, sheets.KIND.category, await keys.privateKey(grant.keys[0]));
  const context = bodies.contextOf(file.signed.message, domains);
  const reader = new bodies.PieceReader([unhex(q.sealed)]);
  const header = await reader.peek(bodies.HEADER);
  const halves = await sheets.fittingHalves(header, a, shares, sheet.threshold, context);
  const { content: kind } = file;
  const record = { halves, context, content: kind, sealedHash: file.signed.message.sealedHash };
  const pieces = [];
  for await (const piece of bodies.openStream(reader, record)) pieces.push(piece);
  return { body: join(...pieces), title: file.title, occurred: file.occurred };
}
