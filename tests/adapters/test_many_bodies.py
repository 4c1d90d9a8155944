"""Several stores together: losing, altering or not reaching one of them loses nothing."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.adapters.bodies import FolderBodies
from app.adapters.daemons import Kubo
from app.adapters.kubo import KuboBodies
from app.adapters.many_bodies import ManyBodies
from app.core.cid import CHUNK, cid_of
from app.core.errors import Misconfigured, NotStored, StoreAltered, StoreFull, StoreUnreachable

CONTENT = os.urandom(2 * CHUNK + 9)
ADDRESS = cid_of(CONTENT)


@pytest.fixture
def folders(tmp_path: Path) -> list[FolderBodies]:
    return [FolderBodies(tmp_path / name) for name in ("first", "second", "third")]


@pytest.fixture
def out_of_reach() -> KuboBodies:
    return KuboBodies("http://127.0.0.1:9")


def alter(store: FolderBodies, address: str = ADDRESS) -> None:
    path = store._path(address)
    path.write_bytes(path.read_bytes()[:-1] + b"?")


def test_what_is_put_is_in_every_store(folders: list[FolderBodies]) -> None:
    many = ManyBodies(folders)
    addresses = [many.put(iter([CONTENT])), *many.put_many([b"one", b"two"])]
    for store in folders:
        assert sorted(store.addresses()) == sorted(addresses)
    assert many.holders(ADDRESS) == ["first", "second", "third"]


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 1], ids=["in memory", "through a file"])
def test_a_stream_is_read_once_for_all_stores(folders: list[FolderBodies], size: int) -> None:
    content = os.urandom(size)
    pulled = []

    def pieces() -> Iterator[bytes]:
        for at in range(0, size, CHUNK):
            pulled.append(at)
            yield content[at : at + CHUNK]

    address = ManyBodies(folders).put(pieces())
    assert pulled == list(range(0, size, CHUNK))
    assert [store.fetch(address) == content for store in folders] == [True] * 3


def test_a_source_that_breaks_off_reaches_no_store(folders: list[FolderBodies]) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("the source")

    with pytest.raises(ConnectionError, match="the source"):
        ManyBodies(folders).put(pieces())
    assert [list(store.addresses()) for store in folders] == [[]] * 3


@pytest.mark.parametrize("least", [1, 2])
def test_enough_stores_are_enough_and_the_log_tells_of_the_others(
    folders: list[FolderBodies],
    out_of_reach: KuboBodies,
    least: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    many = ManyBodies([out_of_reach, *folders[:2]], least=least)
    with caplog.at_level(logging.WARNING, "chartkey.bodies"):
        assert many.put(iter([CONTENT])) == ADDRESS
        assert many.put_many([b"one"]) == [cid_of(b"one")]
    assert many.holders(ADDRESS) == ["first", "second"]
    assert many.holds(ADDRESS)
    told = [(record.getMessage(), vars(record)["error"]) for record in caplog.records]
    assert told[:2] == [("a store took no body", "StoreUnreachable")] * 2


def test_too_few_stores_are_told(folders: list[FolderBodies], out_of_reach: KuboBodies) -> None:
    many = ManyBodies([folders[0], out_of_reach], least=2)
    with pytest.raises(StoreUnreachable):
        many.put(iter([CONTENT]))
    with pytest.raises(StoreUnreachable):
        many.put_many([CONTENT])
    assert not many.holds(ADDRESS)


@pytest.mark.parametrize("least", [0, 4, -1])
def test_a_number_of_copies_that_cannot_be_is_refused(
    folders: list[FolderBodies], least: int
) -> None:
    with pytest.raises(Misconfigured):
        ManyBodies(folders, least=least)


def test_a_store_that_is_down_lacks_it_or_altered_it_is_passed_over(
    folders: list[FolderBodies], out_of_reach: KuboBodies
) -> None:
    lacking, altered, right = folders
    for store in (altered, right):
        store.put([CONTENT])
    alter(altered)
    many = ManyBodies([out_of_reach, lacking, altered, right])
    assert b"".join(many.read(ADDRESS)) == CONTENT


def test_no_altered_byte_is_ever_handed_on(folders: list[FolderBodies]) -> None:
    altered, other = folders[:2]
    altered.put([CONTENT])
    alter(altered)  # its last byte: the folder itself would hand on all others first
    handed: list[bytes] = []
    with pytest.raises(StoreAltered):
        handed.extend(ManyBodies([altered, other]).read(ADDRESS))
    assert handed == []


def test_the_most_telling_fault_is_told(
    folders: list[FolderBodies], out_of_reach: KuboBodies
) -> None:
    altered, empty = folders[:2]
    altered.put([CONTENT])
    alter(altered)
    with pytest.raises(NotStored):
        ManyBodies([empty]).fetch(ADDRESS)
    with pytest.raises(StoreAltered):
        ManyBodies([altered, empty]).fetch(ADDRESS)
    with pytest.raises(StoreUnreachable):
        ManyBodies([altered, empty, out_of_reach]).fetch(ADDRESS)


def test_a_broken_disk_is_passed_over_and_told_where_nothing_else_is_left(
    folders: list[FolderBodies],
) -> None:
    broken, right = folders[:2]
    broken._path(ADDRESS).mkdir(parents=True)  # reading a folder as a file fails
    with pytest.raises(StoreUnreachable, match="cannot be read"):
        ManyBodies([broken, right]).fetch(ADDRESS)
    right.put([CONTENT])
    assert ManyBodies([broken, right]).fetch(ADDRESS) == CONTENT


def test_a_full_temporary_disk_is_told(
    folders: list[FolderBodies], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None: ...

        def write(self, _: bytes) -> None:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("app.adapters.many_bodies.SpooledTemporaryFile", lambda **_: Full())
    with pytest.raises(StoreFull):
        ManyBodies(folders).put(iter([CONTENT]))


def test_erasing_tells_every_store_before_it_tells_of_one_out_of_reach(
    folders: list[FolderBodies], out_of_reach: KuboBodies
) -> None:
    for store in folders[:2]:
        store.put([CONTENT])
    many = ManyBodies([folders[0], out_of_reach, folders[1]])
    with pytest.raises(StoreUnreachable, match="may still hold"):
        many.delete(ADDRESS)
    assert not any(store.holds(ADDRESS) for store in folders)


def test_one_copy_among_many_is_deleted_too(folders: list[FolderBodies]) -> None:
    folders[2].put([CONTENT])
    many = ManyBodies(folders)
    assert many.delete(ADDRESS)
    assert not many.delete(ADDRESS)


def test_listing_is_complete_or_fails(
    folders: list[FolderBodies], out_of_reach: KuboBodies
) -> None:
    folders[0].put_many([b"one", b"both"])
    folders[1].put_many([b"both", b"two"])
    listed = list(ManyBodies(folders).addresses())
    assert sorted(listed) == sorted(cid_of(each) for each in (b"one", b"both", b"two"))
    with pytest.raises(StoreUnreachable):
        list(ManyBodies([*folders, out_of_reach]).addresses())


def test_repair_copies_what_is_right_to_where_it_is_lacking_or_altered(
    folders: list[FolderBodies],
) -> None:
    _, altered, right = folders
    for store in (altered, right):
        store.put([CONTENT])
    alter(altered)
    many = ManyBodies(folders)
    assert many.repair(ADDRESS) == ["first", "second"]
    assert [store.fetch(ADDRESS) == CONTENT for store in folders] == [True] * 3
    assert many.repair(ADDRESS) == []


def test_repair_without_a_right_copy_changes_nothing(folders: list[FolderBodies]) -> None:
    folders[0].put([CONTENT])
    alter(folders[0])
    with pytest.raises(StoreAltered):
        ManyBodies(folders).repair(ADDRESS)
    assert folders[0].holds(ADDRESS)
    assert not folders[1].holds(ADDRESS)


def test_repair_goes_on_past_a_store_out_of_reach_and_tells_of_it(
    folders: list[FolderBodies], out_of_reach: KuboBodies
) -> None:
    folders[0].put([CONTENT])
    with pytest.raises(StoreUnreachable):
        ManyBodies([folders[0], out_of_reach, folders[1]]).repair(ADDRESS)
    assert folders[1].fetch(ADDRESS) == CONTENT


def test_two_daemons_repair_each_other(two_kubos: tuple[Kubo, Kubo]) -> None:
    stores = [KuboBodies(kubo.api) for kubo in two_kubos]
    many = ManyBodies(stores, least=2)
    content = os.urandom(3 * CHUNK)
    address = many.put(iter([content]))
    two_kubos[0].block_path(address).write_bytes(b"altered")
    two_kubos[1].block_path(cid_of(content[:CHUNK])).unlink()
    assert not many.holds(address)
    with pytest.raises(NotStored):
        stores[1].fetch(address)
    stores[0].put([content])
    assert many.repair(address) == [stores[1].name]
    assert many.holds(address)


def test_a_daemon_that_remembers_blocks_is_repaired_too(
    make_kubo: Callable[..., Kubo], tmp_path: Path
) -> None:
    """Kubo's own default: what it once knew to be there it does not write again."""
    kubo = make_kubo(remembers=True)
    store, folder = KuboBodies(kubo.api), FolderBodies(tmp_path / "folder")
    many = ManyBodies([store, folder])
    address = many.put(iter([CONTENT]))
    kubo.block_path(address).write_bytes(b"altered")
    assert store.put([CONTENT]) == address
    with pytest.raises(StoreAltered):
        store.fetch(address)
    assert many.repair(address) == [store.name]
    assert store.fetch(address) == CONTENT


def test_one_of_two_daemons_killed_loses_nothing(make_kubo: Callable[..., Kubo]) -> None:
    first, second = make_kubo(), make_kubo()
    many = ManyBodies([KuboBodies(first.api), KuboBodies(second.api)])
    before = many.put(iter([CONTENT]))
    first.kill()
    after = many.put_many([b"while one is down", CONTENT])
    assert many.fetch(before) == CONTENT
    assert many.fetch(after[0]) == b"while one is down"
    assert many.holders(before) == [f"IPFS {second.api.removeprefix('http://')}"]
