// Owns the requests that others sent to a patient, and the answers.
import { html, nothing } from "lit-html";
import { categoryName, purposeName, rightsName } from "../page/names.js";
import { chip, nameOf } from "../page/people.js";
import {
  card,
  disclosure,
  emptyState,
  loaded,
  pageHeader,
  pressable,
  problem,
} from "../page/parts.js";
import { _, ngettext, rich } from "../page/texts.js";
import { ago, day } from "../page/times.js";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const requests = page.load(() => page.person.requests());

  const allow = page.action(async (/** @type {any} */ request) => {
    const { draft, typedData } = await page.person.answerRequest({
      digest: request.digest,
      yes: true,
    });
    const { viewer } = request;
    const yes = await page.confirm({
      title: _("Give this permission?"),
      yes: _("Yes, sign it"),
      no: _("Not yet"),
      signing: typedData,
      names: { [viewer.address.toLowerCase()]: viewer.name || viewer.address },
    });
    if (!yes) {
      await page.person.dropDraft({ draft });
      return;
    }
    await page.person.commit({ draft });
    page.note(_("{viewer} can see it from now on.", { viewer: nameOf(viewer) }));
    await requests.again();
  });
  const decline = page.action(async (/** @type {any} */ request) => {
    await page.person.answerRequest({ digest: request.digest, yes: false });
    page.note(_("You said no. They can open nothing."));
    await requests.again();
  });

  const entry = (/** @type {any} */ request) =>
    html`<li>
      ${card({
        level: 3,
        body: html`
          <p>
            ${rich(_("{viewer} asks to {rights} in {category}."), {
              viewer: chip(request.viewer),
              rights: rightsName(request.rights),
              category: html`<strong>${categoryName(request.category)}</strong>`,
            })}
          </p>
          <blockquote class="reason">${request.reason}</blockquote>
          <p class="muted">
            ${_("For: {purpose}.", { purpose: purposeName(request.purpose) })}
            ${_("The permission would last until {day}.", { day: day(request.expiresAt) })}
            ${_("Asked {when}.", { when: ago(request.at) })}
          </p>
          ${
            request.answer
              ? html`<p>
                  <span class="badge"
                    >${request.answer === "given" ? _("You said yes") : _("You said no")}</span
                  >
                </p>`
              : html`<p class="cluster">
                  ${pressable(allow, _("Read it, then allow it"), { args: [request], kind: "primary" })}
                  ${pressable(decline, _("No"), { args: [request] })}
                </p>`
          }
        `,
      })}
    </li>`;

  const drawn = (/** @type {any[]} */ list) => {
    if (list.length === 0) {
      return emptyState({
        title: _("Nobody has asked you for anything"),
        text: _(
          "When a doctor asks to see a part of your chart, the request stands here with its reason. Without your yes they can open nothing.",
        ),
        action: html`<a class="btn btn-secondary" href="/app/account#me"
          >${_("Show my QR code")}</a
        >`,
      });
    }
    const open = list.filter(({ answer }) => !answer);
    const answered = list.filter(({ answer }) => answer);
    return html`
      ${
        open.length > 0
          ? html`<ul class="plain-list cards">
              ${open.map(entry)}
            </ul>`
          : html`<p>${_("There is nothing to answer.")}</p>`
      }
      ${
        answered.length > 0
          ? disclosure(
              ngettext("{count} answered request", "{count} answered requests", answered.length),
              html`<ul class="plain-list cards">
                ${answered.map(entry)}
              </ul>`,
            )
          : nothing
      }
    `;
  };

  return {
    title: () => _("Requests"),
    render: () => html`
      ${pageHeader(_("Requests"), { lead: _("Who asks you for a permission, and why.") })}
      ${problem(allow)} ${problem(decline)} ${loaded(requests, drawn)}
    `,
    on: { letters: () => void requests.again() },
  };
}
