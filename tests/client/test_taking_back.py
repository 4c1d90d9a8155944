"""What comes after a revocation: refused at once, while those whose grants stand read on."""

from __future__ import annotations

import pytest

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.errors import (
    ChainUnreachable,
    GrantRevoked,
    GrantTagReplaced,
)
from tests.chain_fixtures import NOTE, Place

OTHER = b'{"resourceType":"Condition"}'


def epochs_of(patient: Person, grant: GrantFile) -> set[int]:
    """The epochs whose key of the grant's category came along."""
    newest = patient.category_keys_of(patient.address).epoch
    keys = {
        epoch: patient.vault.category(grant.statement.category, epoch)
        for epoch in range(newest + 1)
    }
    return {epoch for epoch, key in keys.items() if key in grant.keys}


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


def test_another_device_knows_what_was_taken_back_before_the_chain_does(
    place: Place, patient: Person, doctor: Person, nurse: Person, held: GrantFile
) -> None:
    other = patient.grant(nurse.address, category="vitals")
    place.settle()
    patient.revoke(held)
    device = Person.restore(place.node, patient.wallet, patient.address, patient.vault.phrase)
    device.revoke(other)
    (ended,) = doctor.grants_held(patient.address)
    assert epochs_of(patient, ended) == {0}


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
