"""Owns what an opened envelope may hold: a record, a grant, a membership, a request or an opening.

Reading believes nothing: who signed is checked by the letterbox, and a letter that is malformed is
passed over, so that nothing a stranger sends keeps a person from reading the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.core.encoding import hex0x, hex_part
from app.core.errors import ChartkeyError, MalformedSeal
from app.core.keys import PrivateKey
from app.core.opening import OpenSession
from app.core.signatures import Signed, parse_signed, signed_json
from app.core.statements import (
    Access,
    Domains,
    Grant,
    Membership,
    Record,
    Request,
    Revocation,
    RevocationOfAll,
    Session,
)
from app.core.typed_data import Statement

R = TypeVar("R")
S = TypeVar("S", bound=Statement)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFile:
    """A record statement with what its readers need to find and read the body."""

    digest: bytes
    signed: Signed[Record]
    address: str
    content: str
    media_type: str
    size: int
    title: str = ""
    occurred: str = ""
    """When what it tells of took place, as FHIR writes it; empty where its author does not say."""

    @property
    def statement(self) -> Record:
        return self.signed.statement

    def letter(self, domains: Domains) -> dict[str, Any]:
        """The contents of its envelope."""
        return {
            "record": signed_json(self.signed, domains),
            "body": self.address,
            "content": self.content,
            "mediaType": self.media_type,
            "size": self.size,
            "title": self.title,
            **({"occurred": self.occurred} if self.occurred else {}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFile:
    """A grant with the keys that came with it: category keys, or one record's half A.

    Which key opens a sheet shows in the sheet itself: a key that somebody slipped in fits none.
    """

    digest: bytes
    signed: Signed[Grant]
    keys: tuple[PrivateKey, ...] = ()
    half_a: bytes = field(default=b"", repr=False)
    record: RecordFile | None = None
    membership: Signed[Membership] | None = None

    @property
    def statement(self) -> Grant:
        return self.signed.statement

    def letter(self, domains: Domains) -> dict[str, Any]:
        """The contents of its envelope."""
        contents: dict[str, Any] = {
            "grant": signed_json(self.signed, domains),
            "keys": [hex0x(key.seed) for key in self.keys],
        }
        if self.record is not None:
            contents["halfA"] = hex0x(self.half_a)
            contents["about"] = self.record.letter(domains)
        if self.membership is not None:
            contents["membership"] = signed_json(self.membership, domains)
        return contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An access that was made: who opened which records of a chart, when and what for."""

    digest: bytes
    signed: Signed[Access]
    records: tuple[bytes, ...]
    session: OpenSession | None = None
    reported_by: str = ""

    @property
    def statement(self) -> Access:
        return self.signed.statement


def read_statement(document: Any, kind: type[S], domains: Domains) -> Signed[S]:
    """A statement file of one type, made for this deployment; raises ChartkeyError."""
    signed, domain, _ = parse_signed(document)
    domains.require_own(signed.statement, domain)
    if not isinstance(signed.statement, kind):
        raise MalformedSeal("it holds another statement", kind="letter")
    return signed


def read_record(contents: Mapping[str, Any], domains: Domains) -> RecordFile | None:
    """The record in a letter, None where it is about something else."""
    if "record" not in contents:
        return None
    signed = read_statement(contents["record"], Record, domains)
    size = contents["size"]
    if type(size) is not int:
        raise MalformedSeal("its size is not a number", kind="letter")
    return RecordFile(
        digest=domains.digest(signed.statement),
        signed=signed,
        address=_text(contents, "body"),
        content=_text(contents, "content"),
        media_type=_text(contents, "mediaType"),
        size=size,
        title=_text(contents, "title"),
        occurred=_text(contents, "occurred") if "occurred" in contents else "",
    )


def read_grant(contents: Mapping[str, Any], domains: Domains) -> GrantFile | None:
    """The grant in a letter, None where it is about something else."""
    if "grant" not in contents:
        return None
    signed = read_statement(contents["grant"], Grant, domains)
    about, member = contents.get("about"), contents.get("membership")
    return GrantFile(
        digest=domains.digest(signed.statement),
        signed=signed,
        keys=tuple(PrivateKey(hex_part(seed, "letter", 32)) for seed in contents["keys"]),
        half_a=hex_part(contents["halfA"], "letter") if about else b"",
        record=read_record(about, domains) if about else None,
        membership=read_statement(member, Membership, domains) if member else None,
    )


def read_membership(contents: Mapping[str, Any], domains: Domains) -> Signed[Membership] | None:
    """The membership that an organization keeps a copy of, None in another letter."""
    if "member" not in contents:
        return None
    return read_statement(contents["member"], Membership, domains)


def read_revocation(
    contents: Mapping[str, Any], domains: Domains
) -> Signed[Revocation | RevocationOfAll] | None:
    """A revocation that its patient keeps a copy of, None in another letter."""
    if "revocation" not in contents:
        return None
    signed, domain, _ = parse_signed(contents["revocation"])
    domains.require_own(signed.statement, domain)
    if not isinstance(signed.statement, Revocation | RevocationOfAll):
        return None
    return Signed(statement=signed.statement, signature=signed.signature)


def read_request(contents: Mapping[str, Any], domains: Domains) -> Signed[Request] | None:
    """A viewer's request for a grant, None in another letter."""
    if "request" not in contents:
        return None
    return read_statement(contents["request"], Request, domains)


def read_opening(contents: Mapping[str, Any], domains: Domains) -> Opening | None:
    """The access in a letter, None where it is about something else."""
    if "access" not in contents:
        return None
    signed = read_statement(contents["access"], Access, domains)
    session = None
    if "session" in contents:
        session = OpenSession(
            signed=read_statement(contents["session"], Session, domains),
            public_key=hex_part(contents["sessionKey"], "letter"),
        )
    return Opening(
        digest=domains.digest(signed.statement),
        signed=signed,
        records=tuple(hex_part(digest, "letter", 32) for digest in contents["records"]),
        session=session,
    )


def _text(contents: Mapping[str, Any], name: str) -> str:
    text = contents[name]
    if not isinstance(text, str):
        raise MalformedSeal(f"its {name} is not text", kind="letter")
    return text


def read_all(
    reader: Callable[[Mapping[str, Any], Domains], R | None],
    letters: Iterable[Mapping[str, Any]],
    domains: Domains,
) -> Iterator[R]:
    """What a reader finds in letters; a malformed one is passed over as if lost."""
    for contents in letters:
        try:
            found = reader(contents, domains)
        except (ChartkeyError, KeyError, TypeError, ValueError, AttributeError):
            continue
        if found is not None:
            yield found
