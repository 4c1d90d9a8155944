"""Services in processes of their own do their work, and end in good order when they are told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from app.adapters.wallets import new_wallet, write_key
from app.client.person import Person
from app.core.encoding import ZERO32, from_hex, hex0x
from app.core.merkle import is_proven
from app.core.signatures import Proof, Signed, signed_json
from app.core.statements import AUDIT, Grant
from tests.chain_fixtures import HOUR, Place
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


def sign_grant(patient: Person) -> Signed[Grant]:
    """To let a new address view a category for an hour."""
    now = int(time.time())
    grant = Grant(
        patient=patient.address,
        viewer=new_wallet().address,
        category="laboratory",
        record=ZERO32,
        purpose="TREAT",
        rights=1,
        not_before=now,
        expires_at=now + HOUR,
        nonce=int.from_bytes(os.urandom(20)),
        salt=os.urandom(32),
    )
    return patient.sign(grant)


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


def test_the_web_service_takes_statements_that_a_relayer_anchors(
    place: Place, settings: dict[str, str], patient: Person
) -> None:
    grant = sign_grant(patient)
    digest = hex0x(place.chain.domains.digest(grant.statement))
    with service(place.folder, "web", settings=settings, port=0) as web:
        web.wait_until_ready()
        file = signed_json(grant, place.chain.domains)
        taken = requests.post(f"{web.url}/api/statements", json={"statement": file}, timeout=20)
        assert (taken.status_code, taken.json()) == (200, {"state": "accepted", "digest": digest})
        with service(place.folder, "relay", settings=settings) as relay:
            state = f"{web.url}/api/statements/{digest}"
            told = until(
                lambda: (told := requests.get(state, timeout=5).json())["block"] and told,
                "the anchor",
            )
            assert relay.stop() == 0
        assert told["state"] == "anchored"
        proof = requests.get(f"{web.url}/api/proofs/{digest[2:]}", timeout=5).json()
        assert proof == {"root": told["root"], "path": told["path"]}
        assert web.stop() == 0
    shown = Proof(root=from_hex(proof["root"]), path=tuple(map(from_hex, proof["path"])))
    assert is_proven(from_hex(digest), shown)
