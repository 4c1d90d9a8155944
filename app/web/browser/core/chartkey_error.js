// Owns the root of the browser's errors: one sentence, what is unharmed, what to do next.

/** @typedef {{sentence: string, unharmed: string, remedy: string}} Texts */
/** @typedef {Record<string, string | number | bigint>} Facts */

/**
 * A text with its `{places}` filled from facts; what is no fact's name stays.
 * @param {string} text @param {Facts} facts
 */
export const filled = (text, facts) =>
  text.replace(/\{(\w+)\}/g, (place, name) =>
    Object.hasOwn(facts, name) ? String(facts[name]) : place,
  );

/** @type {Map<string, typeof ChartkeyError>} */
export const KINDS = new Map();

export class ChartkeyError extends Error {
  static kind = "ChartkeyError";
  /** @type {Texts} */
  static texts = {
    sentence: "{reason}",
    unharmed: "Nothing was changed.",
    remedy: "Check what was given and try again.",
  };

  /**
   * @param {string} [reason] always a literal, so that the extractor finds it
   * @param {Facts} [facts] the values that the sentence and the reason name
   */
  constructor(reason = "", facts = {}) {
    super();
    const { kind, texts } = /** @type {typeof ChartkeyError} */ (new.target);
    /** @type {Facts} */
    const named = { reason: filled(reason, facts), ...facts };
    this.name = kind;
    this.message = filled(texts.sentence, named);
    this.unharmed = texts.unharmed;
    this.remedy = texts.remedy;
    this.facts = facts;
    this.reason = reason;
    this.texts = texts;
    /**
     * What several others said, where this is the sum of it: the fact `reasons`.
     * @type {{custodian: string, error: any}[]}
     */
    this.because = [];
  }

  get sentence() {
    return this.message;
  }

  /** What crosses from the worker to the page, which tells `texts` in its own language. */
  asJson() {
    const { name, sentence, unharmed, remedy, facts, reason, texts, because } = this;
    const told = { name, sentence, unharmed, remedy, facts, reason, texts };
    return because.length ? { ...told, because } : told;
  }
}

/**
 * A class below another; what it does not say, it inherits.
 * @param {string} name @param {typeof ChartkeyError} parent @param {Partial<Texts>} [own]
 * @returns {typeof ChartkeyError}
 */
export function kind(name, parent, own = {}) {
  const made = class extends parent {
    static kind = name;
    static texts = { ...parent.texts, ...own };
  };
  KINDS.set(name, made);
  return made;
}
