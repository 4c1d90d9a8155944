"""Owns where the pages' tests find how people come to be: as for the pictures and measurements."""

from scripts.joining import (
    PASSPHRASE,
    SLOW,
    address_of,
    introduce,
    join,
    newcomer,
    practitioner,
    sign_in,
)

__all__ = [
    "PASSPHRASE", "SLOW", "address_of", "introduce", "join", "newcomer", "practitioner", "sign_in",
]  # fmt: skip
