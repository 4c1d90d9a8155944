// Owns the list of what a page may ask the worker for; each answers plain objects.

import { NotHere } from "./errors.js";
import { accountMethods } from "./account_methods.js";
import { exportBundle } from "./exporting.js";
import { forgetDraft, keepDraft, readDraft } from "./drafts.js";
import { showStatement } from "./showing.js";
import { verifyStatement } from "./verifying.js";

/** @typedef {{progress: (told: any) => void, signal?: AbortSignal}} Call */
/** @typedef {(args: any, call: Call) => any} Method */
/** @typedef {import("./device.js").Device} Device */

/** @param {Device} device @returns {Record<string, Method>} */
export const methodsOf = (device) => ({
  ...accountMethods(device),
  ...peopleMethods(device),
  ...chartMethods(device),
  ...consentMethods(device),
  ...teamMethods(device),
  ...officeMethods(device),
});

/** @param {Device} device @returns {Record<string, Method>} */
const peopleMethods = (device) => ({
  findPeople: ({ text }) => device.person.people.find(text),
  reference: ({ address }) => device.person.people.reference(address),
  rememberPerson: ({ address, name }) => device.person.people.remember(address, name),
  forgetPerson: ({ address }) => device.person.people.remember(address, ""),
  book: () => device.person.people.book(),
});

/** @param {Device} device @returns {Record<string, Method>} */
const chartMethods = (device) => ({
  chart: ({ patient, grant, history = false }) => {
    const { charting, me } = device.person;
    const isOwn = !patient || patient === me.address;
    return isOwn ? charting.own(history) : charting.shared(patient, grant, history);
  },
  addressed: () => device.person.charting.addressed(),
  notes: () => device.person.charting.notes(),
  welcome: ({ digest }) => device.person.adding.welcome(digest),
  openRecord: (asked, call) => device.person.opening.one(asked, call),
  openMany: (asked, call) => device.person.opening.many(asked, call),
  isOpen: ({ digest }) => device.person.opening.isOpen(digest),
  saveFile: (asked, call) => device.person.opening.save(asked, call),
  exportBundle: (_, call) => exportBundle(device.person, call),
  addRecord: (asked, call) => device.person.adding.add(asked, call),
  importBundle: (asked, call) => device.person.adding.importBundle(asked, call),
  correct: (asked, call) => device.person.adding.correct(asked, call),
  retract: ({ digest }) => device.person.adding.retract(digest),
  erase: ({ digest }) => device.person.adding.erase(digest),
  uploads: () => tellUploads(device),
  resumeUpload: ({ id }, call) => device.person.adding.resume(id, call),
  dropUpload: ({ id }) => device.person.writing.drop(id),
  waiting: () => ({ count: device.person.outbox.waiting }),
  keepDraft: ({ name, value }) => keepDraft(device.person.me, name, value),
  draft: ({ name }) => readDraft(device.person.me, name),
  forgetDraft: ({ name }) => forgetDraft(device.person.me, name),
});

/** @param {Device} device */
async function tellUploads(device) {
  const { writing, people } = device.person;
  const begun = await writing.uploads();
  return Promise.all(
    begun.map(async ({ id, about, body }) => ({
      id,
      title: about.title,
      category: about.category,
      patient: await people.reference(about.patient),
      size: body.size,
    })),
  );
}

/** @param {Device} device @returns {Record<string, Method>} */
const consentMethods = (device) => ({
  prepareGrant: (asked) => device.person.consent.prepare(asked),
  commit: ({ draft }) => device.person.consent.commit(draft),
  commitAll: ({ drafts }, call) => commitAll(device, drafts, call),
  dropDraft: ({ draft }) => device.person.consent.drop(draft),
  grantsGiven: ({ all = false }) => device.person.consent.given(all),
  grantsHeld: ({ patient }) => device.person.consent.held(patient),
  revoke: async ({ digest, own = false }) => {
    const { takingBack, transactions } = device.person;
    if (!own) return takingBack.revoke(digest);
    return transactions.takeBack(await transactions.revokeCall(digest));
  },
  revokeAll: async ({ own = false }) => {
    const { takingBack, transactions } = device.person;
    if (!own) return takingBack.revokeAll();
    return transactions.takeBack(await transactions.revokeAllCall());
  },
  anchorOwn: async ({ digest }) => {
    const { transactions } = device.person;
    return transactions.send(await transactions.anchorCall(digest));
  },
  quote: async ({ what, digest }) => {
    const { transactions } = device.person;
    return transactions.quote(await transactions.callFor(what, digest));
  },
  transaction: ({ hash }) => device.person.transactions.state(hash),
  statement: ({ digest }) => showStatement(device.person, digest),
  openings: () => device.person.looking.openings(),
  verifyOpening: ({ digest }) => device.person.looking.verify(digest),
  ask: (asked) => device.person.requests.ask(asked),
  requests: () => device.person.requests.received(),
  asked: () => device.person.requests.sent(),
  answerRequest: (asked) => device.person.requests.answer(asked),
});

/**
 * Sign drafts one after the other; one that fails keeps none of the others.
 * @param {Device} device
 * @param {string[]} drafts
 * @param {Call} call
 */
async function commitAll(device, drafts, call) {
  const told = [];
  for (const draft of drafts) {
    call.signal?.throwIfAborted();
    try {
      told.push({ draft, ...(await device.person.consent.commit(draft)) });
    } catch (error) {
      const asJson = /** @type {any} */ (error).asJson;
      if (!asJson) throw error;
      told.push({ draft, error: asJson.call(error) });
    }
    call.progress({ step: "sign", done: told.length, total: drafts.length });
  }
  return told;
}

/** @param {Device} device @returns {Record<string, Method>} */
const teamMethods = (device) => ({
  patientsOf: () => patientsOf(device),
  members: () => device.person.team.members(),
  addMember: (asked) => device.person.team.add(asked),
  endMembership: ({ digest }) => device.person.team.end(digest),
  organizations: () => device.person.team.organizations(),
});

/** Who shares with this person, what and until when. @param {Device} device */
async function patientsOf(device) {
  const held = await device.person.consent.held();
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const grant of held) {
    const { address } = grant.patient;
    groups.set(address, [...(groups.get(address) ?? []), grant]);
  }
  return [...groups.values()].map((grants) => {
    const running = grants.filter(({ standing }) => standing === "running");
    const shown = running.length ? running : grants;
    const names = (/** @type {any[]} */ all) => [...new Set(all.map(({ category }) => category))];
    return {
      patient: grants[0].patient,
      grants,
      until: Math.max(...shown.map(({ expiresAt }) => expiresAt)),
      categories: names(running.filter(({ rights }) => rights.view)),
      canAdd: names(running.filter(({ rights, record }) => rights.add && !record)),
      standing: shown[0].standing,
    };
  });
}

/** @param {Device} device @returns {Record<string, Method>} */
const officeMethods = (device) => ({
  quoteCall: (asked) => {
    const { transactions, registrar } = device.person;
    return transactions.quote(registrar.callFor(asked));
  },
  credential: (asked, call) => device.person.registrar.credential(asked, call),
  withdrawCredential: (asked, call) =>
    device.person.registrar.send({ ...asked, call: "withdraw" }, call),
  introduce: (asked, call) => device.person.registrar.introduce(asked, call.signal),
  appointRegistrar: (asked, call) =>
    device.person.registrar.send({ ...asked, call: "appoint" }, call),
  dismissRegistrar: (asked, call) =>
    device.person.registrar.send({ ...asked, call: "dismiss" }, call),
  credentials: () => device.person.registrar.credentials(),
  registrars: () => device.person.registrar.registrars(),
  node: () => device.node.get("/api/node"),
  verifyStatement: async ({ json, text }) => {
    const { domains } = await device.deployment();
    const { chain, fates } = device;
    return verifyStatement({ domains, chain, fates, now: device.clock() }, text ?? json);
  },
  trialCredential: async ({ person, name }) => {
    await requireTrial(device);
    const told = await device.node.post("/api/trial/credential", { person, name });
    device.chain.isStale = true;
    device.present?.people.renew();
    return told;
  },
  trialBundle: async () => {
    await requireTrial(device);
    const bytes = await device.node.bytes("/api/trial/bundle");
    const parts = [/** @type {BlobPart} */ (bytes)];
    return { blob: new File(parts, "trial.json", { type: "application/fhir+json" }) };
  },
});

/** @param {Device} device */
async function requireTrial(device) {
  const { deployment } = await device.deployment();
  if (!deployment.trial) throw new NotHere("", { what: "trial" });
}
