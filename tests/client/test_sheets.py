"""Key sheets and custodians: replaced, checked, and one that lies is found out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.wallets import new_wallet
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.contract_errors import NonceUsed
from app.core.custody import release_purpose
from app.core.errors import (
    NoSlot,
    NotEnoughShares,
    NotServed,
    NotStored,
    SealError,
    SheetStale,
    StoppedByOperator,
    WrongShare,
)
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest, Release
from app.core.outcomes import result_of
from app.core.people import IdentityKeys
from app.core.sealing import Halves
from app.core.sheets import Kind, decode_sheet, sheet_hash
from app.services.custodian import LocalCustodian
from tests.chain_fixtures import NOTE, Place


class Lying:
    """A custodian that answers in time, with a share that it made up."""

    def __init__(self, custodian: LocalCustodian) -> None:
        self.custodian = custodian

    def __getattr__(self, name: str) -> Any:
        return getattr(self.custodian, name)

    def release_all(self, requests: Sequence[OpeningRequest]) -> Sequence[Release]:
        answers = map(result_of, self.custodian.release_all(requests))
        return [self.bend(asked, answer) for asked, answer in zip(requests, answers, strict=True)]

    def bend(self, request: OpeningRequest, answer: Release) -> Release:
        access = self.custodian.registries[0].domains.digest(request.access.statement)
        viewer = IdentityKeys.decode(request.viewer_keys).identity
        made_up = bytes(32) + bytes([200])
        return replace(
            answer,
            shares={
                digest: viewer.seal(made_up, release_purpose(access, digest, self.id, viewer.id))
                for digest in answer.shares
            },
        )


class Noisy(Lying):
    """A custodian that answers with noise."""

    def bend(self, request: OpeningRequest, answer: Release) -> Release:
        return replace(answer, shares=dict.fromkeys(answer.shares, b"noise" * 300))


class Silent(Lying):
    """A custodian that answers with nothing."""

    def bend(self, request: OpeningRequest, answer: Release) -> Release:
        return replace(answer, shares={})


@pytest.mark.parametrize("kind", [Lying, Noisy, Silent])
def test_one_custodian_that_lies_keeps_nothing_shut(
    place: Place, doctor: Person, held: GrantFile, file: RecordFile, kind: type[Lying]
) -> None:
    for which, custodian in enumerate(place.custodians):
        custodians: list[Any] = list(place.custodians)
        custodians[which] = kind(custodian)
        place.node.custodians = custodians
        assert doctor.open(file, held) == NOTE, which


def test_with_too_few_honest_ones_the_lie_is_told(
    place: Place, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    place.node.custodians = [Lying(place.custodians[0]), place.custodians[1]]
    with pytest.raises(WrongShare, match="custodian 1, custodian 2"):
        doctor.open(file, held)


def test_one_share_of_two_opens_nothing(
    place: Place, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    for custodian in place.custodians[:2]:
        custodian.stopped = True
    with pytest.raises(NotEnoughShares, match="1 of the 2"):
        doctor.open(file, held)
    place.custodians[2].stopped = True
    with pytest.raises(StoppedByOperator):
        doctor.open(file, held)
    place.node.custodians = []
    with pytest.raises(NotEnoughShares):
        doctor.open(file, held)


@pytest.mark.parametrize(("count", "threshold"), [(1, 1), (3, 3), (5, 3)])
def test_other_numbers_of_custodians_open_too(
    make_place: Callable[..., Place], count: int, threshold: int
) -> None:
    place = make_place(custodians=count, threshold=threshold)
    patient, doctor = place.enrol(patient=True), place.enrol()
    place.credential(doctor)
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    for custodian in place.custodians[threshold:]:
        custodian.stopped = True
    assert doctor.open(file, held) == NOTE
    place.custodians[0].stopped = True
    with pytest.raises((NotEnoughShares, StoppedByOperator)):
        doctor.open(file, held)


# --- a patient's check and reseal ---


def test_a_good_sheet_passes_its_patients_check(
    place: Place, patient: Person, doctor: Person
) -> None:
    patient.require_good_sheet(doctor.write(NOTE, category="conditions", patient=patient.address))


def broken_sheet(doctor: Person, change: Callable[[Any], Any]) -> Callable[..., Any]:
    """A doctor's device that writes other sheets than it should."""
    honest = doctor._hand_in_sheet

    def hand_in(file: RecordFile, version: int, halves: Halves, to: Any) -> Any:
        halves, to = change((halves, to))
        return honest(file, version, halves, to)

    return hand_in


CHANGES: dict[str, Callable[[Any], Any]] = {
    "another half A": lambda p: (replace(p[0], a=bytes(32)), p[1]),
    "another half B": lambda p: (replace(p[0], b=bytes(32)), p[1]),
    "a custodian left out": lambda p: (p[0], replace(p[1], custodians=p[1].custodians[:2])),
    "a custodian exchanged": lambda p: (
        p[0], replace(p[1], custodians=(*p[1].custodians[:2], new_vault_key())),
    ),
    "the patient left out": lambda p: (p[0], replace(p[1], patient=new_vault_key())),
    "another category key": lambda p: (p[0], replace(p[1], category=new_vault_key())),
    "a higher threshold": lambda p: (p[0], replace(p[1], threshold=3)),
    "a lower threshold": lambda p: (p[0], replace(p[1], threshold=1)),
    "another epoch": lambda p: (p[0], replace(p[1], epoch=7)),
}  # fmt: skip


def new_vault_key() -> Any:
    return PrivateKey(b"\7" * 32).public


def test_a_bad_sheet_fails_its_patients_check(
    place: Place, patient: Person, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for case, change in CHANGES.items():
        with monkeypatch.context() as patch:
            patch.setattr(doctor, "_hand_in_sheet", broken_sheet(doctor, change))
            file = doctor.write(NOTE, category="conditions", patient=patient.address)
        try:
            patient.require_good_sheet(file)
        except (SealError, NotStored):
            continue
        pytest.fail(f"{case} was not noticed")


def test_a_resealed_record_opens_with_its_new_sheet(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    patient.reseal(file)
    place.settle()
    assert patient.sheet_of(file).version == 1
    assert doctor.open(file, held) == patient.open(file) == NOTE
    patient.require_good_sheet(file)


def test_a_stale_sheet_is_refused_by_whoever_saw_the_newer_one(
    place: Place,
    patient: Person,
    doctor: Person,
    held: GrantFile,
    file: RecordFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = place.node.sheets(file.digest)
    patient.reseal(file)
    place.settle()
    assert doctor.open(file, held) == patient.open(file) == NOTE
    monkeypatch.setattr(place.node, "sheets", lambda _: old)
    for person in (doctor, patient):
        with pytest.raises(SheetStale):
            person.sheet_of(file)


def test_a_substituted_sheet_opens_nothing(
    place: Place,
    patient: Person,
    doctor: Person,
    stranger: Person,
    held: GrantFile,
    file: RecordFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((signed, sheet),) = place.node.sheets(file.digest)
    second = patient.write(NOTE, category="conditions")
    place.settle()
    ((_, foreign),) = place.node.sheets(second.digest)
    forged = replace(signed.statement, version=1, sheet_hash=sheet_hash(foreign))
    for served in (
        [(signed, foreign)],
        [(signed, sheet[:-1] + bytes([sheet[-1] ^ 1]))],
        [(signed, b"")],
        [(stranger.sign(signed.statement), sheet)],
        [(stranger.sign(forged), foreign)],
        place.node.sheets(second.digest),
        [],
    ):
        monkeypatch.setattr(place.node, "sheets", lambda _, served=served: served)
        with pytest.raises(NotStored):
            doctor.open(file, held)


def test_a_forged_newer_sheet_does_not_hide_the_true_one(
    place: Place,
    patient: Person,
    doctor: Person,
    stranger: Person,
    held: GrantFile,
    file: RecordFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ((signed, sheet),) = place.node.sheets(file.digest)
    forged = replace(signed.statement, version=99, sheet_hash=sheet_hash(b"junk"))
    served = [(stranger.sign(forged), b"junk"), (signed, sheet)]
    monkeypatch.setattr(place.node, "sheets", lambda _: served)
    assert doctor.open(file, held) == patient.open(file) == NOTE


def test_sheets_stay_good_over_two_changes_of_wallet(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    patient.rotate(new_wallet())
    place.settle()
    patient.reseal(file)
    place.settle()
    patient.rotate(new_wallet())
    place.settle()
    assert patient.open(file) == doctor.open(file, held) == NOTE


# --- custodians are replaced ---


def test_a_custodian_is_replaced_without_touching_the_body(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    first, *others = place.custodians
    fourth = place.add_custodian()
    patient.choose_custodians([c.key.public for c in (*others, fourth)], 2)
    place.settle()
    address = file.address
    patient.reseal(file)
    place.settle()
    first.stopped = others[0].stopped = True
    assert doctor.open(file, held) == NOTE
    assert (file.address, patient.sheet_of(file).threshold) == (address, 2)
    assert fourth.log.entries(patient.address) != []
    with pytest.raises(NoSlot):
        patient.sheet_of(file).slot(Kind.SHARE_OF_B, first.id)


def test_records_under_other_custodians_open_together(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    fourth = place.add_custodian()
    chosen = [*place.custodians[1:3], fourth]
    patient.choose_custodians([c.key.public for c in chosen], 3)
    place.settle()
    second = patient.write(b"{}", category="conditions")
    place.settle()
    opened = doctor.open_all([file, second], held)
    assert [b"".join(pieces) for _, pieces in opened] == [NOTE, b"{}"]
    assert decode_sheet(place.node.sheets(second.digest)[0][1]).threshold == 3


def test_a_refused_choice_of_custodians_changes_nothing(place: Place, patient: Person) -> None:
    fourth = place.add_custodian()
    first = [c.key.public for c in (*place.custodians[1:3], fourth)]
    patient.choose_custodians(first, 2)
    with pytest.raises(NonceUsed):
        patient.choose_custodians([fourth.key.public], 1)
    assert (list(patient.custodians), patient.threshold) == (first, 2)
    place.settle()
    assert place.chain.view().keys_hash(patient.address) == place.node.keep_document(
        patient.keys_document()
    )


def test_a_share_for_another_custodian_is_not_served(
    place: Place, doctor: Person, held: GrantFile, file: RecordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, _ = place.custodians
    monkeypatch.setattr(
        "app.client.asking._share",
        lambda custodian, sheet: sheet.slot(Kind.SHARE_OF_B, (two if custodian is one else one).id),
    )
    place.node.custodians = [one]
    with pytest.raises(NotServed):
        doctor.open(file, held)
