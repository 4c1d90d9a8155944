"""What people leave with a node and find again; who they are to others, and who says what they are called."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask

from app.adapters.wallets import LocalWallet
from app.client.person import Person
from app.core.encoding import ZERO32, ZERO_ADDRESS, hex0x
from app.core.envelopes import seal_envelope
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.records import Role
from app.core.signatures import Signed
from app.core.statements import CategoryKeys, Introduction
from app.core.vault import Vault, lock_with_passphrase
from tests.chain_fixtures import Place
from tests.web.browsing import Browser, b64, browser_of, file_of, make_site
from tests.web.test_charts import parts_index

TICKET = os.urandom(32)


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask, patient: Person) -> Browser:
    """A patient's browser."""
    return browser_of(app).sign_in(patient)


def sealed(person: Person, note: str = "mine") -> str:
    """An envelope to oneself."""
    return b64(seal_envelope({"note": note}, [person.vault.identity.public], os.urandom))


# oneself


def test_people_learn_what_the_registry_says_of_them(
    place: Place, app: Flask, doctor: Person
) -> None:
    me = browser_of(app).sign_in(doctor).get("/api/me")
    assert (me["person"], me["key"]) == (doctor.address, doctor.wallet.address)
    assert (me["enrolled"], me["nonce"], me["roles"]) == (True, 1, ["practitioner"])
    assert me["keysHash"] == hex0x(place.chain.view().keys_hash(doctor.address))
    assert (me["isGovernor"], me["registrarOf"], me["isAdmin"]) == (False, [], False)


def test_an_enrolment_on_its_way_is_told(place: Place, app: Flask) -> None:
    newcomer = place.person(patient=True)
    browser = browser_of(app).sign_in(newcomer)
    newcomer.enrol()
    told = browser.get("/api/me")
    assert (told["enrolled"], told["pending"]) == (False, True)
    place.settle()
    told = browser.get("/api/me")
    assert (told["enrolled"], told["pending"]) == (True, False)


def test_the_governor_and_registrars_are_told_so(place: Place, app: Flask, doctor: Person) -> None:
    parts_index(place)
    governor, registrar = (
        LocalWallet(bytes(place.chain_process.accounts[number].key)) for number in (1, 2)
    )
    assert browser_of(app).sign_in(governor).get("/api/me")["isGovernor"]
    told = browser_of(app).sign_in(registrar)
    assert "practitioner" in told.get("/api/me")["registrarOf"]
    credentials = told.get("/api/credentials")
    [given] = [one for one in credentials if one["person"] == doctor.address]
    assert (given["role"], given["standing"], given["withdrawn"]) == ("practitioner", True, False)
    registrars = told.get("/api/registrars")
    [shown] = [one for one in registrars if one["registrar"] == registrar.address]
    assert "practitioner" in [role["role"] for role in shown["roles"] if role["standing"]]


# locks, names, shelves


def test_a_locked_vault_is_kept_for_its_owner(browser: Browser, patient: Person) -> None:
    assert browser.error("GET", "/api/me/lock") == (404, "NotStored")
    lock = lock_with_passphrase(patient.vault, "correct horse", os.urandom, n=2)
    browser.put("/api/me/lock", {"lock": lock})
    assert browser.get("/api/me/lock") == {"lock": lock}


def odd_locks() -> list[Any]:
    """What is no lock."""
    lock = lock_with_passphrase(Vault(os.urandom(32)), "passphrase", os.urandom, n=2)
    return [
        pytest.param("text", 422, id="text"),
        pytest.param({}, 422, id="nothing"),
        pytest.param(lock | {"lock": "passphrase/9"}, 422, id="another version"),
        pytest.param(lock | {"note": "and more"}, 422, id="more"),
        pytest.param({k: v for k, v in lock.items() if k != "sealed"}, 422, id="less"),
        pytest.param(lock | {"sealed": hex0x(bytes(32))}, 422, id="the vault itself"),
        pytest.param(lock | {"seed": hex0x(bytes(32))}, 422, id="with the seed"),
        pytest.param({"crypto": {"cipher": "aes-128-ctr"}, "version": 3}, 422, id="a keystore"),
    ]


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize(("lock", "status"), odd_locks())
def test_what_is_no_lock_is_not_kept(browser: Browser, lock: Any, status: int) -> None:
    assert browser.error("PUT", "/api/me/lock", {"lock": lock})[0] == status
    assert browser.error("GET", "/api/me/lock") == (404, "NotStored")


@pytest.mark.asvs("6.3.1")
def test_a_name_and_its_ticket_give_the_locked_vault_on_another_device(
    app: Flask, browser: Browser, patient: Person
) -> None:
    lock = lock_with_passphrase(patient.vault, "correct horse", os.urandom, n=2)
    browser.put("/api/me/lock", {"lock": lock})
    given = {"name": " Ada.Lovelace", "ticket": hex0x(TICKET)}
    assert browser.put("/api/me/name", given) == {"name": "ada.lovelace"}
    assert browser.get("/api/me")["name"] == "ada.lovelace"
    elsewhere = browser_of(app)
    told = elsewhere.post("/api/names/lock", given)
    assert told == {"person": patient.address, "lock": lock}
    assert elsewhere.cookie == ""  # a lock signs nobody in


@pytest.mark.asvs("11.4.2")
def test_of_a_ticket_only_its_hash_is_kept(place: Place, browser: Browser) -> None:
    browser.put("/api/me/name", {"name": "ada", "ticket": hex0x(TICKET)})
    with place.node.database.engine.connect() as connection:  # type: ignore[attr-defined]
        [row] = connection.exec_driver_sql("SELECT * FROM names").all()
    assert sha256(TICKET).digest() in row
    assert TICKET not in row


@pytest.mark.asvs("6.3.8", "6.3.1")
def test_a_wrong_name_is_refused_as_a_wrong_ticket_is(app: Flask, browser: Browser) -> None:
    browser.put("/api/me/name", {"name": "ada", "ticket": hex0x(TICKET)})
    answers = []
    for given in (
        {"name": "ada", "ticket": hex0x(bytes(32))},
        {"name": "bob", "ticket": hex0x(TICKET)},
        {"name": "no name at all!", "ticket": hex0x(TICKET)},
        {"name": "", "ticket": hex0x(bytes(32))},
    ):
        answer = browser_of(app).ask("POST", "/api/names/lock", json=given)
        answers.append((answer.status_code, answer.get_json()))
    assert {status for status, _ in answers} == {403}
    assert len({json.dumps(told) for _, told in answers}) == 1


@pytest.mark.asvs("6.3.1", "2.4.1")
def test_after_a_few_wrong_tickets_there_is_a_pause(app: Flask, browser: Browser) -> None:
    browser.put("/api/me/name", {"name": "ada", "ticket": hex0x(TICKET)})
    wrong = {"name": "ada", "ticket": hex0x(bytes(32))}
    right = {"name": "ada", "ticket": hex0x(TICKET)}
    refused = [browser_of(app).error("POST", "/api/names/lock", wrong) for _ in range(11)]
    assert refused == [(403, "WrongTicket")] * 10 + [(429, "TooManyRequests")]
    assert browser_of(app).error("POST", "/api/names/lock", right) == (429, "TooManyRequests")
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    refusal = browser_of(app).error("POST", "/api/names/lock", right, environ_base=elsewhere)
    assert refusal == (
        404,
        "NotStored",
    )  # nobody keeps her out from elsewhere; there is no lock yet


def test_a_name_is_one_person_s_and_can_be_given_up(
    app: Flask, browser: Browser, patient: Person, stranger: Person
) -> None:
    given = {"name": "ada", "ticket": hex0x(TICKET)}
    browser.put("/api/me/name", given)
    browser.put("/api/me/name", given)
    other = browser_of(app).sign_in(stranger)
    assert other.error("PUT", "/api/me/name", given) == (409, "NameTaken")
    browser.put("/api/me/name", given | {"name": "countess"})
    assert other.put("/api/me/name", given) == {"name": "ada"}
    assert browser.get("/api/me")["name"] == "countess"


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize("name", ["", "ab", "a" * 41, "a b c", "ädä", "a/b", "ada\n", "<b>"])
def test_what_is_no_sign_in_name_is_refused(browser: Browser, name: str) -> None:
    if name == "ada\n":
        name = "a\nda"
    refused = browser.error("PUT", "/api/me/name", {"name": name, "ticket": hex0x(TICKET)})
    assert refused == (400, "MalformedStatement")


@pytest.mark.asvs("8.2.2", "5.2.2")
def test_a_shelf_keeps_what_is_sealed_to_oneself(
    app: Flask, browser: Browser, patient: Person, stranger: Person
) -> None:
    assert browser.error("GET", "/api/me/shelf/address-book") == (404, "NotStored")
    for note in ("one", "two"):
        content = sealed(patient, note)
        browser.put("/api/me/shelf/address-book", {"content": content})
    assert browser.get("/api/me/shelf/address-book") == {"content": content}
    other = browser_of(app).sign_in(stranger)
    assert other.error("GET", "/api/me/shelf/address-book") == (404, "NotStored")
    plain = {"content": b64(b'{"0x12": "Ada"}')}
    assert browser.error("PUT", "/api/me/shelf/settings", plain) == (422, "MalformedSeal")
    for kind in ("vault-lock", "category-keys", "receipt-00000000", "x"):
        refused = browser.error("PUT", f"/api/me/shelf/{kind}", {"content": content})
        assert refused == (400, "MalformedStatement")


# keys


def test_keys_documents_are_kept_and_found(
    app: Flask, browser: Browser, patient: Person, stranger: Person
) -> None:
    document = IdentityKeys(identity=Vault(os.urandom(32)).identity.public).encode()
    told = browser.put("/api/documents", {"document": b64(document)})
    assert told == {"hash": hex0x(document_hash(document))}
    assert browser.ask("GET", f"/api/documents/{told['hash']}").data == document
    for content in (b"plain", b"{}", document + b" ", b'{"chartkey":"category-keys/1"}'):
        refused = browser.error("PUT", "/api/documents", {"document": b64(content)})
        assert refused[0] == 422
    seen = browser_of(app).sign_in(stranger).get(f"/api/people/{patient.address}")
    assert seen["document"] == b64(patient.keys_document())
    assert seen["categoryKeys"]["document"]


@pytest.mark.asvs("8.2.2")
def test_category_keys_are_published_by_their_patient_alone(
    place: Place, app: Flask, browser: Browser, patient: Person, stranger: Person
) -> None:
    document = CategoryKeysDocument(
        epoch=1, keys={"conditions": patient.vault.category("conditions", 1).public}
    ).encode()
    statement = CategoryKeys(
        patient=patient.address, epoch=1, keys_hash=document_hash(document), salt=os.urandom(32)
    )
    given = {"statement": file_of(place, patient.sign(statement)), "document": b64(document)}
    thief = browser_of(app).sign_in(stranger)
    assert thief.error("PUT", "/api/me/category-keys", given) == (403, "NotThatPerson")
    forged = given | {"statement": file_of(place, stranger.sign(statement))}
    assert browser.error("PUT", "/api/me/category-keys", forged) == (403, "ForeignSignature")
    browser.put("/api/me/category-keys", given)
    told = thief.get(f"/api/people/{patient.address}")["categoryKeys"]
    assert told == given


@pytest.mark.asvs("15.3.1")
def test_an_address_that_is_nobody_s_is_told_so(browser: Browser) -> None:
    nobody = "0x" + "12" * 20
    told = browser.get(f"/api/people/{nobody}")
    assert set(told) == {
        *("person", "enrolled", "key", "keysHash", "document", "categoryKeys", "roles"),
        "introduction",
    }
    assert (told["enrolled"], told["key"], told["keysHash"]) == (
        False,
        ZERO_ADDRESS,
        hex0x(ZERO32),
    )
    assert (told["document"], told["categoryKeys"], told["introduction"]) == (None, None, None)
    for wrong in ("0x12", "ada", "0x" + "zz" * 20):
        assert browser.error("GET", f"/api/people/{wrong}")[0] == 400


# what registrars call people


@pytest.fixture
def registrar(place: Place) -> Person:
    """An enrolled registrar of practitioners."""
    person = place.enrol()
    governor = place.paying(place.chain_process.accounts[1])
    governor.transact("PeopleRegistry", "appointRegistrar", person.address, 1, 2**47)
    return person


def introduction(registrar: Person, person: Person, name: str, **more: Any) -> Signed[Any]:
    """What a registrar says a person is called."""
    values: dict[str, Any] = {"issued_at": int(time.time()), "salt": os.urandom(32), **more}
    statement = Introduction(
        registrar=registrar.address, person=person.address, name=name, **values
    )
    return registrar.sign(statement)


def introduce(place: Place, app: Flask, signed: Signed[Any], by: Person) -> tuple[int, str]:
    """Hand an introduction in."""
    given = {"statement": file_of(place, signed)}
    return browser_of(app).sign_in(by).error("PUT", "/api/introductions", given)


@pytest.mark.asvs("8.3.1")
def test_a_registrar_says_what_a_practitioner_is_called(
    place: Place, app: Flask, browser: Browser, registrar: Person, doctor: Person
) -> None:
    signed = introduction(registrar, doctor, "Dr. Zoë  Müller")
    assert introduce(place, app, signed, registrar)[0] == 200
    for text in ("muller", "ZOE m", "MÜLL", "dr. zoë müller"):
        [found] = browser.get("/api/people", query_string={"name": text})
        assert (found["person"], found["roles"]) == (doctor.address, ["practitioner"])
        assert found["introduction"] == file_of(place, signed)
    told = browser.get(f"/api/people/{doctor.address}")
    assert told["introduction"] == file_of(place, signed)
    assert browser.get("/api/people", query_string={"name": "nobody"}) == []


def test_of_two_introductions_the_newer_stays(
    place: Place, app: Flask, browser: Browser, registrar: Person, doctor: Person
) -> None:
    now = int(time.time())
    introduce(place, app, introduction(registrar, doctor, "Newer", issued_at=now), registrar)
    introduce(place, app, introduction(registrar, doctor, "Older", issued_at=now - 9), registrar)
    assert browser.get("/api/people", query_string={"name": "older"}) == []
    assert len(browser.get("/api/people", query_string={"name": "newer"})) == 1


@pytest.mark.asvs("8.2.1", "8.3.1")
def test_nobody_else_says_what_anybody_is_called(
    place: Place, app: Flask, registrar: Person, doctor: Person, stranger: Person
) -> None:
    own = introduction(stranger, doctor, "Dr. Evil")
    assert introduce(place, app, own, stranger) == (403, "NoCredential")
    named = replace(own, statement=replace(own.statement, registrar=registrar.address))
    assert introduce(place, app, named, stranger) == (403, "NotThatPerson")
    assert introduce(place, app, named, registrar) == (403, "ForeignSignature")
    of_nobody = introduction(registrar, stranger, "Dr. Stranger")
    assert introduce(place, app, of_nobody, registrar) == (403, "NoCredential")


@pytest.mark.asvs("2.2.1", "1.2.1")
@pytest.mark.parametrize("name", ["", "   ", "a" * 121, "Dr.\u202eevil", "a\nb", "\u200b", " x"])
def test_a_name_that_cannot_be_shown_is_refused(
    place: Place, app: Flask, registrar: Person, doctor: Person, name: str
) -> None:
    signed = introduction(registrar, doctor, name)
    assert introduce(place, app, signed, registrar) == (400, "MalformedStatement")


def test_a_name_is_shown_while_a_credential_stands(
    place: Place, app: Flask, browser: Browser, registrar: Person, doctor: Person
) -> None:
    introduce(place, app, introduction(registrar, doctor, "Dr. Ada"), registrar)
    registrar_account = place.paying(place.registrar)
    registrar_account.transact(
        "PeopleRegistry", "withdrawCredential", doctor.address, int(Role.PRACTITIONER)
    )
    assert browser.get("/api/people", query_string={"name": "ada"}) == []
    told = browser.get(f"/api/people/{doctor.address}")
    assert (told["roles"], told["introduction"]) == ([], None)


@pytest.mark.asvs("1.2.4")
@pytest.mark.parametrize("text", ["%%", "__", "' OR 1=1 --", "\\\\", '"; DROP TABLE names; --'])
def test_what_is_searched_for_is_text_and_nothing_else(
    place: Place, app: Flask, browser: Browser, registrar: Person, doctor: Person, text: str
) -> None:
    introduce(place, app, introduction(registrar, doctor, "Dr. Ada"), registrar)
    assert browser.get("/api/people", query_string={"name": text}) == []
    assert len(browser.get("/api/people", query_string={"name": "ada"})) == 1


def test_a_search_has_at_least_two_letters(browser: Browser) -> None:
    for text in ("", "a", "  ", "\u0301"):
        refused = browser.error("GET", "/api/people", query_string={"name": text})
        assert refused == (400, "MalformedStatement")
