"""Owns how custodians hear of a revocation before the chain does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from app.core.errors import ChartkeyError
from app.core.ports import Custodian
from app.core.signatures import Signed
from app.core.statements import Revocation, RevocationOfAll


def tell_custodians(custodians: Sequence[Custodian], many: Iterable[Signed[Any]]) -> None:
    """Let custodians refuse from now on what revocations close; other statements are passed over.

    The chain, not this message, is what binds them: one that does not hear learns it from there.
    """
    for signed in many:
        if isinstance(signed.statement, Revocation | RevocationOfAll):
            for custodian in custodians:
                with suppress(ChartkeyError):
                    custodian.hear(signed)
