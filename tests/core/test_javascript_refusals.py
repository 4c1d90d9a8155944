"""What Python refuses, JavaScript refuses; what has one reading has the same one in both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from app.core.content import elements_of
from app.core.encoding import from_hex, hex0x
from app.core.envelopes import LARGEST, PURPOSE, open_envelope
from app.core.errors import MalformedSeal
from app.core.keys import derive
from app.core.sealing import BodyKey, seal_bytes
from scripts.golden.parties import PATIENT, VIEWER
from scripts.golden.sealed import CONTEXT, HALVES, context_json
from scripts.golden.source import Document, counting, damage, damage_document, damage_text, load
from tests.core.javascript import JavaScript, Refused, read_file
from tests.core.javascript import js as js  # a fixture is found by its name

STATEMENTS, TREES, KEYS, BODIES = (load(n) for n in ("statements", "trees", "keys", "bodies"))
SHEETS, ENVELOPES, DOCUMENTS, VAULTS = (
    load(n) for n in ("sheets", "envelopes", "documents", "vaults")
)
BODY_KEY = BodyKey.of(HALVES, CONTEXT)
HALF_KEYS = {"a": HALVES.a, "b": HALVES.b, "context": context_json(CONTEXT)}


def _put(js: JavaScript, case: Document) -> Any:
    """Put one refusal of the vectors to JavaScript."""
    of, steps, given = case["of"], case["steps"], case.get("with", {})
    match of:
        case "file":
            return read_file(js, damage_document(json.loads(STATEMENTS["file"]), steps))
        case "signature":
            entry = STATEMENTS["signature"]
            return js.ask(
                "recover",
                digest=entry["digest"],
                signature=damage(from_hex(entry["signature"]), steps),
            )
        case "manifest":
            return js.ask("read manifest", manifest=damage(from_hex(TREES["manifest"]), steps))
        case "a half":
            asked = {"seed": KEYS["recipientSeed"], "info": b"chartkey vector a half"} | given
            return js.ask("open", sealed=damage(from_hex(KEYS["sealed"][of]), steps), **asked)
        case "publicKey":
            key = damage(from_hex(KEYS["publicKey"]), steps)
            return js.ask("seal", key=key, plaintext="0x", info="0x")
        case "sheet":
            asked = {"kind": 1, "seed": SHEETS["opens"][0]["seed"]} | given
            return js.ask("open slot", sheet=damage(from_hex(SHEETS["sealed"][of]), steps), **asked)
        case "release":
            named = SHEETS["release"] | given
            info = js.ask("release info", **named)
            sealed = damage(from_hex(SHEETS["sealed"][of]), steps)
            return js.ask("open", seed=named["viewerSeed"], sealed=sealed, info=info)
        case "envelope" | "two secrets":
            envelope = damage(from_hex(ENVELOPES["sealed"][of]), steps)
            return js.ask(
                "open envelope", envelope=envelope, **{"seeds": ENVELOPES["seeds"]} | given
            )
        case "identity" | "withoutCustodians":
            return js.ask("identity keys", document=damage_text(DOCUMENTS[of], steps))
        case "category" | "withoutKeys":
            return js.ask("category keys", document=damage_text(DOCUMENTS[of], steps))
        case "passphraseLock":
            asked = {"passphrase": VAULTS["passphrase"]} | given
            return js.ask("open passphrase lock", lock=damage_document(VAULTS[of], steps), **asked)
        case "walletLock":
            asked = VAULTS["wallet"] | given
            return js.ask("open wallet lock", lock=damage_document(VAULTS[of], steps), **asked)
        case _:
            sealed = damage(seal_bytes(counting(int(of)), BODY_KEY), steps)
            context = context_json(CONTEXT) | given.get("context", {})
            return js.ask(
                "open body hash", sealed=sealed, **HALF_KEYS | given | {"context": context}
            )


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case['of']} {case['why']}")
        for document in (STATEMENTS, TREES, KEYS, BODIES, SHEETS, ENVELOPES, DOCUMENTS, VAULTS)
        for case in document["refusals"]
    ],
)
def test_javascript_refuses_what_python_refuses(js: JavaScript, case: Document) -> None:
    with pytest.raises(Refused) as refused:
        _put(js, case)
    assert refused.value.error == case["error"]


@pytest.mark.parametrize("entry", STATEMENTS["session"]["not"], ids=lambda e: e["why"])
def test_neither_takes_another_form_for_a_session_signature(
    js: JavaScript, entry: Document
) -> None:
    session = {name: STATEMENTS["session"][name] for name in ("publicKey", "digest", "signature")}
    assert js.ask("session signature", **session) is True
    assert js.ask("session signature", **session | entry) is False


@pytest.mark.parametrize("entry", TREES["notProven"], ids=lambda e: e["why"])
def test_neither_takes_parts_of_another_length_for_a_proof(js: JavaScript, entry: Document) -> None:
    assert js.ask("proven", **entry) is False


def _envelope_of(length: int) -> bytes:
    slots = b"".join(VIEWER.public.seal(bytes(32), PURPOSE) for _ in range(4))
    okm = derive(bytes(32), b"chartkey/envelope-key/1", 64)
    head = b"CKE\x01\x04" + slots + okm[32:] + bytes(12)
    return head + AESGCM(okm[:32]).encrypt(bytes(12), b'{"a":1}'.ljust(length), head)


def test_both_read_the_longest_envelope(js: JavaScript) -> None:
    envelope = _envelope_of(LARGEST)
    assert js.ask("open envelope", envelope=envelope, seeds=[VIEWER.seed]) == '{"a":1}'
    assert open_envelope(envelope, VIEWER) == {"a": 1}


@pytest.mark.parametrize("length", [LARGEST + 1, 2 * LARGEST])
def test_neither_reads_an_envelope_that_is_longer(js: JavaScript, length: int) -> None:
    envelope = _envelope_of(length)
    with pytest.raises(Refused, match="too long"):
        js.ask("open envelope", envelope=envelope, seeds=[VIEWER.seed])
    with pytest.raises(MalformedSeal, match="too long"):
        open_envelope(envelope, VIEWER)


def test_a_key_that_an_envelope_does_not_commit_to_is_named_by_both(js: JavaScript) -> None:
    envelope = from_hex(ENVELOPES["sealed"]["two secrets"])
    opened = js.ask("open envelope", envelope=envelope, seeds=[PATIENT.seed])
    assert opened == ENVELOPES["contents"]
    with pytest.raises(Refused, match="commits"):
        js.ask("open envelope", envelope=envelope, seeds=[VIEWER.seed])
    with pytest.raises(MalformedSeal, match="commits"):
        open_envelope(envelope, VIEWER)


FRAGMENTS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b" ", b"\n", b"\x0b", b"\x00", b"\xef\xbb\xbf", b"\xff"),
    *(b'"', b'"a"', rb'"\u0061"', rb'"\ud83d\udd11"', rb'"\ud83d"', b'"__proto__"', b'"/~"', b"\\"),
    *(b"0", b"1", b"-", b".", b"e", b"E+", b"\xd9\xa1", b"true", b"null", b"NaN", b"Infinity"),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
DOCUMENTS_OF_ANY_SHAPE = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join))
def test_scraps_of_json_are_read_alike(js: JavaScript, scraps: bytes) -> None:
    _require_alike(js, scraps)


@given(DOCUMENTS_OF_ANY_SHAPE, st.booleans())
def test_documents_of_any_shape_are_read_alike(
    js: JavaScript, document: Any, escaped: bool
) -> None:
    _require_alike(js, json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


def _require_alike(js: JavaScript, body: bytes) -> None:
    kind, elements = elements_of(body)
    answer = js.ask("elements", body=body, secret="0x" + "11" * 32)

    assert answer["kind"] == kind
    assert answer["elements"] == {path: hex0x(value) for path, value in elements.items()}
