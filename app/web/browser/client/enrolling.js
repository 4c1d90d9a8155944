// Owns how somebody joins: words shown once, keys registered, the locked vault left with the node.

import { base64, random } from "../core/bytes.js";
import { address as parseAddress } from "../core/signatures.js";
import { lockWithPassphrase } from "../core/vaults.js";
import { Custodian } from "./custodians.js";
import { NotHere, TooFewCustodians } from "./errors.js";
import { Identity } from "./identity.js";
import { Person } from "./person.js";
import { keep, openSession, requirePassphrase, setName } from "./signing_in.js";
import { Vault } from "./vault.js";
import { BrowserWallet, OwnWallet } from "./wallets.js";

/** @import { Bytes } from "../core/bytes.js" */

const STEPS = 5;

/** @typedef {import("./device.js").Device} Device */
/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */

/**
 * Fresh keys, and the words that bring them back; nothing is stored or sent.
 * @param {Device} device
 * @param {{wallet: "own" | "browser" | "imported", address?: string}} asked
 */
export async function startEnrolment(device, { wallet: kind, address = "" }) {
  const seed = random(32);
  const vault = await Vault.of(seed);
  const wallet = await walletFor(device, kind, address, seed);
  device.begun = { seed, vault, wallet, done: new Set() };
  return { words: vault.words, address: wallet.address };
}

/** @param {Device} device @param {string} kind @param {string} address @param {Bytes} seed */
async function walletFor(device, kind, address, seed) {
  if (kind === "browser") return new BrowserWallet(parseAddress(address), device.ask);
  if (kind === "own") return OwnWallet.of(seed);
  if (!device.imported) throw new NotHere("", { what: "imported wallet" });
  return device.imported;
}

/**
 * Join with what was begun; called again after a failure it goes on where it stood.
 * @param {Device} device
 * @param {{displayName: string, passphrase: string, kept?: boolean, patient?: boolean,
 *   signInName?: string}} asked
 * @param {Call} call
 */
export async function finishEnrolment(device, asked, call) {
  const { begun } = device;
  if (!begun) throw new NotHere("", { what: "enrolment" });
  const { displayName = "", passphrase, kept = true, patient = true, signInName = "" } = asked;
  requirePassphrase(passphrase);
  const tell = (/** @type {string} */ step, /** @type {number} */ done) =>
    call.progress({ step, done, total: STEPS });

  tell("sign-in", 0);
  if (!begun.session) {
    await device.leave(); // whoever was signed in before: one browser has one session
    begun.session = await openSession(device, begun.wallet);
  }
  begun.person ??= await newPerson(device, begun, kept);
  /** @type {Person} */
  const person = begun.person;
  const { me } = person;
  tell("custodians", 1);
  if (!me.document.length) await chooseCustodians(me, patient);
  tell("enrol", 2);
  await once(begun, "enrol", () => enrol(person));
  await once(begun, "publish", () => publish(person));
  tell("lock", 3);
  const lock = await lockWithPassphrase(me.vault.seed, passphrase);
  await device.node.put("/api/me/lock", { lock });
  device.present = person;
  try {
    if (signInName) await setName(device, signInName, passphrase);
  } finally {
    device.present = null;
  }
  tell("letters", 4);
  await keep(device, person, begun.session, lock);
  if (kept) await nameAccount(device, me.address, displayName);
  await person.look();
  await person.begin();
  if (displayName) await person.people.remember(me.address, displayName);
  device.begun = null;
  device.enter(person, begun.session);
  return person;
}

/** @param {any} begun @param {string} step @param {() => Promise<void>} work */
async function once(begun, step, work) {
  if (begun.done.has(step)) return;
  await work();
  begun.done.add(step);
}

/** @param {Device} device @param {any} begun @param {boolean} kept */
async function newPerson(device, { wallet, vault }, kept) {
  const { deployment, domains } = await device.deployment();
  const address = wallet.address;
  return new Person(new Identity(device, { address, wallet, vault, kept, deployment, domains }));
}

/**
 * A patient's custodians: all of the node's that answer now, of which more than half open a record.
 * @param {Identity} me
 * @param {boolean} patient
 */
async function chooseCustodians(me, patient) {
  /** @type {{url: string}[]} */
  const listed = patient ? me.deployment.custodians : [];
  const asked = listed.map(({ url }) => new Custodian(url).described());
  const described = await Promise.allSettled(asked);
  const keys = described.flatMap((one) =>
    one.status === "fulfilled" ? [one.value.publicKey] : [],
  );
  if (patient && !keys.length) throw new TooFewCustodians();
  await me.chooseKeys(keys, patient ? Math.floor(keys.length / 2) + 1 : 0);
}

/** Enter the registry. @param {Person} person */
async function enrol({ me, outbox }) {
  await me.node.put("/api/documents", { document: base64(me.document) });
  const signed = await me.enrolment();
  const body = { statement: me.file(signed) };
  const calls = [{ method: "POST", path: "/api/statements", body }];
  await outbox.handIn({ digest: me.digest(signed), calls });
}

/** Say whom a patient's records are to be sealed to. @param {Person} person */
async function publish({ me }) {
  if (me.isPatient) await me.node.put("/api/me/category-keys", await me.signCategoryKeys(0));
}

/** @param {Device} device @param {string} person @param {string} name */
export async function nameAccount(device, person, name) {
  const account = await device.disk.get("accounts", person);
  if (account) await device.disk.put("accounts", { ...account, name: name.trim().slice(0, 200) });
}
