// Owns how days and numbers are written in the page's language. What writes them is made once for each
// way: making it takes longer than all that a page has to write.
import { currentLanguage } from "./texts.js";

/**
 * @template T
 * @param {(language: string) => {format: (value: T) => string}} make
 * @returns {(value: T) => string}
 */
function kept(make) {
  let language = "";
  /** @type {{format: (value: T) => string}} */
  let made;
  return (value) => {
    const now = currentLanguage();
    if (now !== language) made = make((language = now));
    return made.format(value);
  };
}

/** @param {Intl.DateTimeFormatOptions} options */
export const dateFormat = (options) =>
  kept((language) => new Intl.DateTimeFormat(language, options));

/** @param {Intl.NumberFormatOptions} [options] */
export const numberFormat = (options) =>
  kept((language) => new Intl.NumberFormat(language, options));
