"""Owns a custodian: its keys, the registries it serves, its log, and its operator's stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Protocol

from app.core.audit import access_letter, require_inquiry
from app.core.custody import Approval, committed_patient_key, decide, is_shown, release
from app.core.envelopes import seal_envelope
from app.core.errors import (
    ChartkeyError,
    EndpointsDisagree,
    ForeignSignature,
    NotServed,
    RegistryClosed,
    ServiceError,
    StatementError,
    StoppedByOperator,
)
from app.core.foresight import Question, foreseen, foreseen_after_anchor
from app.core.keys import PrivateKey, PublicKey
from app.core.merkle import is_proven
from app.core.opening import LoggedOpening, LogPage, OpeningRequest, OpenSession, Release
from app.core.outcomes import attempt, each, result_of
from app.core.ports import ChainView
from app.core.sheets import RandomBytes
from app.core.signatures import Proof, Signed, recover
from app.core.statements import AUDIT, Access, Domains, Revocation, RevocationOfAll
from app.core.typed_data import Domain, Statement

PAGE = 100
"""Entries of a log that one answer holds."""


class AccessLog(Protocol):
    """What a custodian keeps; each call is durable when it returns."""

    def keep(self, openings: Sequence[LoggedOpening]) -> Sequence[bool]: ...
    def entries(
        self, patient: str, *, after: int = 0, most: int = PAGE
    ) -> Sequence[tuple[int, bytes]]: ...
    def overdue(self, before: int) -> Sequence[tuple[bytes, str, bytes]]: ...
    def close(self, access: bytes, how: str) -> None: ...
    def counts(self) -> Mapping[str, int]: ...
    def require_writable(self) -> None: ...
    def hear(self, statement: Statement, digest: bytes) -> None: ...
    def heard(self, patient: str) -> Sequence[Revocation | RevocationOfAll]: ...
    def all_heard(self) -> Sequence[tuple[bytes, Revocation | RevocationOfAll]]: ...
    def forget(self, digests: Sequence[bytes]) -> None: ...


class Witnesses(Protocol):
    """Those who tell what a chain says: one view for each, and all must approve."""

    def views(self) -> Sequence[ChainView]:
        """Each one's newest block; raises ChainError where they cannot be trusted together."""

    def final_views(self) -> Sequence[ChainView]:
        """Each one's newest block that stays; none while there is no such block."""

    def prepare(
        self, views: Sequence[ChainView], questions: Callable[[ChainView], Iterable[Question]]
    ) -> None:
        """Have views answer what they will be asked, all at once: it is only speed."""


@dataclass(frozen=True, slots=True)
class OneWitness:
    """A chain of one's own, which is believed: the embedded default."""

    view: Callable[[], ChainView]

    def views(self) -> Sequence[ChainView]:
        return [self.view()]

    def final_views(self) -> Sequence[ChainView]:
        return [self.view()]

    def prepare(self, views: object, questions: object) -> None:
        """It is asked as the questions come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """One deployment that a custodian serves, until its cut-off where it has one."""

    domains: Domains
    witnesses: Witnesses
    until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """How things stand when a list of openings is taken up; each is looked up once."""

    views: Callable[[Registry], Sequence[ChainView] | ChartkeyError]
    heard: Callable[[str], Sequence[Revocation | RevocationOfAll]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """An opening that is allowed: what the log keeps first, and the answer."""

    logged: LoggedOpening
    release: Release


@dataclass(kw_only=True)
class LocalCustodian:
    """A `Custodian` in this process."""

    name: str
    key: PrivateKey
    older_keys: Sequence[PrivateKey] = ()
    """Kept until no sheet names them any more."""
    registries: Sequence[Registry] = ()
    log: AccessLog
    clock: Callable[[], int]
    random: RandomBytes
    stop: Callable[[], bool] = field(default=lambda: False)
    """The operator's stop, which outlives this process."""
    stopped: bool = False
    """A stop for as long as this process lives."""
    newest_time: int = field(default=0, init=False)
    """The time of the oldest of the newest blocks, when they were last seen."""

    @property
    def id(self) -> bytes:
        return self.key.public.id

    @property
    def ids(self) -> Sequence[bytes]:
        return [key.public.id for key in (self.key, *self.older_keys)]

    # opening

    def release_all(
        self, requests: Sequence[OpeningRequest | ChartkeyError]
    ) -> list[Release | ChartkeyError]:
        """Decide each alone, log all, then answer: the log is on disk before any share leaves.

        What failed before it came here stays so. Raises StoppedByOperator, StoreFull,
        DatabaseUnreachable, and then nothing is released.
        """
        self._require_running()
        found = _Found(views=cache(partial(attempt, self._views)), heard=cache(self.log.heard))
        decided = each(partial(self._decided, found), requests)
        logged = [one.logged for one in decided if not isinstance(one, ChartkeyError)]
        if logged:
            self.log.keep(logged)
        return each(lambda one: one.release, decided)

    def _decided(self, found: _Found, request: OpeningRequest) -> _Decided:
        registry = self._registry(request.audit)
        approval, patient_key = self._decide(request, registry, found)
        domains = registry.domains
        access = domains.digest(request.access.statement)
        answer = release(request, approval, self.key, access, older=self.older_keys)
        contents = access_letter(request.access, request.session, approval.digests, domains)
        return _Decided(
            release=answer,
            logged=LoggedOpening(
                access=access,
                patient=approval.patient,
                at=request.access.statement.at,
                entry=seal_envelope(contents, [patient_key], self.random),
            ),
        )

    def _decide(
        self, request: OpeningRequest, registry: Registry, found: _Found
    ) -> tuple[Approval, PublicKey]:
        """The one answer of all views; where one says no, or something else, it is no."""
        domains, clock = registry.domains, self.clock()
        views = result_of(found.views(registry))
        self._foresee(request, registry, views, clock)
        heard = found.heard(request.records[0].record.patient if request.records else "")
        answers = set()
        for view in views:
            approval = decide(request, domains=domains, view=view, clock=clock, heard=heard)
            answers.add((approval, committed_patient_key(request, approval.patient, view)))
        if len(answers) != 1:
            raise EndpointsDisagree()
        return answers.pop()

    def _foresee(
        self, request: OpeningRequest, registry: Registry, views: Sequence[ChainView], clock: int
    ) -> None:
        """Have everything asked at once that the decision will ask; it is only speed."""
        domains, prepare = registry.domains, registry.witnesses.prepare
        prepare(views, lambda view: foreseen(request, domains=domains, view=view, clock=clock))
        prepare(views, lambda view: foreseen_after_anchor(request, domains=domains, view=view))

    def _registry(self, audit: Domain | None) -> Registry:
        """The one that is meant; a request that names none means the only one."""
        for registry in self.registries:
            if audit == registry.domains.audit or (audit is None and len(self.registries) == 1):
                if registry.until is not None and self.clock() >= registry.until:
                    raise RegistryClosed()
                return registry
        raise NotServed("it serves other contracts")

    def _views(self, registry: Registry) -> Sequence[ChainView]:
        views = registry.witnesses.views()
        self.newest_time = min(view.time for view in views)
        return views

    def _require_running(self) -> None:
        if self.stopped or self.stop():
            raise StoppedByOperator()

    def require_ready(self) -> None:
        """Raise what would keep the next opening from being answered."""
        self._require_running()
        self.log.require_writable()
        for registry in self.registries:
            self._views(registry)

    # hearing

    def hear(self, revocation: Signed[Statement]) -> None:
        """Refuse from now on what a signed revocation closes, before the chain shows it."""
        statement = revocation.statement
        if not isinstance(statement, Revocation | RevocationOfAll):
            raise NotServed("custodians hear revocations only")
        for registry in self.registries:
            digest = registry.domains.digest(statement)
            signer = recover(digest, revocation.signature)
            views = self._views(registry)
            if all(view.speaks_for(statement.patient, signer, view.time) for view in views):
                self.log.hear(statement, digest)
                return
        raise ForeignSignature(person=statement.patient)

    def forget_final(self) -> int:
        """Forget what was heard and the chain now shows for good, under every view; how many."""
        heard = self.log.all_heard()
        if not heard:
            return 0
        shown = []
        for registry in self.registries:
            views = registry.witnesses.final_views()
            shown += [
                digest
                for digest, revocation in heard
                if digest == registry.domains.digest(revocation)
                and views
                and all(is_shown(revocation, view) for view in views)
            ]
        self.log.forget(shown)
        return len(shown)

    # telling patients

    def entries(
        self, inquiry: Signed[Access], session: OpenSession | None = None, *, after: int = 0
    ) -> LogPage:
        """A page of the openings logged for the patient who asks, each sealed to the patient."""
        patient = self._asked_by(inquiry, session)
        found = self.log.entries(patient, after=after, most=PAGE + 1)
        page = found[:PAGE]
        return LogPage(
            entries=tuple(entry for _, entry in page),
            after=page[-1][0] if len(found) > PAGE else None,
        )

    def _asked_by(self, inquiry: Signed[Access], session: OpenSession | None) -> str:
        """The patient; an inquiry counts in whichever of the registries it was signed for."""
        *others, last = self.registries
        for registry in others:
            with suppress(StatementError):
                return self._asked_in(registry, inquiry, session)
        return self._asked_in(last, inquiry, session)

    def _asked_in(
        self, registry: Registry, inquiry: Signed[Access], session: OpenSession | None
    ) -> str:
        return {
            require_inquiry(
                inquiry,
                session,
                custodian=self.ids,
                domain=registry.domains.audit,
                view=view,
                clock=self.clock(),
            )
            for view in self._views(registry)
        }.pop()

    # handing in

    def hand_in(
        self,
        accept: Callable[[bytes, str, bytes], None],
        *,
        older_than: int,
        proof_of: Callable[[bytes], Proof | None] = lambda _: None,
    ) -> int:
        """Have accesses anchored that nobody else has handed in by now; how many.

        `proof_of` asks nodes for a digest's proof: one that leads to a root that the chain shows
        closes the case. Nodes that do not answer keep nobody from anchoring.
        """
        handed_in = 0
        for access, patient, entry in self.log.overdue(self.clock() - older_than):
            if self._is_anchored(access, proof_of):
                self.log.close(access, "anchored")
                continue
            accept(access, patient, entry)
            self.log.close(access, "handed in")
            handed_in += 1
        return handed_in

    def _is_anchored(self, access: bytes, proof_of: Callable[[bytes], Proof | None]) -> bool:
        try:
            proof = proof_of(access)
        except ServiceError:
            return False
        if proof is None or not is_proven(access, proof):
            return False
        return any(
            all(view.anchored_at(AUDIT, proof.root) for view in self._views(registry))
            for registry in self.registries
        )
