"""Services in processes of their own do their work, and end in good order when they are told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.adapters.wallets import write_key
from app.core.statements import AUDIT
from tests.chain_fixtures import Place
from tests.service_processes import service, until


@pytest.fixture
def settings(place: Place, deployment_file: Path) -> dict[str, str]:
    """What a node's services are told, on the place's database and folder."""
    write_key(place.folder / "relayer.key", bytes(place.chain_process.accounts[3].key))
    return {
        "CHARTKEY_RPC": place.chain_process.url,
        "CHARTKEY_DEPLOYMENT": str(deployment_file),
        "CHARTKEY_BATCH_SECONDS": "0",
    }


def anchored(place: Place, digest: bytes) -> Callable[[], bool]:
    """Whether a digest is in a block, as the database says."""
    return lambda: place.node.proof(digest) is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relayer_anchors_what_was_accepted_and_stops_in_good_order(
    place: Place, settings: dict[str, str], number: int
) -> None:
    digest, later = os.urandom(32), os.urandom(32)
    place.node.accept_digest(digest, AUDIT, b"an envelope")
    with service(place.folder, "relay", settings=settings) as relay:
        until(anchored(place, digest), "the anchor")
        assert relay.stop(number) == 0
        place.node.accept_digest(later, AUDIT)
    assert place.node.proof(later) is None
    assert relay.lines()[-1]["event"] == "has stopped"
