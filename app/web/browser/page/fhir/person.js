// Owns how a patient is shown, and the people and places around one.
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allWords,
  called,
  humanName,
  listOf,
  postalAddress,
  resourceCard,
  statusWord,
  words,
} from "./common.js";

/** @param {any} contacts */
const telecom = (contacts) =>
  listOf(contacts)
    .map(({ value }) => value)
    .filter(Boolean)
    .join(", ");

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function patient(resource, context) {
  return resourceCard({
    kind: _("Person"),
    title: humanName(resource.name) || _("The patient"),
    body: facts([
      [_("Born"), fhirDay(resource.birthDate)],
      [_("Died"), fhirDay(resource.deceasedDateTime)],
      [_("Sex"), statusWord(resource.gender)],
      [_("Address"), listOf(resource.address).map(postalAddress).join("; ")],
      [_("Contact"), telecom(resource.telecom)],
      [
        _("Languages"),
        listOf(resource.communication)
          .map(({ language }) => words(language))
          .join(", "),
      ],
      [_("Marital status"), words(resource.maritalStatus)],
      [
        _("Numbers"),
        listOf(resource.identifier)
          .map(({ value, type }) => [words(type), value].filter(Boolean).join(" "))
          .join("; "),
      ],
      [
        _("Doctor"),
        listOf(resource.generalPractitioner)
          .map((one) => called(one, context))
          .filter(Boolean)
          .join(", "),
      ],
    ]),
  });
}

/** @param {import("./common.js").Resource} resource */
export function provider(resource) {
  /** @type {Record<string, string>} */
  const kinds = {
    Practitioner: _("Practitioner"),
    Organization: _("Organization"),
    Location: _("Place"),
  };
  return resourceCard({
    kind: kinds[resource.resourceType] ?? resource.resourceType,
    title:
      (typeof resource.name === "string" ? resource.name : humanName(resource.name)) ||
      _("Without a name"),
    body: facts([
      [_("Kind"), allWords(resource.type)],
      [
        _("Qualification"),
        listOf(resource.qualification)
          .map(({ code }) => words(code))
          .join(", "),
      ],
      [_("Address"), listOf(resource.address).map(postalAddress).join("; ")],
      [_("Contact"), telecom(resource.telecom)],
    ]),
  });
}
