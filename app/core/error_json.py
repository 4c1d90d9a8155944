"""Owns how errors are written as JSON, and how those of another service are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core.contract_errors import CONTRACT_ERRORS
from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, ServiceRefused

LONGEST_SENTENCE = 500


def write_error(error: ChartkeyError) -> dict[str, Any]:
    """An error as JSON: what it is, what is unharmed, what to do next."""
    facts = {
        name: hex0x(value) if isinstance(value, bytes) else value
        for name, value in error.facts.items()
        if isinstance(value, str | int | bytes)
    }
    return {
        "error": type(error).__name__,
        "sentence": str(error),
        "unharmed": error.unharmed,
        "remedy": error.remedy,
        "reason": error.reason,
        "facts": facts,
        "texts": texts_of(type(error)),
    }


def texts_of(kind: type[ChartkeyError]) -> dict[str, str]:
    """What errors of a kind say, unfilled: pages tell it in their own language."""
    return {"sentence": kind.sentence, "unharmed": kind.unharmed, "remedy": kind.remedy}


def read_error(document: Any, name: str) -> ChartkeyError:
    """The very error that a service called `name` told; ServiceRefused where it is none of ours.

    Only the sentence, its reason and the facts are taken from the service, cut to what can be shown.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("sentence"), str):
        return ServiceRefused("it gave no reason", name=name)
    sentence, facts = _shown(document["sentence"]), document.get("facts")
    reason = document.get("reason")
    kind = _error_class(document.get("error"))
    if kind is None:
        return ServiceRefused(sentence.rstrip("."), name=name)
    error = kind.__new__(kind)
    Exception.__init__(error, sentence)  # said there already: it is not put together again
    error.reason = _shown(reason) if isinstance(reason, str) else ""
    error.facts = {
        _shown(str(fact))[:40]: _shown(value) if isinstance(value, str) else value
        for fact, value in (facts if isinstance(facts, dict) else {}).items()
        if isinstance(value, str | int)
    }
    return error


def _error_class(name: Any) -> type[ChartkeyError] | None:
    if isinstance(name, str) and name in CONTRACT_ERRORS:
        return CONTRACT_ERRORS[name]
    waiting: list[type[ChartkeyError]] = [ChartkeyError]
    while waiting:
        kind = waiting.pop()
        if kind.__name__ == name:
            return kind
        waiting += kind.__subclasses__()
    return None


def _shown(text: str) -> str:
    return "".join(letter for letter in text[:LONGEST_SENTENCE] if letter.isprintable())
