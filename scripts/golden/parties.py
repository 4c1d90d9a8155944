"""Owns the vectors of what parties share: shares, key sheets, releases, envelopes, vaults."""

from __future__ import annotations

from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct

from app.core.custody import release_purpose
from app.core.encoding import canonical_json, from_hex, hex0x
from app.core.envelopes import open_envelope, seal_envelope
from app.core.keys import PrivateKey, category_key, identity_key
from app.core.sheets import Kind, Recipients, decode_sheet, sheet_hash, split, write_sheet
from app.core.vault import (
    Vault,
    lock_with_passphrase,
    lock_with_wallet,
    open_with_passphrase,
    open_with_wallet,
    wallet_message,
)
from scripts.golden.sealed import HALVES
from scripts.golden.signed import ADDRESS
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
    return write_sheet(record=RECORD, version=0, halves=HALVES, to=RECIPIENTS, random=random).encode()


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
        *(refusal(f"another {name}", "SlotNotOpened", "release", **{name: other}) for name in named),
    ]


CONTENTS: dict[str, Any] = {
    "chartkey": "vector/1",
    "note": "made up: é \U0001f511",
    "numbers": [0, 2**53],
}


def envelopes(before: Document) -> Document:
    """envelopes.json."""
    kept = Kept(before)
    kept(
        "envelope",
        lambda made: all(open_envelope(made, key) == CONTENTS for key in (PATIENT, VIEWER)),
        lambda: seal_envelope(CONTENTS, (PATIENT.public, VIEWER.public), FixedRandom("envelope")),
    )
    text = 5 + 4 * 1168 + 12
    return {
        "seeds": [hex0x(PATIENT.seed), hex0x(VIEWER.seed)],
        "contents": canonical_json(CONTENTS).decode(),
        "sealed": kept.sealed,
        "refusals": [
            refusal("another kind", "MalformedSeal", "envelope", ["xor", 0, 1]),
            refusal("another version", "UnknownVersion", "envelope", ["put", 3, "0x02"]),
            refusal("no slots", "NoSlot", "envelope", ["put", 4, "0x00"]),
            refusal("too many slots", "MalformedSeal", "envelope", ["put", 4, "0xfc"]),
            refusal("its nonce altered", "MalformedSeal", "envelope", ["xor", text - 1, 1]),
            refusal("its text altered", "MalformedSeal", "envelope", ["xor", text, 1]),
            refusal("its tag altered", "MalformedSeal", "envelope", ["xor", text + 2063, 1]),
            refusal("cut off", "MalformedSeal", "envelope", ["cut", text + 2063, text + 2064]),
            refusal("a byte too many", "MalformedSeal", "envelope", ["add", "0x00"]),
            refusal("its slots reordered", "MalformedSeal", "envelope", ["swap", 5, 1173, 1168]),
            refusal("cut to four bytes", "MalformedSeal", "envelope", ["cut", 4, text + 2064]),
            refusal("a stranger's key", "NoSlot", "envelope", seeds=[hex0x(fixed("stranger"))]),
        ],
    }


SALT = fixed("vault salt", 16)
AT = "2026-11-21T00:00:00Z"


def vaults(_: Document) -> Document:
    """vaults.json: scrypt's cost is small here, so that tests are fast."""
    vault, device = Vault(fixed("vault")), fixed("device")
    message = wallet_message(
        origin="https://clinic.example:8443", address=ADDRESS, salt=SALT, chain_id=31337, at=AT
    )
    signed = Account.sign_message(encode_defunct(text=message), fixed("signer"))
    signature = bytes(signed.signature)
    random = FixedRandom("locks")
    passphrase = lock_with_passphrase(vault, "four plain wörds \U0001f511", random, n=1024)
    wallet = lock_with_wallet(vault, (signature, signature), device, random, salt=SALT, message=message)
    assert open_with_passphrase(passphrase, "four plain wörds \U0001f511") == vault
    assert open_with_wallet(wallet, signature, device) == vault
    phrases = (fixed("vault"), bytes(32), b"\xff" * 32)
    return {
        "seed": hex0x(vault.seed),
        "phrases": [{"seed": hex0x(s), "phrase": Vault(s).phrase} for s in phrases],
        "passphrase": "four plain wörds \U0001f511",
        "passphraseLock": passphrase,
        "wallet": {
            "privateKey": hex0x(fixed("signer")),
            "deviceSecret": hex0x(device),
            "signature": hex0x(signature),
            "message": {
                "origin": "https://clinic.example:8443",
                "address": ADDRESS,
                "salt": hex0x(SALT),
                "chainId": 31337,
                "at": AT,
            },
        },
        "walletLock": wallet,
        "wrongPhrases": _wrong_phrases(vault.phrase),
        "refusals": _lock_refusals(wallet),
    }


def _wrong_phrases(phrase: str) -> list[str]:
    words = phrase.split()
    return [
        "",
        " ".join(words[:23]),
        " ".join([*words, words[0]]),
        " ".join([words[1], words[0], *words[2:]]),
        " ".join(["chartkey", *words[1:]]),
        " ".join(["abandon"] * 24),
    ]


def _lock_refusals(wallet: Document) -> list[Document]:
    passphrase: list[Row] = [
        ("another lock", "UnknownVersion", ["set", "/lock", "passphrase/2"]),
        ("a part missing", "MalformedSeal", ["drop", "/salt"]),
        ("a part too many", "MalformedSeal", ["set", "/hint", "no"]),
        ("another salt", "WrongLock", ["set", "/salt", hex0x(fixed("other", 16))]),
        ("another nonce", "WrongLock", ["set", "/nonce", hex0x(fixed("other", 12))]),
        ("another cost", "WrongLock", ["set", "/n", 2048]),
        ("a cost that is no power of two", "MalformedSeal", ["set", "/n", 1000]),
        ("a cost of one", "MalformedSeal", ["set", "/n", 1]),
        ("a cost beyond the limit", "MalformedSeal", ["set", "/n", 1 << 21]),
        ("a block size beyond the limit", "MalformedSeal", ["set", "/r", 9]),
        ("a parallelism of none", "MalformedSeal", ["set", "/p", 0]),
        ("a cost as text", "MalformedSeal", ["set", "/n", "1024"]),
        ("another seed sealed", "WrongLock", ["set", "/sealed", wallet["sealed"]]),
        ("nothing sealed", "WrongLock", ["set", "/sealed", "0x"]),
    ]
    sealed = bytearray(from_hex(wallet["sealed"]))
    sealed[0] ^= 1
    other = hex0x(fixed("other"))
    wallets: list[Row] = [
        ("another lock", "UnknownVersion", ["set", "/lock", "passphrase/1"]),
        ("a part missing", "MalformedSeal", ["drop", "/message"]),
        ("another message", "WrongLock", ["set", "/message", "Open my vault."]),
        ("another salt", "WrongLock", ["set", "/salt", "0x00"]),
        ("sealed bytes altered", "WrongLock", ["set", "/sealed", hex0x(bytes(sealed))]),
    ]
    return [
        *(refusal(why, error, "passphraseLock", step) for why, error, step in passphrase),
        refusal("another passphrase", "WrongLock", "passphraseLock", passphrase="four plain words"),  # noqa: S106
        *(refusal(why, error, "walletLock", step) for why, error, step in wallets),
        refusal("another wallet", "WrongLock", "walletLock", privateKey=other),
        refusal("another device", "WrongLock", "walletLock", deviceSecret=other),
    ]
