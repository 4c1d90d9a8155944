// Owns signing in and out: a seed from a passphrase, from words or from this device; a wallet that
// speaks for the person; a session at the node.

import { ZERO32, base64, equal, hex, unbase64, unhex } from "../core/bytes.js";
import { InvalidPhrase, NotStored, WrongLock } from "../core/errors.js";
import { address as parseAddress } from "../core/signatures.js";
import { lockWithPassphrase, openWithPassphrase, seedOfPhrase } from "../core/vaults.js";
import { signInName, ticketOf } from "../core/vaults.js";
import { NotHere, SignInNeeded, Offline, WalletNeeded, WeakPassphrase } from "./errors.js";
import { Identity } from "./identity.js";
import { Person } from "./person.js";
import { keepUnlock, openUnlock } from "./unlocks.js";
import { Vault } from "./vault.js";
import { BrowserWallet, OwnWallet, requireSignIn } from "./wallets.js";

/** @import { Bytes } from "../core/bytes.js" */

const SHORTEST = 12;
const WORDS = 24;
const IMPORTED = "chartkey/imported-wallet/1";

/** @typedef {import("./device.js").Device} Device */
/** @typedef {import("./wallets.js").Signer} Signer */
/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/** @param {string} passphrase */
export function requirePassphrase(passphrase) {
  const isShort = [...`${passphrase ?? ""}`].length < SHORTEST;
  if (isShort) throw new WeakPassphrase("", { least: SHORTEST });
}

/**
 * A session at the node, as the wallet's address.
 * @param {Device} device
 * @param {Signer} wallet
 * @param {string} [person]
 */
export async function openSession(device, wallet, person) {
  const { node } = device;
  const { message } = await node.post(
    "/api/session/challenge",
    { address: wallet.address },
    { again: true },
  );
  requireSignIn(message, device.origin, wallet.address);
  const signature = await wallet.signText(message, "sign-in");
  const asked = { message, signature, ...(person && person !== wallet.address && { person }) };
  const session = await node.post("/api/session", asked);
  node.token = session.token;
  return session;
}

/**
 * Sign in; see CLIENT_API for the ways.
 * @param {Device} device @param {any} asked @param {Call} call
 */
export async function signIn(device, asked, call) {
  const { kept = true } = asked;
  call.progress({ step: "unlock", done: 0, total: 3 });
  const found = await unlocked(device, asked);
  await device.leave(); // whoever was signed in before: one browser has one session
  call.progress({ step: "sign-in", done: 1, total: 3 });
  const session = found.session ?? (await openSession(device, found.wallet, found.person));
  const isKept = found.kept ?? kept;
  const person = await begin(device, { ...found, person: session.person, kept: isKept }, call);
  await keep(device, person, session, found.lock);
  device.enter(person, session);
  call.progress({ step: "letters", done: 3, total: 3 });
  return person;
}

/** The seed and the wallet. @param {Device} device @param {any} asked @returns {Promise<any>} */
async function unlocked(device, asked) {
  if (asked.wallet === "browser" || asked.wallet === "imported") return withWallet(device, asked);
  if (asked.name) return byName(device, asked);
  if (asked.words) return byWords(asked);
  return fromHere(device, asked);
}

/** @param {any} words */
const seedOf = (words) => seedOfPhrase(Array.isArray(words) ? words.join(" ") : words);

/**
 * A wallet of the browser signs in first: then the node hands out the locked vault.
 * @param {Device} device
 * @param {any} asked
 */
async function withWallet(device, { wallet: kind, address, person, passphrase, words }) {
  const wallet =
    kind === "imported" ? device.imported : new BrowserWallet(parseAddress(address), device.ask);
  if (!wallet) throw new NotHere("", { what: "imported wallet" });
  const session = await openSession(device, wallet, person);
  if (words) return { seed: seedOf(words), wallet, person: session.person, session };
  const { lock } = await device.node.get("/api/me/lock");
  const seed = await openWithPassphrase(lock, passphrase);
  return { seed, wallet, person: session.person, session, lock };
}

/** Name and passphrase, on any device. @param {Device} device @param {any} asked */
async function byName(device, { name, passphrase }) {
  const called = signInName(name);
  const ticket = hex(await ticketOf(called, passphrase));
  const { person, lock } = await device.node.post("/api/names/lock", { name: called, ticket });
  const seed = await openWithPassphrase(lock, passphrase);
  return { seed, lock, person, wallet: await ownWallet(device, seed, person) };
}

/** The recovery phrase brings back wallet and vault. @param {any} asked */
async function byWords({ words, person }) {
  const seed = seedOf(words);
  const wallet = await OwnWallet.of(seed);
  return { seed, wallet, person: person ?? wallet.address };
}

/** An account that is kept here. @param {Device} device @param {any} asked */
async function fromHere(device, { person, passphrase }) {
  const account = await device.disk.get("accounts", person);
  if (!account) throw new NotHere("", { what: "account" });
  const unlock = passphrase ? null : await openUnlock(device.disk, person, device.clock());
  if (!passphrase && !unlock) throw new WrongLock();
  const seed = unlock ? unlock.seed : await openWithPassphrase(account.lock, passphrase);
  const wallet = await walletOf(device, account, seed);
  const sessionKey = unlock?.session ?? null;
  return { seed, wallet, person, lock: account.lock, kept: true, sessionKey };
}

/**
 * The wallet of an account that is kept here.
 * @param {Device} device
 * @param {any} account
 * @param {Bytes} seed
 * @returns {Promise<Signer>}
 */
async function walletOf(device, account, seed) {
  if (account.wallet === "browser") return new BrowserWallet(account.walletAddress, device.ask);
  if (account.wallet === "own") return OwnWallet.of(seed);
  const kept = await device.disk.get("sealed", `${IMPORTED} ${account.person}`);
  if (!kept) throw new WalletNeeded("", { address: account.walletAddress });
  return new OwnWallet(await (await Vault.of(seed)).open(kept, IMPORTED), "imported");
}

/**
 * The wallet that comes with a vault, if it speaks for the person.
 * @param {Device} device
 * @param {Bytes} seed
 * @param {string} person
 */
async function ownWallet(device, seed, person) {
  const wallet = await OwnWallet.of(seed);
  if (wallet.address === person) return wallet;
  const view = await device.chain.view();
  if (await view.speaksFor(person, wallet.address, view.time)) return wallet;
  throw new WalletNeeded("", { address: person });
}

/**
 * A person over an open vault; raises ForeignVault where it is another's.
 * @param {Device} device
 * @param {any} found
 * @param {Call} call
 */
export async function begin(device, { seed, wallet, person, kept, sessionKey = null }, call) {
  const { deployment, domains } = await device.deployment();
  const vault = await Vault.of(seed);
  const me = new Identity(device, { address: person, wallet, vault, kept, deployment, domains });
  me.session = sessionKey;
  const one = new Person(me);
  const standing = await one.look();
  const document = await ownDocument(device, standing, kept);
  if (document) await me.useKeys(document);
  else if (!wallet || wallet.kind === "own") throw new WalletNeeded("", { address: person });
  call.progress({ step: "letters", done: 2, total: 3 });
  await one.begin(call.progress);
  return one;
}

/**
 * The identity keys document: as the registry has it, or as it was handed in and is on its way.
 * @param {Device} device
 * @param {any} standing
 * @param {boolean} kept
 */
async function ownDocument(device, standing, kept) {
  const hash = standing.keysHash ? unhex(standing.keysHash, 32) : ZERO32;
  if (!equal(hash, ZERO32)) return device.node.bytes(`/api/documents/${standing.keysHash}`);
  const account = kept ? await device.disk.get("accounts", standing.person) : null;
  if (account?.document) return unbase64(account.document);
  if (!standing.pending) return null;
  const told = await device.node.get(`/api/people/${standing.person}`);
  return told.document ? unbase64(told.document) : null;
}

/**
 * Keep what lets this device sign in again.
 * @param {Device} device
 * @param {Person} person
 * @param {any} session
 * @param {any} [lock]
 */
export async function keep(device, person, session, lock) {
  const { me } = person;
  if (!me.kept) return;
  const known = await device.disk.get("accounts", me.address);
  await device.disk.put("accounts", {
    name: "",
    ...known,
    person: me.address,
    wallet: me.wallet.kind,
    walletAddress: me.wallet.address,
    lock: lock ?? known?.lock ?? (await lockAtNode(device)),
    document: base64(me.document),
    used: device.clock(),
  });
  await keepUnlock(device.disk, me.address, me.vault.seed, session.expiresAt);
  if (me.session) await keepSessionOf(device, me);
  if (me.wallet.kind === "imported") {
    const wallet = /** @type {OwnWallet} */ (me.wallet);
    const sealed = await wallet.sealed(me.vault, IMPORTED);
    await device.disk.put("sealed", { id: `${IMPORTED} ${me.address}`, ...sealed });
  }
}

/** @param {Device} device @param {Identity} me */
async function keepSessionOf(device, me) {
  const unlock = await device.disk.get("unlocks", me.address);
  await device.disk.put("unlocks", { ...unlock, session: me.session });
}

/** @param {Device} device */
async function lockAtNode(device) {
  try {
    return (await device.node.get("/api/me/lock")).lock;
  } catch (error) {
    if (error instanceof NotStored) return null;
    throw error;
  }
}

/**
 * Go on after the page was loaded again; null where that needs a passphrase.
 * @param {Device} device
 * @param {Call} call
 */
export async function resume(device, call) {
  let session;
  try {
    session = await device.node.get("/api/session");
  } catch (error) {
    if (error instanceof SignInNeeded) return null;
    throw error;
  }
  const unlock = await openUnlock(device.disk, session.person, device.clock());
  const account = unlock && (await device.disk.get("accounts", session.person));
  if (!unlock || !account) return null;
  device.node.token = session.token;
  const wallet = await walletOf(device, account, unlock.seed);
  const found = { seed: unlock.seed, wallet, person: session.person, kept: true };
  const person = await begin(device, { ...found, sessionKey: unlock.session }, call);
  device.enter(person, session);
  return person;
}

/**
 * Forget the open vault; the account stays.
 * @param {Device} device
 * @param {{everywhere?: boolean, why: string}} how
 */
export async function signOut(device, { everywhere = false, why }) {
  const { me } = device.person;
  await device.disk.remove("unlocks", me.address);
  try {
    await device.node.send("DELETE", everywhere ? "/api/sessions" : "/api/session");
  } catch (error) {
    // the node ends it by itself when it has been idle; what is here is forgotten all the same
    if (!(error instanceof Offline || error instanceof SignInNeeded)) throw error;
  } finally {
    device.others.postMessage({ left: me.address });
    await device.leave(why);
  }
}

/**
 * Another passphrase, at the node and here; whoever finds an unlocked screen cannot change it.
 * @param {Device} device
 * @param {{current: string, passphrase: string, name?: string}} asked `current`: the passphrase
 *   that counts so far, or the recovery words
 */
export async function changePassphrase(device, { current, passphrase, name }) {
  requirePassphrase(passphrase);
  const { me, standing } = device.person;
  const isPhrase = `${current}`.trim().split(/\s+/).length === WORDS;
  const kept = isPhrase ? null : await lockAtNode(device);
  if (!isPhrase && !kept) throw new InvalidPhrase("there is no passphrase yet, so they are needed");
  const seed = isPhrase ? seedOf(current) : await openWithPassphrase(kept, current);
  if (!equal(seed, me.vault.seed)) throw new WrongLock();
  const lock = await lockWithPassphrase(me.vault.seed, passphrase);
  await device.node.put("/api/me/lock", { lock });
  const called = name || standing?.name;
  if (called) await setName(device, called, passphrase);
  const account = await device.disk.get("accounts", me.address);
  if (account) await device.disk.put("accounts", { ...account, lock });
}

/**
 * The name under which other devices sign in.
 * @param {Device} device
 * @param {string} name
 * @param {string} passphrase
 */
export async function setName(device, name, passphrase) {
  const called = signInName(name);
  const ticket = hex(await ticketOf(called, passphrase));
  await device.node.put("/api/me/name", { name: called, ticket });
  await device.person.look();
}
