"""Owns who may fetch what was sent to whom: one's own letters, and a patient's records by a permission.

What is fetched is ciphertext. It is given to few all the same: how much a person has tells something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from app.core.consent import mask_of, revokes, speaks_or_accepts, tag_of, word_of
from app.core.errors import (
    ForeignSignature,
    GrantExpired,
    GrantNotYetValid,
    GrantRevoked,
    GrantTagReplaced,
    NotTheViewer,
    OutsideGrant,
    StoreError,
    ViewingNotGranted,
)
from app.core.people import require_membership
from app.core.ports import BodyStore, ChainView
from app.core.relaying import TAKES_BACK, Call
from app.core.signatures import Proof, Signed
from app.core.statements import (
    CONSENT,
    RECORDS,
    VIEW,
    Domains,
    Grant,
    Membership,
    Revocation,
    RevocationOfAll,
)
from app.services.calling import read

PAGE = 500
PAGE_BYTES = 8 << 20
AT_ONCE = 50
"""Letters that are looked up together: few are left over when a page is full."""
CLOCKS_DIFFER = 120


class Letters(Protocol):
    """What was sent, in the database (adapters/database says what each does)."""

    def letters_of(
        self, person: str, after: int, most: int, judge: str | None = None
    ) -> Sequence[tuple[int, bytes, str, bytes | None]]: ...
    def calls_under_way(self) -> Sequence[Call]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """An envelope with its number on this node and the digest that it belongs to."""

    number: int
    digest: bytes
    envelope: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some letters, oldest first; `next` is the number to ask after, None where that was all."""

    letters: Sequence[Letter]
    next: int | None


@dataclass(kw_only=True)
class Charts:
    """Hands out letters, page by page."""

    domains: Domains
    view: Callable[[], ChainView]
    letters: Letters
    bodies: BodyStore
    proof: Callable[[bytes], Proof | None]
    clock: Callable[[], int]

    def own(self, person: str, after: int) -> Page:
        """What was sent to a person."""
        return self._page(person, after, None)

    def shared(
        self,
        viewer: str,
        patient: str,
        grant: Signed[Grant],
        membership: Signed[Membership] | None,
        after: int,
    ) -> Page:
        """A patient's records, for somebody who holds a permission; raises AccessRefused.

        Which of them the permission opens shows when they are opened: nothing here tells categories.
        """
        self._require_permission(viewer, patient, grant, membership)
        return self._page(patient, after, RECORDS)

    def _page(self, person: str, after: int, judge: str | None) -> Page:
        """A letter that is lost or damaged does not hold back the others."""
        found: list[Letter] = []
        size = 0
        while len(found) < PAGE and size < PAGE_BYTES:
            most = min(AT_ONCE, PAGE - len(found))
            rows = self.letters.letters_of(person, after, most, judge)
            for number, digest, address, content in rows:
                after = number
                with suppress(StoreError):  # `app audit` names what a store has lost
                    envelope = content or b"".join(list(self.bodies.read(address)))
                    found.append(Letter(number=number, digest=digest, envelope=envelope))
                    size += len(envelope)
            if len(rows) < most:
                return Page(letters=found, next=None)
        return Page(letters=found, next=after)

    # permissions

    def _require_permission(
        self,
        viewer: str,
        patient: str,
        signed: Signed[Grant],
        membership: Signed[Membership] | None,
    ) -> None:
        grant, view, now = signed.statement, self.view(), self.clock()
        if grant.patient != patient:
            raise OutsideGrant()
        if grant.viewer != viewer:
            if membership is None:
                raise NotTheViewer()
            require_membership(
                membership,
                organization=grant.viewer,
                member=viewer,
                domain=self.domains.people,
                view=view,
                now=now,
            )
        self._require_running(grant, now)
        self._require_not_taken_back(grant, view)
        digest = self.domains.digest(grant)
        proof = self.proof(digest)
        at = view.anchored_at(CONSENT, proof.root) if proof else 0
        if not speaks_or_accepts(patient, digest, signed.signature, at or view.time, view):
            raise ForeignSignature(person=patient)

    def _require_running(self, grant: Grant, now: int) -> None:
        if now + CLOCKS_DIFFER < grant.not_before:
            raise GrantNotYetValid(not_before=grant.not_before)
        if now >= grant.expires_at:
            raise GrantExpired(expires_at=grant.expires_at)
        if not grant.rights & VIEW:
            raise ViewingNotGranted()

    def _require_not_taken_back(self, grant: Grant, view: ChainView) -> None:
        """By the chain, or by a revocation that waits for it."""
        if tag_of(grant.nonce) != view.tag(grant.patient):
            raise GrantTagReplaced()
        if view.revoked_bits(grant.patient, word_of(grant.nonce)) & mask_of(grant.nonce):
            raise GrantRevoked()
        for call in self.letters.calls_under_way():
            if call.rank != TAKES_BACK or call.person != grant.patient:
                continue
            statement = read(call).statement
            if isinstance(statement, Revocation | RevocationOfAll) and revokes(statement, grant):
                raise GrantRevoked()
