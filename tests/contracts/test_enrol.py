"""Enrolling: an address becomes a person, once, by its own word."""

from conftest import DAY, NOTHING, ZERO, event, refused
from eth_utils.crypto import keccak

KEYS = keccak(text="identity keys")


def test_a_person_enrols_itself_and_speaks_from_then_on(people, stranger, recovery):
    transaction = people.enrol(KEYS, recovery, {"from": stranger})

    assert people.isEnrolled(stranger)
    assert people.keyOf(stranger) == stranger
    assert people.keySince(stranger) == transaction.timestamp
    assert people.keysHashOf(stranger) == "0x" + KEYS.hex()
    assert people.recoveryOf(stranger) == recovery
    assert people.nonceOf(stranger) == 1
    assert people.speaksFor(stranger, stranger, transaction.timestamp)
    assert not people.speaksFor(stranger, stranger, transaction.timestamp - 1)
    assert event(transaction, "Enrolled") == {
        "person": stranger,
        "keysHash": KEYS,
        "recovery": recovery,
    }


def test_a_signed_enrolment_comes_in_through_anyone(people, stranger, relayer, recovery, sign, now):
    enrolment = {
        "person": stranger.address,
        "keysHash": KEYS,
        "recovery": recovery.address,
        "nonce": 0,
        "deadline": now() + DAY,
    }

    transaction = people.enrolBySig(
        tuple(enrolment.values()), sign(stranger, "Enrolment", enrolment), {"from": relayer}
    )

    assert people.keyOf(stranger) == stranger
    assert people.keysHashOf(stranger) == "0x" + KEYS.hex()
    assert not people.isEnrolled(relayer)
    assert event(transaction, "Enrolled") == {
        "person": stranger,
        "keysHash": KEYS,
        "recovery": recovery,
    }


def test_nobody_enrols_twice(people, patient):
    with refused("AlreadyEnrolled", patient):
        people.enrol(NOTHING, ZERO, {"from": patient})


def test_an_enrolment_cannot_undo_a_rotation(people, patient, new_key):
    people.rotate(patient, new_key, {"from": patient})

    with refused("AlreadyEnrolled", patient):
        people.enrol(NOTHING, ZERO, {"from": patient})


def test_the_nonce_of_an_enrolment_serves_once(people, patient, relayer, sign, now):
    enrolment = {
        "person": patient.address,
        "keysHash": KEYS,
        "recovery": ZERO,
        "nonce": 0,
        "deadline": now() + DAY,
    }

    with refused("NonceUsed", patient, 0, 1):
        people.enrolBySig(
            tuple(enrolment.values()), sign(patient, "Enrolment", enrolment), {"from": relayer}
        )


def test_who_is_not_enrolled_has_no_voice(people, stranger, now):
    assert not people.isEnrolled(stranger)
    assert people.keyOf(stranger) == ZERO
    assert not people.speaksFor(stranger, stranger, now())


def test_the_zero_address_speaks_for_nobody(people, patient, stranger, now):
    assert not people.speaksFor(patient, ZERO, now())
    assert not people.speaksFor(stranger, ZERO, now())
    assert not people.speaksFor(ZERO, ZERO, now())


def test_a_contract_account_enrols_with_a_signature_that_it_accepts(
    people, TestWallet, account, relayer, sign, now
):
    owner = account("owner of a wallet")
    contract = relayer.deploy(TestWallet, owner, 0)
    enrolment = {
        "person": contract.address,
        "keysHash": KEYS,
        "recovery": ZERO,
        "nonce": 0,
        "deadline": now() + DAY,
    }

    people.enrolBySig(
        tuple(enrolment.values()), sign(owner, "Enrolment", enrolment), {"from": relayer}
    )

    assert people.keyOf(contract) == contract.address
