"""Owns uploads in the database: who sends how much, and how much each person keeps here."""

from __future__ import annotations

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Connection

from app.adapters.database.engine import alone, insert_new, reading, writing
from app.adapters.database.schema import stored, uploads
from app.adapters.database.tables import Tables
from app.core.errors import NotStored, StorageSpent, TooManyRequests
from app.core.uploading import MOST_OPEN, Upload


class Uploads(Tables):
    """What is coming in, in pieces; the pieces themselves are files."""

    def begin_upload(self, upload: Upload, quota: int) -> None:
        """Keep a new upload; raises StorageSpent, TooManyRequests where too many are open."""
        row = {name: getattr(upload, name) for name in Upload.__slots__}
        own = (uploads.c.person == upload.person, uploads.c.address == "")
        with alone(self._engine) as connection:
            count = select(func.count()).select_from(uploads).where(*own)
            if (connection.execute(count).scalar() or 0) >= MOST_OPEN:
                raise TooManyRequests()
            if quota and _spent(connection, upload.person) + upload.size > quota:
                raise StorageSpent(most=quota)
            connection.execute(uploads.insert().values(**row))

    def upload(self, id_: str, person: str) -> Upload:
        """A person's own upload; raises NotStored."""
        query = select(uploads).where(uploads.c.id == id_, uploads.c.person == person)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        if row is None:
            raise NotStored(address="such an upload")
        return Upload(**row._mapping)

    def end_upload(self, upload: Upload, address: str) -> None:
        """All of it is in the body store: from now on it counts as kept."""
        own = uploads.c.id == upload.id
        with writing(self._engine) as connection:
            connection.execute(update(uploads).where(own).values(address=address))
            keep = {"person": upload.person, "address": address, "size": upload.size}
            insert_new(connection, stored, **keep)

    def drop_upload(self, id_: str) -> None:
        """Forget one."""
        with writing(self._engine) as connection:
            connection.execute(delete(uploads).where(uploads.c.id == id_))

    def uploads_before(self, time: int) -> list[str]:
        """Those that began before that time."""
        query = select(uploads.c.id).where(uploads.c.began_at < time)
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())

    def stored_by(self, person: str) -> int:
        """How many bytes a person keeps here, with what is coming in."""
        with reading(self._engine) as connection:
            return _spent(connection, person)


def _spent(connection: Connection, person: str) -> int:
    kept = select(func.sum(stored.c.size)).where(stored.c.person == person)
    coming = select(func.sum(uploads.c.size)).where(
        uploads.c.person == person, uploads.c.address == ""
    )
    return sum(int(connection.execute(query).scalar() or 0) for query in (kept, coming))
