// Owns what an author may do with a record of their own: correct it, or say that it was an error.
import { html, nothing } from "lit-html";
import { actionPer, named } from "./actions.js";
import { nameOf } from "./people.js";
import { pressable, problem } from "./parts.js";
import { _ } from "./texts.js";

/**
 * @param {import("./view.js").Page} page
 * @param {() => void} after what to look at again
 */
export function recordActions(page, after) {
  const retract = actionPer(page, async (/** @type {any} */ record) => {
    const sure = await page.confirm({
      title: _("Was this entered in error?"),
      text: _(
        "{patient} and everybody who sees “{title}” will read that it was an error. This cannot be undone. If only something in it is wrong, correct it instead.",
        { patient: nameOf(record.patient), title: record.title },
      ),
      yes: _("It was an error"),
      danger: true,
    });
    if (!sure) return;
    await page.person.retract({ digest: record.digest });
    page.note(_("The record is marked as an error."));
    after();
  });

  return {
    /** What is wrong with what was last tried. @param {any} record */
    trouble: (record) => problem(retract(record.digest)),
    /** The two buttons beside a record. @param {any} record */
    render(record) {
      if (record.retracted || record.isOld) return nothing;
      const href = `/app/patients#/${record.patient.address}/new?correct=${record.digest}`;
      return html`
        ${record.editable
          ? html`<a class="btn btn-quiet btn-sm" href=${href}>${named(_("Correct"), record.title)}</a>`
          : nothing}
        ${pressable(retract(record.digest), named(_("Entered in error"), record.title), {
          kind: "quiet",
          small: true,
          args: [record],
        })}
      `;
    },
  };
}
