// Owns the wallets found in this browser: EIP-6963 announcements, EIP-1193 calls.
import { _ } from "./texts.js";

/**
 * @typedef {object} Wallet
 * @property {string} id
 * @property {string} name
 * @property {string} icon a data: address, or ""
 * @property {any} provider
 */

/** @type {Map<string, Wallet>} */
const found = new Map();
/** @type {Map<string, any>} which provider holds an address, as it told us itself */
const holders = new Map();
let listening = false;

/** @param {unknown} text */
const safeIcon = (text) =>
  typeof text === "string" && /^data:image\/(png|webp|gif|jpeg|svg\+xml)[;,]/.test(text)
    ? text
    : "";

/** Starts to listen to the wallets' announcements. @param {() => void} [changed] */
export function discover(changed) {
  if (!listening) {
    listening = true;
    window.addEventListener("eip6963:announceProvider", (event) => {
      const { info: about, provider } = /** @type {CustomEvent} */ (event).detail ?? {};
      if (!about?.uuid || typeof provider?.request !== "function") return;
      found.set(about.uuid, {
        id: about.uuid,
        name: String(about.name ?? "").slice(0, 40),
        icon: safeIcon(about.icon),
        provider,
      });
      window.dispatchEvent(new Event("chartkey:wallets"));
    });
  }
  if (changed) window.addEventListener("chartkey:wallets", changed);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
}

/**
 * The wallets that this browser holds; one without an announcement comes last.
 * @returns {Wallet[]}
 */
export function foundWallets() {
  const wallets = [...found.values()];
  const injected = /** @type {any} */ (window).ethereum;
  if (wallets.length === 0 && typeof injected?.request === "function") {
    wallets.push({
      id: "injected",
      name: _("Wallet of this browser"),
      icon: "",
      provider: injected,
    });
  }
  return wallets;
}

/**
 * Asks a wallet for its address.
 * @param {Wallet} wallet
 * @returns {Promise<string>}
 */
export async function addressOf(wallet) {
  const addresses = await asked(wallet.provider, "eth_requestAccounts");
  if (!Array.isArray(addresses) || addresses.length === 0) {
    throw failure(
      _("The wallet gave no address."),
      _("Choose an account in the wallet and try again."),
    );
  }
  for (const address of addresses) holders.set(address.toLowerCase(), wallet.provider);
  return addresses[0];
}

/** @param {string} address */
async function providerOf(address) {
  const known = holders.get(address.toLowerCase());
  if (known) return known;
  discover();
  for (const { provider } of foundWallets()) {
    const addresses = await asked(provider, "eth_accounts");
    if (
      addresses?.some((/** @type {string} */ own) => own.toLowerCase() === address.toLowerCase())
    ) {
      holders.set(address.toLowerCase(), provider);
      return provider;
    }
  }
  const wallet = foundWallets()[0];
  if (wallet) {
    await addressOf(wallet);
    const late = holders.get(address.toLowerCase());
    if (late) return late;
  }
  throw failure(
    _("The wallet with your address is not connected in this browser."),
    _("Unlock your wallet, choose the right account in it, and try again."),
  );
}

/**
 * A signature of the wallet that holds the address.
 * @param {string} address
 * @param {"eth_signTypedData_v4" | "personal_sign"} method
 * @param {string} content
 * @returns {Promise<string>}
 */
export async function signWith(address, method, content) {
  const provider = await providerOf(address);
  if (method === "personal_sign") {
    const bytes = new TextEncoder().encode(content);
    const hex = `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    return asked(provider, method, [hex, address]);
  }
  return asked(provider, method, [address, content]);
}

/**
 * Sends a transaction of the person's own, for which the wallet pays.
 * @param {string} address
 * @param {Record<string, string>} transaction
 * @returns {Promise<string>} the transaction's name on the chain
 */
export async function sendWith(address, transaction) {
  const provider = await providerOf(address);
  return asked(provider, "eth_sendTransaction", [{ from: address, ...transaction }]);
}

/**
 * @param {any} provider
 * @param {string} method
 * @param {unknown[]} [params]
 */
async function asked(provider, method, params = []) {
  try {
    return await provider.request({ method, params });
  } catch (error) {
    const code = /** @type {any} */ (error)?.code;
    if (code === 4001) {
      throw failure(
        _("You said no in your wallet."),
        _("Press the button again if you meant yes."),
      );
    }
    if (code === 4902 || code === 4901) {
      throw failure(
        _("Your wallet is set to another network."),
        _("Choose the right network in it and try again."),
      );
    }
    const message = `${/** @type {any} */ (error)?.message ?? ""}`.slice(0, 200);
    throw failure(
      message
        ? _("Your wallet did not sign; it says: {message}", { message })
        : _("Your wallet did not answer as expected."),
      _("Unlock the wallet, look whether it waits for you, and try again."),
    );
  }
}

/** @param {string} sentence @param {string} remedy */
function failure(sentence, remedy) {
  return Object.assign(new Error(sentence), {
    name: "WalletRefused",
    sentence,
    unharmed: _("Nothing was signed, and nothing has changed."),
    remedy,
  });
}
