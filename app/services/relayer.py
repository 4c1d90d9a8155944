"""Owns the way from the outbox to the chain: batches, manifests, transactions, and their fate.

A tick does what is due and returns; any number of relayers may tick on one database, and any of them
may die at any line. What is bound is bound in the database before it leaves: a batch before its
manifest is published, a signed transaction before it is sent. So every relayer sends the same bytes,
and a chain takes each nonce once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from threading import Lock
from typing import Any

from app.core.errors import (
    BalanceTooLow,
    ChartkeyError,
    FeeCapReached,
    TransactionFailed,
)
from app.core.merkle import manifest_id
from app.core.ports import BodyKeeper
from app.core.relaying import (
    ACCEPTED,
    CHANGES,
    ROTATES,
    TAKES_BACK,
    Attempt,
    Cargo,
    Mined,
    Transaction,
)
from app.core.signatures import Signed
from app.core.statements import BOOKS, RECORDS
from app.services.batching import Batching, is_turn
from app.services.calling import Calling, read
from app.services.failpoints import reach
from app.services.ports import Chain, Payer, Queue

PATIENCE = 120.0
"""Seconds that `settle` waits for a block."""
AGAIN = 5.0
"""Seconds after which a transaction that is in no block is handed to the endpoint again."""
LOOK_EVERY = 5.0
"""Seconds between looks at the chain while nothing waits."""
GONE = 3
"""Looks at a transaction whose nonce is used without it, before it is given a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """When a relayer does what: seconds, digests, blocks and wei."""

    batch_seconds: int = 10
    batch_size: int = 1024
    journal_seconds: int = 60
    resend_seconds: int = 45
    final_depth: int = 64
    lost_seconds: int = 15
    balance_floor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One transaction that came to the chain: what it was, and how many statements it carried."""

    what: str
    count: int
    receipt: Mined


@dataclass(kw_only=True)
class Relayer:
    """Brings what a node accepted to the chain."""

    chain: Chain
    payer: Payer
    queue: Queue
    bodies: BodyKeeper
    batching: Batching
    plan: Plan = field(default_factory=Plan)
    tell: Callable[[Iterable[Signed[Any]]], None] = field(default=lambda _: None)
    """Has custodians hear of revocations before they are sent."""
    clock: Callable[[], int] = field(default=lambda: int(time.time()))
    seen: Callable[[Settled], None] = field(default=lambda _: None)
    """Hears of each transaction that came to the chain."""

    def __post_init__(self) -> None:
        self._turn = Lock()
        self._calling = Calling(
            self.chain, self.payer, self.queue, tell=self.tell, send=self._send_calls
        )
        self._head = b""
        self._handed_in: dict[bytes, float] = {}
        self._gone: dict[int, tuple[int, float]] = {}
        self._looked = -LOOK_EVERY

    def is_due(self) -> bool:
        """Whether something waits; where nothing does, whether it is time to look at the chain."""
        return time.monotonic() - self._looked >= LOOK_EVERY or self.queue.has_work()

    def tick(self, *, at_once: bool = False) -> list[ChartkeyError]:
        """Do everything that is due, or with `at_once` everything that waits.

        Answers what could not be done for single statements, such as a contract's refusal. Raises
        ChainError, StoreError where nothing can go on; all of it is kept for the next tick.
        Threads that share a relayer take turns.
        """
        with self._turn:
            return self._tick(at_once=at_once)

    def _tick(self, *, at_once: bool) -> list[ChartkeyError]:
        self._look()
        self._require_balance(1)
        failures = list(self._calling.send(TAKES_BACK))
        self._push()
        self._require_balance(self.plan.balance_floor)
        failures += self._calling.send(CHANGES)
        self._form(at_once=at_once)
        self._publish()
        self._send_batches()
        failures += self._calling.send(ROTATES)
        self._push()
        return failures

    @contextmanager
    def held(self) -> Iterator[None]:
        """Send nothing while this lasts; what is accepted meanwhile waits."""
        with self._turn:
            yield

    def settle(self, patience: float = PATIENCE) -> None:
        """Bring all that was accepted into blocks; one call's failure holds nothing else up.

        Raises the first such failure at the end, ChainError and StoreError at once.
        """
        failures: list[ChartkeyError] = []
        until, pause = time.monotonic() + patience, 0.002
        while not failures or not self._is_stuck():
            with self._turn:
                failures += self._tick(at_once=True)
                self._look()
            if self.is_idle():
                break
            if time.monotonic() > until:
                raise TransactionFailed("it was not in a block after two minutes")
            time.sleep(pause)
            pause = min(2 * pause, 1.0)
        if failures:
            raise failures[0]

    def is_idle(self) -> bool:
        """Whether nothing waits to be sent, or to be seen in a block."""
        return not self.queue.calls_under_way() and self._anchors_are_in_blocks()

    def _is_stuck(self) -> bool:
        """Whether all that is left are calls which cannot be sent now, as for want of money."""
        waiting = all(call.state == ACCEPTED for call in self.queue.calls_under_way())
        return waiting and self._anchors_are_in_blocks()

    def _anchors_are_in_blocks(self) -> bool:
        return (
            not any(self.queue.waiting(judge, 1)[0] for judge in BOOKS)
            and not self.queue.unpublished_batches()
            and not self.queue.unsent_batches()
            and not self.queue.under_way(self.payer.address)
        )

    def _require_balance(self, floor: int) -> None:
        if floor and self.payer.balance() < floor:
            raise BalanceTooLow()

    # looking at the chain

    def _look(self) -> None:
        """See what became of transactions, and whether the blocks that held some still stand."""
        self._looked = time.monotonic()
        self._look_back()
        under_way = self.queue.under_way(self.payer.address)
        missing = []
        for transaction in under_way:
            found = self.payer.mined([attempt.hash for attempt in transaction.attempts])
            mined = next((one for one in found if one), None)
            if mined:
                self._close(transaction, mined)
            else:
                missing.append(transaction)
        if missing:
            self._give_up_lost(missing)

    def _look_back(self) -> None:
        """Open again what stood in a block that a reorganization took away."""
        standing, seen = self.queue.standing(), self.queue.calls_seen()
        if not standing and not seen:
            return
        head = self.payer.head()
        if head.hash == self._head:
            return
        numbers = sorted({block for _, block, _ in standing})
        now = dict(zip(numbers, self.payer.hashes_at(numbers), strict=True))
        for id_, block, hash_ in standing:
            if now[block] != hash_:
                self.queue.note_reopened(id_)
                self._handed_in.clear()
        buried = head.number - self.plan.final_depth
        self.queue.note_final(buried)
        self._calling.look_back(seen, buried)
        self._head = head.hash

    def _close(self, transaction: Transaction, mined: Mined) -> None:
        """Success is an event that carries the batch's own manifest, or what the contracts show."""
        id_, cargo = transaction.id, transaction.cargo
        if cargo.batch is not None:
            reach("batch-seen")
            batch = self.queue.batch(cargo.batch)
            wanted = (batch.judge, batch.root, manifest_id(batch.manifest))
            if not mined.succeeded or wanted not in mined.anchored:
                self.queue.note_failed(id_, mined.block, mined.block_hash)
                return
            self.queue.note_mined(id_, mined.block, mined.block_hash)
            reach("batch-closed")
            self.seen(Settled(what=batch.judge, count=batch.size, receipt=mined))
            return
        carried = [(call, read(call)) for call in self.queue.calls_of(id_)]
        if not mined.succeeded:
            self.queue.note_failed(id_, mined.block, mined.block_hash)
            return
        undone = [call.id for call, signed in carried if not self.chain.is_done(signed.statement)]
        self.queue.note_mined(id_, mined.block, mined.block_hash)
        self.queue.send_again(undone)
        reach("call-closed")
        if len(carried) > len(undone):
            what = type(carried[0][1].statement).__name__
            self.seen(Settled(what=what, count=len(carried) - len(undone), receipt=mined))

    def _give_up_lost(self, missing: Sequence[Transaction]) -> None:
        """Free the cargo of a nonce that somebody else's transaction used.

        An endpoint may count a nonce as used well before it shows the receipt, where several
        machines answer under one name; so one look is not enough, nor many at one moment.
        """
        used, now = self.payer.used_nonces(), time.monotonic()
        for transaction in missing:
            if transaction.nonce >= used:
                self._gone.pop(transaction.id, None)
                continue
            looks, since = self._gone.get(transaction.id, (0, now))
            self._gone[transaction.id] = looks + 1, since
            if looks >= GONE and now - since >= self.plan.lost_seconds:
                self.queue.note_lost(transaction.id)

    # batches

    def _form(self, *, at_once: bool) -> None:
        now = self.clock()
        for judge in BOOKS:
            while self._is_due(judge, now, at_once=at_once):
                self.queue.form_batch(judge, self.plan.batch_size, self.batching.make)
                reach("batch-formed")
        written = self.queue.oldest_written()
        if written and is_turn(now, written, self.plan.journal_seconds):
            self.queue.form_batch(RECORDS, self.plan.batch_size, self.batching.make)

    def _is_due(self, judge: str, now: int, *, at_once: bool) -> bool:
        count, oldest = self.queue.waiting(judge, self.plan.batch_size)
        late = is_turn(now, oldest, self.plan.batch_seconds)
        return count >= self.plan.batch_size or (count > 0 and (at_once or late))

    def _publish(self) -> None:
        """Everything that a batch's manifest names is in the store before anything is anchored.

        In the order of their hashes: that in which they came would tell what came together.
        """
        for batch in self.queue.unpublished_batches():
            contents = [*self.queue.contents_of(batch.id), batch.manifest]
            self.bodies.put_many(sorted(contents, key=lambda content: sha256(content).digest()))
            reach("manifest-published")
            self.queue.mark_published(batch.id)
            reach("batch-published")

    def _send_batches(self) -> None:
        for batch in self.queue.unsent_batches():
            manifest = manifest_id(batch.manifest)
            cargo = self.payer.anchor_cargo(batch.id, batch.judge, batch.root, manifest)
            self._allocate(cargo)
            reach("batch-allocated")

    def _send_calls(self, ids: Sequence[int], many: Sequence[Signed[Any]], urgent: bool) -> None:
        self._allocate(self.payer.calls_cargo(ids, many, urgent=urgent))
        reach("call-allocated")

    def _allocate(self, cargo: Cargo) -> None:
        fees, least, now = self.payer.fees(), self.payer.next_nonce(), self.clock()
        self.queue.allocate(
            self.payer.address, least, cargo, lambda nonce: self.payer.sign(nonce, cargo, fees, now)
        )

    # sending

    def _push(self) -> None:
        """Hand what is in no block to the chain: once, again after a while, and then dearer."""
        under_way = self.queue.under_way(self.payer.address)
        patience = self.plan.resend_seconds
        if any(transaction.cargo.urgent for transaction in under_way):
            patience //= 3  # what takes back does not wait behind a cheap one
        refused: TransactionFailed | None = None
        for transaction in under_way:
            newest = transaction.attempts[-1]
            if self.clock() - newest.sent_at >= patience:
                newest = self._replaced(transaction)
            last = self._handed_in.get(newest.hash)
            if last is not None and time.monotonic() - last < AGAIN:
                continue
            try:
                self.payer.send(newest)
            except TransactionFailed as fault:
                refused = refused or fault  # those after it may be taken all the same
                continue
            self._handed_in[newest.hash] = time.monotonic()
            reach("batch-sent" if transaction.cargo.batch is not None else "call-sent")
            if len(transaction.attempts) > 1:
                reach("replacement-sent")
        if refused:
            raise refused

    def _replaced(self, transaction: Transaction) -> Attempt:
        """The transaction with a higher fee, where the cap allows one; kept before it is sent."""
        newest = transaction.attempts[-1]
        try:
            fees = self.payer.outbid(newest)
        except FeeCapReached:
            return newest
        attempt = self.payer.sign(transaction.nonce, transaction.cargo, fees, self.clock())
        if not self.queue.replace_attempt(transaction, attempt):
            return newest
        reach("replacement-kept")
        return attempt
