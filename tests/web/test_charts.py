"""People fetch what was sent to them, and a patient's records only by a permission that stands."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.adapters.followed import FollowedChain
from app.adapters.wallets import new_wallet
from app.client.person import Person
from app.core.encoding import hex0x
from app.core.envelopes import seal_envelope
from app.core.signatures import Signed
from app.core.statements import ADD
from app.services import charts
from app.services.indexer import Indexer
from tests.chain_fixtures import HOUR, NOTE, Place
from tests.web.browsing import browser_of, file_of, make_site
from tests.web.test_statements import make_grant


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


def asked(place: Place, patient: Person, signed: Signed[Any], **more: Any) -> dict[str, Any]:
    """What a viewer asks for a patient's chart."""
    return {"patient": patient.address, "grant": file_of(place, signed), **more}


def send(place: Place, to: Person, note: str) -> bytes:
    """Deliver a letter; its digest."""
    digest = os.urandom(32)
    envelope = seal_envelope({"note": note}, [to.vault.identity.public], os.urandom)
    place.node.deliver(to.address, digest, envelope)
    return digest


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_people_fetch_their_own_letters_and_nobody_else_s(
    place: Place, app: Flask, patient: Person, stranger: Person
) -> None:
    first, second = send(place, patient, "one"), send(place, patient, "two")
    other = send(place, stranger, "three")
    told = browser_of(app).sign_in(patient).get("/api/envelopes")
    digests = [letter["digest"] for letter in told["envelopes"]]
    assert [hex0x(first), hex0x(second)] == digests[-2:]
    assert hex0x(other) not in digests
    assert told["next"] is None
    numbers = [letter["number"] for letter in told["envelopes"]]
    assert numbers == sorted(set(numbers))


def test_letters_come_page_by_page_and_later_ones_by_their_number(
    place: Place, app: Flask, patient: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "PAGE", 3)
    monkeypatch.setattr(charts, "AT_ONCE", 2)
    sent = [hex0x(send(place, patient, str(number))) for number in range(7)]
    browser, after, found = browser_of(app).sign_in(patient), 0, []
    while after is not None:
        page = browser.get(f"/api/envelopes?after={after}")
        assert len(page["envelopes"]) <= 3
        found += page["envelopes"]
        after = page["next"]
    assert [letter["digest"] for letter in found][-7:] == sent
    newest = found[-1]["number"]
    assert browser.get(f"/api/envelopes?after={newest}")["envelopes"] == []
    later = hex0x(send(place, patient, "later"))
    [letter] = browser.get(f"/api/envelopes?after={newest}")["envelopes"]
    assert letter["digest"] == later


def test_a_letter_that_the_store_lost_does_not_hold_back_the_others(
    place: Place, app: Flask, patient: Person
) -> None:
    patient.write(NOTE, category="conditions")
    place.settle()
    browser = browser_of(app).sign_in(patient)
    [letter] = browser.get("/api/envelopes")["envelopes"]
    for address in list(place.node.bodies.addresses()):
        place.node.bodies.delete(address)
    later = hex0x(send(place, patient, "later"))
    told = browser.get("/api/envelopes")
    assert [letter["digest"] for letter in told["envelopes"]] == [later]
    assert letter["digest"] != later


@pytest.mark.parametrize("after", ["-1", "x", "1e3", "9" * 30, ""])
def test_a_number_that_is_none_is_told_so(app: Flask, patient: Person, after: str) -> None:
    browser = browser_of(app).sign_in(patient)
    refused = browser.error("GET", f"/api/envelopes?after={after}")
    assert refused == (400, "MalformedStatement")


# a patient's chart


@pytest.mark.asvs("8.2.2", "8.3.1")
def test_who_holds_a_permission_fetches_the_patient_s_records_and_no_other_letters(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    grant = patient.grant(doctor.address, category="conditions")
    private = send(place, patient, "nobody's business")
    browser = browser_of(app).sign_in(doctor)
    for _ in range(2):
        told = browser.post("/api/charts", asked(place, patient, grant.signed))
        digests = [letter["digest"] for letter in told["envelopes"]]
        assert digests == [hex0x(file.digest)]
        assert hex0x(private) not in digests
        place.settle()  # and once more when it is anchored


def test_a_record_of_which_only_the_chain_tells_is_found_too(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    """As after a rebuild: the queue is empty, the index is not."""
    file = patient.write(NOTE, category="conditions")
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    parts_index(place)
    with place.node.database.engine.begin() as connection:  # type: ignore[attr-defined]
        connection.exec_driver_sql("DELETE FROM outbox")
    told = browser_of(app).sign_in(doctor).post("/api/charts", asked(place, patient, grant.signed))
    assert [letter["digest"] for letter in told["envelopes"]] == [hex0x(file.digest)]


def parts_index(place: Place) -> None:
    """Have the place's index follow its chain."""
    indexer = Indexer(
        source=FollowedChain(place.rpc, place.deployment),
        index=place.node.database,  # type: ignore[arg-type]
        bodies=place.node.bodies,
    )
    indexer.follow()
    while indexer.read_manifests(0):
        pass


@pytest.mark.asvs("8.2.1", "8.2.2")
def test_without_a_permission_nobody_fetches_anything(
    place: Place, app: Flask, patient: Person, doctor: Person, stranger: Person
) -> None:
    patient.write(NOTE, category="conditions")
    grant = patient.grant(doctor.address, category="conditions").signed
    question = asked(place, patient, grant)
    refused = browser_of(app).sign_in(stranger).error("POST", "/api/charts", question)
    assert refused == (403, "NotTheViewer")
    browser = browser_of(app).sign_in(doctor)
    other = question | {"patient": stranger.address}
    assert browser.error("POST", "/api/charts", other) == (403, "OutsideGrant")


def tampered() -> list[Any]:
    """Permissions that do not stand: overrides, and the error."""
    now = int(time.time())
    return [
        pytest.param({"expires_at": now - 1}, "GrantExpired", id="over"),
        pytest.param({"not_before": now + HOUR}, "GrantNotYetValid", id="not begun"),
        pytest.param({"rights": ADD}, "ViewingNotGranted", id="to add only"),
        pytest.param({"nonce": 7 << 192 | 1}, "GrantTagReplaced", id="of another tag"),
    ]


@pytest.mark.asvs("8.2.2", "8.3.1")
@pytest.mark.parametrize(("overrides", "error"), tampered())
def test_a_permission_that_does_not_stand_fetches_nothing(
    place: Place,
    app: Flask,
    patient: Person,
    doctor: Person,
    overrides: dict[str, Any],
    error: str,
) -> None:
    signed = patient.sign(make_grant(patient, viewer=doctor.address, **overrides))
    browser = browser_of(app).sign_in(doctor)
    refused = browser.error("POST", "/api/charts", asked(place, patient, signed))
    assert refused == (403, error)


@pytest.mark.asvs("8.2.2", "8.3.1")
def test_a_forged_permission_fetches_nothing(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    signed = doctor.sign(make_grant(patient, viewer=doctor.address))
    browser = browser_of(app).sign_in(doctor)
    refused = browser.error("POST", "/api/charts", asked(place, patient, signed))
    assert refused == (403, "ForeignSignature")
    genuine = patient.sign(make_grant(patient, viewer=doctor.address))
    changed = replace(genuine, statement=replace(genuine.statement, category="genetics"))
    refused = browser.error("POST", "/api/charts", asked(place, patient, changed))
    assert refused == (403, "ForeignSignature")


@pytest.mark.asvs("8.3.1")
@pytest.mark.parametrize("is_mined", [False, True])
def test_a_permission_that_was_taken_back_fetches_nothing_from_then_on(
    place: Place, app: Flask, patient: Person, doctor: Person, is_mined: bool
) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    browser, question = browser_of(app).sign_in(doctor), asked(place, patient, grant.signed)
    browser.post("/api/charts", question)
    patient.revoke(grant)
    if is_mined:
        place.settle()
    assert browser.error("POST", "/api/charts", question) == (403, "GrantRevoked")


@pytest.mark.parametrize("is_mined", [False, True])
def test_when_all_was_taken_back_nothing_is_fetched(
    place: Place, app: Flask, patient: Person, doctor: Person, is_mined: bool
) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    patient.revoke_all()
    if is_mined:
        place.settle()
    refused = (
        browser_of(app)
        .sign_in(doctor)
        .error("POST", "/api/charts", asked(place, patient, grant.signed))
    )
    assert refused == (403, "GrantTagReplaced" if is_mined else "GrantRevoked")


def test_a_permission_that_an_older_key_gave_holds_where_it_is_anchored(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    anchored = patient.grant(doctor.address, category="conditions")
    place.settle()
    late = patient.sign(make_grant(patient, viewer=doctor.address))
    patient.rotate(new_wallet())
    place.settle()
    browser = browser_of(app).sign_in(doctor)
    browser.post("/api/charts", asked(place, patient, anchored.signed))
    refused = browser.error("POST", "/api/charts", asked(place, patient, late))
    assert refused == (403, "ForeignSignature")
