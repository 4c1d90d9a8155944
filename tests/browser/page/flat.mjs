// Owns the text of a lit-html template, as tests read it: its parts put together, without a document.

/** @param {unknown} part @returns {string} */
export function flat(part) {
  if (part === undefined || part === null || typeof part === "symbol") return "";
  if (typeof part === "function") return "";
  if (Array.isArray(part)) return part.map(flat).join("");
  if (typeof part !== "object") return String(part);
  const { strings, values } = /** @type {any} */ (part);
  if (!strings)
    throw new TypeError(`No template and no text: ${JSON.stringify(part).slice(0, 80)}`);
  return strings.map((text, place) => text + flat(values[place])).join("");
}

/** What a person reads of it. @param {unknown} part @returns {string} */
export const read = (part) =>
  flat(part)
    .replace(/<svg[\s\S]*?<\/svg>/g, " ")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ")
    .trim();
