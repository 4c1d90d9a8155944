"""Consent: what a grant opens and what it does not."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import pytest

from app.adapters.wallets import new_wallet
from app.client.asking import Wanted
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.client.reading import Opened
from app.core.audit import CLOCK_SKEW
from app.core.errors import (
    ChartkeyError,
    ForeignPurpose,
    GrantNotYetValid,
    NoCredential,
    NotAnchored,
    NotStored,
    NotTheViewer,
    OutsideGrant,
    QuotaExceeded,
    StoreFull,
    ViewingNotGranted,
)
from app.core.outcomes import result_of
from app.core.relaying import Submission
from app.core.statements import ADD, VIEW, Access
from tests.chain_fixtures import HOUR, NOTE, Place

OTHER = b'{"resourceType":"Condition"}'


def test_a_category_grant_opens_what_was_and_what_will_be_written(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    later = patient.write(OTHER, category="conditions")
    place.settle()
    assert doctor.shared_records(held) == [file, later]
    opened = doctor.open_all([file, later], held)
    assert [b"".join(pieces) for _, pieces in opened] == [NOTE, OTHER]
    assert len(patient.openings()) == 1
    assert set(patient.openings()[0].records) == {file.digest, later.digest}


def test_records_of_several_charts_open_at_once_each_with_an_access_of_its_own(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    neighbour, later = place.enrol(patient=True), patient.write(OTHER, category="conditions")
    theirs = neighbour.write(OTHER, category="conditions")
    of_neighbour = neighbour.grant(doctor.address, category="conditions")
    place.settle()
    first, second, foreign, own = doctor.open_each(
        [
            Wanted(files=[file], grant=held),
            Wanted(files=[theirs], grant=of_neighbour),
            Wanted(files=[theirs], grant=held),
            Wanted(files=[file, later], grant=held),
        ]
    )
    assert [read(one) for one in (first, second, own)] == [[NOTE], [OTHER], [NOTE, OTHER]]
    assert isinstance(foreign, ChartkeyError), "one that fails, fails alone"
    told = [set(opening.records) for opening in patient.openings()]
    assert sorted(map(len, told)) == [1, 2]
    assert [set(opening.records) for opening in neighbour.openings()] == [{theirs.digest}]


def test_however_many_are_opened_each_access_is_of_when_it_is_asked_with(
    monkeypatch: pytest.MonkeyPatch, place: Place, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    monkeypatch.setattr("app.client.asking.MOST_TOGETHER", 2)
    made: list[list[int]] = []
    accept_all = place.node.accept_all

    def accept_late(many: Sequence[Submission]) -> Sequence[ChartkeyError | None]:
        made.append([cast(Access, one.signed.statement).at for one in many])
        place.time.ahead += CLOCK_SKEW // 2
        return accept_all(many)

    monkeypatch.setattr(place.node, "accept_all", accept_late)
    opened = doctor.open_each([Wanted(files=[file], grant=held)] * 5)
    assert [read(one) for one in opened] == [[NOTE]] * 5
    assert [len(some) for some in made] == [2, 2, 1]
    assert all(min(b) >= max(a) + CLOCK_SKEW // 2 for a, b in pairwise(made))


def test_what_a_node_does_not_take_opens_nothing(
    monkeypatch: pytest.MonkeyPatch, place: Place, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    many = [Wanted(files=[file], grant=held)] * 2
    monkeypatch.setattr(place.node, "accept_all", lambda many: [None, QuotaExceeded()])
    taken, refused = doctor.open_each(many)
    assert read(taken) == [NOTE]
    assert isinstance(refused, QuotaExceeded)

    def fail(_: object) -> None:
        raise StoreFull()

    monkeypatch.setattr(place.node, "accept_all", fail)
    assert [type(outcome) for outcome in doctor.open_each(many)] == [StoreFull] * 2


def read(outcome: Opened | ChartkeyError) -> list[bytes]:
    """The bodies that were opened."""
    return [b"".join(pieces) for _, pieces in result_of(outcome)]


def test_a_record_grant_opens_that_record_alone(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    second = patient.write(OTHER, category="conditions")
    patient.grant(doctor.address, record=file)
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert held.keys == ()
    assert doctor.shared_records(held) == [file]
    assert doctor.open(file, held) == NOTE
    with pytest.raises(OutsideGrant):
        doctor.open(second, held)
    with pytest.raises(OutsideGrant):
        doctor.open_all([file, second], held)
    assert doctor.chart(patient.address, held.keys) == []


def test_a_grant_opens_no_other_category(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    other = patient.write(OTHER, category="laboratory")
    place.settle()
    with pytest.raises(OutsideGrant):
        doctor.open(other, held)
    with pytest.raises(OutsideGrant):
        doctor.open_all([file, other], held)


def test_a_grant_opens_no_other_patients_chart(
    place: Place, doctor: Person, held: GrantFile
) -> None:
    neighbour = place.enrol(patient=True)
    theirs = neighbour.write(OTHER, category="conditions")
    place.settle()
    with pytest.raises(OutsideGrant):
        doctor.open(theirs, held)


def test_the_right_to_add_alone_hands_over_nothing(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    patient.grant(doctor.address, category="conditions", rights=ADD)
    patient.grant(doctor.address, record=file, rights=ADD)
    place.settle()
    for held in doctor.grants_held(patient.address):
        assert (held.keys, held.half_a) == ((), b"")
        with pytest.raises(ViewingNotGranted):
            doctor.open(file, held)
    with pytest.raises(ViewingNotGranted):
        doctor.require_viewable(doctor.grants_held(patient.address)[0])


def test_viewing_and_adding_go_together(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    patient.grant(doctor.address, category="conditions", rights=VIEW | ADD)
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(file, held) == NOTE
    note = doctor.write(OTHER, category="conditions", patient=patient.address)
    place.settle()
    assert patient.chart() == [file, note]


def test_another_persons_grant_opens_nothing(
    place: Place, nurse: Person, held: GrantFile, file: RecordFile
) -> None:
    with pytest.raises(NotTheViewer):
        nurse.open(file, held)


def test_a_foreign_purpose_opens_nothing(doctor: Person, held: GrantFile, file: RecordFile) -> None:
    with pytest.raises(ForeignPurpose):
        doctor.open(file, held, purpose="HRESCH")


def test_a_grant_opens_nothing_before_its_anchor(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    patient.grant(doctor.address, category="conditions")
    (held,) = doctor.grants_held(patient.address)
    with pytest.raises(NotAnchored):
        doctor.open(file, held)
    with pytest.raises(NotAnchored):
        doctor.require_viewable(held)


def test_a_grant_opens_nothing_before_its_time(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    place.time.ahead = HOUR
    patient.grant(doctor.address, category="conditions")
    place.settle()
    place.time.ahead = 0
    (held,) = doctor.grants_held(patient.address)
    with pytest.raises(GrantNotYetValid):
        doctor.open(file, held)


def test_a_professional_purpose_needs_a_credential(
    place: Place, patient: Person, stranger: Person, file: RecordFile
) -> None:
    patient.grant(stranger.address, category="conditions")
    patient.grant(stranger.address, category="conditions", purpose="FAMRQT")
    place.settle()
    professional, family = stranger.grants_held(patient.address)
    with pytest.raises(NoCredential):
        stranger.open(file, professional)
    assert stranger.open(file, family) == NOTE


def test_an_address_in_lower_case_is_the_same_person(
    place: Place, patient: Person, doctor: Person, file: RecordFile
) -> None:
    patient.grant(doctor.address.lower(), category="conditions")
    note = doctor.write(OTHER, category="conditions", patient=patient.address.lower())
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(file, held) == NOTE
    assert patient.addressed() == [note]


def test_somebody_unknown_is_granted_nothing(place: Place, patient: Person) -> None:
    with pytest.raises(NotStored):
        patient.grant(new_wallet().address, category="conditions")
    assert patient.grants_given() == []
