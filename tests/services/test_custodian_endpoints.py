"""One endpoint that is frozen, lies or is gone opens nothing; every endpoint must approve."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.rpc import Rpc
from app.adapters.view import RpcView
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.consent import mask_of, word_of
from app.core.custody import Approval, decide
from app.core.errors import (
    AccessRefused,
    ChainError,
    ChainStale,
    ChainUnreachable,
    ChartkeyError,
    EndpointsDisagree,
    GrantRevoked,
)
from app.core.opening import OpeningRequest
from app.core.records import Role
from app.core.statements import Revocation
from app.services.custodian import LocalCustodian
from tests.asking import release, request_to_first
from tests.chain_fixtures import NOTE, Place
from tests.custodian_services import serving
from tests.fault_proxy import FaultProxy


@pytest.fixture
def proxies(place: Place) -> Iterator[list[FaultProxy]]:
    with FaultProxy(place.rpc.url) as first, FaultProxy(place.rpc.url) as second:
        yield [first, second]


@pytest.fixture
def custodian(place: Place, proxies: list[FaultProxy]) -> LocalCustodian:
    """The first custodian, whom nobody tells of revocations, with two endpoints."""
    return serving(place, place.custodians[0].key, [proxy.url for proxy in proxies])


def mine(place: Place, blocks: int) -> None:
    place.rpc.call("anvil_mine", hex(blocks), "0x0")


def answering_from(place: Place, block: str) -> Callable[[str, Sequence[Any], Any], Any]:
    """A lie: the newest block is shown, but what the contracts say is of an earlier one."""
    rpc = Rpc(place.rpc.url)

    def tell(method: str, params: Sequence[Any], result: Any) -> Any:
        return rpc.call("eth_call", params[0], block) if method == "eth_call" else result

    return tell


def revoke(place: Place, patient: Person, grant: GrantFile) -> str:
    """Take the grant back on the chain; the number of the block in which it still stood."""
    before = str(place.rpc.call("eth_blockNumber"))
    patient.revoke(grant)
    place.settle()
    return before


def test_both_endpoints_approve_and_the_share_is_released(
    custodian: LocalCustodian, proxies: list[FaultProxy], request_: OpeningRequest
) -> None:
    assert release(custodian, request_).shares
    assert all(proxy.counts["eth_call"] for proxy in proxies)


@pytest.mark.parametrize("which", [0, 1])
def test_one_frozen_endpoint_opens_nothing(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
    which: int,
) -> None:
    proxies[which].freeze()
    revoke(place, patient, shared[1])
    with pytest.raises((GrantRevoked, EndpointsDisagree)):
        release(custodian, request_)


@pytest.mark.parametrize("which", [0, 1])
def test_one_lying_endpoint_opens_nothing(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
    which: int,
) -> None:
    before = revoke(place, patient, shared[1])
    for proxy in proxies:
        proxy.lie(answering_from(place, before))
    assert release(custodian, request_).shares, "the lie itself would open it"
    proxies[1 - which].heal()
    mine(place, 1)  # answers are reused within a block
    with pytest.raises(GrantRevoked):
        release(custodian, request_)


def test_a_frozen_and_a_lying_endpoint_open_nothing_once_one_of_them_is_too_far_behind(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
) -> None:
    proxies[0].freeze()
    before = revoke(place, patient, shared[1])
    mine(place, 4)
    proxies[1].lie(answering_from(place, before))
    with pytest.raises(EndpointsDisagree):
        release(custodian, request_)


def test_a_frozen_and_a_lying_endpoint_open_nothing_once_the_frozen_block_is_old(
    place: Place,
    patient: Person,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    proxies: list[FaultProxy],
) -> None:
    urls = [proxy.url for proxy in proxies]
    custodian = serving(place, place.custodians[0].key, urls, most_block_age=600)
    proxies[0].freeze()
    before = revoke(place, patient, shared[1])
    proxies[1].lie(answering_from(place, before))
    place.time.ahead += 3600
    proxies[1].lie(
        lambda method, _, result: (
            result | {"timestamp": hex(place.time())} if "getBlock" in method else result
        )
    )
    request = request_to_stranger_custodian(place, doctor, shared)
    with pytest.raises(ChainStale):
        release(custodian, request)


def request_to_stranger_custodian(
    place: Place, doctor: Person, shared: tuple[RecordFile, GrantFile]
) -> OpeningRequest:
    """A request of just now, whatever the custodians of the place say to it."""
    seen: list[OpeningRequest] = []

    class Listening:
        name, id, ids = "listening", place.custodians[0].id, place.custodians[0].ids

        def release_all(self, requests: Sequence[OpeningRequest]) -> Any:
            seen.extend(requests)
            raise AccessRefused("not today")

    place.node.custodians = [Listening()]  # type: ignore[list-item]
    with pytest.raises(AccessRefused):
        doctor.open(*shared)
    place.node.custodians = place.custodians
    return seen[0]


@pytest.mark.parametrize("down", [(0,), (1,), (0, 1)])
def test_an_endpoint_that_is_down_opens_nothing(
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
    down: tuple[int, ...],
) -> None:
    for which in down:
        proxies[which].down()
    with pytest.raises(ChainUnreachable):
        release(custodian, request_)
    assert custodian.log.counts() == {}
    for which in down:
        proxies[which].heal()
    assert release(custodian, request_).shares


def test_an_endpoint_that_is_too_slow_opens_nothing(
    place: Place, proxies: list[FaultProxy], request_: OpeningRequest
) -> None:
    urls = [proxy.url for proxy in proxies]
    custodian = serving(place, place.custodians[0].key, urls, timeout=3.0)
    assert release(custodian, request_).shares
    proxies[1].slow(60)
    with pytest.raises(ChainUnreachable):
        release(custodian, request_)


def test_endpoints_that_fail_at_random_never_open_what_was_taken_back(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
) -> None:
    outcomes = set()
    for seed, proxy in enumerate(proxies):
        proxy.errors(0.2, seed=seed)
    for _ in range(20):
        mine(place, 1)
        try:
            outcomes.add(bool(release(custodian, request_).shares))
        except ChainError:
            outcomes.add(False)
    assert outcomes == {True, False}
    revoke(place, patient, shared[1])
    for _ in range(20):
        mine(place, 1)
        with pytest.raises((ChainError, GrantRevoked)):
            release(custodian, request_)


# --- foresight is only speed ---


def bent(place: Place, request: OpeningRequest) -> dict[str, OpeningRequest]:
    """Requests of many kinds, most of which are refused."""
    grant, access = request.grant, request.access
    assert grant is not None
    assert request.grant_proof is not None
    return {
        "as it was": request,
        "no grant": replace(request, grant=None),
        "no proof": replace(request, grant_proof=None),
        "another root": replace(request, grant_proof=replace(request.grant_proof, root=bytes(32))),
        "no records": replace(request, records=()),
        "other keys": replace(request, viewer_keys=request.patient_keys),
        "forged grant": replace(request, grant=replace(grant, signature=access.signature)),
        "forged access": replace(request, access=replace(access, signature=grant.signature)),
        "malformed signature": replace(request, grant=replace(grant, signature=b"")),
        "malformed access": replace(request, access=replace(access, signature=b"1" * 65)),
    }


def outcome(request: OpeningRequest, place: Place, view: RpcView) -> Approval | type[Exception]:
    try:
        return decide(request, domains=place.chain.domains, view=view, clock=place.time())
    except ChartkeyError as error:
        return type(error)


def test_a_decision_with_foresight_is_the_decision_without(
    place: Place,
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    request_: OpeningRequest,
) -> None:
    contracts = place.chain._contracts
    found = set()
    for name, request in bent(place, request_).items():
        mine(place, 1)
        views = custodian.registries[0].witnesses.views()
        custodian._foresee(request, custodian.registries[0], views, place.time())
        plain = outcome(request, place, RpcView(Rpc(place.rpc.url), contracts))
        for view in views:
            assert outcome(request, place, view) == plain, name  # type: ignore[arg-type]
        found.add(plain)
    assert len(found) > 5


@pytest.mark.parametrize("kind", ["grant", "author", "member", "session"])
def test_everything_that_a_decision_asks_was_foreseen(
    place: Place,
    patient: Person,
    doctor: Person,
    custodian: LocalCustodian,
    proxies: list[FaultProxy],
    shared: tuple[RecordFile, GrantFile],
    kind: str,
) -> None:
    """Two requests to each endpoint decide an opening, besides the one for its newest block."""
    if kind == "grant":
        request = request_to_first(place, doctor, *shared)
    elif kind == "session":
        doctor.start_session("https://node.example")
        request = request_to_first(place, doctor, *shared)
    elif kind == "author":
        file = doctor.write(NOTE, category="conditions", patient=patient.address)
        place.settle()
        request = request_to_first(place, doctor, file, None)
    else:
        hospital = place.enrol()
        place.credential(hospital, Role.HOSPITAL)
        patient.grant(hospital.address, category="conditions")
        hospital.add_member(doctor.address)
        place.settle()
        (held,) = [
            held
            for held in doctor.grants_held(patient.address)
            if held.statement.viewer == hospital.address
        ]
        request = request_to_first(place, doctor, shared[0], held)
    release(custodian, request)  # looks at the contracts' code first
    mine(place, 1)
    before = [(proxy.requests, proxy.counts["eth_getCode"]) for proxy in proxies]
    assert release(custodian, request).shares
    rounds = 1 if kind == "author" else 2
    for proxy, (requests, codes) in zip(proxies, before, strict=True):
        assert proxy.requests - requests == 1 + rounds
        assert proxy.counts["eth_getCode"] == codes


def test_a_revocation_is_forgotten_when_every_endpoint_shows_it_for_good(
    place: Place,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    proxies: list[FaultProxy],
) -> None:
    urls = [proxy.url for proxy in proxies]
    custodian = serving(place, place.custodians[0].key, urls, confirmations=3)
    nonce = shared[1].statement.nonce
    custodian.hear(
        patient.sign(Revocation(patient=patient.address, word=word_of(nonce), mask=mask_of(nonce)))
    )
    mine(place, 3)
    assert custodian.forget_final() == 0, "the chain does not show it"
    patient.revoke(shared[1])
    place.settle()
    proxies[0].freeze()
    mine(place, 3)
    assert custodian.forget_final() == 0, "one of the endpoints does not show it for good"
    proxies[0].heal()
    assert custodian.forget_final() == 1
    assert custodian.log.heard(patient.address) == []
