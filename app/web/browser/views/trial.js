// Owns the beginning of the trial: makes two invented people, and hands over to the guide.
import { html, nothing } from "lit-html";
import { TRIAL_PASSPHRASE } from "../page/guide.js";
import { card, notice, pageHeader, pressable, problem, progressBar } from "../page/parts.js";
import { _ } from "../page/texts.js";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const names = { patient: _("Ada Lind"), doctor: _("Dr. Jonas Berg") };
  let stage = "";

  const tell = (/** @type {string} */ text) => {
    stage = text;
    page.refresh();
  };
  const begin = page.action(async ({ onProgress }) => {
    /** @param {string} displayName @param {boolean} patient */
    const join = async (displayName, patient) => {
      await page.person.startEnrolment({ wallet: "own" });
      return page.person.finishEnrolment(
        { displayName, passphrase: TRIAL_PASSPHRASE, kept: true, patient },
        { onProgress },
      );
    };
    page.holdSwitch(true);
    try {
      tell(_("{name}, a patient, joins.", { name: names.patient }));
      const patient = (await join(names.patient, true)).person.address;
      tell(_("Her invented chart is sealed on this device."));
      const { blob } = await page.person.trialBundle();
      await page.person.importBundle({ file: blob }, { onProgress });
      tell(_("{name}, a doctor, joins and gets a credential.", { name: names.doctor }));
      const doctor = (await join(names.doctor, false)).person.address;
      await page.person.trialCredential({ person: doctor, name: names.doctor });
      // They know each other: names come from one's own address book, never from the other side.
      await page.person.rememberPerson({ address: patient, name: names.patient });
      const me = await page.person.switchTo({ person: patient });
      page.startTrial({
        patient,
        patientName: names.patient,
        doctor,
        doctorName: names.doctor,
        step: 0,
      });
      page.become(me, "/app/chart");
    } finally {
      page.holdSwitch(false);
    }
  });

  return {
    title: () => _("Try it"),
    render: () => html`
      ${pageHeader(_("Try it"), {
        lead: _(
          "Two invented people live in this browser. You are both of them in turn, and see how a permission is given, used and taken back.",
        ),
        back: { href: "/", label: _("Back") },
      })}
      <div class="narrow stack-wide">
        ${
          page.deployment?.trial
            ? card({
                body: html`
                  <ol class="steps">
                    <li>
                      <span
                        >${_("As {name}, a patient, you let a doctor see your allergies.", { name: names.patient })}</span
                      >
                    </li>
                    <li>
                      <span
                        >${_("As {name}, her doctor, you open them.", { name: names.doctor })}</span
                      >
                    </li>
                    <li>
                      <span
                        >${_("As {name} you see who looked, and take it back.", { name: names.patient })}</span
                      >
                    </li>
                  </ol>
                  ${problem(begin)}
                  <p>
                    ${pressable(begin, _("Make the two people, and begin"), { kind: "primary" })}
                  </p>
                  <div role="status">
                    ${
                      begin.busy
                        ? html`<p>${stage}</p>
                            ${progressBar(begin.progress ?? { step: _("One moment") })}`
                        : nothing
                    }
                  </div>
                  <p class="form-text">
                    ${_("Nobody real is described. In the trial the recovery words are not shown; when you join yourself, they are.")}
                  </p>
                `,
              })
            : notice(
                "calm",
                html`<p>
                  ${_("There is no trial at this node.")} <a href="/app/join">${_("Join")}</a>
                </p>`,
              )
        }
      </div>
    `,
  };
}
