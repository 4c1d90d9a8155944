"""Holds the Python rules equal to the contracts' on thousands of generated cases, on a real chain.

A seeded world of people acts for a while, the same acts on Anvil and in MemoryChain at the same
seconds; at several moments generated grants and records, sound and spoiled, are judged by
ConsentRegistry and RecordRegistry, by the mirror over the chain, and by the mirror in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from web3 import Web3

from app.adapters.chain import EthereumChain, RpcView
from app.adapters.contracts import abi_values
from app.adapters.deploying import deploy
from app.adapters.local_chain import start_anvil
from app.adapters.memory_chain import MemoryChain
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet
from app.core import consent, records
from app.core.encoding import hex0x
from app.core.errors import StatementError
from app.core.signatures import recover
from app.core.statements import (
    CONSENT,
    RECORDS,
    Grant,
    Record,
)
from tests.equivalence.world import Case, World, anchor, contract, live, populate

MOMENTS = 12
CASES = 300
"""Judged at each moment, of grants and of records each."""
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("equivalence")
    with start_anvil(folder) as process:
        w3 = Web3(Web3.HTTPProvider(process.url))
        deployment = deploy(
            w3, process.accounts[0], network="test", path=folder / "deployment.json"
        )
        rpc = Rpc(process.url)
        chain = EthereumChain(rpc, deployment, process.accounts[0])
        random = Random(20)
        start = chain.view().time + 1000
        yield populate(
            World(
                process=process,
                chain=chain,
                rpc=rpc,
                memory=MemoryChain(time=start),
                random=random,
                wallets=[LocalWallet(random.randbytes(32)) for _ in range(10)],
                deployment=deployment,
            ),
            w3,
        )


def spoil(world: World, case: Case) -> Case:
    """The case as it is, or with one thing changed that somebody might try."""
    choice, signature, proof = world.random, case.signature, case.proof
    match choice.randrange(12):
        case 0:
            flipped = bytearray(signature)
            flipped[choice.randrange(65)] ^= 1 << choice.randrange(8)
            return replace(case, signature=bytes(flipped))
        case 1:
            s = SECP256K1_ORDER - int.from_bytes(signature[32:64], "big")
            high = signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])
            return replace(case, signature=high)
        case 2:
            return replace(case, signature=signature[: choice.choice((0, 64))])
        case 3:
            return replace(case, proof=replace(proof, path=proof.path[:-1]))
        case 4:
            return replace(case, proof=replace(proof, root=choice.randbytes(32)))
        case 5:
            label = choice.choice(("patient", "salt"))
            value = choice.choice(world.people) if label == "patient" else choice.randbytes(32)
            return replace(case, statement=replace(case.statement, **{label: value}))
        case _:
            return case


def answers(world: World, judge: str, cases: list[Case]) -> list[Any]:
    """What the contract says of each case, at the newest block."""
    target, view = contract(world, judge), world.chain.view()
    calls = [
        (
            {
                "to": target.address,
                "data": hex0x(
                    target.encode(
                        "refusal",
                        abi_values(case.statement),
                        case.signature,
                        case.proof.root,
                        list(case.proof.path),
                    )
                ),
            },
            hex(view.number),
        )
        for case in cases
    ]
    return [int(answer, 16) for answer in world.rpc.batch("eth_call", calls)]


def mirror_consent(world: World, case: Case, view: Any) -> int:
    assert isinstance(case.statement, Grant)
    return consent.refusal(
        case.statement,
        case.signature,
        case.proof,
        domain=world.domains.consent,
        view=view,
        now=view.time,
    )


def mirror_records(world: World, case: Case, view: Any) -> int:
    assert isinstance(case.statement, Record)
    reason, _ = records.refusal(
        case.statement, case.signature, case.proof, domain=world.domains.records, view=view
    )
    return reason


def teach_acceptance(world: World, case: Case) -> None:
    """Tell the memory what the contract account accepts: what its owner signed."""

    digest = world.domains.digest(case.statement)
    try:
        signer = recover(digest, case.signature)
    except StatementError:
        return
    assert world.owner is not None
    if signer == world.owner.address:
        world.memory.accept(world.account, digest, case.signature)


def test_the_python_rules_and_the_contracts_never_differ(world: World, tmp_path: Path) -> None:
    seen: Counter[tuple[str, int]] = Counter()
    for _ in range(MOMENTS):
        anchor(world)
        for _ in range(8):
            live(world)
        world.memory.advance(1)
        world.rpc.call("evm_setNextBlockTimestamp", world.memory.time)
        world.rpc.call("evm_mine")
        view: RpcView = world.chain.view()
        assert view.time == world.memory.time
        for judge, kept, mirror in (
            (CONSENT, world.grants, mirror_consent),
            (RECORDS, world.records, mirror_records),
        ):
            cases = [spoil(world, world.random.choice(kept[-150:])) for _ in range(CASES)]
            for case, said in zip(cases, answers(world, judge, cases), strict=True):
                teach_acceptance(world, case)
                in_memory = mirror(world, case, world.memory)
                over_chain = mirror(world, case, view)
                assert (in_memory, over_chain) == (said, said), case
                seen[judge, said] += 1
    assert {number for judge, number in seen if judge == CONSENT} == set(range(8)), seen
    assert {number for judge, number in seen if judge == RECORDS} == set(range(6)), seen
    assert sum(seen.values()) == 2 * MOMENTS * CASES
