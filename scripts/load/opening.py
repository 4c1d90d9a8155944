"""Owns the client that opens records through custodians over HTTP, each opening checked to the end.

`python -m scripts.load.opening` reads its task from standard input (scripts/load/clients.py). What a
person's device asks of a node is read from the node's own database and store; custodians are other
processes. An opening is everything that `Person.open_each` does for one record: it signs an access with
a session's key, asks the custodians, leaves word with the patient durably, decrypts the body and checks
its hash.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Lock
from typing import Any

from app.adapters.custodian_client import HttpCustodian
from app.client.asking import Wanted
from app.client.person import Person
from app.compose import parts_of
from app.config import Settings
from app.core.outcomes import result_of
from scripts.load.clients import Task, serve_one
from scripts.load.people import Secrets

ORIGIN = "https://clinic.example"
PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One thing to do: a viewer opens some records, each of them with an access of its own."""

    viewer: Person
    wanted: Sequence[Wanted]

    def seconds(self, begin: float) -> float:
        """Open them; the seconds since `begin` (of the monotonic clock)."""
        for opened in self.viewer.open_each(self.wanted):
            for record, pieces in result_of(opened):
                if sum(map(len, pieces)) != record.size:
                    raise AssertionError("the body came back with another length")
        return time.perf_counter() - begin


def all_that_opens_to(viewer: Person) -> list[Wanted]:
    """Everything that the viewer's letters let them open, one record each."""
    viewer.start_session(ORIGIN)
    return [
        Wanted(files=[record], grant=grant)
        for grant in viewer.grants_held()
        for record in viewer.shared_records(grant)
    ]


def prepare(task: Task) -> Callable[[], dict[str, Any]]:
    """Open `count` records, `together` in each visit; as fast as `in_flight` hands can.

    Where `rate` is not 0, so many visits are due in a second.
    """
    node = parts_of(Settings.from_environment(os.environ)).node()
    node.custodians = [HttpCustodian(url, PATIENCE) for url in task["custodians"]]
    visits = _visits([Secrets.read(one).person(node) for one in task["viewers"]], task["together"])
    chosen = list(islice(visits, -(-task["count"] // task["together"])))

    def begin() -> dict[str, Any]:
        with ThreadPoolExecutor(task["in_flight"]) as pool:
            began = time.time()
            if task["rate"]:
                seconds = _at_rate(pool, chosen, task["rate"])
            else:
                seconds = _at_most(pool, chosen, task["in_flight"])
            opened = sum(len(visit.wanted) for visit in chosen)
            return {"began": began, "ended": time.time(), "seconds": seconds, "opened": opened}

    return begin


def _visits(viewers: Sequence[Person], together: int) -> Iterator[Visit]:
    """One of each viewer in turn, over and over: neighbours are different people's."""
    held = [cycle(all_that_opens_to(viewer)) for viewer in viewers]
    while True:
        for viewer, wanted in zip(viewers, held, strict=True):
            yield Visit(viewer=viewer, wanted=list(islice(wanted, together)))


def _at_most(pool: ThreadPoolExecutor, chosen: Iterable[Visit], hands: int) -> list[float]:
    """Each hand takes the next one when it is done with the last."""
    waiting, lock = iter(chosen), Lock()

    def work(_: int) -> list[float]:
        seconds: list[float] = []
        while True:
            with lock:
                visit = next(waiting, None)
            if visit is None:
                return seconds
            seconds.append(visit.seconds(time.perf_counter()))

    return [one for some in pool.map(work, range(hands)) for one in some]


def _at_rate(pool: ThreadPoolExecutor, chosen: Sequence[Visit], rate: float) -> list[float]:
    """One is due every 1/rate seconds, whatever became of those before; counted from then on."""
    begin = time.perf_counter()
    started = []
    for number, visit in enumerate(chosen):
        due = begin + number / rate
        time.sleep(max(due - time.perf_counter(), 0))
        started.append(pool.submit(visit.seconds, due))
    return [one.result() for one in started]


if __name__ == "__main__":
    serve_one(prepare)
