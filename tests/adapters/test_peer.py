"""Other nodes over HTTP: what comes back is checked, and whatever is wrong with it is theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask, Response, jsonify

from app.adapters.peer import HttpPeer
from app.client.letters import RecordFile
from app.core.cid import cid_of
from app.core.errors import (
    ChartkeyError,
    NotStored,
    ServiceRefused,
    ServiceUnreachable,
    StoreAltered,
)
from app.core.statements import Domains
from tests.chain_fixtures import DEAD_URL, Place
from tests.peering import bodies_of, database_of, desk_of, file, web_of
from tests.roles import patient, place
from tests.serving import served

__all__ = ["file", "patient", "place"]

ADDRESS = cid_of(b"right")
ANCHOR: dict[str, Any] = {
    "block": 1, "place": 0, "judge": "RecordRegistry", "root": "0x" + "11" * 32,
    "manifest": "0x" + "22" * 32, "sender": "0x" + "33" * 20, "transaction": "0x" + "44" * 32,
    "time": 1,
}  # fmt: skip


@pytest.fixture
def peer(place: Place, file: RecordFile) -> Iterator[HttpPeer]:
    """The place, as another node sees it."""
    with served(web_of(desk_of(place))) as url:
        yield HttpPeer(url, place.chain.domains)


@contextmanager
def answering(answer: Callable[[str], Any], domains: Domains) -> Iterator[HttpPeer]:
    """A peer that answers everything as a test tells it."""
    app = Flask(__name__)
    app.add_url_rule("/<path:path>", view_func=answer, methods=["GET", "POST"])
    with served(app) as url:
        yield HttpPeer(url, domains)


def page(*anchors: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"chartkey": "anchors/1", "anchors": list(anchors), "next": following}


def test_what_an_honest_node_serves_comes_back_as_it_is(
    place: Place, peer: HttpPeer, file: RecordFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.peering.PAGE", 2)
    anchors = list(peer.anchors())
    assert len(anchors) == database_of(place).counts()["anchors"]
    dated = database_of(place).anchors_of(file.digest)[0]
    assert (dated.root, dated.manifest) in [(one.root, one.manifest) for one in anchors]
    assert peer.head().head == database_of(place).followed()[0]
    assert b"".join(peer.read(file.address)) == bodies_of(place).fetch(file.address)
    assert peer.manifest(dated.manifest).startswith(b"CKM")
    assert peer.held([file.address, ADDRESS]) == {file.address}


def test_more_addresses_than_fit_one_question_are_asked_in_several(
    place: Place, peer: HttpPeer, file: RecordFile
) -> None:
    many = [cid_of(b"%d" % number) for number in range(450)]
    assert peer.held([*many, file.address]) == {file.address}


def test_what_it_does_not_hold_is_not_stored(peer: HttpPeer) -> None:
    with pytest.raises(NotStored):
        b"".join(peer.read(ADDRESS))


def test_a_body_of_many_blocks_is_hashed_before_the_first_byte_is_handed_on(
    place: Place, file: RecordFile
) -> None:
    large = bytes(range(256)) * 8192
    address = bodies_of(place).put(iter([large]))
    with served(web_of(desk_of(place))) as url:
        assert b"".join(HttpPeer(url, place.chain.domains).read(address)) == large
    altered = large[:-1] + b"?"
    with answering(lambda path: Response(altered), place.chain.domains) as peer:
        pieces = peer.read(address)
        with pytest.raises(StoreAltered):
            next(pieces)


@pytest.mark.parametrize("content", [b"wrong", b"", b"right "])
def test_other_bytes_than_those_of_the_address_are_never_handed_on(
    place: Place, content: bytes
) -> None:
    with answering(lambda path: Response(content), place.chain.domains) as peer:
        with pytest.raises(StoreAltered):
            next(peer.read(ADDRESS))
        with pytest.raises(StoreAltered):
            peer.manifest(b"h" * 32)


def test_an_answer_without_end_is_cut_off(place: Place) -> None:
    def endless(path: str) -> Response:
        return Response(b"x" * 65536 for _ in iter(int, 1))

    with answering(endless, place.chain.domains) as peer:
        with pytest.raises(ServiceRefused, match="too long"):
            next(peer.read(ADDRESS))
        with pytest.raises(ServiceRefused, match="too long"):
            peer.head()


@pytest.mark.parametrize(
    "document",
    [
        page(ANCHOR, ANCHOR),
        page({**ANCHOR, "block": 2}, ANCHOR),
        page({**ANCHOR, "block": 0}),
        page({**ANCHOR, "judge": "Another"}),
        page({**ANCHOR, "root": "0x11"}),
        page({**ANCHOR, "time": -1}),
        page({**ANCHOR, "time": True}),
        page({**ANCHOR, "more": 1}),
        page(following="0:0"),
        page(ANCHOR, following="9:9"),
        {**page(), "chartkey": "anchors/2"},
        {**page(), "anchors": {}},
        [],
        None,
    ],
)
def test_anchors_that_are_malformed_or_out_of_order_are_the_peers_fault(
    place: Place, document: Any
) -> None:
    with (
        answering(lambda path: jsonify(document), place.chain.domains) as peer,
        pytest.raises(ServiceRefused),
    ):
        list(peer.anchors())


def test_pages_that_never_end_must_at_least_go_on(place: Place) -> None:
    with (
        answering(lambda path: jsonify(page(ANCHOR, following="1:0")), place.chain.domains) as peer,
        pytest.raises(ServiceRefused),
    ):
        list(peer.anchors())


@pytest.mark.parametrize(
    "answer",
    [
        lambda path: ("<html>", 200),
        lambda path: ("<html>", 502),
        lambda path: ("", 302, {"Location": "http://127.0.0.1:9/"}),
        lambda path: (jsonify({"error": "StoreUnreachable", "sentence": "Ours is down."}), 503),
        lambda path: jsonify({"chartkey": "peer/1"}),
        lambda path: jsonify(
            {"chartkey": "peer/1", "chain": 1, "contracts": [], "head": 1, "node": "0x"}
        ),
    ],
)
def test_whatever_else_it_says_is_named_as_its_own(
    place: Place, answer: Callable[[str], Any]
) -> None:
    """An error of the peer's store must not pass as one of this node's."""
    with answering(answer, place.chain.domains) as peer:
        with pytest.raises(ServiceRefused) as refused:
            peer.head()
        assert peer.name in str(refused.value)


def test_a_silent_node_is_named_by_host_and_port_alone(place: Place) -> None:
    peer = HttpPeer(DEAD_URL.replace("http://", "http://user:secret@"), place.chain.domains)
    for ask in (peer.head, lambda: peer.held([ADDRESS]), lambda: next(peer.read(ADDRESS))):
        with pytest.raises(ServiceUnreachable) as told:
            ask()
        assert "127.0.0.1:9" in str(told.value)
        assert "secret" not in str(told.value)
        assert isinstance(told.value, ChartkeyError)
