"""Prepares the trial network of deploy/compose.yaml: a chain of its own, keys, money that is worth nothing.

    python -m scripts.trial chain                    an Anvil that keeps its state in CHARTKEY_DATA
    python -m scripts.trial prepare NAME …           for each name a folder with keys; and the contracts

Nothing here is for a real network: there, each service has its own machine, key and funds.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from eth_account import Account
from web3 import HTTPProvider, Web3

from app.adapters.deploying import deploy
from app.adapters.rpc import Rpc
from app.adapters.tools import anvil_command
from app.adapters.wallets import own_key
from app.core.errors import ChainUnreachable, ChartkeyError

PORT = 8545
FUNDS = 100 * 10**18
PATIENCE = 60.0


def chain(folder: Path) -> None:
    """Become Anvil: a block every two seconds, so that its clock never stands still."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        *anvil_command(),
        *("--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104  (inside the trial's network)
        *("--accounts", "1", "--chain-id", "1337", "--hardfork", "shanghai"),
        *("--block-time", "2", "--state", str(folder / "chain.json"), "--state-interval", "10"),
    ]
    os.execv(command[0], command)  # noqa: S606


def prepare(folder: Path, url: str, names: Sequence[str]) -> None:
    """Make what the services need before they start; a second time changes nothing but balances."""
    rpc = Rpc(url)
    _wait_for(rpc)
    for name in names:
        payer = Account.from_key(own_key(folder / name / "relayer.key"))
        rpc.call("anvil_setBalance", payer.address, hex(FUNDS))
    w3 = Web3(HTTPProvider(url))
    path = folder / "deployment.json"
    deploy(w3, w3.eth.accounts[0], network="trial", path=path, say=print)


def _wait_for(rpc: Rpc) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            rpc.call("eth_chainId")
        except ChainUnreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


def run(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.trial", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("chain")
    commands.add_parser("prepare").add_argument("names", nargs="+", metavar="NAME")
    options = parser.parse_args(words)
    folder = Path(os.environ.get("CHARTKEY_DATA", "var/trial"))
    try:
        if options.command == "chain":
            chain(folder)
        prepare(folder, os.environ["CHARTKEY_RPC"], options.names)
    except ChartkeyError as error:
        print(f"{error} {error.unharmed} {error.remedy}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(run())
