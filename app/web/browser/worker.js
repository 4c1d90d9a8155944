// Owns the worker's end of the line to the page: one call in, one answer out, and progress between.

import { Device } from "./client/device.js";
import { Stopped, UnknownMethod, WalletRefused, asTold } from "./client/errors.js";
import { methodsOf } from "./client/methods.js";

const scope = /** @type {DedicatedWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {Map<number, {resolve: (value: any) => void, reject: (error: Error) => void}>} */
const asked = new Map();
/** @type {Map<number, AbortController>} */
const running = new Map();
/** @type {Map<string, Promise<any>>} */
const done = new Map();
let questions = 0;

const device = new Device({
  origin: scope.location.origin,
  tell: (event, told) => scope.postMessage({ event, told }),
  ask: (question) =>
    new Promise((resolve, reject) => {
      questions += 1;
      asked.set(questions, { resolve, reject });
      scope.postMessage({ ask: questions, ...question });
    }),
});
const methods = methodsOf(device);

scope.onmessage = ({ data }) => {
  if ("answer" in data) hear(data);
  else if ("stop" in data) running.get(data.stop)?.abort(new Stopped());
  else void run(data);
};

/**
 * @typedef {{code: number, message: string, sentence?: string, unharmed?: string, remedy?: string}}
 *   Refused why a wallet did not sign, in the page's own words where it has any
 */

/** @param {{answer: number, result?: any, refused?: Refused}} told */
function hear({ answer, result, refused }) {
  const question = asked.get(answer);
  asked.delete(answer);
  if (refused) question?.reject(refusalOf(refused));
  else question?.resolve(result);
}

/** @param {Refused} told */
function refusalOf({ code, message, sentence, unharmed, remedy }) {
  const refusal = new WalletRefused("", { code, message });
  if (sentence) refusal.message = sentence;
  refusal.unharmed = unharmed ?? refusal.unharmed;
  refusal.remedy = remedy ?? refusal.remedy;
  return refusal;
}

/** @param {{id: number, method: string, args: any, once?: string}} call */
async function run({ id, method, args, once }) {
  const stopper = new AbortController();
  running.set(id, stopper);
  const progress = (/** @type {any} */ told) => scope.postMessage({ id, progress: told });
  try {
    const work = () => perform(method, args, { progress, signal: stopper.signal });
    const result = await (once ? performOnce(`${method} ${once}`, work) : work());
    scope.postMessage({ id, result });
  } catch (error) {
    scope.postMessage({ id, error: asTold(error) });
  } finally {
    running.delete(id);
  }
}

/** @param {string} method @param {any} args @param {import("./client/methods.js").Call} call */
async function perform(method, args, call) {
  if (!Object.hasOwn(methods, method)) throw new UnknownMethod("", { method });
  return methods[method](args ?? {}, call);
}

/**
 * A double click makes one statement; what failed may be tried again.
 * @param {string} key
 * @param {() => Promise<any>} work
 */
function performOnce(key, work) {
  const known = done.get(key);
  if (known) return known;
  const begun = work();
  done.set(key, begun);
  begun.catch(() => done.delete(key));
  return begun;
}
