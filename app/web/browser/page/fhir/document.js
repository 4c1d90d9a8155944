// Owns how documents and pictures are shown: DocumentReference, Media, Binary.
import { html } from "lit-html";
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { fhirDay } from "../times.js";
import { attachment } from "./attachment.js";
import {
  allCalled,
  allWords,
  called,
  listOf,
  notesOf,
  paragraphs,
  period,
  resourceCard,
  timing,
  words,
} from "./common.js";

/**
 * An attachment whose bytes may stand in a Binary of the same record.
 * @param {any} inner
 * @param {import("./common.js").Context} context
 */
function whole(inner, context) {
  if (!inner || inner.data || !inner.url) return inner;
  const binary = context.find({ reference: inner.url });
  return binary?.resourceType === "Binary"
    ? { ...inner, data: binary.data, contentType: inner.contentType ?? binary.contentType }
    : inner;
}

/** @type {WeakMap<object, any>} */
const joined = new WeakMap();

/** @param {any} inner @param {import("./common.js").Context} context */
function once(inner, context) {
  if (!inner) return inner;
  if (!joined.has(inner)) joined.set(inner, whole(inner, context));
  return joined.get(inner);
}

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function documentReference(resource, context) {
  const first = listOf(resource.content)[0]?.attachment;
  const title = resource.description || first?.title || words(resource.type) || _("Document");
  return resourceCard({
    kind: _("Document"),
    title,
    body: html`${listOf(resource.content).map(({ attachment: inner }) => attachment(once(inner, context)))}
    ${facts([
      [_("When"), fhirDay(resource.date) || period(resource.context?.period)],
      [_("Kind"), words(resource.type) === title ? "" : words(resource.type)],
      [_("By"), allCalled(resource.author, context)],
      [_("From"), called(resource.custodian, context)],
    ])}`,
  });
}

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function media(resource, context) {
  return resourceCard({
    kind: _("Image"),
    title:
      resource.content?.title || words(resource.modality) || words(resource.type) || _("Image"),
    body: html`${attachment(once(resource.content, context))}
    ${facts([
      [_("When"), timing(resource, "created")],
      [_("Why"), allWords(resource.reasonCode)],
      [_("Where on the body"), words(resource.bodySite)],
    ])}
    ${paragraphs(notesOf(resource))}`,
  });
}

/** @param {import("./common.js").Resource} resource */
export function imagingStudy(resource) {
  return resourceCard({
    kind: _("Image study"),
    title: resource.description || allWords(resource.procedureCode) || _("Image study"),
    body: facts([
      [_("When"), fhirDay(resource.started)],
      [_("How"), allWords(resource.modality)],
      [_("Images"), resource.numberOfInstances],
      [
        _("Where on the body"),
        listOf(resource.series)
          .map(({ bodySite }) => words(bodySite))
          .filter(Boolean)
          .join(", "),
      ],
    ]),
  });
}

/** @param {import("./common.js").Resource} resource */
export function binary(resource) {
  return resourceCard({ kind: _("File"), title: _("File"), body: attachment(resource) });
}
