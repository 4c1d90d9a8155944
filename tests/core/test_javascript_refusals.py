"""What Python refuses, JavaScript refuses; what has one reading has the same one in both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.content import elements_of
from app.core.encoding import canonical_json, from_hex, hex0x
from app.core.sealing import BodyKey, seal_bytes
from scripts.golden.sealed import CONTEXT, HALVES, context_json
from scripts.golden.source import Document, counting, damage, damage_document, load
from tests.core.javascript import JavaScript, Refused, read_file
from tests.core.javascript import js as js  # a fixture is found by its name

STATEMENTS, TREES, KEYS, BODIES = (load(n) for n in ("statements", "trees", "keys", "bodies"))
SHEETS, ENVELOPES, DOCUMENTS, VAULTS = (load(n) for n in ("sheets", "envelopes", "documents", "vaults"))
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
                "recover", digest=entry["digest"], signature=damage(from_hex(entry["signature"]), steps)
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
        case "envelope":
            envelope = damage(from_hex(ENVELOPES["sealed"][of]), steps)
            return js.ask("open envelope", envelope=envelope, **{"seeds": ENVELOPES["seeds"]} | given)
        case "identity" | "category":
            document = damage_document(json.loads(DOCUMENTS[of]), steps)
            return js.ask(f"{of} keys", document=canonical_json(document))
        case "passphraseLock":
            asked = {"passphrase": VAULTS["passphrase"]} | given
            return js.ask("open passphrase lock", lock=damage_document(VAULTS[of], steps), **asked)
        case "walletLock":
            return js.ask(
                "open wallet lock", lock=damage_document(VAULTS[of], steps), **VAULTS["wallet"] | given
            )
        case _:
            sealed = damage(seal_bytes(counting(int(of)), BODY_KEY), steps)
            context = context_json(CONTEXT) | given.get("context", {})
            return js.ask("open body hash", sealed=sealed, **HALF_KEYS | given | {"context": context})


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=f"{case['of']} {case['why']}")
        for document in (STATEMENTS, TREES, KEYS, BODIES, SHEETS, ENVELOPES, DOCUMENTS, VAULTS)
        for case in document["refusals"]
    ],
)
def test_javascript_refuses_what_python_refuses(js: JavaScript, case: Document) -> None:
    with pytest.raises(Refused):
        _put(js, case)


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
def test_documents_of_any_shape_are_read_alike(js: JavaScript, document: Any, escaped: bool) -> None:
    _require_alike(js, json.dumps(document, ensure_ascii=escaped).encode("utf-8", "surrogatepass"))


def _require_alike(js: JavaScript, body: bytes) -> None:
    kind, elements = elements_of(body)
    answer = js.ask("elements", body=body, secret="0x" + "11" * 32)

    assert answer["kind"] == kind
    assert answer["elements"] == {path: hex0x(value) for path, value in elements.items()}
