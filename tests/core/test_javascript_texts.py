"""The browser tells errors in the same words as Python, and writes the same requests."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import errors
from app.core.encoding import from_hex
from app.core.error_json import write_error
from app.core.errors import ChartkeyError
from app.core.vault import own_wallet_key, ticket
from app.core.wire import read_inquiry, read_request, read_revocation
from scripts.golden.source import Document, load
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name

WIRE, VAULTS = load("wire"), load("vaults")


def test_every_error_of_the_browser_says_what_pythons_says(js: JavaScript) -> None:
    told = js.ask("errors")
    assert len(told) > 60
    for name, kind, texts, parent in told:
        ours = getattr(errors, name)
        assert kind == name
        assert texts == {n: getattr(ours, n) for n in ("sentence", "unharmed", "remedy")}
        assert parent == (ours.__bases__[0].__name__ if ours is not ChartkeyError else None)


TOLD: tuple[ChartkeyError, ...] = (
    errors.GrantExpired(expires_at=1_800_000_000),
    errors.NotEnoughShares("two do not answer", given=1, needed=2),
    errors.Misconfigured("no number", name="CHARTKEY_PORT"),
    errors.SheetStale(given=1, newest=2),
    errors.MalformedStatement("a value does not fit {type}", type="uint8"),
)


@pytest.mark.parametrize("error", TOLD, ids=lambda error: type(error).__name__)
def test_an_error_crosses_from_a_service_to_the_browser(
    js: JavaScript, error: ChartkeyError
) -> None:
    document = write_error(error)
    told = js.ask("read error", document=document, service="the node")
    assert told.pop("name") == document.pop("error")
    assert told == document


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"sentence": 7},
        {"sentence": "It says so.", "error": "<b>"},
        {"sentence": "It"},
    ],
)
def test_what_is_no_error_of_ours_is_told_as_a_refusal(js: JavaScript, document: Any) -> None:
    told = js.ask("read error", document=document, service="the node")
    assert told["name"] == "ServiceRefused"
    assert told["sentence"].startswith("the node refused this: ")
    assert told["sentence"].endswith(".")


@pytest.mark.parametrize("opening", WIRE["openings"], ids=["a viewer's", "an author's"])
def test_the_browser_writes_the_same_opening(js: JavaScript, opening: Document) -> None:
    assert js.ask("write opening", opening=opening, contracts=WIRE["contracts"]) == opening
    assert read_request(opening)


def test_the_browser_writes_the_same_revocations_and_inquiries(js: JavaScript) -> None:
    for revocation in WIRE["revocations"]:
        assert js.ask("write revocation", revocation=revocation) == revocation
        assert read_revocation(revocation)
    for inquiry in WIRE["inquiries"]:
        assert js.ask("write inquiry", inquiry=inquiry) == inquiry
        assert read_inquiry(inquiry)


def test_the_browser_reads_releases_and_pages_of_a_log(js: JavaScript) -> None:
    release = WIRE["release"]
    read = js.ask("read release", release=release)
    assert read == {name: release[name] for name in ("custodian", "shares")}
    for page in WIRE["pages"]:
        assert js.ask("read log page", page=page) == {n: page[n] for n in ("entries", "after")}


@pytest.mark.parametrize(
    "change",
    [
        {"chartkey": "release/2"},
        {"note": 1},
        {"custodian": "0x12"},
        {"shares": []},
        {"shares": {"0x12": "0x"}},
        {"shares": {"0x" + "11" * 32: "0x" + "00" * 4097}},
    ],
    ids=str,
)
def test_the_browser_refuses_a_malformed_release(js: JavaScript, change: Document) -> None:
    with pytest.raises(Refused) as refused:
        js.ask("read release", release=WIRE["release"] | change)
    assert refused.value.error == "MalformedStatement"


@pytest.mark.parametrize(
    "change", [{"entries": {}}, {"after": -1}, {"after": "2"}, {"x": 1}], ids=str
)
def test_the_browser_refuses_a_malformed_page(js: JavaScript, change: Document) -> None:
    with pytest.raises(Refused) as refused:
        js.ask("read log page", page=WIRE["pages"][0] | change)
    assert refused.value.error == "MalformedStatement"


@pytest.mark.parametrize("entry", VAULTS["ownWallets"], ids=lambda entry: entry["address"])
def test_a_vault_gives_the_same_wallet_in_both(js: JavaScript, entry: Document) -> None:
    assert js.ask("own wallet key", seed=entry["seed"]) == entry["privateKey"]
    assert js.ask("address of", privateKey=entry["privateKey"]) == entry["address"]
    assert own_wallet_key(from_hex(entry["seed"])) == from_hex(entry["privateKey"])


def test_a_name_and_passphrase_give_the_same_ticket_in_both(js: JavaScript) -> None:
    entry = VAULTS["ticket"]
    asked = {name: entry[name] for name in ("name", "passphrase")}
    assert js.ask("ticket", **asked) == entry["ticket"]
    assert ticket(**asked) == from_hex(entry["ticket"])


@pytest.mark.parametrize("name", ["ab", "a" * 41, "adé", "a b c", ""])
def test_neither_makes_a_ticket_for_what_is_no_name(js: JavaScript, name: str) -> None:
    with pytest.raises(Refused) as refused:
        js.ask("ticket", name=name, passphrase="five plain words")
    with pytest.raises(errors.MalformedStatement) as ours:
        ticket(name, "five plain words")
    assert str(refused.value) == str(ours.value)


def test_both_sign_with_an_own_key_alike(js: JavaScript) -> None:
    entry = load("statements")["signature"]
    key = load("statements")["signer"]["privateKey"]
    assert js.ask("sign digest", privateKey=key, digest=entry["digest"]) == entry["signature"]
