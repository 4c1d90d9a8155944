"""Tests of the chain in memory: intervals to the second, and what it refuses to write."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.adapters.memory_chain import LAST_MOMENT, MemoryChain
from app.core.contract_errors import (
    AlreadyEnrolled,
    AlreadyPast,
    NotAuthorized,
    NotEnrolled,
    NotRegistrar,
    TagSpent,
    ZeroKey,
    ZeroRole,
    ZeroRoot,
)
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.records import Role
from app.core.statements import AUDIT, CONSENT
from tests.makers import address, salt

ANNA, BEA, CARL, REGISTRAR = (address(name) for name in ("anna", "bea", "carl", "registrar"))


@pytest.fixture
def chain() -> MemoryChain:
    """A chain at second 1000 on which Anna enrolled then."""
    chain = MemoryChain(time=1000)
    chain.enrol(ANNA, salt("keys"))
    chain.appoint(REGISTRAR, Role.PHARMACY, 5000)
    return chain


def speakers(chain: MemoryChain, at: int) -> set[str]:
    """Who of the three speaks for Anna at a second."""
    return {one for one in (ANNA, BEA, CARL) if chain.speaks_for(ANNA, one, at)}


def test_a_person_speaks_from_the_second_of_enrolment_on(chain: MemoryChain) -> None:
    assert [speakers(chain, at) for at in (0, 999, 1000, 2**63)] == [set(), set(), {ANNA}, {ANNA}]
    assert (chain.key_of(ANNA), chain.keys_hash(ANNA)) == (ANNA, salt("keys"))
    assert (chain.key_of(BEA), chain.keys_hash(BEA)) == (ZERO_ADDRESS, ZERO32)


def test_nobody_speaks_as_the_zero_address(chain: MemoryChain) -> None:
    assert not chain.speaks_for(BEA, ZERO_ADDRESS, 1000)


def test_the_old_key_speaks_before_a_rotation_and_the_new_one_from_it_on(
    chain: MemoryChain,
) -> None:
    chain.advance(10)
    chain.rotate(ANNA, BEA)
    assert [speakers(chain, at) for at in (1009, 1010)] == [{ANNA}, {BEA}]
    chain.advance(10)
    chain.rotate(ANNA, ANNA)
    assert [speakers(chain, at) for at in (1000, 1015, 1019, 1020)] == [
        {ANNA},
        {BEA},
        {BEA},
        {ANNA},
    ]


def test_within_one_second_the_last_key_stands(chain: MemoryChain) -> None:
    chain.advance(10)
    chain.rotate(ANNA, BEA)
    chain.rotate(ANNA, CARL)
    assert [speakers(chain, at) for at in (1009, 1010, 1011)] == [{ANNA}, {CARL}, {CARL}]


def test_every_change_that_a_person_makes_is_counted(chain: MemoryChain) -> None:
    assert (chain.nonce_of(BEA), chain.nonce_of(ANNA)) == (0, 1)
    chain.rotate(ANNA, BEA)
    chain.change_keys(ANNA, salt())
    chain.represent(ANNA, CARL, 2000)
    assert chain.nonce_of(ANNA) == 4
    chain.retract(ANNA, salt())
    chain.revoke_all(ANNA, 5)
    chain.end_membership(ANNA, salt())
    assert chain.nonce_of(ANNA) == 4


def test_a_representative_speaks_until_the_date(chain: MemoryChain) -> None:
    chain.advance(10)
    chain.represent(ANNA, BEA, 1020)
    assert [speakers(chain, at) for at in (1009, 1010, 1019, 1020)] == [
        {ANNA}, {ANNA, BEA}, {ANNA, BEA}, {ANNA},
    ]  # fmt: skip
    chain.advance(5)
    chain.represent(ANNA, BEA, 0)
    assert [speakers(chain, at) for at in (1014, 1015)] == [{ANNA, BEA}, {ANNA}]


def test_a_credential_runs_to_its_last_second_while_the_registrar_has_authority(
    chain: MemoryChain,
) -> None:
    chain.credential(REGISTRAR, ANNA, Role.PHARMACY, 2**64 - 1)
    held = [chain.holds_credential(ANNA, Role.PHARMACY, at) for at in (999, 1000, 4999, 5000)]
    assert held == [False, True, True, False]
    assert chain.credential_role(ANNA, 1000) == Role.PHARMACY
    chain.appoint(REGISTRAR, Role.PHARMACY, 2**64 - 1)
    assert chain.holds_credential(ANNA, Role.PHARMACY, LAST_MOMENT)
    assert not chain.holds_credential(ANNA, Role.PHARMACY, LAST_MOMENT + 1)
    chain.advance(10)
    chain.credential(REGISTRAR, ANNA, Role.PHARMACY, 1010)
    assert chain.holds_credential(ANNA, Role.PHARMACY, 1010)
    assert not chain.holds_credential(ANNA, Role.PHARMACY, 1011)


def test_withdrawal_and_dismissal_end_a_credential_from_then_on(chain: MemoryChain) -> None:
    chain.credential(REGISTRAR, ANNA, Role.PHARMACY, 4000)
    chain.advance(10)
    chain.withdraw(REGISTRAR, ANNA, Role.PHARMACY)
    assert [chain.credential_role(ANNA, at) for at in (1009, 1010)] == [Role.PHARMACY, Role.NONE]
    chain.advance(10)
    chain.credential(REGISTRAR, ANNA, Role.PHARMACY, 4000)
    chain.advance(10)
    chain.dismiss(REGISTRAR, Role.PHARMACY)
    assert [chain.credential_role(ANNA, at) for at in (1029, 1030)] == [Role.PHARMACY, Role.NONE]


def test_what_is_written_once_keeps_its_first_time(chain: MemoryChain) -> None:
    for _ in range(2):
        chain.anchor(CONSENT, salt("root"))
        chain.retract(ANNA, salt("record"))
        chain.end_membership(ANNA, salt("membership"))
        chain.advance(10)
    assert chain.anchored_at(CONSENT, salt("root")) == 1000
    assert chain.anchored_at(AUDIT, salt("root")) == 0
    assert chain.retracted_at(ANNA, salt("record")) == 1000
    assert chain.retracted_at(BEA, salt("record")) == 0
    assert chain.membership_ended_at(ANNA, salt("membership")) == 1000


def test_revoked_bits_are_never_cleared(chain: MemoryChain) -> None:
    chain.revoke(BEA, 7, 0b0101)
    chain.revoke(BEA, 7, 0b0011)
    chain.revoke(BEA, 7, 0)
    assert chain.revoked_bits(BEA, 7) == 0b0111
    assert chain.revoked_bits(BEA, 8) == chain.revoked_bits(ANNA, 7) == 0


def test_a_view_stays_at_its_block(chain: MemoryChain) -> None:
    view = chain.view()
    chain.advance(0)
    assert chain == view
    chain.advance(10)
    chain.rotate(ANNA, BEA)
    chain.revoke_all(ANNA, 9)
    chain.anchor(CONSENT, salt())
    assert (view.time, view.key_of(ANNA), view.tag(ANNA), view.anchored_at(CONSENT, salt())) == (
        1000, ANNA, 0, 0,
    )  # fmt: skip
    assert (chain.time, chain.key_of(ANNA), chain.tag(ANNA)) == (1010, BEA, 9)


def test_a_contract_account_accepts_what_it_was_told_to(chain: MemoryChain) -> None:
    chain.accept(BEA, salt(), b"signature")
    assert chain.accepts(BEA, salt(), b"signature")
    assert not chain.accepts(BEA, salt(), b"another")
    assert not chain.accepts(CARL, salt(), b"signature")


REFUSED: dict[str, tuple[type[Exception], Callable[[MemoryChain], None]]] = {
    "enrolling twice": (AlreadyEnrolled, lambda chain: chain.enrol(ANNA, salt())),
    "rotating a stranger": (NotEnrolled, lambda chain: chain.rotate(BEA, CARL)),
    "rotating to zero": (ZeroKey, lambda chain: chain.rotate(ANNA, ZERO_ADDRESS)),
    "keys of a stranger": (NotEnrolled, lambda chain: chain.change_keys(BEA, salt())),
    "representing a stranger": (NotEnrolled, lambda chain: chain.represent(BEA, ANNA, 2000)),
    "ending a stranger's membership": (NotAuthorized, lambda chain: chain.end_membership(BEA, salt())),
    "a stranger's retraction": (NotAuthorized, lambda chain: chain.retract(BEA, salt())),
    "a stranger's tag": (NotAuthorized, lambda chain: chain.revoke_all(BEA, 5)),
    "the tag zero": (TagSpent, lambda chain: chain.revoke_all(ANNA, 0)),
    "the zero root": (ZeroRoot, lambda chain: chain.anchor(CONSENT, ZERO32)),
    "appointing for no role": (ZeroRole, lambda chain: chain.appoint(BEA, Role.NONE, 2000)),
    "appointing until now": (AlreadyPast, lambda chain: chain.appoint(BEA, Role.HOSPITAL, 1000)),
    "dismissing from no role": (ZeroRole, lambda chain: chain.dismiss(BEA, Role.NONE)),
    "a foreign role": (
        NotRegistrar, lambda chain: chain.credential(REGISTRAR, ANNA, Role.HOSPITAL, 2000),
    ),
    "no role": (ZeroRole, lambda chain: chain.credential(REGISTRAR, ANNA, Role.NONE, 2000)),
    "a credential that is past": (
        AlreadyPast, lambda chain: chain.credential(REGISTRAR, ANNA, Role.PHARMACY, 999),
    ),
    "a stranger's credential": (
        NotEnrolled, lambda chain: chain.credential(REGISTRAR, BEA, Role.PHARMACY, 2000),
    ),
    "withdrawing as nobody": (NotRegistrar, lambda chain: chain.withdraw(BEA, ANNA, Role.PHARMACY)),
    "going back in time": (ValueError, lambda chain: chain.advance(-1)),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_contracts_refuse_is_refused_and_changes_nothing(
    chain: MemoryChain, case: str
) -> None:
    error, verb = REFUSED[case]
    before = chain.view()
    with pytest.raises(error):
        verb(chain)
    assert chain == before


def test_a_tag_is_spent_for_good(chain: MemoryChain) -> None:
    chain.revoke_all(ANNA, 5)
    chain.revoke_all(ANNA, 6)
    for tag in (0, 5, 6):
        with pytest.raises(TagSpent):
            chain.revoke_all(ANNA, tag)
    assert chain.tag(ANNA) == 6
