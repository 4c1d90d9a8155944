"""Credentials: given by registrars of the role, never backdated, and only as good as their registrar."""

import pytest
from conftest import DAY, FOREVER, HOSPITAL, PHARMACY, PRACTITIONER, event, refused


@pytest.fixture(scope="module")
def second_registrar(people, governor, account):
    second = account("second registrar")
    people.appointRegistrar(second, PRACTITIONER, FOREVER, {"from": governor})
    return second


def test_a_credential_runs_from_now_to_its_last_second(people, patient, appointed, now):
    not_after = now() + DAY
    transaction = people.credential(patient, PRACTITIONER, not_after, {"from": appointed})
    since = transaction.timestamp

    held = {
        time: people.holdsCredential(patient, PRACTITIONER, time)
        for time in (0, since - 1, since, not_after, not_after + 1)
    }

    assert held == {0: False, since - 1: False, since: True, not_after: True, not_after + 1: False}
    assert event(transaction, "Credentialed") == {
        "person": patient,
        "role": PRACTITIONER,
        "registrar": appointed,
        "notAfter": not_after,
    }


def test_a_credential_is_for_one_role(people, patient, appointed, now):
    people.credential(patient, HOSPITAL, FOREVER, {"from": appointed})

    assert [people.holdsCredential(patient, role, now()) for role in range(7)] == [
        role == HOSPITAL for role in range(7)
    ]
    assert people.credentialRole(patient, now()) == HOSPITAL
    assert people.rolesOf(patient, now()) == 1 << HOSPITAL


def test_the_first_of_several_roles_is_told(people, patient, appointed, now):
    people.credential(patient, HOSPITAL, FOREVER, {"from": appointed})
    people.credential(patient, PRACTITIONER, FOREVER, {"from": appointed})

    assert people.credentialRole(patient, now()) == PRACTITIONER
    assert people.rolesOf(patient, now()) == 1 << HOSPITAL | 1 << PRACTITIONER


def test_who_was_never_credentialed_holds_no_role(people, patient, now):
    assert people.credentialRole(patient, now()) == 0
    assert people.rolesOf(patient, now()) == 0


def test_a_withdrawal_counts_from_now_and_leaves_the_past(people, doctor, appointed, chain, now):
    given = now()
    chain.sleep(DAY)

    transaction = people.withdrawCredential(doctor, PRACTITIONER, {"from": appointed})

    assert people.holdsCredential(doctor, PRACTITIONER, given)
    assert people.holdsCredential(doctor, PRACTITIONER, transaction.timestamp - 1)
    assert not people.holdsCredential(doctor, PRACTITIONER, transaction.timestamp)
    assert event(transaction, "CredentialWithdrawn") == {
        "person": doctor,
        "role": PRACTITIONER,
        "registrar": appointed,
    }


def test_the_latest_word_of_any_registrar_of_the_role_stands(people, doctor, second_registrar, now):
    people.withdrawCredential(doctor, PRACTITIONER, {"from": second_registrar})
    assert not people.holdsCredential(doctor, PRACTITIONER, now())

    people.credential(doctor, PRACTITIONER, FOREVER, {"from": second_registrar})

    assert people.holdsCredential(doctor, PRACTITIONER, now())


def test_a_dismissal_ends_what_rests_on_it_and_leaves_the_past(
    people, doctor, appointed, governor, now, chain
):
    given = now()
    chain.sleep(DAY)

    transaction = people.dismissRegistrar(appointed, PRACTITIONER, {"from": governor})

    assert people.holdsCredential(doctor, PRACTITIONER, given)
    assert people.holdsCredential(doctor, PRACTITIONER, transaction.timestamp - 1)
    assert not people.holdsCredential(doctor, PRACTITIONER, transaction.timestamp)
    assert people.isRegistrar(appointed, HOSPITAL, transaction.timestamp)
    assert event(transaction, "RegistrarDismissed") == {
        "registrar": appointed,
        "role": PRACTITIONER,
    }
    with refused("NotRegistrar", appointed, PRACTITIONER):
        people.credential(doctor, PRACTITIONER, FOREVER, {"from": appointed})


def test_another_registrar_takes_over_what_a_dismissed_one_gave(
    people, doctor, appointed, second_registrar, governor, now
):
    people.dismissRegistrar(appointed, PRACTITIONER, {"from": governor})

    people.credential(doctor, PRACTITIONER, FOREVER, {"from": second_registrar})

    assert people.holdsCredential(doctor, PRACTITIONER, now())


def test_a_registrar_who_is_appointed_again_leaves_the_gap(
    people, doctor, appointed, governor, chain
):
    chain.sleep(DAY)
    gone = people.dismissRegistrar(appointed, PRACTITIONER, {"from": governor}).timestamp
    chain.sleep(DAY)
    back = people.appointRegistrar(appointed, PRACTITIONER, FOREVER, {"from": governor}).timestamp

    held = [
        people.holdsCredential(doctor, PRACTITIONER, time)
        for time in (gone - 1, gone, back - 1, back)
    ]

    assert held == [True, False, False, True]


def test_an_authority_ends_at_its_time_and_the_credentials_with_it(
    people, patient, governor, registrar, now, chain
):
    until = now() + DAY
    transaction = people.appointRegistrar(registrar, PHARMACY, until, {"from": governor})
    people.credential(patient, PHARMACY, FOREVER, {"from": registrar})
    chain.sleep(DAY)
    chain.mine()

    assert people.holdsCredential(patient, PHARMACY, until - 1)
    assert not people.holdsCredential(patient, PHARMACY, until)
    assert people.isRegistrar(registrar, PHARMACY, until - 1)
    assert not people.isRegistrar(registrar, PHARMACY, until)
    assert event(transaction, "RegistrarAppointed") == {
        "registrar": registrar,
        "role": PHARMACY,
        "until": until,
    }
    with refused("NotRegistrar", registrar, PHARMACY):
        people.credential(patient, PHARMACY, FOREVER, {"from": registrar})


def test_a_registrar_of_another_role_can_neither_give_nor_withdraw(people, doctor, appointed):
    with refused("NotRegistrar", appointed, PHARMACY):
        people.credential(doctor, PHARMACY, FOREVER, {"from": appointed})
    with refused("NotRegistrar", appointed, PHARMACY):
        people.withdrawCredential(doctor, PHARMACY, {"from": appointed})


def test_nothing_begins_after_its_end(people, doctor, appointed, governor, now):
    past = now() - 1

    with refused("AlreadyPast", past):
        people.credential(doctor, PRACTITIONER, past, {"from": appointed})
    with refused("AlreadyPast", past):
        people.appointRegistrar(appointed, PRACTITIONER, past, {"from": governor})


def test_no_role_is_no_role(people, doctor, appointed, governor, now):
    with refused("ZeroRole"):
        people.credential(doctor, 0, FOREVER, {"from": appointed})
    with refused("ZeroRole"):
        people.withdrawCredential(doctor, 0, {"from": appointed})
    with refused("ZeroRole"):
        people.appointRegistrar(appointed, 0, FOREVER, {"from": governor})
    with refused("ZeroRole"):
        people.dismissRegistrar(appointed, 0, {"from": governor})


def test_only_who_has_enrolled_is_credentialed(people, stranger, appointed):
    with refused("NotEnrolled", stranger):
        people.credential(stranger, PRACTITIONER, FOREVER, {"from": appointed})


def test_a_credential_that_came_and_went_in_one_second_never_was(
    people, patient, TestWallet, relayer, governor, bundle, now
):
    office = relayer.deploy(TestWallet, relayer, 1)
    people.appointRegistrar(office, PRACTITIONER, FOREVER, {"from": governor})
    given = people.credential.encode_input(patient, PRACTITIONER, FOREVER)
    withdrawn = people.withdrawCredential.encode_input(patient, PRACTITIONER)

    time = bundle((office.execute, people, given), (office.execute, people, withdrawn)).timestamp

    assert not any(
        people.holdsCredential(patient, PRACTITIONER, t) for t in (time - 1, time, time + 1)
    )


def test_a_time_beyond_any_clock_is_answered(people, doctor):
    assert not people.holdsCredential(doctor, PRACTITIONER, FOREVER)
    assert people.holdsCredential(doctor, PRACTITIONER, 2**48 - 1)
