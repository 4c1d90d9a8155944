"""Owns who is who to pages: what the registry says of a person, and what registrars call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import MalformedStatement, NotStored, NotThatPerson
from app.core.indexing import Event
from app.core.people import require_introduction
from app.core.records import Role
from app.core.relaying import Call
from app.core.signatures import Signed, signed_json
from app.core.signing_in import folded, require_name
from app.core.statements import CategoryKeys, Domains, Enrolment, Introduction
from app.services.asking import AskedChain, BlockView, governor_of, words_of
from app.services.calling import read

MOST_FOUND = 20
SHORTEST_SEARCH = 2
CLOCKS_DIFFER = 300
GIVEN, WITHDRAWN = "Credentialed", "CredentialWithdrawn"
APPOINTED, DISMISSED = "RegistrarAppointed", "RegistrarDismissed"


class Directory(Protocol):
    """Introductions and the index, in the database (adapters/database says what each does)."""

    def keep_introduction(self, person: str, name: str, issued_at: int, statement: Any) -> bool: ...
    def introduction(self, person: str) -> Any: ...
    def introduced(self, text: str, most: int) -> list[tuple[str, Any]]: ...
    def events_named(self, *names: str, subject: str = "") -> list[Event]: ...
    def count_of(self, name: str) -> int: ...
    def calls_under_way(self) -> Sequence[Call]: ...


class Keys(Protocol):
    """The node, as far as it keeps keys documents."""

    def document(self, digest: bytes) -> bytes: ...
    def category_keys(self, patient: str) -> tuple[Signed[CategoryKeys], bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the registry says of a person at one block."""

    person: str
    key: str
    nonce: int
    keys_hash: bytes
    roles: Sequence[str]
    is_governor: bool
    registrar_of: Sequence[str]
    is_pending: bool

    @property
    def is_enrolled(self) -> bool:
        return self.key != ZERO_ADDRESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A credential that a registrar gave, or an authority that the governor gave."""

    person: str
    role: int
    until: int
    given_at: int
    is_standing: bool
    is_withdrawn: bool


@dataclass(kw_only=True)
class People:
    """Answers questions about people; nothing that it says decides who may open anything."""

    domains: Domains
    chain: AskedChain
    directory: Directory
    keys: Keys
    clock: Callable[[], int]

    def standing(self, person: str) -> Standing:
        """What the registry says of a person."""
        view = self.chain.view()
        key = view.key_of(person)
        return Standing(
            person=person,
            key=key,
            nonce=view.nonce_of(person),
            keys_hash=view.keys_hash(person),
            roles=self._roles(view, person),
            is_governor=governor_of(view) == person,
            registrar_of=self._registrar_of(view, person),
            is_pending=key == ZERO_ADDRESS and self._is_enrolling(person),
        )

    def _roles(self, view: BlockView, person: str) -> list[str]:
        return words_of(view.roles_of(person, view.time))

    def _registrar_of(self, view: BlockView, person: str) -> list[str]:
        """Asked of the chain only where the index shows that there may be something."""
        roles = {
            int(event.arguments["role"])
            for event in self.directory.events_named(APPOINTED, subject=person)
        }
        return [
            Role(role).name.lower()
            for role in sorted(roles)
            if view.is_registrar(person, role, view.time)
        ]

    def _is_enrolling(self, person: str) -> bool:
        return any(
            isinstance(read(call).statement, Enrolment)
            for call in self.directory.calls_under_way()
            if call.person == person
        )

    def document(self, standing: Standing) -> bytes | None:
        """The keys document that a person's `keysHash` commits to, where it is kept here."""
        if standing.keys_hash != ZERO32:
            with suppress(NotStored):
                return self.keys.document(standing.keys_hash)
        return None

    def category_keys(self, person: str) -> tuple[dict[str, Any], bytes] | None:
        """A patient's newest category keys: statement file and document."""
        with suppress(NotStored):
            signed, document = self.keys.category_keys(person)
            return signed_json(signed, self.domains), document
        return None

    # introductions

    def introduce(self, registrar: str, signed: Signed[Introduction]) -> None:
        """Keep what a registrar calls a person.

        Raises NotThatPerson, ForeignSignature, NoCredential, and MalformedStatement for a name
        that cannot be shown.
        """
        statement = signed.statement
        if statement.registrar != registrar:
            raise NotThatPerson()
        require_name(statement.name)
        if statement.issued_at > self.clock() + CLOCKS_DIFFER:
            raise MalformedStatement("it is dated ahead of time")
        require_introduction(signed, domain=self.domains.people, view=self.chain.view())
        self.keep_introduction(signed)

    def keep_introduction(self, signed: Signed[Introduction]) -> None:
        """Keep one that was checked."""
        statement = signed.statement
        self.directory.keep_introduction(
            statement.person,
            folded(statement.name),
            statement.issued_at,
            signed_json(signed, self.domains),
        )

    def introduction(self, person: str, roles: Sequence[str]) -> Any:
        """A person's introduction, while any credential of theirs stands; None where there is none."""
        return self.directory.introduction(person) if roles else None

    def found(self, text: str) -> list[tuple[str, Sequence[str], Any]]:
        """(person, roles, introduction) of those whose name contains a text; raises Malformed…"""
        wanted = folded(text)
        if len(wanted) < SHORTEST_SEARCH:
            raise MalformedStatement("a search has at least {least} letters", least=SHORTEST_SEARCH)
        view = self.chain.view()
        rows = self.directory.introduced(wanted, MOST_FOUND)
        shown = [(person, self._roles(view, person), told) for person, told in rows]
        return [one for one in shown if one[1]]

    # registrars

    def credentials_by(self, registrar: str) -> list[Given]:
        """The credentials that a registrar gave last, the newest first."""
        view = self.chain.view()
        newest = self._newest(GIVEN, WITHDRAWN)
        return [
            Given(
                person=person,
                role=role,
                until=int(event.arguments["notAfter"]),
                given_at=event.time,
                is_standing=view.holds_credential(person, role, view.time),
                is_withdrawn=newest[person, role].name == WITHDRAWN,
            )
            for (person, role), event in self._newest(GIVEN).items()
            if event.arguments["registrar"] == registrar
        ]

    def registrars(self) -> list[Given]:
        """Everybody who was ever appointed, the newest first."""
        view = self.chain.view()
        newest = self._newest(APPOINTED, DISMISSED)
        return [
            Given(
                person=person,
                role=role,
                until=int(event.arguments.get("until", event.time)),
                given_at=event.time,
                is_standing=view.is_registrar(person, role, view.time),
                is_withdrawn=event.name == DISMISSED,
            )
            for (person, role), event in newest.items()
        ]

    def _newest(self, *names: str) -> Mapping[tuple[str, int], Event]:
        """The newest event about each (subject, role), the newest first."""
        newest: dict[tuple[str, int], Event] = {}
        for event in reversed(self.directory.events_named(*names)):
            newest.setdefault((event.subject, int(event.arguments["role"])), event)
        return newest

    def counts(self) -> Mapping[str, int]:
        """How many people the index knows."""
        return {
            "enrolled": self.directory.count_of("Enrolled"),
            "credentialed": self.directory.count_of(GIVEN),
            "registrars": self.directory.count_of(APPOINTED),
        }
