"""Owns what becomes public of what people do: batches, lists, letters and transactions, by the clock.

A `Publisher` does in memory what outbox and relayer do in a node's database, on the day that it is
told: what a batch holds is made by services/batching, and what leaves when follows the relayer's plan.
Protections can be taken off one by one, to show what they are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from app.config import Settings
from app.core.envelopes import LARGEST, PADDED, PADDING_STEP
from app.core.merkle import MANIFEST_MAGIC, MANIFEST_VERSION, ManifestEntry, MerkleTree, manifest_id
from app.core.relaying import Waiting
from app.core.sheets import RandomBytes
from app.core.statements import BOOKS, RECORDS
from app.core.waybills import Entry, NodeSecret
from app.services.batching import Batching, is_turn
from scripts.observing.public import Thing

FORMER_LETTER, FORMER_STEP = 2048, 2
"""To what letters were padded before anybody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protections:
    """What hides something; `shipped` tells what a node does unless it is told otherwise."""

    batch_seconds: int
    journal_seconds: int
    pad_to: int
    letters_from: int = PADDED
    letters_step: int = PADDING_STEP
    """Letters are padded to this size, or that many times as much; 0: not at all."""
    sorts: bool = True
    relays: bool = True
    """Whether nodes anchor for people; else each person sends own transactions."""

    @classmethod
    def shipped(cls) -> Protections:
        """Those of a node whose environment says nothing."""
        settings = Settings.from_environment({})
        return cls(
            batch_seconds=settings.batch_seconds,
            journal_seconds=settings.journal_seconds,
            pad_to=settings.pad_to,
        )

    @classmethod
    def former(cls) -> Protections:
        """What was shipped before anybody looked."""
        return replace(
            cls.shipped(), letters_from=FORMER_LETTER, letters_step=FORMER_STEP, sorts=False
        )

    @classmethod
    def strict(cls) -> Protections:
        """For who can wait a minute, and store a lot of noise."""
        return replace(cls.shipped(), batch_seconds=60, journal_seconds=60, pad_to=32)

    @classmethod
    def none(cls) -> Protections:
        """Everybody anchors for themselves at once, and nothing is padded or sorted."""
        return cls(
            batch_seconds=0,
            journal_seconds=0,
            pad_to=0,
            letters_from=0,
            letters_step=0,
            sorts=False,
            relays=False,
        )

    def letter(self, sealed: bytes, text: int) -> bytes:
        """An envelope as it is stored, whose letter has that many bytes."""
        padded = _padded(text, PADDED, PADDING_STEP)
        wanted = _padded(text, self.letters_from, self.letters_step) if self.letters_from else text
        return sealed[: len(sealed) - padded + wanted]


def _padded(text: int, size: int, step: int) -> int:
    while size < text:
        size *= step
    return min(size, LARGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batched:
    """A batch that left: who anchored it when, and the bytes of its list."""

    at: int
    sender: str
    judge: str
    root: bytes
    manifest: bytes

    @property
    def id(self) -> bytes:
        return manifest_id(self.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A digest as a node takes it, with its letter and what the node notes about it."""

    judge: str
    digest: bytes
    letter: bytes = b""
    notes: Sequence[str] = ()
    person: str = ""
    """Who signed it, and would send it where nobody relays."""


@dataclass(kw_only=True)
class Publisher:
    """One node's way to the public, by a clock that is told to it."""

    relayer: str
    protections: Protections
    random: RandomBytes
    things: dict[bytes, Thing]
    """What the stores show, of all nodes."""
    lists: dict[bytes, bytes]
    """Manifests, by their SHA-256."""
    _waiting: dict[str, list[tuple[int, Waiting]]] = field(init=False, default_factory=dict)
    _notes: list[Entry] = field(init=False, default_factory=list)
    _letters: list[bytes] = field(init=False, default_factory=list)
    _numbers: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._batching = Batching(
            secret=NodeSecret(self.random(32)), pad_to=self.protections.pad_to, random=self.random
        )

    def take(self, at: int, one: HandedIn) -> Iterator[Batched]:
        """Accept a digest; where nobody relays, it goes out at once, from its person's account."""
        self.note(at, one.notes)
        envelope = sha256(one.letter).digest() if one.letter else bytes(32)
        if one.letter:
            self._letters.append(one.letter)
        row = Waiting(digest=one.digest, envelope=envelope)
        if self.protections.relays:
            self._waiting.setdefault(one.judge, []).append((at, row))
        else:
            yield self._send(at, one.judge, [row], one.person)

    def keep(self, at: int, content: bytes, notes: Sequence[str]) -> None:
        """Take what is anchored by nobody: a letter that is handed on, a sealed sheet."""
        self._letters.append(content)
        self.note(at, notes)

    def note(self, at: int, notes: Sequence[str]) -> None:
        """Write into the journal."""
        for text in notes:
            self._numbers += 1
            self._notes.append(Entry(at=at, number=self._numbers, text=text))

    def show(self, at: int, contents: Sequence[bytes]) -> None:
        """Put something into the store, where everybody sees that it appears."""
        for place, content in enumerate(contents):
            thing = Thing(at=at, place=place, size=len(content), head=content[:3])
            self.things.setdefault(sha256(content).digest(), thing)

    def until(self, now: int) -> Iterator[Batched]:
        """Everything that leaves before a moment, in its order."""
        while (turn := self._next_turn()) is not None and turn <= now:
            yield from self._strike(turn)

    def _next_turn(self) -> int | None:
        plan = self.protections
        waits = [(many[0][0], plan.batch_seconds) for many in self._waiting.values()]
        if self._notes:
            waits.append((self._notes[0].at, plan.journal_seconds))
        return min(((since // every + 1) * every for since, every in waits if every), default=None)

    def _strike(self, now: int) -> Iterator[Batched]:
        plan = self.protections
        for judge in BOOKS:
            many = self._waiting.get(judge)
            if many and is_turn(now, many[0][0], plan.batch_seconds):
                yield self._send(now, judge, [row for _, row in self._waiting.pop(judge)])
        if self._notes and is_turn(now, self._notes[0].at, plan.journal_seconds):
            yield self._send(now, RECORDS, [])

    def _send(self, now: int, judge: str, rows: Sequence[Waiting], sender: str = "") -> Batched:
        made = self._batching.make(rows, self._notes)
        if made is None:
            raise ValueError("nothing waits")
        contents = [*self._letters, *made.waybills, *made.decoys]
        manifest, root = made.manifest, made.root
        if self.protections.sorts:
            contents.sort(key=lambda content: sha256(content).digest())
        else:
            manifest, root = _in_order(rows, made.manifest)
        self._notes, self._letters = [], []
        self.show(now, [*contents, manifest])
        self.lists[manifest_id(manifest)] = manifest
        return Batched(
            at=now, sender=sender or self.relayer, judge=judge, root=root, manifest=manifest
        )


def read_list(manifest: bytes) -> list[ManifestEntry]:
    """The entries of a manifest in whichever order they stand."""
    return [
        ManifestEntry(digest=manifest[at : at + 32], envelope=manifest[at + 32 : at + 64])
        for at in range(8, len(manifest), 64)
    ]


def _in_order(rows: Sequence[Waiting], manifest: bytes) -> tuple[bytes, bytes]:
    """The same list as its digests came, and its root."""
    first = [ManifestEntry(digest=row.digest, envelope=row.envelope) for row in rows]
    entries = first + [entry for entry in read_list(manifest) if entry not in first]
    head = MANIFEST_MAGIC + bytes([MANIFEST_VERSION]) + len(entries).to_bytes(4, "big")
    listed = b"".join(entry.digest + entry.envelope for entry in entries)
    return head + listed, MerkleTree(entry.digest for entry in entries).root
