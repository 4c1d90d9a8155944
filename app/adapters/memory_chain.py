"""Owns a chain in memory: what the four contracts keep and answer, mirrored in plain Python.

Its verbs change state as the contracts do and refuse what state forbids; who may call them is
the contracts' own business. A test holds every answer equal to the real contracts'.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from app.core.contract_errors import (
    AlreadyEnrolled,
    AlreadyPast,
    NotAuthorized,
    NotEnrolled,
    NotRegistrar,
    TagSpent,
    ZeroKey,
    ZeroRole,
    ZeroRoot,
)
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.ports import ChainView
from app.core.records import Role

K = TypeVar("K")
V = TypeVar("V")

LAST_MOMENT = 2**48 - 1
"""Later times than the contracts' clocks can show mean this one."""


@dataclass(slots=True)
class Histories(Generic[K, V]):
    """For each key its values by the second from which each holds, in the order of time."""

    default: V
    values: dict[K, dict[int, V]] = field(default_factory=dict)

    def set(self, key: K, now: int, value: V) -> None:
        """From now on `value` holds; within one second the last word stands."""
        self.values.setdefault(key, {})[now] = value

    def at(self, key: K, time: int) -> V:
        """The value that held at a time."""
        held = [value for since, value in self.values.get(key, {}).items() if since <= time]
        return held[-1] if held else self.default


@dataclass(slots=True, kw_only=True)
class MemoryChain:
    """The state of the four contracts at `time`; it answers as a ChainView does."""

    time: int
    keys: Histories[str, str] = field(default_factory=lambda: Histories(ZERO_ADDRESS))
    keys_hashes: dict[str, bytes] = field(default_factory=dict)
    nonces: dict[str, int] = field(default_factory=dict)
    representatives: Histories[tuple[str, str], int] = field(default_factory=lambda: Histories(0))
    authorities: Histories[tuple[str, int], int] = field(default_factory=lambda: Histories(0))
    credentials: Histories[tuple[str, int], tuple[str, int]] = field(
        default_factory=lambda: Histories((ZERO_ADDRESS, -1))
    )
    endings: dict[tuple[str, bytes], int] = field(default_factory=dict)
    anchors: dict[tuple[str, bytes], int] = field(default_factory=dict)
    retractions: dict[tuple[str, bytes], int] = field(default_factory=dict)
    revoked: dict[tuple[str, int], int] = field(default_factory=dict)
    tags: dict[str, int] = field(default_factory=dict)
    spent_tags: set[tuple[str, int]] = field(default_factory=set)
    acceptances: set[tuple[str, bytes, bytes]] = field(default_factory=set)

    def view(self) -> ChainView:
        """The state as it is now, which later verbs do not change."""
        return deepcopy(self)

    def advance(self, seconds: int) -> None:
        """A later block."""
        if seconds < 0:
            raise ValueError("a chain's clock only runs forward")
        self.time += seconds

    # --- people ---

    def enrol(self, person: str, keys_hash: bytes) -> None:
        """The person's first key is the id itself."""
        if self.key_of(person) != ZERO_ADDRESS:
            raise AlreadyEnrolled(person=person)
        self.keys.set(person, self.time, person)
        self.keys_hashes[person] = keys_hash
        self._count(person)

    def rotate(self, person: str, new_key: str) -> None:
        """The old key speaks for every second before now, the new one from now on."""
        self._require_enrolled(person)
        if new_key == ZERO_ADDRESS:
            raise ZeroKey(person=person)
        self.keys.set(person, self.time, new_key)
        self._count(person)

    def change_keys(self, person: str, keys_hash: bytes) -> None:
        """Another identity keys document counts from now on."""
        self._require_enrolled(person)
        self.keys_hashes[person] = keys_hash
        self._count(person)

    def represent(self, person: str, representative: str, expires_at: int) -> None:
        """The representative speaks from now until `expires_at`; in the past: no longer."""
        self._require_enrolled(person)
        self.representatives.set((person, representative), self.time, expires_at)
        self._count(person)

    def end_membership(self, organization: str, membership: bytes) -> None:
        """The membership (its digest) has ended; only the first end counts."""
        self._require_speaker(organization)
        self.endings.setdefault((organization, membership), self.time)

    def appoint(self, registrar: str, role: int, until: int) -> None:
        """The registrar has authority for the role from now until `until`."""
        if role == Role.NONE:
            raise ZeroRole()
        if until <= self.time:
            raise AlreadyPast(time=until)
        self.authorities.set((registrar, role), self.time, until)

    def dismiss(self, registrar: str, role: int) -> None:
        """The registrar's authority ends now, and with it what rests on it."""
        if role == Role.NONE:
            raise ZeroRole()
        self.authorities.set((registrar, role), self.time, 0)

    def credential(self, registrar: str, person: str, role: int, not_after: int) -> None:
        """The person holds the role from now to `not_after`, that second included."""
        self._require_registrar(registrar, role)
        if not_after < self.time:
            raise AlreadyPast(time=not_after)
        self._require_enrolled(person)
        self.credentials.set((person, role), self.time, (registrar, min(not_after, LAST_MOMENT)))

    def withdraw(self, registrar: str, person: str, role: int) -> None:
        """The person no longer holds the role, whoever gave it."""
        self._require_registrar(registrar, role)
        self.credentials.set((person, role), self.time, (ZERO_ADDRESS, -1))

    def accept(self, account: str, digest: bytes, signature: bytes) -> None:
        """A contract account accepts a signature (ERC-1271)."""
        self.acceptances.add((account, digest, signature))

    # --- anchors, records, consent ---

    def anchor(self, judge: str, root: bytes) -> None:
        """A contract's book takes a root; only the first time counts."""
        if root == ZERO32:
            raise ZeroRoot()
        self.anchors.setdefault((judge, root), self.time)

    def retract(self, person: str, record: bytes) -> None:
        """The person takes a record (its digest) back; only the first time counts."""
        self._require_speaker(person)
        self.retractions.setdefault((person, record), self.time)

    def revoke(self, patient: str, word: int, mask: int) -> None:
        """The bits of the mask are revoked for good, whether or not the patient is enrolled."""
        self.revoked[patient, word] = self.revoked_bits(patient, word) | mask

    def revoke_all(self, patient: str, new_tag: int) -> None:
        """Grants under the present tag never hold again."""
        self._require_speaker(patient)
        if new_tag == 0 or (patient, new_tag) in self.spent_tags:
            raise TagSpent(patient=patient, tag=new_tag)
        self.spent_tags.add((patient, new_tag))
        self.tags[patient] = new_tag

    # --- answers: ChainView ---

    def anchored_at(self, judge: str, root: bytes) -> int:
        """When the book first took the root; 0 where it never did."""
        return self.anchors.get((judge, root), 0)

    def speaks_for(self, person: str, signer: str, at: int) -> bool:
        """Whether the signer was the key, or a representative, at that second."""
        if signer == ZERO_ADDRESS:
            return False
        is_key = self.keys.at(person, at) == signer
        return is_key or self.representatives.at((person, signer), at) > at

    def key_of(self, person: str) -> str:
        """The present signing key."""
        return self.keys.at(person, self.time)

    def nonce_of(self, person: str) -> int:
        """How many changes the person has made: the number of the next one."""
        return self.nonces.get(person, 0)

    def keys_hash(self, person: str) -> bytes:
        """The hash of the identity keys document; zero where not enrolled."""
        return self.keys_hashes.get(person, ZERO32)

    def credential_role(self, person: str, at: int) -> int:
        """The first role that was held at that time; 0 for none."""
        return next((r for r in list(Role)[1:] if self.holds_credential(person, r, at)), Role.NONE)

    def holds_credential(self, person: str, role: int, at: int) -> bool:
        """Whether the credential ran, and its registrar's authority stood, at that time."""
        registrar, not_after = self.credentials.at((person, role), at)
        return at <= not_after and self.is_registrar(registrar, role, at)

    def roles_of(self, person: str, at: int) -> int:
        """All roles that were held at that time, a bit for each."""
        return sum(1 << r for r in list(Role)[1:] if self.holds_credential(person, r, at))

    def membership_ended_at(self, organization: str, membership: bytes) -> int:
        """When the organization ended the membership; 0 where it has not."""
        return self.endings.get((organization, membership), 0)

    def tag(self, patient: str) -> int:
        """The patient's present tag, at first 0."""
        return self.tags.get(patient, 0)

    def revoked_bits(self, patient: str, word: int) -> int:
        """The revoked bits of one word."""
        return self.revoked.get((patient, word), 0)

    def retracted_at(self, person: str, record: bytes) -> int:
        """When the person retracted the record; 0 where they have not."""
        return self.retractions.get((person, record), 0)

    def accepts(self, account: str, digest: bytes, signature: bytes) -> bool:
        """Whether a contract account accepts the signature."""
        return (account, digest, signature) in self.acceptances

    # --- internal ---

    def _count(self, person: str) -> None:
        self.nonces[person] = self.nonce_of(person) + 1

    def is_registrar(self, registrar: str, role: int, at: int) -> bool:
        return self.authorities.at((registrar, role), at) > at

    def _require_registrar(self, registrar: str, role: int) -> None:
        if role == Role.NONE:
            raise ZeroRole()
        if not self.is_registrar(registrar, role, self.time):
            raise NotRegistrar(caller=registrar, role=role)

    def _require_enrolled(self, person: str) -> None:
        if self.key_of(person) == ZERO_ADDRESS:
            raise NotEnrolled(person=person)

    def _require_speaker(self, person: str) -> None:
        if self.key_of(person) == ZERO_ADDRESS:
            raise NotAuthorized(caller=person, person=person)
