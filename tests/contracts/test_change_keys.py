"""Changing keys: the hash of the identity keys document is the present key's to replace."""

from conftest import DAY, event
from eth_utils.crypto import keccak

KEYS = keccak(text="newer identity keys")


def test_the_present_key_replaces_the_document(people, patient):
    transaction = people.changeKeys(patient, KEYS, {"from": patient})

    assert people.keysHashOf(patient) == "0x" + KEYS.hex()
    assert event(transaction, "KeysChanged") == {"person": patient, "keysHash": KEYS}


def test_a_signed_change_comes_in_through_anyone(people, patient, relayer, sign, now):
    change = {"person": patient.address, "keysHash": KEYS, "nonce": 1, "deadline": now() + DAY}

    people.changeKeysBySig(
        tuple(change.values()), sign(patient, "KeysChange", change), {"from": relayer}
    )

    assert people.keysHashOf(patient) == "0x" + KEYS.hex()
    assert people.nonceOf(patient) == 2


def test_a_rotation_keeps_the_document_and_the_new_key_replaces_it(people, patient, new_key):
    before = people.keysHashOf(patient)
    people.rotate(patient, new_key, {"from": patient})
    assert people.keysHashOf(patient) == before

    people.changeKeys(patient, KEYS, {"from": new_key})

    assert people.keysHashOf(patient) == "0x" + KEYS.hex()
