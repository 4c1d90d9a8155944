"""Owns the question who may make a statement, before a node takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import cast

from app.core.audit import require_signed
from app.core.contract_errors import NonceUsed
from app.core.encoding import ZERO_ADDRESS
from app.core.errors import ForeignSignature, SheetSubstituted
from app.core.opening import OpenSession
from app.core.ports import ChainView
from app.core.signatures import Proof, Signed, recover
from app.core.statements import (
    Access,
    CategoryKeys,
    Domains,
    Grant,
    Record,
    Recovery,
    Retraction,
    Rotation,
    Sheet,
)
from app.core.typed_data import Statement


class Speakers:
    """Who speaks for whom at one block, with what is queued for the chain counted in."""

    def __init__(
        self,
        domains: Domains,
        view: ChainView,
        *,
        proof: Callable[[bytes], Proof | None],
        queued: Iterable[Signed[Statement]] = (),
    ) -> None:
        self._domains, self._view, self._proof = domains, view, proof
        self._queued = list(queued)

    def speaks(self, person: str, signer: str) -> bool:
        """By the registry; or before an enrolment, or by a rotation, that is still on its way."""
        return self._registered(person, signer) or any(
            isinstance(waiting.statement, Rotation)
            and (waiting.statement.person, waiting.statement.new_key) == (person, signer)
            and self._registered(person, self._signer(waiting))
            for waiting in self._queued
        )

    def _registered(self, person: str, signer: str) -> bool:
        view = self._view
        speaks = view.speaks_for(person, signer, view.time)
        return speaks or (signer == person and view.key_of(person) == ZERO_ADDRESS)

    def _signer(self, signed: Signed[Statement]) -> str:
        return recover(self._domains.digest(signed.statement), signed.signature)

    def require(self, signed: Signed[Statement], person: str) -> None:
        """Raise ForeignSignature unless the signer speaks for the person."""
        if not self.speaks(person, self._signer(signed)):
            raise ForeignSignature(person=person)

    def require_maker(self, signed: Signed[Statement], session: OpenSession | None = None) -> None:
        """Raise ForeignSignature or SessionInvalid unless the one it names made the statement."""
        match signed.statement:
            case Record(author=person) | Grant(patient=person) | CategoryKeys(patient=person):
                self.require(signed, person)
            case Retraction(person=person):
                self.require(signed, person)
            case Access(at=at):
                require_signed(
                    cast("Signed[Access]", signed),
                    session,
                    domain=self._domains.audit,
                    view=self._view,
                    at=self._view.time,
                    clock=at,
                )
            case _:
                pass  # the contract asks for itself

    def require_sheet(self, signed: Signed[Sheet], record: Signed[Record]) -> None:
        """Raise unless the author (version 0) or the patient (later) signed a record's sheet."""
        sheet, statement = signed.statement, record.statement
        if self._domains.digest(statement) != sheet.record or sheet.version >= 1 << 53:
            raise SheetSubstituted()
        if not self._spoke_at_anchor(record, statement.author):
            self.require(record, statement.author)
        self.require(signed, statement.patient if sheet.version else statement.author)

    def _spoke_at_anchor(self, signed: Signed[Statement], person: str) -> bool:
        """Whether it is anchored, and was signed by someone who spoke for the person then."""
        proof = self._proof(self._domains.digest(signed.statement))
        at = self._view.anchored_at(signed.statement.judge, proof.root) if proof else 0
        return at > 0 and self._view.speaks_for(person, self._signer(signed), at)

    def require_fresh(self, statement: Statement) -> None:
        """Raise NonceUsed where a statement with the same number is queued already."""
        if not hasattr(statement, "nonce") or not hasattr(statement, "deadline"):
            return
        for other in (waiting.statement for waiting in self._queued):
            same_line = isinstance(other, Recovery) == isinstance(statement, Recovery)
            if not same_line or not hasattr(other, "deadline") or other == statement:
                continue
            if (other.person, other.nonce) == (statement.person, statement.nonce):  # type: ignore[attr-defined]
                raise NonceUsed(
                    person=statement.person,  # type: ignore[attr-defined]
                    nonce=statement.nonce,
                    expected=statement.nonce + 1,
                )
