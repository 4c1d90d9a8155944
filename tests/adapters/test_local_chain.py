"""Chains on this machine: refused where they cannot start, and never left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.adapters import processes, tools
from app.adapters.local_chain import LocalChain, start_anvil, start_ganache
from app.adapters.processes import require_free
from app.adapters.rpc import Rpc
from app.core.errors import CannotStart

START_AND_WAIT = """
import sys, time
from pathlib import Path
from app.adapters.local_chain import start_anvil
chain = start_anvil(Path(sys.argv[1]))
print(chain.process.pid, flush=True)
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int, patience: float = 300.0) -> bool:
    until = time.monotonic() + patience
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not is_running(pid)


@pytest.mark.parametrize("start", [start_anvil, start_ganache], ids=["anvil", "ganache"])
def test_a_port_that_is_taken_is_told_in_one_sentence(start, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"port {port} is taken") as refusal:
            start(tmp_path, port)
    assert str(refusal.value).count(".") == 1


def test_a_free_port_lies_below_those_of_outgoing_connections_and_is_given_once() -> None:
    """Linux gives those from 32,768 on, unless told otherwise (ip(7))."""
    found = {require_free(0, "Anvil") for _ in range(500)}
    assert len(found) == 500, "none is given twice before its program may listen"
    assert max(found) < 32_768


def test_that_no_port_is_free_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(processes, "PORTS", [taken.getsockname()[1]])
        with pytest.raises(CannotStart, match="no port is free"):
            require_free(0, "Anvil")


def test_a_chain_starts_on_the_port_that_was_asked_for(tmp_path: Path) -> None:
    port = require_free(0, "Anvil")
    with start_anvil(tmp_path, port) as chain:
        assert chain.url == f"http://127.0.0.1:{port}"
        assert len({account.address for account in chain.accounts}) == 4
    assert not is_running(chain.process.pid)


def test_a_program_that_ends_at_once_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "anvil_command", lambda: ["false"])
    with pytest.raises(CannotStart, match="ended with 1"):
        start_anvil(tmp_path)


def test_a_program_that_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "NODE_MODULES", tmp_path)
    with pytest.raises(CannotStart, match="not installed"):
        start_ganache(tmp_path)


def test_a_chain_listens_on_loopback_only(anvil: LocalChain) -> None:
    port = f"{int(anvil.url.rpartition(':')[2]):04X}"
    listening = [
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{port}")
    ]
    assert listening == [f"0100007F:{port}"]


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_chain_ends_with_its_parent_even_when_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", START_AND_WAIT, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert wait_until_gone(child)


def test_stopping_twice_is_no_fault(tmp_path: Path) -> None:
    chain = start_anvil(tmp_path)
    assert int(Rpc(chain.url).call("eth_blockNumber"), 16) == 0
    chain.stop()
    chain.stop()
    assert not is_running(chain.process.pid)


def test_the_phrase_of_a_kept_chain_is_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "ganache_command", lambda: ["false"])
    for _ in range(2):
        with pytest.raises(CannotStart):
            start_ganache(tmp_path)
    assert (tmp_path / "mnemonic").stat().st_mode & 0o777 == 0o600
    assert len((tmp_path / "mnemonic").read_text(encoding="ascii").split()) == 12
