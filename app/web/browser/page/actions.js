// Owns actions of which a list has one per line: one that is busy leaves the others alone.
import { html } from "lit-html";

/**
 * Gives the action of a line; the same key always gives the same one.
 * @param {import("./view.js").Page} page
 * @param {(...args: any[]) => Promise<any>} work
 * @param {{done?: string, after?: (result: any) => void}} [options]
 * @returns {(key: string) => import("./view.js").Action}
 */
export function actionPer(page, work, options) {
  /** @type {Map<string, import("./view.js").Action>} */
  const made = new Map();
  return (key) => {
    const known = made.get(key);
    if (known) return known;
    const action = page.action(work, options);
    made.set(key, action);
    return action;
  };
}

/**
 * The words on a button or link in a list; who does not see the line hears whose it is.
 * @param {string} label
 * @param {string} whose
 */
export const named = (label, whose) =>
  html`<span>${label}<span class="visually-hidden"> ${whose}</span></span>`;
