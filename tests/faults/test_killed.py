"""Relayers that are killed, or that work side by side, lose no statement and anchor none twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from eth_account import Account

from app.adapters import tools
from app.adapters.rpc import Rpc
from app.adapters.wallets import write_key
from app.core.statements import Retraction
from app.services.failpoints import POINTS, reach
from tests.faults import processes
from tests.faults.conftest import OwnChain
from tests.faults.site import GENEROUS, Ledger, Site, enrol, relayer_of, signed_by, wait_until

IMPATIENT = 0
"""Seconds after which a transaction is replaced, where it should be at each look."""
LATER = [f"{point}:3" for point in POINTS if point.startswith(("batch", "contents", "manifest"))]
"""The same places for the third book, when two batches are further on."""


@pytest.mark.parametrize("point", [*POINTS, *LATER])
def test_a_relayer_killed_anywhere_is_followed_by_one_that_finishes(
    point: str, shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(shared_chain), Ledger()
    node = site.node()
    wallet = enrol(node)
    retraction = Retraction(person=wallet.address, record=os.urandom(32))
    signed = signed_by(node, wallet, retraction)
    ledger.hand_in(node, 12)
    replaced = point.startswith("replacement")
    dying = replace(site, plan=replace(site.plan, resend_seconds=IMPATIENT)) if replaced else site
    shared_chain.tell("evm_setAutomine", not replaced)
    try:
        if point == "accepted":
            process = processes.fork(processes.accept, dying, point, signed)
        else:
            node.accept(signed)
            process = processes.fork(processes.settle, dying, point)
        process.join(GENEROUS)
        assert process.exitcode == -signal.SIGKILL, "the failpoint was not reached"
    finally:
        shared_chain.tell("evm_setAutomine", True)
        shared_chain.tell("evm_mine")
    after = site.node()
    after.settle()
    assert relayer_of(after).is_idle()
    ledger.require_all_anchored(shared_chain.url, site)
    assert after.view().retracted_at(wallet.address, retraction.record) > 0


def test_a_failpoint_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reach("nowhere")  # where the environment names none, nothing is looked at
    monkeypatch.setenv("CHARTKEY_FAILPOINT", POINTS[0])
    with pytest.raises(ValueError, match="nowhere"):
        reach("nowhere")


def test_two_relayers_share_the_work_and_one_of_them_may_die_again_and_again(
    database_url: str, folder: Path, shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(shared_chain, database=database_url), Ledger()
    node = site.node()
    stop = folder / "stop"
    steady = processes.fork(processes.relay, site, stop)
    for _ in range(3):
        frail = processes.fork(processes.relay, site, stop)
        before = transactions_of(site)
        ledger.hand_in(node, 60)
        wait_until(lambda before=before: transactions_of(site) > before)  # type: ignore[misc]
        frail.kill()
        frail.join()
    second = processes.fork(processes.relay, site, stop)
    ledger.hand_in(node, 150)
    wait_until(relayer_of(node).is_idle)
    stop.touch()
    for process in (steady, second):
        process.join(GENEROUS)
        assert process.exitcode == 0
    ledger.require_all_anchored(shared_chain.url, site)


def transactions_of(site: Site) -> int:
    """How many transactions of the site's payer are in blocks."""
    address = Account.from_key(site.payer).address
    return int(Rpc(site.rpc).call("eth_getTransactionCount", address, "latest"), 16)


@contextmanager
def started(site: Site, folder: Path, failpoint: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """`python -m app relay`, as an operator starts it; it does not outlive the test."""
    environment = {
        "CHARTKEY_DATA": str(folder),
        "CHARTKEY_DEPLOYMENT": str(site.deployment),
        "CHARTKEY_RPC": site.rpc,
        "CHARTKEY_BATCH_SECONDS": "0",
        "CHARTKEY_FAILPOINT": failpoint,
        "DATABASE_URL": site.database,
    }
    command = [sys.executable, "-m", "app", "relay"]
    process = subprocess.Popen(command, env=os.environ | environment, cwd=tools.ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_the_command_that_was_killed_goes_on_when_it_is_started_again_and_ends_in_good_order(
    folder: Path, shared_chain: OwnChain, make_site: Callable[..., Site]
) -> None:
    site, ledger = make_site(shared_chain), Ledger()
    write_key(folder / "relayer.key", site.payer)
    node = site.node()
    ledger.hand_in(node, 30)
    with started(site, folder, "batch-sent:2") as killed:
        assert killed.wait(GENEROUS) == -signal.SIGKILL
    ledger.hand_in(node, 30)
    with started(site, folder) as second:
        wait_until(relayer_of(node).is_idle)
        second.terminate()
        assert second.wait(GENEROUS) == 0
    ledger.require_all_anchored(shared_chain.url, site)
