// Owns the page that asks to sign in, on the way to a page that needs it.
import { html, nothing } from "lit-html";
import { card, notice, pageHeader } from "../page/parts.js";
import { signInForm } from "../page/sign_in.js";
import { _ } from "../page/texts.js";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const wanted = page.query.get("to") ?? "";
  const form = signInForm(page, { to: /^\/app(\/|$)/.test(wanted) ? wanted : undefined });
  return {
    title: () => _("Sign in"),
    render: () => html`
      ${pageHeader(_("Sign in"))}
      ${
        page.query.get("ended")
          ? notice(
              "calm",
              html`<p>
                ${_("Your session has ended, or another tab signed out. Nothing is lost.")}
              </p>`,
            )
          : nothing
      }
      <div class="narrow">${card({ body: form.render() })}</div>
    `,
    stop: form.stop,
  };
}
