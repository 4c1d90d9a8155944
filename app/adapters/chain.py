"""Owns the chain over JSON-RPC: the contracts at the newest block, and transactions to them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from eth_account.signers.local import LocalAccount

from app.adapters.contracts import RELAYED, Contract
from app.adapters.deployment import Deployment
from app.adapters.rpc import Caller, RpcRefused
from app.adapters.view import RpcView as RpcView
from app.adapters.view import newest_block
from app.core.encoding import ZERO_ADDRESS, from_hex, hex0x, keccak
from app.core.errors import (
    ChainUnreachable,
    ChartkeyError,
    ForeignSignature,
    TransactionFailed,
    WrongChain,
)
from app.core.foresight import Question
from app.core.ports import ChainView
from app.core.signatures import Signed, recover
from app.core.statements import (
    CONSENT,
    PEOPLE,
    Enrolment,
    MembershipEnd,
    Recovery,
    Retraction,
    Revocation,
    RevocationOfAll,
)
from app.core.typed_data import Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A transaction in a block."""

    transaction: str
    block: int
    time: int
    gas: int


class EthereumChain:
    """The four contracts on one chain, with an account that pays for transactions."""

    def __init__(
        self, rpc: Caller, deployment: Deployment, payer: LocalAccount | None = None
    ) -> None:
        self._rpc, self._chosen_payer = rpc, payer
        self._contracts = {
            name: Contract(name=name, address=contract.address, abi=contract.abi)
            for name, contract in deployment.contracts.items()
        }
        self.chain_id = deployment.chain_id
        self._first_block = deployment.first_block
        self.domains = deployment.domains
        self._newest: RpcView | None = None

    @property
    def _payer(self) -> LocalAccount:
        if self._chosen_payer is None:
            raise TransactionFailed("no account was named that pays for it")
        return self._chosen_payer

    def require_own_chain(self) -> None:
        """Raise WrongChain unless the endpoint is on the deployment's chain."""
        given = int(self._rpc.call("eth_chainId"), 16)
        if given != self.chain_id:
            raise WrongChain(given=given, expected=self.chain_id)

    def view(self) -> RpcView:
        """The contracts at the newest block; answers are reused until there is another one."""
        known, block = self._newest, newest_block(self._rpc)
        if known is None or known.is_full or block["hash"] != known.hash:
            known = self._newest = RpcView(self._rpc, self._contracts, block)
        return known

    def foresee(self, view: ChainView, questions: Iterable[Question]) -> None:
        """Have a view answer many questions in one request; it is only speed."""
        if isinstance(view, RpcView):
            view.prepare(view.unknown(questions))

    def anchor(self, judge: str, root: bytes, manifest: bytes) -> Receipt:
        """Anchor a root; done only when the block holds an event with this very manifest."""
        contract = self._contracts[judge]
        receipt = self._send(contract, contract.encode("anchor", root, manifest))
        for log in receipt["logs"]:
            same_contract = from_hex(log["address"]) == from_hex(contract.address)
            if same_contract and from_hex(log["data"])[:32] == manifest:
                return self._receipt(receipt)
        raise TransactionFailed("the anchor's event is missing")

    def find_anchor(self, judge: str, root: bytes, manifest: bytes) -> Receipt | None:
        """The transaction that anchored a root with this very manifest, None where none did."""
        wanted = {
            "address": self._contracts[judge].address,
            "fromBlock": hex(self._first_block),
            "toBlock": "latest",
            "topics": [hex0x(keccak(b"Anchored(bytes32,bytes32,address)")), hex0x(root)],
        }
        for log in self._rpc.call("eth_getLogs", wanted):
            if from_hex(log["data"])[:32] == manifest:
                transaction = log["transactionHash"]
                return self._receipt(self._rpc.call("eth_getTransactionReceipt", transaction))
        return None

    def relay(self, signed: Signed[Statement]) -> Receipt:
        """Hand in a signed statement; raises ContractRefused where the contract says no."""
        contract = self._contracts[signed.statement.judge]
        receipt = self._send(contract, contract.relayed(signed.statement, signed.signature))
        if not self.is_done(signed.statement):
            raise TransactionFailed("the contract passed over it: the signature does not count")
        return self._receipt(receipt)

    def wait_for_next_second(self) -> None:
        """Return when the next block will have a later time than the newest one.

        Networks make blocks seconds apart; a local chain makes as many a second as it is sent.
        """
        ahead = self.view().time + 1 - time.time()
        if ahead > 0:
            time.sleep(min(ahead, 1.0))  # a chain whose clock was set forward runs on from there

    def try_out(self, signed: Signed[Statement]) -> None:
        """Ask whether the contract would take a statement now.

        Raises ContractRefused, and ForeignSignature for a revocation, which the contract would
        pass over in silence.
        """
        statement = signed.statement
        if isinstance(statement, Revocation):
            view, digest = self.view(), self.domains.digest(statement)
            signer = recover(digest, signed.signature)
            if not view.speaks_for(statement.patient, signer, view.time):
                raise ForeignSignature(person=statement.patient)
        contract = self._contracts[signed.statement.judge]
        calldata = contract.relayed(signed.statement, signed.signature)
        call = {"to": contract.address, "data": hex0x(calldata)}  # anyone may hand it in
        try:
            self._rpc.call("eth_call", call, "latest")
        except RpcRefused as refusal:
            if not refusal.data:  # the contracts always say why; this was the endpoint itself
                raise ChainUnreachable("it refused a call") from refusal
            raise fault_of(contract, refusal) from refusal

    def transact(self, judge: str, function: str, *arguments: Any) -> Receipt:
        """Send the payer's own call, such as a registrar's credential."""
        contract = self._contracts[judge]
        return self._receipt(self._send(contract, contract.encode(function, *arguments)))

    def is_relayed(self, statement: Statement) -> bool:
        """Whether the contracts act on this type, rather than only dating its digest."""
        return type(statement) in RELAYED

    def is_done(self, statement: Statement) -> bool:
        """Whether the contracts show that they took the statement, or one that came first."""
        view = self.view()
        if isinstance(statement, Revocation):
            bits = view.revoked_bits(statement.patient, statement.word)
            return bits & statement.mask == statement.mask
        if isinstance(statement, RevocationOfAll):
            return bool(view.ask(CONSENT, "isTagSpent", statement.patient, statement.new_tag))
        if isinstance(statement, Retraction):
            return view.retracted_at(statement.person, statement.record) > 0
        if isinstance(statement, MembershipEnd):
            return view.membership_ended_at(statement.organization, statement.membership) > 0
        if isinstance(statement, Enrolment):
            enrolled = view.key_of(statement.person) != ZERO_ADDRESS
            return enrolled and view.keys_hash(statement.person) == statement.keys_hash
        if isinstance(statement, Recovery):
            return bool(view.ask(PEOPLE, "recoveryNonceOf", statement.person) > statement.nonce)
        return view.nonce_of(statement.person) > statement.nonce  # type: ignore[attr-defined]

    def _send(self, contract: Contract, calldata: bytes) -> dict[str, Any]:
        payer = self._payer.address
        call = {"from": payer, "to": contract.address, "data": hex0x(calldata)}
        try:
            gas = int(self._rpc.call("eth_estimateGas", call), 16)
            price = int(self._rpc.call("eth_gasPrice"), 16)
            nonce = int(self._rpc.call("eth_getTransactionCount", payer, "pending"), 16)
            transaction: dict[str, Any] = {
                "chainId": self.chain_id,
                "nonce": nonce,
                "to": contract.address,
                "value": 0,
                "data": hex0x(calldata),
                "gas": gas + gas // 4,
                "maxFeePerGas": 2 * price,
                "maxPriorityFeePerGas": min(price, 10**9),
            }
            signed = self._payer.sign_transaction(transaction)
            hash_ = self._rpc.call("eth_sendRawTransaction", hex0x(bytes(signed.raw_transaction)))
        except RpcRefused as refusal:
            raise fault_of(contract, refusal) from refusal
        return self._wait(hash_)

    def _wait(self, transaction: str, patience: float = 120.0) -> dict[str, Any]:
        until = time.monotonic() + patience
        pause = 0.002
        while time.monotonic() < until:
            receipt = self._rpc.call("eth_getTransactionReceipt", transaction)
            if receipt is not None:
                if int(receipt["status"], 16) != 1:
                    raise TransactionFailed("it was reverted")
                return dict(receipt)
            time.sleep(pause)
            pause = min(2 * pause, 0.25)
        raise TransactionFailed("it was not in a block after two minutes")

    def _receipt(self, receipt: Mapping[str, Any]) -> Receipt:
        block = self._rpc.call("eth_getBlockByNumber", receipt["blockNumber"], False)
        return Receipt(
            transaction=receipt["transactionHash"],
            block=int(receipt["blockNumber"], 16),
            time=int(block["timestamp"], 16),
            gas=int(receipt["gasUsed"], 16),
        )


def fault_of(contract: Contract, refusal: RpcRefused) -> ChartkeyError:
    """A revert is the contract's word; anything else (no funds, a nonce, a price) passes."""
    if refusal.data:
        return contract.refused(refusal.data, str(refusal))
    return TransactionFailed(str(refusal)[:200])
