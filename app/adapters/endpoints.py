"""Owns failover: several JSON-RPC endpoints of one chain, used as if they were one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlsplit

from app.adapters.rpc import Request, Rpc, RpcRefused
from app.core.encoding import from_hex, hex0x, keccak
from app.core.errors import ChainUnreachable, ForeignChain

T = TypeVar("T")

SWEEP = 5.0
"""Seconds after which all endpoints are looked at again."""
PATIENCE = 3.0
"""Seconds in which an endpoint must tell its chain and its head."""
SHORTEST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds for which an endpoint that failed comes last: twice as many each time it fails."""

UNCHECKED, HEALTHY, BEHIND = "unchecked", "healthy", "behind"
UNREACHABLE, FOREIGN = "unreachable", "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """What is known of an endpoint; `where` is its host and port, since URLs can hold keys."""

    where: str
    state: str
    head: int | None
    chain_id: int | None


@dataclass(slots=True, kw_only=True)
class _Endpoint:
    """One endpoint, and what became of the last look at it."""

    rpc: Rpc
    probe: Rpc
    state: str = UNCHECKED
    head: int | None = None
    chain_id: int | None = None
    rest: float = 0.0
    rests_until: float = field(default=float("-inf"))

    @property
    def is_on_chain(self) -> bool:
        """Whether it answered, and was found on the right chain."""
        return self.state in (HEALTHY, BEHIND)


class Endpoints:
    """A `Caller` over several endpoints: the first healthy one in the given order answers.

    Before an endpoint is used, and every few seconds by `clock`, it tells its chain and its head.
    One on another chain is not used, nor one whose head is more than `most_behind` blocks below the
    best. One that does not answer comes last for a while, and its chain is asked for anew. Raises
    ChainUnreachable where none answers, ForeignChain where all are on another chain.
    """

    def __init__(
        self,
        urls: Sequence[str],
        chain_id: int,
        most_behind: int = 3,
        *,
        clock: Callable[[], float] = time.monotonic,
        timeout: float = 20.0,
    ) -> None:
        if not urls:
            raise ValueError("a chain needs at least one endpoint")
        self._all = [
            _Endpoint(rpc=Rpc(url, timeout), probe=Rpc(url, min(PATIENCE, timeout))) for url in urls
        ]
        self._chain_id, self._most_behind, self._clock = chain_id, most_behind, clock
        self._sweeping = Lock()
        self._swept_at = float("-inf")

    @property
    def url(self) -> str:
        """The URL of the endpoint that is asked first."""
        return self._in_order()[0].rpc.url

    def report(self) -> list[EndpointReport]:
        """What is known of each endpoint, in the order in which they were given."""
        self._sweep_if_due()
        return [
            EndpointReport(
                where=_where(one.rpc.url), state=one.state, head=one.head, chain_id=one.chain_id
            )
            for one in self._all
        ]

    def call(self, method: str, *params: Any) -> Any:
        """The `result` of one call; a raw transaction goes to every endpoint."""
        if method == "eth_sendRawTransaction":
            return self._send(*params)
        return self._ask(lambda rpc: rpc.call(method, *params))

    def batch(self, method: str, many: Sequence[Sequence[Any]]) -> list[Any]:
        """The `result` of each of many calls, all from one endpoint."""
        return self._ask(lambda rpc: rpc.batch(method, many))

    def batch_mixed(self, requests: Sequence[Request]) -> list[Any]:
        """The `result` of each of several different calls, all from one endpoint."""
        return self._ask(lambda rpc: rpc.batch_mixed(requests))

    def batch_answers(self, requests: Sequence[Request]) -> list[Any]:
        """For each call its `result` or an RpcRefused, all from one endpoint."""
        return self._ask(lambda rpc: rpc.batch_answers(requests))

    # asking

    def _ask(self, ask: Callable[[Rpc], T]) -> T:
        """The first answer. A contract's word is one; another refusal may be one endpoint's own."""
        refusal: RpcRefused | None = None
        self._sweep_if_due()
        for endpoint in self._in_order():
            if (refusal and self._rests(endpoint)) or not self._is_usable(endpoint):
                continue
            try:
                answer = ask(endpoint.rpc)
            except RpcRefused as refused:
                if refused.is_revert:
                    raise
                refusal = refusal or refused  # such as a block that it has not seen, or a limit
            except ChainUnreachable:
                self._rest(endpoint)
            else:
                endpoint.rest = 0.0
                return answer
        if refusal is not None:
            raise refusal
        raise self._nobody()

    def _send(self, raw: str) -> str:
        """Hand a transaction to all: one that took it, or has it already, is enough."""
        refusal: RpcRefused | None = None
        taken = ""
        self._sweep_if_due()
        for endpoint in self._in_order():
            if (taken or refusal) and self._rests(endpoint):
                continue
            if not self._is_usable(endpoint, behind_too=True):
                continue
            try:
                taken = str(endpoint.rpc.call("eth_sendRawTransaction", raw))
            except RpcRefused as refused:
                if _is_known(refused):
                    taken = taken or hex0x(keccak(from_hex(raw)))
                refusal = refusal or refused
            except ChainUnreachable:
                self._rest(endpoint)
        if taken:
            return taken
        if refusal is not None:
            raise refusal
        raise self._nobody()

    def _nobody(self) -> ChainUnreachable | ForeignChain:
        if all(one.state == FOREIGN for one in self._all):
            return ForeignChain(given=self._all[0].chain_id, expected=self._chain_id)
        if len(self._all) == 1:
            return ChainUnreachable("its endpoint does not")
        return ChainUnreachable("none of its endpoints does")

    # choosing

    def _is_usable(self, endpoint: _Endpoint, *, behind_too: bool = False) -> bool:
        """Whether to ask it; one that has not told its chain since it failed does so now."""
        if not endpoint.is_on_chain and endpoint.state != FOREIGN:
            self._look([endpoint])
        return endpoint.state == HEALTHY or (behind_too and endpoint.state == BEHIND)

    def _rests(self, endpoint: _Endpoint) -> bool:
        return self._clock() < endpoint.rests_until

    def _in_order(self) -> list[_Endpoint]:
        """Healthy ones first, in the order given, and those that rest last."""
        return sorted(self._all, key=lambda one: (one.state != HEALTHY, self._rests(one)))

    def _rest(self, endpoint: _Endpoint) -> None:
        endpoint.state, endpoint.head = UNREACHABLE, None
        endpoint.rest = min(max(2 * endpoint.rest, SHORTEST_REST), LONGEST_REST)
        endpoint.rests_until = self._clock() + endpoint.rest

    # looking

    def _sweep_if_due(self) -> None:
        """Look at all that do not rest, together: their heads are only comparable at one time."""
        if self._clock() - self._swept_at < SWEEP:
            return
        first = self._swept_at == float("-inf")
        if not self._sweeping.acquire(blocking=first):
            return  # another thread is at it
        try:
            now = self._clock()
            if now - self._swept_at >= SWEEP:
                self._look([one for one in self._all if not self._rests(one)])
                self._swept_at = now
        finally:
            self._sweeping.release()

    def _look(self, endpoints: Sequence[_Endpoint]) -> None:
        for endpoint in endpoints:
            self._look_at(endpoint)
        heads = [one.head for one in self._all if one.is_on_chain and one.head is not None]
        least = max(heads, default=0) - self._most_behind
        for one in self._all:
            if one.is_on_chain and one.head is not None:
                one.state = BEHIND if one.head < least else HEALTHY

    def _look_at(self, endpoint: _Endpoint) -> None:
        try:
            answers = endpoint.probe.batch_mixed([("eth_chainId", []), ("eth_blockNumber", [])])
            endpoint.chain_id, endpoint.head = (int(answer, 16) for answer in answers)
        except (ChainUnreachable, RpcRefused, TypeError, ValueError):
            self._rest(endpoint)
            return
        endpoint.state = HEALTHY if endpoint.chain_id == self._chain_id else FOREIGN


def _is_known(refusal: RpcRefused) -> bool:
    words = str(refusal).lower()
    return "already" in words or "known transaction" in words


def _where(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
