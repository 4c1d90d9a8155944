// Owns the words that each resource of the form carries for people, as XHTML (Narrative in FHIR).

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** @param {string} text */
function escaped(text) {
  return text.replace(/[&<>"]/g, (sign) => ENTITIES[/** @type {keyof typeof ENTITIES} */ (sign)]);
}

/** @param {string} text */
const lines = (text) => escaped(text).split("\n").join("<br/>");

/**
 * A narrative of named lines; empty values are left out.
 * @param {string} heading
 * @param {[string, string][]} told name (or "") and value
 * @returns {{status: "generated", div: string}}
 */
export function narrative(heading, told = []) {
  const paragraphs = told
    .filter(([, value]) => value)
    .map(([name, value]) => `<p>${name && `<b>${escaped(name)}:</b> `}${lines(value)}</p>`);
  const title = `<p><b>${escaped(heading)}</b></p>`;
  return {
    status: "generated",
    div: `<div xmlns="http://www.w3.org/1999/xhtml">${title}${paragraphs.join("")}</div>`,
  };
}
