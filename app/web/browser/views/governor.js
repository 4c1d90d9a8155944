// Owns the governor's page: who may give credentials of which role, and until when.
import { html, nothing } from "lit-html";
import { actionPer, named } from "../page/actions.js";
import { confirmCost } from "../page/call_costs.js";
import { choice } from "../page/fields.js";
import { actionForm, faultLine, runningAndOver, untilField } from "../page/giving.js";
import { roleName } from "../page/names.js";
import {
  card, emptyState, loaded, pageHeader, pressable, problem, progressOf, standingBadge,
} from "../page/parts.js";
import { chip, choosePerson, nameOf } from "../page/people.js";
import { _, ngettext } from "../page/texts.js";
import { day, dayField, now, secondsOf, untilDay } from "../page/times.js";

const YEARS = 2 * 365 * 86_400;
const ROLES = ["practitioner", "hospital", "laboratory", "pharmacy", "insurer", "distributor"];

/** @typedef {{registrar: import("../page/people.js").Reference, role: string, until: number, standing: string}} Office */

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const offices = page.load(() => /** @type {Promise<Office[]>} */ (person.registrars()));
  const chosen = choosePerson(page, {
    id: "registrar",
    label: _("Who?"),
    hint: _("A medical council, a ministry, or another authority: their address or QR code."),
    onChoose: () => {
      delete faults.person;
    },
  });
  let role = ROLES[0];
  let until = dayField(now() + YEARS);
  /** @type {Record<string, string>} */
  let faults = {};

  const appoint = page.action(async (options) => {
    const who = chosen.value;
    faults = {};
    if (!who) faults.person = _("Choose whom you appoint.");
    if (secondsOf(until) <= now()) faults.until = _("Choose a day that is still to come.");
    if (!who || faults.until) return;
    const wanted = { person: who.address, role, expiresAt: secondsOf(until) };
    const quote = await person.quoteCall({ call: "appoint", ...wanted });
    const sure = await confirmCost(page, quote, {
      title: _("Appoint this registrar?"),
      text: _("{name} may then give credentials of this role, and withdraw them: {role}, until {day}.", {
        name: nameOf(who),
        role: roleName(role),
        day: day(secondsOf(until)),
      }),
      yes: _("Appoint"),
    });
    if (!sure) return;
    await person.appointRegistrar(wanted, options);
    page.note(_("The registrar is appointed."));
    chosen.clear();
    void offices.again();
  });
  const dismiss = actionPer(page, async (/** @type {Office} */ office, options) => {
    const wanted = { person: office.registrar.address, role: office.role };
    const quote = await person.quoteCall({ call: "dismiss", ...wanted });
    const sure = await confirmCost(page, quote, {
      title: _("Dismiss this registrar?"),
      text: _("Every credential of this role that {name} gave stops holding at once: {role}. What was signed under them before stays valid.", {
        name: nameOf(office.registrar),
        role: roleName(office.role),
      }),
      yes: _("Dismiss"),
      danger: true,
    });
    if (!sure) return;
    await person.dismissRegistrar(wanted, options);
    page.note(_("The registrar is dismissed."));
    void offices.again();
  });

  return {
    title: () => _("Registrars"),
    render: () => html`
      ${pageHeader(_("Registrars"), {
        lead: _("Registrars say who is a doctor or an organization. You appoint and dismiss them, and can touch nothing else."),
      })}
      ${card({ title: _("Appoint a registrar"), body: form() })}
      <section class="stack" aria-labelledby="offices">
        <h2 id="offices">${_("In office")}</h2>
        ${loaded(offices, list)}
      </section>
    `,
    on: { block: () => offices.busy || void offices.again() },
  };

  function form() {
    return actionForm(appoint, {
      label: _("Go on to the cost"),
      fields: html`
        ${chosen.render()}
        ${faultLine(faults.person)}
        <div class="columns">
          ${choice({
            id: "role",
            label: _("May give credentials to"),
            value: role,
            options: ROLES.map((one) => [one, roleName(one)]),
            onChange: (value) => {
              role = value;
              page.refresh();
            },
          })}
          ${untilField({
            value: until,
            error: faults.until,
            onInput: (value) => {
              until = value;
              delete faults.until;
              page.refresh();
            },
          })}
        </div>
      `,
    });
  }

  /** @param {Office[]} all */
  function list(all) {
    if (all.length === 0) {
      return emptyState({
        title: _("There is no registrar yet"),
        text: _("Until you appoint one, nobody can be known as a doctor or an organization here."),
      });
    }
    const running = all.filter(({ standing }) => standing === "running");
    const over = all.filter(({ standing }) => standing !== "running");
    return runningAndOver({
      running,
      over,
      key: keyOf,
      line: line,
      none: _("Nobody is in office at the moment."),
      overTitle: ngettext("{count} former office", "{count} former offices", over.length),
    });
  }

  /** @param {Office} office */
  function line(office) {
    const isRunning = office.standing === "running";
    const dismissal = dismiss(keyOf(office));
    return html`<li class="stack">
      <div class="record-line">
        <p class="cluster">
          ${chip(office.registrar)} <strong>${roleName(office.role)}</strong>
          <span class="muted"
            >${isRunning
              ? untilDay(office.until)
              : _("until {day}", { day: day(office.until) })}</span
          >
          ${isRunning ? nothing : standingBadge(office.standing)}
        </p>
        ${isRunning
          ? pressable(
              dismissal,
              named(_("Dismiss"), nameOf(office.registrar)),
              { kind: "danger", small: true, args: [office] },
            )
          : nothing}
      </div>
      ${isRunning ? problem(dismissal) : nothing}
      ${isRunning && dismissal.busy ? progressOf(dismissal) : nothing}
    </li>`;
  }
}

/** @param {Office} office */
const keyOf = ({ registrar, role }) => `${registrar.address} ${role}`;
