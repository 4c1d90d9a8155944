"""Owns signing in: challenges that a wallet signs (ERC-4361), the sessions that follow, and their ends.

The server keeps hashes of nonces and of sessions' secrets only. A session ends after a while without
requests, at its time, when its person says so anywhere, and when its key no longer speaks for them.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Protocol
from urllib.parse import urlsplit

from siwe import ISO8601Datetime, SiweMessage

from app.core.encoding import ZERO_ADDRESS
from app.core.erasure import text_hash
from app.core.errors import (
    ChainError,
    MalformedSignature,
    MalleableSignature,
    SignInNeeded,
    SignInRefused,
    WrongTicket,
)
from app.core.ports import ChainView
from app.core.sheets import RandomBytes
from app.core.signatures import recover
from app.core.signing_in import ID_BYTES, SignInName, WebSession, session_hash, sign_in_name

CHALLENGE_SECONDS = 300
NOTED_SECONDS = 60
"""How exactly it is known when a session was last used, and how long a key that was replaced is not noticed."""
STATEMENT = "Sign in to Chartkey. This gives nobody access to anything."
NOBODY = SignInName(name="", person="", ticket=bytes(32))


class Visitors(Protocol):
    """What is remembered of browsers (adapters/database/visitors.py says what each does)."""

    def keep_challenge(self, nonce: bytes, message: bytes, expires_at: int, now: int) -> None: ...
    def take_challenge(self, nonce: bytes, now: int) -> bytes | None: ...
    def begin_session(self, session: WebSession, ended: bytes | None = None) -> None: ...
    def session(self, id_: bytes) -> WebSession: ...
    def sessions_of(self, person: str) -> list[WebSession]: ...
    def see_session(self, id_: bytes, at: int) -> None: ...
    def end_session(self, id_: bytes) -> None: ...
    def end_sessions(self, person: str) -> None: ...
    def keep_name(self, name: SignInName) -> None: ...
    def name(self, name: str) -> SignInName | None: ...
    def name_of(self, person: str) -> str: ...


@dataclass(kw_only=True)
class SignIn:
    """Lets people in, and out again; any number of processes may share one database."""

    visitors: Visitors
    view: Callable[[], ChainView]
    chain_id: int
    clock: Callable[[], int]
    idle_seconds: int
    longest_seconds: int
    random: RandomBytes = field(default=os.urandom)

    def challenge(self, address: str, origin: str) -> str:
        """A message to sign at that origin, good once and for five minutes."""
        now, nonce = self.clock(), secrets.token_hex(16)
        message = SiweMessage(
            domain=urlsplit(origin).netloc,
            address=address,
            statement=STATEMENT,
            uri=origin,
            version="1",
            chain_id=self.chain_id,
            nonce=nonce,
            issued_at=_time(now),
            expiration_time=_time(now + CHALLENGE_SECONDS),
        ).prepare_message()
        self.visitors.keep_challenge(_hash(nonce), _hash(message), now + CHALLENGE_SECONDS, now)
        return message

    def begin(
        self,
        message: str,
        signature: bytes,
        *,
        origin: str,
        browser: str,
        person: str = "",
        older: bytes | None = None,
    ) -> tuple[bytes, WebSession]:
        """A fresh secret and its session, for a challenge that was signed; `older` ends.

        Raises SignInRefused, ChainUnreachable.
        """
        signer = self._signer(message, signature, origin)
        person = person or signer
        if not self._speaks(person, signer):
            raise SignInRefused("the key that signed does not speak for that person")
        now, secret = self.clock(), self.random(ID_BYTES)
        session = WebSession(
            id=session_hash(secret),
            person=person,
            signer=signer,
            browser=browser,
            began_at=now,
            seen_at=now,
            expires_at=now + self.longest_seconds,
        )
        self.visitors.begin_session(session, session_hash(older) if older else None)
        return secret, session

    def _signer(self, text: str, signature: bytes, origin: str) -> str:
        now = self.clock()
        try:
            message = SiweMessage.from_message(text)
        except ValueError:
            raise SignInRefused("the message is not one that this node gave out") from None
        given = self.visitors.take_challenge(_hash(message.nonce), now)
        if given is None or not compare_digest(given, _hash(text)):
            raise SignInRefused("the message was used before, has expired, or is another one")
        if message.domain != urlsplit(origin).netloc:
            raise SignInRefused("the message is for another site")
        if not self._is_signed(message.address, text_hash(text.encode()), signature):
            raise SignInRefused("the signature is not that of the address")
        return str(message.address)

    def _is_signed(self, address: str, digest: bytes, signature: bytes) -> bool:
        """By the address's own key (EIP-191), or as the contract account there accepts (ERC-1271).

        siwe's own check is not used: of a malformed signature it raises whatever comes.
        """
        with suppress(MalformedSignature, MalleableSignature):
            if recover(digest, _with_usual_v(signature)) == address:
                return True
        return self.view().accepts(address, digest, signature)

    def _speaks(self, person: str, signer: str) -> bool:
        """Whether a key acts for a person now; an address that is not enrolled acts for itself."""
        view = self.view()
        if view.speaks_for(person, signer, view.time):
            return True
        return person == signer and view.key_of(person) == ZERO_ADDRESS

    # sessions

    def session(self, secret: bytes, *, is_used: bool = True) -> WebSession:
        """The session of a secret, which lives on where it `is_used`; raises SignInNeeded."""
        session, now = self.visitors.session(session_hash(secret)), self.clock()
        if now >= session.expires_at or now - session.seen_at >= self.idle_seconds:
            self.visitors.end_session(session.id)
            raise SignInNeeded()
        if is_used and now - session.seen_at >= min(NOTED_SECONDS, self.idle_seconds // 2):
            self._require_speaking(session)
            self.visitors.see_session(session.id, now)
        return session

    def _require_speaking(self, session: WebSession) -> None:
        try:
            speaks = self._speaks(session.person, session.signer)
        except ChainError:
            return  # while the chain is away nobody is put out, and nobody opens anything either
        if not speaks:
            self.visitors.end_session(session.id)
            raise SignInNeeded()

    def end(self, session: WebSession) -> None:
        """Sign out here."""
        self.visitors.end_session(session.id)

    def end_everywhere(self, person: str) -> None:
        """Sign out everywhere."""
        self.visitors.end_sessions(person)

    def sessions_of(self, person: str) -> list[WebSession]:
        """Where a person is signed in now."""
        now = self.clock()
        return [
            session
            for session in self.visitors.sessions_of(person)
            if now < session.expires_at and now - session.seen_at < self.idle_seconds
        ]

    # names

    def keep_name(self, person: str, name: str, ticket: bytes) -> str:
        """Let whoever shows the ticket have the person's locked vault; the name as it is kept."""
        name = sign_in_name(name)
        kept = SignInName(name=name, person=person, ticket=sha256(ticket).digest())
        self.visitors.keep_name(kept)
        return name

    def person_named(self, name: str, ticket: bytes) -> str:
        """Whose name and ticket these are; a wrong name is refused as a wrong ticket is."""
        found = self.visitors.name(sign_in_name(name)) or NOBODY
        if not compare_digest(found.ticket, sha256(ticket).digest()) or not found.person:
            raise WrongTicket()
        return found.person


def _with_usual_v(signature: bytes) -> bytes:
    """Some wallets end a signature with 0 or 1, where others write 27 or 28."""
    if len(signature) == 65 and signature[64] < 2:
        return signature[:64] + bytes([signature[64] + 27])
    return signature


def _hash(text: str) -> bytes:
    return sha256(text.encode()).digest()


def _time(seconds: int) -> ISO8601Datetime:
    return ISO8601Datetime.from_datetime(datetime.fromtimestamp(seconds, UTC), timespec="seconds")
