"""Owns a person's work with consent: granting, revoking, memberships, and who looked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.client.charting import TREATMENT, Charting
from app.client.letters import GrantFile, Opening, RecordFile, read_all, read_grant, read_opening
from app.core.consent import GrantRefusal, fresh_nonce, mask_of, refusal, require_viewable, word_of
from app.core.encoding import ZERO32
from app.core.envelopes import open_envelope, seal_envelope
from app.core.errors import ChartkeyError, NotAnchored
from app.core.keys import PrivateKey
from app.core.signatures import Proof, Signed
from app.core.statements import (
    ADD,
    VIEW,
    Grant,
    Membership,
    MembershipEnd,
    Revocation,
    RevocationOfAll,
)

DAY = 24 * 3600


class Person(Charting):
    """A patient, a practitioner or an organization on one device."""

    # granting

    def grant(
        self,
        viewer: str,
        *,
        category: str = "",
        record: RecordFile | None = None,
        purpose: str = TREATMENT,
        rights: int = VIEW,
        seconds: int = DAY,
    ) -> GrantFile:
        """Let somebody see (or add to) a category, or see one record, until a time.

        The key goes along in the envelope: the category's for this epoch, or the record's half A;
        the right to add alone hands over nothing.
        """
        now, category = self.clock(), record.statement.category if record else category
        used = [given.statement.nonce for given in self.grants_given()]
        statement = Grant(
            patient=self.address,
            viewer=viewer,
            category=category,
            record=record.digest if record else ZERO32,
            purpose=purpose,
            rights=rights,
            not_before=now,
            expires_at=now + seconds,
            nonce=fresh_nonce(self.node.view().tag(self.address), used, self.random),
            salt=self.random(32),
        )
        file = GrantFile(
            digest=self.node.domains.digest(statement),
            signed=self.sign(statement),
            keys=self._category_keys(category) if rights & VIEW and not record else {},
            half_a=self.halves_of(record).a if rights & VIEW and record else b"",
            record=record,
        )
        parties = [self.keys_of(viewer).identity, self.vault.identity.public]
        envelope = seal_envelope(file.letter(self.node.domains), parties, self.random)
        self.node.accept(file.signed, envelope=envelope, parties=[viewer, self.address])
        return file

    def welcome(self, file: RecordFile) -> GrantFile:
        """Take a record that somebody addressed to this patient into the chart."""
        return self.grant(file.statement.author, record=file, rights=ADD)

    def _category_keys(self, category: str) -> dict[int, PrivateKey]:
        """The category's keys of this and all earlier epochs: the chart as it stands."""
        newest = self.category_keys_of(self.address).epoch
        return {epoch: self.vault.category(category, epoch) for epoch in range(newest + 1)}

    def grants(self) -> list[GrantFile]:
        """Every grant that this person gave or was given, with the newest keys that came."""
        found: dict[bytes, GrantFile] = {}
        for file in read_all(read_grant, self.letters(), self.node.domains):
            known = found.get(file.digest)
            found[file.digest] = (
                replace(file, keys={**known.keys, **file.keys}) if known else file
            )
        return list(found.values())

    def grants_given(self) -> list[GrantFile]:
        """The grants that this patient signed, oldest first."""
        return [file for file in self.grants() if file.statement.patient == self.address]

    def grants_held(self, patient: str = "") -> list[GrantFile]:
        """The grants that others gave to this person, or handed on to a member."""
        return [
            file
            for file in self.grants()
            if file.statement.patient != self.address
            and patient in ("", file.statement.patient)
        ]

    def shared_records(self, grant: GrantFile) -> list[RecordFile]:
        """The authentic records that a grant shows: one, or those of its category."""
        if grant.record is not None:
            return [grant.record]
        statement = grant.statement
        return [
            file
            for file in self.chart(statement.patient, list(grant.keys.values()))
            if file.statement.category == statement.category and self.is_authentic(file)
        ]

    def proof_of(self, file: GrantFile) -> Proof:
        """The grant's path to an anchored root; raises NotAnchored."""
        proof = self.node.proof(file.digest)
        if proof is None:
            raise NotAnchored()
        return proof

    def require_viewable(self, file: GrantFile) -> None:
        """Raise why the grant does not let its viewer see, by the mirror of the contract."""
        require_viewable(
            file.signed,
            self.proof_of(file),
            domain=self.node.domains.consent,
            view=self.node.view(),
            now=self.clock(),
        )

    # taking back

    def revoke(self, file: GrantFile) -> None:
        """Take one grant back; custodians refuse at once. The category moves to a new epoch."""
        nonce = file.statement.nonce
        statement = Revocation(patient=self.address, word=word_of(nonce), mask=mask_of(nonce))
        self.node.accept(self.sign(statement))
        self.start_epoch(without=[file.digest])

    def revoke_all(self) -> None:
        """Take back every grant that was ever signed, known or not."""
        tag = self.node.view().tag(self.address)
        new_tag = int.from_bytes(self.random(8), "big")
        self.node.accept(
            self.sign(RevocationOfAll(patient=self.address, tag=tag, new_tag=new_tag))
        )
        self.start_epoch(without=[file.digest for file in self.grants_given()])

    def start_epoch(self, without: Sequence[bytes]) -> None:
        """Move every category to fresh keys, and hand them to those whose grants still stand."""
        epoch = self.category_keys_of(self.address).epoch + 1
        self.publish_category_keys(epoch)
        for file in self.grants_given():
            if file.digest not in without and file.keys and self._stands(file):
                key = self.vault.category(file.statement.category, epoch)
                self._hand_over(replace(file, keys={epoch: key}), file.statement.viewer)

    def _stands(self, file: GrantFile) -> bool:
        proof = self.node.proof(file.digest)
        answer = GrantRefusal.NOT_ANCHORED
        if proof is not None:
            answer = refusal(
                file.statement,
                file.signed.signature,
                proof,
                domain=self.node.domains.consent,
                view=self.node.view(),
                now=self.clock(),
            )
        return answer in (GrantRefusal.NONE, GrantRefusal.NOT_ANCHORED)

    def _hand_over(self, file: GrantFile, person: str) -> None:
        contents = file.letter(self.node.domains)
        envelope = seal_envelope(contents, [self.keys_of(person).identity], self.random)
        self.node.deliver(person, file.digest, envelope)

    # an organization's team

    def add_member(self, member: str, *, seconds: int = DAY) -> Signed[Membership]:
        """Let a member act under this organization's grants until a time, and hand those on."""
        now = self.clock()
        signed: Signed[Membership] = self.sign(
            Membership(
                organization=self.address,
                member=member,
                not_before=now,
                expires_at=now + seconds,
                salt=self.random(32),
            )
        )
        for file in self.grants_held():
            if file.statement.viewer == self.address:
                self._hand_over(replace(file, membership=signed), member)
        return signed

    def end_membership(self, membership: Signed[Membership]) -> None:
        """End a membership before its time."""
        digest = self.node.domains.digest(membership.statement)
        self.node.accept(self.sign(MembershipEnd(organization=self.address, membership=digest)))

    # who looked

    def openings(self) -> list[Opening]:
        """Every opening of this chart: those handed in, and those that custodians report."""
        found: dict[bytes, Opening] = {}
        for opening in read_all(read_opening, self.letters(), self.node.domains):
            found.setdefault(opening.digest, opening)
        for custodian in self.node.custodians:
            for entry in custodian.entries(self.address):
                try:
                    contents = open_envelope(entry, self.vault.identity)
                except ChartkeyError:
                    continue  # a custodian that sends noise hides nothing: the others report too
                for opening in read_all(read_opening, [contents], self.node.domains):
                    found.setdefault(opening.digest, replace(opening, reported_by=custodian.name))
        return sorted(found.values(), key=lambda opening: opening.statement.at)


