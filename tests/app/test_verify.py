"""An auditor's check of any statement file: what holds, what does not, and why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.client.person import Person
from app.core.encoding import ZERO32
from app.core.signatures import Signed, signed_json
from app.core.statements import Access, Grant, Introduction, Membership, Revocation
from tests.app.verifying import (
    Document,
    Verify,
    doctor,
    file_of,
    good,
    grant,
    patient,
    place,
    record,
    stranger,
    verify,
)
from tests.chain_fixtures import NOTE, Place

__all__ = ["doctor", "good", "grant", "patient", "place", "record", "stranger", "verify"]

HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def test_a_good_record_is_authentic(verify: Verify, record: Document) -> None:
    code, said = verify(record)
    assert code == 0
    assert "authentic, written by a credentialed practitioner" in said
    assert said.count("✓") == 4


def test_a_patients_own_record_says_so(verify: Verify, place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="laboratory")
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "written by the patient" in said) == (0, True)


def test_a_strangers_record_is_not_authentic(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    file = stranger.write(NOTE, category="laboratory", patient=patient.address)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "credential" in said) == (1, True)


def test_a_retracted_record_says_by_whom(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = doctor.write(NOTE, category="laboratory", patient=patient.address)
    place.settle()
    doctor.retract(file)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "retracted by its author" in said) == (0, True)


def test_a_good_grant_is_viewable(verify: Verify, grant: Document) -> None:
    code, said = verify(grant)
    assert code == 0
    assert "viewable until" in said


def test_what_a_viewer_asks_is_signed_by_the_viewer(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    asked = doctor.ask(patient.address, category="laboratory", reason="Before the visit")
    code, said = verify(file_of(place, asked))
    assert (code, f"spoke for {doctor.address}" in said) == (0, True)
    code, said = verify(file_of(place, patient.sign(asked.statement)))
    assert (code, "✗ Verdict" in said) == (1, True)


def test_an_introduction_is_signed_by_its_registrar(
    verify: Verify, place: Place, doctor: Person, stranger: Person
) -> None:
    introduction = Introduction(
        registrar=stranger.address, person=doctor.address, name="Dr. Ada Example",
        issued_at=place.clock(), salt=ZERO32,
    )  # fmt: skip
    code, said = verify(file_of(place, stranger.sign(introduction)))
    assert (code, f"spoke for {stranger.address}" in said) == (0, True)
    code, said = verify(file_of(place, doctor.sign(introduction)))
    assert (code, "✗ Verdict" in said) == (1, True)


def test_a_revoked_grant_fails_with_the_reason(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.grant(doctor.address, category="laboratory")
    place.settle()
    patient.revoke(file)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert code == 1
    assert "✗ Verdict: The patient has taken this permission back." in said


def test_a_grant_after_everything_was_taken_back_fails_with_the_reason(
    verify: Verify, place: Place, doctor: Person
) -> None:
    patient = place.enrol(patient=True)
    file = patient.grant(doctor.address, category="laboratory")
    place.settle()
    patient.revoke_all()
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "taken all earlier permissions back" in said) == (1, True)


def test_an_expired_grant_fails_with_the_reason(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.grant(doctor.address, category="laboratory", seconds=-1)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "ended at" in said) == (1, True)


FIELDS = {
    "viewer": "0x" + "12" * 20,
    "category": "medications",
    "record": "0x" + "11" * 32,
    "purpose": "HRESCH",
    "rights": 3,
    "notBefore": 5,
    "expiresAt": 2**40,
    "nonce": "77",
    "salt": "0x" + "22" * 32,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_tampered_field_fails(verify: Verify, grant: Document, field: str) -> None:
    grant["typedData"]["message"][field] = FIELDS[field]
    code, said = verify(grant)
    assert code == 1
    assert "✗ Anchor: The proof does not lead" in said


def test_a_tampered_grant_with_its_own_anchor_is_not_signed_by_the_patient(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    true = patient.grant(stranger.address, category="laboratory")
    forged = Grant.from_message(true.statement.message() | {"rights": 3})
    digest = place.chain.domains.digest(forged)
    place.chain.anchor("ConsentRegistry", digest, ZERO32)
    signed = Signed(statement=forged, signature=true.signed.signature)
    document = signed_json(signed, place.chain.domains) | {"root": "0x" + digest.hex(), "proof": []}
    code, said = verify(document)
    assert code == 1
    assert "✗ Verdict: The statement was not signed by" in said


def test_a_malleable_signature_fails(verify: Verify, grant: Document) -> None:
    raw = bytes.fromhex(grant["signature"][2:])
    high = HALF_ORDER - int.from_bytes(raw[32:64], "big")
    twin = raw[:32] + high.to_bytes(32, "big") + bytes([55 - raw[64]])
    code, said = verify(grant | {"signature": "0x" + twin.hex()})
    assert code == 1
    assert "✗ Signature: The signature has a high s value" in said
    assert "✗ Verdict" in said


def test_a_record_without_its_proof_is_not_anchored(verify: Verify, record: Document) -> None:
    del record["root"], record["proof"]
    code, said = verify(record)
    assert (code, "✗ Anchor: The statement is not anchored" in said) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(proof=d["proof"][:-1]),
        lambda d: d.update(proof=[*d["proof"], "0x" + "00" * 32]),
        lambda d: d.update(root="0x" + "44" * 32),
    ],
    ids=["shorter", "longer", "other root"],
)
def test_a_wrong_proof_fails(
    verify: Verify, record: Document, change: Callable[[Document], None]
) -> None:
    change(record)
    code, said = verify(record)
    assert (code, "✗ Anchor: The proof does not lead" in said) == (1, True)


def test_a_root_that_nobody_anchored_fails(verify: Verify, place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="laboratory")
    root = "0x" + file.digest.hex()
    code, said = verify(signed_json(file.signed, place.chain.domains) | {"root": root, "proof": []})
    assert (code, "not anchored" in said) == (1, True)


# --- statements that are only signed ---


def test_a_membership_is_checked_for_its_signer(
    verify: Verify, place: Place, doctor: Person, stranger: Person
) -> None:
    statement = Membership(
        organization=doctor.address,
        member=stranger.address,
        not_before=0,
        expires_at=2**40,
        salt=b"s" * 32,
    )
    assert verify(signed_json(doctor.sign(statement), place.chain.domains))[0] == 0
    code, said = verify(signed_json(stranger.sign(statement), place.chain.domains))
    assert (code, "not signed by someone who speaks" in said) == (1, True)


def test_a_revocation_is_checked_for_its_signer(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    statement = Revocation(patient=patient.address, word=5, mask=1)
    assert verify(signed_json(patient.sign(statement), place.chain.domains))[0] in (0, 1)
    assert verify(signed_json(stranger.sign(statement), place.chain.domains))[0] == 1


def test_an_opening_is_verified(verify: Verify, place: Place, doctor: Person) -> None:
    patient = place.enrol(patient=True)
    file = patient.write(NOTE, category="laboratory")
    patient.grant(doctor.address, category="laboratory")
    place.settle()
    held = doctor.grants_held(patient.address)[0]
    doctor.open(file, held)
    place.settle()
    (opening,) = patient.openings()
    assert isinstance(opening.statement, Access)
    code, said = verify(file_of(place, opening.signed))
    assert (code, doctor.address in said) == (0, True)
