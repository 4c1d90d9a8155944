// Owns the list of what a page may ask about accounts: joining, signing in and out, keys, sessions.

import { wordOfRole } from "./chain.js";
import { NotHere } from "./errors.js";
import { finishEnrolment, nameAccount, startEnrolment } from "./enrolling.js";
import { changePassphrase, resume, setName, signIn, signOut } from "./signing_in.js";
import { OwnWallet } from "./wallets.js";

/** @typedef {import("./device.js").Device} Device */
/** @typedef {import("./methods.js").Method} Method */

/** @param {Device} device @returns {Record<string, Method>} */
export const accountMethods = (device) => ({
  accounts: () => tellAccounts(device),
  deployment: async () => (await device.deployment()).deployment,
  startEnrolment: (asked) => startEnrolment(device, asked),
  finishEnrolment: async (asked, call) => {
    await finishEnrolment(device, asked, call);
    return tellMe(device);
  },
  signIn: async (asked, call) => {
    await signIn(device, asked, call);
    return tellMe(device);
  },
  switchTo: async ({ person }, call) => {
    await switchTo(device, person, call);
    return tellMe(device);
  },
  resume: async (_, call) => {
    if (device.present) return tellMe(device);
    return (await resume(device, call)) ? tellMe(device) : null;
  },
  lockNow: () => signOut(device, { why: "locked" }),
  signOut: ({ everywhere = false }) => signOut(device, { everywhere, why: "signed out" }),
  forgetAccount: ({ person }) => forgetAccount(device, person),
  me: async () => {
    await device.person.look();
    return tellMe(device);
  },
  setDisplayName: async ({ name }) => {
    const { me, people } = device.person;
    await people.remember(me.address, name);
    await nameAccount(device, me.address, name);
    return tellMe(device);
  },
  setSignInName: async ({ name, passphrase }) => {
    await setName(device, name, passphrase);
    return tellMe(device);
  },
  changePassphrase: ({ current, passphrase, signInName }) =>
    changePassphrase(device, { current, passphrase, name: signInName }),
  recoveryWords: () => ({ words: device.person.me.vault.words }),
  exportKeystore: async ({ passphrase }) => {
    const { wallet, address } = device.person.me;
    const json = await /** @type {OwnWallet} */ (wallet).keystore(passphrase);
    return { json, fileName: `chartkey-${address.slice(2, 8).toLowerCase()}.json` };
  },
  importKeystore: async ({ json, passphrase }) => {
    device.imported = await OwnWallet.ofKeystore(json, passphrase);
    return { address: device.imported.address };
  },
  sessions: () => device.node.get("/api/sessions"),
  sync: async () => ({ new: await device.person.sync() }),
});

/** @param {Device} device */
async function tellAccounts(device) {
  const accounts = await device.disk.all("accounts");
  const unlocks = await device.disk.all("unlocks");
  const now = device.clock();
  return accounts
    .sort((a, b) => b.used - a.used)
    .map(({ person, name, wallet, lock }) => ({
      person,
      name,
      wallet,
      kept: lock !== null,
      open: unlocks.some((one) => one.person === person && one.expiresAt > now),
    }));
}

/**
 * To another account that is open on this device; the one before stays open.
 * @param {Device} device
 * @param {string} person
 * @param {any} call
 */
async function switchTo(device, person, call) {
  if (device.present?.me.address === person) return;
  if (!(await device.disk.get("unlocks", person))) throw new NotHere("", { what: "open account" });
  await signIn(device, { person }, call);
}

/** @param {Device} device @param {string} person */
async function forgetAccount(device, person) {
  if (device.present?.me.address === person) await signOut(device, { why: "signed out" });
  await device.disk.remove("accounts", person);
  await device.disk.remove("unlocks", person);
  for (const store of /** @type {const} */ (["outbox", "uploads"])) {
    const own = (await device.disk.all(store)).filter((entry) => entry.person === person);
    for (const { id } of own) await device.disk.remove(store, id);
  }
  const sealed = (await device.disk.all("sealed")).filter(({ id }) => id.includes(person));
  for (const { id } of sealed) await device.disk.remove("sealed", id);
  await device.tidy();
}

/** Who is signed in, as pages see it. @param {Device} device */
export async function tellMe(device) {
  const { me, people, standing } = device.person;
  const reference = await people.reference(me.address);
  const roles = standing.roles.map((/** @type {string | number} */ role) =>
    typeof role === "number" ? wordOfRole(role) : role,
  );
  return {
    person: { ...reference, roles },
    wallet: me.wallet.kind,
    walletAddress: me.wallet.address,
    displayName: reference.source === "book" ? reference.name : "",
    enrolled: standing.enrolled,
    pending: Boolean(standing.pending),
    patient: me.isPatient,
    custodians: { count: me.custodians.length, threshold: me.threshold },
    roles,
    isGovernor: standing.isGovernor,
    registrarOf: standing.registrarOf,
    isAdmin: standing.isAdmin,
    signInName: standing.name ?? "",
    stored: standing.stored ?? null,
    kept: me.kept,
    trial: me.deployment.trial,
    session: { expiresAt: device.session?.expiresAt, idleSeconds: device.session?.idleSeconds },
  };
}
