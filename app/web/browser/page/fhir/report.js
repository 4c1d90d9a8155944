// Owns how a diagnostic report is shown: its findings, its results, what is attached.
import { html, nothing } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import { attachment } from "./attachment.js";
import {
  allCalled,
  allWords,
  listOf,
  paragraphs,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";
import { results } from "./observation.js";

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function report(resource, context) {
  const parts = listOf(resource.result)
    .map((reference) => context.find(reference))
    .filter((one) => one !== undefined);
  const title = words(resource.code) || _("Report without a name");
  return resourceCard({
    kind: _("Report"),
    title,
    body: html`
      ${paragraphs(resource.conclusion)}
      ${allWords(resource.conclusionCode) ? html`<p>${allWords(resource.conclusionCode)}</p>` : nothing}
      ${parts.length > 0 ? results(parts, context, { name: title }) : nothing}
      ${listOf(resource.presentedForm).map((one) => attachment(one))}
      ${facts([
        [_("When"), timing(resource, "effective") || fhirDay(resource.issued)],
        [_("State"), resource.status === "final" ? "" : statusWord(resource.status)],
        [_("By"), allCalled(resource.performer, context)],
      ])}
    `,
  });
}
