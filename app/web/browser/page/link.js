// Owns the page's line to the worker: calls, their progress, the worker's questions, and events. It imports
// nothing, so that a page without the application can have it too.

/**
 * @typedef {object} CallOptions
 * @property {(progress: any) => void} [onProgress] hears how far a long call is
 * @property {AbortSignal} [signal] stops it at the next safe place
 * @property {string} [once] a second call of this name and word gets the first one's answer
 */
/** @typedef {(args?: any, options?: CallOptions) => Promise<any>} Call */
/** @typedef {Record<string, Call>} Person */
/**
 * @typedef {{resolve: (value: any) => void, reject: (error: Error) => void,
 *   onProgress?: (p: any) => void}} Waiting
 */

const WORKER_FAILED = {
  sentence: "The part of this page that holds your keys has stopped.",
  unharmed: "What was handed in before is kept.",
  remedy: "Load the page again.",
};

/** An error that the worker told: what happened, what is unharmed, what to do next. */
export class PersonError extends Error {
  /**
   * @param {{name: string, sentence: string, unharmed: string, remedy: string, facts?: any,
   *   reason?: string, texts?: any, because?: any[]}} told
   */
  constructor(told) {
    super(told.sentence);
    this.name = told.name;
    this.sentence = told.sentence;
    this.unharmed = told.unharmed;
    this.remedy = told.remedy;
    this.facts = told.facts ?? {};
    this.reason = told.reason ?? "";
    this.texts = told.texts;
    this.because = told.because ?? [];
  }
}

/** A line to the worker whose script is at this URL. @param {string | URL} url */
export function connect(url) {
  const worker = new Worker(url, { type: "module", name: "chartkey" });
  /** @type {Map<number, Waiting>} */
  const waiting = new Map();
  /** @type {Map<string, Set<(told: any) => void>>} */
  const listeners = new Map();
  /** @type {(question: any) => any} */
  let answer = () => {
    throw new Error("nobody answers the worker's questions");
  };
  let last = 0;

  worker.onmessage = ({ data }) => {
    if ("event" in data) {
      for (const listener of listeners.get(data.event) ?? []) listener(data.told);
    } else if ("ask" in data) {
      void answerQuestion(data);
    } else {
      settle(data);
    }
  };
  worker.onerror = (event) => {
    event.preventDefault();
    const fault = new PersonError({
      name: "WorkerFailed",
      ...WORKER_FAILED,
      texts: WORKER_FAILED,
      facts: { at: `${event.message ?? ""}`.slice(0, 200) },
    });
    for (const call of waiting.values()) call.reject(fault);
    waiting.clear();
  };

  /** @param {{id: number, result?: any, error?: any, progress?: any}} told */
  function settle({ id, ...told }) {
    const call = waiting.get(id);
    if (!call) return;
    if ("progress" in told) {
      call.onProgress?.(told.progress);
      return;
    }
    waiting.delete(id);
    if (told.error) call.reject(new PersonError(told.error));
    else call.resolve(told.result);
  }

  /** @param {{ask: number, [part: string]: any}} data */
  async function answerQuestion({ ask, ...question }) {
    try {
      worker.postMessage({ answer: ask, result: await answer(question) });
    } catch (error) {
      const { code = 0, message = "", ...told } = /** @type {any} */ (error) ?? {};
      const { sentence, unharmed, remedy } = told;
      const said = { code, message: `${message}`.slice(0, 200), sentence, unharmed, remedy };
      worker.postMessage({ answer: ask, refused: said });
    }
  }

  /** @param {string} method @param {any} args @param {CallOptions} options */
  function call(method, args = {}, { onProgress, signal, once } = {}) {
    last += 1;
    const id = last;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject, onProgress });
      signal?.addEventListener("abort", () => worker.postMessage({ stop: id }), { once: true });
      worker.postMessage({ id, method, args, once });
      if (signal?.aborted) worker.postMessage({ stop: id });
    });
  }

  /** @type {Person} */
  const person = new Proxy(
    {},
    {
      get(_, method) {
        if (typeof method !== "string" || method === "then") return undefined;
        return (/** @type {any} */ args, /** @type {CallOptions} */ options) =>
          call(method, args, options);
      },
    },
  );

  return {
    person,
    /**
     * Listen to an event; answers what stops it.
     * @param {string} event
     * @param {(told: any) => void} listener
     */
    on(event, listener) {
      const heard = listeners.get(event) ?? new Set();
      listeners.set(event, heard.add(listener));
      return () => heard.delete(listener);
    },
    /**
     * Who answers when the worker asks for a wallet of the browser.
     * @param {(question: any) => any} handler
     */
    onAsk(handler) {
      answer = handler;
    },
    close() {
      worker.terminate();
    },
  };
}
