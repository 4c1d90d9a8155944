"""Whoever has money of their own may anchor and revoke themselves; the node hands nothing else in."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flask import Flask

from app.adapters.contracts import Contract
from app.adapters.wallets import LocalWallet, new_wallet
from app.client.person import Person
from app.core.consent import mask_of, word_of
from app.core.encoding import hex0x
from app.core.statements import CONSENT, RECORDS
from tests.chain_fixtures import Place
from tests.web.browsing import Browser, browser_of, make_site

ETHER = 10**18


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


def fund(place: Place, address: str) -> None:
    """Give somebody an ether."""
    place.rpc.call("anvil_setBalance", address, hex(ETHER))


def calldata(place: Place, contract: str, function: str, *arguments: Any) -> str:
    """A call as a page writes it."""
    deployed = place.deployment[contract]
    known = Contract(name=contract, address=deployed.address, abi=deployed.abi)
    return hex0x(known.encode(function, *arguments))


def sign(
    place: Place, wallet: LocalWallet, quote: dict[str, Any], data: str, **overrides: Any
) -> str:
    """The transaction that a wallet signs for a quote."""
    fields: dict[str, Any] = {
        "chainId": quote["chainId"],
        "nonce": quote["nonce"],
        "to": place.deployment[CONSENT].address,
        "value": 0,
        "data": data,
        "gas": quote["gas"],
        "maxFeePerGas": int(quote["maxFeePerGas"]),
        "maxPriorityFeePerGas": int(quote["maxPriorityFeePerGas"]),
    }
    return hex0x(bytes(wallet.account.sign_transaction(fields | overrides).raw_transaction))


def quote_of(browser: Browser, data: str, contract: str = CONSENT) -> dict[str, Any]:
    """What a call costs."""
    calls = [{"contract": contract, "calldata": data}]
    return dict(browser.post("/api/transactions/quote", {"calls": calls}))


def test_a_patient_takes_a_permission_back_without_the_relayer(
    place: Place, app: Flask, patient: Person, doctor: Person
) -> None:
    grant = patient.grant(doctor.address, category="conditions").statement
    wallet, browser = patient.wallet, browser_of(app).sign_in(patient)
    assert isinstance(wallet, LocalWallet)
    fund(place, wallet.address)
    word, mask = word_of(grant.nonce), mask_of(grant.nonce)
    data = calldata(place, CONSENT, "revoke", word, mask)
    quote = quote_of(browser, data)
    assert int(quote["balance"]) == ETHER
    assert int(quote["costWei"]) == quote["gas"] * int(quote["maxFeePerGas"]) > 0
    raw = sign(place, wallet, quote, data)
    sent = [browser.post("/api/transactions", {"raw": raw})["hash"] for _ in range(2)]
    assert sent[0] == sent[1]
    place.next_block()
    told = browser.get(f"/api/transactions/{sent[0]}")
    assert told["state"] == "mined"
    assert told["block"] > 0
    assert place.chain.view().revoked_bits(patient.address, word) & mask


def test_a_transaction_that_nobody_knows_is_told_so(app: Flask, patient: Person) -> None:
    browser = browser_of(app).sign_in(patient)
    told = browser.get(f"/api/transactions/{hex0x(bytes(32))}")
    assert told == {"state": "unknown", "block": None}


def test_a_call_that_the_contract_refuses_is_told_before_it_costs_anything(
    place: Place, app: Flask, patient: Person
) -> None:
    browser = browser_of(app).sign_in(patient)
    fund(place, patient.wallet.address)
    data = calldata(place, CONSENT, "revokeFor", "0x" + "12" * 20, 1, 1)
    calls = [{"contract": CONSENT, "calldata": data}]
    refused = browser.error("POST", "/api/transactions/quote", {"calls": calls})
    assert refused == (409, "NotAuthorized")


def odd_calls() -> list[Any]:
    """What is no call to one of the contracts."""
    data = "0x" + "12" * 4
    return [
        pytest.param([], id="none"),
        pytest.param({}, id="no list"),
        pytest.param([{"contract": CONSENT}], id="without calldata"),
        pytest.param([{"contract": CONSENT, "calldata": data, "value": 1}], id="with money"),
        pytest.param([{"contract": "0x" + "12" * 20, "calldata": data}], id="to an address"),
        pytest.param([{"contract": CONSENT, "calldata": "0x12"}], id="too short"),
        pytest.param([{"contract": CONSENT, "calldata": "0x" + "12" * 70_000}], id="too long"),
        pytest.param([{"contract": CONSENT, "calldata": data}] * 11, id="too many"),
    ]


@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize("calls", odd_calls())
def test_what_is_no_call_is_refused(app: Flask, patient: Person, calls: Any) -> None:
    browser = browser_of(app).sign_in(patient)
    refused = browser.error("POST", "/api/transactions/quote", {"calls": calls})
    assert refused == (400, "MalformedStatement")


@pytest.mark.asvs("8.2.2", "2.2.2")
def test_only_one_s_own_calls_to_the_contracts_are_handed_in(
    place: Place, app: Flask, patient: Person
) -> None:
    wallet, browser = patient.wallet, browser_of(app).sign_in(patient)
    assert isinstance(wallet, LocalWallet)
    other = new_wallet()
    for address in (wallet.address, other.address):
        fund(place, address)
    data = calldata(place, CONSENT, "revoke", 1, 1)
    quote = quote_of(browser, data)
    sent = {
        "somebody else's": sign(place, other, quote, data),
        "to another address": sign(place, wallet, quote, data, to=other.address),
        "with money": sign(place, wallet, quote, data, value=1),
        "of another chain": sign(place, wallet, quote, data, chainId=5),
        "none": "0x1234",
        "nothing": "0x",
        "noise": hex0x(b"\x02" + os.urandom(100)),
    }
    for why, raw in sent.items():
        refused = browser.error("POST", "/api/transactions", {"raw": raw})
        assert refused == (400, "MalformedStatement"), why
    assert int(place.rpc.call("eth_getTransactionCount", wallet.address, "latest"), 16) == 0
    anchor = calldata(place, RECORDS, "anchor", os.urandom(32), os.urandom(32))
    right = sign(
        place,
        wallet,
        quote_of(browser, anchor, RECORDS),
        anchor,
        to=place.deployment[RECORDS].address,
    )
    assert browser.post("/api/transactions", {"raw": right})["hash"]


def test_a_transaction_that_the_chain_does_not_take_is_told_so(
    place: Place, app: Flask, patient: Person
) -> None:
    wallet, browser = patient.wallet, browser_of(app).sign_in(patient)
    assert isinstance(wallet, LocalWallet)
    data = calldata(place, CONSENT, "revoke", 1, 1)
    raw = sign(place, wallet, quote_of(browser, data), data)  # without any money
    assert browser.error("POST", "/api/transactions", {"raw": raw}) == (503, "TransactionFailed")
