"""Owns the simulated population: who they are, whom they visit, and their habits.

Nobody here is anybody. The habits are those that help an observer: people enrol at the reception
just before they grant, take back just after a visit, keep to one practice, and grant in the order of a
list; specialists ask for their own categories, and some categories hold far more records than others.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.core.categories import CATEGORIES

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
WEEK = 7 * DAY
ENROLLING_WEEKS, WEEKS = 1, 5
"""People join in the first week, and the visits fill the others."""
AT_RECEPTION = 0.3
"""The share of patients who enrol minutes before their first grant."""
OWN_PRACTICE = 0.7
"""The share of visits to a practice of the patient's own node."""
TAKES_BACK, AT_ONCE = 0.1, 0.4
"""The share of visits after which the grants are taken back, and of those that within the hour."""
IN_ERROR = 0.01
"""The share of notes that their author retracts within the hour."""
MOST_AT_ONCE = 4
"""Categories that a visit asks for."""
JOINS_LATE = 0.1
"""The share of doctors who begin in the middle."""

USUAL = {
    "demographics": (6, 1, 900),
    "encounters": (8, 12, 1500),
    "conditions": (10, 8, 1200),
    "medications": (12, 10, 1400),
    "allergies": (7, 2, 800),
    "immunizations": (4, 9, 900),
    "laboratory": (12, 40, 3000),
    "vitals": (9, 60, 1100),
    "imaging": (6, 4, 900_000),
    "procedures": (5, 5, 1800),
    "documents": (6, 14, 60_000),
    "plans": (4, 3, 2200),
    "billing": (3, 20, 1600),
    "mental-health": (3, 6, 4000),
    "sexual-health": (2, 3, 2000),
    "substance-use": (2, 3, 2000),
    "genetics": (1, 2, 120_000),
}
"""For each category: how often it is asked for, its records in a chart, and the bytes of a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How large a population is, and among how many nodes it is divided."""

    patients: int = 500
    doctors: int = 40
    grants: int = 10_000
    nodes: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Doctor:
    """A practitioner: a node, a way of working, and what the practice asks for."""

    node: int
    joins: int
    popularity: float
    hours: Sequence[int]
    """Half days of the week, 0 to 9."""
    wants: Sequence[float]
    """Weights of the categories."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient: a node, and how many records each category holds."""

    node: int
    records: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What the doctor writes after a visit."""

    at: int
    category: str
    size: int
    retracted_at: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit: grants at the reception, an opening for each, a note, sometimes a taking back."""

    patient: int
    doctor: int
    granted: Sequence[tuple[int, str]]
    """When, and which category."""
    opened: Sequence[int]
    note: Note
    taken_back_at: int = 0


@dataclass(kw_only=True)
class Population:
    """Everybody, and everything that they do; times count from the first Monday's midnight."""

    size: Size
    seed: int
    doctors: list[Doctor] = field(default_factory=list)
    patients: list[Patient] = field(default_factory=list)
    enrols: list[int] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 — it makes people up
        self.doctors = [self._doctor(n) for n in range(self.size.doctors)]
        self.patients = [self._patient(n) for n in range(self.size.patients)]
        left = self.size.grants
        while left:
            visit = self._visit(min(left, self._how_many()))
            self.visits.append(visit)
            left -= len(visit.granted)
        self.visits.sort(key=lambda visit: visit.granted[0][0])
        self.enrols = [self._enrols(n) for n in range(self.size.patients)]

    def _doctor(self, number: int) -> Doctor:
        dice = self._dice
        usual = [float(USUAL[name][0]) for name in CATEGORIES]
        if number % 3:  # specialists
            for place in dice.sample(range(len(usual)), 3):
                usual[place] *= 12
        late = dice.random() < JOINS_LATE
        joins = dice.randrange(2 * WEEK, 3 * WEEK) if late else dice.randrange(3 * DAY)
        return Doctor(
            node=number % self.size.nodes,
            joins=joins,
            popularity=dice.lognormvariate(0, 0.4),
            hours=sorted(dice.sample(range(10), 6)),
            wants=usual,
        )

    def _patient(self, number: int) -> Patient:
        dice = self._dice
        records = [
            min(max(1, round(USUAL[name][1] * dice.lognormvariate(0, 0.7))), 1000)
            for name in CATEGORIES
        ]
        return Patient(node=number % self.size.nodes, records=records)

    def _how_many(self) -> int:
        return self._dice.choices(range(1, MOST_AT_ONCE + 1), (25, 30, 25, 20))[0]

    def _visit(self, count: int) -> Visit:
        dice = self._dice
        patient = dice.randrange(self.size.patients)
        doctor = self._choice_of(patient)
        chosen = self.doctors[doctor]
        start = self._slot(chosen)
        names = self._categories(chosen, count)
        granted, opened, at = [], [], start
        for name in names:
            granted.append((at, name))
            at += dice.randint(1, 3)
        at += dice.randint(5 * MINUTE, 40 * MINUTE)
        for _ in granted:
            opened.append(at)
            at += dice.randint(20, 120)
        written = opened[-1] + dice.randint(3 * MINUTE, 15 * MINUTE)
        category = dice.choice(names)
        size = max(200, round(USUAL[category][2] * dice.lognormvariate(0, 0.6)))
        wrong = dice.random() < IN_ERROR
        note = Note(
            at=written,
            category=category,
            size=size,
            retracted_at=written + dice.randint(MINUTE, HOUR) if wrong else 0,
        )
        return Visit(
            patient=patient,
            doctor=doctor,
            granted=granted,
            opened=opened,
            note=note,
            taken_back_at=self._taken_back(opened[-1]),
        )

    def _choice_of(self, patient: int) -> int:
        dice, own = self._dice, self.patients[patient].node
        near = [n for n, doctor in enumerate(self.doctors) if doctor.node == own]
        pool = near if near and dice.random() < OWN_PRACTICE else range(self.size.doctors)
        return dice.choices(pool, [self.doctors[n].popularity for n in pool])[0]

    def _slot(self, doctor: Doctor) -> int:
        """A moment in the doctor's hours after both have joined."""
        dice = self._dice
        first = max(ENROLLING_WEEKS, doctor.joins // WEEK + 1)
        week, half = dice.randrange(first, WEEKS), dice.choice(doctor.hours)
        morning = 8 if half % 2 == 0 else 13
        return week * WEEK + half // 2 * DAY + morning * HOUR + dice.randrange(4 * HOUR)

    def _categories(self, doctor: Doctor, count: int) -> list[str]:
        """Different ones, in the order of the list on the page."""
        chosen: set[str] = set()
        while len(chosen) < count:
            chosen.add(self._dice.choices(tuple(CATEGORIES), doctor.wants)[0])
        return [name for name in CATEGORIES if name in chosen]

    def _taken_back(self, last: int) -> int:
        dice = self._dice
        if dice.random() >= TAKES_BACK:
            return 0
        if dice.random() < AT_ONCE:
            return last + dice.randint(5 * MINUTE, HOUR)
        evening = (last // DAY + dice.randint(1, 4)) * DAY + 18 * HOUR
        return evening + dice.randrange(4 * HOUR)

    def _enrols(self, patient: int) -> int:
        dice = self._dice
        first = next((v.granted[0][0] for v in self.visits if v.patient == patient), 0)
        if first and dice.random() < AT_RECEPTION:
            return first - dice.randint(30, 2 * MINUTE)
        return 4 * DAY + dice.randrange(3 * DAY)
