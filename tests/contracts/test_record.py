"""Records: who wrote one, in which role, and when; judged from its signature and anchor alone."""

import pytest
from conftest import DAY, FOREVER, HOSPITAL, NOTHING, PHARMACY, PRACTITIONER
from eth_utils.crypto import keccak

NONE, NOT_ANCHORED, TOO_EARLY, TOO_LATE, NOT_SIGNED, NO_CREDENTIAL = range(6)


def test_a_credentialed_authors_record_is_authentic_in_that_role(
    records, patient, doctor, record, written
):
    shown = written(doctor, record(patient, doctor))

    assert records.refusal(*shown) == NONE
    assert tuple(records.isAuthentic(*shown)) == (True, PRACTITIONER)


def test_a_patients_own_record_is_authentic_in_no_role(records, patient, record, written):
    assert tuple(records.isAuthentic(*written(patient, record(patient, patient)))) == (True, 0)


def test_a_credentialed_patients_own_record_is_still_their_own(records, doctor, record, written):
    assert tuple(records.isAuthentic(*written(doctor, record(doctor, doctor)))) == (True, 0)


def test_an_author_without_a_credential_is_refused(
    records, patient, other_patient, record, written
):
    shown = written(other_patient, record(patient, other_patient))

    assert records.refusal(*shown) == NO_CREDENTIAL
    assert tuple(records.isAuthentic(*shown)) == (False, 0)


def test_a_record_that_is_not_anchored_is_refused(records, patient, doctor, record, sign):
    message = record(patient, doctor)
    digest = records.recordDigest(tuple(message.values()))

    assert (
        records.refusal(tuple(message.values()), sign(doctor, "Record", message), digest, [])
        == NOT_ANCHORED
    )


def test_a_proof_to_another_root_is_refused(records, patient, doctor, record, written):
    message, signature, root, proof = written(doctor, record(patient, doctor))

    assert records.refusal(message, signature, root, proof[:-1]) == NOT_ANCHORED


@pytest.mark.parametrize(
    ("issued_after_anchor", "expected"),
    [
        (300, NONE),
        (301, TOO_EARLY),
        (FOREVER, TOO_EARLY),
        (-7 * DAY, NONE),
        (-7 * DAY - 1, TOO_LATE),
    ],
)
def test_a_record_is_anchored_near_the_time_of_its_issue(
    records, patient, record, written, next_block_at, now, issued_after_anchor, expected
):
    anchored_at = now() + 10
    issued_at = min(anchored_at + issued_after_anchor, FOREVER)
    next_block_at(anchored_at)

    shown = written(patient, record(patient, patient, issuedAt=issued_at))

    assert records.anchoredAt(shown[2]) == anchored_at
    assert records.refusal(*shown) == expected


def test_the_limits_can_be_read(records):
    assert (records.MAX_EARLY(), records.MAX_LATE()) == (300, 7 * DAY)


def test_anothers_signature_is_refused(records, patient, doctor, stranger, record, written):
    assert records.refusal(*written(stranger, record(patient, doctor))) == NOT_SIGNED
    assert records.refusal(*written(patient, record(patient, doctor))) == NOT_SIGNED


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 65, b"\xff" * 65, b"\x01" * 66])
def test_what_is_no_signature_is_refused(records, patient, doctor, record, written, signature):
    message, _, root, proof = written(doctor, record(patient, doctor))

    assert records.refusal(message, signature, root, proof) == NOT_SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"category": "genetics"},
        {"contentRoot": keccak(text="other")},
        {"sealedHash": keccak(text="other")},
        {"supersedes": keccak(text="other")},
        {"salt": keccak(text="other")},
        {"issuedAt": 1},
    ],
)
def test_a_changed_field_is_another_record(records, patient, doctor, record, written, change):
    message = record(patient, doctor)
    _, signature, root, proof = written(doctor, message)

    assert (
        records.refusal(tuple((message | change).values()), signature, root, proof) == NOT_ANCHORED
    )


def test_a_record_signed_before_a_rotation_stays_authentic_and_none_after_it_is(
    records, people, patient, doctor, new_key, record, written, chain
):
    before = written(doctor, record(patient, doctor))
    chain.sleep(60)
    people.rotate(doctor, new_key, {"from": doctor})

    assert records.refusal(*before) == NONE
    assert records.refusal(*written(doctor, record(patient, doctor, salt=NOTHING))) == NOT_SIGNED
    assert records.refusal(*written(new_key, record(patient, doctor, salt=NOTHING))) == NONE


def test_an_authors_representative_signs_for_the_author(
    records, people, patient, doctor, representative, record, written
):
    people.represent(doctor, representative, FOREVER, {"from": doctor})

    assert tuple(records.isAuthentic(*written(representative, record(patient, doctor)))) == (
        True,
        PRACTITIONER,
    )


def test_a_credential_given_after_the_issue_does_not_reach_back(
    records, people, patient, other_patient, appointed, record, written, now, chain
):
    message = record(patient, other_patient)
    chain.sleep(60)
    people.credential(other_patient, PRACTITIONER, FOREVER, {"from": appointed})

    assert records.refusal(*written(other_patient, message)) == NO_CREDENTIAL


def test_a_credential_withdrawn_before_the_anchor_is_none(
    records, people, patient, doctor, appointed, record, written, chain
):
    message = record(patient, doctor)
    chain.sleep(60)
    people.withdrawCredential(doctor, PRACTITIONER, {"from": appointed})

    assert records.refusal(*written(doctor, message)) == NO_CREDENTIAL


def test_a_credential_withdrawn_after_the_anchor_changes_nothing(
    records, people, patient, doctor, appointed, record, written, chain
):
    shown = written(doctor, record(patient, doctor))
    chain.sleep(60)
    people.withdrawCredential(doctor, PRACTITIONER, {"from": appointed})

    assert tuple(records.isAuthentic(*shown)) == (True, PRACTITIONER)


def test_one_and_the_same_role_must_be_held_at_both_times(
    records, people, patient, doctor, appointed, record, written, chain
):
    message = record(patient, doctor)
    chain.sleep(60)
    people.withdrawCredential(doctor, PRACTITIONER, {"from": appointed})
    people.credential(doctor, HOSPITAL, FOREVER, {"from": appointed})

    assert records.refusal(*written(doctor, message)) == NO_CREDENTIAL


def test_the_first_role_held_at_both_times_is_told(
    records, people, governor, patient, doctor, appointed, record, written, chain
):
    people.appointRegistrar(appointed, PHARMACY, FOREVER, {"from": governor})
    people.credential(doctor, PHARMACY, FOREVER, {"from": appointed})
    message = record(patient, doctor)
    chain.sleep(60)
    people.credential(doctor, HOSPITAL, FOREVER, {"from": appointed})
    people.withdrawCredential(doctor, PRACTITIONER, {"from": appointed})

    assert tuple(records.isAuthentic(*written(doctor, message))) == (True, PHARMACY)


def test_a_dismissed_registrars_credentials_open_no_new_records_and_keep_the_old(
    records, people, patient, doctor, appointed, governor, record, written, chain
):
    before = written(doctor, record(patient, doctor))
    chain.sleep(60)
    people.dismissRegistrar(appointed, PRACTITIONER, {"from": governor})

    assert records.refusal(*before) == NONE
    assert records.refusal(*written(doctor, record(patient, doctor, salt=NOTHING))) == NO_CREDENTIAL


def test_records_are_signed_by_plain_keys(records, patient, wallet, record, written):
    shown = written(wallet.owner, record(wallet.address, wallet.address))

    assert records.refusal(*shown) == NOT_SIGNED
