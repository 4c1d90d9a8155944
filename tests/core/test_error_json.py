"""Errors arrive at another service as what they are, and nothing else does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.core import errors
from app.core.contract_errors import NonceUsed
from app.core.error_json import read_error, write_error
from app.core.errors import ChartkeyError, GrantExpired, ServiceRefused
from tests.makers import make_person


def travelled(document: Any) -> Any:
    return json.loads(json.dumps(document))


def every_class(kind: type[ChartkeyError] = ChartkeyError) -> list[type[ChartkeyError]]:
    found = [kind] if kind.__module__.startswith("app.core") else []
    return found + [inner for below in kind.__subclasses__() for inner in every_class(below)]


@pytest.mark.parametrize("kind", every_class())
def test_every_error_arrives_as_the_class_that_it_is(kind: type[ChartkeyError]) -> None:
    error = kind.__new__(kind)
    Exception.__init__(error, "A sentence with 3 facts.")
    error.reason = "it has {not_before} parts"
    error.facts = {"not_before": 3, "person": make_person("doctor").id}
    back = read_error(travelled(write_error(error)), "custodian 1")
    assert type(back) is kind
    assert (str(back), back.reason, back.facts) == (str(error), error.reason, error.facts)
    assert (back.unharmed, back.remedy) == (error.unharmed, error.remedy)


def test_facts_arrive_with_their_error() -> None:
    back = read_error(travelled(write_error(GrantExpired(expires_at=5))), "one")
    assert isinstance(back, GrantExpired)
    assert back.facts == {"expires_at": 5}
    assert str(back) == "This permission ended at 5."
    assert isinstance(
        read_error(write_error(NonceUsed(person="0x", given=2, expected=3, nonce=3)), "one"),
        NonceUsed,
    )


@pytest.mark.parametrize(
    "document",
    [None, [], 5, {}, {"sentence": 5}, {"sentence": "x"}, {"error": [], "sentence": "Gone wrong."}],
)
def test_what_is_no_error_of_ours_is_told_as_a_refusal(document: Any) -> None:
    error = read_error(document, "custodian 1")
    assert type(error) is ServiceRefused
    assert "custodian 1" in str(error)


def test_nothing_that_cannot_be_shown_is_taken_over() -> None:
    sentence = "Line\n\x1b[31mred" + "x" * 10_000
    facts = {"a" * 99: "b\x00" * 9000, "list": [1], "none": None}
    for name in ("GrantRevoked", "Exception", "ServiceRefused"):
        told = {"error": name, "sentence": sentence, "reason": sentence, "facts": facts}
        error = read_error(told, "one")
        assert (str(error) + error.reason).isprintable()
        assert max(len(str(error)), len(error.reason)) < 600
        assert all(len(str(key)) + len(str(value)) < 600 for key, value in error.facts.items())
    assert not isinstance(error, errors.GrantRevoked)
