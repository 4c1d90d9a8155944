"""Owns the commands of scripts/network.sh: the private network, and what is tried on it."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from app.core.errors import ChartkeyError
from app.demo.story import Story, StoryBroken
from scripts.geth.build import ensure_geth
from scripts.networking import story as told
from scripts.networking.besu import prepare
from scripts.networking.making import NUMBERS
from scripts.networking.nodes import PrivateNetwork
from scripts.networking.reorganizing import reorganize
from scripts.steps import ROOT, SetupFailed, alone

FOLDER = ROOT / "var" / "network"


def up(network: PrivateNetwork) -> int:
    """start three geth nodes that seal by turns, and deploy to them"""
    with alone():
        ensure_geth()
    network.up()
    told.deploy_on(network, print)
    return status(network)


def down(network: PrivateNetwork) -> int:
    """stop the nodes; their chain is kept"""
    network.down()
    return 0


def remove(network: PrivateNetwork) -> int:
    """stop the nodes, and delete their chain and keys"""
    network.remove()
    return 0


def status(network: PrivateNetwork) -> int:
    """tell which nodes run, where, and at which block"""
    for node in network.nodes:
        fate = "stopped"
        if network.is_running(node.number):
            fate = f"at block {network.height(node.number)}"
        print(f"node {node.number}  {node.url}  {fate}")
    print(f"contracts: {network.deployment}")
    return 0


def tell(network: PrivateNetwork) -> int:
    """tell the demo's story on the network; a node dies in the midst of it, and comes back"""
    story = Story()
    ok = told.tell(network, story)
    told.bring_back(network, story)
    return 0 if ok and story.ok else 1


def fork(network: PrivateNetwork) -> int:
    """have the chain reorganized under a node's index"""
    return 0 if reorganize(network, told.deployment_of(network), Story()) else 1


def prove(network: PrivateNetwork) -> int:
    """all of it: up, deploy, story with a node that dies, reorganization, down"""
    start = time.monotonic()
    try:
        codes = [up(network), tell(network), fork(network)]
    finally:
        network.down()
    if not any(codes):
        network.remove()
    print(f"\n{'all came out as told' if not any(codes) else 'NOT as told'}, "
          f"in {time.monotonic() - start:.0f} seconds")  # fmt: skip
    return max(codes)


COMMANDS: dict[str, Callable[[PrivateNetwork], int]] = {
    "up": up,
    "down": down,
    "remove": remove,
    "status": status,
    "story": tell,
    "reorganize": fork,
    "prove": prove,
}


def run(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/network.sh", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        one = commands.add_parser(name, help=command.__doc__)
        one.add_argument("--folder", type=Path, default=FOLDER)
    for name in ("kill", "start"):
        one = commands.add_parser(name, help=f"{name} one node")
        one.add_argument("number", type=int, choices=NUMBERS)
        one.add_argument("--folder", type=Path, default=FOLDER)
    besu = commands.add_parser("besu", help="make keys and first block of a Besu QBFT network")
    besu.add_argument("--folder", type=Path, default=ROOT / "var" / "besu")
    options = parser.parse_args(words)
    try:
        return _obey(options)
    except StoryBroken:
        return 1
    except (ChartkeyError, SetupFailed) as error:
        rest = f" {error.unharmed} {error.remedy}" if isinstance(error, ChartkeyError) else ""
        print(f"{error}{rest}", file=sys.stderr)
        return 1


def _obey(options: argparse.Namespace) -> int:
    if options.command == "besu":
        prepare(options.folder, print)
        return 0
    proves = options.command == "prove"
    # in a place of its own, for it leaves nothing
    folder = options.folder / "proof" if proves else options.folder
    network = PrivateNetwork(folder, attached=proves)
    if options.command in ("kill", "start"):
        getattr(network, options.command)(options.number)
        return status(network)
    return COMMANDS[options.command](network)


if __name__ == "__main__":
    sys.exit(run())
