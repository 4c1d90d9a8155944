"""Body stores: the same bytes under the same addresses in a folder, on IPFS, and in several at once."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.adapters import bodies
from app.adapters.bodies import FolderBodies
from app.adapters.daemons import Kubo
from app.adapters.kubo import KuboBodies
from app.adapters.many_bodies import ManyBodies
from app.core.cid import CHUNK, LINKS, cid_of
from app.core.errors import NotStored, StoreAltered, StoreFull
from app.core.ports import BodyKeeper

MEGABYTE = 1 << 20
ABSENT = cid_of(b"never put anywhere")


@dataclass(kw_only=True)
class Kept:
    """A store of bodies, and the files behind an address, to be tampered with."""

    store: BodyKeeper
    files: Callable[[str], list[Path]]


def in_folder(folder: Path) -> Kept:
    return Kept(store=FolderBodies(folder), files=lambda address: [folder / address[-2:] / address])


def on_ipfs(kubo: Kubo) -> Kept:
    return Kept(store=KuboBodies(kubo.api), files=lambda address: [kubo.block_path(address)])


@pytest.fixture(params=["a folder", "IPFS", "a folder and IPFS", "two IPFS daemons"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    folder = in_folder(tmp_path / "bodies")
    if request.param == "a folder":
        return folder
    daemons = request.getfixturevalue("two_kubos")
    first, second = (on_ipfs(kubo) for kubo in daemons)
    if request.param == "IPFS":
        return first
    parts = [folder, first] if request.param == "a folder and IPFS" else [first, second]
    return Kept(
        store=ManyBodies([part.store for part in parts]),
        files=lambda address: [file for part in parts for file in part.files(address)],
    )


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
def test_what_was_put_comes_back_byte_for_byte(kept: Kept, size: int) -> None:
    require_there_and_back(kept.store, os.urandom(size))


@pytest.mark.parametrize("kept", ["a folder", "IPFS", "a folder and IPFS"], indirect=True)
@pytest.mark.parametrize("size", [LINKS * CHUNK, LINKS * CHUNK + 1])
def test_what_fills_one_block_of_links_and_more_comes_back_too(kept: Kept, size: int) -> None:
    require_there_and_back(kept.store, os.urandom(size))


def require_there_and_back(store: BodyKeeper, content: bytes) -> None:
    address = store.put(iter([content[:7], b"", content[7:]]))
    assert address == cid_of(content)
    assert store.holds(address)
    assert store.fetch(address) == content
    assert b"".join(store.read(address)) == content


def test_many_are_put_at_once_and_named_in_order(kept: Kept) -> None:
    contents = [os.urandom(size) for size in (7000, CHUNK, 1, CHUNK + 1, 0, 3 * CHUNK)] * 2
    addresses = kept.store.put_many(contents)
    assert addresses == [cid_of(content) for content in contents]
    assert [kept.store.fetch(address) for address in addresses] == contents


def test_nothing_is_put_as_nothing(kept: Kept) -> None:
    assert kept.store.put_many([]) == []


def test_what_is_kept_is_listed_once(kept: Kept) -> None:
    content = os.urandom(2 * CHUNK)
    address = kept.store.put(iter([content]))
    assert kept.store.put_many([content, b"another"]) == [address, cid_of(b"another")]
    listed = list(kept.store.addresses())
    assert len(listed) == len(set(listed))
    assert {address, cid_of(b"another")} <= set(listed)


@pytest.mark.parametrize("size", [1000, CHUNK, 3 * CHUNK + 1000])
def test_a_deleted_body_is_gone(kept: Kept, size: int) -> None:
    content = os.urandom(size)
    address = kept.store.put(iter([content]))
    assert all(file.exists() for file in kept.files(address))
    assert kept.store.delete(address)
    assert not any(file.exists() for file in kept.files(address))
    assert not any(
        file.exists()
        for at in range(0, size, CHUNK)
        for file in kept.files(cid_of(content[at : at + CHUNK]))
    )
    assert not kept.store.holds(address)
    assert address not in kept.store.addresses()
    assert not kept.store.delete(address)
    with pytest.raises(NotStored):
        kept.store.fetch(address)


def test_deleting_a_body_leaves_those_that_share_a_part_of_it(kept: Kept) -> None:
    shared = os.urandom(CHUNK)
    content = shared + b"the rest"
    whole, part = kept.store.put(iter([content])), kept.store.put(iter([shared]))
    assert kept.store.delete(part)
    assert kept.store.fetch(whole) == content


def test_what_was_never_put_is_not_stored(kept: Kept) -> None:
    assert not kept.store.holds(ABSENT)
    assert not kept.store.delete(ABSENT)
    with pytest.raises(NotStored):
        kept.store.fetch(ABSENT)


@pytest.mark.parametrize("fault", [ConnectionError, KeyError, OSError])
def test_a_source_that_breaks_off_is_told_and_nothing_is_kept(
    kept: Kept, fault: type[Exception]
) -> None:
    before = set(kept.store.addresses())
    half = os.urandom(CHUNK)

    def pieces() -> Iterator[bytes]:
        yield half
        raise fault("the source")

    with pytest.raises(fault, match="the source"):
        kept.store.put(pieces())
    assert not kept.store.holds(cid_of(half))
    assert set(kept.store.addresses()) == before


def test_a_body_appears_only_when_it_is_whole(kept: Kept) -> None:
    parts = [os.urandom(CHUNK), b"b"]
    address = cid_of(b"".join(parts))
    seen = []

    def pieces() -> Iterator[bytes]:
        for piece in parts:
            yield piece
            seen.append(kept.store.holds(address))

    assert kept.store.put(pieces()) == address
    assert seen == [False, False]
    assert kept.store.holds(address)


@pytest.mark.parametrize("damage", ["flipped", "shortened", "lengthened", "emptied"])
@pytest.mark.parametrize("size", [1000, 2 * CHUNK + 5], ids=["one block", "several blocks"])
def test_altered_bytes_are_told_and_never_handed_on(kept: Kept, size: int, damage: str) -> None:
    content = os.urandom(size)
    address = kept.store.put(iter([content]))
    for file in kept.files(address):
        right = file.read_bytes()
        altered = {
            "flipped": right[:40] + bytes([right[40] ^ 1]) + right[41:],
            "shortened": right[:-1],
            "lengthened": right + b"\0",
            "emptied": b"",
        }[damage]
        file.write_bytes(altered)
    with pytest.raises(StoreAltered):
        kept.store.fetch(address)
    assert kept.store.put(iter([content])) == address  # and putting it again repairs it
    assert kept.store.fetch(address) == content


@pytest.mark.parametrize(
    "address", ["../outside", "..", "", "/etc/passwd", "outside", "bafkrei/../outside", "Qm", "é"]
)
def test_what_is_no_address_reaches_nothing(kept: Kept, tmp_path: Path, address: str) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    for attempt in (kept.store.fetch, kept.store.holds, kept.store.delete):
        with pytest.raises(NotStored):
            attempt(address)
    assert outside.read_bytes() == b"secret"


def test_threads_share_a_store(kept: Kept) -> None:
    contents = [os.urandom(CHUNK + 1) for _ in range(12)]

    def there_and_back(content: bytes) -> bytes:
        return kept.store.fetch(kept.store.put(iter([content])))

    with ThreadPoolExecutor(max_workers=6) as threads:
        assert list(threads.map(there_and_back, contents)) == contents


def test_a_store_is_named_without_the_way_to_it(kept: Kept, tmp_path: Path) -> None:
    assert kept.store.name
    assert str(tmp_path.parent) not in kept.store.name


# The folder alone.


@pytest.fixture
def store(tmp_path: Path) -> FolderBodies:
    return FolderBodies(tmp_path / "bodies")


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte, where root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("no small file system can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_the_same_bytes_are_kept_once(store: FolderBodies, tmp_path: Path) -> None:
    assert store.put(iter([b"twice"])) == store.put(iter([b"tw", b"ice"]))
    assert len(files_of(tmp_path)) == 1


def test_a_source_that_breaks_off_leaves_nothing(store: FolderBodies, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put(pieces())
    assert files_of(tmp_path) == []


def test_a_full_disk_is_told_and_leaves_nothing(small_disk: Path) -> None:
    store = FolderBodies(small_disk / "bodies")
    kept = store.put(iter([b"small"]))
    with pytest.raises(StoreFull):
        store.put(os.urandom(CHUNK) for _ in range(4))
    assert [path.name for path in files_of(small_disk)] == [kept]
    assert store.fetch(kept) == b"small"
    store.put(iter([os.urandom(100_000)]))  # what was half-written takes no space


@pytest.mark.parametrize("step", ["fsync", "replace", "mkstemp"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_at_any_step_is_told(
    store: FolderBodies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, "full")

    places = {"fsync": "os.fsync", "replace": "pathlib.Path.replace", "mkstemp": "tempfile.mkstemp"}
    with monkeypatch.context() as patch:
        patch.setattr(places[step], fail)
        with pytest.raises(StoreFull):
            store.put(iter([b"x"]))
    assert files_of(tmp_path) == []


def test_another_fault_of_the_disk_is_not_hidden(
    store: FolderBodies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="broken"):
        store.put(iter([b"x"]))
    assert files_of(tmp_path) == []


def test_many_on_a_full_disk_leave_nothing(small_disk: Path) -> None:
    store = FolderBodies(small_disk / "bodies")
    kept = store.put_many([b"small", b"smaller"])
    with pytest.raises(StoreFull):
        store.put_many([os.urandom(7000) for _ in range(200)])
    assert sorted(path.name for path in files_of(small_disk)) == sorted(kept)
    assert sorted(store.addresses()) == sorted(kept)


@pytest.mark.parametrize("together", [True, False], ids=["Linux", "elsewhere"])
def test_many_are_all_synced_before_any_is_named_and_once_named_again(
    store: FolderBodies, monkeypatch: pytest.MonkeyPatch, together: bool
) -> None:
    if not together:
        monkeypatch.setattr(bodies, "_syncfs", None)
    named: list[int] = []
    sync = bodies._sync_together

    def watched(paths: Collection[Path]) -> None:
        named.append(len(list(store.addresses())))
        sync(paths)

    monkeypatch.setattr(bodies, "_sync_together", watched)
    contents = [os.urandom(100) for _ in range(20)]
    addresses = store.put_many(contents)
    assert named == [0, 20]
    assert [store.fetch(address) for address in addresses] == contents


@pytest.mark.parametrize(("number", "told"), [(errno.ENOSPC, StoreFull), (errno.EIO, OSError)])
def test_a_sync_of_many_that_fails_is_told_and_names_nothing(
    store: FolderBodies,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    told: type[Exception],
) -> None:
    def fail(_: int) -> int:
        ctypes.set_errno(number)
        return -1

    monkeypatch.setattr(bodies, "_syncfs", fail)
    with pytest.raises(told):
        store.put_many([b"one", b"two"])
    assert files_of(tmp_path) == []


def test_what_is_being_written_is_not_listed(store: FolderBodies) -> None:
    seen: list[list[str]] = []

    def pieces() -> Iterator[bytes]:
        yield b"half"
        seen.append(list(store.addresses()))

    store.put(pieces())
    assert seen == [[]]
