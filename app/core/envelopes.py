"""Owns the envelope: a statement file, and what goes with it, sealed to its parties.

An envelope is public ciphertext (its address stands in the manifest), so it names nobody: slots
carry no key ids, their number and the length are padded, and a party tries its key on each slot.
Layout: `CKE`, format version, number of slots (1 byte), slots of 1168 bytes (HPKE of 32 secret
bytes), commitment (32), nonce (12), AES-256-GCM of the padded text with everything before it as
associated data. Key and commitment come from the secret by HKDF: AES-GCM alone does not commit,
and an envelope must not read differently for two parties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hmac import compare_digest
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec.json import decode

from app.core.encoding import canonical_json, is_canonical
from app.core.errors import MalformedSeal, NoSlot, SlotNotOpened, UnknownVersion
from app.core.keys import OVERHEAD_BYTES, PrivateKey, PublicKey, derive
from app.core.sheets import RandomBytes

MAGIC = b"CKE"
VERSION = 1
PURPOSE = b"chartkey/envelope/1"
SLOT = OVERHEAD_BYTES + 32
SLOTS_STEP = 3
"""A record goes to its patient, its category and its author, and no letter of today to more."""
TAIL = 32 + 12
"""Commitment and nonce, which end the head."""
SMALLEST = 2048
"""A reader takes texts from here on; writers padded to it once."""
PADDED, PADDING_STEP = 4096, 4
"""A writer pads to this, or four times as much as often as it takes: one size holds records, grants
of any kind up to some forty epochs, and most openings (scripts/observer.py tries to tell them apart).
"""
LARGEST = 1 << 17
MOST_SLOTS = 108
"""With the largest text this stays below 256 KiB: one IPFS block, addressed by its SHA-256."""


def seal_envelope(
    contents: Mapping[str, Any], parties: Sequence[PublicKey], random: RandomBytes
) -> bytes:
    """Seal a JSON document to up to 108 parties; the padding slots are noise of equal length."""
    keys = {party.id: party for party in parties}
    count = -(-len(keys) // SLOTS_STEP) * SLOTS_STEP
    if not 0 < count <= MOST_SLOTS:
        raise ValueError("an envelope has between 1 and 108 parties")
    secret = random(32)
    key, commitment = _keys(secret)
    slots = [party.seal(secret, PURPOSE) for party in keys.values()]
    slots += [_nobody(random).noise(32, random) for _ in range(count - len(keys))]
    head = MAGIC + bytes([VERSION, count]) + b"".join(sorted(slots)) + commitment + random(12)
    return head + AESGCM(key).encrypt(head[-12:], _pad(canonical_json(contents)), head)


def noise_envelope(random: RandomBytes) -> bytes:
    """What looks like an envelope of the smallest size, and holds nothing.

    Its slots are as an envelope's own padding slots; commitment, nonce and what AES-GCM writes under
    a key that nobody has cannot be told from random bytes, so these are.
    """
    slots = sorted(_nobody(random).noise(32, random) for _ in range(SLOTS_STEP))
    head = MAGIC + bytes([VERSION, SLOTS_STEP]) + b"".join(slots)
    return head + random(TAIL + PADDED + 16)


@lru_cache(maxsize=8)
def _nobody(random: RandomBytes) -> PublicKey:
    """A public key whose private half was forgotten: noise that looks like a slot is made with one.

    One key serves a whole process. What X-Wing and HPKE write tells nothing about the key it was
    sealed to (an encapsulation is fresh each time, and nobody can open it), so slots to one key
    that nobody has look like slots to as many fresh ones, at less than half the work.
    """
    return PrivateKey(random(32)).public


def _keys(secret: bytes) -> tuple[bytes, bytes]:
    """The AES key of an envelope and the commitment to it, 32 bytes each."""
    okm = derive(secret, b"chartkey/envelope-key/1", 64)
    return okm[:32], okm[32:]


def open_envelope(envelope: bytes, *keys: PrivateKey) -> dict[str, Any]:
    """Open with the first key that fits; raises NoSlot, MalformedSeal, UnknownVersion."""
    head = _head(envelope)
    slots = [envelope[at : at + SLOT] for at in range(5, len(head) - TAIL, SLOT)]
    for key in keys:
        for slot in slots:
            try:
                secret = key.open(slot, PURPOSE)
            except SlotNotOpened:
                continue
            return _parse(_text(envelope, head, secret))
    raise NoSlot()


def _text(envelope: bytes, head: bytes, secret: bytes) -> bytes:
    key, commitment = _keys(secret)
    if not compare_digest(commitment, head[-TAIL:-12]):
        raise MalformedSeal("its key is another than it commits to", kind="envelope")
    try:
        return AESGCM(key).decrypt(head[-12:], envelope[len(head) :], head)
    except InvalidTag:
        raise MalformedSeal("its text was altered", kind="envelope") from None


def _head(envelope: bytes) -> bytes:
    if len(envelope) < 5 or envelope[:3] != MAGIC:
        raise MalformedSeal("too short or of another kind", kind="envelope")
    if envelope[3] != VERSION:
        raise UnknownVersion(kind="envelope", version=envelope[3])
    if envelope[4] > MOST_SLOTS:
        raise MalformedSeal("it has too many slots", kind="envelope")
    length = 5 + envelope[4] * SLOT + TAIL
    if not length + SMALLEST + 16 <= len(envelope) <= length + LARGEST + 16:
        raise MalformedSeal("it is cut off, or too long", kind="envelope")
    return envelope[:length]


def _pad(text: bytes) -> bytes:
    if len(text) > LARGEST:
        raise ValueError("an envelope holds at most 128 KiB")
    size = PADDED
    while size < len(text):
        size *= PADDING_STEP
    return text.ljust(min(size, LARGEST), b" ")  # white space after JSON is still JSON


def _parse(text: bytes) -> dict[str, Any]:
    try:
        contents = decode(text)
    except (ValueError, RecursionError) as cause:
        raise MalformedSeal("its text is not JSON", kind="envelope") from cause
    if not isinstance(contents, dict) or not is_canonical(contents, text.rstrip(b" ")):
        raise MalformedSeal("its text is not a canonical JSON object", kind="envelope")
    return contents
