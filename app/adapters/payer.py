"""Owns the account that pays: its fees, its signatures, and what became of its transactions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import HexStr

from app.adapters.chain import fault_of
from app.adapters.contracts import Contract, abi_values
from app.adapters.deployment import Deployment
from app.adapters.rpc import Caller, RpcRefused
from app.core.encoding import from_hex, hex0x, keccak
from app.core.errors import ChainUnreachable, FeeCapReached, TransactionFailed
from app.core.relaying import Attempt, Cargo, Head, Mined
from app.core.signatures import Signed
from app.core.statements import Revocation

GWEI = 10**9
ANCHORED = keccak(b"Anchored(bytes32,bytes32,address)")
RAISE, LEAST_RAISE = 25, 10
"""Percent by which a replacement outbids, and the least that nodes ask for."""


class Payer:
    """An account and the chain on which it pays (EIP-1559 fees, EIP-155 chain id).

    `fee_cap` is in wei for a unit of gas, as all fees here; operators name it in gwei.
    """

    def __init__(
        self, rpc: Caller, deployment: Deployment, account: LocalAccount, fee_cap: int = 500 * GWEI
    ) -> None:
        self._rpc, self._account, self._fee_cap = rpc, account, fee_cap
        self._chain_id = deployment.chain_id
        self._contracts = {
            name: Contract(name=name, address=contract.address, abi=contract.abi)
            for name, contract in deployment.contracts.items()
        }
        self.address: str = account.address

    def head(self) -> Head:
        """The newest block; raises ChainUnreachable."""
        block = self._ask("eth_getBlockByNumber", "latest", False)
        if not isinstance(block, dict):
            raise ChainUnreachable("it shows no block")
        return Head(
            number=int(block["number"], 16),
            hash=from_hex(block["hash"], 32),
            time=int(block["timestamp"], 16),
            base_fee=int(block.get("baseFeePerGas", "0x0"), 16),
        )

    def balance(self) -> int:
        """In wei."""
        return int(self._ask("eth_getBalance", self.address, "latest"), 16)

    def next_nonce(self) -> int:
        """The first nonce that no transaction uses which the endpoint knows."""
        return int(self._ask("eth_getTransactionCount", self.address, "pending"), 16)

    def used_nonces(self) -> int:
        """How many of the account's transactions are in blocks."""
        return int(self._ask("eth_getTransactionCount", self.address, "latest"), 16)

    def anchor_cargo(self, batch: int, judge: str, root: bytes, manifest: bytes) -> Cargo:
        """A batch's anchor; raises ContractRefused, TransactionFailed."""
        contract = self._contracts[judge]
        calldata = contract.encode("anchor", root, manifest)
        gas = self._estimate(contract, calldata)
        return Cargo(to=contract.address, calldata=calldata, gas=gas, batch=batch)

    def calls_cargo(
        self, ids: Sequence[int], many: Sequence[Signed[Any]], *, urgent: bool = False
    ) -> Cargo:
        """One call, or revocations together; raises ContractRefused, TransactionFailed."""
        contract = self._contracts[many[0].statement.judge]
        if isinstance(many[0].statement, Revocation):
            values = [abi_values(signed.statement) for signed in many]
            signatures = [signed.signature for signed in many]
            calldata = contract.encode("revokeBySig", values, signatures)
        else:
            calldata = contract.relayed(many[0].statement, many[0].signature)
        gas = self._estimate(contract, calldata)
        return Cargo(to=contract.address, calldata=calldata, gas=gas, calls=ids, urgent=urgent)

    def _estimate(self, contract: Contract, calldata: bytes) -> int:
        """Gas, with a quarter on top."""
        call = {"from": self.address, "to": contract.address, "data": hex0x(calldata)}
        try:
            gas = int(self._rpc.call("eth_estimateGas", call), 16)
        except RpcRefused as refusal:
            raise fault_of(contract, refusal) from refusal
        return gas + gas // 4

    def fees(self) -> tuple[int, int]:
        """(most, tip) in wei per gas for a block soon to come; raises FeeCapReached."""
        base = self.head().base_fee
        try:
            tip = int(self._rpc.call("eth_maxPriorityFeePerGas"), 16)
        except RpcRefused:  # Ganache does not know it
            tip = GWEI
        if base + tip > self._fee_cap:
            raise FeeCapReached()
        return min(2 * base + tip, self._fee_cap), tip

    def sign(self, nonce: int, cargo: Cargo, fees: tuple[int, int], now: int) -> Attempt:
        """Sign a transaction; the same words give the same bytes (RFC 6979)."""
        most, tip = fees
        signed = self._account.sign_transaction(
            {
                "chainId": self._chain_id,
                "nonce": nonce,
                "to": HexStr(cargo.to),
                "value": 0,
                "data": HexStr(hex0x(cargo.calldata)),
                "gas": cargo.gas,
                "maxFeePerGas": most,
                "maxPriorityFeePerGas": tip,
            }
        )
        return Attempt(
            hash=bytes(signed.hash),
            raw=bytes(signed.raw_transaction),
            max_fee=most,
            tip=tip,
            sent_at=now,
        )

    def outbid(self, attempt: Attempt) -> tuple[int, int]:
        """Fees that replace an attempt under the same nonce; raises FeeCapReached."""
        least, tip = (fee + fee * LEAST_RAISE // 100 + 1 for fee in (attempt.max_fee, attempt.tip))
        if least > self._fee_cap:
            raise FeeCapReached()
        most_now, tip_now = self.fees()  # the chain may have become much dearer meanwhile
        wanted = max(attempt.max_fee + attempt.max_fee * RAISE // 100, most_now, least)
        return min(wanted, self._fee_cap), min(max(tip, tip_now), self._fee_cap)

    def send(self, attempt: Attempt) -> None:
        """Hand a transaction to the chain; one that it knows or has mined already is no fault.

        Raises TransactionFailed where it is refused (no funds, too low a fee).
        """
        try:
            self._rpc.call("eth_sendRawTransaction", hex0x(attempt.raw))
        except RpcRefused as refusal:
            words = str(refusal).lower()
            # each kind of node says in its own words that it has it, or has had it
            known = (
                *("already", "known transaction", "nonce too low", "nonce is too low", "oldnonce"),
                "the tx doesn't have the correct nonce",
            )
            if not any(word in words for word in known):
                raise TransactionFailed(str(refusal)[:200]) from refusal

    def mined(self, hashes: Sequence[bytes]) -> list[Mined | None]:
        """What became of transactions; None for one that is in no block."""
        if not hashes:
            return []
        found = self._ask_many("eth_getTransactionReceipt", [[hex0x(hash_)] for hash_ in hashes])
        return [self._mined(receipt) if receipt else None for receipt in found]

    def hashes_at(self, numbers: Sequence[int]) -> list[bytes | None]:
        """The hash of each block now on the chain; None where it is not that long."""
        if not numbers:
            return []
        found = self._ask_many("eth_getBlockByNumber", [[hex(number), False] for number in numbers])
        return [from_hex(block["hash"], 32) if block else None for block in found]

    def _ask(self, method: str, *params: Any) -> Any:
        """A plain question: an endpoint that refuses it, as one that limits rates, is of no use now."""
        try:
            return self._rpc.call(method, *params)
        except RpcRefused as refusal:
            raise ChainUnreachable(f"it refused {method}") from refusal

    def _ask_many(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        try:
            return self._rpc.batch(method, many)
        except RpcRefused as refusal:
            raise ChainUnreachable(f"it refused {method}") from refusal

    def _mined(self, receipt: Mapping[str, Any]) -> Mined:
        return Mined(
            transaction=receipt["transactionHash"],
            block=int(receipt["blockNumber"], 16),
            block_hash=from_hex(receipt["blockHash"], 32),
            succeeded=int(receipt["status"], 16) == 1,
            gas=int(receipt["gasUsed"], 16),
            anchored=[anchor for log in receipt["logs"] for anchor in self._anchors(log)],
        )

    def _anchors(self, log: Mapping[str, Any]) -> Iterator[tuple[str, bytes, bytes]]:
        for name, contract in self._contracts.items():
            same_contract = from_hex(log["address"]) == from_hex(contract.address)
            if same_contract and from_hex(log["topics"][0]) == ANCHORED:
                yield name, from_hex(log["topics"][1]), from_hex(log["data"])[:32]
