"""Custodians that are down, as many as may be, keep nobody from a record, and no opening from the log."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from app.core.errors import NotEnoughShares, ServiceUnreachable
from tests.chain_fixtures import HOUR, NOTE, make_key, place_on
from tests.faults.conftest import OwnChain


def unreachable(*_: object) -> NoReturn:
    """What a client meets where a custodian is down."""
    raise ServiceUnreachable("the connection was refused", name="a custodian")


def test_with_as_many_custodians_down_as_may_be_each_opening_is_logged_and_anchored_once(
    shared_chain: OwnChain, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_on(
        shared_chain.process, shared_chain.deployment, folder, keys=[make_key() for _ in range(3)]
    )
    place.hand_in_after = 0
    patient = place.enrol(patient=True)
    doctor = place.enrol(keeps_archive=True)
    place.credential(doctor)
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    for custodian in place.custodians:
        with monkeypatch.context() as down:
            down.setattr(custodian, "release_all", unreachable)
            assert doctor.open(file, held) == NOTE
    with monkeypatch.context() as down:
        for custodian in place.custodians[:2]:
            down.setattr(custodian, "release_all", unreachable)
        with pytest.raises(NotEnoughShares):
            doctor.open(file, held)
    place.time.ahead += HOUR
    place.settle()
    opened = [opening.digest for opening in patient.openings()]
    proofs = [place.node.proof(digest) for digest in opened]
    lost = proofs.count(None)
    print(f"accepted {len(opened)}, anchored {len(proofs) - lost}, lost {lost}")
    assert len(opened) == 4  # the one whose share was released in vain is on record as well
    assert lost == 0
    for proof in proofs:
        assert proof is not None
        assert place.anchors(proof.root) == 1
