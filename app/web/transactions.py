"""Owns the API for transactions that people pay for themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from app.core.encoding import from_hex, hex0x
from app.core.errors import MalformedStatement
from app.web.reading import LARGE, digest_of, read_object, text_of
from app.web.sessions import Guard

MOST_CALLS = 10


class Costs(Protocol):
    """What calls cost, in wei (adapters/own_transactions.py)."""

    @property
    def gas(self) -> Sequence[int]: ...
    @property
    def max_fee(self) -> int: ...
    @property
    def tip(self) -> int: ...
    @property
    def nonce(self) -> int: ...
    @property
    def balance(self) -> int: ...
    @property
    def cost(self) -> int: ...


class OwnTransactions(Protocol):
    """The chain, for those who pay themselves (adapters/own_transactions.py)."""

    chain_id: int

    def quote(self, sender: str, calls: Sequence[tuple[str, bytes]]) -> Costs: ...
    def send(self, raw: bytes, sender: str) -> bytes: ...
    def state(self, hash_: bytes) -> tuple[str, int | None]: ...


def transactions(guard: Guard, own: OwnTransactions) -> Blueprint:
    """The routes; the session's own key pays."""
    blueprint = Blueprint("transactions", __name__, url_prefix="/api/transactions")

    @blueprint.post("/quote")
    def quote() -> ResponseReturnValue:
        sender = guard.require().signer
        found = own.quote(sender, _calls(read_object("calls", most=LARGE)["calls"]))
        return jsonify(
            gas=sum(found.gas),
            gasOfCalls=list(found.gas),
            maxFeePerGas=str(found.max_fee),
            maxPriorityFeePerGas=str(found.tip),
            nonce=found.nonce,
            balance=str(found.balance),
            costWei=str(found.cost),
            chainId=own.chain_id,
        )

    @blueprint.post("")
    def send() -> ResponseReturnValue:
        sender = guard.require().signer
        raw = from_hex(text_of(read_object("raw", most=LARGE)["raw"], LARGE))
        return jsonify(hash=hex0x(own.send(raw, sender)))

    @blueprint.get("/<hash_>")
    def state(hash_: str) -> ResponseReturnValue:
        guard.require()
        told, block = own.state(digest_of(hash_))
        return jsonify(state=told, block=block)

    return blueprint


def _calls(given: Any) -> list[tuple[str, bytes]]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_CALLS:
        raise MalformedStatement("its calls are not a list of 1 to {most}", most=MOST_CALLS)
    calls = []
    for call in given:
        if not isinstance(call, dict) or set(call) != {"contract", "calldata"}:
            raise MalformedStatement("a call has other parts than contract, calldata")
        calls.append((text_of(call["contract"]), from_hex(call["calldata"])))
    return calls
