"""A replacement outbids what it replaces, and never above the cap."""

from __future__ import annotations

import pytest

from app.adapters.fees import GWEI, Fees
from app.core.errors import FeeCapReached

NOW = Fees(most=3 * GWEI, tip=GWEI)
CAP = 100 * GWEI


def test_a_replacement_offers_a_tenth_more_at_least() -> None:
    offered = Fees(most=10 * GWEI, tip=2 * GWEI)
    raised = offered.outbid(NOW, CAP)
    assert raised.most * 10 > offered.most * 11
    assert raised.tip is not None
    assert raised.tip * 10 > 2 * GWEI * 11


def test_a_replacement_offers_what_the_chain_asks_for_by_now() -> None:
    dearer = Fees(most=50 * GWEI, tip=9 * GWEI)
    assert NOW.outbid(dearer, CAP) == dearer


def test_a_replacement_stays_below_the_cap() -> None:
    cap = NOW.most * 12 // 10
    assert NOW.outbid(Fees(most=CAP, tip=CAP), cap) == Fees(most=cap, tip=cap)
    with pytest.raises(FeeCapReached):
        NOW.outbid(NOW, NOW.most * 11 // 10)


def test_one_price_is_replaced_by_one_price() -> None:
    one = Fees(most=GWEI, tip=None)
    raised = one.outbid(one, CAP)
    assert raised.tip is None
    assert raised.fields == {"gasPrice": raised.most}


@pytest.mark.parametrize("fees", [NOW, Fees(most=7, tip=None), Fees(most=7, tip=0)])
def test_fees_are_read_back_from_a_transactions_fields(fees: Fees) -> None:
    assert Fees.of(fees.fields) == fees
