// Owns the registrar's page: giving and withdrawing credentials, and saying what people are called.
import { html, nothing } from "lit-html";
import { actionPer, named } from "../page/actions.js";
import { confirmCost } from "../page/call_costs.js";
import { choice, textField } from "../page/fields.js";
import { actionForm, faultLine, runningAndOver, untilField } from "../page/giving.js";
import { roleName } from "../page/names.js";
import {
  card, emptyState, loaded, notice, pageHeader, pressable, problem, progressOf, standingBadge,
} from "../page/parts.js";
import { chip, choosePerson, nameOf } from "../page/people.js";
import { _, ngettext } from "../page/texts.js";
import { day, dayField, now, secondsOf, untilDay } from "../page/times.js";

const YEAR = 365 * 86_400;

/** @typedef {{person: import("../page/people.js").Reference, role: string, givenAt: number, expiresAt: number, standing: string}} Credential */

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const { person } = page;
  const given = page.load(() => /** @type {Promise<Credential[]>} */ (person.credentials()));
  const chosen = choosePerson(page, {
    id: "credentialed",
    label: _("To whom?"),
    hint: _("They show you their QR code on their account page, or tell you their address."),
    onChoose: (reference) => {
      delete faults.person;
      name = reference.name;
    },
  });
  let role = page.me.registrarOf[0];
  let until = dayField(now() + YEAR);
  let name = "";
  /** @type {Record<string, string>} */
  let faults = {};

  const give = page.action(async (options) => {
    faults = faultsNow();
    const who = chosen.value;
    if (!who || Object.keys(faults).length > 0) return;
    const wanted = { person: who.address, role, expiresAt: secondsOf(until) };
    const quote = await person.quoteCall({ call: "credential", ...wanted });
    const sure = await confirmCost(page, quote, {
      title: _("Give this credential?"),
      text: _("{name} will be known as: {role}, until {day}. Everybody who meets them here reads this name.", {
        name: name.trim(),
        role: roleName(role),
        day: day(secondsOf(until)),
      }),
      yes: _("Give the credential"),
    });
    if (!sure) return;
    await person.credential({ ...wanted, name: name.trim() }, options);
    page.note(_("The credential is given."));
    chosen.clear();
    name = "";
    void given.again();
  });
  const withdraw = actionPer(page, async (/** @type {Credential} */ one, options) => {
    const wanted = { person: one.person.address, role: one.role };
    const quote = await person.quoteCall({ call: "withdraw", ...wanted });
    const sure = await confirmCost(page, quote, {
      title: _("Withdraw this credential?"),
      text: _("{name} can then open nothing more as: {role}. What they signed before stays signed.", {
        name: nameOf(one.person),
        role: roleName(one.role),
      }),
      yes: _("Withdraw it"),
      danger: true,
    });
    if (!sure) return;
    await person.withdrawCredential(wanted, options);
    page.note(_("The credential is withdrawn."));
    void given.again();
  });
  const rename = actionPer(page, async (/** @type {Credential} */ one, /** @type {string} */ called) => {
    await person.introduce({ person: one.person.address, name: called });
    page.note(_("They are now called {name}.", { name: called }));
    void given.again();
  });

  return {
    title: () => _("Credentials"),
    render: () => html`
      ${pageHeader(_("Credentials"), {
        lead: _("You say who is a doctor or an organization, until when, and what they are called."),
      })}
      ${card({ title: _("Give a credential"), body: giveForm() })}
      <section class="stack" aria-labelledby="given">
        <h2 id="given">${_("Given by you")}</h2>
        ${loaded(given, list)}
      </section>
    `,
    on: { block: () => given.busy || void given.again() },
  };

  function faultsNow() {
    /** @type {Record<string, string>} */
    const found = {};
    if (!chosen.value) found.person = _("Choose to whom you give it.");
    if (!name.trim()) found.name = _("Say what they are called, as on their papers.");
    if (secondsOf(until) <= now()) found.until = _("Choose a day that is still to come.");
    return found;
  }

  function giveForm() {
    return actionForm(give, {
      label: _("Go on to the cost"),
      fields: html`
        ${notice(
          "calm",
          html`<p>${_("Look at their papers first. People trust this name because you gave it.")}</p>`,
        )}
        ${chosen.render()}
        ${faultLine(faults.person)}
        ${textField({
          id: "name",
          label: _("Name"),
          hint: _("As on their papers, such as “Dr. Ada Okafor” or “Riverside Hospital”"),
          value: name,
          error: faults.name,
          onInput: (value) => {
            name = value;
            delete faults.name;
            page.refresh();
          },
        })}
        <div class="columns">
          ${choice({
            id: "role",
            label: _("Role"),
            value: role,
            options: page.me.registrarOf.map((/** @type {string} */ one) => [one, roleName(one)]),
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

  /** @param {Credential[]} all */
  function list(all) {
    if (all.length === 0) {
      return emptyState({
        title: _("You have not given a credential yet"),
        text: _("Give the first one above. It appears here as soon as it is written down."),
      });
    }
    const running = all.filter(({ standing }) => standing === "running");
    const over = all.filter(({ standing }) => standing !== "running");
    const key = (/** @type {Credential} */ one) => `${one.person.address} ${one.role} ${one.givenAt}`;
    return runningAndOver({
      running,
      over,
      key: key,
      line: line,
      none: _("None of them runs at the moment."),
      overTitle: ngettext("{count} that has ended", "{count} that have ended", over.length),
    });
  }

  /** @param {Credential} one */
  function line(one) {
    const key = `${one.person.address} ${one.role}`;
    const isRunning = one.standing === "running";
    return html`<li class="stack">
      <div class="record-line">
        <div>
          <p class="cluster">
            ${chip(one.person)} <strong>${roleName(one.role)}</strong>
            ${isRunning ? nothing : standingBadge(one.standing)}
          </p>
          <p class="muted">
            ${_("given on {day}", { day: day(one.givenAt) })} ·
            ${isRunning ? untilDay(one.expiresAt) : _("until {day}", { day: day(one.expiresAt) })}
          </p>
        </div>
        ${isRunning
          ? html`<div class="cluster">
              <button type="button" class="btn btn-quiet btn-sm" @click=${() => askName(one, key)}>
                ${named(_("Change the name"), nameOf(one.person))}
              </button>
              ${pressable(
                withdraw(key),
                named(_("Withdraw"), nameOf(one.person)),
                { kind: "danger", small: true, args: [one] },
              )}
            </div>`
          : nothing}
      </div>
      ${problem(withdraw(key))} ${problem(rename(key))}
      ${withdraw(key).busy ? progressOf(withdraw(key)) : nothing}
    </li>`;
  }

  /** @param {Credential} one @param {string} key */
  function askName(one, key) {
    let called = one.person.name;
    const dialog = page.show({
      title: _("What are they called?"),
      body: () =>
        html`<p>${_("Everybody who meets them here reads this name. It costs nothing.")}</p>
          ${textField({
            id: "new-name",
            label: _("Name"),
            value: called,
            onInput: (value) => {
              called = value;
              dialog.refresh();
            },
          })}`,
      footer: () =>
        html`<button
          type="button"
          class="btn btn-primary"
          ?disabled=${!called.trim()}
          @click=${() => {
            dialog.close();
            void rename(key).run(one, called.trim());
          }}
        >
          ${_("Call them so")}
        </button>`,
    });
  }
}
