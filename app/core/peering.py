"""Owns what nodes tell each other: their head, their anchors, and what they hold, as JSON.

Everything in it is on the chain or public ciphertext. Reading is strict, and believes nothing: what
is read here is held against the chain, and bytes against their hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.core.cid import raw_cid, require_cid
from app.core.encoding import checksum_address, from_hex, hex0x
from app.core.errors import MalformedStatement, NotStored
from app.core.indexing import Anchor, Followed
from app.core.signatures import Signed, parse_signed, signed_json
from app.core.statements import BOOKS, Domains, Record, Retraction

PAGE = 1000
"""Anchors in one answer."""
MOST_ASKED = 200
"""Addresses in one question."""
LARGEST = 1 << 63

Place = tuple[int, int]
"""A block, and the place of an event in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerHead:
    """Which contracts a node serves, how far its index has come, and the key of its receipts."""

    chain_id: int
    contracts: Mapping[str, str]
    head: Followed | None
    node: str


_ONE_BLOCK = raw_cid(bytes(32))[:7]
"""CIDs of raw blocks begin alike: version, codec, and the kind of hash."""


def is_one_block(address: str) -> bool:
    """Whether an address is that of at most 256 KiB, which are quickly hashed."""
    return address.startswith(_ONE_BLOCK)


def contracts_of(domains: Domains) -> dict[str, str]:
    """The addresses of the four contracts, by what they judge."""
    return {
        "people": domains.people.contract,
        "records": domains.records.contract,
        "consent": domains.consent.contract,
        "audit": domains.audit.contract,
    }


def write_head(head: PeerHead) -> dict[str, Any]:
    """A PeerHead as JSON."""
    newest = head.head
    return {
        "chartkey": "peer/1",
        "chain": head.chain_id,
        "contracts": dict(head.contracts),
        "head": newest and {"number": newest.number, "hash": hex0x(newest.hash)},
        "node": head.node,
    }


def read_head(document: Any) -> PeerHead:
    """What `write_head` wrote; raises MalformedStatement."""
    chain, contracts, head, node = _members(
        document, "peer/1", "chain", "contracts", "head", "node"
    )
    if not isinstance(contracts, dict) or len(contracts) > 16:
        raise MalformedStatement("its contracts are not an object")
    followed = None
    if head is not None:
        if not isinstance(head, dict) or set(head) != {"number", "hash"}:
            raise MalformedStatement("its head is not a block")
        followed = Followed(number=_number(head["number"]), hash=from_hex(head["hash"], 32))
    return PeerHead(
        chain_id=_number(chain),
        contracts={str(name): _address(at) for name, at in contracts.items()},
        head=followed,
        node=_address(node),
    )


def write_anchors(anchors: Sequence[Anchor], following: Place | None) -> dict[str, Any]:
    """A page of anchors as JSON, and where the next one begins."""
    return {
        "chartkey": "anchors/1",
        "anchors": [
            {
                "block": one.block,
                "place": one.place,
                "judge": one.judge,
                "root": hex0x(one.root),
                "manifest": hex0x(one.manifest),
                "sender": one.sender,
                "transaction": hex0x(one.transaction),
                "time": one.time,
            }
            for one in anchors
        ],
        "next": None if following is None else write_place(following),
    }


def read_anchors(document: Any, after: Place) -> tuple[list[Anchor], Place | None]:
    """A page of anchors that all come after a place, in order, and where the next page begins."""
    rows, following = _members(document, "anchors/1", "anchors", "next")
    if not isinstance(rows, list) or len(rows) > PAGE:
        raise MalformedStatement("its anchors are not a list of one page")
    anchors = [_anchor(row) for row in rows]
    places = [after, *((one.block, one.place) for one in anchors)]
    if any(b <= a for a, b in pairwise(places)):
        raise MalformedStatement("its anchors are not in order")
    if following is None:
        return anchors, None
    if not anchors or read_place(following) != places[-1]:
        raise MalformedStatement("its pages do not follow one another")
    return anchors, places[-1]


def _anchor(row: Any) -> Anchor:
    names = ("block", "place", "judge", "root", "manifest", "sender", "transaction", "time")
    if not isinstance(row, dict) or set(row) != set(names) or row["judge"] not in BOOKS:
        raise MalformedStatement("an anchor has other members")
    return Anchor(
        block=_number(row["block"]),
        place=_number(row["place"]),
        judge=row["judge"],
        root=from_hex(row["root"], 32),
        manifest=from_hex(row["manifest"], 32),
        sender=_address(row["sender"]),
        transaction=from_hex(row["transaction"], 32),
        time=_number(row["time"]),
    )


def write_place(place: Place) -> str:
    """BLOCK:PLACE."""
    return f"{place[0]}:{place[1]}"


def read_place(text: Any) -> Place:
    """What `write_place` wrote; raises MalformedStatement."""
    block, colon, place = text.partition(":") if isinstance(text, str) else ("", "", "")
    if not colon or not all(part.isascii() and part.isdigit() for part in (block, place)):
        raise MalformedStatement("a place is not BLOCK:PLACE")
    if len(block) > 18 or len(place) > 9:
        raise MalformedStatement("a place is out of bounds")
    return int(block), int(place)


def write_addresses(addresses: Sequence[str]) -> dict[str, Any]:
    """A list of addresses as JSON."""
    return {"chartkey": "addresses/1", "addresses": list(addresses)}


def read_addresses(document: Any) -> list[str]:
    """What `write_addresses` wrote; raises MalformedStatement."""
    [addresses] = _members(document, "addresses/1", "addresses")
    if not isinstance(addresses, list) or len(addresses) > MOST_ASKED:
        raise MalformedStatement("it is not a list of at most {most} addresses", most=MOST_ASKED)
    try:
        return [require_cid(str(address)) for address in addresses]
    except NotStored as cause:
        raise MalformedStatement("one of its addresses is none") from cause


def write_erasure(
    record: Signed[Record], retraction: Signed[Retraction], domains: Domains
) -> dict[str, Any]:
    """What a node asks of another when a patient has a record erased."""
    return {
        "chartkey": "erasure-request/1",
        "record": signed_json(record, domains),
        "retraction": signed_json(retraction, domains),
    }


def read_erasure(document: Any, domains: Domains) -> tuple[Signed[Record], Signed[Retraction]]:
    """What `write_erasure` wrote, for these contracts; raises StatementError."""
    first, second = _members(document, "erasure-request/1", "record", "retraction")
    return read_record(first, domains), read_retraction(second, domains)


def read_record(document: Any, domains: Domains) -> Signed[Record]:
    """A record's statement file; raises StatementError."""
    signed, domain, _ = parse_signed(document)
    domains.require_own(signed.statement, domain)
    if not isinstance(signed.statement, Record):
        raise MalformedStatement("it is not a record")
    return signed


def read_retraction(document: Any, domains: Domains) -> Signed[Retraction]:
    """A retraction's statement file; raises StatementError."""
    signed, domain, _ = parse_signed(document)
    domains.require_own(signed.statement, domain)
    if not isinstance(signed.statement, Retraction):
        raise MalformedStatement("it is not a retraction")
    return signed


def _members(document: Any, version: str, *names: str) -> list[Any]:
    if not isinstance(document, dict) or document.get("chartkey") != version:
        raise MalformedStatement("it is not of the form {version}", version=version)
    if set(document) != {"chartkey", *names}:
        raise MalformedStatement("it has other members than {members}", members=", ".join(names))
    return [document[name] for name in names]


def _number(value: Any) -> int:
    if type(value) is not int or not 0 <= value < LARGEST:
        raise MalformedStatement("a value is not a whole number")
    return value


def _address(value: Any) -> str:
    return checksum_address(from_hex(value, 20))
