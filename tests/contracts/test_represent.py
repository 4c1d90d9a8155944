"""Representing: somebody else speaks for a person, until a time."""

from conftest import DAY, FOREVER, event, refused


def test_a_representative_speaks_until_the_time_and_not_at_it(people, patient, representative, now):
    until = now() + DAY
    transaction = people.represent(patient, representative, until, {"from": patient})
    since = transaction.timestamp

    spoke = {
        time: people.speaksFor(patient, representative, time)
        for time in (since - 1, since, until - 1, until)
    }

    assert spoke == {since - 1: False, since: True, until - 1: True, until: False}
    assert event(transaction, "Represented") == {
        "person": patient,
        "representative": representative,
        "expiresAt": until,
    }


def test_the_person_keeps_speaking(people, patient, representative, now):
    people.represent(patient, representative, FOREVER, {"from": patient})

    assert people.speaksFor(patient, patient, now())


def test_a_time_that_is_not_ahead_ends_it_now_and_leaves_the_past(
    people, patient, representative, chain
):
    since = people.represent(patient, representative, FOREVER, {"from": patient}).timestamp
    chain.sleep(DAY)

    ended = people.represent(patient, representative, 0, {"from": patient}).timestamp

    assert all(people.speaksFor(patient, representative, time) for time in (since, ended - 1))
    assert not any(
        people.speaksFor(patient, representative, time) for time in (ended, ended + 1, FOREVER)
    )


def test_a_representation_can_be_prolonged_and_given_again(
    people, patient, representative, chain, now
):
    first = now() + DAY
    people.represent(patient, representative, first, {"from": patient})
    chain.sleep(2 * DAY)
    again = people.represent(patient, representative, FOREVER, {"from": patient}).timestamp

    assert people.speaksFor(patient, representative, first - 1)
    assert not people.speaksFor(patient, representative, first)
    assert not people.speaksFor(patient, representative, again - 1)
    assert people.speaksFor(patient, representative, again)


def test_who_came_and_went_in_one_second_never_represented(
    people, patient, representative, bundle, sign, now
):
    messages = [
        {
            "person": patient.address,
            "representative": representative.address,
            "expiresAt": expires_at,
            "nonce": nonce,
            "deadline": now() + DAY,
        }
        for nonce, expires_at in [(1, FOREVER), (2, 0)]
    ]

    time = bundle(
        *[
            (people.representBySig, tuple(m.values()), sign(patient, "Representation", m))
            for m in messages
        ]
    ).timestamp

    assert not any(
        people.speaksFor(patient, representative, t) for t in (time - 1, time, time + 1, FOREVER)
    )


def test_a_representative_survives_a_rotation(people, patient, representative, new_key, now):
    people.represent(patient, representative, FOREVER, {"from": patient})
    people.rotate(patient, new_key, {"from": patient})
    assert people.speaksFor(patient, representative, now())

    people.represent(patient, representative, 0, {"from": new_key})

    assert not people.speaksFor(patient, representative, now())


def test_a_representative_speaks_for_nobody_else(
    people, patient, other_patient, representative, now
):
    people.represent(patient, representative, FOREVER, {"from": patient})

    assert not people.speaksFor(other_patient, representative, now())
    assert not people.speaksFor(representative, patient, now())


def test_a_representative_can_neither_rotate_nor_pass_it_on(
    people, patient, representative, stranger
):
    people.represent(patient, representative, FOREVER, {"from": patient})

    with refused("NotAuthorized", representative, patient):
        people.rotate(patient, representative, {"from": representative})
    with refused("NotAuthorized", representative, patient):
        people.represent(patient, stranger, FOREVER, {"from": representative})
