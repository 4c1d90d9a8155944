// Owns what the browser's wallet is asked for: never before the person has read it in plain words.
import { signWith, sendWith } from "./wallets.js";

/** @type {Set<string>} typed data that was said yes to on this page, to be asked for once */
const approved = new Set();

/** @param {any} typedData */
const nameOf = (typedData) =>
  JSON.stringify([typedData.primaryType, typedData.domain?.verifyingContract, typedData.message]);

/** Remembers that a person has read this and said yes. @param {any} typedData */
export function approve(typedData) {
  approved.add(nameOf(typedData));
}

/**
 * Answers the worker where a wallet of this browser must sign.
 * @param {(question: import("./dialogs.js").Question) => Promise<boolean>} confirm
 * @param {{title: string, yes: string, refused: string}} words
 * @param {() => Record<string, string>} names what addresses are called in the sentences
 */
export function signer(confirm, words, names) {
  /** @param {any} request */
  return async (request) => {
    if (request.kind === "signTypedData") {
      const { typedData, address } = request;
      const name = nameOf(typedData);
      if (!approved.delete(name)) {
        const yes = await confirm({
          title: words.title,
          yes: words.yes,
          signing: typedData,
          names: names(),
        });
        if (!yes) throw refusal(words.refused);
        approved.delete(name);
      }
      return signWith(address, "eth_signTypedData_v4", JSON.stringify(typedData));
    }
    if (request.kind === "signText") {
      return signWith(request.address, "personal_sign", request.text);
    }
    if (request.kind === "sendTransaction") {
      return sendWith(request.address, request.transaction);
    }
    throw new TypeError(`The worker asked for ${request.kind}, which no page answers.`);
  };
}

/** @param {string} sentence */
function refusal(sentence) {
  return Object.assign(new Error(sentence), { name: "NotSigned", sentence });
}
