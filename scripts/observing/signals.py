"""Owns the signals: what of the public record may tell something about one grant or one patient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from scripts.observing.population import HOUR, MINUTE
from scripts.observing.public import Anchor, Happening, Public, Thing

SOONEST, LATEST = 4 * MINUTE, 55 * MINUTE
"""How long after a grant its category is opened, as far as an observer of waiting rooms knows."""
BURST = 10 * MINUTE
NEAR = 2 * MINUTE
WINDOW = 15 * MINUTE
"""A time is guessed right when it is the right quarter of an hour."""
BEFORE, AFTER = 12, 8
"""Windows around an appearance, where openings are looked for."""


class Mark(NamedTuple):
    """What there is to see around an hour: an appearance of the patient, and openings of anybody."""

    name: str
    offset: int
    busy: bool
    """Whether anybody's chart is ever opened at that hour: doctors' hours are no secret."""
    matches: bool
    """Whether as many openings left together as the patient did things together."""


@dataclass(frozen=True, kw_only=True)
class Signals:
    """Looks things up in what is public."""

    public: Public
    busy: Collection[int]
    """The windows of time in which anybody's chart is opened."""

    @cached_property
    def credentialed(self) -> Mapping[str, Happening]:
        """When each practitioner was credentialed."""
        return {h.person: h for h in self.public.happenings if h.name == "credentialed"}

    @cached_property
    def home(self) -> Mapping[str, str]:
        """Who sent each person's enrolment: a node's account, or the person."""
        return {h.person: h.sender for h in self.public.happenings if h.name == "enrolled"}

    # about a grant

    def of_grant(self, digest: bytes, patient: str) -> dict[str, Hashable]:
        """Everything that may tell which category a grant is about."""
        public = self.public
        anchor, entry = public.anchored[digest]
        letter, letters = public.envelope(entry), public.letters(anchor)
        body = public.next_body(anchor.at, LATEST)
        return {
            "letter's size": letter.size if letter else 0,
            "batch's size": min(len(letters), 8),
            "order": self._rank(letter, anchor, patient),
            "opening's size": self._opening(digest, patient),
            "body's size": body.size.bit_length() if body else 0,
            "hour": anchor.at // HOUR % 24,
            "sender": anchor.sender == patient,
        }

    def _rank(self, letter: Thing | None, anchor: Anchor, patient: str) -> Hashable:
        """The letter's place among those of its batch, or among what its patient sent just then."""
        if anchor.sender == patient:
            return self._burst_of(patient, anchor.at).index(anchor.at)
        letters = self.public.letters(anchor)
        before = sum(other.place < letter.place for other in letters) if letter else 0
        return min(len(letters), 8), min(before, 8)

    def _burst_of(self, patient: str, at: int) -> list[int]:
        appearances = self.public.appearances.get(patient, ())
        return [h.at for h in appearances if h.name == "anchored" and abs(h.at - at) <= NEAR]

    def _opening(self, digest: bytes, patient: str) -> Hashable:
        """The sizes of what was opened after it: in the same node's batches, or by the likeliest doctor."""
        anchor, _ = self.public.anchored[digest]
        viewer = self.next_viewer(digest, patient)
        burst = self._viewings(anchor.at).get(viewer, []) if viewer else []
        if burst:
            rank = self._rank(None, anchor, patient)
            place = rank if isinstance(rank, int) and rank < len(burst) else 0
            return self._largest(burst[place])
        batches = [
            batch
            for batch in self.public.accesses_between(anchor.at + SOONEST, anchor.at + LATEST)
            if batch.sender == anchor.sender
        ]
        return frozenset(letter.size for batch in batches for letter in self.public.letters(batch))

    def _largest(self, batch: Anchor) -> int:
        return max((letter.size for letter in self.public.letters(batch)), default=0)

    def _viewings(self, at: int) -> Mapping[str, list[Anchor]]:
        """What practitioners anchored themselves in the time after a grant: each one's first burst."""
        found: dict[str, list[Anchor]] = defaultdict(list)
        for batch in self.public.accesses_between(at + SOONEST, at + LATEST):
            own = found[batch.sender]
            if batch.sender in self.credentialed and (not own or batch.at - own[0].at <= BURST):
                own.append(batch)
        return {sender: many for sender, many in found.items() if many}

    def next_viewer(self, digest: bytes, patient: str) -> str:
        """The practitioner who, by own transactions, opened as much as was granted together; or none."""
        anchor, _ = self.public.anchored[digest]
        granted = len(self._burst_of(patient, anchor.at))
        fitting = {s: m for s, m in self._viewings(anchor.at).items() if len(m) == granted}
        return min(fitting, key=lambda sender: fitting[sender][0].at, default="")

    def is_near(self, digest: bytes, doctor: str) -> bool:
        """Whether a grant was sent by the account that sent the doctor's enrolment."""
        return self.public.anchored[digest][0].sender == self.home.get(doctor)

    @cached_property
    def _errors(self) -> Mapping[str, list[tuple[int, str]]]:
        """By sender: when a note was anchored that a doctor later called an error, and who."""
        found: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for happening in self.public.happenings:
            if happening.name == "retracted" and happening.digest in self.public.anchored:
                anchor, _ = self.public.anchored[happening.digest]
                found[self.home.get(happening.person, "")].append((anchor.at, happening.person))
        return found

    def in_error(self, digest: bytes) -> str:
        """The doctor who retracted a note that was written soon after the grant, or none."""
        anchor, _ = self.public.anchored[digest]
        near = self._errors.get(anchor.sender, ())
        times = [(at, who) for at, who in near if SOONEST <= at - anchor.at <= LATEST + BURST]
        return min(times)[1] if times else ""

    # about a patient

    def around(self, patient: str) -> Iterator[tuple[int, Mark]]:
        """Hours in which the patient's chart may have been opened, each with why."""
        seen = self.public.appearances.get(patient, ())
        for happening in seen:
            together = sum(
                h.name == happening.name and abs(h.at - happening.at) <= NEAR for h in seen
            )
            first = happening.at // WINDOW
            for offset in range(-BEFORE, AFTER + 1):
                counts = self._opened_in.get(first + offset, frozenset())
                mark = Mark(
                    name=happening.name,
                    offset=offset,
                    busy=first + offset in self.busy,
                    matches=together in counts,
                )
                yield first + offset, mark

    @cached_property
    def _opened_in(self) -> Mapping[int, frozenset[int]]:
        """By hour: how many openings were anchored together, or by one practitioner in a row."""
        found: dict[int, set[int]] = defaultdict(set)
        rows: dict[tuple[int, str], int] = defaultdict(int)
        for batch in self.public.accesses:
            hour = batch.at // WINDOW
            found[hour].add(len(self.public.letters(batch)))
            if batch.sender in self.credentialed:
                rows[hour, batch.sender] += 1
        for (hour, _), count in rows.items():
            found[hour].add(count)
        return {hour: frozenset(counts) for hour, counts in found.items()}
