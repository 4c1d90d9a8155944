// Owns the errors of stores, the chain and services, and how a service tells an error as JSON.

import { ChartkeyError, KINDS, kind } from "./chartkey_error.js";

/** @import { Facts, Texts } from "./chartkey_error.js" */

export const StoreError = kind("StoreError", ChartkeyError, {
  unharmed: "What was accepted before is kept.",
});
export const NotStored = kind("NotStored", StoreError, {
  sentence: "The store does not hold {address}.",
  remedy: "Ask another node, or wait until it has been copied.",
});
export const StoreAltered = kind("StoreAltered", StoreError, {
  sentence: "The store returned other bytes than those of {address}.",
  remedy: "Ask another node, and repair this store.",
});
export const StoreFull = kind("StoreFull", StoreError, {
  sentence: "The disk is full.",
  remedy: "Free some space and try again; nothing half-written is kept.",
});
export const StorageSpent = kind("StorageSpent", StoreError, {
  sentence: "One person may keep {most} bytes here, and this would be more.",
  remedy: "Erase what is no longer needed, or ask whoever runs this node for more room.",
});
export const TooLarge = kind("TooLarge", StoreError, {
  sentence: "This is larger than the {most} bytes that are taken here.",
  remedy: "Hand in something smaller.",
});
export const OffsetMismatch = kind("OffsetMismatch", StoreError, {
  sentence: "The next piece of this upload begins at {offset}.",
  remedy: "Go on from there.",
});
export const StoreUnreachable = kind("StoreUnreachable", StoreError, {
  sentence: "The body store does not answer: {reason}.",
  remedy: "Try again in a moment; whoever runs this node should look at its IPFS daemons.",
});
export const DatabaseUnreachable = kind("DatabaseUnreachable", StoreError, {
  sentence: "The database does not answer.",
  unharmed: "What was accepted before is kept; what was just handed in may not have been.",
  remedy: "Hand it in again in a moment; what arrives twice is taken once.",
});

export const ChainError = kind("ChainError", ChartkeyError, {
  unharmed: "What was signed is kept and goes out when the chain answers again.",
});
export const ChainUnreachable = kind("ChainUnreachable", ChainError, {
  sentence: "The chain does not answer: {reason}.",
  remedy: "Check the connection or the RPC URL.",
});
export const ChainStale = kind("ChainStale", ChainError, {
  sentence: "The newest block of the chain is {seconds} seconds old.",
  unharmed: "Nothing was opened, and nothing was changed.",
  remedy: "Try again in a moment; whoever runs this service should look at its RPC endpoints.",
});
export const TransactionFailed = kind("TransactionFailed", ChainError, {
  sentence: "The chain did not accept the transaction: {reason}.",
});
export const BalanceTooLow = kind("BalanceTooLow", ChainError, {
  sentence: "The account that pays for transactions is below its floor.",
  unharmed: "What was signed is kept; revocations still go out while money lasts.",
  remedy: "Fund the relayer's account.",
});

export const ServiceError = kind("ServiceError", ChartkeyError, {
  remedy: "Try again in a moment, or ask another one.",
});
export const ServiceUnreachable = kind("ServiceUnreachable", ServiceError, {
  sentence: "{name} does not answer: {reason}.",
});
export const ServiceRefused = kind("ServiceRefused", ServiceError, {
  sentence: "{name} refused this: {reason}.",
});

export const ServerFault = kind("ServerFault", ServiceError, {
  sentence: "Something went wrong inside this service.",
  unharmed: "What was accepted before is kept, and nothing was opened.",
  remedy: "Try again in a moment; whoever runs this service should look at its log.",
});

const LONGEST_SENTENCE = 500;

/** @param {string} written as much of it as can be shown */
const shown = (written) => written.slice(0, LONGEST_SENTENCE).replace(/\p{C}/gu, "");

/** @param {unknown} value @param {string} otherwise */
const shownOr = (value, otherwise) =>
  typeof value === "string" && value ? shown(value) : otherwise;

/**
 * The very error that a service told as JSON; ServiceRefused where it is none of ours.
 * @param {any} document @param {string} service what people call it @returns {ChartkeyError}
 */
export function errorOf(document, service) {
  if (typeof document?.sentence !== "string") {
    return new ServiceRefused("it gave no reason", { name: service });
  }
  const { error: name, reason, facts } = document;
  const known = typeof name === "string" && /^[A-Z]\w{1,60}$/.test(name);
  if (!known) {
    const told = shown(document.sentence).replace(/\.+$/, "");
    return new ServiceRefused("{told}", { name: service, told });
  }
  const Kind = KINDS.get(name) ?? ChartkeyError;
  const told = new Kind(shownOr(reason, ""), shownFacts(facts));
  told.name = name;
  if (!KINDS.has(name)) told.texts = shownTexts(document.texts, told.texts);
  told.message = shown(document.sentence);
  told.unharmed = shownOr(document.unharmed, told.unharmed);
  told.remedy = shownOr(document.remedy, told.remedy);
  return told;
}

/** What a kind says that only the node knows. @param {any} texts @param {Texts} otherwise */
const shownTexts = (texts, otherwise) => ({
  sentence: shownOr(texts?.sentence, otherwise.sentence),
  unharmed: shownOr(texts?.unharmed, otherwise.unharmed),
  remedy: shownOr(texts?.remedy, otherwise.remedy),
});

/** @param {unknown} facts @returns {Facts} */
function shownFacts(facts) {
  const pairs = Object.entries(facts !== null && typeof facts === "object" ? facts : {});
  const plain = pairs.filter(([, value]) => ["string", "number"].includes(typeof value));
  return Object.fromEntries(
    plain.map(([name, value]) => [
      shown(name).slice(0, 40),
      typeof value === "string" ? shown(value) : value,
    ]),
  );
}
