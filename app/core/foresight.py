"""Owns what a custodian's decision will ask the chain, so that it can be asked all at once.

Foresight is only speed: what `decide` asks and nobody foresaw is asked singly, and nothing here
approves or refuses anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from app.core.consent import PROFESSIONAL, word_of
from app.core.errors import StatementError
from app.core.opening import OpeningRequest
from app.core.ports import ChainView
from app.core.signatures import Signed, recover
from app.core.statements import CONSENT, Domains

Question = tuple[str, tuple[Any, ...]]
"""The name of a ChainView's method, and its arguments."""


def foreseen(
    request: OpeningRequest, *, domains: Domains, view: ChainView, clock: int
) -> Iterator[Question]:
    """The first round: everything that needs no other answer. Only the block's time is looked at."""
    access = request.access.statement
    signed: Signed[Any] = request.session.signed if request.session else request.access
    yield from _speaks(signed, access.viewer, domains, view.time)
    yield "keys_hash", (access.viewer,)
    if not request.records:
        return
    patient, author = request.records[0].record.patient, request.records[0].record.author
    yield "keys_hash", (patient,)
    if request.grant is None:
        yield from _membership(request, author, domains, clock)
        return
    grant = request.grant.statement
    holders = [access.viewer]
    if access.viewer != grant.viewer:
        yield from _membership(request, grant.viewer, domains, clock)
        holders.append(grant.viewer)
    if grant.purpose in PROFESSIONAL:
        for holder in holders:
            yield "credential_role", (holder, view.time)
            yield "credential_role", (holder, clock)
    if request.grant_proof is not None:
        yield "anchored_at", (CONSENT, request.grant_proof.root)
    yield "tag", (grant.patient,)
    yield "revoked_bits", (grant.patient, word_of(grant.nonce))
    for asked in request.records:
        yield "retracted_at", (patient, domains.digest(asked.record))


def foreseen_after_anchor(
    request: OpeningRequest, *, domains: Domains, view: ChainView
) -> Iterator[Question]:
    """The second round: whether the patient's signer spoke when the grant was anchored."""
    if request.grant is None or request.grant_proof is None:
        return
    at = view.anchored_at(CONSENT, request.grant_proof.root)
    if at:
        yield from _speaks(request.grant, request.grant.statement.patient, domains, at)


def _membership(
    request: OpeningRequest, organization: str, domains: Domains, clock: int
) -> Iterator[Question]:
    if request.membership is None:
        return
    digest = domains.digest(request.membership.statement)
    yield "membership_ended_at", (organization, digest)
    yield from _speaks(request.membership, organization, domains, clock)


def _speaks(signed: Signed[Any], person: str, domains: Domains, at: int) -> Iterator[Question]:
    with suppress(StatementError):  # a malformed signature: the decision will say so
        signer = recover(domains.digest(signed.statement), signed.signature)
        yield "speaks_for", (person, signer, at)
