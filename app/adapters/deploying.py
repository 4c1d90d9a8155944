"""Owns deploying: how the four contracts get onto a chain.

`deploy` is the one way to put them there, for tests, seeding and live use alike. What it does is
kept step by step in deployments/<network>.json, also the transaction that is under way: called again,
it goes on where it stopped, and a complete deployment is merely found.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TimeExhausted, TransactionNotFound, Web3Exception, Web3RPCError
from web3.types import TxReceipt

from app.adapters.compiler import Build, CompiledContract, compile_contracts
from app.adapters.deployment import Deployment, load, path_of, read_file
from app.adapters.files import write_whole
from app.core.errors import ChainUnreachable, CodeDiffers, NotDeployed, TransactionFailed
from app.core.statements import AUDIT, CONSENT, PEOPLE, RECORDS

PATIENCE = 600.0
"""Seconds to wait for a block that takes a transaction."""


class BuildDiffers(CodeDiffers):
    """What stands on chain was built from other sources: only a person can say which one is meant."""

    sentence = "The contract at {address} was built from other sources than these."
    remedy = "Move the deployment file away to deploy anew; what was anchored stays where it is."


def require_deployed(w3: Web3, deployment: Deployment) -> None:
    """Raise NotDeployed or CodeDiffers unless the chain holds exactly what the file tells."""
    with _translated():
        _require_chain(deployment.chain_id, w3.eth.chain_id)
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
) -> Deployment:
    """Put on the chain what is missing of the four contracts, and return where they are.

    `sender` pays: a local account, or the address of one that the node itself signs for. `governor`
    (the sender unless named) appoints registrars. `say` hears one line per contract.
    Raises NotDeployed (the file is another chain's), BuildDiffers, ChainUnreachable,
    TransactionFailed, CannotStart; after any of them, calling again goes on.
    """
    path = path or path_of(network)
    build = build or compile_contracts()
    with _translated():
        steps = _Steps(w3, sender, network=network, path=path, build=build, say=say)
        owner = governor or (sender if isinstance(sender, str) else sender.address)
        people = steps.have(PEOPLE, owner)
        steps.have(RECORDS, people)
        steps.have(CONSENT, people)
        steps.have(AUDIT)
    return load(path)


class _Steps:
    """A deployment under way, each step of which is kept before the next begins."""

    def __init__(
        self,
        w3: Web3,
        sender: LocalAccount | str,
        *,
        network: str,
        path: Path,
        build: Build,
        say: Callable[[str], None] | None,
    ) -> None:
        self._w3, self._sender, self._path, self._build, self._say = w3, sender, path, build, say
        chain_id = w3.eth.chain_id
        self._kept: dict[str, Any] = read_file(path) if path.exists() else {"chainId": chain_id}
        _require_chain(self._kept["chainId"], chain_id)
        self._kept |= {"network": network, "compiler": build.settings}
        self._contracts: dict[str, Any] = self._kept.setdefault("contracts", {})
        self._pending: dict[str, str] = self._kept.setdefault("pending", {})

    def have(self, name: str, *arguments: str) -> str:
        """The address of the contract, which is deployed unless it stands already."""
        compiled = self._build[name]
        kept = self._contracts.get(name)
        if kept and self._stands(compiled, kept["address"], arguments):
            self._tell(f"{name} found at {kept['address']}")
        else:
            receipt = self._resumed(name) or self._deployed(compiled, arguments)
            kept = self._contracts[name] = self._entry(compiled, receipt)
            self._tell(f"{name} deployed at {kept['address']}, {receipt['gasUsed']:,} gas")
        self._pending.pop(name, None)
        self._save()
        return str(kept["address"])

    def _stands(self, compiled: CompiledContract, address: str, arguments: Sequence[str]) -> bool:
        """Whether this build's contract is there and asks the right registry of people."""
        place = Web3.to_checksum_address(address)
        code = bytes(self._w3.eth.get_code(place))
        if not code:
            return False
        if not compiled.is_code(code):
            raise BuildDiffers(address=address)
        if compiled.name not in (RECORDS, CONSENT):
            return True
        asked = self._w3.eth.contract(address=place, abi=compiled.abi).functions.people().call()
        return (asked,) == tuple(arguments)

    def _deployed(self, compiled: CompiledContract, arguments: Sequence[str]) -> TxReceipt:
        factory = self._w3.eth.contract(abi=compiled.abi, bytecode=compiled.creation)
        creation = factory.constructor(*arguments)
        if isinstance(self._sender, str):
            # The node signs: only then is the hash known.
            payer = Web3.to_checksum_address(self._sender)
            self._remember(compiled.name, creation.transact({"from": payer}))
        else:
            payer = self._sender.address
            nonce = self._w3.eth.get_transaction_count(payer, "pending")
            signed = self._sender.sign_transaction(
                creation.build_transaction({"from": payer, "nonce": nonce})
            )
            # Kept before it is sent, so that a crash in between cannot lose sight of it.
            self._remember(compiled.name, signed.hash)
            self._w3.eth.send_raw_transaction(signed.raw_transaction)
        return self._receipt(self._pending[compiled.name])

    def _resumed(self, name: str) -> TxReceipt | None:
        """What became of the transaction under way, None where there is none or nobody knows it."""
        transaction = self._pending.get(name)
        if transaction is None:
            return None
        try:
            self._w3.eth.get_transaction(HexBytes(transaction))
        except TransactionNotFound:
            return None
        return self._receipt(transaction)

    def _receipt(self, transaction: str) -> TxReceipt:
        try:
            receipt = self._w3.eth.wait_for_transaction_receipt(
                HexBytes(transaction), timeout=PATIENCE
            )
        except TimeExhausted as cause:
            raise TransactionFailed(f"no block took {transaction}; run this again later") from cause
        if receipt["status"] != 1:
            self._pending.clear()
            self._save()
            raise TransactionFailed(f"{transaction} was reverted")
        return receipt

    def _entry(self, compiled: CompiledContract, receipt: TxReceipt) -> dict[str, Any]:
        address = receipt["contractAddress"]
        if address is None or not compiled.is_code(bytes(self._w3.eth.get_code(address))):
            raise BuildDiffers(address=address)
        return {
            "address": address,
            "transaction": Web3.to_hex(receipt["transactionHash"]),
            "block": receipt["blockNumber"],
            "codeHash": Web3.to_hex(keccak(bytes(self._w3.eth.get_code(address)))),
            "abi": compiled.abi,
        }

    def _tell(self, line: str) -> None:
        if self._say is not None:
            self._say(line)

    def _remember(self, name: str, transaction: bytes) -> None:
        self._pending[name] = Web3.to_hex(transaction)
        self._save()

    def _save(self) -> None:
        first = {name: self._kept[name] for name in ("network", "chainId", "compiler")}
        pending = {"pending": self._pending} if self._pending else {}
        document = {**first, "contracts": self._contracts, **pending}
        write_whole(self._path, json.dumps(document, indent=1) + "\n")


def _require_chain(kept: int, found: int) -> None:
    if kept != found:
        raise NotDeployed(f"the deployment file is of chain {kept}, and this is chain {found}")


@contextmanager
def _translated() -> Iterator[None]:
    """The chain's own errors, as ours."""
    try:
        yield
    except (requests.RequestException, ConnectionError) as cause:
        raise ChainUnreachable(type(cause).__name__) from cause
    except Web3RPCError as cause:
        raise TransactionFailed(str(cause.message or cause)[:200]) from cause
    except Web3Exception as cause:
        raise TransactionFailed(type(cause).__name__) from cause
