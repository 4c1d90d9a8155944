"""Owns the simulated people's hands: what they sign, and the letters in which it travels."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import NamedTuple, cast

from app.adapters.wallets import LocalWallet
from app.client.identity import Identity
from app.client.letters import GrantFile, RecordFile
from app.core.audit import access_letter, records_root
from app.core.categories import CATEGORIES
from app.core.cid import raw_cid
from app.core.consent import fresh_nonce, mask_of, word_of
from app.core.encoding import ZERO32, ZERO_ADDRESS, canonical_json
from app.core.envelopes import seal_envelope
from app.core.keys import PublicKey
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.ports import Node
from app.core.sealing import HEADER, SEGMENT, TAG
from app.core.sheets import RandomBytes
from app.core.signatures import Signed
from app.core.statements import (
    AUDIT,
    CONSENT,
    RECORDS,
    VIEW,
    Access,
    Domains,
    Enrolment,
    Grant,
    Record,
    Retraction,
    Revocation,
    Sheet,
)
from app.core.vault import Vault
from scripts.observing.population import DAY
from scripts.observing.publishing import HandedIn, Protections

SHEET = 7 * 1240
"""Bytes of a sealed key sheet: category, patient and author, and a share for each custodian."""


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A node of which only the contracts are known: what is signed needs no more."""

    domains: Domains


class Clock:
    """The simulated time of day."""

    now = 0

    def __call__(self) -> int:
        return self.now


@dataclass(kw_only=True)
class Someone:
    """A person with a wallet and a vault, as their device acts for them."""

    domains: Domains
    clock: Clock
    random: RandomBytes
    protections: Protections
    epoch: int = 0
    given: list[GrantFile] = field(default_factory=list)
    """The grants that have not been taken back."""
    _used: list[int] = field(default_factory=list)

    @cached_property
    def device(self) -> Identity:
        """What signs for this person, and keeps the vault."""
        return Identity(
            node=cast(Node, _Elsewhere(self.domains)),
            wallet=LocalWallet(self.random(32)),
            vault=Vault(self.random(32)),
            clock=self.clock,
            random=self.random,
        )

    @property
    def address(self) -> str:
        return self.device.address

    @cached_property
    def identity(self) -> PublicKey:
        return self.device.vault.identity.public

    def enrolment(self) -> tuple[Signed[Enrolment], list[str]]:
        """To be handed in, and what the node notes."""
        document = IdentityKeys(identity=self.identity).encode()
        statement = Enrolment(
            person=self.address,
            keys_hash=document_hash(document),
            recovery=ZERO_ADDRESS,
            nonce=0,
            deadline=self.clock() + DAY,
        )
        noted = json.dumps(["document", document_hash(document).hex(), document.hex()])
        return self.device.sign(statement), [noted]

    def grant(self, viewer: Someone, category: str) -> HandedIn:
        """A grant of one category for a day."""
        nonce = fresh_nonce(0, self._used, self.random)
        self._used.append(nonce)
        statement = Grant(
            patient=self.address,
            viewer=viewer.address,
            category=category,
            record=ZERO32,
            purpose="TREAT",
            rights=VIEW,
            not_before=self.clock(),
            expires_at=self.clock() + DAY,
            nonce=nonce,
            salt=self.random(32),
        )
        file = GrantFile(
            digest=self.domains.digest(statement),
            signed=self.device.sign(statement),
            keys=tuple(self.device.vault.category(category, n) for n in range(self.epoch + 1)),
        )
        self.given.append(file)
        letter = self._letter(file.letter(self.domains), viewer.identity, self.identity)
        parties = (viewer.address, self.address)
        return _handed_in(CONSENT, file.digest, letter, self.address, parties)

    def access(self, patient: Someone, grant: bytes, count: int) -> HandedIn:
        """An opening of that many records, under this browser's session."""
        digests = [self.random(32) for _ in range(count)]
        access = Access(
            viewer=self.address,
            grant=grant,
            records=records_root(digests),
            purpose="TREAT",
            at=self.clock(),
            salt=self.random(32),
        )
        signed, session = self.device.sign_access(access)
        letter = self._letter(
            access_letter(signed, session, digests, self.domains), patient.identity
        )
        digest = self.domains.digest(access)
        return _handed_in(AUDIT, digest, letter, self.address, (patient.address,))

    def note(self, patient: Someone, category: str, size: int) -> Written:
        """A record: its body's sealed bytes, its letter, and its key sheet's statement."""
        sealed = b"CKB" + self.random(HEADER + size + TAG * max(1, -(-size // SEGMENT)) - 3)
        body = raw_cid(self.random(32))
        statement = Record(
            patient=patient.address,
            author=self.address,
            category=category,
            content_root=self.random(32),
            sealed_hash=self.random(32),
            supersedes=ZERO32,
            issued_at=self.clock(),
            salt=self.random(32),
        )
        file = RecordFile(
            digest=self.domains.digest(statement),
            signed=self.device.sign(statement),
            address=body,
            content="json/1",
            media_type="application/fhir+json",
            size=size,
            title="A note",
        )
        of = Sheet(record=file.digest, version=0, sheet_hash=self.random(32), salt=self.random(32))
        sheet = HandedIn(judge=RECORDS, digest=self.domains.digest(of), person=self.address)
        letter = self._letter(file.letter(self.domains), patient.identity, self.identity)
        parties = (patient.address, self.address)
        record = _handed_in(RECORDS, file.digest, letter, self.address, parties)
        return Written(sealed, b"CKW" + self.random(SHEET - 3), [sheet, record])

    def take_back(self, digests: set[bytes]) -> list[Signed[Revocation]]:
        """One revocation for each of these grants."""
        gone = [file for file in self.given if file.digest in digests]
        self.given = [file for file in self.given if file.digest not in digests]
        self.epoch += 1
        return [
            self.device.sign(
                Revocation(patient=self.address, word=word_of(nonce), mask=mask_of(nonce))
            )
            for nonce in (file.statement.nonce for file in gone)
        ]

    def hand_over(self, viewers: dict[str, Someone]) -> list[tuple[bytes, str]]:
        """After a revocation: the next epoch's keys to whoever still may see, and their publication."""
        handed = [(b"", self._category_keys())]
        for file in self.given:
            if file.statement.expires_at <= self.clock():
                continue
            category, viewer = file.statement.category, viewers[file.statement.viewer]
            keys = tuple(self.device.vault.category(category, n) for n in range(self.epoch + 1))
            again = GrantFile(digest=file.digest, signed=file.signed, keys=keys)
            letter = self._letter(again.letter(self.domains), viewer.identity)
            handed.append((letter, _parcel(viewer.address, file.digest, letter)))
        return handed

    def retraction(self, record: bytes) -> Signed[Retraction]:
        """A record of this author was entered in error."""
        return self.device.sign(Retraction(person=self.address, record=record))

    def _category_keys(self) -> str:
        # as long as real ones: seventeen key pairs for each revocation would take most of the time
        keys = {name: PublicKey(self.random(1216)) for name in CATEGORIES}
        document = CategoryKeysDocument(epoch=self.epoch, keys=keys).encode()
        return json.dumps(["document", document_hash(document).hex(), document.hex()])

    def _letter(self, contents: dict[str, object], *parties: PublicKey) -> bytes:
        sealed = seal_envelope(contents, parties, self.random)
        return self.protections.letter(sealed, len(canonical_json(contents)))


class Written(NamedTuple):
    """A record that was written: sealed body, sealed sheet, and the digests to anchor."""

    body: bytes
    sheet: bytes
    digests: list[HandedIn]


def seeded(seed: object) -> RandomBytes:
    """Random bytes that are the same in every run."""
    return random.Random(repr(seed)).randbytes  # noqa: S311 — nobody here has a secret


def _parcel(person: str, digest: bytes, letter: bytes) -> str:
    return json.dumps(["parcel", person, digest.hex(), raw_cid(sha256(letter).digest())])


def _handed_in(
    judge: str, digest: bytes, letter: bytes, person: str, parties: tuple[str, ...]
) -> HandedIn:
    notes = [_parcel(party, digest, letter) for party in parties]
    return HandedIn(judge=judge, digest=digest, letter=letter, notes=notes, person=person)
