"""Owns the deployment file: where the four contracts are on a chain, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.adapters import tools
from app.core.errors import NotDeployed
from app.core.statements import AUDIT, CONSENT, PEOPLE, RECORDS, Domains
from app.core.typed_data import Domain

FOLDER = tools.ROOT / "deployments"
NAMES = (PEOPLE, RECORDS, CONSENT, AUDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedContract:
    """One contract on a chain."""

    name: str
    address: str
    transaction: str
    block: int
    code_hash: str
    """keccak256 of the code on chain, immutables included: what EXTCODEHASH answers."""
    abi: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The four contracts on one chain."""

    network: str
    chain_id: int
    contracts: Mapping[str, DeployedContract]
    compiler: Mapping[str, Any]

    def __getitem__(self, name: str) -> DeployedContract:
        return self.contracts[name]

    @property
    def first_block(self) -> int:
        """The block before which there is nothing to read."""
        return min(contract.block for contract in self.contracts.values())

    @property
    def domains(self) -> Domains:
        """The contracts as the EIP-712 domains of the statements that they judge."""
        people, records, consent, audit = (
            Domain(chain_id=self.chain_id, contract=self[name].address) for name in NAMES
        )
        return Domains(people=people, records=records, consent=consent, audit=audit)


def path_of(network: str) -> Path:
    """Where a network's deployment file is kept."""
    return FOLDER / f"{network}.json"


def load(path: Path) -> Deployment:
    """Read a deployment file; raises NotDeployed where it is missing, damaged or unfinished."""
    kept = read_file(path)
    try:
        contracts = {name: _parse(name, kept["contracts"][name]) for name in NAMES}
        return Deployment(
            network=kept["network"],
            chain_id=kept["chainId"],
            contracts=contracts,
            compiler=kept["compiler"],
        )
    except (KeyError, TypeError) as cause:
        raise NotDeployed(f"{path.name} is damaged or unfinished") from cause


def _parse(name: str, entry: Mapping[str, Any]) -> DeployedContract:
    return DeployedContract(
        name=name,
        address=entry["address"],
        transaction=entry["transaction"],
        block=entry["block"],
        code_hash=entry["codeHash"],
        abi=entry["abi"],
    )


def read_file(path: Path) -> dict[str, Any]:
    """What a deployment file says, finished or not; raises NotDeployed."""
    try:
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as cause:
        raise NotDeployed(f"there is no {path.name}") from cause
    except ValueError as cause:
        raise NotDeployed(f"{path.name} is damaged or unfinished") from cause
    return kept
