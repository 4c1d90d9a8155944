"""Owns the vectors of what is sealed for one reader: keys, bodies, content."""

from __future__ import annotations

import json
from hashlib import sha256, shake_256
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.content import Disclosure, content_root, disclose, elements_of, opaque_elements
from app.core.encoding import from_hex, hex0x, keccak
from app.core.keys import PrivateKey, category_key, identity_key
from app.core.sealing import BodyContext, BodyKey, Halves, seal_bytes, sealed_hash
from scripts.golden.signed import DOMAINS
from scripts.golden.source import Document, Kept, Row, counting, fixed, refusal

LOW_ORDER = (
    "00" * 32,
    "01" + "00" * 31,
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ec" + "ff" * 30 + "7f",
)
"""X25519 points that give zero with every private key (RFC 7748, section 6.1)."""
DRAFT_SEED = "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"
"""The first seed of Appendix C of draft-connolly-cfrg-xwing-kem."""
HALVES = Halves(a=fixed("half a"), b=fixed("half b"))
CONTEXT = BodyContext(
    registry=DOMAINS.records,
    patient="0x" + fixed("patient", 20).hex(),
    author="0x" + fixed("author", 20).hex(),
    category="laboratory",
    content_root=fixed("content root"),
)


def keys(before: Document) -> Document:
    """keys.json."""
    key, kept = PrivateKey(fixed("recipient")), Kept(before)
    messages = []
    for name, size in (("nothing", 0), ("a half", 32), ("a share", 33), ("a thousand bytes", 1000)):
        plaintext, info = fixed(name, size), f"chartkey vector {name}".encode()
        kept(
            name,
            lambda made, p=plaintext, i=info: key.open(made, i) == p,  # type: ignore[misc]
            lambda p=plaintext, i=info: key.public.seal(p, i),  # type: ignore[misc]
        )
        messages.append({"name": name, "plaintext": hex0x(plaintext), "info": hex0x(info)})
    return {
        "pairs": [_pair(bytes.fromhex(DRAFT_SEED), whole=True), _pair(fixed("recipient"))],
        "vaultSeed": hex0x(fixed("vault")),
        "identity": _derived(identity_key(fixed("vault"))),
        "categories": [
            {"category": name, "epoch": str(epoch)}
            | _derived(category_key(fixed("vault"), name, epoch))
            for name in ("laboratory", "mental-health")
            for epoch in (0, 1, 1 << 32)
        ],
        "recipientSeed": hex0x(key.seed),
        "messages": messages,
        "sealed": kept.sealed,
        "publicKey": hex0x(key.public.raw),
        "refusals": [
            refusal("the encapsulation altered", "SlotNotOpened", "a half", ["xor", 0, 1]),
            refusal("its X25519 part altered", "SlotNotOpened", "a half", ["xor", 1100, 1]),
            refusal(
                *("an X25519 part of zeros", "SlotNotOpened", "a half"),
                *(["put", 1088, hex0x(bytes(32))],),
            ),
            refusal("the ciphertext altered", "SlotNotOpened", "a half", ["xor", 1120, 128]),
            refusal("the tag altered", "SlotNotOpened", "a half", ["xor", 1167, 1]),
            refusal("cut off", "SlotNotOpened", "a half", ["cut", 1167, 1168]),
            refusal("cut to the encapsulation", "SlotNotOpened", "a half", ["cut", 1120, 1168]),
            refusal("empty", "SlotNotOpened", "a half", ["cut", 0, 1168]),
            refusal("a byte too many", "SlotNotOpened", "a half", ["add", "0x00"]),
            refusal("another purpose", "SlotNotOpened", "a half", info=hex0x(b"chartkey vector")),
            refusal("another key", "SlotNotOpened", "a half", seed=hex0x(fixed("stranger"))),
            refusal("a key of 31 bytes", "MalformedSeal", "a half", seed="0x" + "11" * 31),
            refusal("a public key cut off", "MalformedSeal", "publicKey", ["cut", 1215, 1216]),
            refusal(
                *("an ML-KEM key out of range", "MalformedSeal", "publicKey"),
                *(["put", 0, "0x" + "ff" * 3],),
            ),
            *(
                refusal(f"a point of low order: {point[:4]}", "MalformedSeal", "publicKey", step)
                for point in LOW_ORDER
                for step in (["put", 1184, "0x" + point],)
            ),
        ],
    }


def _pair(seed: bytes, *, whole: bool = False) -> Document:
    key = PrivateKey(seed)
    hashed = PrivateKey(shake_256(seed).digest(32))
    entry = {"seed": hex0x(seed), "id": hex0x(key.public.id)}
    # what a library's DeriveKeyPair makes of the same bytes, so that nobody takes it for ours
    entry["notThisId"] = hex0x(hashed.public.id)
    return entry | ({"publicKey": hex0x(key.public.raw)} if whole else {})


def _derived(key: PrivateKey) -> Document:
    return {"seed": hex0x(key.seed), "id": hex0x(key.public.id)}


def bodies(_: Document) -> Document:
    """bodies.json."""
    key = BodyKey.of(HALVES, CONTEXT)
    return {
        "a": hex0x(HALVES.a),
        "b": hex0x(HALVES.b),
        "context": context_json(CONTEXT),
        "key": hex0x(key.key),
        "commitment": hex0x(key.commitment),
        "prefix": hex0x(key.prefix),
        "header": hex0x(key.header),
        "contentSecret": hex0x(HALVES.content_secret),
        "bodies": [_body(key, n) for n in (0, 1, 65535, 65536, 65537, 131072, 200000)],
        "refusals": _body_refusals(),
    }


def context_json(context: BodyContext) -> dict[str, Any]:
    """What a body key is bound to, as vectors name it."""
    return {
        "chainId": context.registry.chain_id,
        "registry": context.registry.contract,
        "patient": context.patient,
        "author": context.author,
        "contentRoot": hex0x(context.content_root),
        "category": context.category,
    }


def _body(key: BodyKey, size: int) -> Document:
    plaintext = counting(size)
    sealed = seal_bytes(plaintext, key)
    entry = {
        "counting": size,
        "plaintextHash": hex0x(sha256(plaintext).digest()),
        "sealedSize": len(sealed),
        "sealedHash": hex0x(sealed_hash(sealed)),
    }
    return entry | ({"sealed": hex0x(sealed)} if size < 2 else {})


def _body_refusals() -> list[Document]:
    first, second, third = 40, 40 + 65552, 40 + 2 * 65552
    size = 40 + 200000 + 4 * 16
    rows: list[Row] = [
        ("another kind", "MalformedSeal", ["xor", 2, 1]),
        ("another version", "UnknownVersion", ["put", 3, "0x02"]),
        ("another suite", "UnknownSuite", ["put", 4, "0x02"]),
        ("a reserved byte set", "MalformedSeal", ["put", 7, "0x01"]),
        ("another commitment", "KeyNotOfBody", ["xor", 8, 1]),
        ("cut within the header", "MalformedSeal", ["cut", 39, size]),
        ("cut after the header", "BodyTruncated", ["cut", 40, size]),
        ("the first byte altered", "BodyAltered", ["xor", first, 1]),
        ("the first tag altered", "BodyAltered", ["xor", second - 1, 1]),
        ("the last byte altered", "BodyAltered", ["xor", size - 1, 128]),
        ("two segments swapped", "BodyAltered", ["swap", first, second, 65552]),
        ("a segment left out", "BodyAltered", ["cut", second, third]),
        ("cut after a segment", "BodyTruncated", ["cut", third, size]),
        ("cut within a segment", "BodyAltered", ["cut", third + 100, size]),
        ("cut within a tag", "BodyTruncated", ["cut", third + 15, size]),
        ("a byte too many", "BodyAltered", ["add", "0x00"]),
    ]
    key = BodyKey.of(HALVES, CONTEXT)
    empty = AESGCM(key.key).encrypt(key.nonce(1, last=True), b"", key.header)
    swapped = {"a": hex0x(HALVES.b), "b": hex0x(HALVES.a)}
    other = hex0x(fixed("other", 20))
    contexts = [
        ("another chain", {"chainId": 1}),
        ("another registry", {"registry": other}),
        ("another patient", {"patient": other}),
        ("another author", {"author": other}),
        ("another content", {"contentRoot": hex0x(fixed("other"))}),
        ("another category", {"category": "vitals"}),
    ]
    return [
        *(refusal(why, error, "200000", step) for why, error, step in rows),
        refusal("a whole body continued", "BodyTruncated", "65536", ["add", "0x" + "00" * 16]),
        refusal(
            *("an empty segment after a full one", "BodyAltered", "65537"),
            *(["cut", second, 40 + 65537 + 32], ["add", hex0x(empty)]),
        ),
        refusal("an empty body cut", "BodyTruncated", "0", ["cut", 55, 56]),
        refusal("the halves swapped", "KeyNotOfBody", "1", **swapped),
        *(refusal(why, "KeyNotOfBody", "1", context=change) for why, change in contexts),
    ]


_NUMBERS = (
    '{"resourceType":"Observation","value":[1.50,-0,0.0,1E+2,1e-7,123456789012345678901234567890]}'
)
JSON_TEXTS: tuple[tuple[str, bytes], ...] = (
    ("numbers keep their text", _NUMBERS.encode()),
    ("white space is no element", b' \t\r\n{ "a" : [ 1 , { } , [ ] ] }\n'),
    ("every scalar", b'{"s":"","t":true,"f":false,"z":null,"n":0}'),
    ("names that need escapes", b'{"":1,"/":2,"~":3,"~1":4,"a/b":{"~0":5}}'),
    ("escapes are decoded", rb'{"\u0061":"\u00e9\n\/\"\\\ud83d\udd11","b":"\u0000"}'),
    ("letters beyond ASCII", '{"é":"e\u0301 \U0001f511 \u2028"}'.encode()),
    ("composed and decomposed names differ", '{"é":1,"e\u0301":2}'.encode()),
    ("a bare string", b'"s"'),
    ("a bare number", b"-12.5e3"),
    ("an empty object", b"{}"),
    ("64 levels", b"[" * 65 + b"]" * 65),
    ("a scalar at level 64", b"[" * 64 + b"1" + b"]" * 64),
)
OPAQUE_TEXTS: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("a PDF's beginning", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"),
    ("a member named twice", b'{"a":1,"b":2,"a":1}'),
    ("a member named twice through an escape", rb'{"a":1,"\u0061":2}'),
    ("a lone high surrogate", rb'{"a":"\ud83d"}'),
    ("a lone low surrogate", rb'["\udd11\ud83d"]'),
    ("a lone surrogate in a name", rb'{"\ud800":1}'),
    ("a surrogate in UTF-8", b'["\xed\xa0\x80"]'),
    ("bytes that are not UTF-8", b'["\xff"]'),
    ("a byte order mark", b"\xef\xbb\xbf{}"),
    ("UTF-16", '{"a":1}'.encode("utf-16")),
    ("NaN", b"[NaN]"),
    ("minus infinity", b"[-Infinity]"),
    ("a trailing comma", b"[1,]"),
    ("a leading zero", b"[01]"),
    ("a leading plus", b"[+1]"),
    ("a point without digits", b"[1.]"),
    ("single quotes", b"{'a':1}"),
    ("a line end within a string", b'["\n"]'),
    ("a comment", b"[1] // one"),
    ("two values", b"{}{}"),
    ("a no-break space", "[1]\u00a0".encode()),
    ("a form feed", b"[1]\x0c"),
    ("an unknown escape", rb'["\x41"]'),
    ("65 levels", b"[" * 66 + b"]" * 66),
    ("a scalar at level 65", b"[" * 65 + b"1" + b"]" * 65),
)
LONG_TEXTS: tuple[tuple[str, str, list[tuple[bytes, int]], int], ...] = (
    ("100,000 levels", "opaque/1", [(b"[", 100_000)], 1),
    ("20,000 elements", "json/1", [(b"[", 1), (b"0,", 19_998), (b"0]", 1)], 20_000),
    ("20,001 elements", "opaque/1", [(b"[", 1), (b"0,", 19_999), (b"0]", 1)], 1),
    ("a string of 1 MiB", "json/1", [(b'"', 1), (b"a", (1 << 20) - 2), (b'"', 1)], 1),
    ("a string beyond 1 MiB", "opaque/1", [(b'"', 1), (b"a", (1 << 20) - 1), (b'"', 1)], 1),
)


def content(_: Document) -> Document:
    """content.json: short bodies as hexadecimal, long ones as runs of [bytes, times]."""
    secret = HALVES.content_secret
    taken_apart = []
    for name, body in JSON_TEXTS:
        elements = json_expected(body)
        taken_apart.append(
            {
                "name": name,
                "body": hex0x(body),
                "kind": "json/1",
                "elements": {path: hex0x(value) for path, value in elements.items()},
                "root": hex0x(content_root(elements, secret)),
            }
        )
    for name, body in OPAQUE_TEXTS:
        elements = opaque_elements(sha256(body).digest())
        taken_apart.append(
            {
                "name": name,
                "body": hex0x(body),
                "kind": "opaque/1",
                "elements": {path: hex0x(value) for path, value in elements.items()},
                "root": hex0x(content_root(elements, secret)),
            }
        )
    body = JSON_TEXTS[0][1]
    shown = disclose(elements_of(body)[1], secret, "/value/0")
    return {
        "secret": hex0x(secret),
        "bodies": taken_apart,
        "long": [
            {
                "name": name,
                "runs": [[hex0x(part), times] for part, times in runs],
                "kind": kind,
                "count": count,
            }
            for name, kind, runs, count in LONG_TEXTS
        ],
        "disclosure": {
            "body": hex0x(body),
            "path": shown.path,
            "value": hex0x(shown.value),
            "salt": hex0x(shown.salt),
            "proof": [hex0x(step) for step in shown.proof.path],
            "root": hex0x(shown.proof.root),
        },
        "notDisclosed": [
            [["set", "/path", "/value/1"]],
            [["set", "/value", hex0x(b"n1.5")]],
            [["set", "/salt", hex0x(fixed("other"))]],
            [["set", "/root", hex0x(fixed("other"))]],
            [["set", "/proof/0", hex0x(fixed("other"))]],
            [["drop", "/proof/0"]],
            *(_alone_with_salt(shown, fixed("other", size)) for size in (0, 31, 33)),
        ],
    }


def _alone_with_salt(shown: Disclosure, salt: bytes) -> list[list[Any]]:
    """Steps to a disclosure that holds but for its salt's length."""
    path, value = (sha256(part).digest() for part in (shown.path.encode(), shown.value))
    root = keccak(b"\x00" + salt + path + value)
    return [["set", "/salt", hex0x(salt)], ["set", "/proof", []], ["set", "/root", hex0x(root)]]


def long_body(runs: list[list[Any]]) -> bytes:
    """The body that runs of [bytes, times] describe."""
    return b"".join(from_hex(part) * times for part, times in runs)


def json_expected(body: bytes) -> dict[str, bytes]:
    """The elements of a body that is known to be JSON."""
    kind, elements = elements_of(body)
    if kind != "json/1":
        raise ValueError(json.dumps(body.decode()))
    return elements
