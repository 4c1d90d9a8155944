"""Owns the observer: habits learnt from another population, and guesses from what is public of this one.

Questions about grants name the digest *and* the patient, so that linking the two, which is hard, is given
for free. Where the signals say nothing, the guess is the blind one.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp, log

from scripts.observing.public import Public
from scripts.observing.signals import WINDOW, Mark, Signals
from scripts.observing.staging import Given, Truth

MOST = 8
"""Openings of one chart in one hour that are told apart."""
LEAST_GAIN = 5.0
"""Log-likelihood by which a signal must help in the half from which it was not learnt."""
Exceedance = tuple[float, ...]
"""The probability of at least one, of at least two, …"""
DOCTOR_SIGNALS = frozenset({"relayer", "note in error", "next viewer", "category"})
CATEGORY_SIGNALS = frozenset(
    {"letter's size", "batch's size", "order", "opening's size", "body's size", "hour", "sender"}
)
TIME_SIGNALS = frozenset({"enrolled", "revoked", "retracted", "anchored", "openings anchored"})


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """What everybody is supposed to know of a population, and the blind guess stands on."""

    doctors: Mapping[str, float]
    categories: Mapping[str, float]
    together: Mapping[str, Mapping[str, float]]
    """By category: how its grants divide among doctors."""
    hours: Mapping[int, Exceedance]

    @classmethod
    def of(cls, truth: Truth) -> Distribution:
        """The true one."""
        together: dict[str, Counter[str]] = defaultdict(Counter)
        for given in truth.grants:
            together[given.category][given.doctor] += 1
        return cls(
            doctors=_shares(Counter(given.doctor for given in truth.grants)),
            categories=_shares(Counter(given.category for given in truth.grants)),
            together={name: _shares(counts) for name, counts in together.items()},
            hours=_hours(truth),
        )

    def blind_hours(self, count: int) -> Counter[int]:
        """The best guess, of that many hours, about a patient of whom nothing is known."""
        return _best(self.hours, count)


def opened_by_hour(truth: Truth) -> Mapping[str, Counter[int]]:
    """For each patient, how many openings each hour saw."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for patient, at in truth.openings:
        found[patient][at // WINDOW] += 1
    return found


@dataclass(kw_only=True)
class Habits:
    """What an observer learns from a population whose truth is known."""

    near: float = 0.0
    """How often a grant is sent by the account that sent its doctor's enrolment."""
    in_error: float = 0.0
    next_viewer: float = 0.0
    """How often these point at the right doctor."""
    tables: dict[str, dict[Hashable, Counter[str]]] = field(default_factory=dict)
    """By signal and value: of which categories the grants were. Only signals that help are kept."""
    marks: dict[Mark, Exceedance] = field(default_factory=dict)
    regardless: dict[Mark, Exceedance] = field(default_factory=dict)
    """The same whether it matches or not: of one who does not look at openings."""

    @classmethod
    def learnt(cls, public: Public, truth: Truth) -> Habits:
        """From all that can be seen of somebody else."""
        signals = Signals(public=public, busy=_hours(truth))
        habits = cls()
        habits._learn_doctors(signals, truth.grants)
        habits._learn_categories(signals, truth.grants)
        habits._learn_hours(signals, truth)
        return habits

    def _learn_doctors(self, signals: Signals, grants: Sequence[Given]) -> None:
        self.near = _share([signals.is_near(g.digest, g.doctor) for g in grants])
        errors = [(signals.in_error(g.digest), g.doctor) for g in grants]
        self.in_error = _share([told == true for told, true in errors if told])
        viewers = [(signals.next_viewer(g.digest, g.patient), g.doctor) for g in grants]
        self.next_viewer = _share([told == true for told, true in viewers if told])

    def _learn_categories(self, signals: Signals, grants: Sequence[Given]) -> None:
        seen = [(signals.of_grant(g.digest, g.patient), g.category) for g in grants]
        here, there = seen[::2], seen[1::2]
        usual = _shares(Counter(category for _, category in here))
        for name in CATEGORY_SIGNALS:
            table = _table(name, here)
            gain = sum(
                log(_told(table.get(told[name]), category, usual))
                for told, category in there
                if category in usual
            )
            if gain > LEAST_GAIN:
                self.tables[name] = _table(name, seen)

    def _learn_hours(self, signals: Signals, truth: Truth) -> None:
        opened = opened_by_hour(truth)
        seen: dict[Mark, list[int]] = defaultdict(list)
        roughly: dict[Mark, list[int]] = defaultdict(list)
        for patient in {given.patient for given in truth.grants}:
            for hour, mark in signals.around(patient):
                seen[mark].append(opened[patient][hour])
                roughly[mark._replace(matches=False)].append(opened[patient][hour])
        self.marks = {mark: _exceedance(counts) for mark, counts in seen.items()}
        self.regardless = {mark: _exceedance(counts) for mark, counts in roughly.items()}


@dataclass(kw_only=True)
class Observer:
    """Guesses; `using` names the signals that it may look at, all unless told."""

    public: Public
    known: Distribution
    habits: Habits
    using: Collection[str] = DOCTOR_SIGNALS | CATEGORY_SIGNALS | TIME_SIGNALS

    @cached_property
    def _signals(self) -> Signals:
        return Signals(public=self.public, busy=self.known.hours)

    def category_of(self, digest: bytes, patient: str) -> str:
        """Which category a grant is about."""
        weights = self._categories(digest, patient)
        return max(weights, key=lambda name: weights[name])

    def _categories(self, digest: bytes, patient: str) -> Mapping[str, float]:
        """How probable each is."""
        told = self._signals.of_grant(digest, patient)
        shares = self.known.categories
        weights = {name: log(share) for name, share in shares.items()}
        for signal, table in self.habits.tables.items():
            counts = table.get(told[signal]) if signal in self.using else None
            for name in weights:
                weights[name] += log(_told(counts, name, shares))
        likely = {name: exp(weight) for name, weight in weights.items()}
        return {name: weight / sum(likely.values()) for name, weight in likely.items()}

    def doctor_of(self, digest: bytes, patient: str) -> str:
        """Who a grant was given to."""
        weights = self._doctors(digest, patient)
        best = max(weights, key=lambda doctor: weights[doctor])
        sure = weights[best] / sum(weights.values())
        for name, hint, right in (
            ("note in error", self._signals.in_error(digest), self.habits.in_error),
            ("next viewer", self._signals.next_viewer(digest, patient), self.habits.next_viewer),
        ):
            if name in self.using and hint in weights and right > sure:
                best, sure = hint, right
        return best

    def _doctors(self, digest: bytes, patient: str) -> dict[str, float]:
        weights = dict(self.known.doctors)
        if "relayer" in self.using:
            near = {d for d in weights if self._signals.is_near(digest, d)}
            share = sum(weights[d] for d in near)
            if 0 < share < 1:
                for d in weights:
                    same = d in near
                    weights[d] *= (
                        self.habits.near / share if same else (1 - self.habits.near) / (1 - share)
                    )
        if "category" in self.using and self.habits.tables:
            told = self._categories(digest, patient)
            for d in weights:
                likely = sum(p * self.known.together[c].get(d, 0.0) for c, p in told.items())
                weights[d] *= likely / self.known.doctors[d]
        return weights

    def hours_of(self, patient: str, count: int) -> Counter[int]:
        """When a patient's chart was opened, that many times."""
        likely: dict[int, Exceedance] = dict(self.known.hours)
        for hour, mark in self._signals.around(patient):
            told = self.habits.marks.get(mark)
            if told is None or mark.name not in self.using:
                continue
            if "openings anchored" not in self.using:
                told = self.habits.regardless[mark._replace(matches=False)]
            likely[hour] = max(likely.get(hour, ()), told)
        return _best(likely, count)


def _shares(counts: Counter[str]) -> dict[str, float]:
    total = sum(counts.values())
    return {name: count / total for name, count in counts.most_common()}


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 0.0


def _table(
    name: str, seen: Sequence[tuple[dict[str, Hashable], str]]
) -> dict[Hashable, Counter[str]]:
    table: dict[Hashable, Counter[str]] = defaultdict(Counter)
    for told, category in seen:
        table[told[name]][category] += 1
    return dict(table)


def _told(counts: Counter[str] | None, category: str, usual: Mapping[str, float]) -> float:
    """How much likelier a category is after what was seen; as if the usual had been seen ten times."""
    if counts is None:
        return 1.0
    return (counts[category] / usual[category] + 10) / (counts.total() + 10)


def _exceedance(counts: Sequence[int]) -> Exceedance:
    return tuple(sum(count >= least for count in counts) / len(counts) for least in range(1, MOST))


def _hours(truth: Truth) -> dict[int, Exceedance]:
    opened = opened_by_hour(truth)
    everybody = len({given.patient for given in truth.grants})
    by_hour: dict[int, list[int]] = defaultdict(list)
    for hours in opened.values():
        for hour, count in hours.items():
            by_hour[hour].append(count)
    return {
        hour: tuple(sum(c >= least for c in counts) / everybody for least in range(1, MOST))
        for hour, counts in by_hour.items()
    }


def _best(likely: Mapping[int, Exceedance], count: int) -> Counter[int]:
    """The hours, each as often as it is worth, that most probably are right."""
    every = [(p, hour) for hour, told in likely.items() for p in told]
    return Counter(hour for _, hour in sorted(every, reverse=True)[:count])
