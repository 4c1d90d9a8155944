"""What goes into a batch: all that waits, waybills for what was kept, and padding that looks the same."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest

from app.core.envelopes import open_envelope, seal_envelope
from app.core.errors import NoSlot
from app.core.merkle import ManifestEntry, decode_manifest, merkle_root
from app.core.relaying import Made, Waiting
from app.core.sealed_forms import require_envelope
from app.core.waybills import MOST, Entry, NodeSecret, read_waybill
from app.services.batching import LARGEST, Batching, is_turn
from tests.makers import make_person, randomness

SECRET = NodeSecret(b"s" * 32)


def waiting(count: int) -> list[Waiting]:
    return [
        Waiting(digest=sha256(b"d%d" % n).digest(), envelope=sha256(b"e%d" % n).digest())
        for n in range(count)
    ]


def batching(pad_to: int = 0) -> Batching:
    return Batching(secret=SECRET, pad_to=pad_to, random=randomness("batching"))


def made(pad_to: int, rows: Sequence[Waiting], journal: Sequence[Entry] = ()) -> Made:
    made = batching(pad_to).make(rows, journal)
    assert made is not None
    return made


def listed(made: Made) -> list[ManifestEntry]:
    return list(decode_manifest(made.manifest))


def test_nothing_makes_no_batch_and_padding_alone_makes_none_either() -> None:
    assert batching().make([], []) is None
    assert batching(pad_to=8).make([], []) is None


def test_the_manifest_lists_all_that_waits_and_makes_the_root() -> None:
    rows = waiting(5)
    batch = made(0, rows)
    expected = {(row.digest, row.envelope) for row in rows}
    assert {(entry.digest, entry.envelope) for entry in listed(batch)} == expected
    assert merkle_root(entry.digest for entry in listed(batch)) == batch.root


def test_what_was_kept_is_told_in_a_waybill_that_the_manifest_lists_by_its_mark() -> None:
    journal = [Entry(at=7, number=3, text='["shelf","a","lock","00"]')]
    batch = made(0, waiting(2), journal)
    (bill,) = batch.waybills
    hash_ = sha256(bill).digest()
    assert ManifestEntry(digest=SECRET.mark(hash_), envelope=hash_) in listed(batch)
    assert len(listed(batch)) == 3
    assert read_waybill(SECRET.open(bill)) == ((7, 3), [["shelf", "a", "lock", "00"]])


def test_a_journal_makes_a_batch_without_any_statement() -> None:
    assert len(listed(made(0, [], [Entry(at=1, number=1, text="[]")]))) == 1


@pytest.mark.parametrize(
    ("accepted", "size"), [(1, 8), (7, 8), (8, 8), (9, 16), (16, 16), (17, 24), (100, 104)]
)
def test_padding_fills_up_to_the_next_multiple(accepted: int, size: int) -> None:
    rows = waiting(accepted)
    batch = made(8, rows)
    assert len(listed(batch)) == size
    assert {row.digest for row in rows} <= {entry.digest for entry in listed(batch)}
    assert len(batch.decoys) == size - accepted
    assert merkle_root(entry.digest for entry in listed(batch)) == batch.root


def test_padding_leads_to_envelopes_that_look_like_others_and_open_for_nobody() -> None:
    batch = made(8, waiting(3))
    person = make_person("patient")
    genuine = seal_envelope({"a": "b"}, [person.identity.public], randomness("genuine"))
    decoys = {sha256(decoy).digest(): decoy for decoy in batch.decoys}
    padding = {e.envelope for e in listed(batch)} - {row.envelope for row in waiting(3)}
    assert padding == set(decoys)
    for decoy in decoys.values():
        assert require_envelope(decoy) == decoy
        assert (len(decoy), decoy[:5]) == (len(genuine), genuine[:5])
        with pytest.raises(NoSlot):
            open_envelope(decoy, person.identity)


@pytest.mark.parametrize(
    ("since", "now", "struck"),
    [(100, 109, False), (100, 110, True), (109, 110, True), (110, 119, False), (95, 131, True)],
)
def test_batches_leave_when_the_clock_strikes_whoever_came_first(
    since: int, now: int, struck: bool
) -> None:
    assert is_turn(now, since, 10) is struck
    assert is_turn(now, since, 0)


def test_a_waybill_hides_among_the_padding_of_a_size_that_tells_nothing() -> None:
    journal = [Entry(at=1, number=1, text="[]")]
    assert len(listed(made(8, waiting(3)))) == len(listed(made(8, waiting(3), journal))) == 8


@pytest.mark.parametrize("accepted", [LARGEST - 1, LARGEST, LARGEST + 1])
def test_padding_never_makes_a_manifest_of_more_than_one_block(accepted: int) -> None:
    batch = made(3000, waiting(accepted))
    assert len(listed(batch)) == max(accepted, LARGEST)
    assert len(made(3000, waiting(LARGEST)).manifest) <= MOST
