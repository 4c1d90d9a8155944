// Owns the JavaScript reader of Chartkey's formats: written from docs/formats.md, not from app/core.
//
// It answers one question per line on standard input, {"ask": name, …}, with one line on standard
// output: {"answer": …}, {"refused": reason} or {"failed": what went wrong in the reader itself}.
// Bytes are hexadecimal with 0x, both ways.

import { createInterface } from "node:readline";
import { Refused, canonical, hex, sha256, unhex } from "./js/bytes.mjs";
import * as bodies from "./js/bodies.mjs";
import * as content from "./js/content.mjs";
import * as documents from "./js/documents.mjs";
import * as envelopes from "./js/envelopes.mjs";
import * as keys from "./js/keys.mjs";
import * as sheets from "./js/sheets.mjs";
import * as statements from "./js/statements.mjs";
import * as trees from "./js/trees.mjs";
import * as vaults from "./js/vaults.mjs";
import * as waybills from "./js/waybills.mjs";

const many = (texts) => texts.map((text) => unhex(text));

const body = (q) => (q.counting === undefined ? unhex(q.body) : bodies.counting(q.counting));

const slotOf = async (q) => sheets.openSlot(await sheets.readSheet(unhex(q.sheet)), q.kind, unhex(q.seed));

const digestsOf = (entries) => entries.map((e) => ({ digest: unhex(e.digest), envelope: unhex(e.envelope) }));

const disclosure = (q) => ({ ...q, value: unhex(q.value), salt: unhex(q.salt), proof: many(q.proof), root: unhex(q.root) });

/** @type {Record<string, (question: any) => any>} */
const ANSWERS = {
  types: () => statements.TYPE_STRINGS,
  digest: (q) => statements.digest(q.type, q.domain, q.message),
  sign: (q) => statements.sign(q.privateKey, q.type, q.domain, q.message),
  signer: (q) => statements.signer(q.type, q.domain, q.message, q.signature),
  recover: (q) => statements.recover(q.digest, q.signature),
  "session signature": (q) => statements.isSessionSignature(q.publicKey, q.digest, q.signature),
  "sign with session": (q) => statements.signWithSession(q.digest),
  "statement file": (q) => statements.readStatementFile(q.text, q.contract),

  tree: (q) => trees.numbered(q.count, q.places),
  proven: (q) => trees.isProven(unhex(q.digest), many(q.proof), unhex(q.root)),
  "read manifest": (q) => trees.readManifest(unhex(q.manifest)),
  "write manifest": (q) => trees.writeManifest(digestsOf(q.entries)),

  "public key": async (q) => {
    const key = await keys.publicKey(unhex(q.seed));
    return { key, id: await keys.keyId(key), derived: await keys.keyId(await keys.derivedPublicKey(unhex(q.seed))) };
  },
  "identity seed": (q) => keys.identitySeed(unhex(q.seed)),
  "category seed": (q) => keys.categorySeed(unhex(q.seed), q.category, BigInt(q.epoch)),
  seal: (q) => keys.seal(unhex(q.key), unhex(q.plaintext), unhex(q.info)),
  open: (q) => keys.open(unhex(q.seed), unhex(q.sealed), unhex(q.info)),

  "body key": (q) => bodies.bodyKey(unhex(q.a), unhex(q.b), q.context),
  "content secret": (q) => bodies.contentSecret(unhex(q.a), unhex(q.b)),
  "seal body": (q) => bodies.sealBody(body(q), unhex(q.a), unhex(q.b), q.context),
  "seal body hash": async (q) => {
    const sealed = await bodies.sealBody(body(q), unhex(q.a), unhex(q.b), q.context);
    return { size: sealed.length, hash: await bodies.sealedHash(sealed), plaintextHash: await sha256(body(q)) };
  },
  "open body hash": async (q) => {
    const opened = await bodies.openBody(unhex(q.sealed), unhex(q.a), unhex(q.b), q.context);
    return { size: opened.length, hash: await sha256(opened) };
  },

  elements: async (q) => {
    const { kind, elements } = await content.elementsOf(unhex(q.body));
    const root = await content.contentRoot(elements, unhex(q.secret));
    return { kind, elements: Object.fromEntries(elements), root };
  },
  kind: async (q) => {
    const whole = q.runs.map(([part, times]) => Buffer.from(part.slice(2).repeat(times), "hex"));
    const { kind, elements } = await content.elementsOf(new Uint8Array(Buffer.concat(whole)));
    return { kind, count: elements.size };
  },
  disclose: async (q) => {
    const { elements } = await content.elementsOf(unhex(q.body));
    return content.disclose(elements, unhex(q.secret), q.path);
  },
  disclosed: (q) => content.isDisclosed(disclosure(q)),

  combine: (q) => sheets.combineShares(many(q.shares), q.threshold),
  split: (q) => sheets.splitSecret(unhex(q.secret), q.threshold, q.count),
  "read sheet": (q) => sheets.readSheet(unhex(q.sheet)),
  "open slot": slotOf,
  "write sheet": (q) =>
    sheets.writeSheet({
      ...q,
      record: unhex(q.record),
      a: unhex(q.a),
      b: unhex(q.b),
      to: {
        category: unhex(q.to.category),
        patient: unhex(q.to.patient),
        authors: many(q.to.authors),
        custodians: many(q.to.custodians),
      },
    }),
  "release info": (q) =>
    sheets.releaseInfo(unhex(q.access), unhex(q.record), unhex(q.custodian), unhex(q.viewer)),

  "seal envelope": (q) => envelopes.sealEnvelope(q.contents, many(q.parties)),
  "seal to node": (q) => waybills.sealToNode(unhex(q.secret), unhex(q.content), unhex(q.salt)),
  "open as node": (q) => waybills.openAsNode(unhex(q.secret), unhex(q.sealed)),
  "waybill mark": (q) => waybills.markOf(unhex(q.secret), unhex(q.sealed)),
  "open envelope": async (q) => canonical(await envelopes.openEnvelope(unhex(q.envelope), many(q.seeds))),

  canonical: (q) => canonical(q.value),
  "identity keys": (q) => documents.readIdentityKeys(unhex(q.document)),
  "category keys": (q) => documents.readCategoryKeys(unhex(q.document)),

  phrase: (q) => vaults.phrase(unhex(q.seed)),
  "seed of phrase": (q) => vaults.seedOfPhrase(q.phrase),
  "wallet message": (q) => vaults.lockMessage(q.lock, q.origin),
  "open passphrase lock": (q) => vaults.openWithPassphrase(q.lock, q.passphrase),
  "lock with passphrase": (q) => vaults.lockWithPassphrase(unhex(q.seed), q.lock, q.passphrase),
  "open wallet lock": (q) => vaults.openWithWallet(q.lock, q.privateKey, unhex(q.deviceSecret), q.origin),
  "lock with wallet": (q) => vaults.lockWithWallet(unhex(q.seed), q.lock, q.privateKey, unhex(q.deviceSecret)),
};

const written = (_, value) => {
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === "bigint" ? value.toString() : value;
};

async function answer(line) {
  try {
    const question = JSON.parse(line);
    return { answer: await ANSWERS[question.ask](question) };
  } catch (error) {
    return error instanceof Refused ? { refused: error.message } : { failed: String(error?.stack ?? error) };
  }
}

for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  process.stdout.write(JSON.stringify(await answer(line), written) + "\n");
}
