"""Pages ask the contracts named questions, all at one block, and learn what a deployment is."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask import Flask

from app.client.person import Person
from app.core.consent import tag_of, word_of
from app.core.encoding import hex0x
from app.core.statements import CONSENT
from app.services.asking import FORMS, MOST_QUESTIONS
from tests.chain_fixtures import NOTE, Place
from tests.web.browsing import Browser, browser_of, make_site
from tests.web.test_charts import parts_index

SOMEBODY = "0x" + "12" * 20
DIGEST = "0x" + "34" * 32


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Anybody's."""
    return browser_of(app)


def ask(browser: Browser, *question: Any) -> Any:
    """The answer to one question."""
    [answer] = browser.post("/api/chain", {"questions": [list(question)]})["answers"]
    return answer


def test_answers_are_those_of_the_contracts_at_one_block(
    place: Place, browser: Browser, patient: Person, doctor: Person
) -> None:
    grant = patient.grant(doctor.address, category="conditions")
    place.settle()
    patient.revoke(grant)
    place.settle()
    view, nonce = place.chain.view(), grant.statement.nonce
    proof = place.node.proof(grant.digest)
    assert proof is not None
    questions = {
        ("speaks_for", patient.address, patient.wallet.address, "now"): True,
        ("speaks_for", patient.address, doctor.address, view.time): False,
        ("key_of", patient.address): patient.wallet.address,
        ("nonce_of", patient.address): 1,
        ("keys_hash", patient.address): hex0x(view.keys_hash(patient.address)),
        ("credential_role", doctor.address, "now"): 1,
        ("holds_credential", doctor.address, 1, "now"): True,
        ("holds_credential", doctor.address, 2, "now"): False,
        ("roles_of", doctor.address, "now"): ["practitioner"],
        ("roles_of", patient.address, "now"): [],
        ("is_registrar", place.registrar.address, 1, "now"): True,
        ("membership_ended_at", SOMEBODY, DIGEST): 0,
        ("tag", patient.address): str(tag_of(nonce)),
        ("revoked_bits", patient.address, str(word_of(nonce))): str(1 << (nonce & 0xFF)),
        ("retracted_at", patient.address, DIGEST): 0,
        ("accepts", SOMEBODY, DIGEST, "0x"): False,
        ("anchored_at", CONSENT, hex0x(proof.root)): view.anchored_at(CONSENT, proof.root),
        ("anchored_at", CONSENT, DIGEST): 0,
        ("governor",): place.chain_process.accounts[1].address,
    }
    assert {name for name, *_ in questions} | {"anchored_block"} == set(FORMS)
    told = browser.post("/api/chain", {"questions": [list(one) for one in questions]})
    assert dict(zip(questions, told["answers"], strict=True)) == questions
    assert (told["number"], told["time"]) == (view.number, view.time)


def test_the_block_of_an_anchor_comes_from_the_index(
    place: Place, browser: Browser, patient: Person
) -> None:
    file = patient.write(NOTE, category="conditions")
    place.settle()
    proof = place.node.proof(file.digest)
    assert proof is not None
    question = ("anchored_block", "RecordRegistry", hex0x(proof.root))
    assert ask(browser, *question) is None
    parts_index(place)
    assert ask(browser, *question) == place.node.settled[-1].receipt.block
    assert ask(browser, "anchored_block", "AuditTrail", hex0x(proof.root)) is None


@pytest.mark.asvs("2.2.1", "1.2.4")
@pytest.mark.parametrize(
    "question",
    [
        [],
        "key_of",
        ["no_such_question"],
        ["ask", "PeopleRegistry", "owner"],
        ["__class__"],
        ["key_of"],
        ["key_of", SOMEBODY, SOMEBODY],
        ["key_of", "0x12"],
        ["key_of", 7],
        ["key_of", None],
        ["speaks_for", SOMEBODY, SOMEBODY, -1],
        ["speaks_for", SOMEBODY, SOMEBODY, "soon"],
        ["speaks_for", SOMEBODY, SOMEBODY, 1.5],
        ["speaks_for", SOMEBODY, SOMEBODY, True],
        ["holds_credential", SOMEBODY, 0, "now"],
        ["holds_credential", SOMEBODY, 7, "now"],
        ["revoked_bits", SOMEBODY, "-1"],
        ["revoked_bits", SOMEBODY, 5],
        ["revoked_bits", SOMEBODY, str(1 << 256)],
        ["revoked_bits", SOMEBODY, "٣"],
        ["retracted_at", SOMEBODY, "0x34"],
        ["anchored_at", "PeopleRegistry", DIGEST],
        ["anchored_at", ["RecordRegistry"], DIGEST],
        ["accepts", SOMEBODY, DIGEST, "0x" + "00" * 5000],
    ],
)
def test_what_is_no_question_is_refused(browser: Browser, question: Any) -> None:
    refused = browser.error("POST", "/api/chain", {"questions": [question]})
    assert refused == (400, "MalformedStatement")


@pytest.mark.asvs("2.4.1")
def test_so_many_questions_are_answered_at_once(browser: Browser) -> None:
    one = ["key_of", hex0x(os.urandom(20))]
    told = browser.post("/api/chain", {"questions": [one] * MOST_QUESTIONS})
    assert len(told["answers"]) == MOST_QUESTIONS
    many = {"questions": [one] * (MOST_QUESTIONS + 1)}
    assert browser.error("POST", "/api/chain", many) == (400, "MalformedStatement")
    assert browser.post("/api/chain", {"questions": []})["answers"] == []


def test_while_the_chain_is_away_that_is_told(place: Place, browser: Browser) -> None:
    place.close_down()
    answer = browser.ask("POST", "/api/chain", json={"questions": [["governor"]]})
    assert (answer.status_code, answer.get_json()["error"]) == (503, "ChainUnreachable")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_deployment_tells_its_contracts_custodians_and_limits(place: Place) -> None:
    app = make_site(
        place, CHARTKEY_CUSTODIANS="https://one.example,https://two.example", CHARTKEY_NAME="Ward 7"
    )
    told = browser_of(app).get("/api/deployment")
    domains = place.chain.domains
    assert told["chainId"] == domains.chain_id
    assert told["contracts"]["consent"] == domains.consent.contract
    assert told["custodians"] == [{"url": "https://one.example"}, {"url": "https://two.example"}]
    assert (told["name"], told["trial"]) == ("Ward 7", True)


def test_what_became_of_many_statements_is_told_at_once(
    place: Place, browser: Browser, patient: Person
) -> None:
    anchored = patient.write(NOTE, category="conditions")
    place.settle()
    accepted = patient.write(NOTE, category="conditions")
    digests = [hex0x(anchored.digest), hex0x(accepted.digest), DIGEST]
    first, second, third = browser.post("/api/fates", {"digests": digests})["fates"]
    assert first == browser.get(f"/api/statements/{digests[0]}")
    assert (first["state"], second["state"], third) == ("anchored", "accepted", None)
    many = {"digests": [DIGEST] * 501}
    assert browser.error("POST", "/api/fates", many) == (400, "MalformedStatement")
