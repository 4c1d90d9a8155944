"""The observer sees much where nothing hides it, and little where a node does what it ships with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import pytest

from app.core.categories import CATEGORIES
from app.core.encoding import ZERO32
from app.core.statements import CONSENT
from scripts import observer
from scripts.observing.guessing import Distribution
from scripts.observing.population import Population, Size
from scripts.observing.publishing import HandedIn, Protections, Publisher, read_list
from scripts.observing.scoring import Advantage, Answers
from scripts.observing.signing import Clock, Someone, seeded
from scripts.observing.staging import Given, Truth
from tests.makers import DOMAINS

SMALL = Size(patients=40, doctors=10, grants=320, nodes=2)
FAR = 0.25
"""An advantage that nobody could take for chance in a population of that size."""

Found = Mapping[str, Mapping[str, Advantage]]


@pytest.fixture(scope="module")
def nothing_hidden(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """Everybody anchors for themselves, at once, unpadded and in order."""
    folder = tmp_path_factory.mktemp("none")
    return observer.observe(SMALL, 1, Protections.none(), folder)[0]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """The same people, with what a node does unless it is told otherwise."""
    folder = tmp_path_factory.mktemp("shipped")
    return observer.observe(SMALL, 1, Protections.shipped(), folder)[0]


@pytest.mark.parametrize("game", ["doctor", "category", "time"])
def test_an_observer_of_the_unprotected_knows_much(nothing_hidden: Found, game: str) -> None:
    assert nothing_hidden["all"][game].low > FAR


def test_no_category_is_told_by_what_a_node_publishes(shipped: Found) -> None:
    category = shipped["all"]["category"]
    assert category.low <= 0.0
    assert category.high < 0.1


def test_the_doctor_is_told_by_little_else_than_the_relayer(shipped: Found) -> None:
    assert shipped["without the relayer"]["doctor"].high < 0.1
    assert shipped["all"]["doctor"].value <= shipped["the relayer alone"]["doctor"].value + 0.05


def test_times_are_told_by_what_patients_do_in_public_and_by_no_anchor(
    shipped: Found, nothing_hidden: Found
) -> None:
    by_all, by_acts = shipped["all"]["time"], shipped["the patient's own acts alone"]["time"]
    assert by_all.value < nothing_hidden["all"]["time"].value / 2
    assert by_all.value - by_acts.value < 0.05


def test_the_report_says_what_was_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], shipped: Found
) -> None:
    monkeypatch.setattr(observer, "observe", lambda *_: (shipped, 7))
    assert observer.main(["--json", "--patients", "40"]) == 0
    told = json.loads(capsys.readouterr().out)
    for game in ("doctor", "category", "time"):
        low, high = told[f"advantage_{game}_interval"]
        assert low <= told[f"advantage_{game}"] <= high <= 1
    assert (told["patients"], told["grants"], told["transactions"]) == (40, 10_000, 7)
    assert observer.main([]) == 0
    assert "without the relayer" in capsys.readouterr().out


# --- the score ---


def test_knowing_is_one_and_guessing_is_nothing() -> None:
    assert Advantage.of([Answers(10, 10, 3), Answers(5, 5, 0)]).value == 1.0
    guess = Advantage.of([Answers(10, 3, 3), Answers(5, 1, 1)])
    assert (guess.value, guess.low, guess.high) == (0.0, 0.0, 0.0)
    assert (guess.accuracy, guess.guessing, guess.asked) == (4 / 15, 4 / 15, 15)


def test_the_interval_holds_the_value_and_narrows_with_more_patients() -> None:
    few = Advantage.of([Answers(10, 6, 2), Answers(10, 2, 2)] * 5)
    many = Advantage.of([Answers(10, 6, 2), Answers(10, 2, 2)] * 200)
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 3


def test_the_blind_guess_knows_how_often_what_is_the_case() -> None:
    given = [
        Given(digest=bytes([n]) * 32, patient=f"p{n % 2}", doctor=doctor, category="plans", at=0)
        for n, doctor in enumerate("aaab")
    ]
    openings = [("p0", 0), ("p0", 60), ("p1", 0), ("p1", 3600)]
    known = Distribution.of(Truth(grants=given, openings=openings))
    assert known.doctors == {"a": 0.75, "b": 0.25}
    assert known.blind_hours(1) == Counter({0: 1})
    assert known.blind_hours(3) == Counter({0: 2, 4: 1})


# --- what becomes public ---


def someone(protections: Protections, name: str = "someone") -> Someone:
    return Someone(domains=DOMAINS, clock=Clock(), random=seeded(name), protections=protections)


def sizes(protections: Protections) -> set[int]:
    """Of letters of grants of all categories, by patients who took nothing back and many times."""
    patient, doctor = someone(protections, "patient"), someone(protections, "doctor")
    found = set()
    for patient.epoch in (0, 9, 30):
        found |= {len(patient.grant(doctor, category).letter) for category in CATEGORIES}
    return found


def test_letters_of_grants_have_one_size_whatever_the_category_and_the_epoch() -> None:
    assert len(sizes(Protections.shipped())) == 1
    assert len(sizes(Protections.former())) > 1
    assert len(sizes(Protections.none())) > 10


def publisher(protections: Protections) -> Publisher:
    return Publisher(
        relayer="relayer", protections=protections, random=seeded("node"), things={}, lists={}
    )


def test_batches_leave_by_the_clock_and_their_lists_tell_no_order() -> None:
    node = publisher(Protections.shipped())
    digests = [seeded(n)(32) for n in range(6)]
    for place, digest in enumerate(digests):
        assert not list(node.take(101 + place, HandedIn(judge=CONSENT, digest=digest)))
    assert not list(node.until(109))
    (batch,) = node.until(1000)
    assert (batch.at, batch.sender) == (110, "relayer")
    assert [entry.digest for entry in read_list(batch.manifest)] == sorted(digests)


def test_with_padding_every_list_is_full_and_every_entry_leads_somewhere() -> None:
    node = publisher(replace(Protections.shipped(), pad_to=8))
    list(node.take(101, HandedIn(judge=CONSENT, digest=seeded(1)(32), letter=b"CKE")))
    (batch,) = node.until(200)
    entries = read_list(batch.manifest)
    assert len(entries) == 8
    assert all(entry.envelope in node.things for entry in entries)
    assert ZERO32 not in {entry.envelope for entry in entries}


def test_where_nobody_relays_each_person_is_seen_at_once() -> None:
    node = publisher(Protections.none())
    one = HandedIn(judge=CONSENT, digest=seeded(1)(32), person="patient")
    (batch,) = node.take(101, one)
    assert (batch.at, batch.sender) == (101, "patient")


def test_a_population_does_as_much_as_it_is_told() -> None:
    population = Population(size=SMALL, seed=3)
    assert sum(len(visit.granted) for visit in population.visits) == SMALL.grants
    assert sum(len(visit.opened) for visit in population.visits) == SMALL.grants
    assert (len(population.patients), len(population.doctors)) == (40, 10)
    for visit in population.visits:
        assert population.enrols[visit.patient] < visit.granted[0][0] < visit.opened[0]
        assert population.doctors[visit.doctor].joins < visit.granted[0][0]
    assert population.visits == Population(size=SMALL, seed=3).visits


def test_the_shipped_protections_are_those_of_the_settings() -> None:
    protections = Protections.shipped()
    assert (protections.batch_seconds, protections.pad_to) == (10, 0)
    assert protections.sorts
    assert protections.relays
