// Owns how tables of names are written: as text, which reads better than lists.

/** The words of a text. @param {TemplateStringsArray} written @returns {string[]} */
export const words = (written) => written[0].split(/\s+/).filter((word) => word);
