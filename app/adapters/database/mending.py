"""Owns what a repair writes into a node's database: nothing but what hashes and the chain bear out."""

from __future__ import annotations

from sqlalchemy import update

from app.adapters.database.engine import alone, writing
from app.adapters.database.index import READ, WANTED
from app.adapters.database.schema import INDEX, digests, manifests, sheets
from app.adapters.database.tables import Tables


class Mending(Tables):
    """Puts rows right that an audit has found wrong."""

    def __init__(self, database: Tables) -> None:
        self._engine = database._engine

    def read_again(self, list_: int) -> None:
        """Forget the digests of a list: they are read from the list itself once more."""
        with alone(self._engine) as connection:
            own = (manifests.c.id == list_, manifests.c.state == READ)
            again = {"state": WANTED, "tries": 0, "next_try": 0}
            if connection.execute(update(manifests).where(*own).values(again)).rowcount:
                connection.execute(digests.delete().where(digests.c.list == list_))

    def drop_list(self, list_: int) -> None:
        """Forget a list that no anchor names, and its digests."""
        with alone(self._engine) as connection:
            connection.execute(digests.delete().where(digests.c.list == list_))
            connection.execute(manifests.delete().where(manifests.c.id == list_))

    def empty_index(self) -> None:
        """Forget all rows of the index, where it does not know how far it has come."""
        with alone(self._engine) as connection:
            for table in reversed(INDEX):
                connection.execute(table.delete())

    def put_sheet(self, address: str, sheet: bytes) -> None:
        """Write a key sheet anew, whose statement names its hash."""
        with writing(self._engine) as connection:
            own = sheets.c.address == address
            connection.execute(update(sheets).where(own).values(sheet=sheet))
