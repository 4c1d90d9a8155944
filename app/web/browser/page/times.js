// Owns how times are told: days and moments in the person's language, from Unix seconds.
import { dateFormat } from "./formats.js";
import { _, ngettext } from "./texts.js";

const DAY = 86_400;
/** The last days of the year 9999: statements may name later times, which no calendar here can tell. */
const LATEST = 253_402_214_399;

/** @param {Intl.DateTimeFormatOptions} options @returns {(seconds: number) => string} */
function told(options) {
  const format = dateFormat(options);
  return (seconds) => format(new Date(Math.min(seconds, LATEST) * 1000));
}

/** @returns {number} the present second of this device's clock */
export function now() {
  return Math.floor(Date.now() / 1000);
}

/** "9 March 2026" */
export const day = told({ day: "numeric", month: "long", year: "numeric" });

/** "9 Mar 2026" */
export const shortDay = told({ day: "numeric", month: "short", year: "numeric" });

/** "9 March 2026 at 14:05" */
export const moment = told({ dateStyle: "long", timeStyle: "short" });

/** "14:05" */
export const clock = told({ timeStyle: "short" });

/** "March 2026" */
export const month = told({ month: "long", year: "numeric" });

/** "Mar 2026" */
export const shortMonth = told({ month: "short", year: "numeric" });

/**
 * "just now", "12 minutes ago", then the day.
 * @param {number} seconds
 * @param {number} [at]
 */
export function ago(seconds, at = now()) {
  const gone = at - seconds;
  if (gone < 60) return _("just now");
  if (gone < 3600) return ngettext("a minute ago", "{count} minutes ago", Math.floor(gone / 60));
  if (gone < DAY) return ngettext("an hour ago", "{count} hours ago", Math.floor(gone / 3600));
  return moment(seconds);
}

/**
 * "until 31 January 2027".
 * @param {number} seconds
 */
export function untilDay(seconds) {
  if (seconds > LATEST) return _("without an end");
  return seconds - now() < DAY
    ? _("until {moment}", { moment: moment(seconds) })
    : _("until {day}", { day: day(seconds) });
}

/** The value of a date field, in the person's own time zone. @param {number} seconds */
export function dayField(seconds) {
  const at = new Date(seconds * 1000);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** The end of the day that a date field names; 0 where it names none. @param {string} text */
export function secondsOf(text) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (!parts) return 0;
  const [year, month_, day_] = parts.slice(1).map(Number);
  return Math.floor(new Date(year, month_ - 1, day_, 23, 59, 59).getTime() / 1000);
}

/**
 * A FHIR date or time as people read it, as exactly as it was written.
 * @param {string | undefined} text "2026", "2026-03", "2026-03-09", "2026-03-09T09:12:00+00:00"
 */
export function fhirDay(text) {
  if (!text) return "";
  if (/^\d{4}$/.test(text)) return text;
  if (/^\d{4}-\d\d$/.test(text)) return month(Date.parse(`${text}-15`) / 1000);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return day(Date.parse(`${text}T12:00:00`) / 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? text : day(at / 1000);
}
