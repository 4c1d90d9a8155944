// Owns a form's draft: kept sealed by the worker while somebody types, and brought back after a reload.

const PAUSE = 500;

/**
 * @param {import("../view.js").Page} page
 * @param {string} name
 * @param {() => unknown} current what to keep, asked when it is written
 */
export function openDraft(page, name, current) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  let pending = false;
  /** @type {Promise<unknown>} */
  let writing = Promise.resolve();
  /** @type {import("../view.js").Problem | undefined} */
  let error;

  const write = () => {
    clearTimeout(pause);
    if (!pending) return writing;
    pending = false;
    writing = writing
      .then(() => page.person.keepDraft({ name, value: current() }))
      .then(() => {
        error = undefined;
      })
      .catch((fault) => {
        error = fault;
        pending = true;
        page.refresh();
      });
    return writing;
  };
  /** A shared workstation keeps drafts in memory only: a reload would lose them. */
  const warn = (/** @type {BeforeUnloadEvent} */ event) => {
    if (pending || (isTouched && !page.me.kept)) event.preventDefault();
  };
  let isTouched = false;
  window.addEventListener("beforeunload", warn);

  return {
    /** What was typed before, or null. @returns {Promise<any>} */
    read: () => page.person.draft({ name }),
    /** Something was typed. */
    changed() {
      [pending, isTouched] = [true, true];
      clearTimeout(pause);
      pause = setTimeout(() => void write(), PAUSE);
    },
    /** Writes what still waits. */
    flush: write,
    /** The draft has become a record, or was thrown away. */
    async forget() {
      clearTimeout(pause);
      [pending, isTouched] = [false, false];
      await writing;
      await page.person.forgetDraft({ name });
    },
    /** Whether all that was typed is kept. */
    get isKept() {
      return !pending;
    },
    get error() {
      return error;
    },
    stop() {
      void write();
      window.removeEventListener("beforeunload", warn);
    },
  };
}
