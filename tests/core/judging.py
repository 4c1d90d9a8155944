"""Owns how tests ask the browser's rules: a signed statement, and what the chain says of it, no more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from app.adapters.memory_chain import MemoryChain
from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, MalformedSignature, MalleableSignature
from app.core.signatures import Signed, recover
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name
from tests.core.test_browser_writes import WHERE
from tests.makers import (
    DOMAINS,
)

Question = tuple[Any, ...]


def written(signed: Signed[Any]) -> dict[str, Any]:
    return {
        "type": type(signed.statement).__name__,
        "message": signed.statement.message(),
        "signature": hex0x(signed.signature),
    }


def plain(value: Any) -> Any:
    return hex0x(value) if isinstance(value, bytes) else value


def judge(
    js: JavaScript,
    rule: str,
    signed: Signed[Any],
    chain: MemoryChain,
    questions: Iterable[Question],
    **given: Any,
) -> Any:
    """What the browser answers, where the chain is asked nothing but these questions."""
    view = chain.view()
    answers = []
    for name, *arguments in questions:
        answer = plain(getattr(view, name)(*arguments))
        told = str(answer) if name in ("tag", "revoked_bits") else answer
        large = name == "revoked_bits"
        asked = [str(a) if large and isinstance(a, int) else plain(a) for a in arguments]
        answers.append([[name, *asked], told])
    proof = given.pop("proof", None)
    if proof is not None:
        given["proof"] = {"root": proof.root, "path": list(proof.path)}
    return js.ask(
        "judge",
        **WHERE,
        rule=rule,
        signed=written(signed),
        answers=answers,
        time=chain.time,
        **given,
    )


def error_of(call: Callable[[], Any]) -> tuple[str, str] | None:
    """Class and sentence of what a rule raises, in either language."""
    try:
        call()
    except ChartkeyError as error:
        return type(error).__name__, str(error)
    except Refused as refused:
        return refused.error, str(refused)
    return None


def speaks(signed: Signed[Any], person: str, at: int) -> list[Question]:
    try:
        signer = recover(DOMAINS.digest(signed.statement), signed.signature)
    except (MalformedSignature, MalleableSignature):
        return []
    return [("speaks_for", person, signer, at)]
