"""Puts the contracts on a network: `python -m scripts.deploy --network NAME`, or `brownie run deploy --network NAME`.

Both call `main`, which tells first what it would do and cost. docs/networks.md tells the rest.

The endpoint is CHARTKEY_RPC (http://127.0.0.1:8545 unless set). Who pays is the keystore file of
--keystore or CHARTKEY_KEYSTORE, with its passphrase in the file CHARTKEY_KEYSTORE_PASSPHRASE_FILE; or the
key in the file CHARTKEY_DEPLOYER_KEY_FILE; or the key in CHARTKEY_DEPLOYER_KEY; or else the node's own
first account, as on a local chain. CHARTKEY_GOVERNOR is the governor's address, the payer unless set.
CHARTKEY_FEE_CAP is the most to pay for a unit of gas, in gwei. CHARTKEY_DEPLOYMENTS is the folder in
which NAME.json is kept.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import requests
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3

from app.adapters.deploying import deploy, quote
from app.adapters.deployment import FOLDER
from app.adapters.explorers import input_path
from app.adapters.paying import account_of
from app.config import SETTINGS
from app.core.errors import ChainUnreachable, ChartkeyError, TransactionFailed

DEFAULT_RPC = "http://127.0.0.1:8545"
GOVERNOR, FOLDER_NAMED = "CHARTKEY_GOVERNOR", "CHARTKEY_DEPLOYMENTS"


def main(
    network: str | None = None,
    *,
    dry_run: bool = False,
    environ: Mapping[str, str] = os.environ,
    say: Callable[[str], None] = print,
) -> Path:
    """Deploy what is missing, and return the file that tells where; a dry run only tells the cost.

    Brownie calls this without a name, connected to the network of its --network.
    """
    if network is None:
        w3, network, own = _brownies()
    else:
        w3, own = _connected(environ.get("CHARTKEY_RPC") or DEFAULT_RPC), None
    sender = account_of(environ, only_address=dry_run) or own or _first_account(w3)
    path = path_in(environ, network)
    governor = environ.get(GOVERNOR) or None
    cap = _fee_cap(environ)
    told = quote(w3, sender, network=network, path=path, governor=governor, cap=cap)
    for line in told.lines():
        say(line)
    told.require_affordable()
    if not dry_run:
        deploy(
            w3,
            sender,
            network=network,
            path=path,
            governor=governor,
            say=say,
            cap=cap,
            for_explorers=True,
        )
    return path


def path_in(environ: Mapping[str, str], network: str) -> Path:
    """Where a network's deployment file is kept."""
    return Path(environ.get(FOLDER_NAMED) or FOLDER) / f"{network}.json"


def _fee_cap(environ: Mapping[str, str]) -> int:
    """In wei; raises Misconfigured."""
    [cap] = [one.value(environ) for one in SETTINGS if one.name == "CHARTKEY_FEE_CAP"]
    return int(cap)


def _brownies() -> tuple[Web3, str, str | None]:
    """Where a Brownie run is connected, and its first account, if it has any."""
    import brownie  # only here: elsewhere nothing connects it

    own = brownie.accounts[0].address if len(brownie.accounts) else None
    return brownie.web3, str(brownie.network.show_active()), own


def _connected(endpoints: str) -> Web3:
    """The first of the endpoints; a proxy for the web is none for the chain of this machine."""
    url = endpoints.split(",")[0].strip()
    session = requests.Session()
    session.trust_env = not _is_loopback(url)
    return Web3(HTTPProvider(url, session=session, exception_retry_configuration=None))


def _is_loopback(url: str) -> bool:
    return any(host in url for host in ("//127.0.0.1", "//localhost", "//[::1]"))


def _first_account(w3: Web3) -> LocalAccount | str:
    """An account that the node signs for itself."""
    try:
        accounts = w3.eth.accounts
    except requests.RequestException as cause:
        raise ChainUnreachable(type(cause).__name__) from cause
    if not accounts:
        raise TransactionFailed("the node has no account: name a keystore or key that pays")
    return str(accounts[0])


def run(words: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.deploy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--network", required=True, help="names the file deployments/NETWORK.json")
    parser.add_argument("--keystore", metavar="FILE", help="the keystore of the account that pays")
    parser.add_argument(
        "--dry-run", action="store_true", help="tell what there is to do and what it costs"
    )
    options = parser.parse_args(words)
    named = {"CHARTKEY_KEYSTORE": options.keystore} if options.keystore else {}
    try:
        path = main(options.network, dry_run=options.dry_run, environ={**os.environ, **named})
    except ChartkeyError as error:
        print(f"{error} {error.unharmed} {error.remedy}", file=sys.stderr)
        return 1
    if options.dry_run:
        print("Nothing was sent.")
    else:
        print(f"written to {path}, and for block explorers to {input_path(path).name}")
    return 0


if __name__ == "__main__":
    sys.exit(run())
