"""Owns which calls are sent, and in which order: what takes back first, a person's one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from app.core.errors import ChainUnreachable, ChartkeyError, ContractRefused, ForeignSignature
from app.core.relaying import DONE, REFUSED, ROTATES, SENT, TAKES_BACK, Call
from app.core.signatures import Signed, parse_signed
from app.core.statements import Revocation
from app.services.failpoints import reach
from app.services.ports import Chain, Payer, Queue

TOGETHER = 50
"""Revocations in one transaction."""

Waiting = Sequence[tuple[Call, Signed[Any]]]
Send = Callable[[Sequence[int], Sequence[Signed[Any]], bool], None]
"""Puts calls (their numbers, and what was signed) into one transaction; whether it is urgent."""


def read(call: Call) -> Signed[Any]:
    """The statement of a call."""
    return parse_signed(json.loads(call.statement))[0]


class Calling:
    """A relayer's work with statements on which contracts act."""

    def __init__(
        self,
        chain: Chain,
        payer: Payer,
        queue: Queue,
        *,
        tell: Callable[[Iterable[Signed[Any]]], None],
        send: Send,
    ) -> None:
        self._chain, self._payer, self._queue = chain, payer, queue
        self._tell, self._send = tell, send

    def send(self, rank: int) -> Iterator[ChartkeyError]:
        """Send calls of one rank; what could not be done for single ones comes out."""
        calls = [call for call in self._queue.waiting_calls() if call.rank == rank]
        if rank == ROTATES:
            calls = self._free_to_rotate(calls)
        waiting = [(call, read(call)) for call in calls]
        if not waiting:
            return
        if rank == TAKES_BACK:
            self._tell([signed for _, signed in waiting])
            reach("call-heard")
        together = {call.id for call, signed in waiting if isinstance(signed.statement, Revocation)}
        yield from self._send_alone([one for one in waiting if one[0].id not in together], rank)
        yield from self._send_together([one for one in waiting if one[0].id in together])

    def _send_alone(self, waiting: Waiting, rank: int) -> Iterator[ChartkeyError]:
        busy = {call.person for call in self._queue.calls_under_way() if call.state == SENT}
        for call, signed in waiting:
            if call.person in busy:
                continue  # its number follows one that is in no block yet
            try:
                if not self._is_done(call, signed):
                    busy.add(call.person)
                    self._send([call.id], [signed], rank == TAKES_BACK)
            except ChainUnreachable:
                raise
            except ChartkeyError as fault:
                yield from self._judged(call, fault)

    def _send_together(self, waiting: Waiting) -> Iterator[ChartkeyError]:
        holding: list[tuple[Call, Signed[Any]]] = []
        for call, signed in waiting:
            try:
                if not self._is_done(call, signed):
                    self._chain.try_out(signed)
                    holding.append((call, signed))
            except ChainUnreachable:
                raise
            except ChartkeyError as fault:
                yield from self._judged(call, fault)
        for at in range(0, len(holding), TOGETHER):
            part = holding[at : at + TOGETHER]
            try:
                self._send([call.id for call, _ in part], [signed for _, signed in part], True)
            except ChainUnreachable:
                raise
            except ChartkeyError as fault:
                yield fault

    def _is_done(self, call: Call, signed: Signed[Any]) -> bool:
        """Whether somebody else has handed it in; then it is looked at again until that is final."""
        done = self._chain.is_done(signed.statement)
        if done:
            self._queue.close_calls([call.id], DONE, seen_in=self._payer.head().number)
        return done

    def _judged(self, call: Call, fault: ChartkeyError) -> Iterator[ChartkeyError]:
        """A refusal closes a call, unless another goes first; want of money leaves it queued."""
        if isinstance(fault, ContractRefused | ForeignSignature):
            if self._may_hold_later(call):
                return
            self._queue.close_calls([call.id], REFUSED)
        yield fault

    def _may_hold_later(self, refused: Call) -> bool:
        """Whether another call of the same person goes first, after which this one may hold."""
        return any(
            call.person == refused.person and (call.state == SENT or call.id < refused.id)
            for call in self._queue.calls_under_way()
            if call.id != refused.id
        )

    def _free_to_rotate(self, waiting: Sequence[Call]) -> list[Call]:
        """Those before which everything is anchored; what the old key signed may be among it.

        They go in a later second than that. Each looks at what came before itself, so that a stream
        of others does not hold it up.
        """
        free = list(
            takewhile(
                lambda call: not self._queue.is_waiting_from_before(call.accepted_at), waiting
            )
        )
        if free:
            self._chain.wait_for_next_second()
        return free

    def look_back(self, seen: Sequence[tuple[Call, int]], buried: int) -> None:
        """Send again what somebody else had done, where a reorganization took that away."""
        for call, block in seen:
            if not self._chain.is_done(read(call).statement):
                self._queue.send_again([call.id])
            elif block <= buried:
                self._queue.close_calls([call.id], DONE)
