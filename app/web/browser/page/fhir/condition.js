// Owns how a condition is shown.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allWords,
  called,
  codeOf,
  notesOf,
  paragraphs,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function condition(resource, context) {
  return resourceCard({
    kind: _("Condition"),
    title: words(resource.code) || _("Condition without a name"),
    body: html`${facts([
      [_("State"), statusWord(codeOf(resource.clinicalStatus))],
      [_("How sure"), statusWord(codeOf(resource.verificationStatus))],
      [_("How severe"), words(resource.severity)],
      [_("Where"), allWords(resource.bodySite)],
      [_("Since"), timing(resource, "onset")],
      [_("Over since"), timing(resource, "abatement")],
      [_("Written down on"), fhirDay(resource.recordedDate)],
      [_("By"), called(resource.recorder ?? resource.asserter, context)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
