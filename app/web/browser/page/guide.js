// Owns the trial's guide: two invented people in this browser, and the way through in six steps.
import { html, nothing } from "lit-html";
import { problem } from "./parts.js";
import { _ } from "./texts.js";
import { problemOf } from "./view.js";

const KEPT = "chartkey-guide";

/** Known to everybody: it locks nothing but two people who do not exist. */
export const TRIAL_PASSPHRASE = "only for trying it out";

/**
 * @typedef {object} Trial
 * @property {string} patient
 * @property {string} patientName
 * @property {string} doctor
 * @property {string} doctorName
 * @property {number} step
 */

/** @typedef {"patient" | "doctor"} Role */

/**
 * @typedef {object} Step
 * @property {Role} who
 * @property {string} path where it is done
 * @property {(trial: Trial) => string} text
 * @property {(trial: Trial) => string} [go] what the button says that leads there
 * @property {(person: any, trial: Trial) => Promise<boolean>} isDone
 */

/** @type {(person: any, trial: Trial) => Promise<any[]>} */
const running = async (person, trial) =>
  (await person.grantsGiven()).filter(
    (/** @type {any} */ one) =>
      one.standing === "running" && one.viewer.address.toLowerCase() === trial.doctor.toLowerCase(),
  );

/** @returns {Step[]} */
const steps = () => [
  {
    who: "patient",
    path: "/app/share",
    text: ({ patientName, doctorName }) =>
      _("You are {patient}. Let {doctor} see your allergies: choose “Allergies”, then sign.", {
        patient: patientName,
        doctor: doctorName,
      }),
    go: () => _("Share"),
    isDone: async (person, trial) => (await running(person, trial)).length > 0,
  },
  {
    who: "doctor",
    path: "/app/patients",
    text: ({ doctorName, patientName }) =>
      _("Now be {doctor}: open {patient}'s chart, and a record in it.", {
        doctor: doctorName,
        patient: patientName,
      }),
    isDone: async () => opened,
  },
  {
    who: "patient",
    path: "/app/looked",
    text: ({ patientName, doctorName }) =>
      _("Be {patient} again and see that {doctor} has looked.", {
        patient: patientName,
        doctor: doctorName,
      }),
    isDone: async (person) =>
      location.pathname === "/app/looked" && (await person.openings()).openings.length > 0,
  },
  {
    who: "patient",
    path: "/app/permissions",
    text: () =>
      _("There it stands, signed by the viewer; press “Check it”. Then take the permission back."),
    go: () => _("Permissions"),
    isDone: async (person, trial) => (await running(person, trial)).length === 0,
  },
  {
    who: "doctor",
    path: "/app/patients",
    text: ({ doctorName }) =>
      _("Be {doctor} once more: the custodians refuse now. Nothing more can be opened.", {
        doctor: doctorName,
      }),
    isDone: async () => false,
  },
];

let opened = false;

/**
 * @param {{host: import("./view.js").Host, become: (me: any, path?: string) => void}} application
 */
export function openGuide({ host, become }) {
  /** @type {Trial | null} */
  let trial = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  let switching = false;
  let held = false;
  let checking = false;
  let checkAgain = false;
  /** @type {import("./view.js").Problem | null} */
  let error = null;

  function keep() {
    if (trial) sessionStorage.setItem(KEPT, JSON.stringify(trial));
    else sessionStorage.removeItem(KEPT);
    host.refresh();
  }

  /** @param {Trial} begun */
  function start(begun) {
    trial = begun;
    opened = false;
    keep();
  }

  /** @returns {Role | null} */
  function roleNow() {
    const address = host.me()?.person.address.toLowerCase();
    if (!trial || !address) return null;
    if (address === trial.patient.toLowerCase()) return "patient";
    return address === trial.doctor.toLowerCase() ? "doctor" : null;
  }

  /** @param {Role} role @param {string} [path] */
  async function turn(role, path) {
    if (!trial || switching) return;
    switching = true;
    error = null;
    host.refresh();
    try {
      const person = trial[role];
      const accounts = await host.person.accounts();
      const account = accounts.find(
        (/** @type {any} */ one) => one.person.toLowerCase() === person.toLowerCase(),
      );
      const me = account?.open
        ? await host.person.switchTo({ person })
        : await host.person.signIn({ person, passphrase: TRIAL_PASSPHRASE, kept: true });
      become(me, path ?? "/app");
    } catch (failed) {
      error = problemOf(failed);
    }
    switching = false;
    host.refresh();
    void check();
  }

  async function check() {
    if (!trial || switching) return;
    if (checking) {
      checkAgain = true;
      return;
    }
    checking = true;
    try {
      const step = steps()[trial.step];
      if (step && roleNow() === step.who && (await step.isDone(host.person, trial))) {
        trial.step += 1;
        checkAgain = true;
        keep();
      }
    } catch (failed) {
      // The step stays where it is; the page that the person looks at tells what is wrong.
      console.warn(problemOf(failed).sentence);
    }
    checking = false;
    if (checkAgain) {
      checkAgain = false;
      void check();
    }
  }

  function leave() {
    trial = null;
    keep();
  }

  /** @param {Step} step */
  function pathOf(step) {
    if (step.path !== "/app/share" || !trial) return step.path;
    return `/app/share#?viewer=${trial.doctor}&purpose=TREAT`;
  }

  function render() {
    if (!trial || !host.me()) return nothing;
    const all = steps();
    const step = all[trial.step];
    const role = roleNow();
    if (!step || !role) return nothing;
    const names = { patient: trial.patientName, doctor: trial.doctorName };
    const other = role === "patient" ? "doctor" : "patient";
    const isHere = location.pathname === step.path;
    const last = trial.step === all.length - 1;
    return html`<aside class="guide" aria-label=${_("Guide of the trial")}>
      <div class="guide-inner">
        <div>
          <p class="guide-step">
            ${_("Trial, step {step} of {count}", { step: trial.step + 1, count: all.length })}
          </p>
          <p aria-live="polite">${step.text(trial)}</p>
          ${problem(error ?? undefined)}
        </div>
        <div class="cluster">
          ${
            role !== step.who
              ? html`<button
                  type="button"
                  class="btn btn-primary"
                  aria-disabled=${switching ? "true" : "false"}
                  @click=${() => void turn(step.who, step.path)}
                >
                  ${switching ? html`<span class="spinner" aria-hidden="true"></span>` : nothing}${_("Become {name}", { name: names[step.who] })}
                </button>`
              : html`${
                    step.go && !isHere
                      ? html`<a class="btn btn-primary" href=${pathOf(step)}>${step.go(trial)}</a>`
                      : nothing
                  }
                  <button
                    type="button"
                    class="btn btn-quiet"
                    aria-disabled=${switching ? "true" : "false"}
                    @click=${() => void turn(other)}
                  >
                    ${_("Become {name}", { name: names[other] })}
                  </button>`
          }
          <button type="button" class="btn btn-quiet" @click=${leave}>
            ${last ? _("That was all: close") : _("Close the guide")}
          </button>
        </div>
      </div>
    </aside>`;
  }

  return {
    render,
    isSwitching: () => switching || held,
    hold: (/** @type {boolean} */ wanted) => {
      held = wanted;
    },
    arrived: () => void check(),
    heard: (/** @type {string} */ event) => {
      if (event === "opened" && roleNow() === "doctor") opened = true;
      void check();
    },
    start,
  };
}
