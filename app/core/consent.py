"""Owns the rules of consent: the mirror of ConsentRegistry, refusal by refusal, in its order."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

from app.core.categories import require_category
from app.core.encoding import ZERO_ADDRESS
from app.core.errors import (
    ForeignSignature,
    GrantExpired,
    GrantNotYetValid,
    GrantRevoked,
    GrantTagReplaced,
    MalformedSignature,
    MalformedStatement,
    MalleableSignature,
    NotAnchored,
    ViewingNotGranted,
)
from app.core.merkle import is_proven
from app.core.ports import ChainView
from app.core.sheets import RandomBytes
from app.core.signatures import Proof, Signed, recover
from app.core.statements import ADD, CONSENT, VIEW, Grant, Request, Revocation, RevocationOfAll
from app.core.typed_data import Domain

PURPOSES = ("TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH", "PATRQT", "FAMRQT")
"""HL7 v3 PurposeOfUse words that pages offer; the contract takes any text."""
PROFESSIONAL = frozenset({"TREAT", "ETREAT", "CAREMGT", "HOPERAT", "HPAYMT", "HRESCH"})
"""Purposes for which a viewer must hold a credential at the time of opening."""


class GrantRefusal(IntEnum):
    """Why a grant does not let its viewer see; numbers are those of ConsentRegistry.Refusal."""

    NONE = 0
    NOT_ANCHORED = 1
    NOT_YET_VALID = 2
    EXPIRED = 3
    VIEWING_NOT_GRANTED = 4
    TAG_REPLACED = 5
    REVOKED = 6
    NOT_SIGNED_BY_PATIENT = 7


def tag_of(nonce: int) -> int:
    """The top 64 bits of a grant's nonce."""
    return nonce >> 192


def word_of(nonce: int) -> int:
    """The word of a grant's nonce, tag included: all but the low 8 bits."""
    return nonce >> 8


def mask_of(nonce: int) -> int:
    """The one bit of a grant's nonce within its word."""
    return 1 << (nonce & 0xFF)


def revokes(revocation: Revocation | RevocationOfAll, grant: Grant) -> bool:
    """Whether a signed revocation takes a grant back, once the contract has it."""
    if revocation.patient != grant.patient:
        return False
    if isinstance(revocation, RevocationOfAll):
        return revocation.tag == tag_of(grant.nonce)
    same_word = revocation.word == word_of(grant.nonce)
    return same_word and bool(revocation.mask & mask_of(grant.nonce))


def fresh_nonce(tag: int, used: Collection[int], random: RandomBytes) -> int:
    """A nonce under the tag that none in `used` (in order of signing) has.

    Bits of one random word are taken in random order, so that revocations share a storage slot
    and tell no count; a full word is followed by a new random one.
    """
    own = [nonce for nonce in used if tag_of(nonce) == tag]
    word = word_of(own[-1]) if own else -1
    taken = {nonce & 0xFF for nonce in own if word_of(nonce) == word}
    if word < 0 or len(taken) == 256:
        word, taken = tag << 184 | int.from_bytes(random(23), "big"), set()
    free = [bit for bit in range(256) if bit not in taken] if taken else range(256)
    return word << 8 | free[int.from_bytes(random(8), "big") % len(free)]


def refusal(
    grant: Grant, signature: bytes, proof: Proof, *, domain: Domain, view: ChainView, now: int
) -> GrantRefusal:
    """What ConsentRegistry.refusal answers at `now`: the reference is the contract."""
    digest = grant.digest(domain)
    anchored_at = view.anchored_at(CONSENT, proof.root) if is_proven(digest, proof) else 0
    if not anchored_at:
        return GrantRefusal.NOT_ANCHORED
    if now < grant.not_before:
        return GrantRefusal.NOT_YET_VALID
    if now >= grant.expires_at:
        return GrantRefusal.EXPIRED
    if not grant.rights & VIEW:
        return GrantRefusal.VIEWING_NOT_GRANTED
    if tag_of(grant.nonce) != view.tag(grant.patient):
        return GrantRefusal.TAG_REPLACED
    if view.revoked_bits(grant.patient, word_of(grant.nonce)) & mask_of(grant.nonce):
        return GrantRefusal.REVOKED
    if not speaks_or_accepts(grant.patient, digest, signature, anchored_at, view):
        return GrantRefusal.NOT_SIGNED_BY_PATIENT
    return GrantRefusal.NONE


def speaks_or_accepts(
    person: str, digest: bytes, signature: bytes, at: int, view: ChainView
) -> bool:
    """Whether the signer spoke for the person then, or their contract account accepts it now."""
    try:
        if view.speaks_for(person, recover(digest, signature), at):
            return True
    except (MalformedSignature, MalleableSignature):
        pass  # a contract account may have signatures of any form
    key = view.key_of(person)
    return key != ZERO_ADDRESS and view.accepts(key, digest, signature)


def require_viewable(
    signed: Signed[Grant], proof: Proof, *, domain: Domain, view: ChainView, now: int
) -> None:
    """Raise the error that tells why the grant does not let its viewer see."""
    grant = signed.statement
    match refusal(grant, signed.signature, proof, domain=domain, view=view, now=now):
        case GrantRefusal.NOT_ANCHORED:
            raise NotAnchored()
        case GrantRefusal.NOT_YET_VALID:
            raise GrantNotYetValid(not_before=grant.not_before)
        case GrantRefusal.EXPIRED:
            raise GrantExpired(expires_at=grant.expires_at)
        case GrantRefusal.VIEWING_NOT_GRANTED:
            raise ViewingNotGranted()
        case GrantRefusal.TAG_REPLACED:
            raise GrantTagReplaced()
        case GrantRefusal.REVOKED:
            raise GrantRevoked()
        case GrantRefusal.NOT_SIGNED_BY_PATIENT:
            raise ForeignSignature(person=grant.patient)
        case GrantRefusal.NONE:
            return


LONGEST_REASON = 500
"""Characters of a request's reason."""


def require_request(
    signed: Signed[Request], *, patient: str, domain: Domain, view: ChainView
) -> Request:
    """What a viewer asks of this patient.

    Raises MalformedStatement where it asks somebody else or for what no grant gives,
    UnknownCategory, and ForeignSignature where nobody who speaks for the viewer signed it.
    """
    request = signed.statement
    if request.patient != patient:
        raise MalformedStatement("it asks somebody else")
    if not 0 < request.rights <= VIEW | ADD or len(request.reason) > LONGEST_REASON:
        raise MalformedStatement("it asks for what no permission gives")
    require_category(request.category)
    if not view.speaks_for(
        request.viewer, recover(request.digest(domain), signed.signature), view.time
    ):
        raise ForeignSignature(person=request.viewer)
    return request
