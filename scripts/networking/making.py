"""Owns making the private network: its nodes' keys and ports, the first block, and how each geth is started."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount

from app.adapters.files import write_whole
from app.adapters.processes import require_free
from app.adapters.wallets import own_key
from app.core.errors import CannotStart
from scripts.geth.build import geth_command
from scripts.networking.genesis import clique
from scripts.networking.ipc import LONGEST_PATH
from scripts.steps import run

CHAIN_ID = 27182
PERIOD = 1
"""Seconds between blocks."""
NUMBERS = (1, 2, 3)
ACCOUNTS = 4
QUICK_SCRYPT = 2
"""The keys in a node's folder lie beside their passphrase: stretching it would protect nothing."""

CONFIG = """\
# No flag says it: a node may call all the others, and not a third of them.
[Node.P2P]
DialRatio = 1
"""


class NetworkUnfit(CannotStart):
    sentence = "The private network cannot be used: {reason}."
    remedy = "See scripts/network.sh status, or begin anew: remove, then up."


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One geth: where it answers, and who it is."""

    number: int
    http: int
    p2p: int
    auth: int
    sealer: str
    public_key: str

    @property
    def url(self) -> str:
        """Its JSON-RPC endpoint."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def enode(self) -> str:
        """How other nodes find it."""
        return f"enode://{self.public_key}@127.0.0.1:{self.p2p}?discport=0"


def home_of(folder: Path, number: int) -> Path:
    """A node's own folder."""
    return folder / f"node-{number}"


def passphrase_of(folder: Path) -> Path:
    """The file with the passphrase of all keystore files of the network."""
    return folder / "passphrase"


def keystore_of(folder: Path) -> Path:
    """The operator's key as a keystore file."""
    return folder / "accounts" / "operator.json"


def accounts_of(folder: Path) -> Sequence[LocalAccount]:
    """The accounts that have money, their keys made at the first call."""
    keys = (own_key(folder / "accounts" / f"{number}.key") for number in range(ACCOUNTS))
    return [Account.from_key(key) for key in keys]


def make(folder: Path) -> None:
    """Keys, the first block, and a data folder for each node; raises NetworkUnfit."""
    longest = home_of(folder, NUMBERS[-1]) / "geth.ipc"
    if len(str(longest).encode()) > LONGEST_PATH:
        raise NetworkUnfit(reason="its folder's path is too long for a socket")
    folder.mkdir(parents=True, exist_ok=True)
    if any(path.name != "proof" for path in folder.iterdir()):
        raise NetworkUnfit(reason="its folder holds something else; choose an empty one")
    words = secrets.token_hex(16)
    _write_secret(passphrase_of(folder), words)
    nodes = [_make_node(folder, number, words) for number in NUMBERS]
    accounts = accounts_of(folder)
    _write_secret(
        keystore_of(folder),
        json.dumps(Account.encrypt(accounts[0].key, words, iterations=QUICK_SCRYPT)),
    )
    rich = [account.address for account in accounts]
    genesis = clique(CHAIN_ID, PERIOD, [node.sealer for node in nodes], rich)
    write_whole(folder / "geth.toml", CONFIG)
    write_whole(folder / "genesis.json", json.dumps(genesis, indent=1) + "\n")
    for node in nodes:
        home = home_of(folder, node.number)
        run(
            [*geth_command(), "init", "--datadir", home, folder / "genesis.json"],
            what="geth",
        )
    kept = {"nodes": [{name: getattr(node, name) for name in Node.__slots__} for node in nodes]}
    write_whole(folder / "network.json", json.dumps(kept, indent=1) + "\n")


def _make_node(folder: Path, number: int, words: str) -> Node:
    home = home_of(folder, number)
    account = Account.create()
    _write_secret(
        home / "keystore" / f"{account.address.lower()}.json",
        json.dumps(Account.encrypt(account.key, words, iterations=QUICK_SCRYPT)),
    )
    identity = PrivateKey()
    _write_secret(home / "identity", identity.to_hex())
    public = identity.public_key.format(compressed=False)[1:].hex()
    http, p2p, auth = (require_free(0, "geth") for _ in range(3))
    return Node(
        number=number,
        http=http,
        p2p=p2p,
        auth=auth,
        sealer=account.address,
        public_key=public,
    )


def command(folder: Path, node: Node) -> list[str]:
    """What starts a node."""
    home = home_of(folder, node.number)
    return [
        *geth_command(),
        *("--datadir", str(home), "--networkid", str(CHAIN_ID), "--ipcpath", "geth.ipc"),
        *("--port", str(node.p2p), "--nodiscover", "--nat", "none"),
        *("--config", str(folder / "geth.toml"), "--maxpeers", str(len(NUMBERS) - 1)),
        *("--netrestrict", "127.0.0.1/32", "--nodekey", str(home / "identity")),
        *("--http", "--http.addr", "127.0.0.1", "--http.port", str(node.http)),
        *("--http.api", "eth,net,web3", "--authrpc.port", str(node.auth)),
        *("--syncmode", "full", "--gcmode", "archive", "--cache", "64", "--verbosity", "3"),
        # sealers hold no money: whoever may talk to the port can have them sign nothing of worth
        *("--mine", "--miner.etherbase", node.sealer, "--unlock", node.sealer),
        *("--password", str(passphrase_of(folder)), "--allow-insecure-unlock"),
    ]


def _write_secret(path: Path, text: str) -> None:
    """A file that only its owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text + "\n")
