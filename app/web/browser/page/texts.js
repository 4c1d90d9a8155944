// Owns the texts' language: English stands in the code, other languages come as one catalogue.

/** @typedef {Record<string, string | number>} Values */

/** @type {Map<string, string | string[]>} */
let catalogue = new Map();
let language = "en";
/** @type {(count: number) => number} */
let pluralForm = (count) => (count === 1 ? 0 : 1);

/**
 * How dates and numbers are written: in the page's language, as in the person's own region.
 * @returns {string}
 */
export function currentLanguage() {
  const [base] = language.split("-");
  const own = globalThis.navigator?.languages ?? [];
  return own.find((one) => one.split("-")[0] === base) ?? language;
}

/**
 * Loads the catalogue of a language; English needs none.
 * @param {string} wanted the page's `lang`
 * @param {string | undefined} address where the catalogue is
 */
export async function loadCatalogue(wanted, address) {
  language = wanted || "en";
  if (language.startsWith("en") || !address) return;
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(`The texts in ${language} could not be loaded.`);
  const { messages } = await answer.json();
  catalogue = new Map(Object.entries(messages));
  const rules = new Intl.PluralRules(language);
  const forms = rules.resolvedOptions().pluralCategories;
  pluralForm = (count) => Math.max(0, forms.indexOf(rules.select(count)));
}

/**
 * @param {string} text
 * @param {Values} values
 */
function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) =>
    name in values ? String(values[name]) : whole,
  );
}

/**
 * The text in the page's language, its `{placeholders}` filled in.
 * @param {string} text always a literal, so that the extractor finds it
 * @param {Values} [values]
 * @returns {string}
 */
export function _(text, values = {}) {
  const found = catalogue.get(text);
  return filled(typeof found === "string" && found ? found : text, values);
}

/** Values that are words of ours, not somebody's. */
const WORDS = new Set(["what", "kind", "address", "name"]);

/**
 * What the worker told: in the page's language where the catalogue has its text, else as it came.
 * An error's reason is a text of its own within the sentence, filled from the same values; `own` are
 * those that are in the page's language already.
 * @param {{text?: string, values?: Values, sentence: string, own?: Values}} told
 */
export function toldText({ text = "", values = {}, sentence, own = {} }) {
  const within = (
    /** @type {(text: string, values: Values) => string} */ say,
    /** @type {Values} */ { reason = "", ...facts },
  ) => {
    const said = Object.entries(facts).map(([name, value]) => [
      name,
      WORDS.has(name) ? say(`${value}`, {}) : value,
    ]);
    const named = Object.fromEntries(said);
    return say(text, { reason: say(`${reason}`, named), ...named });
  };
  return text && within(filled, values) === sentence ? within(_, { ...values, ...own }) : sentence;
}

/**
 * The text for a count; `{count}` is filled in.
 * @param {string} singular
 * @param {string} plural
 * @param {number} count
 * @param {Values} [values]
 * @returns {string}
 */
export function ngettext(singular, plural, count, values = {}) {
  const found = catalogue.get(singular);
  const text = Array.isArray(found) ? found[pluralForm(count)] : count === 1 ? singular : plural;
  return filled(text || plural, { count: count.toLocaleString(language), ...values });
}

/**
 * A translated sentence with templates in the places of its `{placeholders}`.
 * @param {string} text a translated text, as `_` returns it
 * @param {Record<string, unknown>} values
 * @returns {unknown[]}
 */
export function rich(text, values) {
  return text
    .split(/(\{\w+\})/)
    .map((part) => (/^\{\w+\}$/.test(part) ? (values[part.slice(1, -1)] ?? part) : part));
}
