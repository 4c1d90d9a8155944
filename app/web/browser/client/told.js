// Owns sentences that the worker tells: as texts of the catalogue with their values, and in English.

import { filled } from "../core/chartkey_error.js";

/** @typedef {{text: string, values: Record<string, string | number>, sentence: string}} Told */

/**
 * @param {string} text always a literal, so that the extractor finds it
 * @param {Record<string, string | number>} [values]
 * @returns {Told}
 */
export const told = (text, values = {}) => ({
  text,
  values,
  sentence: filled(text, values),
});

/** An error's own sentence. @param {import("../core/errors.js").ChartkeyError} error @returns {Told} */
export const toldOf = ({ sentence, texts, facts, reason }) => ({
  text: texts.sentence,
  values: Object.fromEntries(
    Object.entries({ reason, ...facts }).map(([name, value]) => [name, String(value)]),
  ),
  sentence,
});

/** A step of a check that holds. @param {Told} sentence */
export const holds = (sentence) => ({ ok: true, ...sentence });

/** A step that does not. @param {Told} sentence */
export const fails = (sentence) => ({ ok: false, ...sentence });
