"""Owns chains on this machine: Ganache, kept between runs, and Anvil, which starts afresh."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from eth_account import Account
from eth_account.signers.local import LocalAccount
from mnemonic import Mnemonic

from app.adapters import tools
from app.adapters.rpc import Rpc, RpcRefused
from app.core.errors import CannotStart, ChainUnreachable

CHAIN_ID = 1337
PATIENCE = 60.0

Account.enable_unaudited_hdwallet_features()


@dataclass(kw_only=True)
class LocalChain:
    """A chain in a process of our own, on loopback; its accounts are rich and worth nothing."""

    url: str
    accounts: Sequence[LocalAccount]
    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """End the process, giving it time to write what it holds."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_ganache(folder: Path, port: int = 0) -> LocalChain:
    """Ganache on a folder that keeps its chain; raises CannotStart (port taken, not installed)."""
    folder.mkdir(parents=True, exist_ok=True)
    words = _kept_mnemonic(folder / "mnemonic")
    port = _require_free(port, "Ganache")
    options = [
        *("--server.host", "127.0.0.1", "--server.port", str(port)),
        *("--database.dbPath", str(folder / "ganache")),
        *("--wallet.mnemonic", words, "--wallet.totalAccounts", "4"),
        *("--chain.chainId", str(CHAIN_ID), "--chain.networkId", str(CHAIN_ID)),
        *("--chain.hardfork", "shanghai", "--logging.quiet", "true"),
    ]
    return _start("Ganache", [*tools.ganache_command(), *options], port, words, folder)


def start_anvil(folder: Path, port: int = 0) -> LocalChain:
    """Anvil in memory, for tests and measurements; `folder` takes its log."""
    folder.mkdir(parents=True, exist_ok=True)
    words = Mnemonic("english").generate(128)
    port = _require_free(port, "Anvil")
    options = [
        *("--host", "127.0.0.1", "--port", str(port), "--accounts", "4"),
        *("--mnemonic", words, "--chain-id", str(CHAIN_ID), "--hardfork", "shanghai", "--quiet"),
    ]
    return _start("Anvil", [*tools.anvil_command(), *options], port, words, folder)


def _kept_mnemonic(path: Path) -> str:
    """The phrase from which the chain's accounts derive, made once for each folder."""
    if not path.exists():
        words = Mnemonic("english").to_mnemonic(secrets.token_bytes(16))
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(words)
    return path.read_text(encoding="ascii").strip()


def _require_free(port: int, program: str) -> int:
    with socket.socket() as probe:
        # a chain that ended a moment ago leaves its port waiting, not taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as cause:
            raise CannotStart(program=program, reason=f"port {port} is taken") from cause
        return int(probe.getsockname()[1])


def _start(program: str, command: Sequence[str], port: int, words: str, folder: Path) -> LocalChain:
    log = (folder / f"{program.lower()}.log").open("wb")
    with log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    accounts = [Account.from_mnemonic(words, account_path=f"m/44'/60'/0'/0/{i}") for i in range(4)]
    chain = LocalChain(url=f"http://127.0.0.1:{port}", accounts=accounts, process=process)
    try:
        _wait_until_up(program, chain)
    except BaseException:
        chain.stop()
        raise
    return chain


def _wait_until_up(program: str, chain: LocalChain) -> None:
    rpc, until = Rpc(chain.url, timeout=5), time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if chain.process.poll() is not None:
            raise CannotStart(program=program, reason=f"it ended with {chain.process.returncode}")
        try:
            if int(rpc.call("eth_chainId"), 16) == CHAIN_ID:
                return
        except (ChainUnreachable, RpcRefused):
            time.sleep(0.02)
    raise CannotStart(program=program, reason="it does not answer")


def _end_with_parent() -> None:
    """Have the kernel end the chain should this process die without a word (prctl(2))."""
    death_signal = 1
    ctypes.CDLL(None).prctl(death_signal, signal.SIGTERM)
