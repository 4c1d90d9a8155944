"""Owns how a resource is named and dated for people: titles without codes, and clinical times."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

MOST_TITLE: Final = 100

_TIMES: Final = (
    "period.start", "effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "started",
    "occurrenceDateTime", "occurrencePeriod.start", "performedDateTime", "performedPeriod.start",
    "createdDateTime", "createdPeriod.start", "authoredOn", "authored", "onsetDateTime",
    "onsetPeriod.start", "recordedDate", "context.period.start", "servicedPeriod.start",
    "billablePeriod.start", "whenHandedOver", "whenPrepared", "dateAsserted", "date", "start",
    "collection.collectedDateTime", "receivedTime", "startDate", "sent", "issued", "recorded",
    "occurredDateTime", "identifiedDateTime", "assertedDate", "created", "meta.lastUpdated",
)  # fmt: skip
"""Where resources say when, the clinically relevant first; the first that is there counts."""

_TIME = re.compile(
    r"[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_NAMES: Final = (
    "description", "title", "vaccineCode", "medicationCodeableConcept", "code", "type",
    "serviceType", "category", "name",
)  # fmt: skip
_UNNAMED: Final = frozenset({"Patient", "Person", "RelatedPerson", "Claim", "ExplanationOfBenefit"})
"""Named by their type alone: a person's name, or what a bill is for, makes no good title."""

_KIND = re.compile(r"(?<=[a-z])(?=[A-Z])")
_TAG = re.compile(r"\s*\((disorder|finding|procedure|situation|regime/therapy|event)\)\s*$")
_LETTERS = re.compile(r"[^\W\d_]{2}")


def word_set(text: str) -> frozenset[str]:
    """The words of a text; tables of names read better so than as lists."""
    return frozenset(text.split())


def time_of(resource: Mapping[str, Any]) -> str | None:
    """When the resource's event took place, as FHIR writes it; None where it does not say."""
    if resource.get("resourceType") in ("Patient", "Practitioner", "Organization"):
        return None
    for path in _TIMES:
        value: Any = resource
        for name in path.split("."):
            value = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(value, str) and _TIME.fullmatch(value):
            return value
    return None


def title_of(resources: Sequence[Mapping[str, Any]]) -> str:
    """A short title for a record: the first two distinct names of what it holds, and how many more.

    A report names its results, so where there are reports only they are named.
    """
    wholes = [r for r in resources if r.get("resourceType") in ("DiagnosticReport", "Composition")]
    names = list(dict.fromkeys(_name_of(resource) for resource in wholes or resources))
    more = f" and {len(names) - 2} more" if len(names) > 2 else ""
    most = MOST_TITLE if len(names) == 1 else MOST_TITLE // 2 - 7
    return ", ".join(_short(name, most) for name in names[:2]) + more


def _name_of(resource: Mapping[str, Any]) -> str:
    kind = str(resource.get("resourceType"))
    if kind not in _UNNAMED:
        for element in _NAMES:
            name = _words(resource.get(element))
            if name is not None:
                return name
    return _KIND.sub(" ", kind).capitalize()


def _words(value: object) -> str | None:
    """The words of a string, a CodeableConcept, a Coding or a list of them; a code is no word."""
    if isinstance(value, list):
        return next((words for words in map(_words, value) if words is not None), None)
    if isinstance(value, Mapping):
        for name in ("text", "display", "coding"):
            words = _words(value.get(name))
            if words is not None:
                return words
        return None
    if isinstance(value, str) and _LETTERS.search(value):
        plain = value.encode("utf-8", "replace").decode()
        return " ".join(_TAG.sub("", plain).split())
    return None


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1].rstrip() + "…"
