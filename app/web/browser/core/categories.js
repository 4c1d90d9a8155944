// Owns the names of a chart's categories (docs/categories.md); they are part of signed statements.

import { UnknownCategory } from "./errors.js";

/** Every category, in the order in which people are shown them. */
export const CATEGORIES = [
  "demographics",
  "encounters",
  "conditions",
  "medications",
  "allergies",
  "immunizations",
  "laboratory",
  "vitals",
  "imaging",
  "procedures",
  "documents",
  "plans",
  "billing",
  "mental-health",
  "sexual-health",
  "substance-use",
  "genetics",
];

/** The specially protected ones: nothing comes into them, or out of them, by its type alone. */
export const PROTECTED = ["substance-use", "sexual-health", "genetics", "mental-health"];

/** The name itself, where there is a category of that name. @param {string} name */
export function requireCategory(name) {
  if (!CATEGORIES.includes(name)) throw new UnknownCategory();
  return name;
}
