"""Owns the simulated chain: an Anvil whose blocks come when the story says, and what anyone reads of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from eth_utils.abi import event_signature_to_log_topic
from eth_utils.address import to_checksum_address
from web3 import HTTPProvider, Web3

from app.adapters.contracts import Contract
from app.adapters.deploying import deploy
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.rpc import Request, Rpc
from app.core.encoding import from_hex, hex0x
from app.core.records import Role
from app.core.statements import PEOPLE
from scripts.observing.public import Anchor, Happening, Public, Thing
from scripts.observing.publishing import read_list
from scripts.observing.staging import Transaction

BLOCK = 600
"""Seconds between blocks. The observer is told when each transaction was first seen on its way, which is
more than blocks tell; so few blocks, each of which costs an Anvil a look at its whole state, will do."""
AT_ONCE = 200
"""Calls in one request."""
FOREVER = 2**47
RICH = hex(10**24)
ANCHORED = "Anchored(bytes32,bytes32,address)"
TOLD = {
    "Enrolled(address,bytes32,address)": "enrolled",
    "Credentialed(address,uint8,address,uint64)": "credentialed",
    "Revoked(address,uint256,uint256)": "revoked",
    "Retracted(address,bytes32)": "retracted",
}
"""The other events that the population causes; each names a person first."""


@dataclass(kw_only=True)
class Chain:
    """An Anvil with the four contracts and a registrar."""

    process: LocalChain
    deployment: Deployment
    rpc: Rpc
    seen: dict[str, int] = field(default_factory=dict)
    """When each transaction, by its hash, was first seen."""

    @property
    def registrar(self) -> str:
        return str(self.process.accounts[2].address)

    def now(self) -> int:
        """The newest block's time."""
        return int(self.rpc.call("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def mine(self, transactions: Sequence[Transaction]) -> None:
        """Put transactions into blocks at about their times."""
        senders = sorted({one.sender for one in transactions})
        self._ask([("anvil_impersonateAccount", [sender]) for sender in senders])
        self._ask([("anvil_setBalance", [sender, RICH]) for sender in senders])
        nonces = dict(zip(senders, self._nonces(senders), strict=True))
        self.rpc.call("evm_setAutomine", False)
        for slot, some in groupby(transactions, key=lambda one: one.at // BLOCK + 1):
            sent = list(some)
            asked: list[Request] = []
            for one in sent:  # a chain may take what comes in one request in any order
                asked.append(("eth_sendTransaction", [_sent(one, nonces[one.sender])]))
                nonces[one.sender] += 1
            hashes = self._ask(asked)
            self.seen |= {hash_: one.at for hash_, one in zip(hashes, sent, strict=True)}
            self.rpc.call("evm_mine", slot * BLOCK)
        self.rpc.call("evm_setAutomine", True)

    def _nonces(self, senders: Sequence[str]) -> list[int]:
        asked = [[sender, "latest"] for sender in senders]
        return [int(count, 16) for count in self.rpc.batch("eth_getTransactionCount", asked)]

    def _ask(self, requests: Sequence[Request]) -> list[Any]:
        return self.rpc.batch_mixed(requests)

    def read(self, things: Mapping[bytes, Thing], lists: Mapping[bytes, bytes]) -> Public:
        """What anyone reads: events with their senders, lists by their hash, the stores' contents.

        Raises ValueError where a transaction did not come about: each of them tells an event.
        """
        anchors: list[Anchor] = []
        happenings: list[Happening] = []
        names = {self.deployment[name].address.lower(): name for name in self.deployment.contracts}
        topics = {event_signature_to_log_topic(text): name for text, name in TOLD.items()}
        for log, at, sender in self._logs(list(names)):
            first, *indexed = (from_hex(topic) for topic in log["topics"])
            if first == event_signature_to_log_topic(ANCHORED):
                words = from_hex(log["data"])
                entries = read_list(lists[words[:32]])
                judge = names[log["address"].lower()]
                anchors.append(Anchor(at=at, sender=sender, judge=judge, entries=entries))
                happenings.append(Happening(at=at, sender=sender, name="anchored", person=sender))
            elif first in topics:
                person = to_checksum_address(indexed[0][12:])
                digest = indexed[1] if topics[first] == "retracted" else b""
                happenings.append(
                    Happening(
                        at=at, sender=sender, name=topics[first], person=person, digest=digest
                    )
                )
        return Public(anchors=anchors, happenings=happenings, things=things)

    def _logs(self, addresses: Sequence[str]) -> Iterator[tuple[dict[str, Any], int, str]]:
        """Each log of the contracts, with its transaction's time and sender."""
        head, told = int(self.rpc.call("eth_blockNumber"), 16), set[str]()
        for first in range(0, head + 1, AT_ONCE):
            last = min(first + AT_ONCE - 1, head)
            asked = [[hex(number), True] for number in range(first, last + 1)]
            blocks = self.rpc.batch("eth_getBlockByNumber", asked)
            senders = {one["hash"]: one["from"] for b in blocks for one in b["transactions"]}
            question = {"fromBlock": hex(first), "toBlock": hex(last), "address": addresses}
            for log in self.rpc.call("eth_getLogs", question):
                hash_ = log["transactionHash"]
                if hash_ in self.seen:  # else it belongs to the deployment
                    told.add(hash_)
                    yield log, self.seen[hash_], to_checksum_address(senders[hash_])
        if told != set(self.seen):
            raise ValueError("the chain refused what the population did")


def _sent(one: Transaction, nonce: int) -> dict[str, str]:
    return {
        "nonce": hex(nonce),
        "from": one.sender,
        "to": one.to,
        "data": hex0x(one.calldata),
        "gas": hex(1_000_000),
        "gasPrice": hex(10**11),
    }


@contextmanager
def simulated_chain(folder: Path) -> Iterator[Chain]:
    """A chain of its own, on which one account may credential practitioners."""
    with start_anvil(folder / "chain") as process:
        operator, governor, registrar, *_ = process.accounts
        deployment = deploy(
            Web3(HTTPProvider(process.url)),
            operator,
            network="observed",
            path=folder / "deployment.json",
            governor=governor.address,
        )
        people, rpc = deployment[PEOPLE], Rpc(process.url, timeout=120)
        calldata = Contract(name=PEOPLE, address=people.address, abi=people.abi).encode(
            "appointRegistrar", registrar.address, int(Role.PRACTITIONER), FOREVER
        )
        one = Transaction(at=0, sender=governor.address, to=people.address, calldata=calldata)
        rpc.call("eth_sendTransaction", _sent(one, 0))
        yield Chain(process=process, deployment=deployment, rpc=rpc)
