"""Owns who refers to whom in a Bundle: every Reference and attachment URL, resolved to an entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.fhir_text import Entry

_VERSION = re.compile(r"/_history/[^/]*$")
_SUBJECTS = frozenset({"subject", "patient", "beneficiary"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One reference: the dotted element that makes it, its text, and the entry it resolves to."""

    role: str
    text: str
    target: int | None

    def leads_to_encounter(self, entries: Sequence[Entry]) -> bool:
        """Whether it names an encounter, be it in the Bundle or by its URL elsewhere."""
        if self.text.startswith("#"):
            return False
        if self.target is None:
            return "Encounter/" in self.text or self.role.endswith("encounter")
        return entries[self.target].kind == "Encounter"

    def names_foreign_patient(self, patient: int) -> bool:
        """Whether it makes the resource one about a patient other than the Bundle's.

        Searches and contained or foreign-typed subjects are given the benefit of the doubt.
        """
        if self.role not in _SUBJECTS or self.target == patient or self.text.startswith("#"):
            return False
        if self.target is not None or "?" in self.text:
            return False
        return "Patient/" in self.text or self.text.startswith("urn:")


class Graph:
    """The links of every entry, in source order; contained resources' links are their holder's."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._by_url = {e.full_url: e.index for e in entries if e.full_url is not None}
        self._by_id = {
            f"{e.kind}/{e.resource['id']}": e.index for e in entries if "id" in e.resource
        }
        self.links: tuple[tuple[Link, ...], ...] = tuple(
            tuple(
                Link(role=role, text=text, target=self._resolve(entry, text))
                for role, text in _references(entry.resource)
            )
            for entry in entries
        )

    def _resolve(self, entry: Entry, text: str) -> int | None:
        """By FHIR R4 Bundle rules (https://hl7.org/fhir/R4/bundle.html#references), then by id."""
        plain = _VERSION.sub("", text.partition("#")[0])
        if not plain or "?" in plain:
            return None
        if plain in self._by_url:
            return self._by_url[plain]
        absolute = ":" in plain
        if not absolute and entry.full_url is not None and entry.full_url.startswith("http"):
            base = entry.full_url.removesuffix(f"{entry.kind}/{entry.resource.get('id')}")
            if base + plain in self._by_url:
                return self._by_url[base + plain]
        if absolute and not plain.startswith("http"):
            return None
        # An absolute URL to a server's resource meets an entry whose fullUrl is a urn by its id.
        found = self._by_id.get("/".join(plain.split("/")[-2:]))
        return None if found is None or (absolute and self._has_other_base(found)) else found

    def _has_other_base(self, place: int) -> bool:
        return any(at == place and url.startswith("http") for url, at in self._by_url.items())


def _references(node: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every (dotted element, reference) of a resource, in document order."""
    waiting: list[tuple[tuple[str, ...], Any]] = [((), node)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, list):
            waiting.extend((path, element) for element in reversed(value))
        elif isinstance(value, Mapping):
            if isinstance(value.get("reference"), str):
                yield ".".join(path), value["reference"]
            if isinstance(value.get("url"), str) and _is_attachment(path):
                yield ".".join((*path, "url")), value["url"]
            waiting.extend(((*path, name), child) for name, child in reversed(list(value.items())))


def _is_attachment(path: tuple[str, ...]) -> bool:
    return bool(path) and path[-1] in (
        "attachment", "content", "presentedForm", "contentAttachment", "valueAttachment"
    )  # fmt: skip
