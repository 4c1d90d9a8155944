"""The audit believes no other: peers and endpoints that lie, lag or are silent are named, and no majority counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.client.letters import RecordFile
from app.client.person import Person
from app.core.auditing import Kind, Report
from app.core.errors import ChainUnreachable
from tests.chain_fixtures import Place
from tests.fault_proxy import FaultProxy
from tests.peering import auditor_of, bodies_of, database_of, desk_of, file, file_of, follow, web_of
from tests.services.auditing import kinds, twin, twin_of, twin_url, write
from tests.serving import served

__all__ = ["file", "twin", "twin_of", "twin_url"]

# --- peers that lie ---


def liar(desk: Any, *, anchors: Callable[[Any], Any] = lambda a: a, content: bytes = b"") -> Flask:
    """A node whose anchors, or bytes, are others than the true ones."""

    class Lying:
        domains, erase, head, held = desk.domains, desk.erase, desk.head, desk.held

        def anchors(self, after: Any) -> Any:
            page, following = desk.anchors(after)
            return [anchors(one) for one in page], following

        def read(self, address: str) -> Any:
            return iter([content]) if content else desk.read(address)

        def manifest(self, hash_: bytes) -> Any:
            return iter([content]) if content else desk.manifest(hash_)

    return web_of(Lying())  # type: ignore[arg-type]


def test_nothing_is_believed_by_majority_that_the_chain_contradicts(
    place: Place, file: RecordFile, twin: Place
) -> None:
    """Three peers tell the same lie about anchors and serve the same wrong bytes."""
    root = database_of(place).anchors_of(file.digest)[0].root
    false = liar(
        desk_of(twin),
        anchors=lambda one: replace(one, manifest=b"\xee" * 32) if one.root == root else one,
        content=b"another body",
    )
    file_of(place, file.address).unlink()
    with served(false) as a, served(false) as b, served(false) as c:
        report = auditor_of(place, peers=[a, b, c]).audit(repair=True)
    hosts = {url.removeprefix("http://") for url in (a, b, c)}
    assert {
        one.where for one in report.left if (one.kind, one.what) == (Kind.ALTERED, "anchor")
    } == (hosts)
    assert {one.where for one in report.left if one.what in ("manifest", "envelope")} == hosts
    assert [one.name for one in report.left if one.what == "body"] == [file.address]
    assert not bodies_of(place).holds(file.address)
    assert {row.manifest for row in database_of(place).anchors_of(file.digest)} != {b"\xee" * 32}
    own = [one for one in report.differences if one.where in ("index", "database")]
    assert own == []


def test_one_honest_peer_among_liars_mends_all(
    place: Place, file: RecordFile, twin: Place, twin_url: str
) -> None:
    false = liar(desk_of(twin), content=b"another body")
    file_of(place, file.address).unlink()
    with served(false) as a, served(false) as b:
        report = auditor_of(place, peers=[a, b, twin_url]).audit(repair=True)
    assert bodies_of(place).holds(file.address)
    assert {one.where for one in report.left} == {u.removeprefix("http://") for u in (a, b)}


def test_a_peer_that_names_an_anchor_which_the_chain_lacks_is_named(
    place: Place, file: RecordFile, twin: Place
) -> None:
    false = liar(desk_of(twin), anchors=lambda one: replace(one, place=one.place + 50))
    with served(false) as url:
        report = auditor_of(place, peers=[url]).audit()
    assert (Kind.EXTRA, "anchor") in kinds(report.left)
    assert {one.where for one in report.left} == {url.removeprefix("http://")}


def test_a_peer_that_has_fallen_behind_or_is_silent_is_named(
    place: Place, file: RecordFile, make_place: Callable[..., Place]
) -> None:
    empty = make_place(custodians=0, threshold=0)
    with served(web_of(desk_of(empty))) as url:
        report = auditor_of(place, peers=[url]).audit()
        assert kinds(report.left) == {(Kind.BEHIND, "peer")}
    assert kinds(auditor_of(place, peers=[url]).audit().left) == {(Kind.UNREACHABLE, "peer")}


# --- endpoints that lie or lag ---


def endpoints_of(report: Report) -> dict[Kind, set[str]]:
    found: dict[Kind, set[str]] = {}
    for one in report.left:
        assert one.what == "endpoint", one
        found.setdefault(one.kind, set()).add(one.where)
    return found


def other_hashes(method: str, _: Any, result: Any) -> Any:
    """A chain that is another one, and hangs together."""
    if method == "eth_getBlockByNumber" and result:
        return result | {
            name: "0x" + bytes(b ^ 1 for b in bytes.fromhex(result[name][2:])).hex()
            for name in ("hash", "parentHash")
        }
    return result


def test_of_two_endpoints_that_disagree_neither_is_believed(place: Place, file: RecordFile) -> None:
    honest = place.chain_process.url
    write(database_of(place), "DELETE FROM events")
    with FaultProxy(honest) as proxy:
        proxy.lie(other_hashes)
        report = auditor_of(place, urls=[honest, proxy.url]).audit(repair=True)
    (told,) = [one for one in report.left if one.what == "endpoint"]
    assert told.kind is Kind.DISAGREE
    assert "cannot be told" in told.found
    assert (Kind.MISSING, "event") in kinds(report.left)  # nothing is mended on such a word


def test_of_three_endpoints_the_odd_one_is_suspected_and_not_condemned(
    place: Place, file: RecordFile
) -> None:
    honest = place.chain_process.url
    with FaultProxy(honest) as proxy, FaultProxy(honest) as other:
        proxy.lie(other_hashes)
        report = auditor_of(place, urls=[honest, other.url, proxy.url]).audit()
    assert endpoints_of(report) == {Kind.SUSPECTED: {proxy.url.removeprefix("http://")}}
    assert "no proof" in report.left[0].found


def test_an_endpoint_that_contradicts_itself_lies_for_certain_even_among_two(
    place: Place, file: RecordFile
) -> None:
    honest = place.chain_process.url
    with FaultProxy(honest) as proxy:
        proxy.lie(every_second)
        report = auditor_of(place, urls=[proxy.url, honest]).audit()
    assert endpoints_of(report) == {Kind.LIES: {proxy.url.removeprefix("http://")}}


def every_second(method: str, _: Any, result: Any) -> Any:
    if method == "eth_getBlockByNumber" and result and int(result["number"], 16) % 2:
        return result | {"hash": "0x" + "44" * 32}
    return result


def test_an_endpoint_on_another_chain_a_frozen_one_and_a_silent_one_are_told_apart(
    place: Place, patient: Person, file: RecordFile
) -> None:
    honest = place.chain_process.url
    with FaultProxy(honest) as foreign, FaultProxy(honest) as frozen, FaultProxy(honest) as silent:
        foreign.chain_id(5)
        frozen.freeze()
        silent.down()
        for _ in range(5):
            place.next_block()
        follow(place)
        urls = [honest, foreign.url, frozen.url, silent.url]
        report = auditor_of(place, urls=urls).audit()
    names = [url.removeprefix("http://") for url in urls]
    assert endpoints_of(report) == {
        Kind.LIES: {names[1]}, Kind.BEHIND: {names[2]}, Kind.UNREACHABLE: {names[3]}
    }  # fmt: skip


def test_without_an_honest_endpoint_nothing_is_said(place: Place, file: RecordFile) -> None:
    with FaultProxy(place.chain_process.url) as proxy:
        proxy.down()
        with pytest.raises(ChainUnreachable):
            auditor_of(place, urls=[proxy.url]).audit()
