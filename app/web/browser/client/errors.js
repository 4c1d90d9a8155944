// Owns the errors that arise on a person's own device, and how any error is told to the page.
//
// ChartkeyError (core/errors.js)
// ├── Offline           the node does not answer: no network, or it is down
// ├── SignInNeeded      nobody is signed in here, or the session has ended
// ├── WalletRefused     the person said no
// │   └── OtherAccount
// ├── WalletNeeded      this account signs with a wallet of the browser
// ├── NoWalletFile · WalletFileShut
// ├── NotEnrolled · DraftGone · NotHere · Stopped · StorageRefused
// └── UnknownMethod · UnreadableAnswer · ClientFault

import { ChartkeyError, kind } from "../core/errors.js";

export const Offline = kind("Offline", ChartkeyError, {
  sentence: "The node does not answer.",
  unharmed: "What you signed is kept on this device and is handed in later.",
  remedy: "Check the connection; it goes on by itself when the network is back.",
});

export const SignInNeeded = kind("SignInNeeded", ChartkeyError, {
  sentence: "You are not signed in.",
  unharmed: "What was handed in before is kept.",
  remedy: "Sign in again.",
});

export const WalletRefused = kind("WalletRefused", ChartkeyError, {
  sentence: "Your wallet did not sign.",
  unharmed: "Nothing was signed, and nothing was changed.",
  remedy: "Try again, and press the button that signs when your wallet asks.",
});

export const OtherAccount = kind("OtherAccount", WalletRefused, {
  sentence: "Your wallet signed with another account, {given}.",
  remedy: "Choose the account {expected} in your wallet and try again.",
});

export const WalletNeeded = kind("WalletNeeded", ChartkeyError, {
  sentence: "This account signs with a wallet of your browser.",
  unharmed: "Nothing was changed.",
  remedy: "Sign in with that wallet, and with your passphrase.",
});

export const NoOwnWallet = kind("NoOwnWallet", ChartkeyError, {
  sentence: "This account signs with a wallet of your browser, which keeps its own key.",
  remedy: "Use your wallet's own way to save its key.",
});

export const NoWalletFile = kind("NoWalletFile", ChartkeyError, {
  sentence: "This is not a wallet file that can be read.",
  remedy: "Choose the JSON file that your wallet saved as a keystore.",
});

export const WalletFileShut = kind("WalletFileShut", ChartkeyError, {
  sentence: "The passphrase does not open this wallet file.",
  unharmed: "Nothing was changed, and the file is as it was.",
  remedy: "Try the passphrase that was chosen when the file was saved.",
});

export const NotEnrolled = kind("NotEnrolled", ChartkeyError, {
  sentence: "This person has not joined Chartkey.",
  remedy: "Ask them to join, or check the address.",
});

export const WeakPassphrase = kind("WeakPassphrase", ChartkeyError, {
  sentence: "The passphrase has fewer than {least} characters.",
  remedy: "Choose a longer one: several words that only you put together.",
});

export const DraftGone = kind("DraftGone", ChartkeyError, {
  sentence: "What was to be signed has been dropped.",
  remedy: "Begin again.",
});

export const NotHere = kind("NotHere", ChartkeyError, {
  sentence: "There is no such {what} here.",
  remedy: "Load the page again; it may have been taken back.",
});

export const Stopped = kind("Stopped", ChartkeyError, {
  sentence: "This was stopped.",
  unharmed: "What was finished before is kept.",
  remedy: "Begin again when you like.",
});

export const StorageRefused = kind("StorageRefused", ChartkeyError, {
  sentence: "The browser keeps nothing for this site: {reason}.",
  remedy: "Free some space, leave private browsing, or sign in without keeping anything here.",
});

export const TooFewCustodians = kind("TooFewCustodians", ChartkeyError, {
  sentence: "None of the custodians of this node answers.",
  remedy: "Try again in a moment: without them nobody could open what is written for you.",
});

export const UnknownMethod = kind("UnknownMethod", ChartkeyError, {
  sentence: "The page asked for something that this version does not know.",
  remedy: "Load the page again.",
});

export const UnreadableAnswer = kind("UnreadableAnswer", ChartkeyError, {
  sentence: "The node answered in a way that cannot be read.",
  unharmed: "What was accepted before is kept.",
  remedy: "Try again in a moment.",
});

export const ClientFault = kind("ClientFault", ChartkeyError, {
  sentence: "Something went wrong in this page.",
  unharmed: "What was handed in before is kept.",
  remedy: "Load the page again; if it happens again, tell whoever runs this node.",
});

export const WalletTooLow = kind("WalletTooLow", ChartkeyError, {
  sentence: "Your wallet does not hold enough to pay for this.",
  unharmed: "Nothing was sent.",
  remedy: "Let the node do it for you, or put some money into your wallet.",
});

/**
 * An error as the page gets it; what is none of ours is a fault of this program.
 * @param {unknown} error
 */
export function asTold(error) {
  if (error instanceof ChartkeyError) {
    return { ...error.asJson(), facts: plain(error.facts) };
  }
  const { name = "Error", message = "", stack = "" } = /** @type {any} */ (error) ?? {};
  const facts = { error: `${name}: ${message}`.slice(0, 200), at: `${stack}`.slice(0, 600) };
  return new ClientFault("", facts).asJson();
}

/** Only what can be shown. @param {Record<string, any>} facts */
function plain(facts = {}) {
  const shown = Object.entries(facts).filter(([, value]) =>
    ["string", "number", "boolean", "bigint"].includes(typeof value),
  );
  return Object.fromEntries(
    shown.map(([name, value]) => [name, typeof value === "bigint" ? String(value) : value]),
  );
}

/**
 * What was found, or something else where the node does not answer.
 * @template T, O
 * @param {Promise<T>} found
 * @param {O} otherwise
 * @returns {Promise<T | O>}
 */
export async function unlessAway(found, otherwise) {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Offline) return otherwise;
    throw error;
  }
}
