"""Owns transactions that people pay for themselves: what they will cost, and handing them to the chain.

A node signs none of them and sends them nowhere but to the four contracts, and with no money.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_account import Account
from eth_account.typed_transactions import TypedTransaction
from hexbytes import HexBytes

from app.adapters.chain import fault_of
from app.adapters.contracts import Contract
from app.adapters.deployment import Deployment
from app.adapters.payer import GWEI
from app.adapters.rpc import Caller, RpcRefused
from app.core.encoding import checksum_address, hex0x, keccak
from app.core.errors import ChainUnreachable, MalformedStatement, TransactionFailed

MOST_CALLDATA = 1 << 16
MARGIN = 4
"""The quarter that is added to what gas an endpoint expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What calls will cost at most, in wei; gas for each, with a margin."""

    gas: Sequence[int]
    max_fee: int
    tip: int
    nonce: int
    balance: int

    @property
    def cost(self) -> int:
        return sum(self.gas) * self.max_fee


class OwnTransactions:
    """The chain, for those who pay themselves."""

    def __init__(self, rpc: Caller, deployment: Deployment) -> None:
        self._rpc, self.chain_id = rpc, deployment.chain_id
        self._contracts = {
            name: Contract(name=name, address=one.address, abi=one.abi)
            for name, one in deployment.contracts.items()
        }

    def quote(self, sender: str, calls: Sequence[tuple[str, bytes]]) -> Quote:
        """What (contract's name, calldata) cost now; raises ContractRefused, TransactionFailed."""
        max_fee, tip = self._fees()
        return Quote(
            gas=[self._gas(sender, name, calldata) for name, calldata in calls],
            max_fee=max_fee,
            tip=tip,
            nonce=int(self._ask("eth_getTransactionCount", sender, "pending"), 16),
            balance=int(self._ask("eth_getBalance", sender, "latest"), 16),
        )

    def _gas(self, sender: str, name: str, calldata: bytes) -> int:
        contract = self._contracts.get(name)
        if contract is None or not 4 <= len(calldata) <= MOST_CALLDATA:
            raise MalformedStatement("it is no call to one of the four contracts")
        call = {"from": sender, "to": contract.address, "data": hex0x(calldata)}
        try:
            gas = int(self._rpc.call("eth_estimateGas", call), 16)
        except RpcRefused as refusal:
            raise fault_of(contract, refusal) from refusal
        return gas + gas // MARGIN

    def _fees(self) -> tuple[int, int]:
        block = self._ask("eth_getBlockByNumber", "latest", False)
        base = int((block or {}).get("baseFeePerGas", "0x0"), 16)
        try:
            tip = int(self._rpc.call("eth_maxPriorityFeePerGas"), 16)
        except RpcRefused:  # Ganache does not know it
            tip = GWEI
        return 2 * base + tip, tip

    def send(self, raw: bytes, sender: str) -> bytes:
        """Hand in what a wallet signed; its hash. The same again is no fault.

        Raises MalformedStatement for one that is not this person's call to one of the four
        contracts on this chain, TransactionFailed where the endpoint does not take it.
        """
        self._require_ours(raw, sender)
        try:
            self._rpc.call("eth_sendRawTransaction", hex0x(raw))
        except RpcRefused as refusal:
            if self.state(keccak(raw))[0] == "unknown":  # each kind of node says it in other words
                raise TransactionFailed(str(refusal)[:200]) from refusal
        return keccak(raw)

    def _require_ours(self, raw: bytes, sender: str) -> None:
        try:
            fields = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
            signer = Account.recover_transaction(HexBytes(raw))
            to = checksum_address(bytes(fields["to"]))
        except (ValueError, TypeError, KeyError, rlp.exceptions.RLPException):
            raise MalformedStatement("it is no signed transaction of type 1 or 2") from None
        addresses = {contract.address for contract in self._contracts.values()}
        right = fields["chainId"] == self.chain_id and to in addresses and not fields["value"]
        if not right or signer != sender:
            raise MalformedStatement("it is no call of yours to one of the four contracts")

    def state(self, hash_: bytes) -> tuple[str, int | None]:
        """(waiting, mined, failed or unknown; its block)."""
        receipt = self._ask("eth_getTransactionReceipt", hex0x(hash_))
        if receipt:
            succeeded = int(receipt["status"], 16) == 1
            return "mined" if succeeded else "failed", int(receipt["blockNumber"], 16)
        known = self._ask("eth_getTransactionByHash", hex0x(hash_))
        return ("waiting" if known else "unknown"), None

    def _ask(self, method: str, *params: Any) -> Any:
        try:
            return self._rpc.call(method, *params)
        except RpcRefused as refusal:
            raise ChainUnreachable(f"it refused {method}") from refusal
