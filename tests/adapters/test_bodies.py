"""The folder of bodies: whole files under their content addresses, or nothing."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.adapters.bodies import FolderBodies
from app.adapters.cid import CHUNK, cid_of
from app.core.errors import NotStored, StoreAltered, StoreFull

MEGABYTE = 1 << 20


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


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1])
def test_what_was_put_comes_back_byte_for_byte(store: FolderBodies, size: int) -> None:
    content = os.urandom(size)
    address = store.put(iter([content[:7], b"", content[7:]]))
    assert address == cid_of(content)
    assert store.fetch(address) == content


def test_the_same_bytes_are_kept_once(store: FolderBodies, tmp_path: Path) -> None:
    assert store.put(iter([b"twice"])) == store.put(iter([b"tw", b"ice"]))
    assert len(files_of(tmp_path)) == 1


def test_a_deleted_body_is_gone(store: FolderBodies) -> None:
    address = store.put(iter([b"short-lived"]))
    assert store.delete(address)
    assert not store.delete(address)
    with pytest.raises(NotStored):
        store.fetch(address)


def test_a_source_that_breaks_off_leaves_nothing(store: FolderBodies, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one half"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        store.put(pieces())
    assert files_of(tmp_path) == []


def test_a_body_appears_only_when_it_is_whole(store: FolderBodies, tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def pieces() -> Iterator[bytes]:
        for piece in (b"a" * CHUNK, b"b"):
            yield piece
            seen.append([path.name for path in files_of(tmp_path) if path.name.startswith("baf")])

    store.put(pieces())
    assert seen == [[], []]


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


@pytest.mark.parametrize("damage", ["flipped", "shortened", "lengthened", "emptied"])
def test_an_altered_file_is_told(store: FolderBodies, tmp_path: Path, damage: str) -> None:
    content = os.urandom(2 * CHUNK + 5)
    address = store.put(iter([content]))
    (path,) = files_of(tmp_path)
    altered = {
        "flipped": content[:99] + bytes([content[99] ^ 1]) + content[100:],
        "shortened": content[:-1],
        "lengthened": content + b"\0",
        "emptied": b"",
    }[damage]
    path.write_bytes(altered)
    with pytest.raises(StoreAltered):
        store.fetch(address)


@pytest.mark.parametrize(
    "address", ["../outside", "..", "", "/etc/passwd", "outside", "bafkrei/../outside"]
)
def test_an_address_that_is_a_path_reaches_nothing(
    store: FolderBodies, tmp_path: Path, address: str
) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    with pytest.raises(NotStored):
        store.fetch(address)
    with pytest.raises(NotStored):
        store.delete(address)
    assert outside.read_bytes() == b"secret"
