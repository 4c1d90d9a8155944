"""Owns `python -m app audit`: comparing a node with the chain and with other nodes, and mending it."""

from __future__ import annotations

import argparse
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime

from app import logs
from app.adapters.database import Database
from app.adapters.database.inventory import Inventory
from app.adapters.database.mending import Mending
from app.adapters.deployment import Deployment
from app.adapters.endpoints import Endpoints
from app.adapters.followed import FollowedChain
from app.adapters.one_endpoint import OneEndpoint
from app.adapters.peer import HttpPeer
from app.adapters.rpc import Rpc
from app.compose import parts_of
from app.config import Settings, service_url
from app.core.auditing import Difference, Report
from app.core.cid import raw_cid
from app.core.errors import ChartkeyError, NotStored, ServiceError, StoreError
from app.core.ports import BodyKeeper
from app.core.waybills import NodeSecret
from app.running import told_by_signals
from app.services.auditor import Auditor
from app.services.erasure import Erasing
from app.services.indexer import Indexer, Source

CLEAN, DIFFERENCES, BLIND = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `audit`; the environment says the rest."""
    parser.add_argument(
        "--peers",
        nargs="*",
        type=service_url,
        metavar="URL",
        help="other nodes (default: CHARTKEY_PEERS)",
    )
    parser.add_argument(
        "--repair", action="store_true", help="mend what hashes and the chain bear out"
    )
    parser.add_argument("--watch", type=float, metavar="SECONDS", help="look again and again")
    parser.add_argument("--seed", type=int, help="what is looked at in samples (default: random)")
    parser.add_argument("--json", action="store_true", help="print it for machines")


def run(options: argparse.Namespace) -> int:
    """Print what is not as it should be; 0 where nothing is left of it, 2 where it cannot look."""
    settings = Settings.from_environment(os.environ)
    logs.begin("audit", settings.log_level)
    parts = parts_of(settings)
    auditor = build_auditor(
        deployment=parts.deployment,
        urls=settings.rpc,
        database=parts.database,
        bodies=parts.bodies,
        secret=parts.secret,
        peers=settings.peers if options.peers is None else options.peers,
        seed=secrets.randbelow(1 << 32) if options.seed is None else options.seed,
    )
    if options.watch is not None:
        with told_by_signals() as stop:
            return watch(auditor, options, stop.wait)
    report = auditor.audit(repair=options.repair)
    show(report, as_json=options.json)
    return CLEAN if report.is_clean else DIFFERENCES


def build_auditor(
    *,
    deployment: Deployment,
    urls: Sequence[str],
    database: Database,
    bodies: BodyKeeper,
    secret: NodeSecret | None,
    peers: Sequence[str] = (),
    seed: int = 0,
) -> Auditor:
    """An auditor of one node; `urls` are its RPC endpoints, `peers` those of other nodes."""
    endpoints = {url: OneEndpoint(url, Rpc(url), deployment) for url in urls}
    others = [HttpPeer(url, deployment.domains) for url in peers]
    mending = Mending(database)

    def source(lying: Collection[str]) -> FollowedChain:
        honest = [url for url, one in endpoints.items() if one.name not in lying]
        return FollowedChain(Endpoints(honest, deployment.chain_id), deployment)

    indexer = Indexer(source=source(()), index=database, bodies=bodies, elsewhere=_asking(others))
    erasing = None
    if secret is not None:
        erasing = Erasing(database=database, bodies=bodies, secret=secret)
    return Auditor(
        domains=deployment.domains,
        rows=Inventory(database),
        mending=mending,
        bodies=bodies,
        secret=secret,
        erasing=erasing,
        endpoints=list(endpoints.values()),
        source=source,
        reindex=_reindexing(database, mending, indexer),
        peers=others,
        seed=seed,
    )


def _asking(peers: Sequence[HttpPeer]) -> Callable[[bytes], bytes]:
    """A list from the first peer that has it right."""

    def ask(hash_: bytes) -> bytes:
        for peer in peers:
            try:
                return peer.manifest(hash_)
            except (StoreError, ServiceError):
                continue
        raise NotStored(address=raw_cid(hash_))

    return ask


def _reindexing(
    database: Database, mending: Mending, indexer: Indexer
) -> Callable[[Source, int], None]:
    """Unwinds to the newest block that is remembered and right, and follows the chain from there."""

    def reindex(source: Source, until: int) -> None:
        followed = database.followed()
        if not followed:
            mending.empty_index()  # rows without any block that they stand on
        elif followed[0].number > until:
            known = (block.number for block in followed if block.number <= until)
            database.unwind(followed[0], max(known, default=-1))
        indexer.source = source
        indexer.follow()
        now = indexer.clock()
        while indexer.read_manifests(now):
            pass

    return reindex


# showing


def watch(auditor: Auditor, options: argparse.Namespace, wait: Callable[[float], bool]) -> int:
    """Look again and again until `wait` says that it is enough; the last look decides the code."""
    before: Report | str | None = None
    code = BLIND
    while True:
        now: Report | str
        try:
            now = auditor.audit(repair=options.repair)
        except ChartkeyError as fault:
            now = f"Could not look: {fault}"
        if isinstance(now, str):
            code = BLIND
            print(f"{_clock()} {now}", flush=True)
        else:
            code = CLEAN if now.is_clean else DIFFERENCES
            if isinstance(before, Report) and before.left == now.left and not _mended(now):
                words = "still clean" if now.is_clean else f"still {len(now.left)} left"
                print(f"{_clock()} {words}", flush=True)
            else:
                show(now, as_json=options.json)
        before = now
        auditor.seed += 1  # other samples next time
        if wait(options.watch):
            return code


def _mended(report: Report) -> list[Difference]:
    return [one for one in report.differences if one.mended]


def _clock() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"


def show(report: Report, *, as_json: bool) -> None:
    """Print a report for people, or for machines."""
    if as_json:
        print(json.dumps(report.as_json()), flush=True)
        return
    print("\n".join(lines_of(report)), flush=True)


def lines_of(report: Report) -> Iterator[str]:
    """A report, line by line: what was looked at, each difference, what it comes to."""
    looked = ", ".join(f"{count} {what}" for what, count in report.looked.items())
    yield f"  Looked at {looked}."
    for one in report.differences:
        name = "" if one.name == one.where else f" {one.name}"
        what = f"{one.what}{name} ({one.where})"
        if one.mended:
            yield f"  ✓ {what} was {one.kind}: {one.mended}"
        else:
            yield f"  ✗ {what} {one.kind}: {one.found}"
    for note in report.notes:
        yield f"  · {note}"
    left = len(report.left)
    mended = len(report.differences) - left
    also = f" {mended} {'was' if mended == 1 else 'were'} mended." if mended else ""
    if not left:
        yield f"  ✓ Nothing differs from the chain.{also}"
    else:
        yield f"  ✗ {left} {'difference is' if left == 1 else 'differences are'} left.{also}"
