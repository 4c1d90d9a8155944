"""Owns a custodian: its key, its log, the revocations it has heard, and its operator's stop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.core.audit import access_letter
from app.core.custody import decide, release
from app.core.envelopes import seal_envelope
from app.core.errors import ForeignSignature, NotServed, StoppedByOperator
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest, Release
from app.core.people import IdentityKeys
from app.core.ports import ChainView
from app.core.sheets import RandomBytes
from app.core.signatures import Signed, recover
from app.core.statements import Domains, Revocation, RevocationOfAll
from app.core.typed_data import Statement


class AccessLog(Protocol):
    """What a custodian keeps; each call is durable when it returns."""

    def keep(self, *, access: bytes, patient: str, at: int, entry: bytes) -> bool: ...
    def entries(self, patient: str) -> Sequence[bytes]: ...
    def overdue(self, before: int) -> Sequence[tuple[bytes, str, bytes]]: ...
    def close(self, access: bytes) -> None: ...
    def hear(self, statement: Statement, digest: bytes) -> None: ...
    def heard(self, patient: str) -> Sequence[Revocation | RevocationOfAll]: ...


@dataclass(kw_only=True)
class LocalCustodian:
    """A `Custodian` in this process."""

    name: str
    key: PrivateKey
    domains: Domains
    view: Callable[[], ChainView]
    documents: Callable[[bytes], bytes]
    log: AccessLog
    clock: Callable[[], int]
    random: RandomBytes
    stopped: bool = field(default=False)

    @property
    def id(self) -> bytes:
        return self.key.public.id

    def release(self, request: OpeningRequest) -> Release:
        """Decide, log, then answer; the log is on disk before any share leaves."""
        if self.stopped:
            raise StoppedByOperator()
        view = self.view()
        patient = request.records[0].record.patient if request.records else ""
        approval = decide(
            request,
            domains=self.domains,
            view=view,
            clock=self.clock(),
            heard=self.log.heard(patient),
        )
        access = self.domains.digest(request.access.statement)
        answer = release(request, approval, self.key, access)
        self.log.keep(
            access=access,
            patient=approval.patient,
            at=request.access.statement.at,
            entry=self._entry(request, approval.patient, approval.digests, view),
        )
        return answer

    def _entry(
        self, request: OpeningRequest, patient: str, digests: Sequence[bytes], view: ChainView
    ) -> bytes:
        """The log's entry: the access and what it opened, sealed to the patient."""
        keys = IdentityKeys.decode(self.documents(view.keys_hash(patient)))
        contents = access_letter(request.access, request.session, digests, self.domains)
        return seal_envelope(contents, [keys.identity], self.random)

    def hear(self, revocation: Signed[Statement]) -> None:
        """Refuse from now on what a signed revocation closes, before the chain shows it."""
        statement = revocation.statement
        if not isinstance(statement, Revocation | RevocationOfAll):
            raise NotServed("custodians hear revocations only")
        view, digest = self.view(), self.domains.digest(statement)
        signer = recover(digest, revocation.signature)
        if not view.speaks_for(statement.patient, signer, view.time):
            raise ForeignSignature(person=statement.patient)
        self.log.hear(statement, digest)

    def entries(self, patient: str) -> Sequence[bytes]:
        """The openings logged for a patient, each sealed to the patient."""
        return self.log.entries(patient)

    def hand_in(self, accept: Callable[[bytes, str, bytes], None], *, older_than: int) -> int:
        """Have accesses anchored that nobody else has handed in by now; how many."""
        overdue = self.log.overdue(self.clock() - older_than)
        for access, patient, entry in overdue:
            accept(access, patient, entry)
            self.log.close(access)
        return len(overdue)
