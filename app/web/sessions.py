"""Owns signing in over HTTP: the cookie, the token against forged requests, and who is asking."""

from __future__ import annotations

from collections.abc import Sequence
from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, g, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.encoding import from_hex
from app.core.errors import ForeignOrigin, MalformedStatement, NotAdministrator, SignInNeeded
from app.core.signing_in import ID_BYTES, WebSession, token_of
from app.web.limits import Limit
from app.web.reading import person_of, read_object, text_of

if TYPE_CHECKING:  # signing in loads much that custodians, which share this code, need not load
    from app.services.sign_in import SignIn

COOKIE = "__Host-chartkey"
TOKEN = "X-Chartkey-Token"  # noqa: S105  (the name of a header)
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_MESSAGE = 2000
LONGEST_SIGNATURE = 4096
BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari")
SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")
SHOWN = {"Edg": "Edge", "OPR": "Opera", "Mac OS": "Mac"}


class Guard:
    """Knows who is asking; `origins` are those at which this node's own pages are."""

    def __init__(
        self, sign_in: SignIn, origins: Sequence[str], *, rate: str, admins: Sequence[str] = ()
    ) -> None:
        self.sign_in, self.origins, self.admins = sign_in, tuple(origins), frozenset(admins)
        self._persons = Limit(rate)

    def require(self) -> WebSession:
        """The session of this request.

        Raises SignInNeeded, TooManyRequests, and ForeignOrigin for one that may change something
        and does not prove that one of this node's own pages sent it.
        """
        secret = self._secret()
        session = self.sign_in.session(secret)
        if request.method not in SAFE:
            self.require_own_origin()
            given = request.headers.get(TOKEN, "")
            if not compare_digest(given.encode(), token_of(secret).encode()):
                raise ForeignOrigin()
        self._persons.require(session.person)
        g.session = session
        return session

    def person(self) -> str:
        """The person who is signed in; raises as `require` does."""
        return self.require().person

    def administrator(self) -> str:
        """As `person`; raises NotAdministrator."""
        person = self.person()
        if person not in self.admins:
            raise NotAdministrator()
        return person

    def visitor(self) -> WebSession | None:
        """The session of this request, if there is one; looking does not keep it alive."""
        try:
            return self.sign_in.session(self._secret(), is_used=False)
        except SignInNeeded:
            return None

    def require_own_origin(self) -> str:
        """The origin of the page that asks; raises ForeignOrigin unless it is this node's own."""
        origin = request.headers.get("Origin", "")
        fetched = request.headers.get("Sec-Fetch-Site", "same-origin")
        if origin not in self.origins or fetched != "same-origin":
            raise ForeignOrigin()
        return origin

    def forbid_foreign_origin(self) -> None:
        """Refuse a change that a page of another site sends; programs send no origin."""
        if "Origin" in request.headers:
            self.require_own_origin()

    def _secret(self) -> bytes:
        secret = self.secret()
        if secret is None:
            raise SignInNeeded()
        return secret

    def secret(self) -> bytes | None:
        """What the cookie holds, where there is one of the right form."""
        try:
            return from_hex("0x" + request.cookies.get(COOKIE, ""), ID_BYTES)
        except MalformedStatement:
            return None


def sessions(guard: Guard, *, challenges: str) -> Blueprint:
    """The routes of sessions; `challenges` limits how often one address may begin: each is a row in the database."""
    blueprint, sign_in = Blueprint("sessions", __name__, url_prefix="/api"), guard.sign_in
    limit = Limit(challenges)

    @blueprint.post("/session/challenge")
    def challenge() -> ResponseReturnValue:
        origin = guard.require_own_origin()
        limit.require(request.remote_addr or "unknown")
        given = read_object("address")
        return jsonify(message=sign_in.challenge(person_of(given["address"]), origin))

    @blueprint.post("/session")
    def begin() -> ResponseReturnValue:
        origin = guard.require_own_origin()
        given = read_object("message", "signature", optional=("person",))
        secret, session = sign_in.begin(
            text_of(given["message"], LONGEST_MESSAGE),
            from_hex(text_of(given["signature"], 2 + 2 * LONGEST_SIGNATURE)),
            origin=origin,
            browser=browser_of(request.headers.get("User-Agent", "")),
            person=person_of(given["person"]) if "person" in given else "",
            older=guard.secret(),
        )
        response = jsonify(_told(sign_in, secret, session))
        _set(response, secret.hex(), sign_in.longest_seconds)
        return response

    @blueprint.get("/session")
    def show() -> ResponseReturnValue:
        session, secret = guard.require(), guard.secret()
        return jsonify(_told(sign_in, secret or b"", session))

    @blueprint.delete("/session")
    def end() -> ResponseReturnValue:
        sign_in.end(guard.require())
        return _signed_out()

    @blueprint.delete("/sessions")
    def end_all() -> ResponseReturnValue:
        sign_in.end_everywhere(guard.person())
        return _signed_out()

    @blueprint.get("/sessions")
    def show_all() -> ResponseReturnValue:
        own = guard.require()
        return jsonify(
            [
                {
                    "since": session.began_at,
                    "seen": session.seen_at,
                    "browser": session.browser,
                    "current": session.id == own.id,
                }
                for session in sign_in.sessions_of(own.person)
            ]
        )

    return blueprint


def _told(sign_in: SignIn, secret: bytes, session: WebSession) -> dict[str, Any]:
    return {
        "person": session.person,
        "signer": session.signer,
        "token": token_of(secret),
        "expiresAt": session.expires_at,
        "idleSeconds": sign_in.idle_seconds,
    }


def _set(response: Response, value: str, seconds: int) -> None:
    response.set_cookie(
        COOKIE,
        value,
        max_age=seconds,
        path="/",
        secure=True,
        httponly=True,
        samesite="Strict",
    )


def _signed_out() -> Response:
    response = jsonify({})
    _set(response, "", 0)
    return response


def browser_of(agent: str) -> str:
    """What a person recognises of their browser: its name and the system, nothing else of it."""
    browser = next((name for name in BROWSERS if name in agent), "")
    system = next((name for name in SYSTEMS if name in agent), "")
    named = [SHOWN.get(name, name) for name in (browser, system) if name]
    return " on ".join(named) or "a program"
