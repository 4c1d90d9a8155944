// Owns the parts that all views are built from, as functions that return templates.
import { html, nothing } from "lit-html";
import { icon } from "./icons.js";
import { _ } from "./texts.js";

/** @typedef {import("./view.js").Progress} Progress */
/** @typedef {import("./view.js").Problem} Problem */

/**
 * The page's one h1; the focus goes there after navigation.
 * @param {string} title
 * @param {{lead?: unknown, actions?: unknown, back?: {href: string, label: string}}} [options]
 */
export function pageHeader(title, { lead, actions, back } = {}) {
  return html`<header class="page-header">
    ${back ? html`<a class="back" href=${back.href}>${icon("back")}${back.label}</a>` : nothing}
    <div class="page-header-row">
      <h1 tabindex="-1">${title}</h1>
      ${actions ? html`<div class="cluster">${actions}</div>` : nothing}
    </div>
    ${lead ? html`<p class="lead">${lead}</p>` : nothing}
  </header>`;
}

/**
 * @param {{title?: unknown, level?: 2 | 3, actions?: unknown, footer?: unknown,
 *   kind?: "plain" | "warning" | "danger", body: unknown}} options
 */
export function card({ title, level = 2, actions, footer, kind = "plain", body }) {
  const heading =
    level === 2
      ? html`<h2 class="card-title">${title}</h2>`
      : html`<h3 class="card-title">${title}</h3>`;
  return html`<section class="card card-${kind}">
    <div class="card-body stack">
      ${
        title || actions
          ? html`<div class="card-top">
              ${title ? heading : nothing}${actions ? html`<div class="cluster">${actions}</div>` : nothing}
            </div>`
          : nothing
      }
      ${body}
    </div>
    ${footer ? html`<div class="card-footer">${footer}</div>` : nothing}
  </section>`;
}

/**
 * What stands where there is nothing yet.
 * @param {{title: string, text: string, action?: unknown}} options
 */
export function emptyState({ title, text, action }) {
  return html`<div class="empty stack">
    <h2>${title}</h2>
    <p>${text}</p>
    ${action ? html`<p class="cluster">${action}</p>` : nothing}
  </div>`;
}

/** @param {Partial<Progress>} progress */
export function progressBar({ done = 0, total = 0, step }) {
  const label = step ? stepName(step) : _("Working");
  return html`<div class="progress-line">
    <span
      >${label}${total > 1 ? html` <span class="muted">${share(done, total)}</span>` : nothing}</span
    >
    ${
      total > 0
        ? html`<progress max=${total} .value=${done} aria-label=${label}></progress>`
        : html`<progress aria-label=${label}></progress>`
    }
  </div>`;
}

/** @param {number} done @param {number} total */
function share(done, total) {
  return total > 100_000
    ? _("{part} percent", { part: Math.floor((100 * done) / total) })
    : _("{done} of {total}", { done, total });
}

/** The words of the steps that the worker reports. @param {string} step */
export function stepName(step) {
  /** @type {Record<string, string>} */
  const names = {
    keys: _("Making your keys on this device"),
    "sign-in": _("Signing in"),
    custodians: _("Choosing your custodians"),
    enrol: _("Registering you"),
    lock: _("Locking your vault"),
    unlock: _("Unlocking your vault"),
    letters: _("Fetching what is new"),
    read: _("Reading the file"),
    hash: _("Checking the file"),
    seal: _("Sealing on this device"),
    upload: _("Sending the sealed record"),
    sign: _("Signing"),
    open: _("Opening"),
    introduce: _("Introducing"),
    send: _("Sending"),
    wait: _("Waiting for confirmation"),
  };
  return names[step] ?? step;
}

/**
 * What is loaded, or what stands in its place until then.
 * @template T
 * @param {import("./view.js").Loading<T>} loading
 * @param {(value: T) => unknown} drawn
 * @param {{waiting?: string}} [options]
 */
export function loaded(loading, drawn, { waiting } = {}) {
  const trouble = loading.error ? problem(loading, { again: loading.again }) : nothing;
  if (loading.value !== undefined) return html`${trouble}${drawn(loading.value)}`;
  if (loading.error) return trouble;
  return html`<div class="waiting" role="status">
    ${
      loading.progress
        ? progressBar(loading.progress)
        : progressBar({ step: waiting ?? _("One moment") })
    }
  </div>`;
}

/**
 * An error: what happened, what is unharmed, what to do next. Nothing where there is none.
 * @param {{error?: Problem} | Problem | undefined} failed
 * @param {{again?: () => void}} [options]
 */
export function problem(failed, { again } = {}) {
  if (!failed) return nothing;
  const error = "sentence" in failed ? failed : failed.error;
  if (!error) return nothing;
  return html`<div class="notice notice-danger" role="alert">
    ${icon("warning")}
    <div>
      <p><strong>${error.sentence}</strong></p>
      ${error.unharmed ? html`<p>${error.unharmed}</p>` : nothing}
      ${error.remedy ? html`<p>${error.remedy}</p>` : nothing}
      ${
        again
          ? html`<p>
              <button type="button" class="btn btn-secondary" @click=${again}>
                ${_("Try again")}
              </button>
            </p>`
          : nothing
      }
    </div>
  </div>`;
}

/** @param {"calm" | "good" | "warning" | "danger"} kind @param {unknown} body */
export function notice(kind, body) {
  return html`<div class="notice notice-${kind}">
    ${kind === "warning" || kind === "danger" ? icon("warning") : nothing}
    <div>${body}</div>
  </div>`;
}

/**
 * A button that runs an action, says that it is busy, and ignores further presses meanwhile.
 * @param {import("./view.js").Action} action
 * @param {unknown} label
 * @param {{kind?: "primary" | "secondary" | "danger" | "quiet", args?: unknown[], submit?: boolean,
 *   disabled?: boolean, small?: boolean, press?: () => void}} [options]
 */
export function pressable(action, label, options = {}) {
  const {
    kind = "secondary",
    args = [],
    submit = false,
    disabled = false,
    small = false,
  } = options;
  const spins = action.busy && !action.asking && args[0] === action.args[0];
  const press = options.press ?? (() => void action.run(...args));
  return html`<button
    type=${submit ? "submit" : "button"}
    class="btn btn-${kind} ${small ? "btn-sm" : ""}"
    ?disabled=${disabled}
    aria-disabled=${action.busy ? "true" : "false"}
    aria-busy=${spins ? "true" : "false"}
    @click=${submit ? nothing : press}
  >
    ${spins ? html`<span class="spinner" aria-hidden="true"></span>` : nothing}<span>${label}</span>
  </button>`;
}

/** The progress of an action, in a live region. @param {import("./view.js").Action} action */
export function progressOf(action) {
  return html`<div role="status">
    ${
      action.busy && !action.asking
        ? progressBar(action.progress ?? { step: _("One moment") })
        : nothing
    }
  </div>`;
}

/**
 * How far a statement has come.
 * @param {string} state
 * @param {{block?: number | null}} [options]
 */
export function stateBadge(state, { block } = {}) {
  /** @type {Record<string, string>} */
  const words = {
    signed: _("Signed on this device"),
    accepted: _("Received"),
    anchored: block
      ? _("Written down for good (block {block})", { block })
      : _("Written down for good"),
    final: _("Final"),
  };
  return html`<span class="badge state state-${state}">${words[state] ?? state}</span>`;
}

/** Whether a permission holds now. @param {string} standing */
export function standingBadge(standing) {
  /** @type {Record<string, [string, string]>} */
  const words = {
    running: ["good", _("Running")],
    ended: ["past", _("Ended")],
    "taken back": ["past", _("Taken back")],
    "not yet": ["calm", _("Not yet")],
  };
  const [kind, text] = words[standing] ?? ["calm", standing];
  return html`<span class="badge standing-${kind}">${text}</span>`;
}

/** @param {string} summary @param {unknown} body */
export function disclosure(summary, body) {
  return html`<details class="disclosure">
    <summary>${summary}</summary>
    <div class="disclosure-body stack">${body}</div>
  </details>`;
}

/** Terms and what they are. @param {[unknown, unknown][]} pairs */
export function facts(pairs) {
  const told = pairs.filter(([, value]) => value !== "" && value !== undefined && value !== null);
  return html`<dl class="facts">
    ${told.map(
      ([term, value]) =>
        html`<div>
          <dt>${term}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}
