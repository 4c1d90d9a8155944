"""A custodian keeps old keys, serves several registries until their cut-off, and anchors what nobody else did."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.audit import inquiry
from app.core.custody import release_purpose
from app.core.errors import (
    AccessMismatch,
    ChainUnreachable,
    ForeignKeys,
    ForeignSignature,
    NotServed,
    RegistryClosed,
    ServiceUnreachable,
)
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest
from app.core.ports import ChainView
from app.core.signatures import Proof
from app.core.statements import Domains, Revocation, RevocationOfAll
from app.core.typed_data import Domain
from app.services.custodian import LocalCustodian, OneWitness, Registry
from tests.asking import release, wait_until
from tests.chain_fixtures import NOTE, Place
from tests.custodian_services import serving


def elsewhere(place: Place) -> Domains:
    """The contracts of another deployment on the same chain."""
    own = place.chain.domains
    moved = (Domain(chain_id=own.chain_id, contract=f"0x{number:040x}") for number in range(1, 5))
    people, records, consent, audit = moved
    return Domains(people=people, records=records, consent=consent, audit=audit)


# --- keys ---


def test_an_old_key_opens_sheets_that_were_not_replaced_yet(
    place: Place,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    custodian: LocalCustodian,
    request_: OpeningRequest,
) -> None:
    old = custodian.key
    custodian.key, custodian.older_keys = PrivateKey(os.urandom(32)), [old]
    assert custodian.ids == [custodian.id, old.public.id]
    answer = release(custodian, request_)
    assert answer.custodian == custodian.id != old.public.id
    (sealed,) = answer.shares.values()
    purpose = release_purpose(
        place.chain.domains.digest(request_.access.statement),
        shared[0].digest,
        custodian.id,
        doctor.vault.identity.public.id,
    )
    assert doctor.vault.identity.open(sealed, purpose)
    place.node.custodians = [custodian, place.custodians[1]]
    assert doctor.open(*shared) == NOTE


def test_without_the_old_key_its_sheets_are_not_served(
    custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    custodian.key = PrivateKey(os.urandom(32))
    with pytest.raises(NotServed):
        release(custodian, request_)


def test_a_patient_may_ask_under_an_old_key_id(
    patient: Person, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    release(custodian, request_)
    old = custodian.key
    custodian.key, custodian.older_keys = PrivateKey(os.urandom(32)), [old]
    for id_ in custodian.ids:
        question = inquiry(patient.address, id_, at=patient.clock(), salt=os.urandom(32))
        assert len(custodian.entries(*patient.sign_access(question)).entries) == 1
    question = inquiry(patient.address, bytes(32), at=patient.clock(), salt=os.urandom(32))
    with pytest.raises(AccessMismatch):
        custodian.entries(*patient.sign_access(question))


# --- registries ---


@pytest.fixture
def both(place: Place, custodian: LocalCustodian) -> LocalCustodian:
    """Serves another registry as well, and that one first."""
    witness = OneWitness(place.chain.view)
    other = Registry(domains=elsewhere(place), witnesses=witness)
    custodian.registries = [other, *custodian.registries]
    return custodian


def test_the_registry_is_chosen_by_the_accesss_domain(
    place: Place, both: LocalCustodian, request_: OpeningRequest
) -> None:
    assert release(both, request_).shares
    with pytest.raises(NotServed):
        release(both, replace(request_, audit=None))
    with pytest.raises(NotServed):
        release(both, replace(request_, audit=Domain(chain_id=1, contract="0x" + "11" * 20)))
    with pytest.raises(AccessMismatch):  # there, the records have other digests
        release(both, replace(request_, audit=elsewhere(place).audit))


def test_a_registry_is_served_until_its_cut_off(
    place: Place, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    (registry,) = custodian.registries
    custodian.registries = [replace(registry, until=place.time() + 3600)]
    assert release(custodian, request_).shares
    custodian.registries = [replace(registry, until=place.time())]
    with pytest.raises(RegistryClosed):
        release(custodian, request_)


def test_revocations_and_inquiries_count_in_whichever_registry_they_were_signed_for(
    patient: Person, stranger: Person, both: LocalCustodian, request_: OpeningRequest
) -> None:
    release(both, request_)
    question = inquiry(patient.address, both.id, at=patient.clock(), salt=os.urandom(32))
    assert len(both.entries(*patient.sign_access(question)).entries) == 1
    revocation = Revocation(patient=patient.address, word=1, mask=1)
    with pytest.raises(ForeignSignature):
        both.hear(stranger.sign(revocation))
    both.hear(patient.sign(revocation))
    assert both.log.heard(patient.address) == [revocation]


def test_a_view_that_tells_another_key_opens_nothing(
    place: Place, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    """One endpoint alone would approve; the other one names another key for the viewer."""
    honest, other = place.chain.view(), place.chain.view()
    viewer = request_.access.statement.viewer

    class Bent:
        """As the chain says, but for the viewer's keys."""

        def __getattr__(self, name: str) -> object:
            return getattr(other, name)

        def keys_hash(self, person: str) -> bytes:
            return bytes(32) if person == viewer else other.keys_hash(person)

    class Two(OneWitness):
        def views(self) -> list[ChainView]:
            return [honest, Bent()]  # type: ignore[list-item]

    domains = place.chain.domains
    custodian.registries = [Registry(domains=domains, witnesses=Two(place.chain.view))]
    with pytest.raises(ForeignKeys):
        release(custodian, request_)


# --- what was heard ---


def test_a_revocation_of_all_is_forgotten_when_the_chain_shows_its_tag(
    place: Place, patient: Person
) -> None:
    custodian = serving(place, PrivateKey(os.urandom(32)), confirmations=0)
    tag = place.chain.view().tag(patient.address)
    custodian.hear(patient.sign(RevocationOfAll(patient=patient.address, tag=tag, new_tag=2**60)))
    assert custodian.forget_final() == 0
    patient.revoke_all()
    place.settle()
    assert custodian.forget_final() == 0, "another tag came than the one that was heard of"
    custodian.hear(
        patient.sign(
            RevocationOfAll(
                patient=patient.address, tag=tag, new_tag=place.chain.view().tag(patient.address)
            )
        )
    )
    assert custodian.forget_final() == 1
    assert custodian.forget_final() == 0


# --- own anchoring ---


def test_what_a_node_proves_anchored_is_closed_and_not_handed_in(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> None:
    doctor.open(*shared)
    first = place.custodians[0]
    wait_until(lambda: first.log.counts() == {"open": 1})
    place.settle()
    place.time.ahead += 61
    taken: list[bytes] = []
    hand_in = lambda access, *_: taken.append(access)  # noqa: E731
    assert first.hand_in(hand_in, older_than=60, proof_of=place.node.proof) == 0
    assert (taken, first.log.counts()) == ([], {"anchored": 1})


def _no_proof(_: bytes) -> Proof | None:
    return None


def _away(_: bytes) -> Proof | None:
    raise ServiceUnreachable("Timeout", name="node")


def _not_on_chain(digest: bytes) -> Proof | None:
    return Proof(root=digest, path=())


def _of_another(_: bytes) -> Proof | None:
    return Proof(root=bytes(32), path=())


@pytest.mark.parametrize("proof_of", [_no_proof, _away, _not_on_chain, _of_another])
def test_what_no_node_proves_is_handed_in(
    place: Place,
    custodian: LocalCustodian,
    request_: OpeningRequest,
    proof_of: Callable[[bytes], Proof | None],
) -> None:
    release(custodian, request_)
    place.time.ahead += 61
    taken: list[bytes] = []
    assert custodian.hand_in(lambda a, *_: taken.append(a), older_than=3600, proof_of=proof_of) == 0
    assert custodian.hand_in(lambda a, *_: taken.append(a), older_than=60, proof_of=proof_of) == 1
    assert taken == [place.chain.domains.digest(request_.access.statement)]
    assert custodian.log.counts() == {"handed in": 1}


def test_nothing_is_closed_while_the_chain_cannot_be_asked(
    place: Place, custodian: LocalCustodian, request_: OpeningRequest
) -> None:
    release(custodian, request_)
    place.time.ahead += 61
    away = serving(place, custodian.key, ["http://127.0.0.1:9"], log=custodian.log)
    with pytest.raises(ChainUnreachable):
        away.hand_in(lambda *_: None, older_than=60, proof_of=_not_on_chain)
    assert custodian.log.counts() == {"open": 1}
