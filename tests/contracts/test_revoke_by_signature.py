"""Revoking by signature: anyone brings revocations in, in batches that no bad entry can spoil."""

import pytest
import typed_data
from conftest import FOREVER, ZERO, nonce, refused

WORD = nonce() >> 8


@pytest.fixture
def revocation(sign):
    """An entry of a batch: (values, signature)."""

    def make(patient, signer=None, word=WORD, mask=1, **domain):
        message = {"patient": str(patient), "word": word, "mask": mask}
        return tuple(message.values()), sign(signer or patient, "Revocation", message, **domain)

    return make


@pytest.fixture
def bring(consent, relayer):
    def run(*entries):
        revocations, signatures = zip(*entries, strict=True) if entries else ((), ())
        return consent.revokeBySig(list(revocations), list(signatures), {"from": relayer})

    return run


def revoked(transaction):
    return [
        (entry["patient"], entry["word"], entry["mask"]) for entry in transaction.events["Revoked"]
    ]


def test_revocations_of_several_patients_go_in_together(
    consent, patient, other_patient, revocation, bring
):
    transaction = bring(revocation(patient), revocation(other_patient, mask=6))

    assert consent.revokedBits(patient, WORD) == 1
    assert consent.revokedBits(other_patient, WORD) == 6
    assert revoked(transaction) == [(patient, WORD, 1), (other_patient, WORD, 6)]


def test_a_bad_entry_is_passed_over_and_the_others_hold(
    consent, patient, other_patient, stranger, revocation, bring
):
    values, signature = revocation(patient)
    bad = [
        revocation(patient, signer=stranger, mask=2),
        revocation(stranger, mask=2),
        revocation(patient, mask=2, chainId=999),
        revocation(patient, mask=2, version="2"),
        revocation(patient, mask=2, verifyingContract=ZERO),
        ((patient.address, WORD, 2), signature),
        ((patient.address, WORD + 1, 1), signature),
        ((other_patient.address, WORD, 1), signature),
        ((*values[:2], 2), typed_data.with_high_s(revocation(patient, mask=2)[1])),
        ((*values[:2], 2), typed_data.compact(revocation(patient, mask=2)[1])),
        *[
            ((patient.address, WORD, 2), junk)
            for junk in (b"", b"\0" * 65, b"\xff" * 65, b"\1" * 1000)
        ],
        ((ZERO, WORD, 2), b"\0" * 65),
    ]

    transaction = bring(*bad, (values, signature), *bad, revocation(other_patient, mask=4))

    assert revoked(transaction) == [(patient, WORD, 1), (other_patient, WORD, 4)]
    assert consent.revokedBits(patient, WORD) == 1
    assert consent.revokedBits(stranger, WORD) == 0


def test_bringing_one_in_again_changes_nothing(consent, patient, revocation, bring):
    entry = revocation(patient)
    bring(entry)

    again = bring(entry, entry)

    assert not again.events
    assert consent.revokedBits(patient, WORD) == 1


def test_an_entry_that_adds_a_bit_counts(consent, patient, revocation, bring):
    bring(revocation(patient, mask=1))

    transaction = bring(revocation(patient, mask=3))

    assert revoked(transaction) == [(patient, WORD, 3)]


def test_an_empty_batch_is_nothing(bring):
    assert not bring().events


def test_every_revocation_needs_its_signature(consent, patient, revocation, relayer):
    values, signature = revocation(patient)

    with refused("LengthsDiffer", 1, 2):
        consent.revokeBySig([values], [signature, signature], {"from": relayer})
    with refused("LengthsDiffer", 2, 1):
        consent.revokeBySig([values, values], [signature], {"from": relayer})


def test_the_present_key_and_a_representative_sign_and_the_old_key_no_longer(
    consent, people, patient, new_key, representative, revocation, bring
):
    people.represent(patient, representative, FOREVER, {"from": patient})
    people.rotate(patient, new_key, {"from": patient})

    bring(
        revocation(patient, signer=patient, mask=1),
        revocation(patient, signer=new_key, mask=2),
        revocation(patient, signer=representative, mask=4),
    )

    assert consent.revokedBits(patient, WORD) == 6


def test_contract_accounts_are_not_asked_lest_they_spoil_the_batch(
    consent, wallet, patient, revocation, bring
):
    bring(revocation(wallet.address, signer=wallet.owner), revocation(patient))

    assert consent.revokedBits(wallet.address, WORD) == 0
    assert consent.revokedBits(patient, WORD) == 1
