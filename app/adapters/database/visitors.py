"""Owns who is signed in, in the database: challenges, sessions, and the names under which people sign in."""

from __future__ import annotations

import time
from dataclasses import fields

from sqlalchemy import delete, select, update
from sqlalchemy.engine import Connection

from app.adapters.database.engine import alone, reading, writing
from app.adapters.database.keeping import replay
from app.adapters.database.schema import challenges, names, sessions
from app.adapters.database.tables import Tables, write_down
from app.core.errors import NameTaken, SignInNeeded
from app.core.signing_in import SignInName, WebSession


class Visitors(Tables):
    """Browsers that sign in. Nothing here lets a reader of the database sign in as anybody."""

    # challenges

    def keep_challenge(self, nonce: bytes, message: bytes, expires_at: int, now: int) -> None:
        """Remember that a message was given out; what has expired is forgotten."""
        with writing(self._engine) as connection:
            connection.execute(delete(challenges).where(challenges.c.expires_at <= now))
            row = {"nonce": nonce, "message": message, "expires_at": expires_at}
            connection.execute(challenges.insert().values(**row))

    def take_challenge(self, nonce: bytes, now: int) -> bytes | None:
        """The message's hash, for the first who asks in time; None for everybody else."""
        own = challenges.c.nonce == nonce
        query = select(challenges.c.message).where(own, challenges.c.expires_at > now)
        with writing(self._engine) as connection:
            message = connection.execute(query).scalar()
            taken = connection.execute(delete(challenges).where(own)).rowcount
        return bytes(message) if message is not None and taken else None

    # sessions

    def begin_session(self, session: WebSession, ended: bytes | None = None) -> None:
        """Keep a new session; the browser's older one ends with it, and so do those that are over."""
        row = {field.name: getattr(session, field.name) for field in fields(WebSession)}
        with writing(self._engine) as connection:
            over = sessions.c.expires_at <= session.began_at
            connection.execute(delete(sessions).where(over))
            if ended is not None:
                connection.execute(delete(sessions).where(sessions.c.id == ended))
            connection.execute(sessions.insert().values(**row))

    def session(self, id_: bytes) -> WebSession:
        """A session by the hash of its secret; raises SignInNeeded."""
        with reading(self._engine) as connection:
            row = connection.execute(select(sessions).where(sessions.c.id == id_)).first()
        if row is None:
            raise SignInNeeded()
        return WebSession(**{**row._mapping, "id": bytes(row.id)})

    def sessions_of(self, person: str) -> list[WebSession]:
        """A person's sessions, the one seen last first."""
        query = select(sessions).where(sessions.c.person == person)
        with reading(self._engine) as connection:
            found = connection.execute(query.order_by(sessions.c.seen_at.desc())).all()
        return [WebSession(**{**row._mapping, "id": bytes(row.id)}) for row in found]

    def see_session(self, id_: bytes, at: int) -> None:
        """Note that a session was used."""
        with writing(self._engine) as connection:
            connection.execute(update(sessions).where(sessions.c.id == id_).values(seen_at=at))

    def end_session(self, id_: bytes) -> None:
        """Forget one session."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.id == id_))

    def end_sessions(self, person: str) -> None:
        """Forget all sessions of a person."""
        with writing(self._engine) as connection:
            connection.execute(delete(sessions).where(sessions.c.person == person))

    # names

    def keep_name(self, name: SignInName) -> None:
        """Let a person sign in under a name, and no longer under another; raises NameTaken."""
        entry = ["name", name.person, name.name, name.ticket.hex()]
        with alone(self._engine) as connection:
            holder = _row_of(connection, name.name)
            if holder is not None and holder.person != name.person:
                raise NameTaken()
            replay(connection, [entry], {})
            write_down(connection, [entry], int(time.time()))

    def name(self, name: str) -> SignInName | None:
        """Who signs in under a name."""
        with reading(self._engine) as connection:
            return _row_of(connection, name)

    def name_of(self, person: str) -> str:
        """Under which name a person signs in; empty where there is none."""
        query = select(names.c.name).where(names.c.person == person)
        with reading(self._engine) as connection:
            return str(connection.execute(query).scalar() or "")


def _row_of(connection: Connection, name: str) -> SignInName | None:
    row = connection.execute(select(names).where(names.c.name == name)).first()
    if row is None:
        return None
    return SignInName(name=row.name, person=row.person, ticket=bytes(row.ticket))
