"""Owns what a person finds in opened envelopes: records, grants, keys and openings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.core.encoding import hex0x, hex_part
from app.core.envelopes import open_envelope
from app.core.errors import ChartkeyError, NoSlot
from app.core.keys import PrivateKey
from app.core.signatures import Signed, parse_signed, signed_json
from app.core.statements import Access, Domains, Grant, Membership, Record


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

    @property
    def statement(self) -> Record:
        return self.signed.statement

    def letter(self, domains: Domains) -> dict[str, Any]:
        """The contents of its envelope."""
        return {
            "statement": signed_json(self.signed, domains),
            "body": self.address,
            "content": self.content,
            "mediaType": self.media_type,
            "size": self.size,
            "title": self.title,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFile:
    """A grant with the keys that came with it: category keys by epoch, or one record's half A."""

    digest: bytes
    signed: Signed[Grant]
    keys: Mapping[int, PrivateKey] = field(default_factory=dict)
    half_a: bytes = field(default=b"", repr=False)
    record: RecordFile | None = None
    membership: Signed[Membership] | None = None

    @property
    def statement(self) -> Grant:
        return self.signed.statement

    def letter(self, domains: Domains) -> dict[str, Any]:
        """The contents of its envelope."""
        contents: dict[str, Any] = {
            "statement": signed_json(self.signed, domains),
            "keys": {str(epoch): hex0x(key.seed) for epoch, key in self.keys.items()},
        }
        if self.record is not None:
            contents["halfA"] = hex0x(self.half_a)
            contents["record"] = self.record.letter(domains)
        if self.membership is not None:
            contents["membership"] = signed_json(self.membership, domains)
        return contents


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An access that was made: who opened which records of a chart, when and what for."""

    digest: bytes
    signed: Signed[Access]
    records: tuple[bytes, ...]
    grant: bytes
    reported_by: str = ""

    @property
    def statement(self) -> Access:
        return self.signed.statement


def _own(signed_file: Mapping[str, Any], domains: Domains) -> Signed[Any]:
    signed, domain, _ = parse_signed(signed_file)
    domains.require_own(signed.statement, domain)
    return signed


def read_record(contents: Mapping[str, Any], domains: Domains) -> RecordFile | None:
    """The record in an opened envelope, None where it holds another statement."""
    signed = _own(contents["statement"], domains) if "body" in contents else None
    if signed is None or not isinstance(signed.statement, Record):
        return None
    return RecordFile(
        digest=domains.digest(signed.statement),
        signed=signed,
        address=str(contents["body"]),
        content=str(contents["content"]),
        media_type=str(contents["mediaType"]),
        size=int(contents["size"]),
        title=str(contents["title"]),
    )


def read_grant(contents: Mapping[str, Any], domains: Domains) -> GrantFile | None:
    """The grant in an opened envelope, None where it holds another statement."""
    signed = _own(contents["statement"], domains) if "keys" in contents else None
    if signed is None or not isinstance(signed.statement, Grant):
        return None
    keys = {
        int(epoch): PrivateKey(hex_part(seed, "grant's key", 32))
        for epoch, seed in contents["keys"].items()
    }
    record = contents.get("record")
    member = contents.get("membership")
    return GrantFile(
        digest=domains.digest(signed.statement),
        signed=signed,
        keys=keys,
        half_a=hex_part(contents.get("halfA", "0x"), "grant's key"),
        record=read_record(record, domains) if record else None,
        membership=_own(member, domains) if member else None,
    )


def read_opening(
    contents: Mapping[str, Any], domains: Domains, reported_by: str = ""
) -> Opening | None:
    """The access in an opened envelope, None where it holds another statement."""
    signed = _own(contents["access"], domains) if "access" in contents else None
    if signed is None or not isinstance(signed.statement, Access):
        return None
    return Opening(
        digest=domains.digest(signed.statement),
        signed=signed,
        records=tuple(hex_part(digest, "access", 32) for digest in contents["records"]),
        grant=signed.statement.grant,
        reported_by=reported_by,
    )


R = TypeVar("R")


def read_all(
    reader: Callable[[Mapping[str, Any], Domains], R | None],
    letters: Iterable[Mapping[str, Any]],
    domains: Domains,
) -> Iterator[R]:
    """What a reader finds in opened envelopes; a malformed one is passed over as if lost."""
    for contents in letters:
        try:
            found = reader(contents, domains)
        except (ChartkeyError, KeyError, TypeError, ValueError, AttributeError):
            continue
        if found is not None:
            yield found


def opened(
    envelopes: Iterable[tuple[bytes, bytes]], keys: Sequence[PrivateKey], seen: dict[bytes, Any]
) -> Iterator[dict[str, Any]]:
    """The contents of the envelopes that one of the keys opens; `seen` remembers them.

    What is sealed to others, or was damaged on the way, is passed over: nothing that somebody
    sends can keep a person from reading the rest.
    """
    for _, envelope in envelopes:
        mark = envelope[-32:]
        if mark not in seen:
            try:
                seen[mark] = open_envelope(envelope, *keys)
            except NoSlot:
                continue
            except ChartkeyError:
                seen[mark] = {}
        if seen[mark]:
            yield seen[mark]
