// Owns how medicines are shown: prescribed, taken, given.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allCalled,
  allWords,
  called,
  listOf,
  notesOf,
  number,
  paragraphs,
  period,
  quantity,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";

/** @param {any} dosage */
function dose(dosage) {
  if (dosage.text) return dosage.text;
  const { doseAndRate, timing: when, route, asNeededBoolean } = dosage;
  const amount = listOf(doseAndRate)
    .map(({ doseQuantity, doseRange }) =>
      doseRange
        ? `${quantity(doseRange.low)} – ${quantity(doseRange.high)}`
        : quantity(doseQuantity),
    )
    .filter(Boolean)
    .join(", ");
  const rhythm = rhythmOf(when);
  return [amount, rhythm, words(route), asNeededBoolean ? _("when needed") : ""]
    .filter(Boolean)
    .join(", ");
}

/** @param {any} when */
function rhythmOf(when) {
  if (!when) return "";
  if (when.code?.text) return when.code.text;
  const { frequency, period: span, periodUnit } = when.repeat ?? {};
  if (!frequency || !span) return words(when.code);
  /** @type {Record<string, string>} */
  const units = {
    h: _("hours"),
    d: _("days"),
    wk: _("weeks"),
    mo: _("months"),
  };
  if (span === 1 && periodUnit === "d") return _("{count} times a day", { count: frequency });
  return _("{count} times in {span} {unit}", {
    count: frequency,
    span: number(span),
    unit: units[periodUnit] ?? periodUnit ?? "",
  });
}

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
function nameOf(resource, context) {
  const contained = listOf(resource.contained).find(
    ({ id }) => `#${id}` === resource.medicationReference?.reference,
  );
  return (
    words(resource.medicationCodeableConcept) ||
    words(contained?.code) ||
    called(resource.medicationReference, context) ||
    _("Medicine without a name")
  );
}

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function medication(resource, context) {
  /** @type {Record<string, string>} */
  const kinds = {
    MedicationRequest: _("Prescribed medicine"),
    MedicationStatement: _("Medicine taken"),
    MedicationAdministration: _("Medicine given"),
    MedicationDispense: _("Medicine handed out"),
  };
  return resourceCard({
    kind: kinds[resource.resourceType] ?? _("Medicine"),
    title: nameOf(resource, context),
    body: html`${facts([
      [
        _("How to take it"),
        listOf(resource.dosageInstruction ?? resource.dosage)
          .map(dose)
          .filter(Boolean)
          .join("; "),
      ],
      [_("State"), statusWord(resource.status)],
      [_("For"), allWords(resource.reasonCode) || allCalled(resource.reasonReference, context)],
      [
        _("When"),
        fhirDay(resource.authoredOn) ||
          timing(resource, "effective") ||
          fhirDay(resource.whenHandedOver),
      ],
      [_("How long"), period(resource.dispenseRequest?.validityPeriod)],
      [_("By"), called(resource.requester ?? resource.informationSource, context)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
