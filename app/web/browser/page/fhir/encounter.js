// Owns how a visit is shown.
import { facts } from "../parts.js";
import { _ } from "../texts.js";
import { allCalled, allWords, called, listOf, period, resourceCard, statusWord } from "./common.js";

/**
 * @param {import("./common.js").Resource} resource
 * @param {import("./common.js").Context} context
 */
export function encounter(resource, context) {
  /** @type {Record<string, string>} */
  const places = {
    AMB: _("as an outpatient"),
    IMP: _("as an inpatient"),
    EMER: _("in an emergency"),
    HH: _("at home"),
    VR: _("by video or telephone"),
  };
  return resourceCard({
    kind: _("Visit"),
    title: allWords(resource.type) || _("Visit"),
    body: facts([
      [_("When"), period(resource.period)],
      [_("How"), places[resource.class?.code] ?? resource.class?.display],
      [_("Why"), allWords(resource.reasonCode) || allCalled(resource.reasonReference, context)],
      [
        _("With"),
        listOf(resource.participant)
          .map((one) => called(one.individual, context))
          .filter(Boolean)
          .join(", "),
      ],
      [_("At"), called(resource.serviceProvider, context)],
      [
        _("Place"),
        listOf(resource.location)
          .map((one) => called(one.location, context))
          .filter(Boolean)
          .join(", "),
      ],
      [_("State"), resource.status === "finished" ? "" : statusWord(resource.status)],
    ]),
  });
}
