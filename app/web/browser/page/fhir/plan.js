// Owns how a care plan is shown.
import { html, nothing } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import {
  allCalled,
  allWords,
  called,
  listOf,
  notesOf,
  paragraphs,
  period,
  resourceCard,
  statusWord,
  words,
} from "./common.js";

/** @param {any} activity @param {import("./common.js").Context} context */
function step({ detail, reference }, context) {
  if (!detail) return called(reference, context);
  const when =
    period(detail.scheduledPeriod) || fhirDay(detail.scheduledString) || detail.scheduledString;
  return [detail.description || words(detail.code), when, statusWord(detail.status)]
    .filter(Boolean)
    .join(" · ");
}

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function plan(resource, context) {
  const steps = listOf(resource.activity)
    .map((one) => step(one, context))
    .filter(Boolean);
  return resourceCard({
    kind: _("Plan"),
    title: resource.title || allWords(resource.category) || _("Care plan"),
    body: html`${paragraphs(resource.description)}
    ${
      steps.length > 0
        ? html`<ul>
            ${steps.map((text) => html`<li>${text}</li>`)}
          </ul>`
        : nothing
    }
    ${facts([
      [_("When"), period(resource.period)],
      [_("State"), statusWord(resource.status)],
      [_("For"), allCalled(resource.addresses, context)],
      [_("Goals"), allCalled(resource.goal, context)],
      [_("By"), called(resource.author, context)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}
