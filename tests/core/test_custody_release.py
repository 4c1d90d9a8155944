"""Tests of what a custodian releases: its own share, of that record, to that viewer, for that access."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.custody import release, release_purpose
from app.core.errors import (
    NotServed,
    SlotNotOpened,
)
from app.core.keys import PrivateKey
from app.core.opening import AskedRecord, OpeningRequest
from app.core.sealing import Halves, open_bytes
from app.core.sheets import Kind, Slot, combine
from app.core.signatures import Signed
from app.core.statements import Grant
from tests.makers import (
    DOMAINS,
    Person,
    address,
    anchor,
    salt,
)
from tests.openings import SealedRecord, ask, make_request, seal_record


def test_two_custodians_and_the_category_key_open_the_record(
    chain: MemoryChain, grant: Signed[Grant], sealed: SealedRecord, patient: Person, doctor: Person,
    custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    proof, shares = anchor(chain, grant.statement), []
    for custodian in custodians[1:]:
        request = make_request(doctor, [sealed], grant=grant, proof=proof, custodian=custodian)
        access = DOMAINS.digest(request.access.statement)
        released = release(request, ask(chain, request), custodian, access)
        assert released.custodian == custodian.public.id
        purpose = release_purpose(
            access, sealed.digest, custodian.public.id, doctor.identity.public.id
        )
        shares.append(doctor.identity.open(released.shares[sealed.digest], purpose))
    b = combine(shares, sealed.sheet.threshold)
    a = sealed.sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", 0))
    assert open_bytes(sealed.sealed, sealed.body_key(Halves(a=a, b=b))) == sealed.body


def test_a_released_share_opens_for_the_viewer_and_this_access_only(
    chain: MemoryChain, request_: OpeningRequest, sealed: SealedRecord, doctor: Person,
    stranger: Person, custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    access, custodian = DOMAINS.digest(request_.access.statement), custodians[0]
    share = release(request_, ask(chain, request_), custodian, access).shares[sealed.digest]
    parts = (access, sealed.digest, custodian.public.id, doctor.identity.public.id)
    assert len(doctor.identity.open(share, release_purpose(*parts))) == 33
    with pytest.raises(SlotNotOpened):
        stranger.identity.open(share, release_purpose(*parts))
    for at in range(4):
        other = [salt("other") if i == at else part for i, part in enumerate(parts)]
        with pytest.raises(SlotNotOpened):
            doctor.identity.open(share, release_purpose(*other))


def release_with(chain: MemoryChain, request: OpeningRequest, custodian: PrivateKey) -> None:
    """Approve and release."""
    release(request, ask(chain, request), custodian, DOMAINS.digest(request.access.statement))


def share_of(asked: AskedRecord) -> Slot:
    """The share that is asked for."""
    assert asked.share is not None
    return asked.share


def share_swapped(request: OpeningRequest, **changes: Any) -> OpeningRequest:
    """The same request with another share."""
    share = replace(share_of(request.records[0]), **changes)
    return replace(request, records=(replace(request.records[0], share=share),))


def test_a_share_for_another_custodian_is_not_served(
    chain: MemoryChain, request_: OpeningRequest, custodians: tuple[PrivateKey, ...]
) -> None:
    with pytest.raises(NotServed):
        release_with(chain, request_, custodians[1])


@pytest.mark.parametrize("kind", [Kind.A_FOR_CATEGORY, Kind.A_FOR_AUTHOR, Kind.B_FOR_PATIENT, 9])
def test_only_shares_are_served(
    chain: MemoryChain, request_: OpeningRequest, custodians: tuple[PrivateKey, ...], kind: int
) -> None:
    with pytest.raises(NotServed):
        release_with(chain, share_swapped(request_, kind=kind), custodians[0])


def test_a_share_that_carries_another_custodians_name_does_not_open(
    chain: MemoryChain, request_: OpeningRequest, custodians: tuple[PrivateKey, ...]
) -> None:
    renamed = share_swapped(request_, recipient=custodians[1].public.id)
    with pytest.raises(SlotNotOpened):
        release_with(chain, renamed, custodians[1])


def test_a_share_of_another_record_does_not_open(
    chain: MemoryChain, request_: OpeningRequest, patient: Person, hospital: Person,
    custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    other = seal_record(patient, hospital, seed="other").asked(custodians[0])
    with pytest.raises(SlotNotOpened):
        release_with(chain, share_swapped(request_, sealed=share_of(other).sealed), custodians[0])


def test_a_share_of_another_record_with_the_same_content_root_does_not_open(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], doctor: Person, patient: Person,
    hospital: Person, custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    # the same halves and content, so the same root: only the record's digest differs
    twin = seal_record(patient, hospital, salt=salt("twin"))
    assert twin.record.content_root == sealed.record.content_root
    assert twin.digest != sealed.digest
    proof = anchor(chain, grant.statement)
    honest = make_request(doctor, [twin], grant=grant, proof=proof)
    release_with(chain, honest, custodians[0])
    swapped = share_swapped(honest, sealed=share_of(sealed.asked(custodians[0])).sealed)
    with pytest.raises(SlotNotOpened):
        release_with(chain, swapped, custodians[0])


def test_a_share_under_another_epoch_does_not_open(
    chain: MemoryChain, request_: OpeningRequest, custodians: tuple[PrivateKey, ...]
) -> None:
    moved = replace(request_, records=(replace(request_.records[0], epoch=1),))
    with pytest.raises(SlotNotOpened):
        release_with(chain, moved, custodians[0])


@pytest.mark.parametrize("length", [0, 100, 1135, 1168])
def test_a_share_that_is_cut_off_does_not_open(
    chain: MemoryChain, request_: OpeningRequest, custodians: tuple[PrivateKey, ...], length: int
) -> None:
    cut = share_swapped(request_, sealed=share_of(request_.records[0]).sealed[:length])
    with pytest.raises(SlotNotOpened):
        release_with(chain, cut, custodians[0])


def test_an_invented_record_of_the_same_category_has_no_share(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], doctor: Person,
    custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    # the viewer relabels a record of another category so that the grant covers it
    secret = replace(sealed.record, author=address("invented"))
    relabelled = replace(sealed, signed=replace(sealed.signed, statement=secret))
    request = make_request(doctor, [relabelled], grant=grant, proof=anchor(chain, grant.statement))
    with pytest.raises(SlotNotOpened):
        release_with(chain, request, custodians[0])


def test_purposes_of_releases_differ_from_those_of_slots() -> None:
    assert release_purpose(b"", b"", b"", b"") == b"chartkey/release/1"


def test_records_without_a_share_of_this_custodian_are_passed_over(
    chain: MemoryChain, sealed: SealedRecord, grant: Signed[Grant], doctor: Person, patient: Person,
    hospital: Person, custodians: tuple[PrivateKey, ...],
) -> None:  # fmt: skip
    other = seal_record(patient, hospital, seed="other")
    proof = anchor(chain, grant.statement)
    request = make_request(doctor, [sealed, other], grant=grant, proof=proof)
    first, second = request.records
    half = replace(request, records=(replace(first, share=None), second))
    access = DOMAINS.digest(request.access.statement)
    assert set(release(half, ask(chain, half), custodians[0], access).shares) == {other.digest}
    nothing = replace(request, records=tuple(replace(one, share=None) for one in request.records))
    with pytest.raises(NotServed):
        release_with(chain, nothing, custodians[0])
