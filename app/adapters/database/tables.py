"""Owns what every part of the database stands on: its engine, and the journal that waybills tell."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.engine import Connection, Engine

from app.adapters.database.engine import insert_many_new
from app.adapters.database.schema import journal


class Tables:
    """A part of the database; each of its methods is one transaction."""

    _engine: Engine

    @property
    def engine(self) -> Engine:
        """For those who look at all tables at once: fingerprints, backups, figures."""
        return self._engine


def write_down(connection: Connection, entries: Iterable[Sequence[Any]], now: int) -> None:
    """Note in the journal what was kept: it goes into the next waybill."""
    rows = [{"entry": json.dumps(entry), "written_at": now} for entry in entries]
    insert_many_new(connection, journal, rows)
