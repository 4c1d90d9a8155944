"""Puts the contracts on a network: `python -m scripts.deploy --network NAME`, or `brownie run deploy`.

The endpoint is CHARTKEY_RPC (http://127.0.0.1:8545 unless set). CHARTKEY_DEPLOYER_KEY_FILE names a file,
readable by its owner only, with the key that pays; without it the node's own first account does, as on a
local chain. CHARTKEY_GOVERNOR is the address of the governor, the payer unless set.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import requests
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment, path_of
from app.adapters.wallets import read_key
from app.core.errors import ChainUnreachable, ChartkeyError, TransactionFailed

DEFAULT_RPC = "http://127.0.0.1:8545"


def main(network: str | None = None) -> Deployment:
    """Deploy what is missing; Brownie calls this, connected to the network of its --network."""
    if network is None:
        return _deploy_from_brownie()
    # A proxy for the web is none for the chain of this machine.
    session = requests.Session()
    session.trust_env = not _is_loopback(rpc := os.environ.get("CHARTKEY_RPC", DEFAULT_RPC))
    w3 = Web3(HTTPProvider(rpc, session=session, exception_retry_configuration=None))
    governor = os.environ.get("CHARTKEY_GOVERNOR")
    return deploy(w3, _payer(w3), network=network, governor=governor, say=print)


def _deploy_from_brownie() -> Deployment:
    """Deploy where a Brownie run is connected, from its first account."""
    import brownie  # only here: elsewhere nothing connects it

    payer, network = brownie.accounts[0].address, str(brownie.network.show_active())
    return deploy(brownie.web3, payer, network=network, say=print)


def _is_loopback(url: str) -> bool:
    return any(host in url for host in ("//127.0.0.1", "//localhost", "//[::1]"))


def _payer(w3: Web3) -> LocalAccount | str:
    """Who pays: the key of the named file, or the node's first account."""
    if path := os.environ.get("CHARTKEY_DEPLOYER_KEY_FILE"):
        account: LocalAccount = Account.from_key(read_key(Path(path)))
        return account
    try:
        accounts = w3.eth.accounts
    except requests.RequestException as cause:
        raise ChainUnreachable(type(cause).__name__) from cause
    if not accounts:
        raise TransactionFailed("the node has no account: name CHARTKEY_DEPLOYER_KEY_FILE")
    return str(accounts[0])


def run(words: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.deploy", description=__doc__)
    parser.add_argument("--network", required=True, help="names the file deployments/NETWORK.json")
    network = parser.parse_args(words).network
    try:
        main(network)
    except ChartkeyError as error:
        print(f"{error} {error.unharmed} {error.remedy}", file=sys.stderr)
        return 1
    print(f"written to {path_of(network)}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
