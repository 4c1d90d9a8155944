"""What can go wrong with one IPFS daemon: it is told in our words, and nothing wrong is handed on."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import ipfshttpclient
import pytest

from app.adapters.daemons import Kubo, start_kubo
from app.adapters.kubo import KuboBodies
from app.core.cid import CHUNK, cid_of
from app.core.errors import Misconfigured, NotStored, StoreAltered, StoreFull, StoreUnreachable
from tests.daemons import require_kubo

MEGABYTE = 1 << 20
NOBODY = "http://127.0.0.1:9"
"""The discard port, on which nothing listens."""


@pytest.fixture
def store(kubo: Kubo) -> KuboBodies:
    return KuboBodies(kubo.api)


@pytest.fixture
def library(kubo: Kubo) -> ipfshttpclient.Client:
    """Another program that uses the same daemon."""
    port = kubo.api.rpartition(":")[2]
    return ipfshttpclient.Client(f"/ip4/127.0.0.1/tcp/{port}/http")


def blocks_of(content: bytes) -> list[str]:
    return [cid_of(content[at : at + CHUNK]) for at in range(0, len(content), CHUNK)]


def test_other_programs_find_the_same_bytes_under_the_address(
    store: KuboBodies, library: ipfshttpclient.Client
) -> None:
    content = os.urandom(3 * CHUNK + 1)
    assert library.cat(store.put([content])) == content


@pytest.mark.parametrize("size", [1000, 3 * CHUNK])
def test_a_lost_pin_is_noticed_and_put_back(
    store: KuboBodies, library: ipfshttpclient.Client, size: int
) -> None:
    content = os.urandom(size)
    address = store.put([content])
    library.pin.rm(address)
    assert not store.holds(address)
    assert address not in store.addresses()
    assert store.fetch(address) == content  # the blocks are there until the next collection
    assert store.put_many([content]) == [address]
    assert store.holds(address)


@pytest.mark.parametrize("number", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_lost_block_is_noticed_and_put_back(store: KuboBodies, kubo: Kubo, number: int) -> None:
    content = os.urandom(3 * CHUNK)
    address = store.put([content])
    kubo.block_path(blocks_of(content)[number]).unlink()
    assert not store.holds(address)
    with pytest.raises(NotStored):
        store.fetch(address)
    assert store.put([content]) == address
    assert store.holds(address)
    assert store.fetch(address) == content


def test_right_blocks_before_an_altered_one_are_all_that_is_handed_on(
    store: KuboBodies, kubo: Kubo
) -> None:
    content = os.urandom(3 * CHUNK)
    address = store.put([content])
    last = kubo.block_path(blocks_of(content)[2])
    last.write_bytes(os.urandom(CHUNK))
    pieces = store.read(address)
    assert next(pieces) + next(pieces) == content[: 2 * CHUNK]
    with pytest.raises(StoreAltered):
        next(pieces)
    store.delete(address)


def test_a_block_of_monstrous_size_is_not_taken_in(store: KuboBodies, kubo: Kubo) -> None:
    address = store.put([b"small"])
    with kubo.block_path(address).open("wb") as file:
        file.truncate(200 * MEGABYTE)
    tracemalloc.start()
    with pytest.raises(StoreAltered):
        store.fetch(address)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20 * MEGABYTE
    store.delete(address)


def test_a_damaged_body_elsewhere_is_told_before_anything_counts_as_deleted(
    make_kubo: Callable[..., Kubo],
) -> None:
    kubo = make_kubo()
    store = KuboBodies(kubo.api)
    content = os.urandom(3 * CHUNK)
    damaged, wanted = store.put([content]), store.put([b"to be erased"])
    kubo.block_path(damaged).unlink()
    with pytest.raises(StoreUnreachable, match="could not retrieve"):
        store.delete(wanted)
    assert kubo.block_path(wanted).exists()
    store.put([content])
    assert store.delete(wanted)
    assert not kubo.block_path(wanted).exists()


@pytest.mark.parametrize("size", [1000, 2 * CHUNK])
@pytest.mark.parametrize("options", [{"chunker": "size-700"}, {"raw_leaves": False}], ids=str)
def test_a_file_in_another_layout_than_ours_is_refused(
    store: KuboBodies, library: ipfshttpclient.Client, size: int, options: dict
) -> None:
    settings = {"cid_version": 1, "raw_leaves": True, **options}
    address = library.add(io.BytesIO(os.urandom(size)), **settings)["Hash"]
    with pytest.raises(StoreAltered):
        store.fetch(address)
    store.delete(address)


def test_a_long_body_goes_through_little_memory(store: KuboBodies) -> None:
    size, piece = 64 * MEGABYTE, os.urandom(MEGABYTE)
    store.fetch(store.put([b"what is imported at first use"]))
    tracemalloc.start()
    address = store.put(piece for _ in range(size // MEGABYTE))
    assert sum(len(part) for part in store.read(address)) == size
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * MEGABYTE
    store.delete(address)


def test_a_daemon_that_is_not_there_is_told() -> None:
    store = KuboBodies(NOBODY)
    address = cid_of(b"x")
    for attempt in (store.fetch, store.holds, store.delete):
        with pytest.raises(StoreUnreachable, match=r"IPFS 127\.0\.0\.1:9"):
            attempt(address)
    for fill in (lambda: store.put([b"x"]), lambda: store.put_many([b"x"])):
        with pytest.raises(StoreUnreachable):
            fill()
    with pytest.raises(StoreUnreachable):
        list(store.addresses())


def test_a_daemon_that_is_silent_is_given_up() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = KuboBodies(f"http://127.0.0.1:{silent.getsockname()[1]}", patience=0.2)
        with pytest.raises(StoreUnreachable):
            store.fetch(cid_of(b"x"))


def test_a_daemon_killed_in_the_middle_keeps_nothing_half_and_takes_it_again(
    make_kubo: Callable[..., Kubo],
) -> None:
    kubo = make_kubo()
    store = KuboBodies(kubo.api)
    kept = store.put_many([b"kept before", os.urandom(2 * CHUNK)])
    parts = [os.urandom(MEGABYTE) for _ in range(8)]

    def pieces() -> Iterator[bytes]:
        yield from parts[:4]
        kubo.kill()
        yield from parts[4:]

    with pytest.raises(StoreUnreachable):
        store.put(pieces())
    again = start_kubo(kubo.folder, int(kubo.api.rpartition(":")[2]))
    try:
        assert sorted(store.addresses()) == sorted(kept)
        assert all(store.holds(address) for address in kept)
        address = store.put(parts)
        assert store.fetch(address) == b"".join(parts)
    finally:
        again.stop()


@pytest.fixture
def cramped_kubo(tmp_path: Path) -> Iterator[Kubo]:
    """A daemon on a file system of 24 MB, where root may mount one."""
    require_kubo()
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small file system can be mounted here")
    try:
        with start_kubo(folder) as kubo:
            yield kubo
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_what_was_half_written_is_gone(cramped_kubo: Kubo) -> None:
    store = KuboBodies(cramped_kubo.api)
    kept = store.put([b"kept"])
    for _ in range(3):  # what was half-written takes no space
        with pytest.raises(StoreFull):
            store.put(os.urandom(MEGABYTE) for _ in range(40))
        assert list(store.addresses()) == [kept]
        assert store.delete(store.put(os.urandom(MEGABYTE) for _ in range(8)))
    assert store.fetch(kept) == b"kept"


def test_many_on_a_full_disk_are_never_half_reported(cramped_kubo: Kubo) -> None:
    store = KuboBodies(cramped_kubo.api)
    contents = [os.urandom(CHUNK) for _ in range(120)]
    with pytest.raises(StoreFull):
        store.put_many(contents)
    for address in list(store.addresses()):  # what was taken is whole
        assert store.fetch(address)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://127.0.0.1:5001", "IPFS 127.0.0.1:5001"),
        ("http://127.0.0.1:5001/", "IPFS 127.0.0.1:5001"),
        ("https://ipfs.example:443", "IPFS ipfs.example:443"),
        ("http://ipfs-1", "IPFS ipfs-1:5001"),
        ("http://[::1]:5001", "IPFS ::1:5001"),
        ("/ip4/127.0.0.1/tcp/5001", "IPFS 127.0.0.1:5001"),
        ("/dns/ipfs.example/tcp/443/https", "IPFS ipfs.example:443"),
    ],
)
def test_a_daemon_is_named_by_url_or_multiaddr(url: str, name: str) -> None:
    store = KuboBodies(url)
    assert store.name == name
    assert store._client  # the library takes it


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:5001",
        "ftp://127.0.0.1:5001",
        "http://",
        "http://127.0.0.1:port",
        "http://127.0.0.1:5001/api/v0",
        "/ip4/127.0.0.1",
        "/ip4/127.0.0.1/udp/5001",
        "/ip4/127.0.0.1/tcp/5001/ws",
        "/unix/tmp/tcp/1",
        "/",
    ],
)
def test_what_names_no_daemon_is_refused(url: str) -> None:
    with pytest.raises(Misconfigured, match="CHARTKEY_IPFS"):
        KuboBodies(url)
