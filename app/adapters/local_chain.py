"""Owns chains on this machine: Ganache, kept between runs, and Anvil, which starts afresh."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.signers.local import LocalAccount
from mnemonic import Mnemonic

from app.adapters import tools
from app.adapters.processes import Program, require_free, start
from app.adapters.rpc import Rpc, RpcRefused
from app.core.errors import ChainUnreachable

CHAIN_ID = 1337

Account.enable_unaudited_hdwallet_features()


@dataclass(kw_only=True)
class LocalChain(Program):
    """A chain in a process of our own, on loopback; its accounts are rich and worth nothing."""

    url: str
    accounts: Sequence[LocalAccount]


def start_ganache(folder: Path, port: int = 0) -> LocalChain:
    """Ganache on a folder that keeps its chain; raises CannotStart (port taken, not installed)."""
    folder.mkdir(parents=True, exist_ok=True)
    words = _kept_mnemonic(folder / "mnemonic")
    port = require_free(port, "Ganache")
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
    port = require_free(port, "Anvil")
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


def _start(program: str, command: Sequence[str], port: int, words: str, folder: Path) -> LocalChain:
    process = start(command, folder / f"{program.lower()}.log")
    accounts = [Account.from_mnemonic(words, account_path=f"m/44'/60'/0'/0/{i}") for i in range(4)]
    url = f"http://127.0.0.1:{port}"
    chain = LocalChain(name=program, url=url, accounts=accounts, process=process)
    rpc = Rpc(url, timeout=5)
    chain.wait_until(lambda: _answers(rpc))
    return chain


def _answers(rpc: Rpc) -> bool:
    try:
        return int(rpc.call("eth_chainId"), 16) == CHAIN_ID
    except (ChainUnreachable, RpcRefused):
        return False
