"""Owns what a signed-in browser is to a node: its session, and the token that its requests carry."""

from __future__ import annotations

import hmac
import re
import unicodedata
from dataclasses import dataclass
from hashlib import sha256

from app.core.errors import MalformedStatement

ID_BYTES = 32
_TOKEN = b"chartkey/token/1"
_NAME = re.compile(r"[a-z0-9._-]{3,40}")
LONGEST_NAME = 120
"""Letters of what a person is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSession:
    """A browser that signed in; `id` is the SHA-256 of what its cookie holds, times in seconds."""

    id: bytes
    person: str
    signer: str
    browser: str
    began_at: int
    seen_at: int
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInName:
    """Under which name a person signs in on another device; `ticket` is the SHA-256 of theirs."""

    name: str
    person: str
    ticket: bytes


def session_hash(secret: bytes) -> bytes:
    """What a node keeps of a session's secret: whoever reads its database cannot use it."""
    return sha256(secret).digest()


def token_of(secret: bytes) -> str:
    """What a page must know besides the cookie to change anything: no other site can read it."""
    return hmac.new(secret, _TOKEN, sha256).hexdigest()


def sign_in_name(text: str) -> str:
    """A name as it is kept; raises MalformedStatement."""
    name = unicodedata.normalize("NFKC", text).strip().lower()
    if not _NAME.fullmatch(name):
        raise MalformedStatement("a sign-in name has 3 to 40 of the signs a–z 0–9 . - _")
    return name


def folded(name: str) -> str:
    """A name as it is looked for: without accents, case and surplus white space."""
    plain = unicodedata.normalize("NFKD", name)
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.casefold().split())


def require_name(name: str) -> str:
    """What a person may be called; raises MalformedStatement.

    It is shown to others, so nothing in it may turn the direction of writing or hide.
    """
    shown = all(sign.isprintable() for sign in name)
    if not shown or not folded(name) or len(name) > LONGEST_NAME or name != name.strip():
        raise MalformedStatement("it names the person by something that cannot be shown")
    return name
