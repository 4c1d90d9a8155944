"""What a relayer puts into public stores, and when it anchors, tells nothing of what came when."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from app.adapters.database import Database
from app.core.envelopes import noise_envelope
from app.core.merkle import decode_manifest
from app.core.ports import BodyKeeper
from app.core.sealed_forms import require_envelope
from app.core.statements import AUDIT, BOOKS, CONSENT
from app.services.batching import Batching
from app.services.relayer import Plan, Relayer
from tests.chain_fixtures import Place
from tests.faults.site import relayer_of

EVERY = 10


@dataclass
class Onlooker:
    """A body store, and what appears in it, in order."""

    bodies: BodyKeeper
    seen: list[bytes] = field(default_factory=list)

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        self.seen += contents
        return self.bodies.put_many(contents)


def watched(place: Place, pad_to: int = 0) -> tuple[Relayer, Onlooker]:
    """The node's relayer, whose store is looked at."""
    relayer, onlooker = relayer_of(place.node), Onlooker(place.node.bodies)
    batching = Batching(secret=place.node.secret, pad_to=pad_to)
    return replace(relayer, bodies=onlooker, batching=batching), onlooker  # type: ignore[arg-type]


def letters(count: int) -> list[bytes]:
    return [noise_envelope(os.urandom) for _ in range(count)]


def test_what_is_published_together_comes_in_the_order_of_its_hashes(place: Place) -> None:
    relayer, onlooker = watched(place)
    relayer.tick(at_once=True)  # what the scene has left
    onlooker.seen.clear()
    sent = letters(12)
    for letter in sent:
        place.node.accept_digest(os.urandom(32), CONSENT, letter)
    relayer.tick(at_once=True)
    hashes = [sha256(content).digest() for content in onlooker.seen]
    assert hashes == sorted(hashes)
    assert set(sent) < set(onlooker.seen)
    assert [c for c in onlooker.seen if c in sent] != sent  # one order in 479,001,600


def test_every_digest_of_a_padded_list_leads_to_a_letter_in_the_store(place: Place) -> None:
    relayer, onlooker = watched(place, pad_to=16)
    for letter in letters(3):
        place.node.accept_digest(os.urandom(32), AUDIT, letter)
    relayer.tick(at_once=True)
    published = {sha256(content).digest(): content for content in onlooker.seen}
    lists = [content for content in onlooker.seen if content.startswith(b"CKM")]
    entries = [entry for content in lists for entry in decode_manifest(content)]
    assert len(entries) % 16 == 0
    found = [published[entry.envelope] for entry in entries if entry.envelope in published]
    sealed = [content for content in found if content.startswith(b"CKE")]
    assert len(sealed) > 3
    assert len({len(require_envelope(content)) for content in sealed}) == 1


def test_a_batch_leaves_when_the_clock_strikes_and_not_so_long_after_its_first(
    place: Place,
) -> None:
    assert isinstance(place.node.database, Database)
    clock = Strikes()
    relayer = replace(
        watched(place)[0], plan=Plan(batch_seconds=EVERY, journal_seconds=EVERY), clock=clock
    )
    place.node.settle()
    place.node.accept_digest(os.urandom(32), AUDIT)
    count, accepted = place.node.database.waiting(AUDIT, 1)
    assert count == 1
    clock.now = accepted // EVERY * EVERY + EVERY - 1
    relayer.tick()
    assert place.node.database.waiting(AUDIT, 1)[0] == 1
    clock.now += 1
    relayer.tick()
    assert not any(place.node.database.waiting(judge, 1)[0] for judge in BOOKS)


class Strikes:
    """A clock that a test sets."""

    now = 0

    def __call__(self) -> int:
        return self.now
