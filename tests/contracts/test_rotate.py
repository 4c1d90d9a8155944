"""Rotating: the id stays, the key changes, and the past keeps its key."""

import pytest
from conftest import DAY, FOREVER, YEAR, ZERO, event, refused


@pytest.fixture
def sign_rotation(sign, now):
    def make(signer, person, new_key, nonce):
        rotation = {
            "person": str(person),
            "newKey": str(new_key),
            "nonce": nonce,
            "deadline": now() + YEAR,
        }
        return tuple(rotation.values()), sign(signer, "Rotation", rotation)

    return make


def test_the_old_key_speaks_before_and_the_new_key_from_then_on(people, patient, new_key, chain):
    enrolled_at = people.keySince(patient)
    chain.sleep(DAY)
    transaction = people.rotate(patient, new_key, {"from": patient})
    time = transaction.timestamp

    assert people.keyOf(patient) == new_key
    assert people.keySince(patient) == time
    assert people.speaksFor(patient, patient, time - 1)
    assert people.speaksFor(patient, patient, enrolled_at)
    assert not people.speaksFor(patient, patient, enrolled_at - 1)
    assert not people.speaksFor(patient, patient, time)
    assert not people.speaksFor(patient, new_key, time - 1)
    assert people.speaksFor(patient, new_key, time)
    assert event(transaction, "KeyRotated") == {
        "person": patient,
        "oldKey": patient,
        "newKey": new_key,
    }


def test_a_signed_rotation_comes_in_through_anyone(
    people, patient, new_key, relayer, sign_rotation
):
    people.rotateBySig(*sign_rotation(patient, patient, new_key, 1), {"from": relayer})

    assert people.keyOf(patient) == new_key


def test_a_key_that_was_rotated_away_cannot_rotate_back(
    people, patient, new_key, relayer, sign_rotation
):
    people.rotate(patient, new_key, {"from": patient})

    with refused("NotAuthorized", patient, patient):
        people.rotate(patient, patient, {"from": patient})
    with refused("NotSignedBy", patient, patient):
        people.rotateBySig(*sign_rotation(patient, patient, patient, 2), {"from": relayer})


def test_a_key_that_returns_has_two_times_and_the_gap_stays(people, patient, new_key, chain):
    chain.sleep(DAY)
    left = people.rotate(patient, new_key, {"from": patient}).timestamp
    chain.sleep(DAY)
    back = people.rotate(patient, patient, {"from": new_key}).timestamp
    chain.sleep(DAY)
    chain.mine()

    spoke = {
        time: (people.speaksFor(patient, patient, time), people.speaksFor(patient, new_key, time))
        for time in (left - 1, left, back - 1, back, back + 1)
    }

    assert spoke == {
        left - 1: (True, False),
        left: (False, True),
        back - 1: (False, True),
        back: (True, False),
        back + 1: (True, False),
    }


def test_exactly_one_key_speaks_at_any_time(people, patient, account, chain):
    keys = [patient, account("second key"), account("third key")]
    times = [people.keySince(patient)]
    for old, new in [(0, 1), (1, 2), (2, 0), (0, 1), (1, 0)]:
        chain.sleep(10)
        times.append(people.rotate(patient, keys[new], {"from": keys[old]}).timestamp)

    for time in range(times[0], times[-1] + 3):
        assert sum(people.speaksFor(patient, key, time) for key in keys) == 1


def test_a_key_that_came_and_went_in_one_second_never_spoke(
    people, patient, new_key, account, bundle, sign_rotation, chain
):
    chain.sleep(10)
    fleeting = account("fleeting key")
    transaction = bundle(
        (people.rotateBySig, *sign_rotation(patient, patient, fleeting, 1)),
        (people.rotateBySig, *sign_rotation(fleeting, patient, new_key, 2)),
    )
    time = transaction.timestamp

    assert people.keyOf(patient) == new_key
    assert not any(
        people.speaksFor(patient, fleeting, t) for t in (0, time - 1, time, time + 1, FOREVER)
    )
    assert people.speaksFor(patient, patient, time - 1)
    assert not people.speaksFor(patient, patient, time)
    assert people.speaksFor(patient, new_key, time)


def test_a_key_that_went_and_came_back_in_one_second_spoke_without_a_gap(
    people, patient, new_key, bundle, sign_rotation, chain
):
    since = people.keySince(patient)
    chain.sleep(DAY)
    time = bundle(
        (people.rotateBySig, *sign_rotation(patient, patient, new_key, 1)),
        (people.rotateBySig, *sign_rotation(new_key, patient, patient, 2)),
    ).timestamp
    chain.sleep(DAY)
    left = people.rotate(patient, new_key, {"from": patient}).timestamp

    assert all(
        people.speaksFor(patient, patient, t) for t in (since, time - 1, time, time + 1, left - 1)
    )
    assert not people.speaksFor(patient, patient, left)
    assert not any(people.speaksFor(patient, new_key, t) for t in (time - 1, time, left - 1))


def test_what_was_answered_of_the_past_stays(people, patient, new_key, account, chain):
    chain.sleep(DAY)
    people.rotate(patient, new_key, {"from": patient})
    chain.sleep(DAY)
    people.represent(patient, account("third key"), FOREVER, {"from": new_key})
    chain.sleep(DAY)
    chain.mine()
    signers = (patient, new_key, account("third key"), ZERO)
    times = range(people.keySince(patient) - 2 * DAY, chain[-1].timestamp, DAY // 3)
    before = [people.speaksFor(patient, signer, time) for signer in signers for time in times]

    people.represent(patient, account("third key"), 0, {"from": new_key})
    people.rotate(patient, account("third key"), {"from": new_key})
    people.rotate(patient, patient, {"from": account("third key")})
    chain.sleep(DAY)
    chain.mine()

    assert [
        people.speaksFor(patient, signer, time) for signer in signers for time in times
    ] == before


def test_a_time_beyond_any_clock_asks_the_present(people, patient, new_key):
    people.rotate(patient, new_key, {"from": patient})

    assert people.speaksFor(patient, new_key, FOREVER)
    assert not people.speaksFor(patient, patient, FOREVER)


def test_a_key_is_never_zero(people, patient):
    with refused("ZeroKey", patient):
        people.rotate(patient, ZERO, {"from": patient})


def test_nobody_rotates_a_person_who_is_not_enrolled(
    people, stranger, new_key, relayer, sign_rotation
):
    with refused("NotEnrolled", stranger):
        people.rotate(stranger, new_key, {"from": stranger})
    with refused("NotEnrolled", stranger):
        people.rotateBySig(*sign_rotation(stranger, stranger, new_key, 0), {"from": relayer})


def test_a_change_made_directly_voids_one_signed_before_it(
    people, patient, new_key, relayer, sign_rotation
):
    withheld = sign_rotation(patient, patient, new_key, 1)
    people.changeKeys(patient, b"\x01" * 32, {"from": patient})

    with refused("NonceUsed", patient, 1, 2):
        people.rotateBySig(*withheld, {"from": relayer})
