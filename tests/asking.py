"""Makes requests to custodians as people's devices make them, and keeps them for tests to bend."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.opening import OpeningRequest, Release
from app.core.outcomes import result_of
from app.core.ports import Custodian
from tests.chain_fixtures import Place


class Asking:
    """Stands before a custodian and keeps the requests that come by."""

    def __init__(self, custodian: Any) -> None:
        self.custodian = custodian
        self.requests: list[OpeningRequest] = []
        self.done = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.custodian, name)

    def release_all(self, requests: Sequence[OpeningRequest]) -> Any:
        self.requests += requests
        try:
            return self.custodian.release_all(requests)
        finally:
            self.done = True


def release(custodian: Custodian, request: OpeningRequest) -> Release:
    """What one opening is answered; raises what it is refused with."""
    [outcome] = custodian.release_all([request])
    return result_of(outcome)


def request_to_first(
    place: Place, viewer: Person, file: RecordFile, grant: GrantFile | None
) -> OpeningRequest:
    """What the viewer sends to the first custodian, just now."""
    asking = Asking(place.custodians[0])
    custodians, place.node.custodians = place.node.custodians, [asking, *place.custodians[1:]]
    try:
        viewer.open(file, grant)
        wait_until(lambda: asking.done)
    finally:
        place.node.custodians = custodians
    return asking.requests[0]


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what comes about by itself: custodians go on after enough have answered."""
    deadline = time.monotonic() + 300
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
