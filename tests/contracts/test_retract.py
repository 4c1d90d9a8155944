"""Retracting: a person takes a record back in their own name, once and for good."""

from conftest import FOREVER, event, refused
from eth_utils.crypto import keccak

RECORD = keccak(text="record")


def test_a_person_takes_a_record_back(records, patient):
    transaction = records.retract(patient, RECORD, {"from": patient})

    assert records.retractedAt(patient, RECORD) == transaction.timestamp
    assert event(transaction, "Retracted") == {"person": patient, "record": RECORD}


def test_a_retraction_speaks_for_nobody_else(records, patient, doctor):
    records.retract(doctor, RECORD, {"from": doctor})

    assert records.retractedAt(patient, RECORD) == 0


def test_retracting_again_changes_nothing(records, patient, relayer, sign, chain):
    first = records.retract(patient, RECORD, {"from": patient}).timestamp
    chain.sleep(100)
    retraction = {"person": patient.address, "record": RECORD}

    again = records.retractBySig(
        tuple(retraction.values()), sign(patient, "Retraction", retraction), {"from": relayer}
    )

    assert records.retractedAt(patient, RECORD) == first
    assert not again.events


def test_a_retraction_rewrites_nothing(records, patient, doctor, record, written):
    shown = written(doctor, record(patient, doctor))
    records.retract(doctor, records.recordDigest(shown[0]), {"from": doctor})

    assert records.isAuthentic(*shown)[0]


def test_the_present_key_and_a_representative_retract(
    records, people, patient, new_key, representative, relayer, sign
):
    people.rotate(patient, new_key, {"from": patient})
    people.represent(patient, representative, FOREVER, {"from": new_key})
    retraction = {"person": patient.address, "record": RECORD}

    records.retractBySig(
        tuple(retraction.values()),
        sign(representative, "Retraction", retraction),
        {"from": relayer},
    )
    records.retract(patient, keccak(text="another"), {"from": new_key})

    assert records.retractedAt(patient, RECORD) > 0
    assert records.retractedAt(patient, keccak(text="another")) > 0


def test_a_key_that_was_rotated_away_retracts_nothing(records, people, patient, new_key):
    people.rotate(patient, new_key, {"from": patient})

    with refused("NotAuthorized", patient, patient):
        records.retract(patient, RECORD, {"from": patient})


def test_a_contract_account_retracts_by_what_it_accepts(records, wallet, relayer, sign):
    retraction = {"person": wallet.address, "record": RECORD}

    records.retractBySig(
        tuple(retraction.values()), sign(wallet.owner, "Retraction", retraction), {"from": relayer}
    )

    assert records.retractedAt(wallet.address, RECORD) > 0
