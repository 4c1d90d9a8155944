"""The indexer: whatever the chain and its endpoints do, the index is what the chain says."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.endpoints import Endpoints
from app.adapters.local_chain import CHAIN_ID, start_anvil
from app.adapters.rpc import Rpc, RpcRefused
from app.core.cid import raw_cid
from app.core.encoding import hex0x
from app.core.errors import ChainUnreachable, EndpointsDisagree, NotStored, StoreUnreachable
from app.core.indexing import KEPT_BLOCKS
from app.core.merkle import MANIFEST_MAGIC, decode_manifest, is_proven, merkle_root
from app.core.statements import AUDIT, CONSENT, RECORDS
from app.services.indexer import LATEST, LOOKS, SOONEST, Indexer
from app.services.proofs import Proofs
from tests.fault_proxy import FaultProxy
from tests.services.indexing import World, books, indexed, make_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A chain of this module's own, since its tests fork it."""
    folder = tmp_path_factory.mktemp("world")
    with start_anvil(folder / "chain") as process:
        yield make_world(process, folder)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path / 'index.db'}")


def catch_up(indexer: Indexer) -> None:
    """Follow to the head and read every list that is due."""
    indexer.follow()
    while indexer.read_manifests(0):
        pass


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
    record = world.retract()
    database = Database(url)
    indexer = world.indexer(database)
    catch_up(indexer)
    assert indexed(database) == world.truth()
    assert database.counts()["block"] == world.head()
    sender = world.process.accounts[0].address
    retraction = database.events_of(sender, "Retracted")[-1]
    assert retraction.arguments == {"person": sender, "record": hex0x(record)}
    assert retraction.contract == RECORDS
    assert retraction.time > 1_600_000_000
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
def test_a_reorganization_leaves_no_trace(world: World, url: str, depth: int) -> None:
    world.mine(64)
    database = Database(url)
    for judge in (RECORDS, CONSENT, AUDIT):
        world.anchor(2, judge)
        world.retract()
    catch_up(world.indexer(database))
    gone = world.truth()
    world.reorganize(depth)
    world.anchor(3, AUDIT)
    catch_up(world.indexer(database))
    assert indexed(database) == world.truth() != gone
    fresh = Database(
        f"sqlite:///{world.process.url.rpartition(':')[2]}-{depth}.db?mode=memory&uri=true"
    )
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
    world: World, database: Database, most: int
) -> None:
    for judge, _ in zip(books(), range(4), strict=False):
        world.anchor(1, judge)
    asked: list[int] = []

    def limited(wanted: dict[str, Any], answer: Any) -> Any:
        if "blockHash" in wanted:
            return answer
        asked.append(int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) + 1)
        if asked[-1] > most:
            raise RpcRefused("block range too large", b"", -32005)
        return answer

    catch_up(world.indexer(database, Wrapped(world.process.url, limited)))
    assert indexed(database) == world.truth()
    assert max(asked) > most >= asked[-1]


def test_a_block_with_too_many_events_is_read_from_its_receipts(
    world: World, database: Database
) -> None:
    world.anchor()
    world.retract()

    def stingy(wanted: dict[str, Any], answer: Any) -> Any:
        if answer and "blockHash" not in wanted:
            raise RpcRefused("query returned more than 0 results", b"", -32005)
        return answer

    catch_up(world.indexer(database, Wrapped(world.process.url, stingy)))
    assert indexed(database) == world.truth()


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
    for answer in nonsense:
        rpc = Wrapped(world.process.url, lambda wanted, _, told=answer: told)
        with pytest.raises((ChainUnreachable, EndpointsDisagree)):
            world.indexer(database, rpc).follow()
    assert database.is_empty()


# processes


def test_whoever_dies_while_following_leaves_a_true_index(world: World, url: str) -> None:
    """The transaction fails at each of its statements in turn; another process goes on."""
    world.indexer(Database(url)).follow()
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

        try:
            catch_up(world.indexer(dying))
        except SystemExit:
            deaths += 1
        catch_up(world.indexer(Database(url)))
        assert indexed(Database(url)) == world.truth()
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
        worker.join(120)
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
                world.retract()
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


# lists


def due(database: Database, now: int) -> int:
    return len(database.wanted(now, 10))


def test_a_list_that_is_late_is_looked_for_again_less_and_less_often(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    catch_up(indexer)
    manifest = world.anchor(publish=False)
    indexer.follow()
    now, waits = 1000, []
    for _ in range(14):
        assert indexer.read_manifests(now) == 1
        wait = next(seconds for seconds in range(LATEST + 1) if due(database, now + seconds))
        waits.append(wait)
        now += wait
    assert waits[:3] == [SOONEST, 2 * SOONEST, 4 * SOONEST]
    assert waits[-1] == LATEST
    world.bodies.put(iter([manifest]))
    assert indexer.read_manifests(now) == 1
    assert database.anchors_of(decode_manifest(manifest)[0].digest)
    assert indexer.read_manifests(10**9) == 0


def test_a_false_list_is_passed_over_for_ever_and_the_true_one_is_read(
    world: World, database: Database
) -> None:
    """A stranger anchors a copied root with lists that are not its own."""
    root, true = world.make_list()
    _, foreign = world.make_list()
    unsorted = true[:8] + true[72:136] + true[8:72] + true[136:]
    for manifest in (foreign, b"no list at all", unsorted, true):
        world.bodies.put(iter([manifest]))
        world.chain.anchor(RECORDS, root, sha256(manifest).digest())
    indexer = world.indexer(database)
    catch_up(indexer)
    assert database.counts()["lists false"] == 3
    assert due(database, 10**9) == 0
    leaf = decode_manifest(true)[0].digest
    [dated] = [one for one in database.anchors_of(leaf) if one.root == root]
    assert dated.manifest == sha256(true).digest()


def test_a_list_of_a_later_format_waits_for_a_later_chartkey(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    catch_up(indexer)
    root, _ = world.make_list()
    manifest = MANIFEST_MAGIC + bytes([2]) + b"whatever comes then"
    world.bodies.put(iter([manifest]))
    world.chain.anchor(RECORDS, root, sha256(manifest).digest())
    indexer.follow()
    false = database.counts()["lists false"]
    assert indexer.read_manifests(0) == 1
    assert database.counts()["lists false"] == false
    assert due(database, SOONEST) == 1


def test_a_list_larger_than_a_block_is_found_elsewhere(world: World, database: Database) -> None:
    asked: list[bytes] = []

    def elsewhere(hash_: bytes) -> bytes:
        asked.append(hash_)
        if hash_ not in world.published:
            raise NotStored(address="a list")
        return world.published[hash_]

    indexer = world.indexer(database, elsewhere=elsewhere)
    catch_up(indexer)
    manifest = world.anchor(5000, publish=False)
    catch_up(indexer)
    assert sha256(manifest).digest() in asked
    assert database.anchors_of(decode_manifest(manifest)[-1].digest)


def test_what_elsewhere_sends_is_hashed_first(world: World, database: Database) -> None:
    _, other = world.make_list()
    manifest = world.anchor(publish=False)
    indexer = world.indexer(database, elsewhere=lambda _: other)
    catch_up(indexer)
    assert database.anchors_of(decode_manifest(manifest)[0].digest) == []
    assert due(database, LATEST) >= 1


def test_a_store_that_is_away_is_reported_and_asked_again_soon(
    world: World, database: Database
) -> None:
    indexer = world.indexer(database)
    catch_up(indexer)
    manifest = world.anchor()

    class Away:
        def read(self, address: str) -> Iterator[bytes]:
            raise StoreUnreachable("it is away")

    away = world.indexer(database)
    away.bodies = Away()
    away.follow()
    with pytest.raises(StoreUnreachable):
        away.read_manifests(0)
    assert due(database, SOONEST) == 1
    indexer.read_manifests(SOONEST)
    assert database.anchors_of(decode_manifest(manifest)[0].digest)


def test_many_lists_are_read_in_several_goes(world: World, database: Database) -> None:
    for judge, _ in zip(books(), range(6), strict=False):
        world.anchor(1, judge)
    world.indexer(database).follow()
    assert 6 <= due(database, 0) <= LOOKS
    catch_up(world.indexer(database))
    assert database.counts()["lists wanted"] == 0


def test_a_block_that_is_no_block_is_not_read_to_its_end(world: World, database: Database) -> None:
    manifest = world.anchor(publish=False)
    read: list[int] = []

    class Endless:
        def read(self, address: str) -> Iterator[bytes]:
            if address != raw_cid(sha256(manifest).digest()):
                raise NotStored(address=address)
            while True:
                read.append(1)
                yield bytes(1 << 16)

    indexer = world.indexer(database)
    indexer.bodies = Endless()
    catch_up(indexer)
    assert len(read) == 5
    assert database.counts()["lists read"] == 0


# proofs


def test_every_indexed_digest_has_a_proof_that_the_contract_takes(
    world: World, database: Database
) -> None:
    manifest = world.anchor(9, CONSENT)
    catch_up(world.indexer(database))
    proofs = Proofs(database)
    digests = [entry.digest for entry in decode_manifest(manifest)]
    view = world.chain.view()
    for digest in digests:
        proof = proofs.proof(digest, CONSENT)
        assert proof is not None
        assert is_proven(digest, proof)
        assert proof.root == merkle_root(digests)
        assert view.ask(CONSENT, "anchorTime", digest, proof.root, list(proof.path)) > 0
        assert proofs.proof(digest, RECORDS) is None
    assert proofs.proof(sha256(b"unknown").digest()) is None


def test_a_proof_leads_to_the_first_anchor_of_the_book_that_judges(
    world: World, database: Database
) -> None:
    """Somebody else anchors the digest, before in another book and after in its own."""
    root, manifest = world.make_list(1)
    world.bodies.put(iter([manifest]))
    hash_ = sha256(manifest).digest()
    digest = decode_manifest(manifest)[0].digest
    for judge in (AUDIT, CONSENT, CONSENT):
        world.chain.anchor(judge, root, hash_)
    catch_up(world.indexer(database))
    assert [one.judge for one in database.anchors_of(digest)] == [AUDIT, CONSENT, CONSENT]
    assert Proofs(database).proof(digest, CONSENT) is not None
    assert Proofs(database).proof(digest, RECORDS) is None


def test_a_proof_goes_with_the_branch_that_held_it(world: World, database: Database) -> None:
    proofs = Proofs(database)
    digest = decode_manifest(world.anchor())[0].digest
    catch_up(world.indexer(database))
    assert proofs.proof(digest)
    world.reorganize(1)
    catch_up(world.indexer(database))
    assert proofs.proof(digest) is None
