"""Owns the nodes of the private network: their folder, keys and processes, and who is linked with whom.

Everything is on loopback and below one folder; a node that was started goes on after the command that
did so, until it is stopped by the process id that the folder names.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount

from app.adapters.files import write_whole
from app.adapters.processes import end_with_parent
from app.adapters.rpc import Rpc
from app.core.errors import ChainUnreachable
from scripts.networking.ipc import ask
from scripts.networking.making import (
    CHAIN_ID,
    NUMBERS,
    NetworkUnfit,
    Node,
    accounts_of,
    command,
    home_of,
    keystore_of,
    make,
    passphrase_of,
)

PATIENCE = 120.0
STOPPING = 15.0
STANDSTILL = 10.0
"""Seconds without a block, which come a second apart, after which a node gives way."""
QUIET = 2.0
"""Seconds in which two nodes that were parted must not be found talking."""


class PrivateNetwork:
    """Three nodes below a folder. `attached` ones end with this process, should it be killed."""

    def __init__(self, folder: Path, *, attached: bool = False) -> None:
        self.folder, self._attached = folder.resolve(), attached
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    # what it is

    @property
    def nodes(self) -> list[Node]:
        """The nodes, running or not; raises NetworkUnfit where none were made."""
        try:
            kept = json.loads((self.folder / "network.json").read_text(encoding="utf-8"))
        except FileNotFoundError as cause:
            raise NetworkUnfit(reason="there is none in this folder") from cause
        return [Node(**one) for one in kept["nodes"]]

    def node(self, number: int) -> Node:
        """A node by its number, from 1 on."""
        return self.nodes[number - 1]

    @property
    def accounts(self) -> Sequence[LocalAccount]:
        """Accounts with money that is worth nothing: operator, governor, registrar, and one to spare."""
        return accounts_of(self.folder)

    @property
    def keystore(self) -> Path:
        """The operator's key as a keystore file, which `scripts.deploy --keystore` opens."""
        return keystore_of(self.folder)

    @property
    def passphrase(self) -> Path:
        """The file with the passphrase of all keystore files here."""
        return passphrase_of(self.folder)

    @property
    def deployment(self) -> Path:
        """Where the contracts are, once they are deployed."""
        return self.folder / "deployments" / "private.json"

    # up and down

    def up(self) -> None:
        """Make what is missing, start all nodes, link them, and return when blocks are made."""
        if not (self.folder / "network.json").exists():
            make(self.folder)
        for number in NUMBERS:
            self.start(number)
        self.wait_until(lambda: all(self.height(number) > 0 for number in NUMBERS), "no block came")

    def down(self) -> None:
        """Stop all nodes that run."""
        for number in NUMBERS:
            self.stop(number)

    def remove(self) -> None:
        """Stop all nodes, and delete their folder."""
        self.down()
        if (self.folder / "network.json").exists():
            shutil.rmtree(self.folder)

    def start(self, number: int, *, alone: bool = False) -> None:
        """Start a node, and link it with those that run unless `alone`; a running one stays as it is."""
        if self.is_running(number):
            return
        node = self.node(number)
        with (self.folder / f"node-{number}.log").open("ab") as log:
            process = subprocess.Popen(
                command(self.folder, node),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent if self._attached else None,
            )
        self._children[number] = process
        write_whole(self._pid_file(number), f"{process.pid}\n")
        self.wait_until(lambda: self._answers(number), f"node {number} does not answer")
        others = [other for other in NUMBERS if other != number and self.is_running(other)]
        for other in others:
            for one, peer in ((number, other), (other, number)):
                self.tell(one, "admin_addTrustedPeer", self.node(peer).enode)
            if not alone:
                self.tell(number, "admin_addPeer", self.node(other).enode)
        if others and not alone:
            # one is enough to go on: another may be waiting to call this one again
            self.wait_until(lambda: self._peers(number) > 0, f"node {number} finds no other")

    def stop(self, number: int) -> None:
        """End a node in good order."""
        self._end(number, signal.SIGTERM)

    def kill(self, number: int) -> None:
        """End a node as a power failure does."""
        self._end(number, signal.SIGKILL)

    def _end(self, number: int, how: signal.Signals) -> None:
        pid = self._pid(number)
        if pid is None:
            return
        os.kill(pid, how)
        until = time.monotonic() + STOPPING
        while self._pid(number) is not None:
            if time.monotonic() > until:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.02)
        self._pid_file(number).unlink()

    def is_running(self, number: int) -> bool:
        """Whether the node's process lives."""
        return self._pid(number) is not None

    def _pid(self, number: int) -> int | None:
        """The node's process, if it lives and is ours: a number may have come to another program."""
        child = self._children.get(number)
        if child is not None and child.poll() is not None:
            return None  # a child that ended is there until it is asked about
        try:
            pid = int(self._pid_file(number).read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        asked = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        return pid if str(self._home(number)) in asked.stdout.split() else None

    def _pid_file(self, number: int) -> Path:
        return self.folder / f"node-{number}.pid"

    def _home(self, number: int) -> Path:
        return home_of(self.folder, number)

    # links

    def link(self, number: int, other: int) -> None:
        """Have a node call another, whom it has not called for half a minute: geth would wait that long."""
        self.tell(number, "admin_addPeer", self.node(other).enode)
        self.wait_until(lambda: self._sees(number, other), f"{number} does not reach {other}")

    def cut(self, number: int, other: int) -> None:
        """Have two nodes talk no more.

        The one that is dropped calls again at once if its last call was half a minute ago, and may be
        connected after both were told: so what comes back is dropped again, until all stays quiet.
        """
        both = ((number, other), (other, number))
        for one, peer in both:
            self._drop(one, peer)
        quiet_since = time.monotonic()

        def are_quiet() -> bool:
            nonlocal quiet_since
            for one, peer in both:
                if self._sees(one, peer):
                    self._drop(one, peer)
                    quiet_since = time.monotonic()
            return time.monotonic() - quiet_since > QUIET

        self.wait_until(are_quiet, f"{number} and {other} still talk")

    def go_on(self, one: int, other: int) -> None:
        """Return when two linked nodes, from whom the third is away, have come beyond all they had.

        They may have come to a standstill: where each sealed a block of the same number and weight,
        none may seal the next one, since Clique lets nobody seal twice in a row. Then the other gives
        way.
        """
        new = max(self.height(one), self.height(other)) + 1
        since = time.monotonic()

        def goes_on() -> bool:
            nonlocal since
            if min(self.height(one), self.height(other)) >= new:
                return True
            if time.monotonic() - since > STANDSTILL and self.height(one) == self.height(other):
                self._give_way(other, one)
                since = time.monotonic()
            return False

        self.wait_until(goes_on, f"{one} and {other} seal no block")

    def _give_way(self, number: int, other: int) -> None:
        """Have a node give up its newest block, and take the other's in its place.

        They meet anew: a geth asks for blocks of which it hears, or where it meets somebody.
        """
        height = self.height(number)
        self.tell(number, "miner_stop")
        self.tell(number, "debug_setHead", hex(height - 1))
        self.cut(number, other)
        self.tell(other, "admin_addPeer", self.node(number).enode)  # one of them may do so at once
        self.link(number, other)
        self.wait_until(lambda: self.height(number) >= height, f"{number} does not follow {other}")
        self.tell(number, "miner_start")

    def _drop(self, number: int, other: int) -> None:
        self.tell(number, "admin_removePeer", self.node(other).enode)

    def _sees(self, number: int, other: int) -> bool:
        key = self.node(other).public_key
        return any(key in peer["enode"] for peer in self.tell(number, "admin_peers"))

    def _peers(self, number: int) -> int:
        return len(self.tell(number, "admin_peers"))

    # asking

    def tell(self, number: int, method: str, *params: Any) -> Any:
        """Ask a node what only its operator may."""
        return ask(self._home(number) / "geth.ipc", method, *params)

    def height(self, number: int) -> int:
        """The number of a node's newest block."""
        return int(Rpc(self.node(number).url).call("eth_blockNumber"), 16)

    def block(self, number: int, height: int | str = "latest") -> dict[str, Any]:
        """A block as a node shows it."""
        which = height if isinstance(height, str) else hex(height)
        found = Rpc(self.node(number).url).call("eth_getBlockByNumber", which, False)
        if found is None:
            raise ChainUnreachable("it has not come so far")
        return dict(found)

    def wait_until(self, holds: Callable[[], bool], fault: str, seconds: float = PATIENCE) -> None:
        """Return when it holds; raises NetworkUnfit where it does not come about."""
        until = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > until:
                raise NetworkUnfit(reason=fault)
            time.sleep(0.05)

    def _answers(self, number: int) -> bool:
        if not self.is_running(number):
            raise NetworkUnfit(reason=f"node {number} ended; see node-{number}.log")
        try:
            return int(Rpc(self.node(number).url).call("eth_chainId"), 16) == CHAIN_ID
        except ChainUnreachable:
            return False
