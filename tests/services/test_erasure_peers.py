"""Erasure on other nodes: each on the patient's word alone, and each signs for itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.adapters.peer import HttpPeer
from app.client.letters import RecordFile
from app.client.person import Person
from app.core.erasure import (
    node_address,
    sign_receipt,
)
from app.core.errors import (
    ServiceRefused,
    ServiceUnreachable,
)
from tests.chain_fixtures import Place
from tests.peering import (
    bodies_of,
    desk_of,
    web_of,
)
from tests.services.erasing import file, hand_over, other_node, other_url, retraction_of
from tests.serving import served

__all__ = ["file", "other_node", "other_url"]

# --- other nodes ---


def test_a_peer_erases_on_the_patients_word_and_signs_for_itself(
    place: Place, other_node: Place, other_url: str, patient: Person, file: RecordFile
) -> None:
    hand_over(file, place, other_node)
    place.node.peers = [HttpPeer(other_url, place.chain.domains)]
    erased = patient.erase(file)
    (answer,) = erased.peers
    assert answer.receipt is not None
    assert answer.receipt.receipt.node == node_address(other_node.node.secret)
    assert answer.receipt.receipt.node != erased.own.receipt.node
    assert file.address in answer.receipt.receipt.deleted
    assert not bodies_of(other_node).holds(file.address)
    assert other_node.node.sheets(file.digest) == []


def test_a_peer_erases_on_nobody_elses_word(
    place: Place, other_node: Place, other_url: str, patient: Person, stranger: Person,
    file: RecordFile,
) -> None:  # fmt: skip
    hand_over(file, place, other_node)
    peer = HttpPeer(other_url, place.chain.domains)
    own = stranger.sign(retraction_of(stranger, file))
    forged = stranger.sign(retraction_of(patient, file))
    for word in (own, forged):
        with pytest.raises(ServiceRefused):
            peer.erase(file.signed, word)
    assert bodies_of(other_node).holds(file.address)


def test_a_node_that_refuses_or_is_silent_is_named(
    place: Place, other_node: Place, other_url: str, patient: Person, file: RecordFile
) -> None:
    other_node.close_down()
    place.node.peers = [
        HttpPeer(other_url, place.chain.domains),
        HttpPeer("http://127.0.0.1:9", place.chain.domains),
    ]
    first, second = patient.erase(file).peers
    assert first.name == other_url.removeprefix("http://")
    assert isinstance(first.refusal, ServiceRefused)
    assert second.name == "127.0.0.1:9"
    assert isinstance(second.refusal, ServiceUnreachable)
    assert not bodies_of(place).holds(file.address)


def test_a_receipt_of_another_node_or_record_is_not_taken_for_the_peers(
    place: Place, other_node: Place, patient: Person, file: RecordFile
) -> None:
    desk = desk_of(other_node)

    def signed_elsewhere(*_: object) -> object:
        return sign_receipt(
            replace(erased, node=node_address(place.node.secret)), place.node.secret
        )

    def for_another_record(*_: object) -> object:
        return sign_receipt(
            replace(erased, record=b"o" * 32, node=node_address(other_node.node.secret)),
            other_node.node.secret,
        )

    retraction = patient.sign(retraction_of(patient, file))
    erased = patient.erase(file).own.receipt
    for lie in (signed_elsewhere, for_another_record):
        lying = web_of(replace(desk, erase=lie))  # type: ignore[arg-type]
        with served(lying) as url, pytest.raises(ServiceRefused):
            HttpPeer(url, place.chain.domains).erase(file.signed, retraction)
