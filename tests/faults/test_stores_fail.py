"""Stores that go away, fill up, forget or falsify cost time, and no statement."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine, event

from app.adapters.bodies import FolderBodies
from app.adapters.daemons import Kubo, Postgres, start_kubo
from app.adapters.database import Database
from app.adapters.kubo import KuboBodies
from app.core.cid import raw_cid
from app.core.errors import StoreError, StoreFull, StoreUnreachable
from app.services.node import LocalNode
from tests.faults.conftest import OwnChain
from tests.faults.site import Ledger, Site, relayer_of, settle_whatever_comes, wait_until, working

MEGABYTE = 1 << 20
MORE_THAN_FITS = 5000


# --- IPFS ---


def test_while_no_daemon_answers_statements_are_taken_and_nothing_is_anchored_unpublished(
    shared_chain: OwnChain, make_site: Callable[..., Site], make_kubo: Callable[[], Kubo]
) -> None:
    kubo = make_kubo()
    site, ledger = make_site(shared_chain, kubos=[kubo.api]), Ledger()
    node = site.node()
    ledger.hand_in(node, 6)
    node.settle()
    anchored = len(relayer_of(node).queue.standing())
    kubo.kill()
    ledger.hand_in(node, 6)
    with pytest.raises(StoreUnreachable):
        node.settle()
    assert len(relayer_of(node).queue.standing()) == anchored
    with start_kubo(kubo.folder, port=port_of(kubo)):
        node.settle()
        ledger.require_all_anchored(shared_chain.url, site)


def port_of(kubo: Kubo) -> int:
    """Where it listened, and should again."""
    port = urlsplit(kubo.api).port
    assert port is not None
    return port


def test_one_of_two_daemons_may_fail_forget_and_falsify(
    shared_chain: OwnChain, make_site: Callable[..., Site], make_kubo: Callable[[], Kubo]
) -> None:
    first, second = make_kubo(), make_kubo()
    site, ledger = make_site(shared_chain, kubos=[first.api, second.api]), Ledger()
    node = site.node()
    ledger.hand_in(node, 9)
    node.settle()
    pinned, kept, *_ = (raw_cid(sha256(e).digest()) for e in ledger.accepted.values())
    assert KuboBodies(first.api).delete(pinned)
    falsify(first, kept)
    ledger.require_all_anchored(shared_chain.url, site)
    for address in (pinned, kept):
        assert sha256(site.store().fetch(address)).digest() in {
            sha256(e).digest() for e in ledger.accepted.values()
        }
    first.kill()
    ledger.hand_in(node, 9)
    node.settle()
    ledger.require_all_anchored(shared_chain.url, replace(site, kubos=[second.api]))


def falsify(kubo: Kubo, address: str) -> None:
    """Alter a block in the daemon's folder."""
    content = KuboBodies(kubo.api).fetch(address)
    kubo.block_path(address).write_bytes(bytes([content[0] ^ 1]) + content[1:])


def test_a_body_altered_on_disk_is_never_served_and_the_count_still_stands(
    shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(shared_chain), Ledger()
    node = site.node()
    ledger.hand_in(node, 3)
    node.settle()
    envelope = next(iter(ledger.accepted.values()))
    address = raw_cid(sha256(envelope).digest())
    (path,) = site.bodies.rglob(address)
    path.write_bytes(bytes([envelope[0] ^ 1]) + envelope[1:])
    with pytest.raises(StoreError):
        FolderBodies(site.bodies).fetch(address)
    FolderBodies(site.bodies).put(iter([envelope]))
    assert FolderBodies(site.bodies).fetch(address) == envelope
    ledger.require_all_anchored(shared_chain.url, site)


# --- a full disk ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; only root may make one."""
    path = tmp_path / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "chartkey", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
    yield path
    subprocess.run(["umount", "--lazy", str(path)], check=True)


def grow(disk: Path) -> None:
    """Somebody frees space."""
    subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)


def fill(ledger: Ledger, node: LocalNode) -> None:
    """Hand in, one by one, until the disk is full."""

    def hand_in_without_end() -> None:
        while len(ledger.accepted) < MORE_THAN_FITS:
            ledger.hand_in(node, 1)

    with pytest.raises(StoreFull):
        hand_in_without_end()
    assert ledger.accepted


def test_a_full_disk_under_the_database_loses_nothing_that_was_accepted(
    small_disk: Path, shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    database = f"sqlite:///{small_disk / 'node.db'}"
    site, ledger = make_site(shared_chain, database=database), Ledger()
    node = site.node()
    fill(ledger, node)
    with pytest.raises(StoreError):
        node.settle()
    count = ledger.count(shared_chain.url, site)
    assert count.doubled == 0
    assert count.anchored < count.accepted
    grow(small_disk)
    ledger.hand_in(node, 3)
    settle_whatever_comes(site.node())
    ledger.require_all_anchored(shared_chain.url, site)


def test_a_full_disk_under_the_bodies_anchors_nothing_that_was_not_published(
    small_disk: Path, shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(shared_chain, bodies=small_disk / "bodies"), Ledger()
    node = site.node()
    (small_disk / "filler").write_bytes(bytes(MEGABYTE - 200_000))
    ledger.hand_in(node, 300)
    with pytest.raises(StoreFull):
        node.settle()
    grow(small_disk)
    node.settle()
    ledger.require_all_anchored(shared_chain.url, site)


def test_a_database_that_may_grow_no_further_keeps_what_it_accepted(
    shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    """As on a full disk (SQLITE_FULL), where none can be mounted."""
    site, ledger = make_site(shared_chain), Ledger()
    full = site.node()

    @event.listens_for(engine_of(full.database), "connect")
    def _stop_growing(connection: object, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count={pages + 8}")  # type: ignore[attr-defined]

    engine_of(full.database).dispose()
    fill(ledger, full)
    site.node().settle()
    ledger.require_all_anchored(shared_chain.url, site)


def engine_of(database: object) -> Engine:
    assert isinstance(database, Database)
    return database._engine


# --- PostgreSQL ---


@pytest.mark.parametrize("way", ["restarted", "killed"])
def test_a_database_server_that_goes_away_in_the_middle_loses_and_doubles_nothing(
    way: str,
    postgres: Postgres,
    postgres_url: str,
    shared_chain: OwnChain,
    make_site: Callable[..., Site],
) -> None:
    site, ledger = make_site(shared_chain, database=postgres_url), Ledger()
    node = site.node()
    with working(relayer_of(node).tick), ThreadPoolExecutor(3) as clients:
        handed_in = [clients.submit(ledger.insist, node, 60) for _ in range(3)]
        wait_until(lambda: len(ledger.accepted) > 20)
        if way == "killed":
            postgres.kill()
            postgres.start()
        else:
            postgres.restart()
        for client in handed_in:
            client.result()
    settle_whatever_comes(node)
    assert len(ledger.accepted) == 180
    ledger.require_all_anchored(shared_chain.url, site)
