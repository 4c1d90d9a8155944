// Owns what surrounds every view: header, menu, banners, notes, the skip link's target.
import { html, nothing } from "lit-html";
import { openDialog } from "./dialogs.js";
import { icon } from "./icons.js";
import { nameOf } from "./people.js";
import { ROUTES } from "./routes.js";
import { fit } from "./router.js";
import { _, ngettext } from "./texts.js";
import { isDark, turnTheme } from "./theme.js";

/** How many pages have a place of their own at the foot of a small screen. */
const IN_BAR = 3;

/**
 * @typedef {object} State what the application knows, for the shell
 * @property {any} me
 * @property {any} deployment
 * @property {boolean} online
 * @property {number} waiting statements that wait to be handed in
 * @property {import("./view.js").Problem[]} refusals of what was handed in late
 * @property {() => void} forgetRefusals
 * @property {string} path
 * @property {string} note
 * @property {unknown} guide the trial's guide, or nothing
 * @property {unknown} content
 * @property {() => void} refresh
 * @property {() => void} signOut
 * @property {number} requests open ones
 */

/** @param {any} me */
function menuOf(me) {
  return ROUTES.flatMap((route) =>
    route.menu && me && route.for?.(me) ? [{ ...route.menu, path: route.path }] : [],
  ).sort((a, b) => a.order - b.order);
}

/** @param {string} path @param {string} here */
const isHere = (path, here) => here === path || here.startsWith(`${path}/`);

/**
 * @param {{path: string, label: () => string, icon: string}} entry
 * @param {State} state
 */
function entryLink(entry, state) {
  const count = entry.path === "/app/requests" ? state.requests : 0;
  return html`<a
    class="menu-link"
    href=${entry.path}
    aria-current=${isHere(entry.path, state.path) ? "page" : nothing}
  >
    ${icon(entry.icon)}<span>${entry.label()}</span>${
      count > 0
        ? html`<span class="count"
            ><span aria-hidden="true">${count}</span
            ><span class="visually-hidden"
              >${ngettext("one open", "{count} open", count)}</span
            ></span
          >`
        : nothing
    }
  </a>`;
}

/** @param {State} state @param {any[]} entries */
function openMenu(state, entries) {
  const dialog = openDialog({
    title: _("Menu"),
    body: () =>
      html`<nav aria-label=${_("All pages")} @click=${() => dialog.close()}>
        <ul class="plain-list menu-all">
          ${entries.map((entry) => html`<li>${entryLink(entry, state)}</li>`)}
        </ul>
      </nav>`,
  });
}

/** @param {State} state */
function header(state) {
  const { me } = state;
  return html`<header class="top">
    <a class="brand" href=${me ? "/app" : "/"}>
      <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
        <circle cx="8" cy="12" r="5" fill="none" stroke="currentColor" stroke-width="2.5" />
        <path d="M13 12h9v4 M18 12v3" fill="none" stroke="currentColor" stroke-width="2.5" /></svg
      ><span>Chartkey</span>
    </a>
    <div class="top-side">
      <button
        type="button"
        class="btn-plain"
        @click=${() => {
          turnTheme();
          state.refresh();
        }}
      >
        ${icon("moon")}<span class="visually-hidden"
          >${isDark() ? _("Switch to light colours") : _("Switch to dark colours")}</span
        >
      </button>
      ${
        me?.enrolled
          ? html`<details class="who" @toggle=${closeElsewhere}>
              <summary>
                ${icon("person")}<span
                  >${me.displayName || me.person.name || nameOf(me.person)}</span
                >
              </summary>
              <div class="who-menu">
                <a href="/app/account">${_("Account")}</a>
                <a href="/app/verify">${_("Check a statement")}</a>
                <button type="button" @click=${state.signOut}>${_("Sign out")}</button>
              </div>
            </details>`
          : nothing
      }
    </div>
  </header>`;
}

/** A menu closes when something else is pressed. @param {Event} event */
function closeElsewhere(event) {
  const details = /** @type {HTMLDetailsElement} */ (event.currentTarget);
  if (!details.open) return;
  const close = (/** @type {Event} */ other) => {
    if (other instanceof KeyboardEvent && other.key !== "Escape") return;
    if (other instanceof KeyboardEvent) details.querySelector("summary")?.focus();
    // After the click itself, so that a link inside still gets it.
    setTimeout(() => details.removeAttribute("open"), 0);
    document.removeEventListener("click", close);
    document.removeEventListener("keydown", close);
  };
  setTimeout(() => {
    document.addEventListener("click", close);
    document.addEventListener("keydown", close);
  }, 0);
}

/** @param {State} state */
function banners(state) {
  return html`<div class="banners" role="status">
    ${
      state.online
        ? nothing
        : html`<p class="banner">
            ${_("There is no connection. What is open stays readable; what you sign waits on this device.")}
          </p>`
    }
    ${
      state.waiting > 0
        ? html`<p class="banner">
            ${ngettext(
              "One statement waits to be handed in. It is kept on this device until then.",
              "{count} statements wait to be handed in. They are kept on this device until then.",
              state.waiting,
            )}
          </p>`
        : nothing
    }
    ${state.refusals.length > 0 ? refused(state) : nothing}
  </div>`;
}

/** @param {State} state */
function refused({ refusals, forgetRefusals }) {
  return html`<div class="banner">
    <p>
      ${ngettext(
        "One statement that waited on this device was refused, and does not hold. All else is kept.",
        "{count} statements that waited on this device were refused, and do not hold. All else is kept.",
        refusals.length,
      )}
    </p>
    <ul>
      ${refusals.map(({ sentence, remedy }) => html`<li>${sentence} ${remedy}</li>`)}
    </ul>
    <button type="button" class="btn btn-secondary" @click=${forgetRefusals}>
      ${_("I have read it")}
    </button>
  </div>`;
}

/** @param {State} state */
export function shell(state) {
  const entries = menuOf(state.me);
  const first = entries.filter(({ inBar }) => inBar !== false);
  const bar = entries.length <= IN_BAR + 1 ? entries : first.slice(0, IN_BAR);
  const more = entries.length > bar.length;
  return html`
    <a class="skip" href="#main" @click=${toMain}>${_("Skip to the content")}</a>
    ${header(state)} ${state.guide ?? nothing}
    <div class="frame ${entries.length ? "frame-menu" : ""}">
      ${
        entries.length
          ? html`<nav class="side" aria-label=${_("Pages")}>
              <ul class="plain-list">
                ${entries.map((entry) => html`<li>${entryLink(entry, state)}</li>`)}
              </ul>
            </nav>`
          : nothing
      }
      <main id="main" tabindex="-1">${banners(state)} ${state.content}</main>
    </div>
    ${
      entries.length
        ? html`<nav class="bar" aria-label=${_("Pages")}>
            ${bar.map((entry) => entryLink(entry, state))}
            ${
              more
                ? html`<button
                    type="button"
                    class="menu-link"
                    @click=${() => openMenu(state, entries)}
                  >
                    ${icon("menu")}<span>${_("More")}</span>${
                      state.requests > 0
                        ? html`<span class="count"
                            ><span aria-hidden="true">${state.requests}</span
                            ><span class="visually-hidden"
                              >${ngettext("one open request", "{count} open requests", state.requests)}</span
                            ></span
                          >`
                        : nothing
                    }
                  </button>`
                : nothing
            }
          </nav>`
        : nothing
    }
    <div class="notes" role="status" aria-live="polite">
      ${state.note ? html`<p class="note">${icon("check")}${state.note}</p>` : nothing}
    </div>
  `;
}

/** @param {Event} event */
function toMain(event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

/** The route that an address leads to, with its parameters. @param {string} path */
export function routeOf(path) {
  for (const route of ROUTES) {
    const params = fit(route.path, path);
    if (params) return { route, params };
  }
  return null;
}
