"""Owns what the demo's acts pass on to one another: the people, and what they have made so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.core.bundles import Chart
from app.demo.story import Story
from app.embedded import Embedded


@dataclass(kw_only=True)
class Stage:
    """The people and things that the acts pass on to one another."""

    place: Embedded
    story: Story
    chart: Chart
    patient: Person
    doctor: Person
    stranger: Person
    hospital: Person
    colleague: Person
    files: list[RecordFile] = field(default_factory=list)
    grants: list[GrantFile] = field(default_factory=list)
    note: RecordFile | None = None

    def first_of(self, category: str) -> RecordFile:
        """The first imported record of a category."""
        return next(file for file in self.files if file.statement.category == category)

    @property
    def categories(self) -> list[str]:
        """The chart's categories, those with most records first."""
        names = [record.category for record in self.chart.records]
        return sorted(set(names), key=lambda name: (-names.count(name), name))
