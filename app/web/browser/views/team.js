// Owns an organization's team: who acts for it and until when, and what is shared with it.
import { html, nothing } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import { actionPer, named } from "../page/actions.js";
import { heldLine } from "../page/held.js";
import { actionForm, faultLine, runningAndOver, untilField } from "../page/giving.js";
import {
  card, emptyState, loaded, pageHeader, pressable, problem, standingBadge,
} from "../page/parts.js";
import { chip, choosePerson, nameOf } from "../page/people.js";
import { _, ngettext } from "../page/texts.js";
import { day, dayField, now, secondsOf, untilDay } from "../page/times.js";

const YEAR = 365 * 86_400;

/** @typedef {{digest: string, member: import("../page/people.js").Reference, notBefore: number, expiresAt: number, standing: string}} Member */

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const members = page.load(() => /** @type {Promise<Member[]>} */ (person.members()));
  const grants = page.load(() => person.grantsHeld());
  const chosen = choosePerson(page, {
    id: "member",
    label: _("Who joins the team?"),
    onChoose: () => {
      delete faults.member;
    },
  });
  let until = dayField(now() + YEAR);
  /** @type {Record<string, string>} */
  let faults = {};

  const add = page.action(async () => {
    faults = {};
    if (!chosen.value) faults.member = _("Choose who joins the team.");
    if (secondsOf(until) <= now()) faults.until = _("Choose a day that is still to come.");
    if (!chosen.value || faults.until) return;
    await person.addMember({ member: chosen.value.address, expiresAt: secondsOf(until) });
    page.note(_("{name} is in the team.", { name: nameOf(chosen.value) }));
    chosen.clear();
    void members.again();
  });
  const end = actionPer(page, async (/** @type {Member} */ member) => {
    const sure = await page.confirm({
      title: _("End this membership?"),
      text: _(
        "{name} can then no longer open what is shared with your organization. Records that they wrote remain.",
        { name: nameOf(member.member) },
      ),
      yes: _("End the membership"),
      danger: true,
    });
    if (!sure) return;
    await person.endMembership({ digest: member.digest });
    page.note(_("The membership has ended."));
    void members.again();
  });
  const again = () => {
    void members.again();
    void grants.again();
  };

  return {
    title: () => _("Our team"),
    render: () => html`
      ${pageHeader(_("Our team"), {
        lead: _("Members open what patients share with the organization, each under their own name."),
      })}
      ${card({ title: _("Add a member"), body: addForm() })}
      <section class="stack" aria-labelledby="members">
        <h2 id="members">${_("Members")}</h2>
        ${loaded(members, memberList)}
      </section>
      <section class="stack" aria-labelledby="shared">
        <h2 id="shared">${_("Shared with us")}</h2>
        ${loaded(grants, shared)}
      </section>
    `,
    on: { letters: again, consent: again },
  };

  function addForm() {
    return actionForm(add, {
      label: _("Add to the team"),
      fields: html`
        ${chosen.render()}
        ${faultLine(faults.member)}
        ${untilField({
          id: "member-until",
          value: until,
          error: faults.until,
          onInput: (value) => {
            until = value;
            delete faults.until;
            page.refresh();
          },
        })}
      `,
    });
  }

  /** @param {Member[]} all */
  function memberList(all) {
    const running = all.filter(({ standing }) => standing !== "ended");
    const ended = all.filter(({ standing }) => standing === "ended");
    if (all.length === 0) {
      return emptyState({
        title: _("Nobody is in the team yet"),
        text: _("Add the first member above. Until then only the organization itself opens what is shared with it."),
      });
    }
    return runningAndOver({
      running,
      over: ended,
      key: ({ digest }) => digest,
      line: memberLine,
      none: _("All memberships have ended."),
      overTitle: ngettext("{count} former member", "{count} former members", ended.length),
    });
  }

  /** @param {Member} member */
  function memberLine(member) {
    const isOver = member.standing === "ended";
    return html`<li class="stack">
      <div class="record-line">
        <div class="cluster">
          ${chip(member.member)}
          <span class="muted">
            ${isOver
              ? _("until {day}", { day: day(member.expiresAt) })
              : untilDay(member.expiresAt)}
          </span>
          ${member.standing === "running" ? nothing : standingBadge(member.standing)}
        </div>
        ${isOver
          ? nothing
          : pressable(
              end(member.digest),
              named(_("End"), nameOf(member.member)),
              { kind: "danger", small: true, args: [member] },
            )}
      </div>
      ${problem(end(member.digest))}
    </li>`;
  }

  /** @param {import("../page/held.js").Grant[]} all */
  function shared(all) {
    const running = all.filter(({ standing }) => standing === "running");
    if (running.length === 0) {
      return emptyState({
        title: _("No patient shares with the organization now"),
        text: _("Patients choose the organization by its name or its QR code."),
        action: html`<a class="btn btn-secondary" href="/app/account">${_("Show our QR code")}</a>`,
      });
    }
    const patients = [...new Map(running.map(({ patient }) => [patient.address, patient])).values()];
    return html`<ul class="plain-list cards">
      ${repeat(
        patients,
        ({ address }) => address,
        (patient) => html`<li class="card">
          <div class="card-body stack">
            <div class="card-top">
              <h3 class="card-title">${chip(patient)}</h3>
              <a class="btn btn-secondary btn-sm" href="/app/patients#/${patient.address}"
                >${named(_("Open the chart"), nameOf(patient))}</a
              >
            </div>
            <ul class="plain-list lines">
              ${running.filter((one) => one.patient.address === patient.address).map(heldLine)}
            </ul>
          </div>
        </li>`,
      )}
    </ul>`;
  }
}
