"""Revoking: a patient takes grants back, for good, before or after they are anchored."""

import pytest
from conftest import FOREVER, event, nonce, refused

WORD, BIT = nonce() >> 8, 1 << 7
REVOKED = 6


def test_a_patient_revokes_a_bit_of_a_word(consent, patient):
    transaction = consent.revoke(WORD, BIT, {"from": patient})

    assert consent.revokedBits(patient, WORD) == BIT
    assert event(transaction, "Revoked") == {"patient": patient, "word": WORD, "mask": BIT}


def test_a_revoked_bit_never_comes_back(consent, patient):
    consent.revoke(WORD, BIT, {"from": patient})

    consent.revoke(WORD, 1 << 8, {"from": patient})
    consent.revoke(WORD, BIT, {"from": patient})
    consent.revoke(WORD, 0, {"from": patient})

    assert consent.revokedBits(patient, WORD) == BIT | 1 << 8


def test_a_revocation_may_come_before_the_grant_is_anchored(consent, patient, viewer, grant, shown):
    consent.revoke(WORD, BIT, {"from": patient})

    assert consent.refusal(*shown(patient, grant(patient, viewer))) == REVOKED


def test_a_revocation_touches_no_other_patient_and_no_other_word(consent, patient, other_patient):
    consent.revoke(WORD, BIT, {"from": patient})

    assert consent.revokedBits(other_patient, WORD) == 0
    assert consent.revokedBits(patient, WORD + 1) == 0


def test_the_new_key_and_a_representative_revoke_in_the_patients_name(
    consent, people, patient, new_key, representative
):
    people.represent(patient, representative, FOREVER, {"from": patient})
    people.rotate(patient, new_key, {"from": patient})

    consent.revokeFor(patient, WORD, BIT, {"from": new_key})
    transaction = consent.revokeFor(patient, WORD, 1, {"from": representative})

    assert consent.revokedBits(patient, WORD) == BIT | 1
    assert event(transaction, "Revoked") == {"patient": patient, "word": WORD, "mask": 1}


def test_a_key_that_was_rotated_away_revokes_in_nobodys_name(consent, people, patient, new_key):
    people.rotate(patient, new_key, {"from": patient})

    with refused("NotAuthorized", patient, patient):
        consent.revokeFor(patient, WORD, BIT, {"from": patient})


def test_a_new_key_that_calls_the_short_form_writes_under_its_own_address(
    consent, people, patient, new_key
):
    """The documented edge of `revoke`: it asks nobody."""
    people.rotate(patient, new_key, {"from": patient})

    consent.revoke(WORD, BIT, {"from": new_key})

    assert consent.revokedBits(patient, WORD) == 0


@pytest.mark.parametrize("mask", [2**256 - 1, 0])
def test_a_whole_word_can_be_revoked_at_once(consent, patient, mask):
    consent.revoke(WORD, mask, {"from": patient})

    assert consent.revokedBits(patient, WORD) == mask
