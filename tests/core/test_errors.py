"""Tests of the errors: one tree as drawn, one clear sentence each, nothing that identifies anyone."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from app.core import contract_errors, errors
from app.core.contract_errors import CONTRACT_ERRORS
from app.core.errors import (
    ChartkeyError,
    ContractRefused,
    GrantExpired,
    MalformedSeal,
    NotEnoughShares,
    UnknownCategory,
)


def below(kind: type[ChartkeyError]) -> list[type[ChartkeyError]]:
    """A class and all that derive from it."""
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]


ALL = [kind for kind in below(ChartkeyError) if kind.__module__.startswith("app.core.")]


def example(kind: type[ChartkeyError]) -> ChartkeyError:
    """An error with some value for everything that its sentence names."""
    names = {name for _, name, _, _ in Formatter().parse(kind.sentence) if name}
    if kind is UnknownCategory:
        return UnknownCategory("depression")
    return kind("the reason", **dict.fromkeys(names - {"reason"}, 7))


def drawn() -> dict[str, str]:
    """The tree of errors.py's docstring: class to parent."""
    parents, branch = {}, ""
    for line in (errors.__doc__ or "").splitlines():
        names = re.findall(
            r"[A-Z][A-Za-z]+", line.split("  ")[0] if line[:3] in ("├──", "└──") else line
        )
        if line[:3] in ("├──", "└──"):
            branch = names[0]
            parents[branch] = "ChartkeyError"
        elif line[:1] == "│" or line.startswith("    ├──"):
            parents |= dict.fromkeys(names, branch)
    return parents


def test_the_tree_is_as_drawn() -> None:
    real = {
        kind.__name__: kind.__mro__[1].__name__
        for kind in ALL
        if kind is not ChartkeyError and kind.__module__ == errors.__name__
    }
    assert drawn() == real


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_says_one_sentence_what_is_unharmed_and_what_to_do(
    kind: type[ChartkeyError],
) -> None:
    error = example(kind)
    leaf = not [child for child in kind.__subclasses__() if child in ALL]
    if leaf and kind.sentence != "{reason}":
        assert re.fullmatch(r"[A-Z0-9].*[^.\s]\.", str(error), re.DOTALL), str(error)
    assert "{" not in str(error)
    for text in (error.unharmed, error.remedy):
        assert re.fullmatch(r"[A-Z].*\.", text), text


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_leaf_has_a_sentence_of_its_own(kind: type[ChartkeyError]) -> None:
    same = [other for other in ALL if other.sentence == kind.sentence and other is not kind]
    assert kind.sentence == "{reason}" or not same


def test_an_error_keeps_the_facts_that_it_names() -> None:
    error = NotEnoughShares("two did not answer", given=1, needed=2)
    assert error.facts == {"given": 1, "needed": 2}
    assert (
        str(error)
        == "1 of the 2 custodians that must agree gave their part of the key: two did not answer."
    )
    assert GrantExpired(expires_at=5).facts == {"expires_at": 5}


def test_a_reason_is_filled_from_the_facts_and_kept_as_it_was_given() -> None:
    error = MalformedSeal("it has {given} bytes", given=3, kind="public key")
    assert str(error) == "These are not the bytes of a public key: it has 3 bytes."
    assert error.reason == "it has {given} bytes"


def test_braces_in_a_reason_that_name_no_fact_are_only_text() -> None:
    for braces in ("{0}", "{}", "{other}", "{kind!r}", "{"):
        assert str(MalformedSeal(braces, kind="thing")).endswith(f"a thing: {braces}.")


def test_braces_in_a_fact_are_only_text() -> None:
    assert "its {kind} is not text" in str(
        MalformedSeal("its {part} is not text", part="{kind}", kind="thing")
    )


def test_an_unknown_category_is_not_repeated_in_the_text() -> None:
    error = UnknownCategory("depression")
    assert "depression" not in str(error)
    assert error.facts == {"name": "depression"}


def declared(config: pytest.Config) -> dict[str, list[str]]:
    """Every error that the contracts declare, with the names of its arguments."""
    found: dict[str, list[str]] = {}
    for file in sorted((config.rootpath / "contracts").rglob("*.sol")):
        if "testing" in file.parts:
            continue
        for name, arguments in re.findall(
            r"^\s*error (\w+)\(([^)]*)\);", file.read_text(), re.MULTILINE
        ):
            found[name] = [
                argument.split()[-1] for argument in arguments.split(",") if argument.strip()
            ]
    return found


def test_every_solidity_error_has_a_python_class(pytestconfig: pytest.Config) -> None:
    assert len(declared(pytestconfig)) > 10
    assert set(declared(pytestconfig)) <= set(CONTRACT_ERRORS)


def test_sentences_of_contract_errors_name_only_their_arguments(
    pytestconfig: pytest.Config,
) -> None:
    for name, arguments in declared(pytestconfig).items():
        named = {
            field for _, field, _, _ in Formatter().parse(CONTRACT_ERRORS[name].sentence) if field
        }
        assert named <= set(arguments), name


def test_contract_errors_are_found_by_their_names() -> None:
    own = {kind for kind in below(ContractRefused) if kind.__module__ == contract_errors.__name__}
    assert own == {kind for kind in CONTRACT_ERRORS.values() if kind in own}
    assert all(kind.__name__ == name for name, kind in CONTRACT_ERRORS.items())
