"""Owns one creation under way: the transaction that puts a contract on a chain, sent once whatever happens.

Its nonce, and so the contract's address, is chosen and kept before anything is sent, and used until a
block has taken it. However often a deployment dies and is called again, or a fee is raised, a chain
takes each nonce once, and so one contract comes of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import TransactionNotFound, Web3RPCError
from web3.types import TxReceipt
from web3.utils import get_create_address

from app.adapters.fees import Fees, prices
from app.adapters.networks import ask
from app.core.errors import ChainError, FeeCapReached, TransactionFailed

PATIENCE = 600.0
"""Seconds to wait for a block that takes a transaction."""
RESEND_SECONDS = 45.0
"""After how long a transaction that is in no block is replaced by one with a higher fee."""
LAG = 5.0
"""Seconds for which an endpoint may count a nonce before it shows the receipt."""
KNOWN = ("already", "known transaction", "nonce too low", "nonce is too low", "oldnonce")
"""How nodes say that they have a transaction, or have had it."""

Pending = dict[str, Any]
"""What is kept of a creation: sender, nonce, address, since (a block), gas, data, attempts."""


class AnotherPays(ChainError):
    sentence = (
        "A transaction of {sender} that deploys {name} is under way, and {payer} is to pay now."
    )
    unharmed = "Nothing was sent."
    remedy = "Run this again with the first account; it goes on where it stopped."


class Creation:
    """The creation of one contract, of which `keep` writes down each change before it takes effect."""

    def __init__(
        self,
        w3: Web3,
        sender: LocalAccount | str,
        *,
        cap: int,
        keep: Callable[[Pending | None], None],
        reached: Callable[[str], None],
        resend_seconds: float = RESEND_SECONDS,
        patience: float = PATIENCE,
    ) -> None:
        self._w3, self._sender, self._cap, self._keep = w3, sender, cap, keep
        self._reached, self._resend, self._patience = reached, resend_seconds, patience
        self._payer = payer_of(sender)

    def begin(self, data: bytes, gas: int) -> TxReceipt:
        """Send a new one, and return when a block has taken it."""
        nonce = self._w3.eth.get_transaction_count(self._payer, "pending")
        pending: Pending = {
            "sender": self._payer,
            "nonce": nonce,
            "address": get_create_address(self._payer, nonce),
            "since": self._w3.eth.block_number,
            "gas": gas,
            "attempts": [],
        }
        self._keep(pending)
        self._reached("chosen")
        return self._finish(pending, data)

    def resume(self, name: str, pending: Pending, data: bytes) -> TxReceipt | None:
        """Go on with one that was begun; None where nothing came of it, nor can any more.

        Raises AnotherPays.
        """
        sender, nonce = Web3.to_checksum_address(pending["sender"]), pending["nonce"]
        if self._w3.eth.get_transaction_count(sender) > nonce:
            receipt = self._taken(pending)
            if receipt is None:
                self._keep(None)  # somebody used the nonce for something else
            return receipt
        is_known = any(self._is_known(one) for one in hashes(pending))
        if not is_known and self._w3.eth.get_transaction_count(sender, "pending") < nonce:
            self._keep(None)  # another chain than then, which has not come so far
            return None
        if sender != self._payer:
            raise AnotherPays(name=name, sender=sender, payer=self._payer)
        return self._finish(pending, data)

    def waiting(self, transaction: str, address: str, since: int) -> Pending | None:
        """A transaction of earlier that waits for a block (again); None where it does not."""
        try:
            known = self._w3.eth.get_transaction(HexBytes(transaction))
        except TransactionNotFound:
            return None
        if known.get("blockNumber") is not None:
            return None
        fees = ("maxFeePerGas", "maxPriorityFeePerGas")
        fields = fees if all(name in known for name in fees) else ("gasPrice",)
        offered = {name: int(known[name]) for name in fields}  # type: ignore[literal-required]
        return {
            "sender": known["from"],
            "nonce": int(known["nonce"]),
            "address": address,
            "since": since,
            "gas": int(known["gas"]),
            "attempts": [{"transaction": transaction, **offered}],
        }

    def _finish(self, pending: Pending, data: bytes) -> TxReceipt:
        """Send, and again with a higher fee when it is due, until a block has taken it."""
        if not any(self._is_known(one) for one in hashes(pending)):
            self._send(pending, data, self._offer(pending))
        now = time.monotonic()
        until, replace_at, pause = now + self._patience, now + self._resend, 0.02
        while (receipt := self._receipt(pending)) is None:
            now = time.monotonic()
            if now > until:
                first = (hashes(pending) or ["it"])[0]
                raise TransactionFailed(f"no block took {first}; run this again later")
            if self._w3.eth.get_transaction_count(self._payer) > pending["nonce"]:
                receipt = self._taken(pending)
                if receipt is None:
                    self._keep(None)
                    raise TransactionFailed("another one of the account took its place")
                break
            if now > replace_at:
                self._replace(pending, data)
                replace_at = now + self._resend
            time.sleep(pause)
            pause = min(2 * pause, 0.5)
        self._reached("mined")
        return self._succeeded(receipt)

    def _offer(self, pending: Pending) -> Fees:
        """What to offer: the same again where it was kept before, unless the chain asks for more by now."""
        now = self._now()
        if not pending["attempts"]:
            return now
        last = Fees.of(pending["attempts"][-1])
        return last.outbid(now, self._cap) if now.most > last.most else last

    def _replace(self, pending: Pending, data: bytes) -> None:
        if isinstance(self._sender, str):
            return  # the node that signs looks after it
        try:
            offer = Fees.of(pending["attempts"][-1]).outbid(self._now(), self._cap)
        except FeeCapReached:
            return  # nothing more is paid; it may still be taken
        self._send(pending, data, offer)

    def _now(self) -> Fees:
        return prices(self._w3, self._cap).require_below_cap()

    def _send(self, pending: Pending, data: bytes, offer: Fees) -> None:
        transaction: dict[str, Any] = {
            "nonce": pending["nonce"],
            "data": Web3.to_hex(data),
            "value": 0,
            "gas": pending["gas"],
            **offer.fields,
        }
        if isinstance(self._sender, str):
            # The node signs: only then is the hash known.
            sent = self._w3.eth.send_transaction({"from": self._payer, **transaction})  # type: ignore[typeddict-item]
            self._keep_attempt(pending, offer, sent)
        else:
            signed = self._sender.sign_transaction(
                transaction | {"chainId": self._w3.eth.chain_id, "to": ""}
            )
            self._keep_attempt(pending, offer, signed.hash)
            self._reached("kept")
            self._hand_in(signed.raw_transaction)
        self._reached("sent")

    def _hand_in(self, raw: bytes) -> None:
        try:
            self._w3.eth.send_raw_transaction(raw)
        except Web3RPCError as refusal:
            if not any(word in str(refusal).lower() for word in KNOWN):
                raise

    def _keep_attempt(self, pending: Pending, offer: Fees, hash_: bytes) -> None:
        attempt = {"transaction": Web3.to_hex(hash_), **offer.fields}
        if attempt not in pending["attempts"]:
            pending["attempts"].append(attempt)
        self._keep(pending)

    # what became of it

    def _is_known(self, transaction: str) -> bool:
        try:
            self._w3.eth.get_transaction(HexBytes(transaction))
        except TransactionNotFound:
            return False
        return True

    def _receipt(self, pending: Pending) -> TxReceipt | None:
        for transaction in hashes(pending):
            try:
                return self._w3.eth.get_transaction_receipt(HexBytes(transaction))
            except TransactionNotFound:
                continue
        return None

    def _taken(self, pending: Pending) -> TxReceipt | None:
        """The receipt of a nonce that is used; None where it went to something else.

        Where this process died before it knew the hash, the block tells which transaction it was.
        """
        until = time.monotonic() + LAG
        address = Web3.to_checksum_address(pending["address"])
        while (receipt := self._receipt(pending)) is None:
            if self._w3.eth.get_code(address) and (found := self._search(pending)) is not None:
                return found
            if time.monotonic() > until:
                return None
            time.sleep(0.1)
        return self._succeeded(receipt)

    def _search(self, pending: Pending) -> TxReceipt | None:
        for number in range(pending["since"], self._w3.eth.block_number + 1):
            block = ask(self._w3, "eth_getBlockByNumber", hex(number), True)
            for one in block["transactions"] if block else ():
                sender = Web3.to_checksum_address(one["from"])
                if (sender, int(one["nonce"], 16)) == (pending["sender"], pending["nonce"]):
                    return self._w3.eth.get_transaction_receipt(HexBytes(one["hash"]))
        return None

    def _succeeded(self, receipt: TxReceipt) -> TxReceipt:
        if receipt["status"] != 1:
            self._keep(None)
            raise TransactionFailed(f"{Web3.to_hex(receipt['transactionHash'])} was reverted")
        return receipt


def payer_of(sender: LocalAccount | str) -> ChecksumAddress:
    """The address of who pays."""
    address = sender if isinstance(sender, str) else sender.address
    return Web3.to_checksum_address(address)


def hashes(pending: Pending) -> Sequence[str]:
    """The transactions under one nonce, the newest first."""
    return [attempt["transaction"] for attempt in reversed(pending["attempts"])]
