"""Owns the stage of a measurement: a chain with the contracts, and services as an operator runs them.

Every service is a process of its own with an environment of its own; all of them end with the stage,
whatever happened, and the stage knows the most memory that any of them ever held.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar

import requests

from app.adapters import tools
from app.adapters.contracts import Contract
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.payer import ANCHORED
from app.adapters.processes import Program, end_with_parent, require_free
from app.adapters.rpc import Rpc
from app.adapters.wallets import write_key
from app.core.encoding import hex0x
from app.core.errors import CannotStart
from app.core.statements import BOOKS

T = TypeVar("T")
PATIENCE = 900.0
"""Seconds that a measurement waits for what must come about."""


def until(is_so: Callable[[], T], what: str, pause: float = 0.05) -> T:
    """Wait for a condition; what it answered. Raises CannotStart where it does not come about."""
    end = time.monotonic() + PATIENCE
    while not (answer := is_so()):
        if time.monotonic() > end:
            raise CannotStart(program=what, reason="it did not come about")
        time.sleep(pause)
    return answer


def is_installed(find: Callable[[], object]) -> bool:
    """Whether one of `tools` finds its program; one that is there and does not start is a fault."""
    try:
        find()
    except CannotStart:
        return False
    return True


@dataclass(kw_only=True)
class Service(Program):
    """One `python -m app NAME`; `url` is where it listens, if it does."""

    url: str = ""

    def is_ready(self) -> bool:
        """Whether it says that it is."""
        try:
            return requests.get(f"{self.url}/readyz", timeout=PATIENCE).status_code == 200
        except requests.ConnectionError:
            return False

    def until_ready(self) -> None:
        """Return when one that listens is ready; raises CannotStart, and stops it."""
        if self.url:
            self.wait_until(self.is_ready)

    def stop(self) -> None:
        """End it with its workers, which a server that is slow to end would leave behind."""
        workers = _family(self.process.pid)[1:]
        super().stop()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)

    def peak(self) -> int:
        """The most bytes that it, or one of its workers, ever held (VmHWM of proc(5))."""
        return max((_peak_of(pid) for pid in _family(self.process.pid)), default=0)


@dataclass(kw_only=True)
class Stage(AbstractContextManager["Stage"]):
    """A chain, the contracts on it, and a folder in which one node keeps everything."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """Of all services on this stage, beside those that every stage sets."""
    peak: int = 0
    """Bytes."""

    def __post_init__(self) -> None:
        self._open = ExitStack()
        self._running: list[Service] = []

    def __enter__(self) -> Self:
        # here, for clients on the stage load this module and must not load those
        from web3 import HTTPProvider, Web3

        from app.adapters.deploying import deploy

        with ExitStack() as stack:
            self.chain: LocalChain = stack.enter_context(start_anvil(self.folder / "chain"))
            self.deployment: Deployment = deploy(
                Web3(HTTPProvider(self.chain.url)),
                self.chain.accounts[0],
                network="load",
                path=self.deployment_file,
                governor=self.chain.accounts[1].address,
            )
            write_key(self.folder / "relayer.key", bytes(self.chain.accounts[0].key))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.end(*self._running)
        finally:
            self._open.close()

    def encode(self, contract: str, function: str, *arguments: Any) -> bytes:
        """Calldata for one of the contracts."""
        deployed = self.deployment[contract]
        return Contract(name=contract, address=deployed.address, abi=deployed.abi).encode(
            function, *arguments
        )

    def anchors(self, first: int = 0, last: str = "latest") -> list[dict[str, Any]]:
        """The logs of all anchors in some blocks, as the chain tells them."""
        question = {
            "fromBlock": hex(first),
            "toBlock": last,
            "address": [self.deployment[name].address for name in BOOKS],
            "topics": [hex0x(ANCHORED)],
        }
        return list(self.rpc.call("eth_getLogs", question))

    @property
    def deployment_file(self) -> Path:
        """Where the contracts are, as services read it."""
        return self.folder / "deployments" / "local.json"

    @cached_property
    def rpc(self) -> Rpc:
        """The chain, as an onlooker asks it."""
        return Rpc(self.chain.url)

    def environment(self, settings: Mapping[str, str] | None = None) -> dict[str, str]:
        """What a service on this stage is told; nothing of what this process was told."""
        bare = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("CHARTKEY_") and name != "DATABASE_URL"
        }
        own = {
            "CHARTKEY_DATA": str(self.folder),
            "CHARTKEY_RPC": self.chain.url,
            "CHARTKEY_RATE": "0",
            "CHARTKEY_MOST_BLOCK_AGE": "0",
            "CHARTKEY_LOG_LEVEL": "warning",
        }
        return {**bare, **own, **self.settings, **(settings or {})}

    def start(
        self, name: str, settings: Mapping[str, str] | None = None, *, listens: bool = False
    ) -> Service:
        """Start `python -m app NAME`; one that listens is waited for with `until_ready`."""
        url, chosen = "", dict(settings or {})
        if listens:
            port = require_free(0, name)
            url = f"http://127.0.0.1:{port}"
            chosen["CHARTKEY_BIND"] = f"127.0.0.1:{port}"
        log = self.folder / f"{name}-{len(list(self.folder.glob('*.log')))}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "app", name],
                cwd=tools.ROOT,
                env=self.environment(chosen),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=end_with_parent if sys.platform == "linux" else None,
            )
        service = Service(name=name, process=process, url=url)
        self._running.append(service)
        return service

    def end(self, *services: Service) -> None:
        """End services in good order and all at once, having looked at their memory."""
        for service in services:
            self._running.remove(service)
            self.peak = max(self.peak, service.peak())
        with ThreadPoolExecutor() as hands:
            list(hands.map(Service.stop, services))

    @contextmanager
    def running(
        self, name: str, settings: Mapping[str, str] | None = None, *, listens: bool = False
    ) -> Iterator[Service]:
        """A service for a while."""
        service = self.start(name, settings, listens=listens)
        try:
            service.until_ready()
            yield service
        finally:
            if service in self._running:
                self.end(service)

    def run(self, name: str, settings: Mapping[str, str]) -> float:
        """Run a command that ends by itself; the seconds that it took. Raises CannotStart."""
        begin = time.perf_counter()
        service = self.start(name, settings)
        code: int | None = None
        while code is None:
            self.peak = max(self.peak, service.peak())
            try:
                code = service.process.wait(timeout=0.25)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.perf_counter() - begin
        self._running.remove(service)
        if code:
            raise CannotStart(program=f"`app {name}`", reason=f"it ended with {code}")
        return seconds


def _family(pid: int) -> list[int]:
    """A process and its children, where the system tells (Linux)."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text(encoding="ascii").split()]
        except OSError:  # it has just ended
            continue
    return found


def _peak_of(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) * 1024 if lines else 0
