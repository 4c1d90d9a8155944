"""Owns what tests do as a browser does: signing in with a wallet, and the headers that pages send."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import Any

from eth_account.messages import encode_defunct
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.adapters.wallets import LocalWallet
from app.applications import web_app
from app.client.person import Person
from app.config import Settings
from app.core.signatures import signed_json
from app.together import parts_of_place
from app.web.sessions import COOKIE, TOKEN
from tests.chain_fixtures import Place

ORIGIN = "http://localhost"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def make_site(place: Place, *, with_trial: bool = True, **settings: str) -> Flask:
    """The web service on a place, whose pages are at ORIGIN."""
    told = {"CHARTKEY_DATA": str(place.folder), "CHARTKEY_ORIGIN": ORIGIN, **settings}
    parts = parts_of_place(place, Settings.from_environment(told))
    if not with_trial:
        parts = replace(parts, trial=None)
    return web_app(parts)


def sign_text(wallet: LocalWallet, text: str) -> str:
    """As wallets sign text (EIP-191, `personal_sign`)."""
    signed = wallet.account.sign_message(encode_defunct(text=text))
    return "0x" + bytes(signed.signature).hex()


@dataclass
class Browser:
    """A browser on one of the node's pages."""

    client: FlaskClient
    headers: dict[str, str] = field(
        default_factory=lambda: {
            "Origin": ORIGIN,
            "Sec-Fetch-Site": "same-origin",
            "User-Agent": FIREFOX,
        }
    )

    def ask(self, method: str, path: str, **more: Any) -> TestResponse:
        """A request as a page of the node sends it."""
        headers = {**self.headers, **more.pop("headers", {})}
        # the test client keeps cookies as a browser does, but for https only where they are secure
        return self.client.open(
            path, method=method, headers=headers, base_url="https://localhost", **more
        )

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of an answer that says yes."""
        return self._told(self.ask("GET", path, **more))

    def post(self, path: str, document: Any = None, **more: Any) -> Any:
        """As `get`, for a POST."""
        return self._told(self.ask("POST", path, json=document, **more))

    def put(self, path: str, document: Any, **more: Any) -> Any:
        """As `get`, for a PUT."""
        return self._told(self.ask("PUT", path, json=document, **more))

    def error(self, method: str, path: str, document: Any = None, **more: Any) -> tuple[int, str]:
        """Status and name of the error with which a request is refused."""
        if document is not None:
            more["json"] = document
        answer = self.ask(method, path, **more)
        return answer.status_code, (answer.get_json() or {}).get("error", "none")

    def challenge(self, address: str) -> str:
        """A message to sign."""
        return str(self.post("/api/session/challenge", {"address": address})["message"])

    def sign_in(self, person: Person | LocalWallet, of: str = "") -> Browser:
        """Sign in with a wallet, as a person (`of`) where it is not the wallet's address."""
        wallet = person.wallet if isinstance(person, Person) else person
        assert isinstance(wallet, LocalWallet)
        message = self.challenge(wallet.address)
        given = {"message": message, "signature": sign_text(wallet, message)}
        told = self.post("/api/session", given | ({"person": of} if of else {}))
        self.headers[TOKEN] = told["token"]
        return self

    @property
    def cookie(self) -> str:
        """What the cookie holds; empty where there is none."""
        found = self.client.get_cookie(COOKIE, domain="localhost")
        return found.value if found else ""

    @staticmethod
    def _told(answer: TestResponse) -> Any:
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()


def browser_of(app: Flask) -> Browser:
    """A fresh browser."""
    return Browser(app.test_client())


def b64(content: bytes) -> str:
    """Bytes as JSON carries them."""
    return base64.b64encode(content).decode()


def file_of(place: Place, signed: Any) -> dict[str, Any]:
    """A statement file."""
    return signed_json(signed, place.chain.domains)
