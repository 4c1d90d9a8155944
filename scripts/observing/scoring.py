"""Owns the score: an observer's guesses against the truth, and against the best blind guess."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.observing.guessing import Distribution, Observer, opened_by_hour
from scripts.observing.staging import Truth

RESAMPLES = 400
"""Of the bootstrap."""
LOW, HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class Answers:
    """About one patient: how many questions, answers right, and blind answers right."""

    asked: int
    right: int
    blind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Advantage:
    """(accuracy − guessing) / (1 − guessing), with its 95 % interval, patients drawn anew."""

    value: float
    low: float
    high: float
    accuracy: float
    guessing: float
    asked: int

    @classmethod
    def of(cls, answers: Sequence[Answers]) -> Advantage:
        """Of all patients together."""
        dice = random.Random(1)  # noqa: S311 — it draws samples
        drawn = sorted(_advantage(dice.choices(answers, k=len(answers))) for _ in range(RESAMPLES))
        asked = sum(one.asked for one in answers)
        return cls(
            value=_advantage(answers),
            low=drawn[round(LOW * (RESAMPLES - 1))],
            high=drawn[round(HIGH * (RESAMPLES - 1))],
            accuracy=sum(one.right for one in answers) / asked,
            guessing=sum(one.blind for one in answers) / asked,
            asked=asked,
        )


def _advantage(answers: Sequence[Answers]) -> float:
    asked, right = sum(a.asked for a in answers), sum(a.right for a in answers)
    blind = sum(a.blind for a in answers)
    return (right - blind) / (asked - blind)


def score(observer: Observer, truth: Truth, known: Distribution) -> Mapping[str, Advantage]:
    """The three games: whose grant, what it is about, and when a chart was opened."""
    doctor, category = max(known.doctors, key=known.doctors.__getitem__), ""
    category = max(known.categories, key=known.categories.__getitem__)
    doctors: dict[str, list[tuple[bool, bool]]] = {}
    categories: dict[str, list[tuple[bool, bool]]] = {}
    for given in truth.grants:
        told = observer.doctor_of(given.digest, given.patient)
        right = told == given.doctor, doctor == given.doctor
        doctors.setdefault(given.patient, []).append(right)
        told = observer.category_of(given.digest, given.patient)
        right = told == given.category, category == given.category
        categories.setdefault(given.patient, []).append(right)
    return {
        "doctor": Advantage.of([_answers(many) for many in doctors.values()]),
        "category": Advantage.of([_answers(many) for many in categories.values()]),
        "time": Advantage.of(_hours(observer, truth, known)),
    }


def _answers(many: Sequence[tuple[bool, bool]]) -> Answers:
    return Answers(len(many), sum(right for right, _ in many), sum(blind for _, blind in many))


def _hours(observer: Observer, truth: Truth, known: Distribution) -> list[Answers]:
    found = []
    for patient, opened in opened_by_hour(truth).items():
        count = opened.total()
        right = (observer.hours_of(patient, count) & opened).total()
        found.append(Answers(count, right, (known.blind_hours(count) & opened).total()))
    return found
