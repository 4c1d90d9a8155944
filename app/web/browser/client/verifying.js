// Owns an auditor's look at one statement: digest, signature, anchor, and what the rules say of it.

import { hex } from "../core/bytes.js";
import { requireViewable } from "../core/consent.js";
import { ChartkeyError, ForeignSignature, MalformedStatement } from "../core/errors.js";
import { requireAuthentic } from "../core/records.js";
import { recover } from "../core/signatures.js";
import { BOOKS, TYPES, messageJson, readStatementFile } from "../core/statements.js";
import { isProven } from "../core/trees.js";
import { wordOfRole } from "./chain.js";
import { stamp } from "./looking.js";

/** Who signs where another person is named before them. @type {Record<string, string>} */
const SPEAKER = { Introduction: "registrar", Request: "viewer", Record: "author" };
const SPEAKERS = ["person", "patient", "organization", "author", "viewer", "registrar"];
/** Fields that name who must have signed, in the order in which a statement is asked for them. */
const UNANCHORED = ["Sheet", "Session", "Request", "Retraction", "Revocation", "RevocationOfAll"];

const ALONE = "Whether the viewer's wallet allowed that key, this file alone does not tell.";
/** Bytes of a session key's signature, which names no signer. */
const BY_SESSION = 64;

/** @typedef {"type" | "signer" | "anchor" | "verdict"} Kind */
/** @typedef {{step: Kind, sentence: string, ok: boolean}} Step */

/** Steps of one look. */
class Checks {
  /** @type {Step[]} */
  steps = [];

  /** @param {Step["step"]} step @param {() => Promise<string> | string} check */
  async try(step, check) {
    try {
      this.steps.push({ step, ok: true, sentence: await check() });
      return true;
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      this.steps.push({ step, ok: false, sentence: error.sentence });
      return false;
    }
  }
}

/**
 * Everything that can be told of a statement file; no sign-in is needed.
 * @param {{domains: any, chain: import("./chain.js").Chain, fates: import("./fates.js").Fates,
 *   now: number}} asking
 * @param {any} given the file as an object or as text
 */
export async function verifyStatement({ domains, chain, fates, now }, given) {
  const document = typeof given === "string" ? parsed(given) : given;
  const file = readStatementFile(document, domains);
  const { judge } = TYPES[file.type];
  const checks = new Checks();
  const kind = `It is a statement of the type ${file.type}, made for this node's contracts.`;
  checks.steps.push({ step: "type", ok: true, sentence: kind });
  let signer = "";
  const bySession = file.type === "Access" && file.signature.length === BY_SESSION;
  await checks.try("signer", () => {
    if (bySession) return "A key of the viewer's browser signed it.";
    signer = recover(file.digest, file.signature);
    return `It was signed by ${signer}.`;
  });
  const anchor = await anchorOf(file, judge, { chain, fates });
  const isDue = BOOKS.includes(judge) && !UNANCHORED.includes(file.type);
  if (anchor || isDue) {
    const since = anchor ? `It is written down for good since ${stamp(anchor.at)}.` : "";
    const sentence = since || "It is not written down for good.";
    checks.steps.push({ step: "anchor", ok: anchor !== null, sentence });
  }
  const view = await chain.view();
  const asked = { anchor, signer, view, domains, now };
  const holds = await checks.try("verdict", () => (bySession ? ALONE : verdict(file, asked)));
  const isSound = checks.steps.every(({ ok }) => ok);
  const isOpen = isSound ? bySession : holds && isDue && !anchor;
  return {
    type: file.type,
    digest: hex(file.digest),
    signer,
    message: messageJson(file.type, file.message),
    anchor: anchor ? { time: anchor.at, block: anchor.block } : null,
    verdict: isOpen ? "cannot tell" : isSound ? "holds" : "does not hold",
    steps: checks.steps,
    sentences: checks.steps.map(({ sentence }) => sentence),
  };
}

/** @param {string} written */
function parsed(written) {
  try {
    return JSON.parse(written);
  } catch {
    throw new MalformedStatement("it is not JSON");
  }
}

/**
 * @param {any} file
 * @param {string} judge
 * @param {{chain: import("./chain.js").Chain, fates: import("./fates.js").Fates}} asking
 */
async function anchorOf(file, judge, { chain, fates }) {
  if (!BOOKS.includes(judge)) return null;
  const view = await chain.view();
  const own = file.root && isProven(file.digest, file.proof, file.root) ? file : null;
  if (own) {
    const at = await view.anchoredAt(judge, own.root);
    const proof = { root: own.root, path: own.proof };
    if (at) return { at, proof, block: await view.anchoredBlock(judge, own.root) };
  }
  const found = await fates.anchorOf(file.digest, judge);
  return found ? { ...found, block: await view.anchoredBlock(judge, found.proof.root) } : null;
}

/**
 * What the rules say, in words; raises the reason where they say no.
 * @param {any} file
 * @param {any} asking
 * @returns {Promise<string>}
 */
async function verdict(file, { anchor, signer, view, domains, now }) {
  if (file.type === "Record" && anchor) return recordVerdict(file, anchor, { view, domains });
  if (file.type === "Grant" && anchor) {
    await requireViewable(file, anchor.proof, { domains, view, now });
    return `It lets its viewer see until ${stamp(file.message.expiresAt)}.`;
  }
  const field =
    SPEAKER[file.type] ?? SPEAKERS.find((name) => typeof file.message[name] === "string");
  if (!field) return `It was signed by ${signer}; who may sign it depends on its record.`;
  const person = file.message[field];
  const at = anchor ? anchor.at : view.time;
  if (signer && (await view.speaksFor(person, signer, at))) {
    return `Its signer spoke for ${person} at ${stamp(at)}.`;
  }
  throw new ForeignSignature();
}

/** @param {any} file @param {any} anchor @param {{view: any, domains: any}} judging */
async function recordVerdict(file, anchor, { view, domains }) {
  const role = await requireAuthentic(file, anchor.proof, { domains, view });
  const by = role ? `a certified ${wordOfRole(role)}` : "the patient";
  for (const who of ["author", "patient"]) {
    if (await view.retractedAt(file.message[who], file.digest)) {
      return `It is authentic, written by ${by}, and was taken back by its ${who} since.`;
    }
  }
  return `It is authentic, written by ${by}.`;
}
