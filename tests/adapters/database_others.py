"""Owns what other processes do to a database meanwhile, in tests."""

from __future__ import annotations

from app.adapters.database import Database
from app.core.statements import AUDIT
from tests.adapters.database_cases import allocate, simple, statement


def begin(url: str) -> None:
    """Start on it, as a node does, and ask something."""
    Database(url).counts()


def accept_range(url: str, first: int, end: int, step: int) -> None:
    """Take them in groups, forwards or backwards, each person's quota counted."""
    database = Database(url)
    database.quota = 10**6
    many = [statement(n, account=f"0x{n % 7}", cost=1) for n in range(first, end)][::step]
    for at in range(0, len(many), 50):
        database.accept_all(many[at : at + 50])


def spend(url: str, first: int, count: int, quota: int) -> None:
    """Hand in one by one for one person."""
    database = Database(url)
    database.quota = quota
    for number in range(first, first + count):
        database.accept(statement(number, account="0xA", cost=1))


def form_until_none(url: str) -> None:
    """Form small batches while there is something to take."""
    database = Database(url)
    while database.form_batch(AUDIT, 7, simple) is not None:
        pass


def allocate_many(url: str, count: int) -> None:
    """Allocate one by one."""
    database = Database(url)
    for _ in range(count):
        assert allocate(database) is not None
