"""Owns how requests are read: JSON of bounded size and depth, exact members, and never a key."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from flask import request
from mnemonic import Mnemonic

from app.core.encoding import from_hex
from app.core.errors import KeyNotTaken, MalformedStatement, TooLarge
from app.core.signatures import Signed, parse_signed
from app.core.statements import Domains
from app.core.typed_data import Statement, parse_address
from app.core.wire import read_json

DEEPEST = 32
SMALL = 1 << 16
"""Bytes of a request that holds a few statements."""
LARGE = 1 << 20
"""Bytes of one that holds an envelope, a sheet or many questions."""
SECRETS = frozenset(
    {
        *("privatekey", "secretkey", "signingkey", "secret", "seed", "mnemonic", "phrase"),
        *("recoveryphrase", "seedphrase", "passphrase", "password", "keystore", "crypto"),
    }
)
"""Members that no request has: whoever sends one is about to leave a key here."""
PHRASES = (12, 15, 18, 21, 24)
FEWEST_BLANKS = min(PHRASES) - 1
LONGEST_NAME, MOST_NAMES = 64, 1024
"""Of members whose names are remembered."""
_OTHER_SIGNS = re.compile(r"[^a-z]")
_PHRASE = re.compile(r"[a-z]{3,8}( [a-z]{3,8}){11,23}")


def read_request(most: int = SMALL) -> Any:
    """The JSON of this request; raises TooLarge, MalformedStatement, KeyNotTaken."""
    document = read_json(read_bytes(most))
    _require_fit(document)
    return document


def read_bytes(most: int) -> bytes:
    """The body of this request; raises TooLarge before it is read as far as that."""
    if (request.content_length or 0) > most:
        raise TooLarge(most=most)
    body = request.stream.read(most + 1)
    if len(body) > most:
        raise TooLarge(most=most)
    return body


def read_object(
    *names: str, optional: tuple[str, ...] = (), most: int = SMALL
) -> Mapping[str, Any]:
    """A JSON object with exactly these members; raises as `read_request` does."""
    if request.mimetype != "application/json":
        raise MalformedStatement("it is not sent as application/json")
    return members_of(read_request(most), *names, optional=optional)


def members_of(document: Any, *names: str, optional: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """An object with exactly these members; raises MalformedStatement."""
    if not isinstance(document, dict) or not set(names) <= set(document) <= {*names, *optional}:
        members = ", ".join((*names, *optional))
        raise MalformedStatement("it has other members than {members}", members=members)
    return document


def _require_fit(document: Any) -> None:
    """Raise MalformedStatement for JSON that is too deep, KeyNotTaken for what may be a key."""
    level: list[Any] = [[document]]
    for _ in range(DEEPEST + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                _require_no_key(value)
                value = value.values()
            for one in value:
                if isinstance(one, str):
                    if one.count(" ") >= FEWEST_BLANKS and _is_phrase(one):
                        raise KeyNotTaken()
                elif isinstance(one, dict | list):
                    below.append(one)
        if not below:
            return
        level = below
    raise MalformedStatement("it is deeper than {most} levels", most=DEEPEST)


_harmless: set[str] = set()
"""Names of members that hold no key: requests use the same few again and again."""


def _require_no_key(members: Mapping[str, Any]) -> None:
    """Raise KeyNotTaken where a member's name tells of a key, however the name is written."""
    if members.keys() <= _harmless:
        return
    for name in members:
        if _OTHER_SIGNS.sub("", name.lower()) in SECRETS:
            raise KeyNotTaken()
        if len(name) < LONGEST_NAME and len(_harmless) < MOST_NAMES:
            _harmless.add(name)


def _is_phrase(text: str) -> bool:
    """Whether it is a wallet's recovery phrase (BIP-39)."""
    if len(text) >= 256 or not _PHRASE.fullmatch(text.lower()):
        return False
    words = text.lower().split()
    return len(words) in PHRASES and set(words) <= _words()


@cache
def _words() -> frozenset[str]:
    return frozenset(Mnemonic("english").wordlist)


# values


def text_of(given: Any, longest: int = 200) -> str:
    """Text of bounded length."""
    if not isinstance(given, str) or len(given) > longest:
        raise MalformedStatement("a value is not text of at most {most} letters", most=longest)
    return given


def list_of(given: Any, most: int) -> list[Any]:
    """A list of bounded length."""
    if not isinstance(given, list) or len(given) > most:
        raise MalformedStatement("a value is not a list of at most {most}", most=most)
    return given


def number_of(given: Any) -> int:
    """A whole number from 0 on, as JSON or as a part of an address."""
    if isinstance(given, str) and re.fullmatch(r"[0-9]{1,15}", given):
        given = int(given)
    if type(given) is not int or not 0 <= given < 1 << 53:
        raise MalformedStatement("a value is not a whole number")
    return given


def person_of(given: Any) -> str:
    """A person's address, in ERC-55 case."""
    return parse_address(text_of(given))


def digest_of(given: Any) -> bytes:
    """32 bytes in hexadecimal."""
    return from_hex(given, 32)


def bytes_of(given: Any, require: Callable[[bytes], Any] | None = None) -> bytes:
    """Bytes in base64, and of the right form where one is required."""
    try:
        content = base64.b64decode(given, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise MalformedStatement("a value is not base64") from None
    if require is not None:
        require(content)
    return content


def base64_of(content: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(content).decode()


def statement_of(given: Any, kind: type[Statement], domains: Domains) -> Signed[Any]:
    """A statement file of one type, made for this deployment; raises MalformedStatement, Wrong…"""
    signed, domain, _ = parse_signed(given)
    domains.require_own(signed.statement, domain)
    if not isinstance(signed.statement, kind):
        raise MalformedStatement("it is a statement of another type")
    return signed
