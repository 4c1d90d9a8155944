"""What a stranger sends, a node loses or a custodian withholds comes to nothing, and is told."""

from __future__ import annotations

import os

from playwright.sync_api import Route

from app.core.encoding import ZERO32, hex0x
from app.core.envelopes import seal_envelope
from app.core.people import IdentityKeys
from app.core.signatures import signed_json
from app.core.statements import VIEW, Access, Grant
from scripts.site import Site
from tests.browser.client.conftest import address_of
from tests.browser.client.device import Device

NOW = 1_795_000_000


def test_letters_that_nobody_signed_are_not_believed(patient: Device, site: Site) -> None:
    whose, stranger = address_of(patient), site.place.enrol()
    grant = Grant(
        patient=whose, viewer=stranger.address, category="vitals", record=ZERO32, purpose="TREAT",
        rights=VIEW, not_before=NOW, expires_at=2**40, nonce=1, salt=os.urandom(32),
    )  # fmt: skip
    access = Access(
        viewer=whose, grant=ZERO32, records=os.urandom(32), purpose="TREAT", at=NOW,
        salt=os.urandom(32),
    )  # fmt: skip
    domains = site.place.node.domains
    forged = [
        {"grant": signed_json(stranger.sign(grant), domains), "keys": []},
        {"access": signed_json(stranger.sign(access), domains), "records": [hex0x(os.urandom(32))]},
        {"grant": {"chartkey": "statement/1"}, "keys": "none"},
    ]
    keys = IdentityKeys.decode(site.place.node.document(site.place.node.view().keys_hash(whose)))
    for letter in forged:
        envelope = seal_envelope(letter, [keys.identity], os.urandom)
        site.place.node.deliver(whose, os.urandom(32), envelope)
    patient.write(title="The rest is still read")
    patient.until(lambda: patient.call("sync") is not None and patient.call("chart"))
    assert patient.call("grantsGiven", all=True) == []
    assert patient.call("openings")["openings"] == []


def test_an_altered_body_is_refused_and_named(patient: Device) -> None:
    record = patient.write()

    def alter(route: Route) -> None:
        answer = route.fetch()
        body = bytearray(answer.body())
        body[-1] ^= 1
        route.fulfill(response=answer, body=bytes(body))

    patient.page.context.route("**/api/bodies/*", alter)
    assert patient.refusal("openRecord", digest=record) == "BodyAltered"


def test_one_custodian_may_be_away_and_two_may_not(
    patient: Device, doctor: Device, site: Site
) -> None:
    record = patient.write()
    patient.give(address_of(doctor), category="vitals")
    doctor.until(lambda: [g for g in doctor.call("grantsHeld") if g["state"] != "accepted"])
    doctor.call("chart", patient=address_of(patient))
    first, second, _ = site.services.custodians
    doctor.page.context.route(f"{first}/**", lambda route: route.abort())
    opened = doctor.call("openRecord", digest=record)
    assert opened["json"]
    doctor.page.context.route(f"{second}/**", lambda route: route.abort())
    refusal = doctor.refusal("openRecord", digest=record, fresh=True)
    assert refusal == "NotEnoughShares"


def test_a_file_that_is_no_statement_is_refused_and_a_changed_one_does_not_hold(
    patient: Device,
) -> None:
    record = patient.write()
    patient.until(lambda: patient.call("statement", digest=record)["anchored"])
    file = patient.call("statement", digest=record)
    patient.call("signOut")  # an auditor needs no account
    assert patient.call("verifyStatement", text=file["text"])["verdict"] == "holds"
    message = {**file["json"]["typedData"]["message"], "category": "genetics"}
    changed = {**file["json"], "typedData": {**file["json"]["typedData"], "message": message}}
    assert patient.call("verifyStatement", json=changed)["verdict"] != "holds"
    assert patient.refusal("verifyStatement", text="{}") == "MalformedStatement"
