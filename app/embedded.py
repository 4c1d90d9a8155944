"""Owns the embedded default: a whole Chartkey on this machine, kept in one folder.

A Ganache chain, the contracts, a body folder, SQLite, and three custodians (two open together),
each with a key and a log of its own. One of the few places that know every part.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from eth_account.signers.local import LocalAccount
from web3 import Web3

from app.adapters import tools
from app.adapters.access_log import SqliteAccessLog
from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain, Receipt
from app.adapters.database import Database
from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain, start_anvil, start_ganache
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.adapters.wallets import new_wallet, own_key
from app.client.person import Person
from app.compose import build_node
from app.core.errors import AlreadyRunning, UnfitThreshold
from app.core.keys import PrivateKey, PublicKey
from app.core.records import Role
from app.core.statements import AUDIT, PEOPLE
from app.core.vault import Vault
from app.core.waybills import NodeSecret
from app.services.custodian import LocalCustodian, OneWitness, Registry
from app.services.node import LocalNode

FOLDER = Path(os.environ.get("CHARTKEY_DATA", tools.ROOT / "var"))


@dataclass(kw_only=True)
class Embedded:
    """Everything on this machine: the chain's accounts, the node, and new people on demand."""

    folder: Path
    chain_process: LocalChain
    deployment: Deployment
    chain: EthereumChain
    node: LocalNode
    custodians: list[LocalCustodian]
    threshold: int
    rpc: Rpc
    clock: Callable[[], int] = field(default=lambda: int(time.time()))
    hand_in_after: int = 60
    """Seconds after which a custodian has an access anchored that nobody else handed in."""

    def person(self, *, patient: bool = False, keeps_archive: bool = False) -> Person:
        """A new person with a fresh wallet and vault, not enrolled yet."""
        keys: list[PublicKey] = [custodian.key.public for custodian in self.custodians]
        return Person(
            node=self.node,
            wallet=new_wallet(),
            vault=Vault(os.urandom(32)),
            custodians=keys if patient else (),
            threshold=self.threshold if patient else 0,
            clock=self.clock,
            archive=FolderBodies(self.folder / "archive") if keeps_archive else None,
        )

    def enrol(self, *, patient: bool = False, keeps_archive: bool = False) -> Person:
        """A new person, in the registry when this returns."""
        person = self.person(patient=patient, keeps_archive=keeps_archive).enrol()
        self.settle()
        return person

    def credential(
        self, person: Person, role: Role = Role.PRACTITIONER, *, seconds: int = 365 * 24 * 3600
    ) -> Receipt:
        """Have the embedded registrar credential a person."""
        return self.certify(person.address, role, seconds=seconds)

    def certify(self, person: str, role: Role, *, seconds: int) -> Receipt:
        """As `credential`, by the person's address."""
        now = self.chain.view().time
        if not self.chain.view().is_registrar(self.registrar.address, int(role), now):
            governor = self.paying(self.chain_process.accounts[1])
            governor.transact(PEOPLE, "appointRegistrar", self.registrar.address, int(role), 2**47)
        until = self.clock() + seconds
        return self.paying(self.registrar).transact(PEOPLE, "credential", person, int(role), until)

    @property
    def registrar(self) -> LocalAccount:
        """The account of the embedded registrar."""
        return self.chain_process.accounts[2]

    def paying(self, account: LocalAccount) -> EthereumChain:
        """The chain, with another account that pays."""
        return EthereumChain(self.rpc, self.deployment, account)

    def held(self) -> AbstractContextManager[None]:
        """While this lasts, nothing that is accepted goes to the chain."""
        return self.node.relayer.held() if self.node.relayer else nullcontext()

    def settle(self) -> None:
        """Anchor and send what was accepted, and what custodians logged that nobody handed in."""
        for custodian in self.custodians:
            custodian.hand_in(self._take_access, older_than=self.hand_in_after)
        self.node.settle()

    def _take_access(self, access: bytes, patient: str, entry: bytes) -> None:
        self.node.accept_digest(access, AUDIT, entry, [patient])


@contextmanager
def start(
    folder: Path = FOLDER,
    *,
    custodians: int = 3,
    threshold: int = 2,
    anvil: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[Embedded]:
    """Start everything, and stop it at the end; what is in the folder is found again.

    `anvil` takes a fresh chain in memory instead of Ganache's kept one, and a folder beside it
    that is emptied first. Raises CannotStart, NotDeployed, CodeDiffers.
    """
    if not 1 <= threshold <= custodians <= 32:
        raise UnfitThreshold(custodians=custodians, threshold=threshold)
    with ExitStack() as stack:
        folder = folder / "anvil" if anvil else folder
        folder.mkdir(parents=True, exist_ok=True)
        stack.enter_context(_only_one(folder / "lock"))
        if anvil:
            _empty(folder)
        say("Starting a chain on this machine …")
        start_chain = start_anvil if anvil else start_ganache
        chain_process = stack.enter_context(start_chain(folder / "chain"))
        operator, governor, *_ = chain_process.accounts
        say("Finding or deploying the contracts …")
        deployment = deploy(
            Web3(Web3.HTTPProvider(chain_process.url)),
            operator,
            network="local",
            path=folder / "deployments" / "local.json",
            governor=governor.address,
            say=say,
        )
        yield furnish(
            folder,
            chain_process,
            deployment,
            rpc=Rpc(chain_process.url),
            custodians=custodians,
            threshold=threshold,
        )


def furnish(
    folder: Path,
    chain_process: LocalChain,
    deployment: Deployment,
    *,
    rpc: Rpc,
    custodians: int = 3,
    threshold: int = 2,
) -> Embedded:
    """A node and its custodians on a chain that runs; the first of its accounts pays."""
    operator = chain_process.accounts[0]
    chain = EthereumChain(rpc, deployment, operator)
    node = build_node(
        chain=chain,
        payer=Payer(rpc, deployment, operator),
        database=Database(f"sqlite:///{folder / 'node.db'}"),
        bodies=FolderBodies(folder / "bodies"),
        secret=NodeSecret(own_key(folder / "node.key")),
    )
    place = Embedded(
        folder=folder,
        chain_process=chain_process,
        deployment=deployment,
        chain=chain,
        node=node,
        custodians=[],
        threshold=threshold,
        rpc=rpc,
    )
    for number in range(1, custodians + 1):
        own = folder / f"custodian-{number}"
        place.custodians.append(
            LocalCustodian(
                name=f"custodian {number}",
                key=PrivateKey(own_key(own / "key")),
                registries=[Registry(domains=chain.domains, witnesses=OneWitness(chain.view))],
                log=SqliteAccessLog(own / "log.db"),
                clock=lambda: place.clock(),
                random=os.urandom,
            )
        )
    node.custodians = place.custodians
    return place


def _empty(folder: Path) -> None:
    """A chain that begins anew knows nothing of what was kept for the one before."""
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


@contextmanager
def _only_one(path: Path) -> Iterator[None]:
    """Hold the folder's lock; a second process is told so instead of spoiling the chain."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            raise AlreadyRunning(folder=path.parent.name) from cause
        yield
