"""Owns a person's work with consent: granting, asking, taking back, an organization's members."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from app.client.asking import TREATMENT
from app.client.identity import CLOCKS_DIFFER
from app.client.letters import GrantFile, RecordFile
from app.client.reading import Reading
from app.core.categories import require_category
from app.core.consent import (
    GrantRefusal,
    fresh_nonce,
    mask_of,
    refusal,
    require_viewable,
    word_of,
)
from app.core.encoding import ZERO32
from app.core.envelopes import seal_envelope
from app.core.errors import ChainUnreachable, NotAnchored
from app.core.keys import PrivateKey
from app.core.signatures import Signed, signed_json
from app.core.statements import (
    ADD,
    CONSENT,
    VIEW,
    Grant,
    Membership,
    MembershipEnd,
    Request,
    Revocation,
    RevocationOfAll,
)
from app.core.typed_data import Statement, parse_address

DAY = 24 * 3600


@dataclass(kw_only=True)
class Person(Reading):
    """A patient, a practitioner or an organization on one device."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._epoch_due = False

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

        The key goes along in the envelope: the category's of every epoch, or the record's half A;
        the right to add alone hands over nothing. Raises UnknownCategory.
        """
        self._catch_up()
        viewer, now = parse_address(viewer), self.clock()
        category = require_category(record.statement.category if record else category)
        used = [given.statement.nonce for given in self.grants_given()]
        statement = Grant(
            patient=self.address,
            viewer=viewer,
            category=category,
            record=record.digest if record else ZERO32,
            purpose=purpose,
            rights=rights,
            not_before=now - CLOCKS_DIFFER,
            expires_at=now + seconds,
            nonce=fresh_nonce(self.node.view().tag(self.address), used, self.random),
            salt=self.random(32),
        )
        file = GrantFile(
            digest=self.node.domains.digest(statement),
            signed=self.sign(statement),
            keys=self._category_keys(category) if rights & VIEW and not record else (),
            half_a=self.halves_of(record).a if rights & VIEW and record else b"",
            record=record,
        )
        parties = [self.keys_of(viewer).identity, self.vault.identity.public]
        envelope = seal_envelope(file.letter(self.node.domains), parties, self.random)
        self.node.accept(file.signed, envelope=envelope, parties=[viewer, self.address])
        return file

    def ask(
        self,
        patient: str,
        *,
        category: str,
        reason: str,
        purpose: str = TREATMENT,
        rights: int = VIEW,
        seconds: int = DAY,
    ) -> Signed[Request]:
        """Ask a patient for a grant; nothing of it reaches the chain. Raises UnknownCategory."""
        patient, now = parse_address(patient), self.clock()
        statement = Request(
            patient=patient,
            viewer=self.address,
            category=require_category(category),
            purpose=purpose,
            rights=rights,
            expires_at=now + seconds,
            reason=reason,
            at=now,
            salt=self.random(32),
        )
        signed: Signed[Request] = self.sign(statement)
        domains = self.node.domains
        letter = {"request": signed_json(signed, domains)}
        parties = [self.keys_of(patient).identity, self.vault.identity.public]
        envelope = seal_envelope(letter, parties, self.random)
        for person in (patient, self.address):
            self.node.deliver(person, domains.digest(statement), envelope)
        return signed

    def welcome(self, file: RecordFile) -> GrantFile:
        """Take a record that somebody addressed to this patient into the chart."""
        return self.grant(file.statement.author, record=file, rights=ADD)

    def _category_keys(self, category: str) -> tuple[PrivateKey, ...]:
        """The category's keys of this and all earlier epochs: the chart as it stands."""
        newest = self.category_keys_of(self.address).epoch
        return tuple(self.vault.category(category, epoch) for epoch in range(newest + 1))

    def shared_records(self, grant: GrantFile) -> list[RecordFile]:
        """The authentic records that a grant shows: one, or those of its category."""
        if grant.record is not None:
            return [grant.record]
        statement = grant.statement
        return [
            file
            for file in self.chart(statement.patient, grant.keys)
            if file.statement.category == statement.category and self.is_authentic(file)
        ]

    def refusal_of(self, file: GrantFile) -> GrantRefusal:
        """What the mirror of the contract says of a grant now."""
        anchor = self.anchor_of(file.digest, CONSENT)
        if anchor is None:
            return GrantRefusal.NOT_ANCHORED
        return refusal(
            file.statement,
            file.signed.signature,
            anchor[0],
            domain=self.node.domains.consent,
            view=self.node.view(),
            now=self.clock(),
        )

    def require_viewable(self, file: GrantFile) -> None:
        """Raise why the grant does not let its viewer see."""
        anchor = self.anchor_of(file.digest, CONSENT)
        if anchor is None:
            raise NotAnchored()
        view, domain = self.node.view(), self.node.domains.consent
        require_viewable(file.signed, anchor[0], domain=domain, view=view, now=self.clock())

    # taking back

    def revoke(self, file: GrantFile) -> None:
        """Take one grant back; custodians refuse at once, and the category keys move on."""
        nonce = file.statement.nonce
        self._take_back(Revocation(patient=self.address, word=word_of(nonce), mask=mask_of(nonce)))

    def revoke_all(self) -> None:
        """Take back every grant that was ever signed, known or not."""
        tag = self.node.view().tag(self.address)
        new_tag = int.from_bytes(self.random(8), "big")
        self._take_back(RevocationOfAll(patient=self.address, tag=tag, new_tag=new_tag))

    def _take_back(self, statement: Revocation | RevocationOfAll) -> None:
        """Hand a revocation in and keep a copy, so that no device forgets it before the chain."""
        domains = self.node.domains
        signed: Signed[Statement] = self.sign(statement)
        self.node.accept(signed)
        letter = {"revocation": signed_json(signed, domains)}
        copy = seal_envelope(letter, [self.vault.identity.public], self.random)
        self.node.deliver(self.address, domains.digest(statement), copy)
        self._epoch_due = True
        with suppress(ChainUnreachable):  # the revocation is kept; fresh keys follow at next use
            self._catch_up()

    def _catch_up(self) -> None:
        if self._epoch_due:
            self.start_epoch()
            self._epoch_due = False

    def start_epoch(self) -> None:
        """Move every category to fresh keys, and hand them to those whose grants still stand.

        All epochs' keys go along, so that a viewer who missed an earlier letter misses nothing.
        """
        self.publish_category_keys(self.category_keys_of(self.address).epoch + 1)
        for file in self.grants_given():
            if file.keys and self._stands(file):
                keys = self._category_keys(file.statement.category)
                self._hand_over(replace(file, keys=keys), file.statement.viewer)

    def _stands(self, file: GrantFile) -> bool:
        """Whether a grant holds, or will once it is anchored; what was taken back does not."""
        if self.clock() >= file.statement.expires_at or self.has_taken_back(file.statement):
            return False
        return self.refusal_of(file) in (
            GrantRefusal.NONE,
            GrantRefusal.NOT_ANCHORED,
            GrantRefusal.NOT_YET_VALID,
        )

    def _hand_over(self, file: GrantFile, person: str) -> None:
        contents = file.letter(self.node.domains)
        envelope = seal_envelope(contents, [self.keys_of(person).identity], self.random)
        self.node.deliver(person, file.digest, envelope)

    # an organization's team

    def add_member(self, member: str, *, seconds: int = DAY) -> Signed[Membership]:
        """Let a member act under this organization's grants until a time, and hand those on."""
        now = self.clock()
        statement = Membership(
            organization=self.address,
            member=parse_address(member),
            not_before=now - CLOCKS_DIFFER,
            expires_at=now + seconds,
            salt=self.random(32),
        )
        signed: Signed[Membership] = self.sign(statement)
        copy = seal_envelope(
            {"member": signed_json(signed, self.node.domains)},
            [self.vault.identity.public],
            self.random,
        )
        self.node.deliver(self.address, self.node.domains.digest(statement), copy)
        self.pass_on()
        return signed

    def pass_on(self) -> None:
        """Hand what this organization was given, with the newest keys, on to its members."""
        members = self.members()
        for file in self.grants_held():
            if file.statement.viewer == self.address:
                for signed in members:
                    self._hand_over(replace(file, membership=signed), signed.statement.member)

    def end_membership(self, membership: Signed[Membership]) -> None:
        """End a membership before its time."""
        digest = self.node.domains.digest(membership.statement)
        self.node.accept(self.sign(MembershipEnd(organization=self.address, membership=digest)))
