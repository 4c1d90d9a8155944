"""A wallet signs people in; the session is theirs alone, short enough, and ends when they say so."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from web3 import Web3

from app.adapters.compiler import compile_contracts
from app.adapters.database import Database
from app.adapters.database.schema import challenges, sessions
from app.adapters.wallets import LocalWallet, new_wallet
from app.client.person import Person
from app.core.errors import SignInNeeded, SignInRefused
from app.core.signing_in import session_hash, token_of
from app.core.typed_data import Domain, Statement
from app.services import sign_in as signing_in
from app.services.sign_in import SignIn
from app.web.sessions import COOKIE
from app.web.sessions import browser_of as name_of_browser
from tests.chain_fixtures import HOUR, Place
from tests.web.browsing import ORIGIN, Browser, browser_of, make_site, sign_text

IDLE, LONGEST = 1800, 12 * HOUR


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A browser that is not signed in."""
    return browser_of(app)


@pytest.fixture
def desk(place: Place) -> SignIn:
    """Signing in, with a clock that only tests move."""
    database, began = place.node.database, int(time.time())
    assert isinstance(database, Database)
    return SignIn(
        visitors=database,
        view=place.chain.view,
        chain_id=place.chain.chain_id,
        clock=lambda: began + place.time.ahead,
        idle_seconds=IDLE,
        longest_seconds=LONGEST,
    )


def begin(desk: SignIn, wallet: LocalWallet, person: str = "") -> bytes:
    """Sign in; the session's secret."""
    message = desk.challenge(wallet.address, ORIGIN)
    signature = bytes.fromhex(sign_text(wallet, message)[2:])
    secret, _ = desk.begin(message, signature, origin=ORIGIN, browser="a test", person=person)
    return secret


def wallet_of(person: Person) -> LocalWallet:
    """The key that tests sign with."""
    assert isinstance(person.wallet, LocalWallet)
    return person.wallet


@pytest.mark.asvs("7.2.1", "7.2.2", "7.2.3")
def test_a_wallet_signs_its_person_in(browser: Browser, patient: Person) -> None:
    assert browser.error("GET", "/api/session") == (401, "SignInNeeded")
    browser.sign_in(patient)
    told = browser.get("/api/session")
    assert (told["person"], told["signer"]) == (patient.address, patient.wallet.address)
    assert told["token"] == browser.headers["X-Chartkey-Token"]
    assert len(bytes.fromhex(browser.cookie)) == 32


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.4", "14.3.2")
def test_the_cookie_is_for_this_host_alone_and_no_script_reads_it(
    browser: Browser, patient: Person
) -> None:
    message = browser.challenge(patient.wallet.address)
    given = {"message": message, "signature": sign_text(wallet_of(patient), message)}
    answer = browser.ask("POST", "/api/session", json=given)
    [cookie] = answer.headers.getlist("Set-Cookie")
    parts = {part.strip().partition("=")[0] for part in cookie.split(";")[1:]}
    assert cookie.startswith("__Host-chartkey=")
    assert {"Secure", "HttpOnly", "SameSite", "Path"} <= parts
    assert "SameSite=Strict" in cookie
    assert "Domain" not in parts
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_message_names_the_site_and_is_for_this_chain(
    place: Place, browser: Browser, patient: Person
) -> None:
    message = browser.challenge(patient.wallet.address)
    assert message.startswith("localhost wants you to sign in with your Ethereum account:\n")
    assert f"URI: {ORIGIN}\n" in message
    assert f"Chain ID: {place.chain.chain_id}\n" in message


@pytest.mark.asvs("6.5.1", "2.3.1")
def test_a_message_signs_in_once(browser: Browser, patient: Person) -> None:
    message = browser.challenge(patient.wallet.address)
    given = {"message": message, "signature": sign_text(wallet_of(patient), message)}
    browser.post("/api/session", given)
    assert browser.error("POST", "/api/session", given) == (401, "SignInRefused")


@pytest.mark.asvs("6.5.1")
def test_a_failed_try_uses_the_message_up(browser: Browser, patient: Person) -> None:
    message = browser.challenge(patient.wallet.address)
    forged = {"message": message, "signature": sign_text(new_wallet(), message)}
    assert browser.error("POST", "/api/session", forged) == (401, "SignInRefused")
    right = {"message": message, "signature": sign_text(wallet_of(patient), message)}
    assert browser.error("POST", "/api/session", right) == (401, "SignInRefused")


@pytest.mark.asvs("6.5.5")
def test_a_message_is_good_for_five_minutes(desk: SignIn, place: Place, patient: Person) -> None:
    message = desk.challenge(patient.wallet.address, ORIGIN)
    place.time.ahead += signing_in.CHALLENGE_SECONDS
    signature = bytes.fromhex(sign_text(wallet_of(patient), message)[2:])
    with pytest.raises(SignInRefused):
        desk.begin(message, signature, origin=ORIGIN, browser="")


def changed_messages() -> list[Any]:
    """What somebody might make of a message that the node gave out."""
    return [
        pytest.param(lambda text: text.replace("localhost", "evil.example"), id="site"),
        pytest.param(lambda text: text.replace("Chain ID: ", "Chain ID: 9"), id="chain"),
        pytest.param(lambda text: text.replace("Issued At: 2", "Issued At: 3"), id="time"),
        pytest.param(lambda text: text.replace("Sign in", "Sign up"), id="words"),
        pytest.param(lambda text: text + "\n", id="line"),
        pytest.param(lambda _: "I sign in", id="another"),
    ]


@pytest.mark.asvs("2.2.2", "6.5.1")
@pytest.mark.parametrize("change", changed_messages())
def test_another_message_than_the_one_given_out_signs_nobody_in(
    browser: Browser, patient: Person, change: Any
) -> None:
    message = change(browser.challenge(patient.wallet.address))
    given = {"message": message, "signature": sign_text(wallet_of(patient), message)}
    assert browser.error("POST", "/api/session", given) == (401, "SignInRefused")


@pytest.mark.parametrize("signature", ["0x", "0x00", "0x" + "ff" * 65, "0x" + "11" * 200])
def test_what_is_no_signature_of_the_address_signs_nobody_in(
    browser: Browser, patient: Person, signature: str
) -> None:
    message = browser.challenge(patient.wallet.address)
    given = {"message": message, "signature": signature}
    assert browser.error("POST", "/api/session", given) == (401, "SignInRefused")


@pytest.mark.asvs("8.2.1", "8.3.1")
def test_nobody_signs_in_as_a_person_for_whom_they_do_not_speak(
    browser: Browser, patient: Person, stranger: Person
) -> None:
    wallet = wallet_of(stranger)
    message = browser.challenge(wallet.address)
    given = {"message": message, "signature": sign_text(wallet, message)}
    refused = browser.error("POST", "/api/session", given | {"person": patient.address})
    assert refused == (401, "SignInRefused")


def test_an_address_that_is_not_enrolled_signs_in_to_enrol(browser: Browser) -> None:
    browser.sign_in(new_wallet())
    me = browser.get("/api/me")
    assert (me["enrolled"], me["pending"], me["roles"]) == (False, False, [])


def test_a_new_key_signs_its_person_in_and_the_old_one_no_longer(
    place: Place, app: Flask, patient: Person
) -> None:
    old, new = wallet_of(patient), new_wallet()
    patient.rotate(new)
    place.settle()
    person = patient.address
    signed_in = browser_of(app).sign_in(new, of=person)
    assert signed_in.get("/api/session")["person"] == person
    browser = browser_of(app)
    message = browser.challenge(old.address)
    given = {"message": message, "signature": sign_text(old, message)}
    assert browser.error("POST", "/api/session", given) == (401, "SignInRefused")


@pytest.mark.asvs("7.4.1", "7.4.2")
def test_a_key_that_was_replaced_loses_its_sessions(
    desk: SignIn, place: Place, patient: Person
) -> None:
    secret = begin(desk, wallet_of(patient))
    patient.rotate(new_wallet())
    place.settle()
    place.time.ahead += signing_in.NOTED_SECONDS
    with pytest.raises(SignInNeeded):
        desk.session(secret)


def test_while_the_chain_is_away_a_session_goes_on(
    desk: SignIn, place: Place, patient: Person
) -> None:
    secret = begin(desk, wallet_of(patient))
    place.time.ahead += signing_in.NOTED_SECONDS
    place.close_down()
    assert desk.session(secret).person == patient.address


@pytest.mark.asvs("7.2.4", "7.4.1")
def test_a_browser_that_signs_in_again_gets_a_fresh_session_and_loses_the_old_one(
    app: Flask, browser: Browser, patient: Person, stranger: Person
) -> None:
    browser.sign_in(patient)
    old, token = browser.cookie, browser.headers["X-Chartkey-Token"]
    browser.sign_in(stranger)
    assert browser.cookie != old
    assert browser.headers["X-Chartkey-Token"] != token
    thief = browser_of(app)
    thief.client.set_cookie(COOKIE, old, domain="localhost", secure=True)
    assert thief.error("GET", "/api/session") == (401, "SignInNeeded")


@pytest.mark.asvs("7.3.1")
def test_an_idle_session_ends(desk: SignIn, place: Place, patient: Person) -> None:
    secret = begin(desk, wallet_of(patient))
    place.time.ahead += IDLE - 1
    desk.session(secret)
    place.time.ahead += IDLE - 1
    desk.session(secret, is_used=False)
    place.time.ahead += 1
    with pytest.raises(SignInNeeded):
        desk.session(secret)
    place.time.ahead -= IDLE
    with pytest.raises(SignInNeeded):  # it does not come back
        desk.session(secret)


@pytest.mark.asvs("7.3.2")
def test_a_session_ends_at_its_time_however_busy(
    desk: SignIn, place: Place, patient: Person
) -> None:
    secret = begin(desk, wallet_of(patient))
    for _ in range(LONGEST // (IDLE - 1)):
        place.time.ahead += IDLE - 1
        desk.session(secret)
    place.time.ahead += LONGEST % (IDLE - 1)
    with pytest.raises(SignInNeeded):
        desk.session(secret)


@pytest.mark.asvs("7.4.1")
def test_signing_out_ends_the_session_on_the_server(
    app: Flask, browser: Browser, patient: Person
) -> None:
    browser.sign_in(patient)
    kept = browser.cookie
    assert browser.ask("DELETE", "/api/session").status_code == 200
    assert browser.cookie == ""
    thief = browser_of(app)
    thief.client.set_cookie(COOKIE, kept, domain="localhost", secure=True)
    assert thief.error("GET", "/api/me") == (401, "SignInNeeded")


@pytest.mark.asvs("7.5.2", "7.4.1")
def test_a_person_sees_their_sessions_and_ends_all_of_them(
    app: Flask, patient: Person, stranger: Person
) -> None:
    one, other = browser_of(app).sign_in(patient), browser_of(app).sign_in(patient)
    bystander = browser_of(app).sign_in(stranger)
    shown = one.get("/api/sessions")
    assert [session["browser"] for session in shown] == ["Firefox on Linux"] * 2
    assert sorted(session["current"] for session in shown) == [False, True]
    assert one.ask("DELETE", "/api/sessions").status_code == 200
    assert other.error("GET", "/api/me") == (401, "SignInNeeded")
    assert bystander.get("/api/me")["person"] == stranger.address


@pytest.mark.asvs("7.2.3")
def test_the_database_lets_nobody_sign_in(place: Place, browser: Browser, patient: Person) -> None:
    message = browser.challenge(patient.wallet.address)
    nonce = message.partition("Nonce: ")[2].partition("\n")[0]
    browser.sign_in(patient)
    secret = bytes.fromhex(browser.cookie)
    database = place.node.database
    assert isinstance(database, Database)
    with database.engine.connect() as connection:
        rows = [tuple(row) for row in connection.execute(select(sessions))]
        asked = [tuple(row) for row in connection.execute(select(challenges))]
    assert rows[0][0] == session_hash(secret) == sha256(secret).digest()
    assert secret not in rows[0]
    assert token_of(secret) not in rows[0]
    assert [row[0] for row in asked] == [sha256(nonce.encode()).digest()]


@pytest.mark.parametrize("cookie", ["", "zz", "00" * 31, "00" * 33, "00" * 32, "0x" + "00" * 32])
def test_a_cookie_that_was_not_given_out_is_nobody(app: Flask, cookie: str) -> None:
    browser = browser_of(app)
    browser.client.set_cookie(COOKIE, cookie, domain="localhost", secure=True)
    assert browser.error("GET", "/api/session") == (401, "SignInNeeded")


@pytest.mark.asvs("7.2.3")
def test_secrets_are_fresh_each_time(desk: SignIn, patient: Person) -> None:
    assert len({begin(desk, wallet_of(patient)) for _ in range(5)}) == 5
    drawn: list[int] = []

    def random(count: int) -> bytes:
        drawn.append(count)
        return os.urandom(count)

    desk.random = random
    begin(desk, wallet_of(patient))
    assert drawn == [32]


@pytest.mark.parametrize(
    ("agent", "shown"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19) Version/19 Safari/605", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) Chrome/156.0 Safari/537.36", "Chrome on Android"),
        ("curl/8", "a program"),
        ("", "a program"),
        ("<script>alert(1)</script>", "a program"),
    ],
)
def test_of_a_browser_only_its_name_and_system_are_kept(agent: str, shown: str) -> None:
    assert name_of_browser(agent) == shown


# a contract account signs in with what it accepts (ERC-1271)

MOODS = ("AcceptsItsOwner", "AcceptsAll", "Refuses", "Reverts", "AnswersTooShort", "AnswersTooMuch")


class Account:
    """A contract account, as a wallet whose signatures come from its owner."""

    def __init__(self, place: Place, mood: str) -> None:
        self.owner = new_wallet()
        w3 = Web3(Web3.HTTPProvider(place.chain_process.url))
        code = compile_contracts()["TestWallet"]
        factory = w3.eth.contract(abi=code.abi, bytecode=code.creation)
        creation = factory.constructor(self.owner.address, MOODS.index(mood))
        sent = creation.transact({"from": place.chain_process.accounts[3].address})
        self.address = str(w3.eth.wait_for_transaction_receipt(sent)["contractAddress"])

    def sign(self, statement: Statement, domain: Domain) -> bytes:
        return self.owner.sign(statement, domain)


@pytest.mark.parametrize(
    ("mood", "signs_in"),
    [("AcceptsItsOwner", True), ("Refuses", False), ("Reverts", False), ("AnswersTooShort", False)],
)
def test_a_contract_account_signs_in_with_what_it_accepts(
    place: Place, app: Flask, stranger: Person, mood: str, signs_in: bool
) -> None:
    account = Account(place, mood)
    person = stranger.address
    stranger.rotate(account)
    place.settle()
    browser = browser_of(app)
    message = browser.challenge(account.address)
    given = {"message": message, "signature": sign_text(account.owner, message), "person": person}
    answer = browser.ask("POST", "/api/session", json=given)
    assert answer.status_code == (200 if signs_in else 401)
    if signs_in:
        assert browser.get("/api/session")["signer"] == account.address
