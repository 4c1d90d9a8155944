"""Revoking all: a fresh tag, after which no grant signed before can ever hold again."""

import pytest
from conftest import FOREVER, NOTHING, event, nonce, refused

NONE, TAG_REPLACED = 0, 5
TAG, NEXT_TAG = 0xFEED_F00D_1234_5678, 0x1234


@pytest.fixture
def sign_all(sign):
    def make(signer, patient, tag, new_tag):
        message = {"patient": str(patient), "tag": tag, "newTag": new_tag}
        return tuple(message.values()), sign(signer, "RevocationOfAll", message)

    return make


def test_all_grants_signed_before_are_closed_and_new_ones_open(
    consent, patient, viewer, grant, shown
):
    before = shown(patient, grant(patient, viewer))

    transaction = consent.revokeAll(patient, TAG, {"from": patient})

    assert consent.refusal(*before) == TAG_REPLACED
    assert consent.refusal(*shown(patient, grant(patient, viewer, nonce=nonce(tag=TAG)))) == NONE
    assert consent.tagOf(patient) == TAG
    assert event(transaction, "AllRevoked") == {"patient": patient, "tag": 0, "newTag": TAG}


def test_a_grant_kept_back_and_anchored_later_is_closed_too(
    consent, patient, viewer, grant, sign, anchored, digest_of
):
    message = grant(patient, viewer, expiresAt=FOREVER)
    signature = sign(patient, "Grant", message)
    consent.revokeAll(patient, TAG, {"from": patient})

    presented = tuple(message.values()), signature, *anchored(consent, digest_of("Grant", message))

    assert consent.refusal(*presented) == TAG_REPLACED


def test_other_patients_keep_their_grants(consent, patient, other_patient, viewer, grant, shown):
    consent.revokeAll(patient, TAG, {"from": patient})

    assert consent.tagOf(other_patient) == 0
    assert consent.refusal(*shown(other_patient, grant(other_patient, viewer))) == NONE


def test_a_signed_one_comes_in_through_anyone(consent, patient, relayer, sign_all):
    transaction = consent.revokeAllBySig(*sign_all(patient, patient, 0, TAG), {"from": relayer})

    assert consent.tagOf(patient) == TAG
    assert event(transaction, "AllRevoked") == {"patient": patient, "tag": 0, "newTag": TAG}


def test_no_tag_is_ever_used_again(consent, patient, relayer, sign_all):
    consent.revokeAll(patient, TAG, {"from": patient})
    consent.revokeAll(patient, NEXT_TAG, {"from": patient})

    for spent in (0, TAG, NEXT_TAG):
        assert consent.isTagSpent(patient, spent)
        with refused("TagSpent", patient, spent):
            consent.revokeAll(patient, spent, {"from": patient})
        with refused("TagSpent", patient, spent):
            consent.revokeAllBySig(*sign_all(patient, patient, NEXT_TAG, spent), {"from": relayer})


def test_a_tag_that_one_patient_spent_is_fresh_for_another(consent, patient, other_patient):
    consent.revokeAll(patient, TAG, {"from": patient})

    assert not consent.isTagSpent(other_patient, TAG)
    consent.revokeAll(other_patient, TAG, {"from": other_patient})


def test_a_signed_one_names_the_tag_that_it_replaces(consent, patient, relayer, sign_all):
    withheld = sign_all(patient, patient, 0, NEXT_TAG)
    consent.revokeAll(patient, TAG, {"from": patient})

    with refused("TagNotCurrent", patient, 0, TAG):
        consent.revokeAllBySig(*withheld, {"from": relayer})


def test_it_cannot_be_replayed(consent, patient, relayer, sign_all):
    signed = sign_all(patient, patient, 0, TAG)
    consent.revokeAllBySig(*signed, {"from": relayer})

    with refused("TagNotCurrent", patient, 0, TAG):
        consent.revokeAllBySig(*signed, {"from": relayer})


def test_a_thief_who_was_rotated_away_is_out_for_good(
    consent, people, patient, new_key, viewer, grant, shown, relayer, sign_all, chain
):
    stolen = shown(patient, grant(patient, viewer, expiresAt=FOREVER))
    chain.sleep(60)
    people.rotate(patient, new_key, {"from": patient})
    consent.revokeAllBySig(*sign_all(new_key, patient, 0, TAG), {"from": relayer})
    later = grant(patient, viewer, nonce=nonce(tag=TAG), salt=NOTHING)

    assert consent.refusal(*stolen) == TAG_REPLACED
    assert consent.refusal(*shown(patient, later)) == 7
    with refused("NotSignedBy", patient, patient):
        consent.revokeAllBySig(*sign_all(patient, patient, TAG, NEXT_TAG), {"from": relayer})


def test_a_representative_revokes_all(consent, people, patient, representative):
    people.represent(patient, representative, FOREVER, {"from": patient})

    consent.revokeAll(patient, TAG, {"from": representative})

    assert consent.tagOf(patient) == TAG


def test_a_revoked_nonce_stays_revoked_under_its_tag(consent, patient):
    consent.revoke(nonce() >> 8, 1, {"from": patient})
    consent.revokeAll(patient, TAG, {"from": patient})

    assert consent.revokedBits(patient, nonce() >> 8) == 1
    assert consent.revokedBits(patient, nonce(tag=TAG) >> 8) == 0
