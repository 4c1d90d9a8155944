// Owns which entries of a Bundle go into which record: homes, protection, shared resources.

import { PROTECTED } from "../categories.js";
import { leadsToEncounter } from "./references.js";
import { choose } from "./sorting.js";
import { sensitivitiesOf } from "./sensitivity.js";
import { words } from "./tables.js";

/** @import { Link } from "./references.js" */
/** @import { Entry } from "./text.js" */

/**
 * @typedef {number | string} Home the place of an entry, or the reference to an encounter elsewhere
 */
/** @typedef {{home: Home, category: string, members: number[]}} Group */

const PLACES = words`
  Endpoint HealthcareService Location Organization OrganizationAffiliation Practitioner
  PractitionerRole
`;
const SHARED = new Set([
  ...PLACES,
  ...words`
    ActivityDefinition Device DeviceDefinition InsurancePlan Library Measure Medication
    MedicationKnowledge PlanDefinition Questionnaire Substance
  `,
]);
/** To refer to one of these tells nothing: vitals taken by a psychiatrist are vitals. */
const CONTEXT = new Set([...PLACES, ...words`Patient RelatedPerson Encounter EpisodeOfCare`]);
/** Prose and bills tell what their encounter was about, whatever their own codes say. */
const TELLING = new Set(words`
  ChargeItem Claim ClinicalImpression Communication Composition DocumentReference
  ExplanationOfBenefit QuestionnaireResponse
`);
/**
 * Elements by which a resource names its own parts: they share its home and its protection.
 * @type {Map<string, string[]>}
 */
const MEMBERS = new Map([
  ["DiagnosticReport", words`result media.link imagingStudy specimen presentedForm.url`],
  ["Observation", words`hasMember specimen`],
  ["DocumentReference", words`content.attachment.url`],
  ["Media", words`content.url`],
  ["Communication", words`payload.contentAttachment.url`],
]);
const ENCOUNTERS = words`encounter context context.encounter item.encounter`;
/**
 * Elements by which a resource without an encounter names what it belongs to.
 * @type {Map<string, string>}
 */
const OWNERS = new Map([
  ["Binary", "securityContext"],
  ["ClaimResponse", "request"],
  ["ExplanationOfBenefit", "claim"],
  ["MedicationDispense", "authorizingPrescription"],
  ["Provenance", "target"],
]);

/** Every decision is made once, in the constructor. */
export class Plan {
  /** @param {Entry[]} entries @param {Link[][]} links */
  constructor(entries, links) {
    this.entries = entries;
    this.links = links;
    this.parents = this.findParents();
    this.shared = this.findShared();
    this.told = this.findTold();
    this.categories = this.findCategories();
    this.groups = this.findGroups();
  }

  /** @param {number} place @param {string[]} roles */
  targets(place, roles) {
    return this.links[place].flatMap(({ role, target }) =>
      target !== null && roles.includes(role) ? [target] : [],
    );
  }

  /** @param {number} place */
  parts(place) {
    return this.targets(place, MEMBERS.get(this.entries[place].kind) ?? []);
  }

  /** Whom an entry without an encounter of its own goes with: the first that lists it. */
  findParents() {
    /** @type {Map<number, number>} */
    const parents = new Map();
    /** @param {number} part @param {number} whole */
    const set = (part, whole) => {
      if (!parents.has(part)) parents.set(part, whole);
    };
    for (const { index: place, kind } of this.entries) {
      const listed = this.parts(place);
      if (kind === "Composition") {
        for (const { role, target } of this.links[place]) {
          if (target !== null && role.endsWith("section.entry")) listed.push(target);
        }
      }
      for (const part of listed) set(part, place);
      const owner = OWNERS.get(kind);
      for (const target of this.targets(place, owner ? [owner] : [])) set(place, target);
    }
    return parents;
  }

  /** People, places and products that say nothing about the patient. */
  findShared() {
    const shared = new Set(this.entries.filter((e) => SHARED.has(e.kind)).map((e) => e.index));
    for (;;) {
      const personal = [...shared].filter((place) =>
        this.links[place].some(({ target }) => target !== null && !shared.has(target)),
      );
      if (!personal.length) return shared;
      for (const place of personal) shared.delete(place);
    }
  }

  /** The protected things that each entry tells: its own, its whole's, and its references'. */
  findTold() {
    const told = this.entries.map((entry) => {
      const own = sensitivitiesOf(entry.resource);
      const category = choose(entry.resource, own);
      if (PROTECTED.includes(category)) own.add(category); // a report of the section genetics
      // who it is has to be told with every category
      return entry.kind === "Patient" ? /** @type {Set<string>} */ (new Set()) : own;
    });
    this.spread(told, (place) => this.parts(place));
    /** @type {Map<number, number[]>} */
    const referrers = new Map();
    for (const [place, links] of this.links.entries()) {
      for (const { target } of links) {
        if (target === null || !this.betrays(place, target)) continue;
        referrers.set(target, [...(referrers.get(target) ?? []), place]);
      }
    }
    this.spread(told, (place) => referrers.get(place) ?? []);
    return told;
  }

  /** Whether an entry tells what it refers to. @param {number} place @param {number} target */
  betrays(place, target) {
    const [own, other] = [this.entries[place].kind, this.entries[target].kind];
    if (own === "Patient") return false;
    return !CONTEXT.has(other) || (other === "Encounter" && TELLING.has(own));
  }

  /** @param {Set<string>[]} told @param {(place: number) => number[]} along */
  spread(told, along) {
    const waiting = told.flatMap((things, place) => (things.size ? [place] : []));
    while (waiting.length) {
      const place = /** @type {number} */ (waiting.pop());
      for (const reached of along(place)) {
        const news = [...told[place]].filter((thing) => !told[reached].has(thing));
        if (this.entries[reached].kind === "Patient" || !news.length) continue;
        for (const thing of news) told[reached].add(thing);
        waiting.push(reached);
      }
    }
  }

  findCategories() {
    const categories = this.entries.map((e) => choose(e.resource, this.told[e.index]));
    for (const { index, kind } of this.entries) {
      const parent = this.parents.get(index);
      if (kind === "Binary" && parent !== undefined) categories[index] = categories[parent];
    }
    return categories; // bytes alone say nothing
  }

  /**
   * The encounter that an entry belongs to, or else the report, document or study.
   * @param {number} from @returns {Home}
   */
  home(from) {
    const seen = new Set();
    let place = from;
    while (!seen.has(place)) {
      seen.add(place);
      if (this.entries[place].kind === "Encounter") return place;
      const found = this.links[place].find(
        (link) => ENCOUNTERS.includes(link.role) && leadsToEncounter(link, this.entries),
      );
      if (found !== undefined) return found.target ?? found.text;
      const parent = this.parents.get(place);
      if (parent === undefined) return place;
      place = parent;
    }
    return Math.min(...seen);
  }

  /** @returns {Group[]} */
  findGroups() {
    /** @type {Map<string, Group>} */
    const groups = new Map();
    /** @param {Home} home @param {number} place */
    const add = (home, place) => {
      const category = this.categories[place];
      const key = JSON.stringify([home, category]);
      const group = groups.get(key) ?? { home, category, members: [] };
      group.members.push(place);
      groups.set(key, group);
    };
    for (const { index } of this.entries) if (!this.shared.has(index)) add(this.home(index), index);
    const placed = new Set(
      [...groups.values()].flatMap((group) => [...this.needed(group.members, group.category)]),
    );
    for (const { index } of this.entries) {
      if (this.shared.has(index) && !placed.has(index)) add("", index);
    }
    return [...groups.values()];
  }

  /**
   * The shared resources that a reader of these entries in this category needs.
   * @param {number[]} members @param {string} category
   */
  needed(members, category) {
    /** @type {Set<number>} */
    const needed = new Set();
    const waiting = [...members];
    while (waiting.length) {
      for (const { target } of this.links[/** @type {number} */ (waiting.pop())]) {
        if (target === null || !this.shared.has(target) || needed.has(target)) continue;
        // the address of an addiction clinic would tell what vitals do not
        if (this.told[target].size && this.categories[target] !== category) continue;
        needed.add(target);
        waiting.push(target);
      }
    }
    return needed;
  }
}
