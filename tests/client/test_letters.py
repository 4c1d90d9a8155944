"""Letters from others are believed only after their signer is checked; bad ones hide nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core import envelopes
from app.core.audit import access_letter, records_root
from app.core.encoding import ZERO32
from app.core.envelopes import seal_envelope
from app.core.errors import ChartkeyError, ForeignSignature, SessionInvalid
from app.core.keys import PrivateKey
from app.core.signatures import Signed
from app.core.statements import ADD, VIEW, Access, Grant
from tests.chain_fixtures import DAY, NOTE, Place

Send = Callable[..., None]


@pytest.fixture
def send(place: Place, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Delivers any JSON to a person, as a stranger who keeps to no rules can."""

    def deliver(person: Person, contents: Any) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(
                envelopes, "canonical_json", lambda document: json.dumps(document).encode()
            )
            envelope = seal_envelope(contents, [person.vault.identity.public], os.urandom)
        place.node.deliver(person.address, os.urandom(32), envelope)

    return deliver


@pytest.fixture
def mine(place: Place, patient: Person) -> RecordFile:
    """A record in the patient's chart."""
    file = patient.write(NOTE, category="conditions")
    place.settle()
    return file


def forged_grant(place: Place, patient: Person, viewer: Person, signer: Person) -> GrantFile:
    statement = Grant(
        patient=patient.address,
        viewer=viewer.address,
        category="conditions",
        record=ZERO32,
        purpose="TREAT",
        rights=ADD | VIEW,
        not_before=0,
        expires_at=place.time() + DAY,
        nonce=5,
        salt=os.urandom(32),
    )
    return GrantFile(
        digest=place.chain.domains.digest(statement),
        signed=signer.sign(statement),
        keys=(PrivateKey(bytes(32)),),
    )


def test_a_grant_that_the_patient_did_not_sign_welcomes_nothing(
    place: Place, patient: Person, stranger: Person, send: Send
) -> None:
    send(patient, forged_grant(place, patient, stranger, stranger).letter(place.chain.domains))
    file = stranger.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    assert patient.grants_given() == []
    assert (patient.chart(), patient.addressed()) == ([], [file])


def test_a_grant_that_the_patient_did_not_sign_is_handed_no_keys(
    place: Place, patient: Person, doctor: Person, stranger: Person, send: Send
) -> None:
    send(patient, forged_grant(place, patient, stranger, stranger).letter(place.chain.domains))
    true = patient.grant(doctor.address, category="laboratory")
    place.settle()
    patient.revoke(true)
    place.settle()
    assert stranger.grants_held(patient.address) == []
    assert [letter for letter in stranger.letters() if "keys" in letter] == []


def test_a_viewer_believes_no_grant_that_the_patient_did_not_sign(
    place: Place, patient: Person, doctor: Person, stranger: Person, send: Send
) -> None:
    send(doctor, forged_grant(place, patient, doctor, stranger).letter(place.chain.domains))
    assert doctor.grants_held(patient.address) == []


def test_a_record_that_its_author_did_not_sign_is_not_in_the_chart_and_hides_nothing(
    place: Place, patient: Person, doctor: Person, stranger: Person, mine: RecordFile, send: Send
) -> None:
    """Neither for the patient nor for a viewer, to whose key anybody can seal."""
    statement = replace(mine.statement, supersedes=mine.digest, salt=os.urandom(32))
    forged = replace(
        mine, digest=place.chain.domains.digest(statement), signed=stranger.sign(statement)
    )
    letter = forged.letter(place.chain.domains)
    send(patient, letter)
    category = patient.vault.category("conditions", 0).public
    envelope = seal_envelope(letter, [category], os.urandom)
    place.node.deliver(patient.address, forged.digest, envelope)
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    assert patient.chart(history=True) == [mine]
    assert doctor.shared_records(held) == [mine]
    assert doctor.chart(patient.address, held.keys) == [mine]


def test_an_opening_that_its_viewer_did_not_sign_is_neither_taken_nor_listed(
    place: Place, patient: Person, doctor: Person, stranger: Person, mine: RecordFile, send: Send
) -> None:
    access = Access(
        viewer=doctor.address,
        grant=ZERO32,
        records=records_root([mine.digest]),
        purpose="TREAT",
        at=place.time(),
        salt=os.urandom(32),
    )
    forged: Signed[Access] = stranger.sign(access)
    with pytest.raises((ForeignSignature, SessionInvalid)):
        place.node.accept(forged, envelope=b"x", parties=[patient.address])
    send(patient, access_letter(forged, None, [mine.digest], place.chain.domains))
    assert patient.openings() == []


def test_an_opening_that_names_other_records_than_were_signed_is_not_listed(
    place: Place, patient: Person, doctor: Person, mine: RecordFile, send: Send
) -> None:
    access = Access(
        viewer=doctor.address,
        grant=ZERO32,
        records=records_root([b"o" * 32]),
        purpose="TREAT",
        at=place.time(),
        salt=os.urandom(32),
    )
    send(patient, access_letter(doctor.sign(access), None, [mine.digest], place.chain.domains))
    assert patient.openings() == []


BROKEN: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an infinite size": lambda c: c | {"size": float("inf")},
    "no size": lambda c: {k: v for k, v in c.items() if k != "size"},
    "a size of text": lambda c: c | {"size": "9" * 5000},
    "a true size": lambda c: c | {"size": True},
    "a body that is a list": lambda c: c | {"body": []},
    "no title": lambda c: c | {"title": None},
    "no time": lambda c: c | {"occurred": 2026},
    "a record that is a number": lambda c: c | {"record": 7},
    "a record that is a list": lambda c: c | {"record": [c["record"]]},
    "no signature": lambda c: c | {"record": {**c["record"], "signature": "0x"}},
    "a signature of numbers": lambda c: c | {"record": {**c["record"], "signature": 5}},
    "another domain": lambda c: c | {"record": {**c["record"], "typedData": {"domain": {}}}},
    "a grant of nothing": lambda c: {"grant": c["record"], "keys": ["0x"]},
    "a grant of floats": lambda c: {"grant": c["record"], "keys": [1e308]},
    "an opening of nothing": lambda c: {"access": c["record"], "records": None},
    "a member of nothing": lambda c: {"member": c["record"]},
    "everything at once": lambda c: (
        c | {"grant": 1, "keys": 2, "access": 3, "member": 4, "records": 5}
    ),
}


def test_a_broken_letter_is_passed_over(
    place: Place, patient: Person, mine: RecordFile, send: Send
) -> None:
    for case, breaking in BROKEN.items():
        send(patient, breaking(mine.letter(place.chain.domains)))
        assert patient.chart(history=True) == [mine], case
        assert patient.grants() == patient.openings() == patient.members() == [], case
    assert patient.addressed() == []


NOISE = (
    b"",
    b"x",
    b"CKE",
    b"CKE\x01\xff",
    b"CKE\x02" + bytes(9000),
    b"CKE\x01\x04" + os.urandom(9000),
)


def test_noise_is_passed_over(place: Place, patient: Person, mine: RecordFile) -> None:
    for noise in NOISE:
        place.node.deliver(patient.address, os.urandom(32), noise)
        assert patient.chart() == [mine], noise[:5]


def test_a_damaged_envelope_in_the_store_hides_only_itself(
    place: Place, patient: Person, mine: RecordFile
) -> None:
    second = patient.write(NOTE, category="conditions")
    (_, address, _), *_ = place.node.database.parcels_of(patient.address)
    (path,) = (place.folder / "bodies").rglob(address)
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    assert patient.chart() == [second]
    path.unlink()
    assert patient.chart() == [second]
    path.write_bytes(raw)
    assert patient.chart() == [mine, second]


def test_an_envelope_with_the_tail_of_another_hides_nothing(
    place: Place, patient: Person, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Envelopes are public: somebody copies the end of one that is on its way to another node."""
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    ((digest, true),) = place.node.envelopes(patient.address)
    bait = seal_envelope({"x": 1}, [patient.vault.identity.public], os.urandom)
    letters = [(ZERO32, bait[:-32] + true[-32:]), (digest, true)]
    monkeypatch.setattr(place.node, "envelopes", lambda _: letters)
    assert patient.addressed() == [file]


def test_a_letter_with_a_true_grant_and_false_keys_spoils_no_grant(
    place: Place, patient: Person, doctor: Person, mine: RecordFile, send: Send
) -> None:
    """Each custodian sees the signed grant, and anybody can seal a letter to the viewer."""
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    send(doctor, replace(held, keys=(PrivateKey(bytes(32)),)).letter(place.chain.domains))
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(mine, held) == NOTE


def test_errors_name_no_person_and_nothing_about_health(
    place: Place, patient: Person, stranger: Person, mine: RecordFile
) -> None:
    with pytest.raises(ChartkeyError) as refusal:
        stranger.open(mine)
    for secret in (patient.address, stranger.address, "conditions", NOTE.decode()):
        assert secret not in str(refusal.value)
