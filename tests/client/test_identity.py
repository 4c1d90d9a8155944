"""Who a person is: enrolment, the vault on other devices, and what a node may hand back."""

from __future__ import annotations

import os
from contextlib import suppress

import pytest

from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.contract_errors import AlreadyEnrolled, DeadlinePassed, NonceUsed
from app.core.encoding import ZERO32
from app.core.errors import (
    ChainUnreachable,
    ForeignSignature,
    ForeignVault,
    InvalidPhrase,
    NotStored,
    SheetSubstituted,
    StoreAltered,
    WrongLock,
)
from app.core.people import document_hash
from app.core.vault import Vault
from tests.chain_fixtures import HOUR, NOTE, Place

CHEAP = 1 << 10
"""scrypt's cost in tests."""


def test_an_enrolled_person_is_known_by_the_keys_that_were_committed(
    place: Place, patient: Person, doctor: Person
) -> None:
    view = place.chain.view()
    assert view.key_of(patient.address) == patient.wallet.address
    assert view.keys_hash(patient.address) == document_hash(patient.keys_document())
    keys = doctor.keys_of(patient.address)
    assert keys.identity.id == patient.vault.identity.public.id
    assert [key.id for key in keys.custodians] == [custodian.id for custodian in place.custodians]
    assert keys.threshold == 2


def test_enrolling_again_is_refused(patient: Person) -> None:
    with pytest.raises((AlreadyEnrolled, NonceUsed)):
        patient.enrol()


def test_an_enrolment_that_waited_too_long_is_refused(place: Place) -> None:
    person = place.person(patient=True)
    place.close_down()
    place.time.ahead = -2 * HOUR
    with suppress(ChainUnreachable):
        person.enrol()
    place.come_back()
    with pytest.raises(DeadlinePassed):
        place.settle()
    assert place.chain.view().keys_hash(person.address) == ZERO32


# --- another device ---


def test_the_phrase_restores_the_chart_on_another_device(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    place.settle()
    device = Person.restore(place.node, patient.wallet, patient.address, patient.vault.phrase)
    assert device.chart() == [file]
    assert device.open(file) == NOTE
    assert (device.threshold, len(device.custodians)) == (2, 3)
    device.clock = place.time
    again = device.write(NOTE, category="conditions")
    assert patient.open(again) == NOTE


def test_another_vaults_phrase_restores_nothing(place: Place, patient: Person) -> None:
    phrase = Vault(os.urandom(32)).phrase
    with pytest.raises(ForeignVault) as refusal:
        Person.restore(place.node, patient.wallet, patient.address, phrase)
    assert "vault" in str(refusal.value)


def test_a_mistyped_phrase_restores_nothing(place: Place, patient: Person) -> None:
    words = patient.vault.phrase.split()
    for wrong in (words[:-1], [*words[:-1], "xyzzy"], []):
        with pytest.raises(InvalidPhrase):
            Person.restore(place.node, patient.wallet, patient.address, " ".join(wrong))


def test_a_passphrase_unlocks_on_another_device(place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="conditions")
    place.settle()
    patient.leave_lock("Straße 7, im Café", n=CHEAP)
    device = Person.unlock(place.node, patient.wallet, patient.address, "Straße 7, im Cafe\u0301")
    assert device.open(device.chart()[0]) == NOTE
    assert device.chart() == [file]
    for wrong in ("", "straße 7, im café", "Straße 7, im Café "):
        with pytest.raises(WrongLock):
            Person.unlock(place.node, patient.wallet, patient.address, wrong)


def test_a_new_lock_replaces_the_old_one(place: Place, patient: Person) -> None:
    patient.leave_lock("first", n=CHEAP)
    patient.leave_lock("second", n=CHEAP)
    with pytest.raises(WrongLock):
        Person.unlock(place.node, patient.wallet, patient.address, "first")
    assert (
        Person.unlock(place.node, patient.wallet, patient.address, "second").vault == patient.vault
    )


def test_without_a_lock_there_is_nothing_to_unlock(place: Place, patient: Person) -> None:
    with pytest.raises(NotStored):
        Person.unlock(place.node, patient.wallet, patient.address, "any")


def test_the_node_sees_no_secret(place: Place, patient: Person) -> None:
    patient.leave_lock("a passphrase", n=CHEAP)
    patient.write(NOTE, category="sexual-health", title="A telling title")
    place.settle()
    secrets = (patient.vault.seed, b"a passphrase", NOTE, b"A telling title", b"sexual-health")
    for path in place.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            # the names of all categories stand in the published keys, beside one another
            assert not [s for s in secrets[:4] if s in content], path


# --- a node that does not tell the truth ---


def test_other_keys_than_the_committed_are_refused(
    place: Place, patient: Person, doctor: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place.node.database, "document", lambda _: stranger.keys_document())
    with pytest.raises(StoreAltered):
        doctor.keys_of(patient.address)


def test_category_keys_of_somebody_else_are_refused(
    place: Place, patient: Person, doctor: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, document = place.node.category_keys(patient.address)
    other = place.enrol(patient=True)
    for served in (
        place.node.category_keys(other.address),
        (stranger.sign(signed.statement), document),
    ):
        monkeypatch.setattr(place.node, "category_keys", lambda _, served=served: served)
        with pytest.raises(ForeignSignature):
            doctor.write(NOTE, category="conditions", patient=patient.address)
        with pytest.raises(ForeignSignature):
            patient.write(NOTE, category="conditions")


def test_category_keys_under_a_foreign_statement_are_refused(
    place: Place, patient: Person, doctor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed, _ = place.node.category_keys(patient.address)
    _, document = place.node.category_keys(place.enrol(patient=True).address)
    monkeypatch.setattr(place.node, "category_keys", lambda _: (signed, document))
    with pytest.raises(SheetSubstituted):
        doctor.write(NOTE, category="conditions", patient=patient.address)


def test_a_rotation_needs_the_chain_and_changes_nothing_without_it(
    place: Place, patient: Person
) -> None:
    wallet = patient.wallet
    place.close_down()
    with pytest.raises(ChainUnreachable):
        patient.rotate(new_wallet())
    place.come_back()
    assert patient.wallet is wallet
    place.settle()
    assert place.chain.view().key_of(patient.address) == wallet.address


def test_others_can_write_while_a_rotation_is_on_its_way(
    place: Place, patient: Person, doctor: Person
) -> None:
    patient.rotate(new_wallet())
    mine = patient.write(NOTE, category="conditions")
    place.settle()
    theirs = doctor.write(NOTE, category="conditions", patient=patient.address)
    place.settle()
    assert patient.chart() == [mine]
    assert patient.addressed() == [theirs]
