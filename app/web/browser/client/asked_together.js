// Owns questions of one moment, which travel together: many small answers in one.

/**
 * @template Q, A
 * @typedef {{question: Q, resolve: (answer: A) => void, reject: (error: unknown) => void}} Waiting
 */

/**
 * A line on which many may be asked at once.
 * @template Q, A
 */
export class AskedTogether {
  /**
   * @param {number} most questions that one request holds
   * @param {(questions: Q[]) => Promise<A[]>} ask answers in the order of the questions
   */
  constructor(most, ask) {
    this.most = most;
    this.askAll = ask;
    /** @type {Waiting<Q, A>[]} */
    this.waiting = [];
  }

  /** @param {Q} question @returns {Promise<A>} */
  ask(question) {
    return new Promise((resolve, reject) => {
      if (!this.waiting.length) setTimeout(() => void this.#send(), 0);
      this.waiting.push({ question, resolve, reject });
    });
  }

  async #send() {
    const all = this.waiting;
    this.waiting = [];
    for (let at = 0; at < all.length; at += this.most) {
      await this.#sendSome(all.slice(at, at + this.most));
    }
  }

  /** @param {Waiting<Q, A>[]} some */
  async #sendSome(some) {
    try {
      const answers = await this.askAll(some.map(({ question }) => question));
      for (const [i, { resolve }] of some.entries()) resolve(answers[i]);
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
  }
}
