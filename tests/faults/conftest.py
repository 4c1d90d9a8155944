"""Brings a chain of this folder's own, and sites on it, to the fault tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

import pytest
from eth_account import Account

from app.adapters.deployment import Deployment, load
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.rpc import Rpc
from tests import chain_fixtures, daemons
from tests.chain_fixtures import deploy_on
from tests.faults.site import Site

RICH = hex(10**20)


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once for all folders."""
    for plugin in (chain_fixtures, daemons):
        if not config.pluginmanager.is_registered(plugin):
            config.pluginmanager.register(plugin, plugin.__name__.rpartition(".")[2])


@dataclass(frozen=True, kw_only=True)
class OwnChain:
    """An Anvil with the contracts, whose mining and history a test may upset."""

    process: LocalChain
    file: Path

    @property
    def url(self) -> str:
        """Where it answers truly."""
        return self.process.url

    @property
    def deployment(self) -> Deployment:
        """The contracts on it."""
        return load(self.file)

    def tell(self, method: str, *params: Any) -> Any:
        """One of Anvil's own methods."""
        return Rpc(self.url).call(method, *params)

    def new_payer(self) -> bytes:
        """The key of a fresh account with money."""
        key = os.urandom(32)
        self.tell("anvil_setBalance", Account.from_key(key).address, RICH)
        return key


def start_own(folder: Path) -> OwnChain:
    """Start one and deploy to it."""
    process = start_anvil(folder)
    file = folder / "own.json"
    deploy_on(process, file)
    return OwnChain(process=process, file=file)


@pytest.fixture(scope="session")
def shared_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnChain]:
    """One chain for all tests of this folder that leave its history alone."""
    chain = start_own(tmp_path_factory.mktemp("shared"))
    with chain.process:
        yield chain


@pytest.fixture
def own_chain(tmp_path: Path) -> Iterator[OwnChain]:
    """A chain for one test that rewrites history."""
    chain = start_own(tmp_path / "chain")
    with chain.process:
        yield chain


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder, in memory where the machine has room: databases sync at every commit."""
    memory = Path("/dev/shm")
    path = Path(mkdtemp(prefix="chartkey-", dir=memory if memory.is_dir() else None))
    yield path
    rmtree(path)


@pytest.fixture
def make_site(folder: Path) -> Callable[..., Site]:
    """Makes a site on a chain: an empty database, an empty store, and a payer with money."""

    def make(chain: OwnChain, **overrides: Any) -> Site:
        values: dict[str, Any] = {
            "rpc": chain.url,
            "deployment": chain.file,
            "database": f"sqlite:///{folder / 'node.db'}",
            "bodies": folder / "bodies",
            "payer": chain.new_payer(),
        }
        return Site(**values | overrides)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, folder: Path) -> str:
    """The address of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'node.db'}"
    url: str = request.getfixturevalue("postgres_node_url")
    return url
