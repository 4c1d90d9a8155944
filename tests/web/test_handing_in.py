"""Sheets and letters are taken from who may hand them in; a patient has a record erased."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.client.person import Person
from app.core.encoding import hex0x
from app.core.envelopes import open_envelope, seal_envelope
from app.core.sheets import sheet_hash
from app.core.statements import Retraction
from tests.chain_fixtures import NOTE, Place
from tests.web.browsing import Browser, b64, browser_of, file_of
from tests.web.test_charts import app as app  # a fixture is found by its name

# sheets and deliveries


def test_a_record_s_sheets_are_served_to_whoever_knows_its_digest(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    files = [patient.write(NOTE, category="conditions") for _ in range(2)]
    browser = browser_of(app).sign_in(doctor)
    digests = [hex0x(file.digest) for file in files]
    [told] = browser.get(f"/api/records/{digests[0]}/sheets")
    assert told["statement"]["typedData"]["message"]["record"] == digests[0]
    many = browser.post("/api/sheets/of", {"records": [*digests, hex0x(bytes(32))]})
    assert many["sheets"][digests[0]] == [told]
    assert many["sheets"][hex0x(bytes(32))] == []


def test_a_sheet_is_kept_where_its_signer_may_write_it(
    place: Place, app: Flask, patient: Person, stranger: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    [(signed, sheet)] = place.node.sheets(file.digest)
    given = {
        "statement": file_of(place, signed),
        "sheet": b64(sheet),
        "record": file_of(place, file.signed),
    }
    browser = browser_of(app).sign_in(patient)
    digest = browser.post("/api/sheets", given)["digest"]
    assert digest == hex0x(place.chain.domains.digest(signed.statement))
    forged = replace(
        signed, statement=replace(signed.statement, version=1, sheet_hash=sheet_hash(sheet))
    )
    forged = stranger.sign(forged.statement)
    told = browser.post("/api/sheets", [given, given | {"statement": file_of(place, forged)}])
    assert told[0] == {"digest": digest}
    assert told[1]["error"] == "ForeignSignature"
    refused = browser.error("POST", "/api/sheets", given | {"sheet": b64(b"plain text")})
    assert refused == (422, "MalformedSeal")


@pytest.mark.asvs("2.2.1", "5.2.2")
def test_only_envelopes_are_delivered(app: Flask, patient: Person, stranger: Person) -> None:
    envelope = seal_envelope({"note": "hello"}, [patient.vault.identity.public], os.urandom)
    given = {"person": patient.address, "digest": hex0x(bytes(32)), "envelope": b64(envelope)}
    sender = browser_of(app).sign_in(stranger)
    sender.post("/api/deliveries", given)
    [letter] = browser_of(app).sign_in(patient).get("/api/envelopes")["envelopes"]
    assert letter["envelope"] == b64(envelope)
    assert open_envelope(envelope, patient.vault.identity) == {"note": "hello"}
    for content in (b"", b"plain", envelope[:-1], envelope + b"x", b"CKE\x02" + envelope[4:]):
        assert _refused(sender, given | {"envelope": b64(content)})[0] == 422
    for wrong in ({"person": "0x12"}, {"digest": "0x12"}, {"envelope": "§"}, {"note": "x"}):
        assert _refused(sender, given | wrong)[0] == 400


def _refused(browser: Browser, given: dict[str, Any]) -> tuple[int, str]:
    return browser.error("POST", "/api/deliveries", given)


# erasing


@pytest.mark.asvs("8.2.2")
def test_a_patient_has_a_record_erased_and_nobody_else_has(
    place: Place, app: Flask, patient: Person, stranger: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    place.settle()
    statement = Retraction(person=patient.address, record=file.digest)
    given = {
        "record": file_of(place, file.signed),
        "retraction": file_of(place, patient.sign(statement)),
    }
    refused = browser_of(app).sign_in(stranger).error("POST", "/api/erasures", given)
    assert refused == (403, "NotThatPerson")
    browser = browser_of(app).sign_in(patient)
    forged = given | {"retraction": file_of(place, stranger.sign(statement))}
    assert browser.error("POST", "/api/erasures", forged) == (403, "ForeignSignature")
    assert place.node.bodies.holds(file.address)
    told = browser.post("/api/erasures", given)
    assert told["own"]["record"] == hex0x(file.digest)
    assert told["peers"] == []
    assert not place.node.bodies.holds(file.address)
