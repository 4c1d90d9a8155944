"""Owns a whole place, with people and custodians, on a chain that fault tests may upset."""

from __future__ import annotations

from pathlib import Path

from app.adapters.chain import EthereumChain
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from tests.chain_fixtures import Clock, Place, make_node
from tests.faults.conftest import OwnChain


def make_own_place(chain: OwnChain, folder: Path, custodians: int = 3) -> Place:
    """A place with custodians of whom two open together."""
    rpc, clock, deployment = Rpc(chain.url), Clock(), chain.deployment
    operator = chain.process.accounts[0]
    payer = Payer(rpc, deployment, operator)
    ethereum = EthereumChain(rpc, deployment, operator)
    place = Place(
        folder=folder,
        chain_process=chain.process,
        deployment=deployment,
        chain=ethereum,
        node=make_node(folder, ethereum, payer),
        custodians=[],
        threshold=2,
        rpc=Rpc(chain.url),
        clock=clock,
        time=clock,
        payer=payer,
        line=rpc,
    )
    place.node.custodians = place.custodians
    for _ in range(custodians):
        place.add_custodian()
    return place
