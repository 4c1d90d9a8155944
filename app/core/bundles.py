"""Owns the way from a FHIR R4 Bundle to the records of a chart, each cut from the original text.

A record holds what one encounter (or one report, document or study that stands alone) adds to one
category. docs/categories.md tells the rules of grouping and protection in words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.core.categories import PROTECTED, choose
from app.core.errors import InvalidBundle
from app.core.fhir_names import time_of, title_of, word_set
from app.core.fhir_r4 import require_r4
from app.core.fhir_text import Entry, read_bundle
from app.core.references import Graph, Link
from app.core.sensitivity import sensitivities_of

MEDIA_TYPE: Final = "application/fhir+json"

_PLACES: Final = word_set(
    "Endpoint HealthcareService Location Organization OrganizationAffiliation Practitioner PractitionerRole"
)
_SHARED: Final = _PLACES | {
    "ActivityDefinition", "Device", "DeviceDefinition", "InsurancePlan", "Library", "Measure",
    "Medication", "MedicationKnowledge", "PlanDefinition", "Questionnaire", "Substance",
}  # fmt: skip
_CONTEXT: Final = _PLACES | {"Patient", "RelatedPerson", "Encounter", "EpisodeOfCare"}
"""To refer to one of these tells nothing: vitals taken by a psychiatrist are vitals."""

_TELLING: Final = word_set(
    "ChargeItem Claim ClinicalImpression Communication Composition DocumentReference "
    "ExplanationOfBenefit QuestionnaireResponse"
)
"""Prose and bills tell what their encounter was about, whatever their own codes say."""

_MEMBERS: Final[Mapping[str, frozenset[str]]] = {
    "DiagnosticReport": frozenset(
        {"result", "media.link", "imagingStudy", "specimen", "presentedForm.url"}
    ),
    "Observation": frozenset({"hasMember", "specimen"}),
    "DocumentReference": frozenset({"content.attachment.url"}),
    "Media": frozenset({"content.url"}),
    "Communication": frozenset({"payload.contentAttachment.url"}),
}
"""Elements by which a resource names its own parts: they share its home and its protection."""

_ENCOUNTERS: Final = frozenset({"encounter", "context", "context.encounter", "item.encounter"})
_OWNERS: Final[Mapping[str, str]] = {
    "Binary": "securityContext",
    "ClaimResponse": "request",
    "ExplanationOfBenefit": "claim",
    "MedicationDispense": "authorizingPrescription",
    "Provenance": "target",
}
"""Elements by which a resource without an encounter names what it belongs to."""

Home = int | str
"""The place of an entry, or the reference to an encounter that is not in the Bundle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is sealed as one record, and what its author says about it in sealed metadata."""

    category: str
    issued: str | None
    """The time of the encounter, report or document as FHIR writes it; None where unknown."""
    title: str
    media_type: str
    body: bytes
    entries: tuple[int, ...]
    """Places in the source, from 0, of everything in the body, shared resources included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All records of one patient's Bundle, in the order in which the source begins them."""

    records: tuple[Record, ...]
    entry_count: int


def split(source: bytes | str) -> Chart:
    """The records of a FHIR R4 Bundle (transaction, collection, batch, document or searchset).

    Each body is `{"resourceType":"Bundle","type":"collection","entry":[…]}` whose fullUrl and
    resource are slices of the source, never rewritten; every entry is in at least one of them.
    Raises InvalidBundle with one sentence, which holds no id and no value from the source.
    """
    bundle, entries = read_bundle(source)
    require_r4(bundle, entries)
    _require_distinct(entries)
    graph = Graph(entries)
    _require_one_patient(entries, graph)
    plan = _Plan(entries, graph)
    records = tuple(plan.record(home, category) for home, category in plan.groups)
    chart = Chart(records=records, entry_count=len(entries))
    if len({place for record in records for place in record.entries}) != len(entries):
        raise AssertionError("an entry of the Bundle is in no record")
    return chart


def is_complete(source: bytes | str, records: Iterable[Record]) -> bool:
    """Whether the resource of every entry stands, byte for byte, in the body of some record."""
    bodies = [record.body for record in records]
    return all(
        any(b'"resource":' + entry.text.encode() in body for body in bodies)
        for entry in read_bundle(source)[1]
    )


def _require_distinct(entries: Sequence[Entry]) -> None:
    names = [
        {name for name in (entry.full_url, _type_and_id(entry)) if name is not None}
        for entry in entries
    ]
    counted = Counter(name for own in names for name in own)
    for entry, own in zip(entries, names, strict=True):
        if any(counted[name] > 1 for name in own):
            raise InvalidBundle(
                "Entry {place} has the same id or fullUrl as another entry.", place=entry.place
            )


def _type_and_id(entry: Entry) -> str | None:
    return f"{entry.kind}/{entry.resource['id']}" if "id" in entry.resource else None


def _require_one_patient(entries: Sequence[Entry], graph: Graph) -> None:
    patients = [entry.index for entry in entries if entry.kind == "Patient"]
    if not patients:
        raise InvalidBundle("A chart is about one patient, and the Bundle holds none.")
    if len(patients) != 1:
        raise InvalidBundle(
            "A chart is about one patient, and the Bundle holds {count}.", count=len(patients)
        )
    for entry in entries:
        for link in graph.links[entry.index]:
            if link.names_foreign_patient(patients[0]):
                raise InvalidBundle(
                    "Entry {place} is about a patient who is not in the Bundle.", place=entry.place
                )


class _Plan:
    """Which entries go into which record; every decision is made once, in the constructor."""

    def __init__(self, entries: Sequence[Entry], graph: Graph) -> None:
        self._entries = entries
        self._links = graph.links
        self._parents = self._find_parents()
        self._shared = self._find_shared()
        self._told = self._find_told()
        self._categories = self._find_categories()
        self.groups = self._find_groups()

    def _targets(self, place: int, roles: frozenset[str]) -> list[int]:
        links = self._links[place]
        return [link.target for link in links if link.role in roles and link.target is not None]

    def _parts(self, place: int) -> list[int]:
        return self._targets(place, _MEMBERS.get(self._entries[place].kind, frozenset()))

    def _find_parents(self) -> dict[int, int]:
        """Whom an entry without an encounter of its own goes with: the first that lists it."""
        parents: dict[int, int] = {}
        for entry in self._entries:
            place, owner = entry.index, _OWNERS.get(entry.kind)
            listed = self._parts(place)
            if entry.kind == "Composition":
                listed += [
                    link.target
                    for link in self._links[place]
                    if link.target is not None and link.role.endswith("section.entry")
                ]
            for part in listed:
                parents.setdefault(part, place)
            for target in self._targets(place, frozenset({owner} if owner else ())):
                parents.setdefault(place, target)
        return parents

    def _find_shared(self) -> frozenset[int]:
        """People, places and products that say nothing about the patient."""
        shared = {entry.index for entry in self._entries if entry.kind in _SHARED}
        while True:
            personal = {
                place
                for place in shared
                if any(link.target is not None and link.target not in shared
                       for link in self._links[place])
            }  # fmt: skip
            if not personal:
                return frozenset(shared)
            shared -= personal

    def _find_told(self) -> list[frozenset[str]]:
        """The protected things that each entry tells: its own, its whole's, and its references'."""
        told = [sensitivities_of(entry.resource) for entry in self._entries]
        for entry in self._entries:
            own = choose(entry.resource, told[entry.index])
            told[entry.index] |= {own} & PROTECTED  # such as a report of the section genetics
            if entry.kind == "Patient":  # who it is has to be told with every category
                told[entry.index] = frozenset()
        self._spread(told, {place: self._parts(place) for place in range(len(told))})
        referrers: dict[int, list[int]] = {}
        for place, links in enumerate(self._links):
            for link in links:
                if link.target is not None and self._betrays(place, link):
                    referrers.setdefault(link.target, []).append(place)
        self._spread(told, referrers)
        return told

    def _betrays(self, place: int, link: Link) -> bool:
        """Whether an entry tells what it refers to."""
        if link.target is None or self._entries[place].kind == "Patient":
            return False
        target = self._entries[link.target].kind
        return target not in _CONTEXT or (
            target == "Encounter" and self._entries[place].kind in _TELLING
        )

    def _spread(self, told: list[frozenset[str]], along: Mapping[int, Sequence[int]]) -> None:
        waiting = [place for place, things in enumerate(told) if things]
        while waiting:
            place = waiting.pop()
            for reached in along.get(place, ()):
                if self._entries[reached].kind == "Patient" or told[place] <= told[reached]:
                    continue
                told[reached] |= told[place]
                waiting.append(reached)

    def _find_categories(self) -> list[str]:
        categories = [choose(e.resource, self._told[e.index]) for e in self._entries]
        for entry in self._entries:
            parent = self._parents.get(entry.index)
            if entry.kind == "Binary" and parent is not None:  # bytes alone say nothing
                categories[entry.index] = categories[parent]
        return categories

    def _home(self, place: int) -> Home:
        """The encounter that an entry belongs to, or else the report, document or study."""
        seen: set[int] = set()
        while place not in seen:
            seen.add(place)
            if self._entries[place].kind == "Encounter":
                return place
            for link in self._links[place]:
                if link.role in _ENCOUNTERS and link.leads_to_encounter(self._entries):
                    return link.text if link.target is None else link.target
            if place not in self._parents:
                return place
            place = self._parents[place]
        return min(seen)

    def _find_groups(self) -> dict[tuple[Home, str], list[int]]:
        groups: dict[tuple[Home, str], list[int]] = {}
        for entry in self._entries:
            if entry.index not in self._shared:
                key = (self._home(entry.index), self._categories[entry.index])
                groups.setdefault(key, []).append(entry.index)
        placed = {p for (_, c), members in groups.items() for p in self._needed(members, c)}
        for place in sorted(self._shared - placed):
            groups.setdefault(("", self._categories[place]), []).append(place)
        return groups

    def _needed(self, members: Iterable[int], category: str) -> set[int]:
        """The shared resources that a reader of these entries in this category needs."""
        needed: set[int] = set()
        waiting = list(members)
        while waiting:
            for link in self._links[waiting.pop()]:
                target = link.target
                if target is None or target not in self._shared or target in needed:
                    continue
                if self._told[target] and self._categories[target] != category:
                    continue  # the address of an addiction clinic would tell what vitals do not
                needed.add(target)
                waiting.append(target)
        return needed

    def record(self, home: Home, category: str) -> Record:
        """The record of one group."""
        members = self.groups[home, category]
        places = sorted({*members, *self._needed(members, category)})
        anchor = [home] if isinstance(home, int) else []
        times = (time_of(self._entries[place].resource) for place in [*anchor, *members])
        return Record(
            category=category,
            issued=next((time for time in times if time is not None), None),
            title=title_of([self._entries[place].resource for place in members]),
            media_type=MEDIA_TYPE,
            body=_body([self._entries[place] for place in places]),
            entries=tuple(places),
        )


def _body(entries: Iterable[Entry]) -> bytes:
    return b'{"resourceType":"Bundle","type":"collection","entry":[%s]}' % b",".join(
        _body_entry(entry) for entry in entries
    )


def _body_entry(entry: Entry) -> bytes:
    url = "" if entry.full_url_text is None else f'"fullUrl":{entry.full_url_text},'
    return f'{{{url}"resource":{entry.text}}}'.encode()
