// Owns the page's entry: texts, the worker, the router, and the one place that renders.
import { html, nothing, render } from "lit-html";
import { keyed } from "lit-html/directives/keyed.js";
import { confirmDialog } from "./page/dialogs.js";
import { forgetAddresses } from "./page/files.js";
import { openGuide } from "./page/guide.js";
import { connect } from "./page/link.js";
import { pageHeader, problem } from "./page/parts.js";
import { ROUTES, homeOf } from "./page/routes.js";
import { here, startRouter } from "./page/router.js";
import { routeOf, shell } from "./page/shell.js";
import { signer } from "./page/signing.js";
import { _, loadCatalogue } from "./page/texts.js";
import { Page, problemOf } from "./page/view.js";
import { discover } from "./page/wallets.js";

const NOTE_STAYS = 6000;
/** Milliseconds after which the other pages are fetched: the one that is wanted comes first. */
const BEFOREHAND = 500;
const UNLOCK = "/app/unlock";

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
const page_ = document.documentElement.dataset;
const { person, on, onAsk } = connect(page_.worker ?? "");

/** @type {any} */
let me = null;
/** @type {any} */
let deployment = null;
let online = navigator.onLine;
let waiting = 0;
let requests = 0;
/** @type {import("./page/view.js").Problem[]} what was handed in late and refused */
let refusals = [];
let note = "";
let turn = 0;
let begun = false;
/** @type {Page | null} */
let page = null;
/** @type {import("./page/view.js").View | null} */
let view = null;
/** @type {import("./page/view.js").Problem | null} */
let broken = null;
let missing = false;

let drawing = false;
/** Renders once, however often it is asked for before. */
function refresh() {
  if (drawing || !begun) return;
  drawing = true;
  queueMicrotask(() => {
    drawing = false;
    draw();
  });
}

let drawn = false;
function draw() {
  // What the server drew makes room for the application.
  if (!drawn) root.replaceChildren();
  drawn = true;
  document.title = view ? `${view.title()} · Chartkey` : "Chartkey";
  render(
    shell({
      ...{ me, deployment, online, waiting, refusals, note, requests, refresh, signOut },
      forgetRefusals,
      path: here().pathname,
      guide: guide.render(),
      content: keyed(turn, content()),
    }),
    root,
  );
}

function content() {
  if (broken) return problem(broken, { again: () => void arrive(here(), true) });
  if (missing) {
    return html`${pageHeader(_("There is no such page"), {
        lead: _("The address may be mistyped, or the page is not for you."),
      })}
      <p><a class="btn btn-primary" href="/app">${_("To the beginning")}</a></p>`;
  }
  try {
    return view ? view.render() : nothing;
  } catch (error) {
    return problem(notDrawn(error));
  }
}

/** Else the page before would stay as if it still moved. @param {unknown} error */
function notDrawn(error) {
  console.error(error);
  return {
    sentence: _("Something on this page cannot be shown."),
    unharmed: _("Nothing is lost, and nothing was changed."),
    remedy: _("Load the page again. If it stays so, tell those who run this node."),
  };
}

/** @type {import("./page/view.js").Host} */
const host = {
  person,
  me: () => me,
  deployment: () => deployment,
  online: () => online,
  refresh,
  go: (path, options) => void router.go(path, options),
  note: say,
  reloadMe,
  become,
  startTrial: (trial) => guide.start(trial),
  holdSwitch: (hold) => guide.hold(hold),
};

let noteTurn = 0;
/** @param {string} text */
function say(text) {
  const mine = ++noteTurn;
  note = text;
  refresh();
  setTimeout(() => {
    if (mine !== noteTurn) return;
    note = "";
    refresh();
  }, NOTE_STAYS);
}

async function reloadMe() {
  me = await person.me();
  void countRequests();
  refresh();
}

function forgetRefusals() {
  refusals = [];
  refresh();
}

/** Who has no role yet may be given one in any block: then there are pages more. */
async function meetCredentials() {
  if (!me || me.patient || me.roles.length > 0 || me.registrarOf.length > 0) return;
  const before = JSON.stringify(me);
  try {
    const now = await person.me();
    if (!me || JSON.stringify(me) !== before || JSON.stringify(now) === before) return;
    me = now;
    refresh();
  } catch (error) {
    // The next block asks again; whatever is wrong is told by what the person does.
    console.warn(problemOf(error).sentence);
  }
}

async function countRequests() {
  if (!me?.patient) return;
  try {
    const all = await person.requests();
    requests = all.filter((/** @type {any} */ one) => !one.answer).length;
  } catch (error) {
    // The number beside the menu is a courtesy; the page of requests itself tells what is wrong.
    console.warn(problemOf(error).sentence);
  }
  refresh();
}

async function signOut() {
  if (!(await mayLeave())) return;
  await person.signOut({});
}

/** @returns {Promise<boolean>} */
async function mayLeave() {
  return (await view?.leave?.()) ?? true;
}

/**
 * Shows the view of an address.
 * @param {URL} address
 * @param {boolean} moved by a link, not by the back button
 */
async function arrive(address, moved) {
  const path = address.pathname;
  if (path === "/app" || path === "/app/") return host.go(me ? homeOf(me) : "/", { replace: true });
  if (me && path === UNLOCK) return host.go(homeOf(me), { replace: true });
  const found = routeOf(path);
  const mine = ++turn;
  view?.stop?.();
  page?.stop();
  forgetAddresses();
  [view, page, broken] = [null, null, null];
  missing = !found || (me !== null && found.route.for !== null && !found.route.for(me));
  if (found && found.route.for !== null && !me) {
    const to = encodeURIComponent(path + address.search);
    return host.go(`${UNLOCK}?to=${to}`, { replace: true });
  }
  if (found && !missing) {
    try {
      const module = await found.route.load().catch(notLoaded);
      if (mine !== turn) return undefined;
      page = new Page(host, found.params, address.searchParams);
      view = module.view(page);
    } catch (error) {
      if (mine !== turn) return undefined;
      broken = problemOf(error);
    }
  }
  draw();
  guide.arrived();
  window.scrollTo(0, moved ? 0 : router.scrollOf());
  if (begun && mine > 1) focusHeading();
  return undefined;
}

/** @param {unknown} error @returns {never} */
function notLoaded(error) {
  console.warn(problemOf(error).sentence);
  throw Object.assign(new Error("page not loaded"), {
    sentence: _("This page could not be loaded."),
    unharmed: _("Nothing is lost, and nothing was changed."),
    remedy: _("Try again as soon as there is a connection, or load Chartkey anew."),
  });
}

function focusHeading() {
  const heading = root.querySelector("main h1") ?? root.querySelector("main");
  if (heading instanceof HTMLElement) heading.focus({ preventScroll: true });
}

/** What somebody may open is fetched before it is needed, so that it opens without a connection, too. */
async function fetchPages() {
  try {
    for (const route of ROUTES) if (me && route.for?.(me)) await route.load();
  } catch (error) {
    // Nobody has asked for that page yet; who does so without it is told.
    console.warn(problemOf(error).sentence);
  }
}

/** @param {any} them who is signed in from now on, or null @param {string} [path] */
function become(them, path) {
  me = them;
  requests = 0;
  refusals = [];
  note = "";
  if (me) void countRequests();
  if (me) setTimeout(() => void fetchPages(), BEFOREHAND);
  // The page that asked to sign in is no place to come back to.
  if (path) host.go(path, { replace: location.pathname === UNLOCK });
}

const router = startRouter((address, { moved }) => void arrive(address, moved), mayLeave);
const guide = openGuide({ host, become });

for (const event of ["letters", "consent", "block", "anchored", "waiting", "opened"]) {
  on(event, (/** @type {any} */ fact) => {
    if (event === "waiting") waiting = fact.count;
    if (event === "letters") void countRequests();
    if (event === "block") void meetCredentials();
    view?.on?.[event]?.(fact);
    guide.heard(event);
    refresh();
  });
}
on("refused", (/** @type {any} */ fact) => {
  refusals = [...refusals, problemOf(fact.error)];
  refresh();
});
on("offline", () => setOnline(false));
on("online", () => setOnline(true));
window.addEventListener("offline", () => setOnline(false));
window.addEventListener("online", () => setOnline(true));
on("locked", (/** @type {any} */ fact) => {
  if (guide.isSwitching()) return;
  // Nothing here can be saved any more; asking whether to leave would be no question.
  if (view) view.leave = undefined;
  become(null);
  host.go(fact?.why === "signed out" ? "/" : `${UNLOCK}?ended=1`);
});

window.addEventListener("beforeunload", (event) => {
  if (view?.unsaved?.()) event.preventDefault();
});

/** @param {boolean} now */
function setOnline(now) {
  if (online === now) return;
  online = now;
  view?.on?.[now ? "online" : "offline"]?.();
  refresh();
}

onAsk(
  signer(
    confirmDialog,
    {
      title: _("Please read what you are about to sign"),
      yes: _("Continue to my wallet"),
      refused: _("You did not sign."),
    },
    () => (me ? { [me.person.address.toLowerCase()]: _("yourself") } : {}),
  ),
);

async function begin() {
  await loadCatalogue(document.documentElement.lang, page_.catalogue);
  discover();
  deployment = await person.deployment();
  const resumed = await person.resume();
  if (resumed) become(resumed);
  const path = here().pathname;
  begun = true;
  if (resumed && (path === "/" || path === "/app")) host.go(homeOf(resumed), { replace: true });
  else await arrive(here(), true);
}

begin().catch((error) => {
  begun = true;
  broken = problemOf(error);
  draw();
});
