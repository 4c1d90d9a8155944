"""Owns the vectors of canonical JSON and of keys documents."""

from __future__ import annotations

from app.core.categories import CATEGORIES
from app.core.encoding import hex0x
from app.core.keys import PrivateKey
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.vault import Vault
from scripts.golden.source import Document, Row, fixed, refusal

CANONICAL = [
    ({"b": 1, "a": [True, False, None], "A": {}}, '{"A":{},"a":[true,false,null],"b":1}'),
    ({"10": 1, "9": 2, "": 3}, '{"":3,"10":1,"9":2}'),
    ('\u0000\b\t\n\f\r\u001f"\\/\u007f', '"\\u0000\\b\\t\\n\\f\\r\\u001f\\"\\\\/\u007f"'),
    ("\u2028é\U0001f511", '"\u2028é\U0001f511"'),
    ([2**53, -(2**53), 0], "[9007199254740992,-9007199254740992,0]"),
]
NOT_CANONICAL = [{"é": 1}, [1.5], 2**53 + 2]


def documents(_: Document) -> Document:
    """documents.json."""
    vault = Vault(fixed("vault"))
    custodians = tuple(PrivateKey(fixed(f"custodian {i}")).public for i in range(1, 4))
    identity = IdentityKeys(identity=vault.identity.public, custodians=custodians, threshold=2)
    plain = IdentityKeys(identity=vault.identity.public)
    names = ("vitals", "laboratory")
    few = CategoryKeysDocument(epoch=7, keys={n: vault.category(n, 7).public for n in names})
    whole = CategoryKeysDocument(epoch=7, keys={n: vault.category(n, 7).public for n in CATEGORIES})
    return {
        "canonical": [{"value": value, "text": text} for value, text in CANONICAL],
        "notCanonical": NOT_CANONICAL,
        "vaultSeed": hex0x(vault.seed),
        "custodianSeeds": [hex0x(fixed(f"custodian {i}")) for i in range(1, 4)],
        "identity": identity.encode().decode(),
        "identityHash": hex0x(document_hash(identity.encode())),
        "withoutCustodians": plain.encode().decode(),
        "withoutCustodiansHash": hex0x(document_hash(plain.encode())),
        "category": few.encode().decode(),
        "categoryHash": hex0x(document_hash(few.encode())),
        "allCategoriesHash": hex0x(document_hash(whole.encode())),
        "withoutKeys": _WITHOUT_KEYS,
        "refusals": [*_document_refusals(), *_text_refusals(plain.encode())],
    }


_WITHOUT_KEYS = '{"chartkey":"category-keys/1","epoch":7,"keys":{}}'
_REWRITTEN: tuple[tuple[str, str | bytes], ...] = (
    ("a member twice", '{"chartkey":"category-keys/1","epoch":7,"epoch":7,"keys":{}}'),
    ("a member twice, and another the first time", _WITHOUT_KEYS.replace("7", '8,"epoch":7')),
    ("members out of order", '{"chartkey":"category-keys/1","keys":{},"epoch":7}'),
    ("white space", _WITHOUT_KEYS.replace(",", ", ")),
    ("a line end after it", _WITHOUT_KEYS + "\n"),
    ("an escape that is not needed", _WITHOUT_KEYS.replace("c", "\\u0063", 1)),
    ("an epoch of 7.0", _WITHOUT_KEYS.replace("7", "7.0")),
    ("an epoch of 7e0", _WITHOUT_KEYS.replace("7", "7e0")),
    ("an epoch of minus zero", _WITHOUT_KEYS.replace("7", "-0")),
    ("an epoch of 2^53", _WITHOUT_KEYS.replace("7", str(2**53))),
    ("an epoch beyond 2^53", _WITHOUT_KEYS.replace("7", str(2**53 + 1))),
    ("NaN", _WITHOUT_KEYS.replace("7", "NaN")),
    ("Infinity", _WITHOUT_KEYS.replace("7", "Infinity")),
    ("a byte order mark", "\ufeff" + _WITHOUT_KEYS),
    ("UTF-16", _WITHOUT_KEYS.encode("utf-16")),
    ("UTF-16 without its mark", _WITHOUT_KEYS.encode("utf-16-le")),
    ("UTF-32", _WITHOUT_KEYS.encode("utf-32-le")),
    ("a byte that is not UTF-8", _WITHOUT_KEYS.encode() + b"\xff"),
    ("nothing", b""),
)


def _text_refusals(identity: bytes) -> list[Document]:
    """What says the same, or nearly, in other bytes."""
    end, start = len(identity), identity.index(b'"threshold"')
    again = "0x" + (b"," + identity[start:]).hex()
    rows = [
        refusal(
            *(why, "MalformedSeal", "withoutKeys", ["cut", 0, len(_WITHOUT_KEYS)]),
            ["add", hex0x(text.encode() if isinstance(text, str) else text)],
        )
        for why, text in _REWRITTEN
    ]
    return [
        *rows,
        refusal(
            *("a member twice", "MalformedSeal", "withoutCustodians", ["cut", end - 1, end]),
            ["add", again],
        ),
        refusal("a line end after it", "MalformedSeal", "withoutCustodians", ["add", "0x0a"]),
    ]


def _document_refusals() -> list[Document]:
    again = hex0x(PrivateKey(fixed("custodian 1")).public.raw)
    identity: list[Row] = [
        ("another document", "UnknownVersion", ["set", "/chartkey", "identity-keys/2"]),
        ("no identity", "MalformedSeal", ["drop", "/identity"]),
        ("a member too many", "MalformedSeal", ["set", "/note", 1]),
        ("a key of two bytes", "MalformedSeal", ["set", "/identity", "0x1234"]),
        ("custodians that are no list", "MalformedSeal", ["set", "/custodians", {}]),
        ("a threshold of none", "MalformedSeal", ["set", "/threshold", 0]),
        ("a threshold beyond the custodians", "MalformedSeal", ["set", "/threshold", 4]),
        ("a custodian twice", "MalformedSeal", ["set", "/custodians", [again, again]]),
        ("a threshold as text", "MalformedSeal", ["set", "/threshold", "2"]),
    ]
    category: list[Row] = [
        ("another document", "UnknownVersion", ["set", "/chartkey", "identity-keys/1"]),
        ("a negative epoch", "MalformedSeal", ["set", "/epoch", -1]),
        ("an epoch as text", "MalformedSeal", ["set", "/epoch", "7"]),
        ("an unknown category", "MalformedSeal", ["set", "/keys/horoscope", "0x"]),
        ("a key of no bytes", "MalformedSeal", ["set", "/keys/vitals", "0x"]),
        ("keys that are no object", "MalformedSeal", ["set", "/keys", []]),
    ]
    return [
        *(refusal(why, error, "identity", step) for why, error, step in identity),
        *(refusal(why, error, "category", step) for why, error, step in category),
    ]
