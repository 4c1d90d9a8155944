"""Lists that anchors name: the true ones are read once they can be had, and prove their digests."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from app.adapters.database import Database
from app.core.cid import raw_cid
from app.core.errors import NotStored, StoreUnreachable
from app.core.merkle import MANIFEST_MAGIC, decode_manifest, is_proven, merkle_root
from app.core.statements import AUDIT, CONSENT, RECORDS
from app.services import indexer as indexer_module
from app.services.indexer import LATEST, SOONEST, Indexer
from app.services.proofs import Proofs
from tests.services.indexing import World, books, catch_up, world

__all__ = ["world"]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'index.db'}")


def begin(indexer: Indexer) -> None:
    """Catch up, and look no more for lists that other tests never published."""
    catch_up(indexer)
    for one in indexer.index.wanted(10**12, 10_000):
        indexer.index.mark_false(one.id)


def due(database: Database, now: int) -> bool:
    return len(database.wanted(now, 10)) > 0


def is_due_after(database: Database, now: int, seconds: int) -> bool:
    return due(database, now + seconds)


def test_a_list_that_is_late_is_looked_for_again_less_and_less_often(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    begin(indexer)
    manifest = world.anchor(publish=False)
    indexer.follow()
    now, waits = 1000, []
    for _ in range(14):
        assert indexer.read_manifests(now) == 1
        wait = bisect_left(range(LATEST + 1), True, key=partial(is_due_after, database, now))
        waits.append(wait)
        now += wait
    assert waits[:3] == [SOONEST, 2 * SOONEST, 4 * SOONEST]
    assert waits[-1] == LATEST
    world.bodies.put(iter([manifest]))
    assert indexer.read_manifests(now) == 1
    assert database.anchors_of(decode_manifest(manifest)[0].digest)
    assert indexer.read_manifests(10**9) == 0


def test_a_false_list_is_passed_over_for_ever_and_the_true_one_is_read(
    world: World, database: Database
) -> None:
    """A stranger anchors a copied root with lists that are not its own."""
    indexer = world.indexer(database)
    begin(indexer)
    false = database.counts()["lists false"]
    root, true = world.make_list()
    _, foreign = world.make_list()
    unsorted = true[:8] + true[72:136] + true[8:72] + true[136:]
    for manifest in (foreign, b"no list at all", unsorted, true):
        world.bodies.put(iter([manifest]))
        world.chain.anchor(RECORDS, root, sha256(manifest).digest())
    catch_up(indexer)
    assert database.counts()["lists false"] == false + 3
    assert due(database, 10**9) == 0
    leaf = decode_manifest(true)[0].digest
    [dated] = [one for one in database.anchors_of(leaf) if one.root == root]
    assert dated.manifest == sha256(true).digest()


def test_a_list_of_a_later_format_waits_for_a_later_chartkey(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    begin(indexer)
    root, _ = world.make_list()
    manifest = MANIFEST_MAGIC + bytes([2]) + b"whatever comes then"
    world.bodies.put(iter([manifest]))
    world.chain.anchor(RECORDS, root, sha256(manifest).digest())
    indexer.follow()
    false = database.counts()["lists false"]
    assert indexer.read_manifests(0) == 1
    assert database.counts()["lists false"] == false
    assert due(database, SOONEST) == 1


def test_a_list_larger_than_a_block_is_found_elsewhere(world: World, database: Database) -> None:
    asked: list[bytes] = []

    def elsewhere(hash_: bytes) -> bytes:
        asked.append(hash_)
        if hash_ not in world.published:
            raise NotStored(address="a list")
        return world.published[hash_]

    indexer = world.indexer(database, elsewhere=elsewhere)
    begin(indexer)
    manifest = world.anchor(5000, publish=False)
    catch_up(indexer)
    assert sha256(manifest).digest() in asked
    assert database.anchors_of(decode_manifest(manifest)[-1].digest)


def test_what_elsewhere_sends_is_hashed_first(world: World, database: Database) -> None:
    _, other = world.make_list()
    manifest = world.anchor(publish=False)
    indexer = world.indexer(database, elsewhere=lambda _: other)
    catch_up(indexer)
    assert database.anchors_of(decode_manifest(manifest)[0].digest) == []
    assert due(database, LATEST) >= 1


def test_a_store_that_is_away_is_reported_and_asked_again_soon(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    begin(indexer)
    manifest = world.anchor()

    class Away:
        def read(self, address: str) -> Iterator[bytes]:
            raise StoreUnreachable("it is away")

    away = world.indexer(database)
    away.bodies = Away()
    away.follow()
    with pytest.raises(StoreUnreachable):
        away.read_manifests(0)
    assert (due(database, 0), due(database, SOONEST)) == (0, 1)
    indexer.read_manifests(SOONEST)
    assert database.anchors_of(decode_manifest(manifest)[0].digest)


def test_many_lists_are_read_in_several_goes(
    world: World, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(world.indexer(database))
    for judge, _ in zip(books(), range(6), strict=False):
        world.anchor(1, judge)
    read = database.counts()["lists read"]
    monkeypatch.setattr(indexer_module, "LOOKS", 4)
    monkeypatch.setattr(indexer_module, "PART", 2)
    indexer = world.indexer(database)
    indexer.follow()
    assert [indexer.read_manifests(0) for _ in range(3)] == [4, 2, 0]
    assert database.counts()["lists read"] == read + 6


def test_a_block_that_is_no_block_is_not_read_to_its_end(world: World, database: Database) -> None:
    manifest = world.anchor(publish=False)
    read: list[int] = []

    class Endless:
        def read(self, address: str) -> Iterator[bytes]:
            if address != raw_cid(sha256(manifest).digest()):
                raise NotStored(address=address)
            while True:
                read.append(1)
                yield bytes(1 << 16)

    indexer = world.indexer(database)
    indexer.bodies = Endless()
    catch_up(indexer)
    assert len(read) == 5
    assert database.counts()["lists read"] == 0


# proofs


def test_every_indexed_digest_has_a_proof_that_the_contract_takes(
    world: World, database: Database
) -> None:
    manifest = world.anchor(9, CONSENT)
    catch_up(world.indexer(database))
    proofs = Proofs(database)
    digests = [entry.digest for entry in decode_manifest(manifest)]
    view = world.chain.view()
    for digest in digests:
        proof = proofs.proof(digest, CONSENT)
        assert proof is not None
        assert is_proven(digest, proof)
        assert proof.root == merkle_root(digests)
        assert view.ask(CONSENT, "anchorTime", digest, proof.root, list(proof.path)) > 0
        assert proofs.proof(digest, RECORDS) is None
    assert proofs.proof(sha256(b"unknown").digest()) is None


def test_a_proof_leads_to_the_first_anchor_of_the_book_that_judges(
    world: World, database: Database
) -> None:
    """Somebody else anchors the digest, before in another book and after in its own."""
    root, manifest = world.make_list(1)
    world.bodies.put(iter([manifest]))
    hash_ = sha256(manifest).digest()
    digest = decode_manifest(manifest)[0].digest
    for judge in (AUDIT, CONSENT, CONSENT):
        world.chain.anchor(judge, root, hash_)
    catch_up(world.indexer(database))
    assert [one.judge for one in database.anchors_of(digest)] == [AUDIT, CONSENT, CONSENT]
    assert Proofs(database).proof(digest, CONSENT) is not None
    assert Proofs(database).proof(digest, RECORDS) is None


def test_a_proof_goes_with_the_branch_that_held_it(world: World, database: Database) -> None:
    proofs = Proofs(database)
    digest = decode_manifest(world.anchor())[0].digest
    catch_up(world.indexer(database))
    assert proofs.proof(digest)
    world.reorganize(1)
    catch_up(world.indexer(database))
    assert proofs.proof(digest) is None
