// Owns the line to the node: its API over fetch, the session's token, and what went wrong.

import { unhex } from "../core/bytes.js";
import { errorOf } from "../core/errors.js";
import { SignInNeeded, Offline, UnreadableAnswer } from "./errors.js";

/** @import { Bytes } from "../core/bytes.js" */

const PATIENCE = 30_000;
const PAUSES = [300, 1500];
/** Milliseconds before what may be repeated is sent again. */
const AWAY = new Set([502, 503, 504]);

/**
 * @typedef {object} Asking
 * @property {AbortSignal} [signal]
 * @property {boolean} [again] whether it may be sent twice
 * @property {number} [patience] milliseconds to wait for an answer
 * @property {Record<string, string>} [headers]
 */

/** The node that served this page. */
export class Node {
  /** @param {(event: string, told?: any) => void} tell */
  constructor(tell) {
    this.tell = tell;
    this.token = "";
    this.isAway = false;
    /** Milliseconds since 1970 of its last answer. */
    this.answeredAt = 0;
  }

  /** JSON of a route; may be asked twice. @param {string} path @param {Asking} [asking] */
  async get(path, asking = {}) {
    return json(await this.ask("GET", path, undefined, { again: true, ...asking }));
  }

  /**
   * Hand in JSON.
   * @param {string} method
   * @param {string} path
   * @param {any} [body]
   * @param {Asking} [asking]
   */
  async send(method, path, body, asking = {}) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    /** @type {Record<string, string>} */
    const headers = text === undefined ? {} : { "Content-Type": "application/json" };
    const again = asking.again ?? (method === "PUT" || method === "DELETE");
    return json(await this.ask(method, path, text, { ...asking, again, headers }));
  }

  /** @param {string} path @param {any} body @param {Asking} [asking] */
  post(path, body, asking) {
    return this.send("POST", path, body, asking);
  }

  /** @param {string} path @param {any} body @param {Asking} [asking] */
  put(path, body, asking) {
    return this.send("PUT", path, body, asking);
  }

  /** Raw bytes of a route. @param {string} path @param {Asking} [asking] */
  async bytes(path, asking = {}) {
    const answer = await this.ask("GET", path, undefined, { again: true, ...asking });
    return new Uint8Array(await this.#read(() => answer.arrayBuffer()));
  }

  /**
   * A route's bytes as they come.
   * @param {string} path
   * @param {Asking} [asking]
   * @returns {AsyncGenerator<Bytes>}
   */
  async *pieces(path, asking = {}) {
    const answer = await this.ask("GET", path, undefined, { again: true, patience: 0, ...asking });
    const reader = answer.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await this.#read(() => reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {}); // a stream that has failed cannot be cancelled
    }
  }

  /**
   * The answer of a route, of which only a good one comes back; raises what the node tells.
   * @param {string} method
   * @param {string} path
   * @param {BodyInit | undefined} body
   * @param {Asking} asking
   * @returns {Promise<Response>}
   */
  async ask(method, path, body, { signal, again = false, patience = PATIENCE, headers = {} }) {
    for (let tried = 0; ; tried += 1) {
      const mayRepeat = again && !this.isAway && tried < PAUSES.length;
      const { token } = this;
      let answer;
      try {
        answer = await fetch(path, {
          method,
          body,
          headers: { Accept: "application/json", ...this.#proof(method), ...headers },
          credentials: "same-origin",
          cache: "no-store",
          signal: limit(signal, patience),
        });
      } catch {
        signal?.throwIfAborted();
        if (mayRepeat) {
          await pause(PAUSES[tried], signal);
          continue;
        }
        throw this.#away();
      }
      this.#back();
      if (answer.ok) return answer;
      if (mayRepeat && AWAY.has(answer.status)) {
        await pause(PAUSES[tried], signal);
        continue;
      }
      throw await this.#told(answer, token);
    }
  }

  /** @param {string} method */
  #proof(method) {
    /** @type {Record<string, string>} */
    const none = {};
    return method === "GET" || !this.token ? none : { "X-Chartkey-Token": this.token };
  }

  /** @template T @param {() => Promise<T>} read @returns {Promise<T>} */
  async #read(read) {
    try {
      return await read();
    } catch {
      throw this.#away();
    }
  }

  #away() {
    if (!this.isAway) this.tell("offline");
    this.isAway = true;
    return new Offline();
  }

  #back() {
    if (this.isAway) this.tell("online");
    this.isAway = false;
    this.answeredAt = Date.now();
  }

  /** @param {Response} answer @param {string} token the session's, when it was asked */
  async #told(answer, token) {
    let document;
    try {
      document = await answer.json();
    } catch {
      const { status } = answer;
      return status === 401 ? new SignInNeeded() : new UnreadableAnswer("", { status });
    }
    if (answer.status === 401 && document?.error === "SignInNeeded") {
      // a late answer to the session before says nothing about this one
      if (token && token === this.token) this.tell("ended");
      return new SignInNeeded();
    }
    return errorOf(document, "The node");
  }
}

/** @param {Response} answer */
async function json(answer) {
  try {
    return await answer.json();
  } catch {
    throw new UnreadableAnswer("", { status: answer.status });
  }
}

/** @param {AbortSignal | undefined} signal @param {number} patience */
function limit(signal, patience) {
  const limits = [signal, patience ? AbortSignal.timeout(patience) : undefined];
  return AbortSignal.any(limits.filter((one) => one !== undefined));
}

/** @param {number} milliseconds @param {AbortSignal} [signal] */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds, undefined);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** 32 bytes that a node wrote as text. @param {string} text */
export const digestOf = (text) => unhex(text, 32);
