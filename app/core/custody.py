"""Owns the custodian's decision: whether a share is released, and to which key.

`decide` is pure: it is given the request, the chain at one block, and a clock. This is the place
where consent is decided off chain; ConsentRegistry.isViewable is its reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from app.core.audit import MOST_RECORDS, records_root, require_signed_now
from app.core.consent import PROFESSIONAL, require_viewable, revokes
from app.core.encoding import ZERO32
from app.core.errors import (
    AccessMismatch,
    ForeignGrant,
    ForeignKeys,
    ForeignPurpose,
    GrantRevoked,
    GrantTagReplaced,
    NoCredential,
    NotAnchored,
    NotServed,
    NotTheAuthor,
    NotTheViewer,
    OutsideGrant,
    RecordRetracted,
)
from app.core.keys import PrivateKey, PublicKey
from app.core.opening import OpeningRequest, Release
from app.core.people import IdentityKeys, document_hash, require_membership
from app.core.ports import ChainView
from app.core.sheets import Kind, slot_purpose
from app.core.signatures import Signed
from app.core.statements import (
    Domains,
    Grant,
    Revocation,
    RevocationOfAll,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A yes: to whom the shares go, of which patient, and for which record digests."""

    viewer_key: PublicKey
    patient: str
    digests: tuple[bytes, ...]


def decide(
    request: OpeningRequest,
    *,
    domains: Domains,
    view: ChainView,
    clock: int,
    heard: Iterable[Revocation | RevocationOfAll] = (),
) -> Approval:
    """Approve an opening, or raise the reason why not (AccessRefused, StatementError).

    `heard` are this patient's revocations that the chain may not show yet.
    """
    access = request.access.statement
    patient, digests = _require_one_chart(request, domains)
    require_signed_now(
        request.access, request.session, domain=domains.audit, view=view, clock=clock
    )
    if request.grant is None:
        _require_author(request, domains, view, clock)
    else:
        _require_inside(request, request.grant.statement, domains.digest(request.grant.statement))
        _require_holder(request, request.grant.statement, domains, view, clock)
        _require_standing(request, request.grant, domains, view, clock, heard)
        if any(view.retracted_at(patient, digest) for digest in digests):
            raise RecordRetracted()
    return Approval(
        viewer_key=_committed_key(request, access.viewer, view), patient=patient, digests=digests
    )


def _require_one_chart(request: OpeningRequest, domains: Domains) -> tuple[str, tuple[bytes, ...]]:
    if not 0 < len(request.records) <= MOST_RECORDS:
        raise AccessMismatch()
    patients = {asked.record.patient for asked in request.records}
    digests = tuple(domains.digest(asked.record) for asked in request.records)
    if len(patients) != 1 or len(set(digests)) != len(digests):
        raise AccessMismatch()
    if request.access.statement.records != records_root(digests):
        raise AccessMismatch()
    return patients.pop(), digests


def _require_author(request: OpeningRequest, domains: Domains, view: ChainView, clock: int) -> None:
    """Authors, and members of the organization that wrote it, reopen their own records."""
    access = request.access.statement
    authors = {asked.record.author for asked in request.records}
    if access.grant != ZERO32 or len(authors) != 1:
        raise NotTheAuthor()
    author = authors.pop()
    if author == access.viewer:
        return
    if request.membership is None:
        raise NotTheAuthor()
    require_membership(
        request.membership,
        organization=author,
        member=access.viewer,
        domain=domains.people,
        view=view,
        now=clock,
    )


def _require_inside(request: OpeningRequest, grant: Grant, digest: bytes) -> None:
    access = request.access.statement
    if access.grant != digest:
        raise ForeignGrant()
    if access.purpose != grant.purpose:
        raise ForeignPurpose()
    for asked in request.records:
        if (asked.record.patient, asked.record.category) != (grant.patient, grant.category):
            raise OutsideGrant()
    if grant.record != ZERO32 and access.records != grant.record:
        raise OutsideGrant()  # the root over one digest is that digest


def _require_holder(
    request: OpeningRequest, grant: Grant, domains: Domains, view: ChainView, clock: int
) -> None:
    viewer = request.access.statement.viewer
    holders = [viewer]
    if viewer != grant.viewer:
        if request.membership is None:
            raise NotTheViewer()
        require_membership(
            request.membership,
            organization=grant.viewer,
            member=viewer,
            domain=domains.people,
            view=view,
            now=clock,
        )
        holders.append(grant.viewer)
    if grant.purpose in PROFESSIONAL and not any(
        all(view.credential_role(holder, at) for at in (view.time, clock)) for holder in holders
    ):
        raise NoCredential(person=viewer)


def _require_standing(
    request: OpeningRequest,
    signed: Signed[Grant],
    domains: Domains,
    view: ChainView,
    clock: int,
    heard: Iterable[Revocation | RevocationOfAll],
) -> None:
    if request.grant_proof is None:
        raise NotAnchored()
    # an idle chain's newest block may be old, and a clock may be wrong: both must agree
    for now in {view.time, clock}:
        require_viewable(signed, request.grant_proof, domain=domains.consent, view=view, now=now)
    for revocation in heard:
        if revokes(revocation, signed.statement):
            everything = isinstance(revocation, RevocationOfAll)
            raise GrantTagReplaced() if everything else GrantRevoked()


def _committed_key(request: OpeningRequest, viewer: str, view: ChainView) -> PublicKey:
    if document_hash(request.viewer_keys) != view.keys_hash(viewer):
        raise ForeignKeys()
    return _identity(request.viewer_keys)


def committed_patient_key(request: OpeningRequest, patient: str, view: ChainView) -> PublicKey:
    """The patient's identity key, to which the log's entry is sealed; raises ForeignKeys.

    It came with the request, so that a custodian depends on no node; the chain commits to it.
    """
    if document_hash(request.patient_keys) != view.keys_hash(patient):
        raise ForeignKeys()
    return _identity(request.patient_keys)


@lru_cache(maxsize=1024)
def _identity(document: bytes) -> PublicKey:
    """The key in a document that the chain commits to; the same people come again and again."""
    return IdentityKeys.decode(document).identity


def is_shown(revocation: Revocation | RevocationOfAll, view: ChainView) -> bool:
    """Whether the chain has what a custodian heard, so that it need not remember it."""
    if isinstance(revocation, RevocationOfAll):
        return view.tag(revocation.patient) == revocation.new_tag
    bits = view.revoked_bits(revocation.patient, revocation.word)
    return bits & revocation.mask == revocation.mask


def release(
    request: OpeningRequest,
    approval: Approval,
    key: PrivateKey,
    access_digest: bytes,
    *,
    older: Sequence[PrivateKey] = (),
) -> Release:
    """Open this custodian's shares and seal them to the approved key; raises NotServed.

    `key` is the custodian's present key, under whose id it answers; `older` ones open the slots of
    sheets that were not replaced yet. Raises SlotNotOpened for a share that was altered or made
    for another record.
    """
    custodian = key.public.id
    keys = {own.public.id: own for own in (*older, key)}
    shares = {}
    for asked, digest in zip(request.records, approval.digests, strict=True):
        if asked.share is None:
            continue
        own = keys.get(asked.share.recipient)
        if own is None or asked.share.kind != Kind.SHARE_OF_B:
            raise NotServed("the share is not for this custodian")
        share = own.open(
            asked.share.sealed,
            slot_purpose(Kind.SHARE_OF_B, digest, asked.epoch, asked.share.recipient),
        )
        purpose = release_purpose(access_digest, digest, custodian, approval.viewer_key.id)
        shares[digest] = approval.viewer_key.seal(share, purpose)
    if not shares:
        raise NotServed("none of the shares is for this custodian")
    return Release(custodian=custodian, shares=shares)


def release_purpose(access: bytes, record: bytes, custodian: bytes, viewer: bytes) -> bytes:
    """HPKE's info of a released share: label ‖ access ‖ record digests ‖ both key ids."""
    return b"chartkey/release/1" + access + record + custodian + viewer
