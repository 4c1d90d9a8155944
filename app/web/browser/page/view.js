// Owns what a view is given: loading, actions, dialogs and notes, all of which render by themselves.
import { confirmDialog, openDialog } from "./dialogs.js";
import { toldText } from "./texts.js";

/**
 * @typedef {object} View
 * @property {() => string} title
 * @property {() => unknown} render
 * @property {Record<string, (fact?: any) => void>} [on] what live events do
 * @property {() => void} [stop]
 * @property {() => boolean | Promise<boolean>} [leave] whether to go; may ask
 * @property {() => boolean} [unsaved] whether closing the tab would lose something
 */

/** @typedef {{done: number, total: number, step?: string}} Progress */
/**
 * @typedef {{sentence: string, unharmed?: string, remedy?: string, name?: string, facts?: any}} Problem
 */

/**
 * @template T
 * @typedef {object} Loading
 * @property {T | undefined} value
 * @property {Problem | undefined} error
 * @property {boolean} busy
 * @property {Progress | undefined} progress
 * @property {() => Promise<void>} again
 * @property {Promise<void>} settled when what was under way last has come or failed
 */

/**
 * @typedef {object} Action
 * @property {(...args: any[]) => Promise<any>} run
 * @property {boolean} busy
 * @property {boolean} asking it waits for the person's answer to a question of its own
 * @property {any[]} args what it runs with
 * @property {Progress | undefined} progress
 * @property {Problem | undefined} error
 * @property {() => void} clear
 */

/**
 * @typedef {object} Host what the application lends to a page
 * @property {any} person
 * @property {() => any} me
 * @property {() => any} deployment
 * @property {() => boolean} online
 * @property {() => void} refresh
 * @property {(path: string, options?: {replace?: boolean}) => void} go
 * @property {(text: string) => void} note
 * @property {() => Promise<void>} reloadMe
 * @property {(me: any, path?: string) => void} become
 * @property {(trial: import("./guide.js").Trial) => void} startTrial
 * @property {(hold: boolean) => void} holdSwitch
 */

/** What went wrong, as pages tell it. @param {any} error @returns {Problem} */
export function problemOf(error) {
  if (error && typeof error.sentence === "string") return inOurWords(error);
  console.error(error);
  return { sentence: String(error?.message ?? error), name: error?.name };
}

/** An error of the worker in the page's language. @param {any} error @returns {Problem} */
function inOurWords(error) {
  const { name, facts, reason, texts, because = [], sentence, unharmed, remedy } = error;
  if (!texts) return error;
  const values = { reason, ...facts };
  /** @type {import("./texts.js").Values} */
  const own = because.length ? { reasons: saidByEach(because) } : {};
  return {
    ...{ name, facts },
    sentence: toldText({ text: texts.sentence, values, sentence, own }),
    unharmed: toldText({ text: texts.unharmed, sentence: unharmed }),
    remedy: toldText({ text: texts.remedy, values, sentence: remedy }),
  };
}

/** What each of several said, as one reason. @param {{custodian: string, error: any}[]} faults */
function saidByEach(faults) {
  const each = faults.map(
    ({ custodian, error }) => `${custodian}: ${problemOf(error).sentence.replace(/\.$/, "")}`,
  );
  return each.join("; ");
}

/** One view's hold on the application, until the next one takes its place. */
export class Page {
  #host;
  #stopped = false;
  #asking = 0;

  /**
   * @param {Host} host
   * @param {Record<string, string>} params
   * @param {URLSearchParams} query
   */
  constructor(host, params, query) {
    this.#host = host;
    this.params = params;
    this.query = query;
  }

  get person() {
    return this.#host.person;
  }

  get me() {
    return this.#host.me();
  }

  get deployment() {
    return this.#host.deployment();
  }

  get online() {
    return this.#host.online();
  }

  refresh() {
    if (!this.#stopped) this.#host.refresh();
  }

  stop() {
    this.#stopped = true;
  }

  /** Whether another view has taken this one's place. */
  get stopped() {
    return this.#stopped;
  }

  /** @param {string} path @param {{replace?: boolean}} [options] */
  go(path, options) {
    if (!this.#stopped) this.#host.go(path, options);
  }

  /** @param {string} text */
  note(text) {
    this.#host.note(text);
  }

  reloadMe() {
    return this.#host.reloadMe();
  }

  /** Somebody has signed in. @param {any} me @param {string} [path] where to go then */
  become(me, path) {
    if (!this.#stopped) this.#host.become(me, path);
  }

  /** The guide leads from here on. @param {import("./guide.js").Trial} trial */
  startTrial(trial) {
    this.#host.startTrial(trial);
  }

  /** While several people are made, "signed out" is no reason to leave. @param {boolean} hold */
  holdSwitch(hold) {
    this.#host.holdSwitch(hold);
  }

  /** @param {import("./dialogs.js").Question} question @returns {Promise<boolean>} */
  async confirm(question) {
    this.#asking += 1;
    this.refresh();
    try {
      return await confirmDialog(question);
    } finally {
      this.#asking -= 1;
      this.refresh();
    }
  }

  /** @param {import("./dialogs.js").Dialog} dialog */
  show(dialog) {
    return openDialog(dialog);
  }

  /**
   * @template T
   * @param {(options: {onProgress: (progress: Progress) => void}) => Promise<T>} work
   * @returns {Loading<T>}
   */
  load(work) {
    let latest = 0;
    /** @type {Loading<T>} */
    const loading = {
      value: undefined,
      error: undefined,
      busy: false,
      progress: undefined,
      settled: Promise.resolve(),
      again: () => {
        loading.settled = begin();
        return loading.settled;
      },
    };
    /** @returns {Promise<void>} */
    const begin = async () => {
      const turn = ++latest;
      const isLatest = () => turn === latest;
      loading.busy = true;
      this.refresh();
      try {
        const value = await work({
          onProgress: (progress) => {
            if (!isLatest()) return;
            loading.progress = progress;
            this.refresh();
          },
        });
        // Who waits for this one waits for the later one, whose answer counts.
        if (!isLatest()) return loading.settled;
        loading.value = value;
        loading.error = undefined;
      } catch (error) {
        if (!isLatest()) return loading.settled;
        loading.error = problemOf(error);
      }
      loading.busy = false;
      loading.progress = undefined;
      this.refresh();
      return undefined;
    };
    void loading.again();
    return loading;
  }

  /**
   * @param {(...args: any[]) => Promise<any>} work
   * @param {{done?: string, after?: (result: any) => void}} [options]
   * @returns {Action}
   */
  action(work, options = {}) {
    const isAsking = () => this.#asking > 0;
    /** @type {Action} */
    const action = {
      busy: false,
      get asking() {
        return isAsking();
      },
      args: [],
      progress: undefined,
      error: undefined,
      clear: () => {
        action.error = undefined;
        this.refresh();
      },
      run: async (...args) => {
        if (action.busy) return undefined;
        action.busy = true;
        action.args = args;
        action.error = undefined;
        this.refresh();
        try {
          const result = await work(...args, {
            onProgress: (/** @type {Progress} */ progress) => {
              action.progress = progress;
              this.refresh();
            },
          });
          if (options.done) this.note(options.done);
          options.after?.(result);
          return result;
        } catch (error) {
          action.error = problemOf(error);
          return undefined;
        } finally {
          action.busy = false;
          action.progress = undefined;
          this.refresh();
        }
      },
    };
    return action;
  }
}
