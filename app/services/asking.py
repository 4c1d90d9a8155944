"""Owns what pages may ask of the contracts: named questions, all answered at one block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from app.core.encoding import from_hex, hex0x
from app.core.errors import ChainUnreachable, MalformedStatement
from app.core.foresight import Question
from app.core.ports import ChainView
from app.core.records import Role
from app.core.statements import BOOKS, PEOPLE
from app.core.typed_data import parse_address

MOST_QUESTIONS = 200
LONGEST_SIGNATURE = 4096
NOW = "now"
"""Stands for the block's time."""
FORESEEN = frozenset(
    {
        *("speaks_for", "keys_hash", "credential_role", "membership_ended_at", "tag"),
        *("revoked_bits", "retracted_at", "anchored_at", "roles_of", "is_registrar"),
    }
)
"""Questions that the chain's adapter asks many of in one request."""


class BlockView(ChainView, Protocol):
    """A view that tells which block it is of, and answers questions that few ask."""

    @property
    def number(self) -> int: ...
    def ask(self, contract: str, function: str, *arguments: Any) -> Any: ...


class AskedChain(Protocol):
    """The chain, as far as pages ask it."""

    def view(self) -> BlockView: ...
    def foresee(self, view: ChainView, questions: Iterable[Question]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """One for each question, in order, and the block at which all of them hold."""

    number: int
    time: int
    answers: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """The kinds of a question's arguments, and what JSON its answer becomes."""

    kinds: tuple[str, ...]
    write: Callable[[Any], Any]


def words_of(roles: int) -> list[str]:
    """The words of the roles whose bits are set, as `rolesOf` answers them."""
    return [word_of_role(role) for role in Role if role and roles >> role & 1]


def word_of_role(role: int) -> str:
    """A role as pages and the API say it."""
    return Role(role).name.lower()


FORMS: Mapping[str, _Form] = {
    "speaks_for": _Form(kinds=("person", "person", "time"), write=bool),
    "key_of": _Form(kinds=("person",), write=str),
    "nonce_of": _Form(kinds=("person",), write=int),
    "keys_hash": _Form(kinds=("person",), write=hex0x),
    "credential_role": _Form(kinds=("person", "time"), write=int),
    "holds_credential": _Form(kinds=("person", "role", "time"), write=bool),
    "membership_ended_at": _Form(kinds=("person", "digest"), write=int),
    "tag": _Form(kinds=("person",), write=str),
    "revoked_bits": _Form(kinds=("person", "word"), write=str),
    "retracted_at": _Form(kinds=("person", "digest"), write=int),
    "accepts": _Form(kinds=("person", "digest", "signature"), write=bool),
    "anchored_at": _Form(kinds=("judge", "digest"), write=int),
    "anchored_block": _Form(kinds=("judge", "digest"), write=lambda block: block),
    "roles_of": _Form(kinds=("person", "time"), write=words_of),
    "is_registrar": _Form(kinds=("person", "role", "time"), write=bool),
    "governor": _Form(kinds=(), write=str),
}


@dataclass(kw_only=True)
class Asking:
    """Answers pages; what it says is checked by nobody, so custodians ask for themselves."""

    chain: AskedChain
    anchored_block: Callable[[str, bytes], int | None]

    def answers(self, questions: Any) -> Answers:
        """Answers to questions as JSON; raises MalformedStatement, ChainUnreachable."""
        if not isinstance(questions, list) or len(questions) > MOST_QUESTIONS:
            raise MalformedStatement(
                "its questions are not a list of at most {most}", most=MOST_QUESTIONS
            )
        view = self.chain.view()
        asked = [_read(question, view.time) for question in questions]
        with suppress(ChainUnreachable):  # asked together it is only quicker
            self.chain.foresee(view, [one for one in asked if one[0] in FORESEEN])
        answers = [FORMS[name].write(self._ask(view, name, given)) for name, given in asked]
        return Answers(number=view.number, time=view.time, answers=answers)

    def _ask(self, view: BlockView, name: str, arguments: tuple[Any, ...]) -> Any:
        match name:
            case "anchored_block":
                return self.anchored_block(*arguments)
            case "governor":
                return governor_of(view)
            case _:
                return getattr(view, name)(*arguments)


def governor_of(view: BlockView) -> str:
    """Who appoints registrars."""
    return parse_address(view.ask(PEOPLE, "owner"))


def _read(question: Any, now: int) -> Question:
    if not isinstance(question, list) or not question or not isinstance(question[0], str):
        raise MalformedStatement("a question is not a list that begins with its name")
    name, *given = question
    form = FORMS.get(name)
    if form is None or len(given) != len(form.kinds):
        raise MalformedStatement("there is no question of that name and number of arguments")
    return name, tuple(
        _argument(kind, one, now) for kind, one in zip(form.kinds, given, strict=True)
    )


def _argument(kind: str, given: Any, now: int) -> Any:
    match kind:
        case "person":
            return parse_address(_text(given))
        case "digest":
            return from_hex(given, 32)
        case "signature":
            signature = from_hex(given)
            if len(signature) <= LONGEST_SIGNATURE:
                return signature
        case "judge":
            if given in BOOKS:
                return given
        case "time":
            if given == NOW:
                return now
            if type(given) is int and 0 <= given < 1 << 53:
                return given
        case "role":
            if type(given) is int and 0 < given <= max(Role):
                return given
        case "word":
            text = _text(given)
            if text.isascii() and text.isdigit() and len(text) <= 78 and int(text) < 1 << 256:
                return int(text)
    raise MalformedStatement("an argument is no {kind}", kind=kind)


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise MalformedStatement("an argument is not text")
    return given
