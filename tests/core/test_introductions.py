"""Tests of what registrars say people are called."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.errors import ForeignSignature, MalleableSignature, NoCredential
from app.core.people import document_hash, require_introduction
from app.core.records import Role
from tests.makers import DAY, DOMAINS, NOW, Person, high_s, make_person, sign_introduction


@pytest.fixture
def registrar(chain: MemoryChain) -> Person:
    """A registrar of practitioners, who credentials nobody here: any of the role may name."""
    person = make_person("registrar")
    chain.enrol(person.id, document_hash(person.keys.encode()))
    chain.appoint(person.id, Role.PRACTITIONER, NOW + DAY)
    return person


def test_a_registrar_of_a_role_that_they_hold_names_a_person(
    chain: MemoryChain, registrar: Person, doctor: Person
) -> None:
    signed = sign_introduction(registrar, doctor)
    told = require_introduction(signed, domain=DOMAINS.people, view=chain.view())
    assert told.name == "Dr. Ada Example"


def test_nobody_else_names_a_person(
    chain: MemoryChain, registrar: Person, doctor: Person, stranger: Person
) -> None:
    by_itself = sign_introduction(doctor, doctor)
    by_a_stranger = sign_introduction(stranger, doctor)
    for signed in (by_itself, by_a_stranger):
        with pytest.raises(NoCredential):
            require_introduction(signed, domain=DOMAINS.people, view=chain.view())
    forged = stranger.sign(sign_introduction(registrar, doctor).statement)
    with pytest.raises(ForeignSignature):
        require_introduction(forged, domain=DOMAINS.people, view=chain.view())


def test_a_name_ends_with_the_credential(
    chain: MemoryChain, registrar: Person, doctor: Person
) -> None:
    signed = sign_introduction(registrar, doctor)
    chain.advance(1)
    chain.withdraw(registrar.id, doctor.id, Role.PRACTITIONER)
    with pytest.raises(NoCredential):
        require_introduction(signed, domain=DOMAINS.people, view=chain.view())


def test_a_registrar_of_another_role_names_nobody(
    chain: MemoryChain, stranger: Person, doctor: Person
) -> None:
    chain.appoint(stranger.id, Role.HOSPITAL, NOW + DAY)
    with pytest.raises(NoCredential):
        require_introduction(
            sign_introduction(stranger, doctor), domain=DOMAINS.people, view=chain.view()
        )


def test_a_name_signed_for_another_chain_is_refused(
    chain: MemoryChain, registrar: Person, doctor: Person
) -> None:
    statement = sign_introduction(registrar, doctor).statement
    elsewhere = registrar.sign(statement, replace(DOMAINS.people, chain_id=1))
    with pytest.raises(ForeignSignature):
        require_introduction(elsewhere, domain=DOMAINS.people, view=chain.view())


def test_a_second_form_of_its_signature_is_refused(
    chain: MemoryChain, registrar: Person, doctor: Person
) -> None:
    signed = sign_introduction(registrar, doctor)
    other = replace(signed, signature=high_s(signed.signature))
    with pytest.raises(MalleableSignature):
        require_introduction(other, domain=DOMAINS.people, view=chain.view())
