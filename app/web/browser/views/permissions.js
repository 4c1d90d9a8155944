// Owns the permissions that a patient gave: running and ended, ending one or all.
import { html, nothing } from "lit-html";
import { costOf, ownTransaction } from "../page/costs.js";
import { categoryName, purposeName, rightsName } from "../page/names.js";
import { chip, nameOf } from "../page/people.js";
import {
  card,
  disclosure,
  emptyState,
  loaded,
  notice,
  pageHeader,
  pressable,
  problem,
  progressOf,
  standingBadge,
  stateBadge,
} from "../page/parts.js";
import { _, ngettext, rich } from "../page/texts.js";
import { day, untilDay } from "../page/times.js";

/** What one permission is about, in a few words. @param {any} grant */
export function aboutGrant(grant) {
  if (!grant.record) return categoryName(grant.category);
  const title = grant.record.title || _("one record");
  return _("“{title}” in {category}", { title, category: categoryName(grant.category) });
}

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const grants = page.load(() => page.person.grantsGiven());
  const own = ownTransaction(page, () => grants.again());

  const end = page.action(async (/** @type {any} */ grant) => {
    const yes = await page.confirm({
      title: _("Take this permission back?"),
      text: html`<p>
          ${rich(_("{viewer} will no longer be able to open: {what}."), {
            viewer: html`<strong>${nameOf(grant.viewer)}</strong>`,
            what: aboutGrant(grant),
          })}
        </p>
        <p>
          ${_("It works at once. What was opened before may have been copied; that cannot be undone.")}
        </p>`,
      yes: _("Take it back"),
      no: _("Keep it"),
      danger: true,
    });
    if (!yes) return;
    await page.person.revoke({ digest: grant.digest }, { once: `revoke-${grant.digest}` });
    page.note(_("Taken back. Nothing more can be opened under it."));
    await grants.again();
  });

  const endAll = page.action(async () => {
    const yes = await page.confirm({
      title: _("Take all permissions back?"),
      text: html`<p>
          ${_("Nobody but you will be able to open anything in your chart, whatever you have signed before.")}
        </p>
        <p>${_("It works at once. You can give new permissions afterwards.")}</p>`,
      yes: _("Take all back"),
      no: _("Keep them"),
      danger: true,
    });
    if (!yes) return;
    await page.person.revokeAll({});
    page.note(_("All permissions are taken back."));
    await grants.again();
  });

  const row = (/** @type {any} */ grant) =>
    html`<li class="stack">
      <div class="card-top">
        <h3>${aboutGrant(grant)}</h3>
        ${standingBadge(grant.standing)}
      </div>
      <p>
        ${_("May {rights}.", { rights: rightsName(grant.rights) })}
        ${_("For: {purpose}.", { purpose: purposeName(grant.purpose) })}
        <span class="muted"
          >·
          ${
            grant.standing === "running" || grant.standing === "not yet"
              ? untilDay(grant.expiresAt)
              : _("It was to last until {day}", { day: day(grant.expiresAt) })
          }</span
        >
      </p>
      <div class="cluster">
        ${
          grant.standing === "running" || grant.standing === "not yet"
            ? pressable(
                end,
                html`${_("Take it back")}<span class="visually-hidden"
                    >: ${aboutGrant(grant)}</span
                  >`,
                {
                  args: [grant],
                  kind: "danger",
                  small: true,
                },
              )
            : nothing
        }
        ${stateBadge(grant.state, { block: grant.block })}
      </div>
      ${
        grant.standing === "running"
          ? disclosure(
              _("By a transaction of my own"),
              html`<p>
                  ${_("You need nobody's leave for this: your wallet pays, and your decision stands even if this node were gone.")}
                </p>
                ${costOf(own, grant)}`,
            )
          : nothing
      }
    </li>`;

  /** @param {any[]} list by viewer, in the order of the newest */
  const byViewer = (list) => {
    /** @type {Map<string, any[]>} */
    const people = new Map();
    for (const grant of list) {
      people.set(grant.viewer.address, [...(people.get(grant.viewer.address) ?? []), grant]);
    }
    return html`<div class="cards">
      ${[...people.values()].map((theirs) =>
        card({
          title: chip(theirs[0].viewer),
          body: html`<ul class="plain-list lines">
            ${theirs.map(row)}
          </ul>`,
        }),
      )}
    </div>`;
  };

  const drawn = (/** @type {any[]} */ list) => {
    if (list.length === 0) {
      return emptyState({
        title: _("You have not shared anything"),
        text: _(
          "Nobody but you can open your records. When somebody needs to see something, give them a permission for just that.",
        ),
        action: html`<a class="btn btn-primary" href="/app/share">${_("Share something")}</a>`,
      });
    }
    const running = list.filter(({ standing }) => standing === "running" || standing === "not yet");
    const ended = list.filter((grant) => !running.includes(grant));
    return html`
      ${
        running.length === 0
          ? notice(
              "calm",
              html`<p>${_("No permission is running. Nobody but you can open anything.")}</p>`,
            )
          : html`<p role="status">
                ${ngettext("{count} permission is running.", "{count} permissions are running.", running.length)}
              </p>
              ${byViewer(running)}`
      }
      ${
        ended.length > 0
          ? disclosure(
              ngettext("{count} ended permission", "{count} ended permissions", ended.length),
              byViewer(ended),
            )
          : nothing
      }
    `;
  };

  const someRun = () => grants.value?.some((/** @type {any} */ one) => one.standing === "running");
  return {
    title: () => _("Permissions"),
    render: () => html`
      ${pageHeader(_("Permissions"), {
        lead: _("Who may see what, for what, and until when."),
        actions: html`<a class="btn btn-primary" href="/app/share">${_("Share")}</a>
          ${someRun() ? pressable(endAll, _("Take all back"), { kind: "danger" }) : nothing}`,
      })}
      ${problem(end)} ${problem(endAll)} ${progressOf(end.busy ? end : endAll)}
      ${loaded(grants, drawn)}
    `,
    on: {
      letters: () => void grants.again(),
      consent: () => void grants.again(),
      anchored: () => void grants.again(),
      block: () => {
        if (grants.value?.some((/** @type {any} */ one) => one.state !== "final"))
          void grants.again();
      },
    },
  };
}
