"""Owns reading the chain for the index: ranges of blocks, their events decoded, checked to be one chain.

Answers can come from different endpoints, on different forks, or from one that has not indexed its
newest blocks. So nothing is believed because it came back: an event's block hash is that of the
block, newest blocks link to each other, and a block whose bloom filter says that a contract may
have logged is asked for by its hash where no event of it was told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from app.adapters.contracts import Contract
from app.adapters.decoding import ANCHORED, EventForms, may_have_logged
from app.adapters.deployment import Deployment
from app.adapters.rpc import Caller, RpcRefused
from app.core.encoding import checksum_address, from_hex, hex0x
from app.core.errors import ChainUnreachable, CodeDiffers, EndpointsDisagree, MalformedStatement
from app.core.indexing import KEPT_BLOCKS, Anchor, Block, Event, Span

FIRST_REACH, LONGEST_REACH = 2_000, 100_000
"""Blocks in one question."""
MANY_LOGS = 5_000
"""Events in one answer from which on the next range is shorter."""
AT_ONCE = 100
"""Calls in one batch."""

Log = Mapping[str, Any]


class FollowedChain:
    """The events of the four contracts, read range by range; raises ChainUnreachable.

    Raises EndpointsDisagree where answers do not fit together, as when the chain has just moved.
    """

    def __init__(self, rpc: Caller, deployment: Deployment) -> None:
        self._rpc = rpc
        self.first_block = deployment.first_block
        self._forms: dict[bytes, EventForms] = {}
        for name, deployed in deployment.contracts.items():
            contract = Contract(name=name, address=deployed.address, abi=deployed.abi)
            self._forms[from_hex(deployed.address, 20)] = EventForms(contract)
        self._addresses = [hex0x(address) for address in self._forms]
        self._reach = FIRST_REACH

    def head(self) -> Block:
        """The newest block."""
        with _refusals_told():
            return _block(self._rpc.call("eth_getBlockByNumber", "latest", False))

    def blocks_at(self, numbers: Iterable[int]) -> list[Block | None]:
        """The blocks of those numbers; None where the chain is not that long."""
        return [_block(found) if found else None for found in self._raw_blocks(numbers)]

    def read(self, first: int, head: Block) -> Span:
        """What the chain says from `first` on: as many blocks as the endpoint gives at once."""
        while True:
            last = min(first + self._reach - 1, head.number)
            before = head.hash if last == head.number else self._hash_at(last)
            try:
                logs = self._logs(first, last)
            except RpcRefused:  # each kind of endpoint has its own limits, and words for them
                if last == first:
                    logs = self._logs_of_receipts(first)
                else:
                    self._reach = max((last - first + 1) // 2, 1)
                    continue
            except ChainUnreachable:
                self._reach = max((last - first + 1) // 2, 1)  # it may have been too much at once
                raise
            return self._span(first, last, head.number, before, logs)

    def _span(self, first: int, last: int, head: int, before: bytes, logs: Sequence[Log]) -> Span:
        newest = range(max(first, min(last, head - KEPT_BLOCKS + 1)), last + 1)
        by_number: dict[int, list[Log]] = {}
        for log in logs:
            by_number.setdefault(_number(log["blockNumber"]), []).append(log)
        numbers = sorted({*by_number, *newest})
        if numbers[0] < first or numbers[-1] > last:
            raise EndpointsDisagree()
        raw = dict(zip(numbers, self._raw_blocks(numbers), strict=True))
        if not all(raw.values()):
            raise EndpointsDisagree()  # one endpoint has blocks that another has not
        blocks = {number: _block(found) for number, found in raw.items()}
        if blocks[last].hash != before or not _are_linked([blocks[n] for n in newest]):
            raise EndpointsDisagree()
        self._require_complete([raw[number] for number in newest if number not in by_number])
        self._grow(first, last, len(logs))
        anchors, events = self._decoded(by_number, blocks)
        kept = [blocks[number] for number in newest]
        return Span(first=first, last=last, blocks=kept, anchors=anchors, events=events)

    def _grow(self, first: int, last: int, count: int) -> None:
        if count > MANY_LOGS:
            self._reach = max((last - first + 1) // 2, 1)
        elif last - first + 1 == self._reach:
            self._reach = min(2 * self._reach, LONGEST_REACH)

    # asking

    def _hash_at(self, number: int) -> bytes:
        [block] = self.blocks_at([number])
        if block is None:
            raise EndpointsDisagree()
        return block.hash

    def _raw_blocks(self, numbers: Iterable[int]) -> list[Any]:
        wanted = [(hex(number), False) for number in numbers]
        found: list[Any] = []
        for at in range(0, len(wanted), AT_ONCE):
            with _refusals_told():
                found += self._rpc.batch("eth_getBlockByNumber", wanted[at : at + AT_ONCE])
        return found

    def _logs(self, first: int, last: int) -> Sequence[Log]:
        wanted = {"address": self._addresses, "fromBlock": hex(first), "toBlock": hex(last)}
        return _logs_in(self._rpc.call("eth_getLogs", wanted))

    def _logs_of_receipts(self, number: int) -> Sequence[Log]:
        """The events of a block with more of them than the endpoint gives at once."""
        [block] = self._raw_blocks([number])
        if not block:
            raise EndpointsDisagree()
        wanted = [(transaction,) for transaction in block["transactions"]]
        logs: list[Log] = []
        for at in range(0, len(wanted), AT_ONCE):
            with _refusals_told():
                found = self._rpc.batch("eth_getTransactionReceipt", wanted[at : at + AT_ONCE])
            if not all(found):
                raise EndpointsDisagree()
            logs += (log for receipt in found for log in _logs_in(receipt.get("logs")))
        return [log for log in logs if from_hex(log["address"]) in self._forms]

    def _require_complete(self, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Ask by hash for blocks of which no event was told although there may be some."""
        doubtful = [
            [{"address": self._addresses, "blockHash": block["hash"]}]
            for block in blocks
            if any(may_have_logged(from_hex(block["logsBloom"]), one) for one in self._forms)
        ]
        for at in range(0, len(doubtful), AT_ONCE):
            part = [("eth_getLogs", question) for question in doubtful[at : at + AT_ONCE]]
            with _refusals_told():
                answers = self._rpc.batch_answers(part)
            if any(isinstance(answer, RpcRefused) or _logs_in(answer) for answer in answers):
                raise EndpointsDisagree()

    # decoding

    def _decoded(
        self, by_number: Mapping[int, Sequence[Log]], blocks: Mapping[int, Block]
    ) -> tuple[list[Anchor], list[Event]]:
        anchors: list[Anchor] = []
        events: list[Event] = []
        for number, logs in sorted(by_number.items()):
            for log in logs:
                try:
                    found = self._decode(log, blocks[number])
                except (KeyError, TypeError, IndexError, MalformedStatement) as cause:
                    raise ChainUnreachable("it shows an event that cannot be read") from cause
                if isinstance(found, Anchor):
                    anchors.append(found)
                else:
                    events.append(found)
        return anchors, events

    def _decode(self, log: Log, block: Block) -> Anchor | Event:
        if from_hex(log["blockHash"], 32) != block.hash:
            raise EndpointsDisagree()
        forms = self._forms[from_hex(log["address"], 20)]
        place = _number(log["logIndex"])
        topics = [from_hex(topic, 32) for topic in log["topics"]]
        content = from_hex(log["data"])
        if topics[0] == ANCHORED:
            return Anchor(
                block=block.number,
                place=place,
                judge=forms.contract.name,
                root=topics[1],
                manifest=content[:32],
                sender=checksum_address(content[44:64]),
                transaction=from_hex(log["transactionHash"], 32),
                time=block.time,
            )
        if topics[0] not in forms:
            raise CodeDiffers(address=forms.contract.address)
        name, subject, arguments = forms.decode(topics, content)
        return Event(
            block=block.number,
            place=place,
            contract=forms.contract.name,
            name=name,
            subject=subject,
            arguments=arguments,
            time=block.time,
        )


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Nothing asked within can be refused but for the endpoint's own reasons."""
    try:
        yield
    except RpcRefused as refusal:
        raise ChainUnreachable("it refuses to show blocks or events") from refusal


def _number(text: Any) -> int:
    try:
        return int(text, 16)
    except (TypeError, ValueError) as cause:
        raise ChainUnreachable("it shows a number that cannot be read") from cause


def _block(found: Any) -> Block:
    try:
        return Block(
            number=_number(found["number"]),
            hash=from_hex(found["hash"], 32),
            parent=from_hex(found["parentHash"], 32),
            time=_number(found["timestamp"]),
        )
    except (KeyError, TypeError, MalformedStatement) as cause:
        raise ChainUnreachable("it shows a block that cannot be read") from cause


def _logs_in(answer: Any) -> Sequence[Log]:
    if not isinstance(answer, list) or not all(isinstance(log, dict) for log in answer):
        raise ChainUnreachable("it shows no list of events")
    return answer


def _are_linked(blocks: Sequence[Block]) -> bool:
    """Whether each block is the parent of the next one."""
    return all(
        child.parent == block.hash and child.number == block.number + 1
        for block, child in pairwise(blocks)
    )
