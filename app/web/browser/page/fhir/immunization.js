// Owns how a vaccination is shown.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allWords,
  called,
  listOf,
  notesOf,
  paragraphs,
  quantity,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function immunization(resource, context) {
  const protocol = listOf(resource.protocolApplied)[0];
  return resourceCard({
    kind: _("Vaccination"),
    title: words(resource.vaccineCode) || _("Vaccine without a name"),
    body: html`${facts([
      [_("When"), timing(resource, "occurrence")],
      [_("State"), resource.status === "completed" ? "" : statusWord(resource.status)],
      [_("Against"), allWords(protocol?.targetDisease)],
      [_("Dose"), protocol?.doseNumberPositiveInt ?? protocol?.doseNumberString],
      [_("Amount"), quantity(resource.doseQuantity)],
      [_("Lot"), resource.lotNumber],
      [_("Expires"), fhirDay(resource.expirationDate)],
      [_("Where on the body"), words(resource.site)],
      [_("At"), called(resource.location, context)],
      [_("By"), called(listOf(resource.performer)[0]?.actor, context)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
