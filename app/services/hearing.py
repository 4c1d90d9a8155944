"""Owns how custodians hear of a revocation before the chain does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from app.core.errors import ChartkeyError
from app.core.ports import Custodian
from app.core.signatures import Signed
from app.core.statements import Revocation, RevocationOfAll


def tell_custodians(custodians: Sequence[Custodian], many: Iterable[Signed[Any]]) -> None:
    """Let custodians refuse from now on what revocations close; other statements are passed over.

    All are told at once, so that one that does not answer keeps none waiting. The chain, not this
    message, is what binds them: one that does not hear learns it from there.
    """
    told = [s for s in many if isinstance(s.statement, Revocation | RevocationOfAll)]
    if not told or not custodians:
        return
    with ThreadPoolExecutor(len(custodians)) as pool:
        list(pool.map(lambda custodian: _tell(custodian, told), custodians))


def _tell(custodian: Custodian, many: Sequence[Signed[Any]]) -> None:
    for signed in many:
        with suppress(ChartkeyError):
            custodian.hear(signed)
