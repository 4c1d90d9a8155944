"""Owns a node's database: everything that it queues, keeps and indexes, on SQLite or PostgreSQL."""

from __future__ import annotations

from weakref import finalize

from app.adapters.database.directory import Directory
from app.adapters.database.engine import connect
from app.adapters.database.index import Index
from app.adapters.database.keeping import Keeping
from app.adapters.database.migrate import bring_up_to_date
from app.adapters.database.outbox import Outbox
from app.adapters.database.transactions import Transactions
from app.adapters.database.uploads import Uploads
from app.adapters.database.visitors import Visitors


class Database(Outbox, Transactions, Keeping, Index, Visitors, Directory, Uploads):
    """A node's tables, brought up to date when opened; each method is one transaction."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._engine = connect(url)
        finalize(self, self._engine.dispose)  # its connections close with it
        bring_up_to_date(self._engine)
