// Owns the landing page: what this is, and the three ways in.
import { html, nothing } from "lit-html";
import { card, notice } from "../page/parts.js";
import { _ } from "../page/texts.js";
import { signInForm } from "../page/sign_in.js";

/** @param {import("../page/view.js").Page} page @returns {import("../page/view.js").View} */
export function view(page) {
  const form = signInForm(page);
  const trial = page.deployment?.trial;
  return {
    title: () => _("Welcome"),
    render: () =>
      html`<div class="hero">
        <div class="stack-wide">
          <div class="stack">
            <h1 tabindex="-1">${_("Your health records open only when you say so")}</h1>
            <p class="lead">
              ${_("You decide who may see what, for what, and until when. You see who looked. And you can take it back at any moment, also for what you have already shared.")}
            </p>
          </div>
          <div class="cluster">
            ${
              trial
                ? html`<a class="btn btn-primary" href="/app/try">${_("Try it: three minutes")}</a>
                    <a class="btn btn-secondary" href="/app/join">${_("Join")}</a>`
                : html`<a class="btn btn-primary" href="/app/join">${_("Join")}</a>`
            }
          </div>
          <ol class="steps">
            <li>
              <span
                ><strong>${_("Your records are sealed on this device.")}</strong>
                ${_("Nobody can read them on the way, nor where they are kept.")}</span
              >
            </li>
            <li>
              <span
                ><strong>${_("Your permission is what opens them.")}</strong>
                ${_("Independent custodians each keep a part of the key. They ask for your permission every single time.")}</span
              >
            </li>
            <li>
              <span
                ><strong>${_("Every opening leaves a trace.")}</strong>
                ${_("Signed by whoever looked, and yours to check.")}</span
              >
            </li>
          </ol>
          ${notice(
            "calm",
            html`<p>
              ${_("Whoever has opened a record may have copied it: taking back a permission stops the next opening, not what somebody remembers.")}
            </p>`,
          )}
        </div>
        <div class="stack">
          ${card({ title: _("Sign in"), body: form.render() })}
          <p class="muted">
            ${_("Do you have a statement to check?")}
            <a href="/app/verify">${_("Check it here, without signing in")}</a>
          </p>
          ${page.me ? html`<p><a href="/app">${_("Back to your pages")}</a></p>` : nothing}
        </div>
      </div>`,
    stop: form.stop,
  };
}
