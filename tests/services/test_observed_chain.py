"""Whatever people do, the chain shows digests, roots, addresses, times and bitmaps, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import eth_abi
import pytest
from eth_utils.abi import abi_to_signature, event_abi_to_log_topic
from eth_utils.address import to_checksum_address
from sqlalchemy import select

from app.adapters.contracts import Contract
from app.adapters.database import Database
from app.adapters.database.engine import connect, reading
from app.adapters.database.schema import batches
from app.adapters.deployment import Deployment
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.categories import CATEGORIES
from app.core.encoding import ZERO32, ZERO_ADDRESS, from_hex, keccak
from app.core.merkle import manifest_id
from app.core.people import document_hash
from app.core.records import Role
from app.core.statements import (
    AUDIT,
    CONSENT,
    PEOPLE,
    RECORDS,
    Recovery,
    RecoveryChange,
    Representation,
)
from tests.chain_fixtures import DAY, GOVERNOR, HOUR, NOTE, REGISTRAR, Place, send

PURPOSES = ("TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH", "FAMRQT", "PATRQT")
URL = "https://custodian.example"
YEAR = 365 * DAY
TIMES = {"deadline", "until", "notAfter", "expiresAt", "readyAt"}
COUNTERS = {"nonce"}
DRAWN = {"tag", "newTag", "word"}
"""Numbers that a patient's device drew at random."""
BITMAPS = {"mask"}
SIGNATURES = {"signature", "signatures"}
SLOW = {"RecoveryFinished"}
"""Comes three days after RecoveryStarted, and shows what KeyRotated does."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One value that the chain shows: where, its name and type."""

    where: str
    name: str
    type: str
    value: Any


@dataclass(frozen=True, kw_only=True)
class Chain:
    """What anybody reads of the contracts from a block on."""

    place: Place
    deployment: Deployment
    first: int

    def transactions(self) -> list[dict[str, Any]]:
        """Those to the four contracts."""
        own = {c.address.lower() for c in self.deployment.contracts.values()}
        last = int(self.place.rpc.call("eth_blockNumber"), 16)
        blocks = [
            self.place.rpc.call("eth_getBlockByNumber", hex(n), True)
            for n in range(self.first, last + 1)
        ]
        return [one for b in blocks for one in b["transactions"] if (one["to"] or "") in own]

    def logs(self) -> list[dict[str, Any]]:
        """Of the four contracts."""
        addresses = [c.address for c in self.deployment.contracts.values()]
        question = {"fromBlock": hex(self.first), "toBlock": "latest", "address": addresses}
        return list(self.place.rpc.call("eth_getLogs", question))

    def _abi(self, address: str, kind: str) -> Iterator[Mapping[str, Any]]:
        for contract in self.deployment.contracts.values():
            if contract.address.lower() == address:
                yield from (entry for entry in contract.abi if entry["type"] == kind)

    def called(self) -> Iterator[tuple[str, list[Shown]]]:
        """Each call: the function's name, and all that its calldata shows."""
        for one in self.transactions():
            calldata = from_hex(one["input"])
            (entry,) = (
                entry
                for entry in self._abi(one["to"], "function")
                if keccak(abi_to_signature(entry).encode())[:4] == calldata[:4]  # type: ignore[arg-type]
            )
            values = eth_abi.decode([_type(item) for item in entry["inputs"]], calldata[4:])
            yield entry["name"], list(_parts(entry["name"], entry["inputs"], values))

    def told(self) -> Iterator[tuple[str, list[Shown]]]:
        """Each event: its name, and all that it shows."""
        for log in self.logs():
            topics = [from_hex(topic) for topic in log["topics"]]
            (entry,) = (
                entry
                for entry in self._abi(log["address"], "event")
                if event_abi_to_log_topic(entry) == topics[0]  # type: ignore[arg-type]
            )
            indexed = [item for item in entry["inputs"] if item["indexed"]]
            others = [item for item in entry["inputs"] if not item["indexed"]]
            values = [
                *(
                    eth_abi.decode([_type(item)], topic)[0]
                    for item, topic in zip(indexed, topics[1:], strict=True)
                ),
                *eth_abi.decode([_type(item) for item in others], from_hex(log["data"])),
            ]
            yield entry["name"], list(_parts(entry["name"], [*indexed, *others], values))


def _type(item: Mapping[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_type(part) for part in item["components"])
    return f"({inner}){item['type'].removeprefix('tuple')}"


def _parts(where: str, items: Sequence[Any], values: Sequence[Any]) -> Iterator[Shown]:
    for item, value in zip(items, values, strict=True):
        if item["type"].endswith("[]"):
            each = {**item, "type": item["type"].removesuffix("[]")}
            for one in value:
                yield from _parts(where, [each], [one])
        elif item["type"] == "tuple":
            yield from _parts(where, item["components"], value)
        else:
            yield Shown(where=where, name=item["name"], type=item["type"], value=value)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What may stand on the chain: addresses and digests of this scene, and plain numbers."""

    addresses: set[str]
    digests: set[bytes]
    now: int

    def allows(self, shown: Shown) -> bool:
        """Whether a value is an address, a digest or root, a time, a bitmap, or a number drawn."""
        match shown.type, shown.name, shown.value:
            case "address", _, value:
                return to_checksum_address(value) in self.addresses
            case "bytes32", _, value:
                return value in self.digests
            case "bytes", name, value:
                return name in SIGNATURES and len(value) == 65
            case "string", "url", value:
                return value == URL
            case "uint8", "role", value:
                return value in {int(role) for role in Role}
            case _, name, value if name in TIMES:
                return self.now - DAY < value < self.now + 2 * YEAR
            case _, name, value if name in COUNTERS:
                return value < 100
            case _, name, value if name in BITMAPS:
                return 0 < value.bit_count() <= 2
            case _, name, value if name in DRAWN:
                return value == 0 or value.bit_length() > 40
        return False


@pytest.fixture
def chain(place: Place, deployment: Deployment) -> Chain:
    """From the next block on."""
    return Chain(
        place=place,
        deployment=deployment,
        first=int(place.rpc.call("eth_blockNumber"), 16) + 1,
    )


@pytest.fixture
def played(place: Place, chain: Chain, patient: Person, doctor: Person) -> Known:
    """A scenario in which everybody does everything that reaches the chain."""
    node, accounts = place.node, place.chain_process.accounts
    newcomer, hospital = place.person(patient=True).enrol(), place.person().enrol()
    place.settle()
    old_key = newcomer.wallet.address
    place.credential(hospital, Role.HOSPITAL)
    own = doctor.write(NOTE, category="conditions", patient=patient.address)
    note = patient.write(NOTE, category="mental-health")
    grant = patient.grant(doctor.address, category="mental-health", seconds=HOUR)
    patient.grant(hospital.address, category="genetics", seconds=HOUR)
    patient.welcome(own)
    place.settle()
    (held,) = [g for g in doctor.grants_held(patient.address) if g.digest == grant.digest]
    doctor.start_session("https://node.example")
    assert doctor.open(note, held) == NOTE
    place.settle()
    doctor.retract(own)
    patient.retract(note)
    patient.revoke(grant)
    place.settle()
    patient.revoke_all()
    membership = hospital.add_member(doctor.address)
    place.settle()
    hospital.end_membership(membership)
    deadline, guardian, helper = place.clock() + HOUR, new_wallet(), new_wallet()
    nonce = node.view().nonce_of(patient.address)
    node.accept(
        patient.sign(
            RecoveryChange(
                person=patient.address, recovery=guardian.address, nonce=nonce, deadline=deadline
            )
        )
    )
    place.settle()
    node.accept(
        patient.sign(
            Representation(
                person=patient.address,
                representative=helper.address,
                expires_at=place.clock() + DAY,
                nonce=nonce + 1,
                deadline=deadline,
            )
        )
    )
    place.settle()
    asked = Recovery(
        person=patient.address,
        new_key=helper.address,
        nonce=node.view().ask(PEOPLE, "recoveryNonceOf", patient.address),  # type: ignore[attr-defined]
        deadline=deadline,
    )
    signature = guardian.sign(asked, node.domains.people)
    people = Contract(
        name=PEOPLE,
        address=chain.deployment[PEOPLE].address,
        abi=chain.deployment[PEOPLE].abi,
    )
    send(place.chain_process, people.address, people.relayed(asked, signature))
    gone = RecoveryChange(
        person=patient.address, recovery=ZERO_ADDRESS, nonce=nonce + 2, deadline=deadline
    )
    node.accept(patient.sign(gone))
    place.settle()
    patient.choose_custodians([place.custodians[0].key.public], 1)
    place.settle()
    newcomer.rotate(new_wallet())
    place.settle()
    key_hash = sha256(b"custodian").digest()
    custodian = accounts[3].address
    for sender, function, *arguments in (
        (GOVERNOR, "listCustodian", custodian, key_hash, URL),
        (GOVERNOR, "delistCustodian", custodian),
        (GOVERNOR, "appointRegistrar", custodian, int(Role.INSURER), place.clock() + YEAR),
        (GOVERNOR, "dismissRegistrar", custodian, int(Role.INSURER)),
        (REGISTRAR, "withdrawCredential", hospital.address, int(Role.HOSPITAL)),
    ):
        send(place.chain_process, people.address, people.encode(function, *arguments), sender)
    persons = (patient, doctor, newcomer, hospital)
    keys = {person.wallet.address for person in persons} | {person.address for person in persons}
    keys |= {account.address for account in accounts} | {old_key, ZERO_ADDRESS}
    return Known(
        addresses=keys | {guardian.address, helper.address},
        digests={
            *anchored_by(place),
            *(document_hash(person.keys_document()) for person in persons),
            *(own.digest, note.digest, node.domains.digest(membership.statement)),
            *(key_hash, ZERO32),
        },
        now=place.clock(),
    )


def anchored_by(place: Place) -> set[bytes]:
    """The roots and lists of everything that the node batched."""
    assert isinstance(place.node.database, Database)
    with reading(connect(place.node.database.url)) as connection:
        rows = connection.execute(select(batches.c.root, batches.c.manifest)).all()
    return {row.root for row in rows} | {manifest_id(row.manifest) for row in rows}


def test_events_and_calldata_show_digests_roots_addresses_times_and_bitmaps_alone(
    chain: Chain, played: Known
) -> None:
    seen = [*chain.called(), *chain.told()]
    strange = [one for _, many in seen for one in many if not played.allows(one)]
    assert strange == []
    events = {
        entry["name"]
        for contract in chain.deployment.contracts.values()
        for entry in contract.abi
        if entry["type"] == "event"
    }
    elsewhere = {"OwnershipTransferred", "OwnershipTransferStarted", "EIP712DomainChanged", *SLOW}
    assert {name for name, _ in chain.told()} >= events - elsewhere
    signed = {name for name, _ in chain.called() if name.endswith("BySig")}
    assert len(signed) == 10


def test_no_category_purpose_or_content_stands_on_the_chain_in_any_guessable_form(
    chain: Chain, played: Known, patient: Person
) -> None:
    raw = b"".join(from_hex(one["input"]) for one in chain.transactions())
    raw += b"".join(b"".join(map(from_hex, [*log["topics"], log["data"]])) for log in chain.logs())
    words = [word.encode() for word in (*CATEGORIES, *PURPOSES)]
    for word in (*words, NOTE):
        assert word not in raw
        assert keccak(word) not in raw
        assert sha256(word).digest() not in raw
    assert from_hex(patient.address) in raw  # the search finds what does stand there


def test_a_viewer_is_named_nowhere_in_what_is_about_consent_and_openings(
    chain: Chain, played: Known, doctor: Person
) -> None:
    own = {chain.deployment[name].address.lower() for name in (CONSENT, AUDIT)}
    viewer = from_hex(doctor.address)
    some = [one for one in chain.transactions() if one["to"] in own]
    assert len(some) > 3
    assert not any(viewer in from_hex(one["input"]) for one in some)
    # the search finds the viewer where a retraction does name its author
    records = chain.deployment[RECORDS].address.lower()
    assert any(
        viewer in from_hex(one["input"]) for one in chain.transactions() if one["to"] == records
    )
