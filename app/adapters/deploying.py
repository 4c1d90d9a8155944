"""Owns deploying: how the four contracts get onto a chain.

`deploy` is the one way to put them there, for tests, seeding and live use alike; `quote` tells what it
would do and cost. What it does is kept step by step in deployments/<network>.json, also the
transaction that is under way: called again, it goes on where it stopped, and a complete deployment is
merely found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import eth_abi
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3 import Web3
from web3.types import Nonce, TxReceipt
from web3.utils import get_create_address

from app.adapters.compiler import Build, CompiledContract, compile_contracts
from app.adapters.creation import RESEND_SECONDS, Creation, Pending, payer_of
from app.adapters.deployment import NAMES, Deployment, load, path_of, read_file
from app.adapters.explorers import keep_input
from app.adapters.fees import FEE_CAP, prices
from app.adapters.files import write_whole
from app.adapters.networks import require_chain, require_network, rules_of, translated
from app.adapters.quote import Item, Quote
from app.core.errors import CodeDiffers, NotDeployed
from app.core.statements import CONSENT, PEOPLE, RECORDS

POINTS = ("chosen", "kept", "sent", "mined", "written")
"""What each contract passes on its way, in order; tests let the process die at each."""


class BuildDiffers(CodeDiffers):
    """What stands on chain was built from other sources: only a person can say which one is meant."""

    sentence = "The contract at {address} was built from other sources than these."
    remedy = "Move the deployment file away to deploy anew; what was anchored stays where it is."


def require_deployed(w3: Web3, deployment: Deployment) -> None:
    """Raise NotDeployed or CodeDiffers unless the chain holds exactly what the file tells."""
    with translated():
        require_chain(deployment.chain_id, w3.eth.chain_id)
        for contract in deployment.contracts.values():
            code = bytes(w3.eth.get_code(Web3.to_checksum_address(contract.address)))
            if not code:
                raise NotDeployed(f"there is no code at {contract.address}")
            if Web3.to_hex(keccak(code)) != contract.code_hash:
                raise CodeDiffers(address=contract.address)


def deploy(
    w3: Web3,
    sender: LocalAccount | str,
    *,
    network: str,
    path: Path | None = None,
    governor: str | None = None,
    build: Build | None = None,
    say: Callable[[str], None] | None = None,
    cap: int = FEE_CAP,
    resend_seconds: float = RESEND_SECONDS,
    for_explorers: bool = False,
    reached: Callable[[str], None] = lambda _: None,
) -> Deployment:
    """Put on the chain what is missing of the four contracts, and return where they are.

    `sender` pays: a local account, or the address of one that the node itself signs for. `governor`
    (the sender unless named) appoints registrars. `say` hears one line per contract.
    `cap` is the most that a unit of gas may cost, in wei. `for_explorers` keeps the compiler's input
    beside the file. Raises ForeignChain, NotDeployed (the file is another chain's), BuildDiffers,
    CannotAfford, FeeCapReached, AnotherPays, ChainUnreachable, TransactionFailed, CannotStart; after any
    of them, calling again goes on.
    """
    path = path or path_of(network)
    with translated():
        steps = _Steps(w3, sender, network=network, path=path, build=build, governor=governor)
        steps.say = say or steps.say
        steps.quote(cap).require_affordable()
        if for_explorers:
            steps.keep_input()
        creation = Creation(
            w3,
            sender,
            cap=cap,
            keep=steps.keep_pending,
            reached=reached,
            resend_seconds=resend_seconds,
        )
        for name in NAMES:
            steps.have(name, creation)
            reached("written")
    deployment = load(path)
    require_deployed(w3, deployment)
    return deployment


def quote(
    w3: Web3,
    sender: LocalAccount | str,
    *,
    network: str,
    path: Path | None = None,
    governor: str | None = None,
    build: Build | None = None,
    cap: int = FEE_CAP,
) -> Quote:
    """What `deploy` would do and cost; nothing is sent or written. Raises as `deploy`."""
    path = path or path_of(network)
    with translated():
        steps = _Steps(w3, sender, network=network, path=path, build=build, governor=governor)
        return steps.quote(cap)


class _Steps:
    """A deployment under way, each step of which is kept before the next begins."""

    def __init__(
        self,
        w3: Web3,
        sender: LocalAccount | str,
        *,
        network: str,
        path: Path,
        build: Build | None,
        governor: str | None,
    ) -> None:
        self._w3, self._path, self._payer = w3, path, payer_of(sender)
        self._governor = Web3.to_checksum_address(governor or self._payer)
        self.say: Callable[[str], None] = lambda _: None
        chain_id = w3.eth.chain_id
        require_network(network, chain_id)
        self._kept: dict[str, Any] = read_file(path) if path.exists() else {"chainId": chain_id}
        require_chain(self._kept["chainId"], chain_id)
        self._contracts: dict[str, Any] = self._kept.setdefault("contracts", {})
        self._pending: dict[str, Pending] = self._kept.setdefault("pending", {})
        self._build = build or compile_contracts(rules=self._rules())
        self._kept |= {"network": network, "compiler": self._build.settings}
        self._current = ""

    def _rules(self) -> str:
        """Those for which what stands was built, though the chain may follow newer ones by now."""
        if any(self._code(entry["address"]) for entry in self._contracts.values()):
            return str(self._kept["compiler"]["evmVersion"])
        return rules_of(self._w3)

    # what it would do

    def quote(self, cap: int) -> Quote:
        """What there is to do, what it costs, and from what balance."""
        nonce = int(self._w3.eth.get_transaction_count(self._payer, "pending"))
        items: list[Item] = []
        people = ""
        for name in NAMES:
            item = self._item(name, people, nonce)
            nonce += bool(item.gas)
            people = item.address if name == PEOPLE else people
            items.append(item)
        return Quote(
            network=str(self._kept["network"]),
            chain_id=self._kept["chainId"],
            rules=str(self._build.settings["evmVersion"]),
            payer=self._payer,
            balance=self._w3.eth.get_balance(self._payer),
            prices=prices(self._w3, cap),
            cap=cap,
            items=items,
        )

    def _item(self, name: str, people: str, nonce: int) -> Item:
        arguments, kept = self._arguments(name, people), self._contracts.get(name)
        if kept and self._stands(name, kept["address"], arguments):
            return Item(name=name, address=kept["address"], stands=True)
        if name in self._pending:
            return Item(name=name, address=self._pending[name]["address"], is_under_way=True)
        gas = self._gas(self._creation_code(name, arguments))
        return Item(name=name, address=get_create_address(self._payer, Nonce(nonce)), gas=gas)

    def _gas(self, code: bytes) -> int:
        """The most that a creation may use: what the node reckons, and a twentieth."""
        estimate = self._w3.eth.estimate_gas({"from": self._payer, "data": Web3.to_hex(code)})
        return estimate + estimate // 20

    # doing it

    def have(self, name: str, creation: Creation) -> None:
        """See that the contract stands, and write down where; it is deployed unless it does already."""
        people = self._contracts[PEOPLE]["address"] if name != PEOPLE else ""
        arguments, kept = self._arguments(name, people), self._contracts.get(name)
        if kept and self._stands(name, kept["address"], arguments):
            self.say(f"{name} found at {kept['address']}")
        else:
            receipt = self._created(name, arguments, creation)
            kept = self._contracts[name] = self._entry(name, arguments, receipt)
            self.say(f"{name} deployed at {kept['address']}, {receipt['gasUsed']:,} gas")
        self._pending.pop(name, None)
        self._save()

    def _created(self, name: str, arguments: Sequence[str], creation: Creation) -> TxReceipt:
        code, self._current = self._creation_code(name, arguments), name
        if name in self._contracts and name not in self._pending:
            self._take_up(name, creation)
        if name in self._pending:
            receipt = creation.resume(name, self._pending[name], code)
            if receipt is not None and self._fits(name, receipt, arguments):
                return receipt
        return creation.begin(code, self._gas(code))

    def _take_up(self, name: str, creation: Creation) -> None:
        """Count as under way what the chain took back with a block, and may take again."""
        kept = self._contracts[name]
        if not self._code(kept["address"]):
            pending = creation.waiting(kept["transaction"], kept["address"], kept["block"])
            if pending is not None:
                self._pending[name] = pending

    def _fits(self, name: str, receipt: TxReceipt, arguments: Sequence[str]) -> bool:
        """Whether what was under way is what is meant now, as it is but for another registry of people."""
        address = receipt["contractAddress"]
        return address is not None and self._stands(name, address, arguments)

    def _stands(self, name: str, address: str, arguments: Sequence[str]) -> bool:
        """Whether this build's contract is there and asks the right registry of people."""
        code = self._code(address)
        if not code:
            return False
        if not self._build[name].is_code(code):
            raise BuildDiffers(address=address)
        if name not in (RECORDS, CONSENT):
            return True
        place = Web3.to_checksum_address(address)
        asked = self._w3.eth.contract(address=place, abi=self._build[name].abi).functions.people()
        return [asked.call()] == list(arguments)

    def _code(self, address: str) -> bytes:
        return bytes(self._w3.eth.get_code(Web3.to_checksum_address(address)))

    def _arguments(self, name: str, people: str) -> Sequence[str]:
        """What the constructor is given."""
        if name == PEOPLE:
            return [self._governor]
        return [people] if name in (RECORDS, CONSENT) else []

    def _creation_code(self, name: str, arguments: Sequence[str]) -> bytes:
        return self._build[name].creation + _encoded(arguments)

    def _entry(self, name: str, arguments: Sequence[str], receipt: TxReceipt) -> dict[str, Any]:
        compiled, address = self._build[name], receipt["contractAddress"]
        if address is None or not compiled.is_code(self._code(address)):
            raise BuildDiffers(address=address)
        return {
            "address": address,
            "transaction": Web3.to_hex(receipt["transactionHash"]),
            "block": receipt["blockNumber"],
            "gasUsed": receipt["gasUsed"],
            "codeHash": Web3.to_hex(keccak(self._code(address))),
            "source": _source(compiled),
            "constructorArguments": Web3.to_hex(_encoded(arguments)),
            "abi": compiled.abi,
        }

    # keeping it

    def keep_pending(self, pending: Pending | None) -> None:
        """Write down what is under way for the present contract, or that nothing is any more."""
        if pending is None:
            self._pending.pop(self._current, None)
        else:
            self._pending[self._current] = pending
        self._save()

    def keep_input(self) -> None:
        """Write the compiler's input beside the file, and name it there."""
        self._kept["verification"] = keep_input(self._path, self._build)

    def _save(self) -> None:
        names = ("network", "chainId", "compiler", "verification")
        first = {name: self._kept[name] for name in names if name in self._kept}
        pending = {"pending": self._pending} if self._pending else {}
        document = {**first, "contracts": self._contracts, **pending}
        write_whole(self._path, json.dumps(document, indent=1) + "\n")


def _encoded(arguments: Sequence[str]) -> bytes:
    """Constructor arguments, all of which are addresses."""
    return eth_abi.encode(["address"] * len(arguments), arguments)


def _source(compiled: CompiledContract) -> str:
    """The contract as explorers name it."""
    return f"{compiled.source}:{compiled.name}"
