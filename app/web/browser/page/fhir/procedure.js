// Owns how a procedure is shown.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import {
  allCalled,
  allWords,
  called,
  listOf,
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
export function procedure(resource, context) {
  return resourceCard({
    kind: _("Procedure"),
    title: words(resource.code) || _("Procedure without a name"),
    body: html`${facts([
      [_("When"), timing(resource, "performed")],
      [_("Why"), allWords(resource.reasonCode) || allCalled(resource.reasonReference, context)],
      [_("Where on the body"), allWords(resource.bodySite)],
      [_("Result"), words(resource.outcome)],
      [_("Complications"), allWords(resource.complication)],
      [_("At"), called(resource.location, context)],
      [
        _("By"),
        listOf(resource.performer)
          .map((one) => called(one.actor, context))
          .filter(Boolean)
          .join(", "),
      ],
      [_("State"), resource.status === "completed" ? "" : statusWord(resource.status)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
