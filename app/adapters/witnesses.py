"""Owns cross-checked answers of the chain: one view for each endpoint, or none at all.

A custodian approves only what every endpoint's own view approves. So one endpoint that lies or is
frozen opens nothing; and one that is silent, of another chain, too old or at odds with the others
closes the door until it is set right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from app.adapters.contracts import Contract
from app.adapters.deployment import Deployment
from app.adapters.group_commit import GroupCommit
from app.adapters.rpc import Asker, RpcRefused
from app.adapters.view import RpcView, block_at, newest_block
from app.core.encoding import from_hex, hex0x, keccak
from app.core.errors import (
    ChainStale,
    ChainUnreachable,
    CodeDiffers,
    EndpointsDisagree,
    ForeignChain,
    MalformedStatement,
)
from app.core.foresight import Question
from app.core.ports import ChainView

T = TypeVar("T")
R = TypeVar("R")


class _Witness:
    """One endpoint, whose chain and contracts are looked at first, and again after any error."""

    def __init__(self, rpc: Asker, deployment: Deployment) -> None:
        self._rpc, self._deployment = rpc, deployment
        self._contracts = {
            name: Contract(name=name, address=contract.address, abi=contract.abi)
            for name, contract in deployment.contracts.items()
        }
        self._is_checked = self._knows_hashes = False
        self._known: RpcView | None = None

    def call(self, method: str, *params: Any) -> Any:
        with self._watched():
            return self._rpc.call(method, *params)

    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        with self._watched():
            return self._rpc.batch(method, many)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        failed = True
        try:
            yield
            failed = False
        finally:
            if failed:
                self._is_checked = False

    def newest(self) -> RpcView:
        """Its newest block; answers are reused until it shows another one."""
        if not self._is_checked:
            self._check()
        block, known = newest_block(self), self._known
        if known is None or known.is_full or known.hash != block.get("hash"):
            known = self._known = RpcView(self, self._contracts, block, by_hash=self._knows_hashes)
        return known

    def at(self, number: int) -> RpcView:
        """An earlier block."""
        return RpcView(self, self._contracts, block_at(self, number), by_hash=self._knows_hashes)

    def _check(self) -> None:
        contracts = list(self._deployment.contracts.values())
        try:
            given = int(self._rpc.call("eth_chainId"), 16)
            asked = [(contract.address, "latest") for contract in contracts]
            codes = [from_hex(code) for code in self._rpc.batch("eth_getCode", asked)]
        except (MalformedStatement, TypeError, ValueError) as cause:
            raise ChainUnreachable("it tells neither its chain nor its code") from cause
        if given != self._deployment.chain_id:
            raise ForeignChain(given=given, expected=self._deployment.chain_id)
        for contract, code in zip(contracts, codes, strict=True):
            if hex0x(keccak(code)) != contract.code_hash:
                raise CodeDiffers(address=contract.address)
        self._knows_hashes = self._takes_hashes(contracts[0].address)
        self._is_checked = True

    def _takes_hashes(self, address: str) -> bool:
        """Whether it answers for a block by its hash, as every node of a public network does.

        By its number, as Ganache wants it, a reorganization between two questions goes unseen.
        """
        block = {"blockHash": newest_block(self._rpc).get("hash")}
        try:
            self._rpc.call("eth_getCode", address, block)
        except RpcRefused:
            return False
        return True


class Witnesses:
    """Several endpoints of one chain that must not contradict each other.

    `most_block_age` is in seconds by `clock` (0: not looked at, for idle local chains), `most_lag`
    in blocks, `confirmations` the depth from which on a block is final.
    """

    def __init__(
        self,
        endpoints: Sequence[Asker],
        deployment: Deployment,
        *,
        most_block_age: int,
        clock: Callable[[], int],
        most_lag: int = 3,
        confirmations: int = 64,
    ) -> None:
        if not endpoints:
            raise ValueError("somebody must be asked")
        self._witnesses = [_Witness(rpc, deployment) for rpc in endpoints]
        self._most_block_age, self._clock, self._most_lag = most_block_age, clock, most_lag
        self._confirmations = confirmations
        self._pool = ThreadPoolExecutor(8 * len(endpoints), thread_name_prefix="witness")
        # whoever comes while the heads are being asked waits for the next time, so that no answer
        # is older than its question; the next time serves all who wait
        self._heads: GroupCommit[None, Sequence[RpcView]] = GroupCommit(
            lambda waiting: [self._agreed()] * len(waiting)
        )

    def views(self) -> Sequence[RpcView]:
        """One view for each endpoint, at its own newest block, begun after this was called.

        Raises ChainUnreachable, ForeignChain, CodeDiffers, ChainStale, EndpointsDisagree.
        """
        return self._heads(None)

    def final_views(self) -> Sequence[RpcView]:
        """One for each endpoint, at its newest block that no reorganization reaches any more."""
        heads = self.views()
        if any(head.number < self._confirmations for head in heads):
            return []
        return self._each(
            lambda one: one[0].at(one[1].number - self._confirmations),
            list(zip(self._witnesses, heads, strict=True)),
        )

    def prepare(
        self,
        views: Sequence[ChainView],
        questions: Callable[[ChainView], Iterable[Question]],
    ) -> None:
        """Have each view ask in one request what it will be asked; raises ChainUnreachable."""
        own = [view for view in views if isinstance(view, RpcView)]
        due = [(view, calls) for view in own if (calls := view.unknown(questions(view)))]
        self._each(lambda one: one[0].prepare(one[1]), due)

    def _agreed(self) -> Sequence[RpcView]:
        views = self._each(_Witness.newest, self._witnesses)
        now = self._clock()
        for view in views:
            if self._most_block_age and now - view.time > self._most_block_age:
                raise ChainStale(seconds=now - view.time)
        lowest = min(view.number for view in views)
        if max(view.number for view in views) - lowest > self._most_lag:
            raise EndpointsDisagree()
        pairs = list(zip(self._witnesses, views, strict=True))
        if len(set(self._each(lambda pair: _hash_at(*pair, lowest), pairs))) > 1:
            raise EndpointsDisagree()
        return views

    def _each(self, ask: Callable[[T], R], many: Sequence[T]) -> list[R]:
        """Ask all at once, the first in this thread; raises the first error, in their order."""
        if not many:
            return []
        first, *rest = many
        others = [self._pool.submit(_translated, ask, one) for one in rest]
        return [_translated(ask, first), *(other.result() for other in others)]


def _translated(ask: Callable[[T], R], one: T) -> R:
    try:
        return ask(one)
    except RpcRefused as refusal:
        raise ChainUnreachable("it refused a call") from refusal


def _hash_at(witness: _Witness, view: RpcView, number: int) -> str:
    return view.hash if view.number == number else witness.at(number).hash
