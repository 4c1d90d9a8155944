"""Owns the people of a measurement: enrolled on a stage, and handed to client processes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.adapters.chain import EthereumChain
from app.adapters.database.engine import connect, reading
from app.adapters.database.schema import outbox
from app.adapters.wallets import LocalWallet
from app.client.person import Person
from app.compose import Parts, parts_of
from app.config import Settings
from app.core.encoding import from_hex, hex0x
from app.core.keys import PublicKey
from app.core.ports import Node
from app.core.records import Role
from app.core.statements import PEOPLE
from app.core.vault import Vault
from app.services.node import LocalNode
from app.services.relayer import Relayer
from scripts.load.stage import Stage

FOREVER = 2**47


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What a client process must know to act as a person; worth nothing beyond the stage."""

    wallet: bytes
    seed: bytes
    custodians: Sequence[PublicKey] = ()
    threshold: int = 0

    def person(self, node: Node) -> Person:
        """The person, on a device that talks to this node."""
        return Person(
            node=node,
            wallet=LocalWallet(self.wallet),
            vault=Vault(self.seed),
            custodians=self.custodians,
            threshold=self.threshold,
        )

    def write(self) -> dict[str, Any]:
        """As JSON, for another process."""
        return {
            "wallet": hex0x(self.wallet),
            "seed": hex0x(self.seed),
            "custodians": [hex0x(key.raw) for key in self.custodians],
            "threshold": self.threshold,
        }

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Secrets:
        """What `write` wrote."""
        return cls(
            wallet=from_hex(document["wallet"]),
            seed=from_hex(document["seed"]),
            custodians=[PublicKey(from_hex(key)) for key in document["custodians"]],
            threshold=document["threshold"],
        )


def fresh_secrets(custodians: Sequence[PublicKey] = (), threshold: int = 0) -> Secrets:
    """Somebody new."""
    return Secrets(
        wallet=os.urandom(32), seed=os.urandom(32), custodians=custodians, threshold=threshold
    )


class Office:
    """A node in this process, on the same database and store as the stage's services.

    It prepares what is not measured: enrolments, credentials, records.
    """

    def __init__(self, stage: Stage) -> None:
        self.parts: Parts = parts_of(Settings.from_environment(stage.environment()))
        self.node: LocalNode = self.parts.node()
        self._relayer: Relayer = self.parts.relayer()
        self._stage = stage

    def settle(self) -> None:
        """Bring everything that was accepted to the chain."""
        self._relayer.settle()

    def accepted(self) -> list[bytes]:
        """Every digest that the node has promised to anchor, as its database tells."""
        with reading(connect(self.parts.database.url)) as connection:
            return list(connection.execute(select(outbox.c.digest)).scalars())

    def enrol(self, many: Sequence[Secrets]) -> list[Person]:
        """Enter people in the registry."""
        found = [one.person(self.node).enrol() for one in many]
        self.settle()
        return found

    def credential(self, persons: Sequence[Person]) -> None:
        """Have a registrar credential practitioners."""
        role, registrar = int(Role.PRACTITIONER), self._stage.chain.accounts[2]
        self._paying(1).transact(PEOPLE, "appointRegistrar", registrar.address, role, FOREVER)
        for person in persons:
            self._paying(2).transact(PEOPLE, "credential", person.address, role, FOREVER)

    def _paying(self, number: int) -> EthereumChain:
        account = self._stage.chain.accounts[number]
        return EthereumChain(self.parts.rpc, self._stage.deployment, account)
