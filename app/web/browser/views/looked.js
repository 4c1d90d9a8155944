// Owns who looked: every opening, each to be checked with one press, and in red what nobody wrote down.
import { html, nothing } from "lit-html";
import { icon } from "../page/icons.js";
import { categoryName, purposeName } from "../page/names.js";
import { chip } from "../page/people.js";
import {
  card,
  disclosure,
  emptyState,
  loaded,
  notice,
  pageHeader,
  pressable,
  problem,
  stateBadge,
} from "../page/parts.js";
import { _, ngettext, rich, toldText } from "../page/texts.js";
import { moment } from "../page/times.js";

const SHOWN = 4;

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const openings = page.load(() => page.person.openings());
  /** @type {Map<string, {ok: boolean, steps: {sentence: string, ok: boolean}[]}>} */
  const verified = new Map();
  let checking = "";

  const verify = page.action(async (/** @type {string} */ digest) => {
    checking = digest;
    verified.set(digest, await page.person.verifyOpening({ digest }));
  });

  const steps = (/** @type {{ok: boolean, steps: {sentence: string, ok: boolean}[]}} */ result) =>
    html`<div class="notice notice-${result.ok ? "good" : "danger"}" role="status">
      <div class="stack">
        <p>
          <strong>${result.ok ? _("Checked: it holds.") : _("Checked: it does not hold.")}</strong>
        </p>
        <ul class="plain-list verified">
          ${result.steps.map(
            (step) =>
              html`<li class=${step.ok ? "yes" : "no"}>
                ${icon(step.ok ? "check" : "close")}<span
                  ><span class="visually-hidden">${step.ok ? _("Holds:") : _("Does not hold:")}</span>
                  ${toldText(step)}</span
                >
              </li>`,
          )}
        </ul>
      </div>
    </div>`;

  const recordList = (/** @type {any[]} */ records) => {
    const line = (/** @type {any} */ one) =>
      html`<li>
        ${
          one.title
            ? html`<a href="/app/records#/${one.digest}">${one.title}</a>
                <span class="muted">· ${categoryName(one.category)}</span>`
            : html`<span class="muted">${_("A record that is no longer in your chart")}</span>`
        }
      </li>`;
    return html`<ul class="plain-list">
        ${records.slice(0, SHOWN).map(line)}
      </ul>
      ${
        records.length > SHOWN
          ? disclosure(
              ngettext("{count} more record", "{count} more records", records.length - SHOWN),
              html`<ul class="plain-list">
                ${records.slice(SHOWN).map(line)}
              </ul>`,
            )
          : nothing
      }`;
  };

  const entry = (/** @type {any} */ opening) => {
    const missing = opening.verdict === "missing";
    const result = verified.get(opening.digest);
    return html`<li>
      ${card({
        kind: missing ? "danger" : "plain",
        level: 3,
        body: html`
          ${
            missing
              ? html`<p class="cluster">
                  <span class="badge badge-bad">${_("Not written down")}</span>
                  <strong
                    >${_("Custodians report this opening, but nobody has written it down.")}</strong
                  >
                </p>`
              : nothing
          }
          <p>
            ${
              opening.organization
                ? rich(_("{viewer} for {organization}"), {
                    viewer: chip(opening.viewer),
                    organization: chip(opening.organization),
                  })
                : chip(opening.viewer)
            }
            <span class="muted">${moment(opening.at)} · ${purposeName(opening.purpose)}</span>
          </p>
          ${recordList(opening.records)}
          <div class="cluster">
            ${pressable(verify, result ? _("Check again") : _("Check it"), {
              args: [opening.digest],
              small: true,
            })}
            ${
              opening.verdict === "anchored"
                ? stateBadge(opening.state === "final" ? "final" : "anchored", {
                    block: opening.block,
                  })
                : nothing
            }
            ${
              opening.verdict === "waiting"
                ? html`<span class="badge">${_("Being written down")}</span>`
                : nothing
            }
            ${
              opening.reportedBy.length > 0
                ? html`<span class="muted"
                    >${ngettext("reported by one custodian", "reported by {count} custodians", opening.reportedBy.length)}</span
                  >`
                : nothing
            }
          </div>
          ${checking === opening.digest ? problem(verify) : nothing}
          ${result ? steps(result) : nothing}
        `,
      })}
    </li>`;
  };

  const drawn = (/** @type {any} */ { openings: list, faults }) => {
    const missing = list.filter((/** @type {any} */ one) => one.verdict === "missing");
    return html`
      ${
        faults.length > 0
          ? notice(
              "warning",
              html`<p>
                ${ngettext(
                  "One custodian did not answer, so this list may lack what only it saw.",
                  "{count} custodians did not answer, so this list may lack what only they saw.",
                  faults.length,
                )}
                ${_("Look again later.")}
              </p>`,
            )
          : nothing
      }
      ${
        missing.length > 0
          ? notice(
              "danger",
              html`<p>
                <strong
                  >${ngettext("One opening was not written down.", "{count} openings were not written down.", missing.length)}</strong
                >
                ${_("Somebody looked and tried to leave no trace, or their device has failed. Ask them. You can take their permission back.")}
                <a href="/app/permissions">${_("Permissions")}</a>
              </p>`,
            )
          : nothing
      }
      ${
        list.length === 0
          ? emptyState({
              title: _("Nobody has looked"),
              text: _(
                "As soon as somebody opens one of your records, it stands here: who, what, for what, and when.",
              ),
              action: html`<a class="btn btn-secondary" href="/app/permissions"
                >${_("See who may")}</a
              >`,
            })
          : html`<ul class="plain-list cards">
              ${[...missing, ...list.filter((/** @type {any} */ one) => one.verdict !== "missing")].map(entry)}
            </ul>`
      }
    `;
  };

  return {
    title: () => _("Who looked"),
    render: () => html`
      ${pageHeader(_("Who looked"), {
        lead: _(
          "Every opening of your records, as the viewers signed it and your custodians saw it.",
        ),
      })}
      ${loaded(openings, drawn, { waiting: _("Asking your custodians") })}
    `,
    on: { letters: () => void openings.again(), anchored: () => void openings.again() },
  };
}
