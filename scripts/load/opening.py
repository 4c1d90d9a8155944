"""Owns the client that opens records through custodians over HTTP, each opening checked to the end.

`python -m scripts.load.opening` reads its task from standard input (scripts/load/clients.py). What a
person's device asks of a node is read from the node's own database and store; custodians are other
processes. An opening is everything that `Person.open` does: it signs the access with a session's
key, asks the custodians, leaves word with the patient durably, decrypts the body and checks its hash.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from threading import Lock
from typing import Any

from app.adapters.custodian_client import HttpCustodian
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.compose import parts_of
from app.config import Settings
from scripts.load.clients import Task, serve_one
from scripts.load.people import Secrets

ORIGIN = "https://clinic.example"
PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """One thing to do: a viewer opens a record under a grant."""

    viewer: Person
    record: RecordFile
    grant: GrantFile

    def seconds(self, begin: float) -> float:
        """Open it; the seconds since `begin` (of the monotonic clock)."""
        body = self.viewer.open(self.record, self.grant)
        if len(body) != self.record.size:
            raise AssertionError("the body came back with another length")
        return time.perf_counter() - begin


def openings_of(viewer: Person) -> list[Opening]:
    """Everything that the viewer's letters let them open."""
    viewer.start_session(ORIGIN)
    return [
        Opening(viewer=viewer, record=record, grant=grant)
        for grant in viewer.grants_held()
        for record in viewer.shared_records(grant)
    ]


def prepare(task: Task) -> Callable[[], dict[str, Any]]:
    """Open `count` times: at `rate` a second, or where that is 0 as fast as `in_flight` can."""
    node = parts_of(Settings.from_environment(os.environ)).node()
    node.custodians = [HttpCustodian(url, PATIENCE) for url in task["custodians"]]
    viewers = [Secrets.read(one).person(node) for one in task["viewers"]]
    held = [openings_of(viewer) for viewer in viewers]
    chosen = list(islice(cycle(_in_turn(held)), task["count"]))

    def begin() -> dict[str, Any]:
        with ThreadPoolExecutor(task["in_flight"]) as pool:
            began = time.time()
            if task["rate"]:
                seconds = _at_rate(pool, chosen, task["rate"])
            else:
                seconds = _at_most(pool, chosen, task["in_flight"])
            return {"began": began, "ended": time.time(), "seconds": seconds}

    return begin


def _in_turn(held: Sequence[Sequence[Opening]]) -> list[Opening]:
    """First one of each viewer, then another of each: neighbours are different people's."""
    longest = max(len(some) for some in held)
    return [some[place] for place in range(longest) for some in held if place < len(some)]


def _at_most(pool: ThreadPoolExecutor, chosen: Iterable[Opening], hands: int) -> list[float]:
    """Each hand takes the next one when it is done with the last."""
    waiting, lock = iter(chosen), Lock()

    def work(_: int) -> list[float]:
        seconds: list[float] = []
        while True:
            with lock:
                opening = next(waiting, None)
            if opening is None:
                return seconds
            seconds.append(opening.seconds(time.perf_counter()))

    return [one for some in pool.map(work, range(hands)) for one in some]


def _at_rate(pool: ThreadPoolExecutor, chosen: Sequence[Opening], rate: float) -> list[float]:
    """One is due every 1/rate seconds, whatever became of those before; counted from then on."""
    begin = time.perf_counter()
    started = []
    for number, opening in enumerate(chosen):
        due = begin + number / rate
        time.sleep(max(due - time.perf_counter(), 0))
        started.append(pool.submit(opening.seconds, due))
    return [one.result() for one in started]


if __name__ == "__main__":
    serve_one(prepare)
