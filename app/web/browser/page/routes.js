// Owns the table of pages: address, who is shown it, and its place in the menu.
import { _ } from "./texts.js";

/** @typedef {import("./router.js").Route} Route */

const everybody = (/** @type {any} */ me) => me.enrolled;
const patients = (/** @type {any} */ me) => me.patient;
const holds =
  (/** @type {string[]} */ ...roles) =>
  (/** @type {any} */ me) =>
    me.roles.some((/** @type {string} */ role) => roles.includes(role));
const doctors = holds("practitioner");
const organizations = holds("hospital", "laboratory", "pharmacy", "insurer", "distributor");
const professionals = (/** @type {any} */ me) => doctors(me) || organizations(me);

/** @type {Route[]} */
export const ROUTES = [
  { path: "/", load: () => import("../views/welcome.js"), for: null },
  { path: "/app/join", load: () => import("../views/enrolment.js"), for: null },
  { path: "/app/unlock", load: () => import("../views/unlock.js"), for: null },
  { path: "/app/try", load: () => import("../views/trial.js"), for: null },
  { path: "/app/verify", load: () => import("../views/verify.js"), for: null },
  {
    path: "/app/chart",
    load: () => import("../views/chart.js"),
    for: patients,
    menu: { order: 10, label: () => _("My chart"), icon: "chart" },
  },
  { path: "/app/records/:digest", load: () => import("../views/record.js"), for: everybody },
  { path: "/app/add", load: () => import("../views/add.js"), for: patients },
  {
    path: "/app/share",
    load: () => import("../views/share.js"),
    for: patients,
    menu: { order: 11, label: () => _("Share"), icon: "share", inBar: false },
  },
  {
    path: "/app/permissions",
    load: () => import("../views/permissions.js"),
    for: patients,
    menu: { order: 12, label: () => _("Permissions"), icon: "key" },
  },
  {
    path: "/app/looked",
    load: () => import("../views/looked.js"),
    for: patients,
    menu: { order: 13, label: () => _("Who looked"), icon: "eye" },
  },
  {
    path: "/app/requests",
    load: () => import("../views/requests.js"),
    for: patients,
    menu: { order: 14, label: () => _("Requests"), icon: "hand" },
  },
  {
    path: "/app/patients",
    load: () => import("../views/doctor_patients.js"),
    for: everybody,
    menu: { order: 20, label: () => _("Shared with me"), icon: "people" },
  },
  { path: "/app/patients/:person", load: () => import("../views/doctor_chart.js"), for: everybody },
  {
    path: "/app/patients/:person/new",
    load: () => import("../views/record_form.js"),
    for: professionals,
  },
  {
    path: "/app/notes",
    load: () => import("../views/doctor_notes.js"),
    for: professionals,
    menu: { order: 21, label: () => _("Records I wrote"), icon: "note" },
  },
  { path: "/app/ask", load: () => import("../views/ask_access.js"), for: everybody },
  {
    path: "/app/team",
    load: () => import("../views/team.js"),
    for: organizations,
    menu: { order: 30, label: () => _("Our team"), icon: "building" },
  },
  {
    path: "/app/registrar",
    load: () => import("../views/registrar.js"),
    for: (me) => me.registrarOf.length > 0,
    menu: { order: 40, label: () => _("Credentials"), icon: "seal" },
  },
  {
    path: "/app/governor",
    load: () => import("../views/governor.js"),
    for: (me) => me.isGovernor,
    menu: { order: 41, label: () => _("Registrars"), icon: "seal" },
  },
  {
    path: "/app/node",
    load: () => import("../views/node.js"),
    for: (me) => me.isAdmin,
    menu: { order: 42, label: () => _("This node"), icon: "gauge" },
  },
  {
    path: "/app/account",
    load: () => import("../views/account.js"),
    for: everybody,
    menu: { order: 90, label: () => _("Account"), icon: "person" },
  },
];

/** Where a person begins. @param {any} me @returns {string} */
export function homeOf(me) {
  if (!me.enrolled) return "/app/join";
  if (me.patient) return "/app/chart";
  if (me.roles.length > 0) return "/app/patients";
  if (me.registrarOf.length > 0) return "/app/registrar";
  if (me.isGovernor) return "/app/governor";
  if (me.isAdmin) return "/app/node";
  return "/app/account";
}
