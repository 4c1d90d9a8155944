// Asks the browser's core (app/web/browser/core) what the golden vectors ask: in Node, and in a browser.
//
// A question is a line of JSON, {"ask": name, …}, and so is its answer: {"answer": …}, {"refused":
// sentence, "error": class} or {"failed": what went wrong here}. Bytes are hexadecimal with 0x.

import * as bodies from "../../app/web/browser/core/bodies.js";
import { split } from "../../app/web/browser/core/bundles.js";
import { canonical, hex, join, sha256, text, unhex, utf8 } from "../../app/web/browser/core/bytes.js";
import { CATEGORIES, PROTECTED } from "../../app/web/browser/core/categories.js";
import * as consent from "../../app/web/browser/core/consent.js";
import * as content from "../../app/web/browser/core/content.js";
import * as custody from "../../app/web/browser/core/custody.js";
import * as documents from "../../app/web/browser/core/documents.js";
import * as envelopes from "../../app/web/browser/core/envelopes.js";
import * as errors from "../../app/web/browser/core/errors.js";
import * as codes from "../../app/web/browser/core/fhir/codes.js";
import * as names from "../../app/web/browser/core/fhir/names.js";
import * as r4 from "../../app/web/browser/core/fhir/r4.js";
import { TABLES, categoryOf } from "../../app/web/browser/core/fhir/sorting.js";
import * as keys from "../../app/web/browser/core/keys.js";
import * as sheets from "../../app/web/browser/core/sheets.js";
import * as statements from "../../app/web/browser/core/statements.js";
import * as trees from "../../app/web/browser/core/trees.js";
import * as vaults from "../../app/web/browser/core/vaults.js";
import * as judging from "./js/judging.mjs";
import * as manifests from "./js/manifests.mjs";
import * as second from "./js/second.mjs";
import * as waybills from "./js/waybills.mjs";
import * as writing from "./js/writing.mjs";

const many = (texts) => texts.map((text) => unhex(text));
const keysOf = (texts) => Promise.all(many(texts).map(keys.publicKey));
const seedsOf = (texts) => Promise.all(many(texts).map(keys.privateKey));

/** The counting body: byte i is i · 31 mod 251. @param {number} size */
const counting = (size) => Uint8Array.from({ length: size }, (_, i) => (i * 31) % 251);

const body = (q) => (q.counting === undefined ? unhex(q.body) : counting(q.counting));

/** Some bytes, so many times. @param {[string, number]} run */
function repeated([part, times]) {
  const piece = unhex(part);
  const whole = new Uint8Array(piece.length * times);
  for (let at = 0; at < whole.length; at += piece.length) whole.set(piece, at);
  return whole;
}

const halvesOf = (q) => ({ a: unhex(q.a), b: unhex(q.b) });
const sealing = (q) => ({
  halves: halvesOf(q),
  context: { ...q.context, contentRoot: unhex(q.context.contentRoot) },
});

const digestsOf = (entries) => entries.map((e) => ({ digest: unhex(e.digest), envelope: unhex(e.envelope) }));

const disclosure = (q) => ({ ...q, value: unhex(q.value), salt: unhex(q.salt), proof: many(q.proof), root: unhex(q.root) });

const requireSame = (a, b, what) => {
  if (a !== b) throw new Error(`${what}: ${a} is not ${b}`);
};

function digestOf({ type, domain, message }) {
  const { text, hash } = statements.TYPES[type];
  const digest = hex(statements.digest(type, domain, message));
  const ethers = second.typed(type, domain, message);
  requireSame(ethers.digest, digest, "ethers has another digest");
  const separator = statements.separatorOf(domain);
  return { typeString: text, ethersType: ethers.text, typeHash: hash, separator, digest };
}

function signerOf({ type, domain, message, signature }) {
  const digest = statements.digest(type, domain, message);
  const strict = statements.recover(digest, unhex(signature));
  requireSame(second.signer(type, domain, message, signature), strict, "ethers recovers another");
  return strict;
}

async function signWithSession({ digest }) {
  const { privateKey, publicKey } = await statements.newSessionKey();
  const signature = await statements.signAccess(privateKey, unhex(digest, 32));
  return { publicKey, keyId: await statements.sessionKeyId(publicKey), signature };
}

/** A file that is addressed to one contract, and who signed it. */
function readFile({ text, contract }) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw new errors.MalformedStatement("it is not JSON");
  }
  const file = statements.readStatementFile(document, { judging: () => contract });
  const { type, digest, signature, root = null, proof = null } = file;
  return { type, digest, signer: statements.recover(digest, signature), root, proof };
}

function numbered({ count, places }) {
  const digests = Array.from({ length: count }, (_, i) => trees.keccak(utf8(`chartkey digest ${i}`)));
  const theirs = second.treeOf(digests);
  requireSame(theirs.root, hex(trees.rootOf(digests)), "OpenZeppelin has another root");
  const proofs = places.map((place) => {
    const path = trees.proofOf(digests, digests[place]).map(hex);
    requireSame(path.join(), theirs.getProof(hex(digests[place])).join(), "OpenZeppelin's proof");
    return path;
  });
  return { root: theirs.root, proofs };
}

async function readIdentityKeys({ document }) {
  const bytes = unhex(document);
  const { identity, custodians, threshold } = await documents.readIdentityKeys(bytes);
  const parts = { identity: identity.bytes, custodians: custodians.map((key) => key.bytes), threshold };
  requireSame(text(documents.identityKeysDocument(parts)), text(bytes), "written otherwise");
  return { ...parts, hash: await documents.documentHash(bytes) };
}

async function readCategoryKeys({ document }) {
  const bytes = unhex(document);
  const { epoch, keys: found } = await documents.readCategoryKeys(bytes);
  const plain = Object.fromEntries(Object.entries(found).map(([name, key]) => [name, key.bytes]));
  requireSame(text(documents.categoryKeysDocument(epoch, plain)), text(bytes), "written otherwise");
  return { epoch, keys: plain, hash: await documents.documentHash(bytes) };
}

async function writeSheet(q) {
  const [category, patient] = await keysOf([q.to.category, q.to.patient]);
  const [authors, custodians] = [await keysOf(q.to.authors), await keysOf(q.to.custodians)];
  const { epoch, threshold } = q;
  const to = { category, epoch, patient, authors, custodians, threshold };
  return sheets.writeSheet({ record: unhex(q.record), version: q.version, halves: halvesOf(q), to });
}

const slotOf = async (q) =>
  sheets.openSlot(await sheets.readSheet(unhex(q.sheet)), q.kind, await keys.privateKey(unhex(q.seed)));

async function openStreamed(q) {
  const { halves, context } = sealing(q);
  const whole = [];
  const record = { halves, context, content: q.kind, sealedHash: unhex(q.sealedHash) };
  for await (const piece of bodies.openStream([unhex(q.sealed)], record)) whole.push(piece);
  return join(...whole);
}

async function sealStreamed(q) {
  const { halves, context } = sealing(q);
  const plaintext = body(q);
  const step = q.step;
  const pieces = Array.from({ length: Math.ceil(plaintext.length / step) }, (_, i) =>
    plaintext.slice(i * step, (i + 1) * step),
  );
  const stream = await bodies.sealStream(pieces, { halves, context });
  const parts = [];
  for await (const piece of stream) parts.push(piece);
  requireSame(stream.size, bodies.sealedSize(plaintext.length), "another size");
  return { sealed: join(...parts), hash: stream.sealedHash };
}

async function openWithWallet({ lock, origin, privateKey, deviceSecret }) {
  const signature = second.signText(privateKey, vaults.lockMessage(lock, origin));
  return { seed: await vaults.openWithWallet(lock, signature, unhex(deviceSecret)), signature };
}

function lockWithWallet({ seed, lock, privateKey, deviceSecret }) {
  const signature = second.signText(privateKey, vaults.walletMessage(lock));
  const nonce = unhex(lock.nonce);
  return vaults.lockWithWallet(unhex(seed), lock, [signature, signature], unhex(deviceSecret), nonce);
}

function lockWithPassphrase({ seed, lock, passphrase }) {
  const { n, r, p } = lock;
  const given = { n, r, p, salt: unhex(lock.salt), nonce: unhex(lock.nonce) };
  return vaults.lockWithPassphrase(unhex(seed), passphrase, given);
}

/** An opening as JSON, taken apart into what the core takes, and written again. */
function writeOpening({ opening, contracts }) {
  const domains = statements.domainsOf({ chainId: opening.chain, contracts });
  const signed = (type, part) =>
    part && { type, message: statements.messageOf(type, part.message), signature: unhex(part.signature) };
  const { access, session, grant, proof, membership, records } = opening;
  const share = (s) => s && { kind: 3, number: s.number, recipient: unhex(s.recipient), sealed: unhex(s.sealed) };
  return custody.writeOpening(
    {
      access: signed("Access", access),
      session: session && { signed: signed("Session", session), publicKey: unhex(session.publicKey) },
      grant: signed("Grant", grant),
      proof: proof && { root: unhex(proof.root), path: many(proof.path) },
      membership: signed("Membership", membership),
      records: records.map((one) => ({
        record: statements.messageOf("Record", one.message),
        epoch: one.epoch,
        share: share(one.share),
      })),
      viewerKeys: utf8(opening.viewerKeys),
      patientKeys: utf8(opening.patientKeys),
    },
    domains,
  );
}

const signedPart = (type, { message, signature }) => ({
  type,
  message: statements.messageOf(type, message),
  signature: unhex(signature),
});

function writeInquiry({ inquiry: { access, session, after } }) {
  const opened = session && {
    signed: signedPart("Session", session),
    publicKey: unhex(session.publicKey),
  };
  return custody.writeInquiry(signedPart("Access", access), opened, after);
}

const tables = () => ({
  CATEGORIES,
  PROTECTED,
  LABELS: [...codes.LABELS],
  PREFIXES: [codes.ICD10, codes.ICD9, codes.ATC],
  LISTED: [codes.SNOMED, codes.LOINC, codes.MEDICINES].map((table) => table.map(([kind, all]) => [kind, [...all]])),
  TYPES: [...TABLES.TYPES],
  OBSERVATIONS: [...TABLES.OBSERVATIONS],
  SECTIONS: [...TABLES.SECTIONS],
  VITAL_SIGNS: [...TABLES.VITAL_SIGNS],
  TIMES: names.TIMES,
  NAMES: names.NAMES,
  BUNDLE_TYPES: r4.BUNDLE_TYPES,
  RESOURCE_TYPES: [...r4.RESOURCE_TYPES],
  ELEMENTS_OF_OTHER_VERSIONS: r4.ELEMENTS_OF_OTHER_VERSIONS,
  SHAPES: r4.SHAPES,
  PURPOSES: consent.PURPOSES,
  PROFESSIONAL: consent.PROFESSIONAL,
  GRANT_REFUSAL: consent.GRANT_REFUSAL,
});

async function splitBundle({ bundle }) {
  const { records, entryCount } = split(unhex(bundle));
  const written = records.map(async ({ body, ...about }) => ({ ...about, hash: await sha256(body), size: body.length }));
  return { records: await Promise.all(written), entryCount };
}

const errorTexts = () =>
  Object.entries(errors).flatMap(([name, kind]) =>
    kind.texts ? [[name, kind.kind, kind.texts, Object.getPrototypeOf(kind).kind ?? null]] : [],
  );

/** @type {Record<string, (question: any) => any>} */
const ANSWERS = {
  errors: errorTexts,
  "read error": (q) => errors.errorOf(q.document, q.service).asJson(),
  types: () => statements.TYPE_STRINGS,
  digest: digestOf,
  sign: (q) => second.sign(q.privateKey, q.type, q.domain, q.message),
  "sign digest": (q) => statements.signDigest(unhex(q.privateKey), unhex(q.digest)),
  "address of": (q) => statements.addressOf(unhex(q.privateKey)),
  signer: signerOf,
  recover: (q) => statements.recover(unhex(q.digest), unhex(q.signature)),
  "session signature": (q) => statements.isSessionSignature(unhex(q.publicKey), unhex(q.digest), unhex(q.signature)),
  "sign with session": signWithSession,
  "statement file": readFile,
  "write statement file": ({ document, contract }) => {
    const judges = { judging: () => contract };
    const { root, proof, ...signed } = statements.readStatementFile(document, judges);
    return statements.statementFile(signed, judges, root && { root, path: proof });
  },

  tree: numbered,
  proven: (q) => trees.isProven(unhex(q.digest), many(q.proof), unhex(q.root)),
  "read manifest": (q) => manifests.readManifest(unhex(q.manifest)),
  "write manifest": (q) => manifests.writeManifest(digestsOf(q.entries)),

  "public key": async (q) => {
    const { public: key, id } = await keys.privateKey(unhex(q.seed));
    return { key: key.bytes, id, derived: await sha256(await second.derivedPublicKey(unhex(q.seed))) };
  },
  "identity seed": (q) => keys.identitySeed(unhex(q.seed)),
  "category seed": (q) => keys.categorySeed(unhex(q.seed), q.category, BigInt(q.epoch)),
  seal: async (q) => (await keys.publicKey(unhex(q.key))).seal(unhex(q.plaintext), unhex(q.info)),
  open: async (q) => {
    const opened = await (await keys.privateKey(unhex(q.seed))).open(unhex(q.sealed), unhex(q.info));
    requireSame(hex(await second.open(unhex(q.seed), unhex(q.sealed), unhex(q.info))), hex(opened), "the library opens otherwise");
    return opened;
  },

  "body key": (q) => {
    const { halves, context } = sealing(q);
    return bodies.bodyKey(halves, context);
  },
  "content secret": (q) => bodies.contentSecret(halvesOf(q)),
  "seal body": (q) => bodies.sealBody(body(q), sealing(q)),
  "seal stream": sealStreamed,
  "open stream": openStreamed,
  "open body hash": async (q) => {
    const opened = await bodies.openBody(unhex(q.sealed), sealing(q));
    return { size: opened.length, hash: await sha256(opened) };
  },

  elements: async (q) => {
    const { kind, elements } = await content.elementsOf(unhex(q.body));
    const root = content.contentRoot(elements, unhex(q.secret));
    return { kind, elements: Object.fromEntries(elements), root };
  },
  kind: async (q) => {
    const whole = join(...q.runs.map(repeated));
    const { kind, elements } = await content.elementsOf(whole);
    const blob = await content.contentOf(new Blob([whole]));
    requireSame(blob.kind, kind, "a file is taken apart otherwise");
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
  "write sheet": writeSheet,
  "release info": (q) =>
    sheets.releaseInfo(unhex(q.access), unhex(q.record), unhex(q.custodian), unhex(q.viewer)),

  "seal envelope": async (q) => envelopes.sealEnvelope(q.contents, await keysOf(q.parties)),
  "open envelope": async (q) => canonical(await envelopes.openEnvelope(unhex(q.envelope), await seedsOf(q.seeds))),
  "seal to node": (q) => waybills.sealToNode(unhex(q.secret), unhex(q.content), unhex(q.salt)),
  "open as node": (q) => waybills.openAsNode(unhex(q.secret), unhex(q.sealed)),
  "waybill mark": (q) => waybills.markOf(unhex(q.secret), unhex(q.sealed)),

  canonical: (q) => canonical(q.value),
  "identity keys": readIdentityKeys,
  "category keys": readCategoryKeys,

  phrase: (q) => vaults.phrase(unhex(q.seed)),
  "seed of phrase": (q) => vaults.seedOfPhrase(q.phrase),
  "wallet message": (q) => vaults.lockMessage(q.lock, q.origin),
  "open passphrase lock": (q) => vaults.openWithPassphrase(q.lock, q.passphrase),
  "lock with passphrase": lockWithPassphrase,
  "open wallet lock": openWithWallet,
  "lock with wallet": lockWithWallet,
  "own wallet key": (q) => vaults.ownWalletKey(unhex(q.seed)),
  ticket: (q) => vaults.ticketOf(q.name, q.passphrase),

  "write opening": writeOpening,
  "read release": (q) => {
    const { custodian, shares } = custody.readRelease(q.release);
    return { custodian, shares: Object.fromEntries(shares) };
  },
  "write revocation": ({ revocation }) => custody.writeRevocation(signedPart(revocation.type, revocation)),
  "write inquiry": writeInquiry,
  "read log page": (q) => custody.readLogPage(q.page),

  tables,
  "category of": (q) => categoryOf(q.resource),
  "split bundle": splitBundle,

  judge: judging.judge,
  "fresh nonces": judging.nonces,
  revokes: judging.revokes,
  welcome: judging.welcome,
  versions: judging.versions,

  "write all": writing.writeAll,
  "ask custodians": writing.ask,
  finish: writing.finish,
};

const written = (_, value) => {
  if (value instanceof Uint8Array) return hex(value);
  return typeof value === "bigint" ? value.toString() : value;
};

/** @param {string} line @returns {Promise<string>} */
export async function answer(line) {
  return JSON.stringify(await found(line), written);
}

async function found(line) {
  try {
    const question = JSON.parse(line);
    return { answer: await ANSWERS[question.ask](question) };
  } catch (error) {
    if (error instanceof errors.ChartkeyError) return { refused: error.message, error: error.name };
    return { failed: String(error?.stack ?? error) };
  }
}
