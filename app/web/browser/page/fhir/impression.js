// Owns how a practitioner's notes about a visit are shown.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allCalled,
  called,
  listOf,
  notesOf,
  paragraphs,
  resourceCard,
  timing,
  words,
} from "./common.js";

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function impression(resource, context) {
  const findings = listOf(resource.finding)
    .map((one) => words(one.itemCodeableConcept) || called(one.itemReference, context))
    .filter(Boolean)
    .join(", ");
  return resourceCard({
    kind: _("Notes of a visit"),
    title: words(resource.code) || resource.description || _("Notes"),
    body: html`${paragraphs(resource.summary)} ${paragraphs(notesOf(resource))}
    ${facts([
      [_("When"), timing(resource, "effective") || fhirDay(resource.date)],
      [_("Found"), findings],
      [_("About"), allCalled(resource.problem, context)],
      [_("By"), called(resource.assessor, context)],
    ])}`,
  });
}
