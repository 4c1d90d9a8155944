"""Owns the vectors of what parties share: shares, key sheets, releases, envelopes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.custody import release_purpose
from app.core.encoding import canonical_json, hex0x
from app.core.envelopes import PURPOSE, SLOT, open_envelope, seal_envelope
from app.core.errors import MalformedSeal, SlotNotOpened
from app.core.keys import PrivateKey, category_key, derive, identity_key
from app.core.sheets import Kind, Recipients, decode_sheet, sheet_hash, split, write_sheet
from scripts.golden.sealed import HALVES
from scripts.golden.source import Document, FixedRandom, Kept, Row, fixed, refusal

RECORD = fixed("record digest")
ACCESS = fixed("access digest")
EPOCH = 7
CATEGORY = category_key(fixed("vault"), "laboratory", EPOCH)
PATIENT = identity_key(fixed("vault"))
AUTHOR = identity_key(fixed("author's vault"))
VIEWER = identity_key(fixed("viewer's vault"))
CUSTODIANS = tuple(PrivateKey(fixed(f"custodian {i}")) for i in range(1, 4))
RECIPIENTS = Recipients(
    category=CATEGORY.public,
    epoch=EPOCH,
    patient=PATIENT.public,
    custodians=tuple(key.public for key in CUSTODIANS),
    threshold=2,
    authors=(AUTHOR.public,),
)
SHARES = split(HALVES.b, 2, 3, FixedRandom("shares"))
OPENS: tuple[tuple[Kind, PrivateKey, bytes], ...] = (
    (Kind.A_FOR_CATEGORY, CATEGORY, HALVES.a),
    (Kind.A_FOR_AUTHOR, AUTHOR, HALVES.a),
    *((Kind.SHARE_OF_B, key, share) for key, share in zip(CUSTODIANS, SHARES, strict=True)),
    (Kind.B_FOR_PATIENT, PATIENT, HALVES.b),
)


def sheets(before: Document) -> Document:
    """sheets.json."""
    kept, custodian = Kept(before), CUSTODIANS[0]
    sheet = kept("sheet", _is_sheet, _sheet)
    purpose = release_purpose(ACCESS, RECORD, custodian.public.id, VIEWER.public.id)
    kept(
        "release",
        lambda made: VIEWER.open(made, purpose) == SHARES[0],
        lambda: VIEWER.public.seal(SHARES[0], purpose),
    )
    return {
        "shares": [_sharing(t, n) for t, n in ((1, 1), (1, 3), (2, 3), (3, 5), (5, 5), (2, 32))],
        "record": hex0x(RECORD),
        "version": "0",
        "epoch": str(EPOCH),
        "threshold": 2,
        "sealed": kept.sealed,
        "sheetHash": hex0x(sheet_hash(sheet)),
        "opens": [
            {"kind": int(kind), "seed": hex0x(key.seed), "secret": hex0x(secret)}
            for kind, key, secret in OPENS
        ],
        "release": {
            "access": hex0x(ACCESS),
            "record": hex0x(RECORD),
            "custodian": hex0x(custodian.public.id),
            "viewer": hex0x(VIEWER.public.id),
            "viewerSeed": hex0x(VIEWER.seed),
            "share": hex0x(SHARES[0]),
        },
        "refusals": [*_sheet_refusals(), *_release_refusals()],
    }


def _sheet() -> bytes:
    random = FixedRandom("shares")
    return write_sheet(
        record=RECORD, version=0, halves=HALVES, to=RECIPIENTS, random=random
    ).encode()


def _is_sheet(made: bytes) -> bool:
    sheet = decode_sheet(made)
    head = (sheet.record, sheet.version, sheet.epoch, sheet.threshold, sheet.shares)
    opened = [sheet.open(kind, key) == secret for kind, key, secret in OPENS]
    return head == (RECORD, 0, EPOCH, 2, 3) and len(sheet.slots) == len(OPENS) and all(opened)


def _sharing(threshold: int, count: int) -> Document:
    secret = fixed(f"secret {threshold} of {count}")
    shares = split(secret, threshold, count, FixedRandom(f"shares {threshold} of {count}"))
    return {
        "threshold": threshold,
        "secret": hex0x(secret),
        "shares": [hex0x(share) for share in shares],
    }


def _sheet_refusals() -> list[Document]:
    size = 56 + 6 * 36 + 3 * 1168 + 3 * 1169
    rows: list[Row] = [
        ("another kind", "MalformedSeal", ["xor", 1, 1]),
        ("another version", "UnknownVersion", ["put", 3, "0x02"]),
        ("cut within the head", "MalformedSeal", ["cut", 55, size]),
        ("cut after the head", "MalformedSeal", ["cut", 56, size]),
        ("cut within a slot's head", "MalformedSeal", ["cut", 90, size]),
        ("cut within a slot", "MalformedSeal", ["cut", size - 1, size]),
        ("a byte too many", "MalformedSeal", ["add", "0x00"]),
        ("a threshold of none", "MalformedSeal", ["put", 52, "0x00"]),
        ("a threshold beyond the shares", "MalformedSeal", ["put", 52, "0x04"]),
        ("a slot too many", "MalformedSeal", ["put", 54, "0x0007"]),
        ("a slot too few", "MalformedSeal", ["put", 54, "0x0005"]),
        ("another record", "SlotNotOpened", ["xor", 4, 1]),
        ("another epoch", "SlotNotOpened", ["xor", 51, 1]),
        ("another kind of slot", "NoSlot", ["put", 56, "0x02"]),
        ("an unknown kind of slot", "NoSlot", ["put", 56, "0xff"]),
        ("another recipient", "NoSlot", ["xor", 58, 1]),
        ("a sealed byte altered", "SlotNotOpened", ["xor", 56 + 36 + 1130, 4]),
        (
            *("two slots' sealed bytes swapped", "SlotNotOpened"),
            *(["swap", 56 + 36, 56 + 36 + 1168 + 36, 1168],),
        ),
    ]
    stranger = hex0x(fixed("stranger"))
    return [
        *(refusal(why, error, "sheet", step) for why, error, step in rows),
        refusal("a stranger's key", "NoSlot", "sheet", seed=stranger),
        refusal("a slot of another kind asked for", "NoSlot", "sheet", kind=4),
    ]


def _release_refusals() -> list[Document]:
    other = hex0x(fixed("other"))
    named = ("access", "record", "custodian", "viewer")
    return [
        refusal("a byte altered", "SlotNotOpened", "release", ["xor", 1140, 1]),
        refusal("a stranger's key", "SlotNotOpened", "release", viewerSeed=other),
        *(
            refusal(f"another {name}", "SlotNotOpened", "release", **{name: other})
            for name in named
        ),
    ]


CONTENTS: dict[str, Any] = {
    "chartkey": "vector/1",
    "note": "made up: é \U0001f511",
    "numbers": [0, 2**53],
}


HEAD = 5 + 4 * SLOT + 32 + 12
"""The length of what stands before the text in an envelope of four slots."""
PADDED = 2048


def envelopes(before: Document) -> Document:
    """envelopes.json."""
    kept = Kept(before)
    envelope = kept(
        "envelope",
        lambda made: all(open_envelope(made, key) == CONTENTS for key in (PATIENT, VIEWER)),
        lambda: seal_envelope(CONTENTS, (PATIENT.public, VIEWER.public), FixedRandom("envelope")),
    )
    kept("two secrets", _reads_for_the_patient_only, _two_secrets)
    size = HEAD + PADDED + 16
    rows: list[Row] = [
        ("another kind", "MalformedSeal", ["xor", 0, 1]),
        ("another version", "UnknownVersion", ["put", 3, "0x02"]),
        ("no slots", "NoSlot", ["put", 4, "0x00"]),
        ("too many slots", "MalformedSeal", ["put", 4, "0xfc"]),
        ("its commitment altered", "MalformedSeal", ["xor", HEAD - 44, 1]),
        ("its nonce altered", "MalformedSeal", ["xor", HEAD - 1, 1]),
        ("its text altered", "MalformedSeal", ["xor", HEAD, 1]),
        ("its tag altered", "MalformedSeal", ["xor", size - 1, 1]),
        ("cut off", "MalformedSeal", ["cut", size - 1, size]),
        ("a byte too many", "MalformedSeal", ["add", "0x00"]),
        ("its slots reordered", "MalformedSeal", ["swap", 5, 1173, 1168]),
        ("cut to four bytes", "MalformedSeal", ["cut", 4, size]),
    ]
    return {
        "seeds": [hex0x(PATIENT.seed), hex0x(VIEWER.seed)],
        "contents": canonical_json(CONTENTS).decode(),
        "sealed": kept.sealed,
        "refusals": [
            *(refusal(why, error, "envelope", step) for why, error, step in rows),
            refusal("a stranger's key", "NoSlot", "envelope", seeds=[hex0x(fixed("stranger"))]),
            _committed_elsewhere(envelope),
            *(_rewritten(why, envelope, text) for why, text in _TEXTS),
            refusal(
                *("a slot with another secret", "MalformedSeal", "two secrets"),
                seeds=[hex0x(VIEWER.seed)],
            ),
        ],
    }


_TEXTS: tuple[tuple[str, bytes], ...] = (
    ("a member twice", b'{"a":1,"a":2}'),
    ("members out of order", b'{"b":1,"a":2}'),
    ("white space before the text", b' {"a":1}'),
    ("a line end after the text", b'{"a":1}\n'),
    ("NaN", b'{"a":NaN}'),
    ("a fraction", b'{"a":1.0}'),
    ("an integer beyond 2^53", b'{"a":9007199254740993}'),
    ("an escape that is not needed", b'{"a":"\\u0062"}'),
    ("UTF-16", '{"a":1}'.encode("utf-16")),
    ("a list", b"[]"),
    ("no text", b""),
)


def _keys_of(secret: bytes) -> tuple[bytes, bytes]:
    okm = derive(secret, b"chartkey/envelope-key/1", 64)
    return okm[:32], okm[32:]


def _secret(envelope: bytes) -> bytes:
    for at in range(5, HEAD - 44, SLOT):
        with suppress(SlotNotOpened):
            return PATIENT.open(envelope[at : at + SLOT], PURPOSE)
    raise SlotNotOpened()


def _two_secrets() -> bytes:
    """What a hostile sender makes: each party's slots lead to a secret of its own."""
    mine, other = fixed("one secret"), fixed("another secret")
    slots = [PATIENT.public.seal(mine, PURPOSE) for _ in range(2)]
    slots += [VIEWER.public.seal(other, PURPOSE) for _ in range(2)]
    key, commitment = _keys_of(mine)
    head = b"CKE\x01\x04" + b"".join(sorted(slots)) + commitment + fixed("nonce", 12)
    return head + AESGCM(key).encrypt(head[-12:], canonical_json(CONTENTS).ljust(PADDED), head)


def _reads_for_the_patient_only(made: bytes) -> bool:
    try:
        open_envelope(made, VIEWER)
    except MalformedSeal:
        return open_envelope(made, PATIENT) == CONTENTS
    return False


def _committed_elsewhere(envelope: bytes) -> Document:
    """All but the commitment fits: AES-GCM alone would open it."""
    key, _ = _keys_of(_secret(envelope))
    commitment = _keys_of(fixed("another secret"))[1]
    head = envelope[: HEAD - 44] + commitment + envelope[HEAD - 12 : HEAD]
    sealed = AESGCM(key).encrypt(head[-12:], canonical_json(CONTENTS).ljust(PADDED), head)
    return refusal(
        *("a commitment to another key", "MalformedSeal", "envelope"),
        *(["put", HEAD - 44, hex0x(commitment)], ["put", HEAD, hex0x(sealed)]),
    )


def _rewritten(why: str, envelope: bytes, text: bytes) -> Document:
    """The same envelope around another text, as any party could seal it."""
    head, (key, _) = envelope[:HEAD], _keys_of(_secret(envelope))
    sealed = AESGCM(key).encrypt(head[-12:], text.ljust(PADDED), head)
    return refusal(why, "MalformedSeal", "envelope", ["put", HEAD, hex0x(sealed)])
