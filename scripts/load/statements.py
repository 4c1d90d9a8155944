"""Owns the measurement of statements: from the first signature to the last anchor in a block."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pg8000.native import Connection, identifier  # type: ignore[import-untyped]
from web3 import HTTPProvider, Web3

from app.adapters.daemons import Postgres, start_kubo, start_postgres
from app.core.encoding import from_hex
from scripts.load.clients import clients, split
from scripts.load.onlooker import Onlooker
from scripts.load.people import Office, fresh_secrets
from scripts.load.sealing import viewer_of
from scripts.load.sizes import Sizes
from scripts.load.stage import PATIENCE, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """How many statements came to the chain, how fast, and with how much memory (bytes)."""

    per_second: float
    accepted: int
    lost: int
    peak: int


def measure_folder(folder: Path, sizes: Sizes) -> Passage:
    """SQLite and the folder of bodies: what a node has by default."""
    return _measure(folder, sizes, sizes.statements, {})


def measure_kubo(folder: Path, sizes: Sizes) -> Passage:
    """SQLite and two Kubo daemons, both of which must take everything; raises CannotStart."""
    with start_kubo(folder / "kubo-1") as first, start_kubo(folder / "kubo-2") as second:
        stores = {"CHARTKEY_IPFS": f"{first.api},{second.api}", "CHARTKEY_IPFS_LEAST": "2"}
        return _measure(folder, sizes, sizes.statements_kubo, stores)


def measure_postgres(folder: Path, sizes: Sizes) -> Passage:
    """PostgreSQL and the folder of bodies; raises CannotStart."""
    with start_postgres(folder / "postgres") as server:
        url = new_database(server, "statements")
        return _measure(folder, sizes, sizes.statements_postgres, {"DATABASE_URL": url})


def new_database(server: Postgres, name: str) -> str:
    """An empty database on a server, as a URL."""
    connection = Connection(server.owner, host="127.0.0.1", port=server.port, database="postgres")
    try:
        connection.run(f"CREATE DATABASE {identifier(name)}")
    finally:
        connection.close()
    return server.url_of(name)


def _measure(folder: Path, sizes: Sizes, count: int, settings: Mapping[str, str]) -> Passage:
    with Stage(folder=folder, settings=settings) as stage:
        office = Office(stage)
        patients = [fresh_secrets() for _ in range(sizes.patients)]
        office.enrol(patients)
        viewers = office.enrol([fresh_secrets() for _ in range(sizes.viewers)])
        with ExitStack() as stack:
            web = stack.enter_context(stage.running("web", listens=True))
            stack.enter_context(stage.running("relay", {"CHARTKEY_BATCH_SECONDS": "1"}))
            tasks = [
                {
                    "deployment": str(stage.deployment_file),
                    "url": web.url,
                    "in_list": sizes.in_list,
                    "count": some,
                    "patients": [one.write() for one in patients],
                    "viewers": [viewer_of(v.address, v.vault.identity.public) for v in viewers],
                }
                for some in split(count, sizes.sealers)
            ]
            onlooker = Onlooker(stage, office.parts.bodies)
            before = len(onlooker.look())
            sealers = stack.enter_context(clients("sealing", tasks))
            for sealer in sealers:
                sealer.go()
            while len(onlooker.look()) < before + 1:
                time.sleep(0.05)
            answers = [sealer.answer() for sealer in sealers]
            accepted = {from_hex(digest, 32) for one in answers for digest in one["accepted"]}
            ended = _wait_for(onlooker, accepted)
        if len(accepted) < count:
            raise AssertionError(f"the node refused some: {[one['refused'] for one in answers]}")
        return Passage(
            per_second=round(len(accepted) / (ended - min(one["began"] for one in answers)), 1),
            accepted=len(accepted),
            lost=len(accepted - onlooker.anchored),
            peak=stage.peak,
        )


def _wait_for(onlooker: Onlooker, accepted: set[bytes]) -> float:
    """When the last of the accepted digests was seen in a block; gives up after a long time."""
    end = time.monotonic() + PATIENCE
    while not accepted <= onlooker.look() and time.monotonic() < end:
        time.sleep(0.02)
    return time.time()


def one_by_one(folder: Path, count: int) -> float:
    """Transactions per second to an Anvil through web3.py, each waited for: the floor."""
    with Stage(folder=folder) as stage:
        w3 = Web3(HTTPProvider(stage.chain.url))
        sender = stage.chain.accounts[3]
        begin = time.perf_counter()
        for nonce in range(count):
            signed = sender.sign_transaction(
                {
                    "chainId": stage.deployment.chain_id,
                    "nonce": nonce,
                    "to": sender.address,
                    "value": 0,
                    "gas": 21_000,
                    "gasPrice": 2 * 10**9,
                }
            )
            hash_ = w3.eth.send_raw_transaction(signed.raw_transaction)
            w3.eth.wait_for_transaction_receipt(hash_, poll_latency=0.001)
        return round(count / (time.perf_counter() - begin), 1)
