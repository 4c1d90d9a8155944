"""The indexer: whatever the chain and its endpoints do, the index is what the chain says."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.adapters.database import Database, engine, index
from app.adapters.database.bulk import insert_fast
from app.adapters.database.fingerprint import fingerprint
from app.adapters.endpoints import Endpoints
from app.adapters.local_chain import CHAIN_ID
from app.adapters.rpc import Rpc, RpcRefused
from app.core.errors import ChainUnreachable, EndpointsDisagree
from app.core.indexing import KEPT_BLOCKS
from app.core.merkle import decode_manifest
from app.core.statements import AUDIT, CONSENT, RECORDS
from tests.fault_proxy import FaultProxy
from tests.services.indexing import World, books, catch_up, indexed, start_world, world

__all__ = ["world"]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    return str(request.getfixturevalue("postgres_node_url"))


@pytest.fixture
def short(tmp_path: Path) -> Iterator[World]:
    """A chain of few blocks."""
    with start_world(tmp_path / "short") as world:
        yield world


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'index.db'}")


class Wrapped(Rpc):
    """An endpoint that does something of a test's own at each question for events."""

    def __init__(self, url: str, asked: Callable[[dict[str, Any], Any], Any]) -> None:
        super().__init__(url)
        self._asked = asked

    def call(self, method: str, *params: Any) -> Any:
        answer = super().call(method, *params)
        return self._asked(params[0], answer) if method == "eth_getLogs" else answer


# following


def test_the_index_is_what_the_chain_says(world: World, url: str) -> None:
    for judge in (RECORDS, CONSENT, AUDIT):
        world.anchor(5, judge)
    word = world.revoke()
    database = Database(url)
    indexer = world.indexer(database)
    catch_up(indexer)
    assert indexed(database) == world.truth()
    assert database.counts()["block"] == world.head()
    sender = world.process.accounts[0].address
    revocation = database.events_of(sender, "Revoked")[-1]
    assert revocation.arguments == {"patient": sender, "word": str(word), "mask": "1"}
    assert revocation.contract == CONSENT
    assert revocation.time > 1_600_000_000
    assert not indexer.tick()


def test_every_event_of_people_is_decoded_by_its_abi(world: World, database: Database) -> None:
    registrar = world.process.accounts[2].address
    governor = world.process.accounts[1]
    governed = type(world.chain)(world.rpc, world.deployment, governor)
    until = 2**40
    governed.transact("PeopleRegistry", "appointRegistrar", registrar, 2, until)
    catch_up(world.indexer(database))
    [told] = database.events_of(registrar, "RegistrarAppointed")
    assert told.arguments == {"registrar": registrar, "role": 2, "until": str(until)}


def test_following_goes_on_where_another_process_stopped(world: World, url: str) -> None:
    catch_up(world.indexer(Database(url)))
    world.anchor(4, CONSENT)
    world.mine(3)
    catch_up(world.indexer(Database(url)))
    assert indexed(Database(url)) == world.truth()


@pytest.mark.parametrize("depth", [1, 7, 64])
def test_a_reorganization_leaves_no_trace(
    world: World, url: str, tmp_path: Path, depth: int
) -> None:
    world.mine(64)
    database = Database(url)
    for judge in (RECORDS, CONSENT, AUDIT):
        world.anchor(2, judge)
        world.revoke()
    catch_up(world.indexer(database))
    gone = world.truth()
    world.reorganize(depth)
    world.anchor(3, AUDIT)
    catch_up(world.indexer(database))
    assert indexed(database) == world.truth() != gone
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    catch_up(world.indexer(fresh))
    assert fingerprint(database._engine).differences(fingerprint(fresh._engine)) == []


def test_a_reorganization_deeper_than_what_is_remembered_is_followed_anew(
    world: World, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    world.mine(KEPT_BLOCKS + 40)
    manifest = world.anchor()
    catch_up(world.indexer(database))
    world.reorganize(KEPT_BLOCKS + 20)
    world.anchor(4)
    catch_up(world.indexer(database))
    assert indexed(database) == world.truth()
    assert database.anchors_of(decode_manifest(manifest)[0].digest) == []
    assert "following it anew" in caplog.text


def test_an_endpoint_that_has_not_come_this_far_unwinds_nothing(
    world: World, database: Database
) -> None:
    with FaultProxy(world.process.url) as proxy:
        proxy.freeze()
        world.anchor()
        catch_up(world.indexer(database))
        before = fingerprint(database._engine)
        assert not world.indexer(database, Rpc(proxy.url)).tick()
        assert fingerprint(database._engine) == before


def test_a_chain_that_moves_while_it_is_read_is_never_mixed(
    world: World, database: Database
) -> None:
    world.indexer(database).follow()
    world.anchor(2)
    moves = iter(range(3))

    def move(_: object, answer: Any) -> Any:
        if next(moves, None) is not None:
            world.reorganize(1)  # what was answered is of a branch that is gone
            world.anchor(3)
        return answer

    indexer = world.indexer(database, Wrapped(world.process.url, move))
    with pytest.raises(EndpointsDisagree):
        indexer.tick()
    catch_up(indexer)
    assert indexed(database) == world.truth()


def test_a_chain_that_never_rests_is_reported(world: World, database: Database) -> None:
    def move(_: object, answer: Any) -> Any:
        world.reorganize(1)
        return answer

    world.mine()
    with pytest.raises(EndpointsDisagree):
        world.indexer(database, Wrapped(world.process.url, move)).follow()
    catch_up(world.indexer(database))
    assert indexed(database) == world.truth()


def test_events_that_an_endpoint_has_not_indexed_yet_are_missed_by_it_not_by_us(
    world: World, database: Database
) -> None:
    """Such an endpoint shows the newest block, and no events in it."""
    world.indexer(database).follow()
    world.anchor()

    def forgetful(wanted: dict[str, Any], answer: Any) -> Any:
        return answer if "blockHash" in wanted else []

    before = fingerprint(database._engine)
    with pytest.raises(EndpointsDisagree):
        world.indexer(database, Wrapped(world.process.url, forgetful)).follow()
    assert fingerprint(database._engine) == before
    catch_up(world.indexer(database))
    assert indexed(database) == world.truth()


# limits and faults of endpoints


@pytest.mark.parametrize("most", [1, 3, 50])
def test_ranges_adapt_to_what_an_endpoint_gives(
    short: World, database: Database, most: int
) -> None:
    for judge, _ in zip(books(), range(4), strict=False):
        short.anchor(1, judge)
        short.mine(most)
    asked: list[int] = []

    def limited(wanted: dict[str, Any], answer: Any) -> Any:
        if "blockHash" in wanted:
            return answer
        asked.append(int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1)
        if asked[-1] > most:
            raise RpcRefused("block range too large", b"", -32005)
        return answer

    catch_up(short.indexer(database, Wrapped(short.process.url, limited)))
    assert indexed(database) == short.truth()
    assert max(asked) > most >= asked[-1]


def test_a_block_with_too_many_events_is_read_from_its_receipts(
    short: World, database: Database
) -> None:
    short.anchor()
    short.revoke()

    def stingy(wanted: dict[str, Any], answer: Any) -> Any:
        if answer and "blockHash" not in wanted:
            raise RpcRefused("query returned more than 0 results", b"", -32005)
        return answer

    catch_up(short.indexer(database, Wrapped(short.process.url, stingy)))
    assert indexed(database) == short.truth()


@pytest.mark.parametrize("seed", [1, 2])
def test_endpoints_that_fail_over_in_the_middle_cost_nothing(
    world: World, database: Database, seed: int
) -> None:
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(world.process.url)) for _ in range(2)]
        proxies[0].errors(0.5, seed=seed)
        endpoints = Endpoints([proxy.url for proxy in proxies], CHAIN_ID)
        indexer = world.indexer(database, endpoints)
        for judge, number in zip(books(), range(8), strict=False):
            world.anchor(2, judge)
            if number == 4:
                world.reorganize(2)
            if number == 6:
                proxies[0].heal()
                proxies[1].down()
            catch_up(indexer)
        assert indexed(database) == world.truth()
        assert all(proxy.counts["eth_getLogs"] for proxy in proxies)


def test_while_no_endpoint_answers_nothing_changes(world: World, database: Database) -> None:
    with FaultProxy(world.process.url) as proxy:
        indexer = world.indexer(database, Endpoints([proxy.url], CHAIN_ID))
        catch_up(indexer)
        world.anchor()
        before = fingerprint(database._engine)
        for kind in ("status", "refusal", "garbage", "truncated", "unanswered"):
            proxy.errors(1.0, kinds=[kind])
            with pytest.raises(ChainUnreachable):
                indexer.follow()
        assert fingerprint(database._engine) == before
        proxy.heal()
        catch_up(indexer)
    assert indexed(database) == world.truth()


def test_answers_that_make_no_sense_are_refused(world: World, database: Database) -> None:
    world.anchor()
    nonsense: list[Any] = [None, {}, [7], [{"blockNumber": "0x1"}]]
    rpc = Wrapped(world.process.url, lambda *_: nonsense[-1])
    while nonsense:
        with pytest.raises((ChainUnreachable, EndpointsDisagree)):
            world.indexer(database, rpc).follow()
        nonsense.pop()
    assert database.is_empty()


# processes


def test_whoever_dies_while_following_leaves_a_true_index(
    world: World, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction fails at each of its statements in turn; another process goes on."""
    another = Database(url)
    world.indexer(another).follow()
    deaths = 0
    for fatal in range(12):
        world.anchor(1)
        if fatal % 3 == 0:
            world.reorganize(1)
            world.anchor(2)
        dying = Database(url)
        left = iter(range(fatal, -1, -1))

        @event.listens_for(dying._engine, "before_cursor_execute")
        def die(*_: object, left: Iterator[int] = left) -> None:
            if next(left, None) == 0:
                raise SystemExit

        def die_or_insert(*given: Any, die: Callable[[], None] = die) -> None:
            if url.startswith("sqlite"):  # which is given rows past those who listen
                die()
            insert_fast(*given)

        with monkeypatch.context() as patched:
            for module in (engine, index):
                patched.setattr(module, "insert_fast", die_or_insert)
            try:
                catch_up(world.indexer(dying))
            except SystemExit:
                deaths += 1
        catch_up(world.indexer(another))
        assert indexed(another) == world.truth()
    assert deaths > 8


def test_two_indexers_on_one_database_write_nothing_twice(world: World, url: str) -> None:
    Database(url)
    faults: list[BaseException] = []
    done = threading.Event()

    def work() -> None:
        indexer = world.indexer(Database(url))
        try:
            while not done.is_set():
                catch_up(indexer)
            catch_up(indexer)
        except BaseException as fault:
            faults.append(fault)
            raise

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for judge, number in zip(books(), range(12), strict=False):
        world.anchor(20, judge)
        if number % 4 == 3:
            world.reorganize(2)
    done.set()
    for worker in workers:
        worker.join(300)
    assert faults == []
    database = Database(url)
    assert indexed(database) == world.truth()
    assert database.counts()["anchors"] == len(world.truth()[0])


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_index_is_the_chain(
    world: World, database: Database, seed: int
) -> None:
    """Anchors, lists that are late, other events, blocks and forks in any order; ticks between."""
    chance = random.Random(seed)
    world.mine(12)
    indexer = world.indexer(database)
    unpublished: list[bytes] = []
    judges = books()
    for _ in range(40):
        match chance.choice(["anchor", "late", "publish", "event", "mine", "fork", "tick", "read"]):
            case "anchor":
                world.anchor(chance.randint(1, 9), next(judges))
            case "late":
                unpublished.append(world.anchor(2, next(judges), publish=False))
            case "publish" if unpublished:
                world.bodies.put(iter([unpublished.pop()]))
            case "event":
                world.revoke()
            case "mine":
                world.mine(chance.randint(1, 5))
            case "fork":
                world.reorganize(chance.randint(1, 10))
            case "tick":
                indexer.tick()
            case "read":
                indexer.read_manifests(0)
    for manifest in unpublished:
        world.bodies.put(iter([manifest]))
    indexer.follow()
    while indexer.read_manifests(10**6):
        pass
    assert indexed(database) == world.truth()
