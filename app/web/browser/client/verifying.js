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
import { fails, holds, told, toldOf } from "./told.js";

/** Who signs where another person is named before them. @type {Record<string, string>} */
const SPEAKER = { Introduction: "registrar", Request: "viewer", Record: "author" };
const SPEAKERS = ["person", "patient", "organization", "author", "viewer", "registrar"];
/** Fields that name who must have signed, in the order in which a statement is asked for them. */
const UNANCHORED = ["Sheet", "Session", "Request", "Retraction", "Revocation", "RevocationOfAll"];

const ALONE = told("Whether the viewer's wallet allowed that key, this file alone does not tell.");
/** Bytes of a session key's signature, which names no signer. */
const BY_SESSION = 64;

/** @typedef {"type" | "signer" | "anchor" | "verdict"} Kind */
/** @typedef {import("./told.js").Told} Told */
/** @typedef {Told & {step: Kind, ok: boolean}} Step */

/** Steps of one look. */
class Checks {
  /** @type {Step[]} */
  steps = [];

  /** @param {Step["step"]} step @param {() => Promise<Told> | Told} check */
  async try(step, check) {
    try {
      this.steps.push({ step, ...holds(await check()) });
      return true;
    } catch (error) {
      if (!(error instanceof ChartkeyError)) throw error;
      this.steps.push({ step, ...fails(toldOf(error)) });
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
  const kind = told("It is a statement of the type {type}, made for this node's contracts.", {
    type: file.type,
  });
  checks.steps.push({ step: "type", ...holds(kind) });
  let signer = "";
  const bySession = file.type === "Access" && file.signature.length === BY_SESSION;
  await checks.try("signer", () => {
    if (bySession) return told("A key of the viewer's browser signed it.");
    signer = recover(file.digest, file.signature);
    return told("It was signed by {signer}.", { signer });
  });
  const anchor = await anchorOf(file, judge, { chain, fates });
  const isDue = BOOKS.includes(judge) && !UNANCHORED.includes(file.type);
  if (anchor || isDue) {
    const step = anchor
      ? holds(told("It is written down for good since {time}.", { time: stamp(anchor.at) }))
      : fails(told("It is not written down for good."));
    checks.steps.push({ step: "anchor", ...step });
  }
  const view = await chain.view();
  const asked = { anchor, signer, view, domains, now };
  const isRight = await checks.try("verdict", () => (bySession ? ALONE : verdict(file, asked)));
  const isSound = checks.steps.every(({ ok }) => ok);
  const isOpen = isSound ? bySession : isRight && isDue && !anchor;
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
 * @returns {Promise<Told>}
 */
async function verdict(file, { anchor, signer, view, domains, now }) {
  if (file.type === "Record" && anchor) return recordVerdict(file, anchor, { view, domains });
  if (file.type === "Grant" && anchor) {
    await requireViewable(file, anchor.proof, { domains, view, now });
    return told("It lets its viewer see until {time}.", { time: stamp(file.message.expiresAt) });
  }
  const field =
    SPEAKER[file.type] ?? SPEAKERS.find((name) => typeof file.message[name] === "string");
  if (!field) {
    return told("It was signed by {signer}; who may sign it depends on its record.", { signer });
  }
  const person = file.message[field];
  const at = anchor ? anchor.at : view.time;
  if (signer && (await view.speaksFor(person, signer, at))) {
    return told("Its signer spoke for {person} at {time}.", { person, time: stamp(at) });
  }
  throw new ForeignSignature();
}

/** @param {any} file @param {any} anchor @param {{view: any, domains: any}} judging */
async function recordVerdict(file, anchor, { view, domains }) {
  const role = await requireAuthentic(file, anchor.proof, { domains, view });
  const kind = role ? wordOfRole(role) : "";
  for (const who of ["author", "patient"]) {
    if (await view.retractedAt(file.message[who], file.digest)) return takenBack(who, kind);
  }
  return kind
    ? told("It is authentic, written by a certified person or organization ({kind}).", { kind })
    : told("It is authentic, written by the patient.");
}

/** @param {string} who "author" or "patient" @param {string} kind of the author, if certified */
function takenBack(who, kind) {
  if (who === "patient") {
    return told("It is authentic, and its patient has stopped sharing it since.");
  }
  return kind
    ? told("It is authentic, and its certified author ({kind}) took it back since.", { kind })
    : told("It is authentic, and the patient, who wrote it, took it back since.");
}
