"""Consent: what a grant opens and what it does not, sessions, teams, and what comes after a revocation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.adapters.wallets import new_wallet
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.errors import (
    AccessRefused,
    ChainUnreachable,
    ForeignGrant,
    ForeignPurpose,
    ForeignSignature,
    GrantNotYetValid,
    GrantRevoked,
    GrantTagReplaced,
    MembershipInvalid,
    NoCredential,
    NotAnchored,
    NotStored,
    NotTheViewer,
    OutsideGrant,
    SessionInvalid,
    ViewingNotGranted,
)
from app.core.records import Role
from app.core.statements import ADD, VIEW
from tests.chain_fixtures import HOUR, NOTE, Place

OTHER = b'{"resourceType":"Condition"}'


@pytest.fixture
def file(place: Place, patient: Person) -> RecordFile:
    """A record of the patient's conditions."""
    return patient.write(NOTE, category="conditions")


@pytest.fixture
def held(place: Place, patient: Person, doctor: Person, file: RecordFile) -> GrantFile:
    """The doctor's grant to view conditions."""
    patient.grant(doctor.address, category="conditions")
    place.settle()
    return doctor.grants_held(patient.address)[0]


@pytest.fixture
def nurse(place: Place) -> Person:
    """Another enrolled practitioner with a credential."""
    person = place.enrol()
    place.credential(person)
    return person


@pytest.fixture
def hospital(place: Place) -> Person:
    """An organization with a credential."""
    person = place.enrol()
    place.credential(person, Role.HOSPITAL)
    return person


def epochs_of(patient: Person, grant: GrantFile) -> set[int]:
    """The epochs whose key of the grant's category came along."""
    newest = patient.category_keys_of(patient.address).epoch
    keys = {epoch: patient.vault.category(grant.statement.category, epoch) for epoch in range(newest + 1)}
    return {epoch for epoch, key in keys.items() if key in grant.keys}


# --- what a grant opens ---


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


def test_a_grant_opens_no_other_patients_chart(place: Place, doctor: Person, held: GrantFile) -> None:
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


# --- taking back ---


def test_a_revoked_grant_opens_nothing_at_once_and_for_good(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    assert doctor.open(file, held) == NOTE
    patient.revoke(held)
    for _ in range(2):
        with pytest.raises(GrantRevoked):
            doctor.open(file, held)
        place.settle()
    with pytest.raises(GrantRevoked):
        doctor.require_viewable(held)


def test_a_viewer_whose_grant_stands_reads_on_after_the_epoch_moved(
    place: Place, patient: Person, doctor: Person, nurse: Person, held: GrantFile, file: RecordFile
) -> None:
    patient.grant(nurse.address, category="conditions")
    place.settle()
    patient.revoke(held)
    patient.write(OTHER, category="conditions")
    place.settle()
    (standing,) = nurse.grants_held(patient.address)
    assert epochs_of(patient, standing) == {0, 1}
    opened = nurse.open_all(nurse.shared_records(standing), standing)
    assert [b"".join(pieces) for _, pieces in opened] == [NOTE, OTHER]
    (ended,) = doctor.grants_held(patient.address)
    assert epochs_of(patient, ended) == {0}
    assert doctor.shared_records(ended) == [file]


def test_all_categories_move_together_so_that_none_stands_out(
    place: Place, patient: Person, held: GrantFile
) -> None:
    before = patient.category_keys_of(patient.address)
    patient.revoke(held)
    after = patient.category_keys_of(patient.address)
    assert after.epoch == before.epoch + 1
    assert set(after.keys) == set(before.keys)
    assert all(after.keys[name].id != before.keys[name].id for name in before.keys)


@pytest.mark.parametrize("everything", [False, True], ids=["one", "everything"])
def test_whoever_was_revoked_gets_no_keys_while_the_chain_does_not_show_it(
    place: Place, patient: Person, doctor: Person, nurse: Person, held: GrantFile, everything: bool
) -> None:
    other = patient.grant(nurse.address, category="laboratory")
    place.settle()
    if everything:
        patient.revoke_all()
    else:
        patient.revoke(held)
    patient.revoke(other)
    assert [epochs_of(patient, grant) for grant in doctor.grants_held(patient.address)] == [{0}]
    place.settle()
    assert [epochs_of(patient, grant) for grant in doctor.grants_held(patient.address)] == [{0}]


def test_taking_everything_back_ends_every_grant_but_no_later_one(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    patient.revoke_all()
    with pytest.raises(GrantTagReplaced):
        doctor.open(file, held)
    place.settle()
    with pytest.raises(GrantTagReplaced):
        doctor.open(file, held)
    patient.grant(doctor.address, category="conditions")
    place.settle()
    assert doctor.open(file, doctor.grants_held(patient.address)[-1]) == NOTE
    patient.revoke_all()
    place.settle()
    with pytest.raises(GrantTagReplaced):
        doctor.open(file, doctor.grants_held(patient.address)[-1])


def test_a_revocation_while_the_chain_is_away_leaves_no_standing_viewer_without_keys(
    place: Place, patient: Person, doctor: Person, nurse: Person, held: GrantFile, file: RecordFile
) -> None:
    patient.grant(nurse.address, category="conditions")
    place.settle()
    place.close_down()
    patient.revoke(held)
    place.come_back()
    place.settle()
    with pytest.raises(GrantRevoked):
        doctor.open(file, held)
    later = patient.write(OTHER, category="conditions")
    place.settle()
    (standing,) = nurse.grants_held(patient.address)
    assert nurse.open(later, standing) == OTHER
    patient.grant(nurse.address, category="laboratory")
    newest = patient.write(OTHER, category="conditions")
    place.settle()
    standing = nurse.grants_held(patient.address)[0]
    assert nurse.open(newest, standing) == OTHER
    assert epochs_of(patient, doctor.grants_held(patient.address)[0]) == {0}


def test_without_the_chain_nothing_opens_and_the_patient_reads_on(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    place.close_down()
    with pytest.raises(ChainUnreachable):
        doctor.open(file, held)
    assert patient.open(file) == NOTE


# --- sessions ---


def test_a_session_opens_without_asking_the_wallet_and_is_reported_with_its_key(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    doctor.start_session("https://node.example")

    class Shut:
        address = doctor.wallet.address

        def sign(self, *_: object) -> bytes:
            raise AssertionError("the wallet was asked")

    doctor.wallet = Shut()
    assert doctor.open(file, held) == NOTE
    place.settle()
    (opening,) = patient.openings()
    assert opening.session is not None
    assert opening.statement.viewer == doctor.address
    assert place.node.proof(opening.digest) is not None


@pytest.mark.parametrize("seconds", [13 * HOUR, -1], ids=["too long", "over"])
def test_a_session_that_does_not_run_opens_nothing(
    doctor: Person, held: GrantFile, file: RecordFile, seconds: int
) -> None:
    doctor.start_session("https://node.example", seconds=seconds)
    with pytest.raises(SessionInvalid):
        doctor.open(file, held)


def test_a_session_of_a_wallet_that_moved_on_opens_nothing(
    place: Place, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    doctor.start_session("https://node.example")
    session = doctor._session
    doctor.rotate(new_wallet())
    place.settle()
    doctor._session = session
    with pytest.raises(SessionInvalid):
        doctor.open(file, held)


# --- teams ---


@pytest.fixture
def team(
    place: Place, patient: Person, hospital: Person, stranger: Person, file: RecordFile
) -> Callable[[], GrantFile]:
    """The patient shares with the hospital; what its member then holds."""
    patient.grant(hospital.address, category="conditions")
    place.settle()

    def held_by_member() -> GrantFile:
        (held,) = stranger.grants_held(patient.address)
        return held

    return held_by_member


def test_a_member_opens_until_the_membership_is_ended(
    place: Place,
    patient: Person,
    hospital: Person,
    stranger: Person,
    team: Callable[[], GrantFile],
    file: RecordFile,
) -> None:
    membership = hospital.add_member(stranger.address)
    assert stranger.open(file, team()) == NOTE
    assert patient.openings()[0].statement.viewer == stranger.address
    assert hospital.members() == [membership]
    hospital.end_membership(membership)
    place.settle()
    with pytest.raises(MembershipInvalid):
        stranger.open(file, team())
    assert hospital.members() == []


def test_a_membership_runs_out(
    place: Place, hospital: Person, stranger: Person, team: Callable[[], GrantFile], file: RecordFile
) -> None:
    hospital.add_member(stranger.address, seconds=HOUR)
    assert stranger.open(file, team()) == NOTE
    place.time.ahead = HOUR + 1
    with pytest.raises(MembershipInvalid):
        stranger.open(file, team())


def test_a_membership_that_the_organization_did_not_sign_opens_nothing(
    hospital: Person, stranger: Person, team: Callable[[], GrantFile], file: RecordFile
) -> None:
    signed = hospital.add_member(stranger.address)
    with pytest.raises(MembershipInvalid):
        stranger.open(file, team(), membership=stranger.sign(signed.statement))


def test_somebody_elses_membership_opens_nothing(
    hospital: Person, stranger: Person, nurse: Person, team: Callable[[], GrantFile], file: RecordFile
) -> None:
    hospital.add_member(stranger.address)
    with pytest.raises(MembershipInvalid):
        nurse.open(file, team())
    with pytest.raises(NotTheViewer):
        nurse.open(file, replace(team(), membership=None))


def test_a_member_gets_later_grants_and_newer_keys_passed_on(
    place: Place, patient: Person, doctor: Person, hospital: Person, stranger: Person
) -> None:
    hospital.add_member(stranger.address)
    patient.grant(hospital.address, category="conditions")
    ended = patient.grant(doctor.address, category="conditions")
    place.settle()
    patient.revoke(ended)
    later = patient.write(OTHER, category="conditions")
    place.settle()
    hospital.pass_on()
    (held,) = stranger.grants_held(patient.address)
    assert stranger.open(later, held) == OTHER


def test_a_colleague_reopens_what_the_organization_wrote(
    place: Place, patient: Person, hospital: Person, stranger: Person
) -> None:
    file = hospital.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    membership = hospital.add_member(stranger.address)
    with pytest.raises(AccessRefused):
        stranger.open(file)
    assert hospital.open(file) == NOTE
    assert membership.statement.member == stranger.address


# --- the patient's wallet ---


def test_grants_and_chart_go_on_after_a_change_of_wallet(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    old = patient.wallet
    patient.rotate(new_wallet())
    place.settle()
    assert doctor.open(file, held) == NOTE
    note = doctor.write(OTHER, category="conditions", patient=patient.address)
    later = patient.write(OTHER, category="conditions")
    place.settle()
    assert patient.chart() == [file, later]
    assert patient.addressed() == [note]
    assert doctor.open(later, held) == OTHER
    patient.wallet, new = old, patient.wallet
    with pytest.raises(ForeignSignature):
        patient.grant(doctor.address, category="laboratory")
    patient.wallet = new
    patient.revoke(held)
    with pytest.raises(GrantRevoked):
        doctor.open(file, held)


def test_what_was_signed_before_a_change_of_wallet_holds_though_it_goes_out_with_it(
    place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    patient.rotate(new_wallet())
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert patient.is_authentic(file)
    assert patient.open(file) == doctor.open(file, held) == NOTE


def test_an_access_names_one_grant(
    place: Place, patient: Person, doctor: Person, held: GrantFile, file: RecordFile
) -> None:
    other = patient.grant(doctor.address, category="laboratory")
    place.settle()
    with pytest.raises((ForeignGrant, OutsideGrant)):
        doctor.open(file, replace(held, digest=other.digest))
