// Owns how an allergy is shown.
import { html, nothing } from "lit-html";
import { facts, notice } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allWords,
  codeOf,
  listOf,
  notesOf,
  paragraphs,
  resourceCard,
  statusWord,
  timing,
  words,
} from "./common.js";

/** @param {import("./common.js").Resource} resource */
export function allergy(resource) {
  /** @type {Record<string, string>} */
  const kinds = {
    food: _("Food"),
    medication: _("Medicine"),
    environment: _("Surroundings"),
    biologic: _("Biological substance"),
  };
  const reactions = listOf(resource.reaction)
    .map((reaction) =>
      [allWords(reaction.manifestation), statusWord(reaction.severity)].filter(Boolean).join(", "),
    )
    .filter(Boolean)
    .join("; ");
  return resourceCard({
    kind: _("Allergy or intolerance"),
    title:
      words(resource.code) ||
      allWords(listOf(resource.reaction)[0]?.substance) ||
      _("Allergy without a name"),
    body: html`${
      resource.criticality === "high"
        ? notice(
            "danger",
            html`<p><strong>${_("A reaction may be dangerous to life.")}</strong></p>`,
          )
        : nothing
    }
    ${facts([
      [_("Reaction"), reactions],
      [
        _("To what"),
        listOf(resource.category)
          .map((one) => kinds[one] ?? one)
          .join(", "),
      ],
      [_("Danger"), resource.criticality === "high" ? "" : statusWord(resource.criticality)],
      [_("State"), statusWord(codeOf(resource.clinicalStatus))],
      [_("How sure"), statusWord(codeOf(resource.verificationStatus))],
      [_("Since"), timing(resource, "onset")],
      [_("Written down on"), fhirDay(resource.recordedDate)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
