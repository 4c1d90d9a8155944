"""Records: written, found, corrected, addressed, retracted and erased."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.adapters.bodies import FolderBodies
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.categories import CATEGORIES
from app.core.envelopes import seal_envelope
from app.core.errors import (
    ChartkeyError,
    ForeignSignature,
    NoCredential,
    NotAnchored,
    NotEnoughShares,
    NotStored,
    NotTheAuthor,
    RecordRetracted,
    StoreFull,
    UnknownCategory,
)
from app.core.records import Role
from app.core.sealing import HEADER, SEGMENT
from app.core.statements import ADD
from tests.chain_fixtures import NOTE, Place

PDF = b"%PDF-1.7\n\xe2\xe3\xcf\xd3\n" + os.urandom(1000)


BODIES = {
    "empty": b"",
    "byte": b"x",
    "note": NOTE,
    "pdf": PDF,
    "digits": b'{"value": 1.50, "value2": 1.5e0}',
    "two segments": b"\xff" * (SEGMENT + 1),
    "no json": b"{" * 1000,
}


def test_what_goes_in_comes_out_byte_for_byte(
    place: Place, patient: Person, doctor: Person
) -> None:
    written = {
        name: patient.write(body, category="documents", media_type="application/pdf", title=name)
        for name, body in BODIES.items()
    }
    patient.grant(doctor.address, category="documents")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    shared = {file.title: file for file in doctor.shared_records(held)}
    assert shared == written
    for name, body in BODIES.items():
        assert (shared[name].media_type, shared[name].size) == ("application/pdf", len(body))
        assert patient.open(written[name]) == doctor.open(shared[name], held) == body, name


def test_a_file_is_written_from_disk(place: Place, patient: Person, tmp_path: Path) -> None:
    (tmp_path / "scan.bin").write_bytes(PDF)
    heard: list[int] = []
    file = patient.write(tmp_path / "scan.bin", category="imaging", progress=heard.append)
    place.settle()
    assert patient.open(file) == PDF
    assert heard == sorted(heard)
    assert heard[-1] > len(PDF)


def test_every_category_can_be_written(patient: Person) -> None:
    files = [patient.write(NOTE, category=category) for category in CATEGORIES]
    assert [patient.open(file) for file in files] == [NOTE] * len(CATEGORIES)


def test_a_category_that_there_is_not_is_refused(patient: Person, doctor: Person) -> None:
    for category in ("nonsense", "", "Conditions", "conditions "):
        with pytest.raises(UnknownCategory):
            patient.write(NOTE, category=category)
        with pytest.raises(UnknownCategory):
            patient.grant(doctor.address, category=category)
    assert patient.chart() == patient.grants_given() == []


def test_somebody_without_published_keys_cannot_be_written_to(
    doctor: Person, stranger: Person
) -> None:
    with pytest.raises(NotStored):
        doctor.write(NOTE, category="conditions", patient=stranger.address)


def test_an_author_is_named_with_the_role_that_the_registry_gives(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    files = [
        author.write(NOTE, category="conditions", patient=patient.address)
        for author in (patient, doctor, stranger)
    ]
    with pytest.raises(NotAnchored):
        patient.require_authentic(files[0])
    place.settle()
    assert patient.require_authentic(files[0]) is Role.NONE
    assert patient.require_authentic(files[1]) is Role.PRACTITIONER
    with pytest.raises(NoCredential):
        patient.require_authentic(files[2])
    assert [patient.is_authentic(file) for file in files] == [True, True, False]


# --- what others address ---


def test_an_addressed_record_waits_until_it_is_welcome(
    place: Place, patient: Person, doctor: Person
) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    assert (patient.chart(), patient.addressed()) == ([], [file])
    patient.welcome(file)
    place.settle()
    assert (patient.chart(), patient.addressed()) == ([file], [])
    assert patient.open(file) == NOTE


def test_with_the_right_to_add_a_record_appears_at_once(
    place: Place, patient: Person, doctor: Person
) -> None:
    patient.grant(doctor.address, category="conditions", rights=ADD)
    place.settle()
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    other = doctor.write(NOTE, category="laboratory", patient=patient.address)
    place.settle()
    assert (patient.chart(), patient.addressed()) == ([file], [other])


# --- versions ---


def test_a_correction_replaces_the_old_version_which_stays_provable(
    place: Place, patient: Person, doctor: Person
) -> None:
    patient.grant(doctor.address, category="conditions", rights=ADD)
    old = doctor.write(
        NOTE, category="conditions", patient=patient.address, title="Note", occurred="2026-03"
    )
    new = doctor.correct(old, b"{}")
    newest = doctor.correct(new, b"[]")
    place.settle()
    assert patient.chart() == [newest]
    assert patient.chart(history=True) == [old, new, newest]
    assert patient.open(old) == NOTE
    assert (newest.title, newest.occurred) == ("Note", "2026-03")
    assert all(patient.is_authentic(file) for file in (old, new, newest))


def test_a_foreign_correction_is_shown_beside_the_original(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    for author in (doctor, stranger):
        patient.grant(author.address, category="conditions", rights=ADD)
    old = doctor.write(NOTE, category="conditions", patient=patient.address)
    foreign = stranger.correct(old, b"{}")
    place.settle()
    assert patient.chart() == [old, foreign]


def test_a_retracted_version_gives_way_to_the_one_before(
    place: Place, patient: Person, doctor: Person
) -> None:
    patient.grant(doctor.address, category="conditions", rights=ADD)
    old = doctor.write(NOTE, category="conditions", patient=patient.address)
    wrong = doctor.correct(old, b"{}")
    doctor.retract(wrong)
    place.settle()
    assert patient.chart() == [old]
    assert wrong in patient.chart(history=True)


def test_a_stranger_retracts_nothing(place: Place, patient: Person, stranger: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    stranger.retract(file)
    place.settle()
    assert patient.chart() == [file]


# --- erasing ---


def test_an_erased_record_opens_for_nobody(place: Place, patient: Person, stranger: Person) -> None:
    place.credential(stranger)
    file = patient.write(NOTE, category="conditions")
    kept = patient.write(NOTE, category="conditions")
    patient.grant(stranger.address, category="conditions")
    place.settle()
    (held,) = stranger.grants_held(patient.address)
    patient.erase(file)
    with pytest.raises(NotStored):
        patient.open(file)
    place.settle()
    with pytest.raises((NotStored, RecordRetracted)):
        stranger.open(file, held)
    assert patient.chart() == [kept]
    assert stranger.open(kept, held) == NOTE


def test_an_erased_record_opens_for_an_author_who_kept_it(
    place: Place, patient: Person, doctor: Person
) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    patient.erase(file)
    place.settle()
    assert doctor.open(file) == NOTE
    (opening,) = patient.openings()
    assert opening.records == (file.digest,)


def test_an_erased_record_is_gone_for_an_author_without_an_archive(
    place: Place, patient: Person, stranger: Person
) -> None:
    file = stranger.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    assert stranger.open(file) == NOTE
    patient.erase(file)
    place.settle()
    with pytest.raises(NotStored):
        stranger.open(file)


def test_nobody_else_erases(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    for other in (doctor, stranger):
        with pytest.raises(ForeignSignature):
            other.erase(file)
    assert patient.open(file) == NOTE


def test_erasing_waits_for_the_chain(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    place.settle()
    place.close_down()
    with pytest.raises(ChartkeyError):
        patient.erase(file)
    place.come_back()
    assert patient.open(file) == NOTE


def test_without_a_grant_only_the_author_reopens(
    place: Place, patient: Person, doctor: Person, stranger: Person
) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    assert doctor.open(file) == NOTE
    with pytest.raises((NotTheAuthor, NotEnoughShares)):
        stranger.open(file)


# --- faults ---


def test_a_full_disk_writes_nothing(
    place: Place, patient: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "full")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StoreFull):
            patient.write(NOTE, category="conditions")
    assert patient.chart() == []
    assert list((place.folder / "bodies").rglob("*")) == []


def test_a_refused_record_leaves_no_body_behind(
    place: Place, patient: Person, doctor: Person
) -> None:
    def files() -> list[Path]:
        return sorted(path for path in (place.folder / "bodies").rglob("*") if path.is_file())

    before, doctor.wallet = files(), new_wallet()
    with pytest.raises(ForeignSignature):
        doctor.write(NOTE, category="conditions", patient=patient.address)
    assert files() == before
    assert patient.addressed() == []


def test_a_flipped_bit_in_the_stored_body_is_told(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    (path,) = (place.folder / "bodies").rglob(file.address)
    raw = bytearray(path.read_bytes())
    for at in (0, 10, HEADER, len(raw) - 1):
        damaged = bytearray(raw)
        damaged[at] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ChartkeyError):
            patient.open(file)
    path.write_bytes(b"")
    with pytest.raises(ChartkeyError):
        patient.open(file)
    path.write_bytes(raw)
    assert patient.open(file) == NOTE


def test_an_archive_is_a_store_of_its_own(place: Place, patient: Person, doctor: Person) -> None:
    file = doctor.write(NOTE, category="conditions", patient=patient.address)
    assert isinstance(doctor.archive, FolderBodies)
    assert doctor.archive.fetch(file.address) == b"".join(place.node.bodies.read(file.address))


def test_a_body_that_another_record_claimed_is_not_erased_with_it(
    place: Place, patient: Person, stranger: Person
) -> None:
    """A stranger addresses a record to another patient that points at this patient's body."""
    other = place.enrol(patient=True)
    mine = patient.write(NOTE, category="conditions")
    bait = stranger.write(b"{}", category="conditions", patient=other.address)
    statement = replace(bait.statement, salt=os.urandom(32))
    pointing = replace(
        bait,
        signed=stranger.sign(statement),
        digest=place.chain.domains.digest(statement),
        address=mine.address,
    )
    envelope = seal_envelope(
        pointing.letter(place.chain.domains), [other.vault.identity.public], os.urandom
    )
    place.node.accept(
        pointing.signed, envelope=envelope, parties=[other.address], body=mine.address
    )
    place.settle()
    for file in other.addressed():
        other.erase(file)
    assert patient.open(mine) == NOTE
