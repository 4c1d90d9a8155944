"""Tests of signatures: each way in which one can be wrong, and the statement file."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from eth_account import Account
from eth_typing import Hash32
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import (
    MalformedSignature,
    MalformedStatement,
    MalleableSignature,
    StatementError,
    UnknownStatement,
)
from app.core.signatures import (
    LONGEST_PROOF,
    Proof,
    is_session_signature,
    parse_signed,
    recover,
    session_key_id,
    signed_json,
)
from tests.makers import (
    DOMAINS,
    HALF_ORDER,
    Browser,
    Person,
    high_s,
    make_account,
    make_browser,
    make_grant,
    make_person,
    make_record,
    salt,
    sign_access,
    sign_grant,
)

DIGEST = salt("digest")


def signature_of(digest: bytes = DIGEST) -> bytes:
    """A good signature."""
    return bytes(make_account("signer").unsafe_sign_hash(Hash32(digest)).signature)


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_the_address_that_signed_is_recovered(secret: bytes, digest: bytes) -> None:
    if not 0 < int.from_bytes(secret, "big") <= 2 * HALF_ORDER:
        return
    account = Account.from_key(secret)
    assert recover(digest, bytes(account.unsafe_sign_hash(digest).signature)) == account.address


def test_a_wallet_signing_typed_data_is_recovered(patient: Person, doctor: Person) -> None:
    grant = make_grant(patient, doctor)
    signed = patient.account.sign_typed_data(full_message=grant.typed_data(DOMAINS.consent))
    assert recover(DOMAINS.digest(grant), bytes(signed.signature)) == patient.id


def test_another_digest_recovers_somebody_else() -> None:
    assert recover(salt("other"), signature_of()) != make_account("signer").address


@pytest.mark.parametrize("length", [0, 1, 63, 64, 66, 130])
def test_a_signature_of_another_length_is_malformed(length: int) -> None:
    with pytest.raises(MalformedSignature):
        recover(DIGEST, (signature_of() * 2)[:length])


@pytest.mark.parametrize("v", [0, 1, 2, 26, 29, 255])
def test_a_recovery_id_other_than_27_or_28_is_malformed(v: int) -> None:
    with pytest.raises(MalformedSignature):
        recover(DIGEST, signature_of()[:64] + bytes([v]))


def test_a_high_s_signature_is_malleable() -> None:
    with pytest.raises(MalleableSignature):
        recover(DIGEST, high_s(signature_of()))


def test_the_border_between_low_and_high_s_is_half_the_order() -> None:
    r = signature_of()[:32]
    with pytest.raises(MalleableSignature):
        recover(DIGEST, r + (HALF_ORDER + 1).to_bytes(32, "big") + b"\x1b")
    assert recover(DIGEST, r + HALF_ORDER.to_bytes(32, "big") + b"\x1b").startswith("0x")


@pytest.mark.parametrize(
    ("r", "s"), [(0, 1), (1, 0), (0, 0), (2**256 - 1, 1), (2 * HALF_ORDER + 1, 1)]
)
def test_a_signature_that_is_no_curve_point_is_malformed(r: int, s: int) -> None:
    with pytest.raises(MalformedSignature):
        recover(DIGEST, r.to_bytes(32, "big") + s.to_bytes(32, "big") + b"\x1b")


@given(st.binary(min_size=64, max_size=64), st.sampled_from([27, 28]))
def test_any_65_bytes_recover_an_address_or_a_typed_error(body: bytes, v: int) -> None:
    with contextlib.suppress(MalformedSignature, MalleableSignature):
        assert len(recover(DIGEST, body + bytes([v]))) == 42


def test_a_browsers_signature_is_recognized(
    browser: Browser, doctor: Person, patient: Person
) -> None:
    access = sign_access(doctor, [make_record(patient, doctor)]).statement
    digest, signature = DOMAINS.digest(access), browser.sign(access).signature
    assert is_session_signature(browser.public_key, digest, signature)
    assert not is_session_signature(make_browser(2).public_key, digest, signature)
    assert not is_session_signature(browser.public_key, salt("other"), signature)
    assert not is_session_signature(browser.public_key, digest, signature[:-1])
    assert not is_session_signature(browser.public_key, digest, bytes(64))
    assert not is_session_signature(browser.public_key, digest, signature + b"\x00")
    assert not is_session_signature(browser.public_key[:-1], digest, signature)
    assert not is_session_signature(b"", digest, signature)
    assert not is_session_signature(b"\x04" + bytes(64), digest, signature)


def test_a_session_key_is_the_whole_uncompressed_point(
    browser: Browser, doctor: Person, patient: Person
) -> None:
    access = sign_access(doctor, [make_record(patient, doctor)]).statement
    digest, signature = DOMAINS.digest(access), browser.sign(access).signature
    point, odd = browser.public_key, browser.public_key[-1] & 1
    assert is_session_signature(point, digest, signature)
    for other in (
        bytes([2 + odd]) + point[1:33],
        *(bytes([first]) + point[1:] for first in (0, 2, 3, 5, 6, 7)),
        point[1:],
        point + b"\x00",
    ):
        assert not is_session_signature(other, digest, signature)


def test_a_session_key_is_named_by_the_hash_of_its_point(browser: Browser) -> None:
    assert len(browser.public_key) == 65
    assert session_key_id(browser.public_key) != session_key_id(make_browser(2).public_key)


@pytest.mark.parametrize(
    "proof",
    [
        None,
        Proof(root=salt("root"), path=()),
        Proof(root=salt("root"), path=(salt("a"), salt("b"))),
        Proof(root=salt("root"), path=(salt("a"),) * LONGEST_PROOF),
    ],
    ids=lambda proof: str(proof and len(proof.path)),
)
def test_a_statement_file_reads_back(patient: Person, doctor: Person, proof: Proof | None) -> None:
    signed = sign_grant(patient, doctor)
    written = json.loads(json.dumps(signed_json(signed, DOMAINS, proof)))
    assert parse_signed(written) == (signed, DOMAINS.consent, proof)


@pytest.mark.parametrize(
    "change",
    [
        {"chartkey": "statement/2"},
        {"chartkey": None},
        {"signature": None},
        {"signature": "zz"},
        {"typedData": None},
        {"typedData": []},
        {"root": "0x00"},
        {"root": "0x" + "00" * 32},
        {"root": "0x" + "00" * 32, "proof": None},
        {"root": "0x" + "00" * 32, "proof": 5},
        {"root": "0x" + "00" * 32, "proof": "0x00"},
        {"root": "0x" + "00" * 32, "proof": {}},
        {"root": "0x" + "00" * 32, "proof": ""},
        {"root": "0x" + "00" * 32, "proof": ["0x" + "00" * 31]},
        {"root": "0x" + "00" * 32, "proof": ["0x" + "00" * 32] * (LONGEST_PROOF + 1)},
        {"root": "0x" + "00" * 32, "proof": [5]},
    ],
    ids=lambda change: str(change)[:120],
)
def test_a_broken_statement_file_is_malformed(
    patient: Person, doctor: Person, change: dict[str, Any]
) -> None:
    with pytest.raises(MalformedStatement):
        parse_signed(signed_json(sign_grant(patient, doctor), DOMAINS) | change)


@pytest.mark.parametrize("part", ["chartkey", "typedData", "signature"])
def test_a_statement_file_without_a_part_is_malformed(
    patient: Person, doctor: Person, part: str
) -> None:
    document = signed_json(sign_grant(patient, doctor), DOMAINS)
    del document[part]
    with pytest.raises(MalformedStatement):
        parse_signed(document)


@pytest.mark.parametrize("document", [None, [], "text", 5])
def test_what_is_no_statement_file_is_malformed(document: Any) -> None:
    with pytest.raises(MalformedStatement):
        parse_signed(document)


def test_a_statement_file_of_an_unknown_type_is_refused(patient: Person, doctor: Person) -> None:
    document = signed_json(sign_grant(patient, doctor), DOMAINS)
    document["typedData"]["primaryType"] = "Permit"
    with pytest.raises(UnknownStatement):
        parse_signed(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        ["domain", "types", "primaryType", "message", "signature", "root", "proof", "chainId",
         "verifyingContract", "nonce", "patient", "category", "record"]
    ),
    JSON,
)  # fmt: skip
def test_a_statement_file_with_anything_in_it_is_read_or_refused_by_type(
    part: str, junk: Any
) -> None:
    signed = sign_grant(make_person("patient"), make_person("doctor"))
    document = json.loads(json.dumps(signed_json(signed, DOMAINS, Proof(root=salt(), path=()))))
    place = document
    for step in ("typedData", "domain", "message"):
        if part in ("domain", "types", "primaryType", "message") and step == "typedData":
            place = document[step]
        elif (part in ("chainId", "verifyingContract") and step == "domain") or (
            part in ("nonce", "patient", "category", "record") and step == "message"
        ):
            place = document["typedData"][step]
    place[part] = junk
    with contextlib.suppress(StatementError):
        parse_signed(document)
