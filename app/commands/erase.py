"""Owns `python -m app erase`: deleting a record on its patient's signed word, here and at peers."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from pathlib import Path

from app import logs
from app.adapters.database.inventory import Inventory
from app.adapters.peer import HttpPeer
from app.compose import parts_of
from app.config import Settings, service_url
from app.core.encoding import hex0x
from app.core.erasure import Erased, SignedReceipt
from app.core.errors import MalformedStatement
from app.core.peering import read_record, read_retraction
from app.core.wire import read_json

ALL_GONE, SOMETHING_LEFT = 0, 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `erase`; the environment says the rest."""
    parser.add_argument("record", type=Path, metavar="RECORD.json")
    parser.add_argument("retraction", type=Path, metavar="RETRACTION.json")
    parser.add_argument(
        "--peers",
        nargs="*",
        type=service_url,
        metavar="URL",
        help="other nodes (default: CHARTKEY_PEERS)",
    )
    parser.add_argument("--json", action="store_true", help="print the receipts for machines")


def run(options: argparse.Namespace) -> int:
    """Erase, and print every receipt; 0 only where nothing is left and every node took part."""
    settings = Settings.from_environment(os.environ)
    logs.begin("erase", settings.log_level)
    parts = parts_of(settings)
    domains = parts.deployment.domains
    record = read_record(read_json(_read(options.record)), domains)
    retraction = read_retraction(read_json(_read(options.retraction)), domains)
    node = parts.node()
    urls = settings.peers if options.peers is None else options.peers
    node.peers = [HttpPeer(url, domains) for url in urls]
    erased = node.erase(record, retraction)
    Inventory(parts.database).scrub()
    if options.json:
        print(json.dumps(as_json(erased)))
    else:
        print("\n".join(lines_of(erased)))
    return ALL_GONE if is_all_gone(erased) else SOMETHING_LEFT


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as cause:
        raise MalformedStatement("the file cannot be read") from cause


def is_all_gone(erased: Erased) -> bool:
    """Whether every store of every node that was told answered that it holds nothing any more."""
    receipts = [erased.own, *(answer.receipt for answer in erased.peers)]
    return all(one is not None and one.receipt.is_complete for one in receipts)


def as_json(erased: Erased) -> dict[str, object]:
    """The receipts as their nodes signed them, and which node gave none, and why."""
    return {
        "receipt": erased.own.as_json(),
        "peers": [
            {
                "name": answer.name,
                "receipt": answer.receipt and answer.receipt.as_json(),
                "refusal": answer.refusal and str(answer.refusal),
            }
            for answer in erased.peers
        ],
    }


def lines_of(erased: Erased) -> Iterator[str]:
    """What was erased where, for people."""
    yield f"  Record {hex0x(erased.own.receipt.record)}; its retraction goes to the chain."
    yield from _lines_of("this node", erased.own)
    for answer in erased.peers:
        if answer.receipt is None:
            yield f"  ✗ {answer.name} did not erase it: {answer.refusal}"
        else:
            yield from _lines_of(answer.name, answer.receipt)
    yield "  · A salted digest stays on record; what others copied is beyond reach."


def _lines_of(name: str, signed: SignedReceipt) -> Iterator[str]:
    for store in signed.receipt.stores:
        deleted = f"{len(store.deleted)} deleted"
        if store.left:
            words = f"{deleted}, {len(store.left)} left: it did not answer; audit --repair goes on"
            yield f"  ✗ {name}, {store.store}: {words}"
        else:
            yield f"  ✓ {name}, {store.store}: {deleted}, none left"
    yield f"  ✓ {name} signed for it with {signed.receipt.node}"
