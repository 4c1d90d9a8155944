"""Whatever the browser writes, Python reads: records, letters, documents, locks, a whole opening."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.client import letters
from app.core.consent import tag_of
from app.core.content import content_root, elements_of
from app.core.custody import decide, release
from app.core.encoding import from_hex, hex0x
from app.core.envelopes import open_envelope
from app.core.errors import GrantRevoked, KeyNotOfBody
from app.core.keys import PrivateKey
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.sealing import BodyContext, BodyKey, Halves, open_bytes, sealed_hash
from app.core.sheets import Kind, require_complete, require_newest
from app.core.signatures import Signed, parse_signed, recover
from app.core.statements import Revocation
from app.core.vault import open_with_passphrase, vault_from_phrase
from app.core.wire import read_request, write_release
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.makers import CHAIN_ID, DOMAINS, NOTE, NOW, Person, anchor
from tests.openings import make_recipients

EPOCH = 3
WHERE = {
    "chainId": CHAIN_ID,
    "contracts": {
        name: getattr(DOMAINS, name).contract for name in ("people", "records", "consent", "audit")
    },
}
LARGE = bytes(range(256)) * 1100
"""More than four segments, and no JSON."""


def _given(person: Person) -> dict[str, Any]:
    return {"privateKey": hex0x(bytes(person.account.key)), "seed": hex0x(person.vault.seed)}


def _write(js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person, body: bytes) -> Any:
    return js.ask(
        "write all",
        **WHERE,
        patient=_given(patient),
        doctor=_given(doctor),
        custodians=[key.public.raw for key in patient.custodians],
        threshold=patient.threshold,
        tag=str(chain.view().tag(patient.id)),
        body=body,
        now=NOW,
    )


@pytest.fixture
def written(js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person) -> Any:
    """One of everything that the browsers of a doctor and a patient write."""
    return _write(js, chain, patient, doctor, NOTE)


def _letter(written: Any, name: str, person: Person) -> dict[str, Any]:
    return open_envelope(from_hex(written["envelopes"][name]), person.identity)


@pytest.mark.parametrize("body", [NOTE, LARGE, b""], ids=["a note", "a large file", "nothing"])
def test_python_opens_a_record_that_a_browser_sealed(
    js: JavaScript, chain: MemoryChain, patient: Person, doctor: Person, body: bytes
) -> None:
    written = _write(js, chain, patient, doctor, body)
    file = letters.read_record(_letter(written, "record", patient), DOMAINS)
    assert file is not None
    record, sealed = file.statement, from_hex(written["sealed"])
    sheet_signed, _, _ = parse_signed(written["sheetStatement"])
    sheet = require_newest(from_hex(written["sheet"]), sheet_signed.statement)
    halves = Halves(
        a=sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", EPOCH)),
        b=sheet.open(Kind.B_FOR_PATIENT, patient.identity),
    )
    context = BodyContext(
        registry=DOMAINS.records,
        patient=record.patient,
        author=record.author,
        category=record.category,
        content_root=record.content_root,
    )
    kind, elements = elements_of(body)

    require_complete(sheet, make_recipients(patient, doctor.identity.public, epoch=EPOCH))
    assert sheet.open(Kind.A_FOR_AUTHOR, doctor.identity) == halves.a
    assert open_bytes(sealed, BodyKey.of(halves, context)) == body
    assert sealed_hash(sealed) == record.sealed_hash
    assert content_root(elements, halves.content_secret) == record.content_root
    assert (file.content, file.size, file.title) == (kind, len(body), "Sodium é \U0001f511")
    assert (file.address, file.occurred) == ("bafkreigexample", "2026-11-20")
    assert recover(file.digest, file.signed.signature) == doctor.id == record.author
    assert hex0x(file.digest) == written["digest"]
    assert file.letter(DOMAINS) == _letter(written, "record", doctor)
    with pytest.raises(KeyNotOfBody):
        open_bytes(sealed, BodyKey.of(Halves(a=halves.b, b=halves.a), context))


def test_python_reads_every_letter_of_a_browser(
    written: Any, chain: MemoryChain, patient: Person, doctor: Person
) -> None:
    grant = letters.read_grant(_letter(written, "grant", doctor), DOMAINS)
    narrow = letters.read_grant(_letter(written, "grant of one record", doctor), DOMAINS)
    member = letters.read_membership(_letter(written, "membership", doctor), DOMAINS)
    revocation = letters.read_revocation(_letter(written, "revocation", patient), DOMAINS)
    assert grant is not None
    assert narrow is not None
    assert member is not None
    assert revocation is not None

    assert tag_of(grant.statement.nonce) == chain.view().tag(patient.id)
    assert [key.seed for key in grant.keys] == [patient.vault.category("laboratory", EPOCH).seed]
    assert grant.letter(DOMAINS) == _letter(written, "grant", patient)
    assert narrow.record is not None
    assert hex0x(narrow.record.digest) == hex0x(narrow.statement.record) == written["digest"]
    assert hex0x(narrow.half_a) == written["halves"]["a"]
    assert narrow.membership == member
    assert narrow.letter(DOMAINS) == _letter(written, "grant of one record", patient)
    for signed, person in ((grant.signed, patient), (member, doctor), (revocation, patient)):
        assert recover(DOMAINS.digest(signed.statement), signed.signature) == person.id


def test_python_reads_a_browsers_request(written: Any, patient: Person, doctor: Person) -> None:
    signed, domain, _ = parse_signed(_letter(written, "request", patient)["request"])
    assert domain == DOMAINS.consent
    assert recover(DOMAINS.digest(signed.statement), signed.signature) == doctor.id
    assert signed.statement.reason == "Before the visit — thank you"


def test_python_reads_a_browsers_documents_and_locks(written: Any, patient: Person) -> None:
    identity, category = (from_hex(written[name]) for name in ("identityKeys", "categoryKeys"))
    keys = CategoryKeysDocument.decode(category)

    assert identity == patient.keys.encode()
    assert keys.epoch == EPOCH
    assert keys.keys["genetics"] == patient.vault.category("genetics", EPOCH).public
    assert CategoryKeysDocument(epoch=keys.epoch, keys=keys.keys).encode() == category
    assert open_with_passphrase(written["lock"], "five plain words") == patient.vault
    assert vault_from_phrase(written["phrase"]) == patient.vault


def _asked(js: JavaScript, chain: MemoryChain, written: Any, doctor: Person) -> Any:
    grant, _, _ = parse_signed(written["grant"])
    proof = anchor(chain, grant.statement)
    return js.ask(
        "ask custodians",
        **WHERE,
        doctor=_given(doctor),
        record=_letter(written, "record", doctor),
        grant=written["grant"],
        proof={"root": proof.root, "path": list(proof.path)},
        sheet=written["sheet"],
        patientKeys=from_hex(written["identityKeys"]).decode(),
        custodianIds=[
            key.id for key in IdentityKeys.decode(from_hex(written["identityKeys"])).custodians
        ],
        now=NOW,
    )


def test_custodians_release_to_a_browser_and_it_opens_the_record(
    js: JavaScript,
    chain: MemoryChain,
    written: Any,
    patient: Person,
    doctor: Person,
    custodians: tuple[PrivateKey, ...],
) -> None:
    asked = _asked(js, chain, written, doctor)
    assert document_hash(from_hex(asked["viewerKeys"])) == chain.view().keys_hash(doctor.id)
    releases = []
    for key, document in zip(custodians, asked["openings"], strict=True):
        request = read_request(json.loads(json.dumps(document)))
        approval = decide(request, domains=DOMAINS, view=chain.view(), clock=NOW)
        released = release(request, approval, key, DOMAINS.digest(request.access.statement))
        releases.append(write_release(released))
    finish = {
        "doctor": _given(doctor),
        "grantEnvelope": written["envelopes"]["grant"],
        "recordEnvelope": written["envelopes"]["record"],
        "sheet": written["sheet"],
        "sealed": written["sealed"],
        "access": asked["digest"],
    }

    opened = js.ask("finish", **WHERE, **finish, releases=releases[1:])
    assert from_hex(opened["body"]) == NOTE
    assert (opened["title"], opened["occurred"]) == ("Sodium é \U0001f511", "2026-11-20")
    opening = letters.read_opening(
        open_envelope(from_hex(asked["envelope"]), patient.identity), DOMAINS
    )
    assert opening is not None
    assert opening.session is not None
    assert [hex0x(digest) for digest in opening.records] == [written["digest"]]
    with pytest.raises(Refused) as refused:
        js.ask("finish", **WHERE, **finish, releases=releases[:1])
    assert refused.value.error == "WrongShare"


def test_a_browsers_revocation_takes_its_grant_back(
    js: JavaScript, chain: MemoryChain, written: Any, patient: Person, doctor: Person
) -> None:
    signed = letters.read_revocation(_letter(written, "revocation", patient), DOMAINS)
    assert isinstance(signed, Signed)
    assert isinstance(signed.statement, Revocation)
    [first, *_] = _asked(js, chain, written, doctor)["openings"]
    request = read_request(first)

    assert decide(request, domains=DOMAINS, view=chain.view(), clock=NOW).patient == patient.id
    with pytest.raises(GrantRevoked):
        decide(request, domains=DOMAINS, view=chain.view(), clock=NOW, heard=[signed.statement])
    chain.revoke(patient.id, signed.statement.word, signed.statement.mask)
    with pytest.raises(GrantRevoked):
        decide(request, domains=DOMAINS, view=chain.view(), clock=NOW)
