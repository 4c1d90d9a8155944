"""Sessions, teams, and a patient's change of wallet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from app.adapters.wallets import new_wallet
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.errors import (
    AccessRefused,
    ForeignGrant,
    ForeignSignature,
    GrantRevoked,
    MembershipInvalid,
    NotTheViewer,
    OutsideGrant,
    SessionInvalid,
)
from tests.chain_fixtures import HOUR, NOTE, Place

OTHER = b'{"resourceType":"Condition"}'


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


def test_a_second_membership_takes_over_from_one_that_has_ended(
    place: Place,
    hospital: Person,
    stranger: Person,
    team: Callable[[], GrantFile],
    file: RecordFile,
) -> None:
    first = hospital.add_member(stranger.address)
    hospital.end_membership(first)
    place.settle()
    second = hospital.add_member(stranger.address)
    assert stranger.open(file, team()) == NOTE
    (shared,) = hospital.grants_held()
    hospital._hand_over(replace(shared, membership=first), stranger.address)  # an old letter
    assert team().membership == second


def test_a_membership_that_somebody_slips_in_takes_nobodys_place(
    place: Place,
    patient: Person,
    hospital: Person,
    stranger: Person,
    team: Callable[[], GrantFile],
) -> None:
    genuine = hospital.add_member(stranger.address)
    later = replace(genuine.statement, expires_at=genuine.statement.expires_at + 1)
    (shared,) = hospital.grants_held()
    for forged in (patient.sign(later), replace(genuine, statement=later)):
        patient._hand_over(replace(shared, membership=forged), stranger.address)
    assert team().membership == genuine


def test_a_membership_runs_out(
    place: Place,
    hospital: Person,
    stranger: Person,
    team: Callable[[], GrantFile],
    file: RecordFile,
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
    hospital: Person,
    stranger: Person,
    nurse: Person,
    team: Callable[[], GrantFile],
    file: RecordFile,
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
