"""The index in the database: whole ranges or nothing, unwound without a trace, on both databases."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import event

from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.database.migrate import bring_up_to_date
from app.core.encoding import ZERO32, keccak
from app.core.indexing import KEPT_BLOCKS, Anchor, Block, Event, Followed, Span
from app.core.merkle import ManifestEntry

BOOK, OTHER = "RecordRegistry", "ConsentRegistry"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    return str(request.getfixturevalue("postgres_node_url"))


@pytest.fixture
def database(url: str) -> Database:
    return Database(url)


def word(number: int, branch: str = "") -> bytes:
    return keccak(f"{branch}{number}".encode())


def anchor(block: int, place: int, name: int, judge: str = BOOK) -> Anchor:
    """An anchor of the list of that name."""
    return Anchor(
        block=block,
        place=place,
        judge=judge,
        root=word(name, "root"),
        manifest=word(name, "manifest"),
        sender="0x" + "aa" * 20,
        transaction=word(block, "transaction"),
        time=1000 + block,
    )


def happening(block: int, place: int, subject: str, name: str = "Enrolled") -> Event:
    return Event(
        block=block,
        place=place,
        contract="PeopleRegistry",
        name=name,
        subject=subject,
        arguments={"url": 'https://a/{"x"},\\é', "nonce": str(2**255), "role": 3},
        time=1000 + block,
    )


def span(
    first: int,
    last: int,
    *,
    anchors: list[Anchor] | None = None,
    events: list[Event] | None = None,
    branch: str = "",
) -> Span:
    numbers = range(max(first, last - KEPT_BLOCKS + 1), last + 1)
    blocks = [
        Block(number=n, hash=word(n, branch), parent=word(n - 1, branch), time=1000 + n)
        for n in numbers
    ]
    return Span(first=first, last=last, blocks=blocks, anchors=anchors or [], events=events or [])


def followed(number: int, branch: str = "") -> Followed:
    return Followed(number=number, hash=word(number, branch))


def entries(name: int, count: int = 5) -> list[ManifestEntry]:
    many = [
        ManifestEntry(digest=word(name * 1000 + at, "d"), envelope=word(at)) for at in range(count)
    ]
    return [*many, ManifestEntry(digest=word(name, "padding"))]


def read(database: Database, name: int) -> None:
    """The list of that name is found and right."""
    [wanted] = [one for one in database.wanted(0, 100) if one.root == word(name, "root")]
    database.keep_lists([(wanted.id, entries(name))])


def test_a_new_database_has_followed_nothing(database: Database) -> None:
    assert database.followed() == []
    assert database.is_empty()
    assert database.counts()["block"] == -1


def test_a_range_is_written_once_and_goes_on_from_the_newest_block(database: Database) -> None:
    first = span(5, 7, anchors=[anchor(5, 0, 1)], events=[happening(6, 0, "0xA")])
    assert database.append(first, None)
    assert not database.append(first, None)
    assert not database.append(span(8, 8, anchors=[anchor(8, 0, 2)]), followed(6))
    assert not database.append(span(8, 8, anchors=[anchor(8, 0, 2)]), followed(7, "other"))
    assert database.followed() == [followed(7), followed(6), followed(5)]
    assert database.append(span(8, 8, anchors=[anchor(8, 0, 2)]), followed(7))
    counts = database.counts()
    assert (counts["block"], counts["anchors"], counts["events"]) == (8, 2, 1)
    assert counts["lists wanted"] == 2
    assert not database.is_empty()


def test_only_the_newest_blocks_are_remembered(database: Database) -> None:
    database.append(span(1, 100), None)
    database.append(span(101, 150), followed(100))
    assert [block.number for block in database.followed()] == list(
        range(150, 150 - KEPT_BLOCKS, -1)
    )


def test_events_come_back_as_they_were_oldest_first(database: Database) -> None:
    told = [happening(5, 1, "0xA"), happening(5, 0, "0xA", "Revoked"), happening(5, 2, "0xB")]
    database.append(span(5, 5, events=told), None)
    assert database.events_of("0xA") == [told[1], told[0]]
    assert database.events_of("0xA", "Revoked") == [told[1]]
    assert database.events_of("0xC") == []


def test_a_digest_is_dated_by_every_anchor_over_its_list(database: Database) -> None:
    many = [anchor(5, 0, 1), anchor(7, 0, 1), anchor(6, 0, 2), anchor(6, 1, 1, OTHER)]
    database.append(span(5, 7, anchors=many), None)
    wanted = {(one.root, at): one for at, one in enumerate(database.wanted(0, 100))}
    assert len(wanted) == 3
    database.keep_lists(
        [(one.id, entries(1)) for one in wanted.values() if one.root == word(1, "root")]
    )
    dated = database.anchors_of(entries(1)[0].digest)
    assert [(one.block, one.judge) for one in dated] == [(5, BOOK), (6, OTHER), (7, BOOK)]
    assert dated[0].root == word(1, "root")
    assert dated[0].time == 1005
    assert database.anchors_of(entries(2)[0].digest) == []
    listed = {(entry.digest, entry.envelope) for entry in entries(1)}
    assert set(database.entries_of(dated[0].list)) == listed
    assert database.read_lists(0, 10) == sorted({one.list for one in dated})
    assert ZERO32 in {envelope for _, envelope in listed}


def test_a_list_is_written_only_while_it_is_wanted(database: Database) -> None:
    database.append(span(5, 5, anchors=[anchor(5, 0, 1), anchor(5, 1, 2)]), None)
    one, two = database.wanted(0, 10)
    database.keep_lists([(one.id, entries(1)), (one.id, entries(2))])
    database.mark_false(one.id)
    database.mark_false(two.id)
    database.keep_lists([(two.id, entries(2)), (987654, entries(3))])
    database.put_off(two.id, 0)
    counts = database.counts()
    assert counts["digests"] == len(entries(1))
    assert (counts["lists wanted"], counts["lists read"], counts["lists false"]) == (0, 1, 1)


def test_a_list_that_was_put_off_is_due_later_and_behind_the_others(database: Database) -> None:
    database.append(span(5, 5, anchors=[anchor(5, 0, 1), anchor(5, 1, 2)]), None)
    one, two = database.wanted(0, 10)
    database.put_off(one.id, 50)
    assert [wanted.id for wanted in database.wanted(49, 10)] == [two.id]
    assert [(wanted.id, wanted.tries) for wanted in database.wanted(50, 10)] == [
        (two.id, 0),
        (one.id, 1),
    ]
    assert len(database.wanted(50, 1)) == 1


def test_unwinding_leaves_what_stands_and_nothing_else(database: Database) -> None:
    database.append(span(1, 5, anchors=[anchor(5, 0, 1)], events=[happening(5, 1, "0xA")]), None)
    read(database, 1)
    before = fingerprint(database._engine)
    database.append(
        span(
            6,
            8,
            anchors=[anchor(6, 0, 1), anchor(7, 0, 2), anchor(8, 0, 3)],
            events=[happening(8, 1, "0xA")],
        ),
        followed(5),
    )
    read(database, 2)
    assert not database.unwind(followed(7), 5)
    assert fingerprint(database._engine).differences(before) == [
        "anchors",
        "digests",
        "events",
        "manifests",
    ]
    assert database.unwind(followed(8), 5)
    assert fingerprint(database._engine) == before
    assert database.anchors_of(entries(1)[0].digest)
    assert database.unwind(followed(5), -1)
    assert database.is_empty()


def test_whoever_dies_in_the_middle_leaves_nothing_half_written(url: str) -> None:
    """Each statement of a transaction fails in turn; the next process finds all or nothing."""
    story = [
        lambda d: d.append(
            span(1, 5, anchors=[anchor(5, 0, 1)], events=[happening(5, 1, "0xA")]), None
        ),
        lambda d: read(d, 1),
        lambda d: d.append(span(6, 9, anchors=[anchor(7, 0, 2)]), followed(5)),
        lambda d: d.unwind(followed(9), 3),
    ]
    deaths, dying, another = 0, Database(url), Database(url)
    for act in story:
        for fatal in range(1, 50):
            before = fingerprint(another._engine)
            left = iter(range(fatal - 1, -1, -1))

            @event.listens_for(dying._engine, "before_cursor_execute")
            def die(*_: object, left: object = left) -> None:
                if next(left) == 0:  # type: ignore[call-overload]
                    raise SystemExit

            try:
                act(dying)
                break
            except SystemExit:
                deaths += 1
                assert fingerprint(another._engine) == before
            finally:
                event.remove(dying._engine, "before_cursor_execute", die)
    assert deaths > 15


def test_two_at_once_write_each_range_once(url: str) -> None:
    """Both read the same and write at the same time; one of them is told that it was late."""
    ours, theirs = Database(url), Database(url)
    gate = threading.Barrier(2)
    wrote: list[bool] = []

    def write(database: Database) -> None:
        for number in range(1, 20):
            after = followed(number - 1) if number > 1 else None
            gate.wait(60)
            many = span(number, number, anchors=[anchor(number, 0, number)])
            wrote.append(database.append(many, after))
            gate.wait(60)
            read_if_wanted(database)

    threads = [threading.Thread(target=write, args=(one,)) for one in (ours, theirs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert sorted(wrote) == [False] * 19 + [True] * 19
    counts = ours.counts()
    assert (counts["anchors"], counts["lists read"]) == (19, 19)
    assert counts["digests"] == 19 * len(entries(1))


def read_if_wanted(database: Database) -> None:
    for one in database.wanted(0, 10):
        name = next(n for n in range(1, 20) if word(n, "root") == one.root)
        database.keep_lists([(one.id, entries(name))])


def test_both_databases_have_the_same_fingerprint(postgres_url: str, tmp_path: Path) -> None:
    prints = []
    for address in (postgres_url, f"sqlite:///{tmp_path / 'node.db'}"):
        database = Database(address)
        database.append(
            span(
                5,
                7,
                anchors=[anchor(5, 0, 2), anchor(6, 0, 1)],
                events=[happening(5, 1, "0xa"), happening(5, 2, "0xB")],
            ),
            None,
        )
        read(database, 1)
        for person in ("0xb", "0xB", "0xa"):
            database.deliver(person, word(1), f"envelope of {person}".encode())
            database.put_on_shelf(person, "lock", person.encode())
        database.keep_document(word(9), b"document")
        prints.append(fingerprint(database._engine))
    assert prints[0] == prints[1]
    assert prints[0].total == prints[1].total


def test_every_kept_row_shows_in_the_fingerprint(url: str) -> None:
    database = Database(url)
    seen = [fingerprint(database._engine)]
    database.deliver("0xA", word(1), b"envelope")
    seen.append(fingerprint(database._engine))
    database.put_on_shelf("0xA", "lock", b"old")
    seen.append(fingerprint(database._engine))
    database.put_on_shelf("0xA", "lock", b"new")
    seen.append(fingerprint(database._engine))
    changed = [later.differences(earlier) for earlier, later in pairwise(seen)]
    assert changed == [["parcels"], ["shelf"], ["shelf"]]
    assert len({one.total for one in seen}) == 4


def test_opening_a_database_again_changes_nothing(database: Database) -> None:
    database.append(span(5, 7, anchors=[anchor(5, 0, 1)]), None)
    before = fingerprint(database._engine)
    bring_up_to_date(database._engine)
    assert fingerprint(Database(database.url)._engine) == before
