"""Owns a viewer's questions to custodians: an access for each opening, and all of them asked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, TypeVar

from app.client.charting import Charting
from app.client.gathering import Gathering, ask_all
from app.client.letterbox import Look
from app.client.letters import GrantFile, RecordFile
from app.core.audit import access_letter, records_root
from app.core.encoding import ZERO32
from app.core.envelopes import seal_envelope
from app.core.errors import ChartkeyError, ForeignKeys, NoSlot, NotAnchored
from app.core.keys import PublicKey
from app.core.opening import AskedRecord, OpeningRequest
from app.core.outcomes import attempt, each
from app.core.ports import Custodian
from app.core.relaying import Submission
from app.core.sheets import KeySheet, Kind, Slot
from app.core.signatures import Proof, Signed
from app.core.statements import Access, Membership
from app.core.wire import MOST_TOGETHER

K = TypeVar("K")
V = TypeVar("V")
TREATMENT = "TREAT"
OUTDATED = (ForeignKeys, NotAnchored)
"""What custodians say where a keys document or a proof is no longer what the chain shows."""
MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Records of one chart that are opened with one signature: under a grant, or as their author."""

    files: Sequence[RecordFile]
    grant: GrantFile | None = None
    purpose: str = ""
    """The grant's own where none is named."""
    membership: Signed[Membership] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An opening that custodians are asked about."""

    wanted: Wanted
    sheets: Mapping[bytes, KeySheet]
    patient: _Patient
    request: OpeningRequest
    """Without shares, which differ from custodian to custodian."""
    gathering: Gathering

    def request_to(self, custodian: Custodian) -> OpeningRequest | None:
        """With the shares that are the custodian's own; None where it has none of them."""
        sheets = [self.sheets[file.digest] for file in self.wanted.files]
        shares = [_share(custodian, sheet) for sheet in sheets]
        if not any(shares):
            return None
        records = zip(self.request.records, shares, strict=True)
        return replace(
            self.request, records=tuple(replace(one, share=share) for one, share in records)
        )

    def with_enough(self) -> Asked:
        """Itself, once there are shares enough; raises what `require_enough` raises."""
        self.gathering.require_enough()
        return self


class _Patient(NamedTuple):
    """A patient's identity key, and the keys document in which it stands."""

    identity: PublicKey
    document: bytes


class Asking(Charting):
    """A person who asks custodians for shares."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._patients: dict[str, _Patient] = {}
        self._proofs: dict[bytes, Proof] = {}

    def gather(self, many: Sequence[Wanted]) -> list[Asked | ChartkeyError]:
        """Shares enough for each; an opening is with its patient before any of them is used.

        No more are asked for at once than one request holds: however many they are, each access is
        of now when custodians see it.
        """
        self.faults = {}
        starts = range(0, len(many), MOST_TOGETHER)
        return [one for at in starts for one in self._gather(many[at : at + MOST_TOGETHER])]

    def _gather(self, many: Sequence[Wanted]) -> list[Asked | ChartkeyError]:
        asked, outcomes = self._with_enough(many)
        self.note_faults(asked)
        done = [one for one in outcomes if not isinstance(one, ChartkeyError)]
        told = attempt(self._report, done)
        refusals = iter([told] * len(done) if isinstance(told, ChartkeyError) else told)
        return each(lambda one: _unless(next(refusals), one), outcomes)

    def _with_enough(
        self, many: Sequence[Wanted]
    ) -> tuple[list[Asked | ChartkeyError], list[Asked | ChartkeyError]]:
        """What was asked, and what has shares enough; what was outdated is asked for anew, once."""
        asked, outcomes = self._ask(many)
        pairs = enumerate(zip(asked, outcomes, strict=True))
        outdated = [place for place, (one, outcome) in pairs if _is_outdated(one, outcome)]
        for place in outdated:
            self._forget(many[place])
        anew = self._ask([many[place] for place in outdated])
        for place, one, outcome in zip(outdated, *anew, strict=True):
            asked[place], outcomes[place] = one, outcome
        return asked, outcomes

    def _ask(
        self, many: Sequence[Wanted]
    ) -> tuple[list[Asked | ChartkeyError], list[Asked | ChartkeyError]]:
        asked = each(partial(self._asked, self.look()), many)
        under_way = [one for one in asked if isinstance(one, Asked)]
        ask_all(self.node.custodians, [(one.gathering, one.request_to) for one in under_way])
        return asked, each(Asked.with_enough, asked)

    def note_faults(self, asked: Sequence[Asked | ChartkeyError]) -> None:
        """Add to `faults` which custodians failed by now, and why."""
        for one in asked:
            if isinstance(one, Asked):
                self.faults |= one.gathering.failures

    def _asked(self, look: Look, wanted: Wanted) -> Asked:
        files, grant = wanted.files, wanted.grant
        sheets = {file.digest: self.sheet_of(file, look) for file in files}
        access = Access(
            viewer=self.address,
            grant=grant.digest if grant else ZERO32,
            records=records_root(sheets),
            purpose=wanted.purpose or (grant.statement.purpose if grant else TREATMENT),
            at=self.clock(),
            salt=self.random(32),
        )
        patient = self._patient(files[0].statement.patient)
        return Asked(
            wanted=wanted,
            sheets=sheets,
            patient=patient,
            request=self._request(access, wanted, sheets, patient),
            gathering=Gathering(
                self.node.custodians,
                thresholds={digest: sheet.threshold for digest, sheet in sheets.items()},
                access=self.node.domains.digest(access),
                key=self.vault.identity,
            ),
        )

    def _request(
        self,
        access: Access,
        wanted: Wanted,
        sheets: Mapping[bytes, KeySheet],
        patient: _Patient,
    ) -> OpeningRequest:
        grant = wanted.grant
        signed, session = self.sign_access(access)
        return OpeningRequest(
            access=signed,
            records=tuple(
                AskedRecord(record=file.statement, epoch=sheets[file.digest].epoch, share=None)
                for file in wanted.files
            ),
            viewer_keys=self.keys_document(),
            grant=grant.signed if grant else None,
            grant_proof=self._proof(grant.digest) if grant else None,
            session=session,
            membership=wanted.membership or (grant.membership if grant else None),
            patient_keys=patient.document,
            audit=self.node.domains.audit,
        )

    def _report(self, asked: Sequence[Asked]) -> Sequence[ChartkeyError | None]:
        """Leave each opening with its patient and hand its digest in to be anchored."""
        return self.node.accept_all([self._submission(one) for one in asked]) if asked else []

    def _submission(self, asked: Asked) -> Submission:
        request = asked.request
        contents = access_letter(
            request.access, request.session, list(asked.sheets), self.node.domains
        )
        return Submission(
            signed=request.access,
            envelope=seal_envelope(contents, [asked.patient.identity], self.random),
            parties=[request.records[0].record.patient],
            session=request.session,
        )

    # what is remembered between openings: custodians check it at each of them

    def _patient(self, person: str) -> _Patient:
        patient = self._patients.get(person)
        if patient is None:
            keys = self.keys_of(person)
            patient = _Patient(keys.identity, keys.encode())
            remember(self._patients, person, patient)
        return patient

    def _proof(self, grant: bytes) -> Proof | None:
        proof = self._proofs.get(grant) or self.node.proof(grant)
        if proof is not None and grant not in self._proofs:
            remember(self._proofs, grant, proof)
        return proof

    def _forget(self, wanted: Wanted) -> None:
        self._patients.pop(wanted.files[0].statement.patient, None)
        if wanted.grant:
            self._proofs.pop(wanted.grant.digest, None)


def _is_outdated(asked: Asked | ChartkeyError, outcome: Asked | ChartkeyError) -> bool:
    """Whether an opening failed, and a custodian says that something remembered is outdated."""
    if isinstance(asked, ChartkeyError) or not isinstance(outcome, ChartkeyError):
        return False
    return any(isinstance(fault, OUTDATED) for fault in asked.gathering.failures.values())


def remember(known: dict[K, V], key: K, value: V) -> None:
    """Keep something, and forget the oldest where there is too much."""
    for old in list(known)[: max(len(known) - MOST_REMEMBERED + 1, 0)]:
        known.pop(old, None)
    known[key] = value


def _unless(refusal: ChartkeyError | None, asked: Asked) -> Asked:
    if refusal is not None:
        raise refusal
    return asked


def _share(custodian: Custodian, sheet: KeySheet) -> Slot | None:
    """A custodian's slot in a sheet, None where it is not among those that the patient chose."""
    for id_ in custodian.ids:
        with suppress(NoSlot):
            return sheet.slot(Kind.SHARE_OF_B, id_)
    return None
