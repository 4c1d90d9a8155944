"""Owns the client that signs and seals grants, and hands them in to a node over HTTP.

`python -m scripts.load.sealing` reads its task from standard input (scripts/load/clients.py).
"""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import requests
from msgspec.json import encode

from app.adapters.deployment import load
from app.adapters.wallets import LocalWallet
from app.client.letters import GrantFile
from app.core.consent import fresh_nonce
from app.core.encoding import ZERO32, from_hex, hex0x
from app.core.envelopes import seal_envelope
from app.core.keys import PublicKey
from app.core.signatures import Signed, signed_json
from app.core.statements import VIEW, Domains, Grant
from app.core.vault import Vault
from scripts.load.clients import Task, serve_one
from scripts.load.people import Secrets

CATEGORY = "laboratory"
DAY = 24 * 3600
UNDER_WAY = 3
"""Lists that are with the node, each on a connection of its own, while the next one is sealed.

A worker of the web service answers whatever comes over the connections that it took, so a few more
of them than workers spread better.
"""


class Patient:
    """A patient who grants one viewer after the other."""

    def __init__(self, secrets: Secrets, domains: Domains) -> None:
        self._wallet, vault = LocalWallet(secrets.wallet), Vault(secrets.seed)
        self._identity, self._key = vault.identity.public, vault.category(CATEGORY, 0)
        self._domains = domains

    def grant(self, viewer: str, key: PublicKey, now: int) -> dict[str, Any]:
        """One grant, signed and sealed to both, as the node's API takes it."""
        statement = Grant(
            patient=self._wallet.address,
            viewer=viewer,
            category=CATEGORY,
            record=ZERO32,
            purpose="TREAT",
            rights=VIEW,
            not_before=now,
            expires_at=now + DAY,
            nonce=fresh_nonce(0, (), os.urandom),
            salt=os.urandom(32),
        )
        signature = self._wallet.sign(statement, self._domains.consent)
        file = GrantFile(
            digest=statement.digest(self._domains.consent),
            signed=Signed(statement=statement, signature=signature),
            keys=(self._key,),
        )
        envelope = seal_envelope(file.letter(self._domains), [key, self._identity], os.urandom)
        return {
            "statement": signed_json(file.signed, self._domains),
            "envelope": b64encode(envelope).decode("ascii"),
            "parties": [viewer, statement.patient],
        }


def prepare(task: Task) -> Callable[[], dict[str, Any]]:
    """Seal `count` grants of the task's patients to its viewers, and hand them in in lists."""
    domains = load(Path(task["deployment"])).domains
    patients = [Patient(Secrets.read(one), domains) for one in task["patients"]]
    viewers = [(v["address"], PublicKey(from_hex(v["key"]))) for v in task["viewers"]]
    url, in_list, count = f"{task['url']}/api/statements", task["in_list"], task["count"]
    session = requests.Session()
    session.trust_env = False
    session.headers["Content-Type"] = "application/json"

    def grants() -> Iterator[dict[str, Any]]:
        for number in range(count):
            viewer, key = viewers[number // len(patients) % len(viewers)]
            yield patients[number % len(patients)].grant(viewer, key, int(time.time()))

    def begin() -> dict[str, Any]:
        began, waiting, answers = time.time(), grants(), _Answers()
        with ThreadPoolExecutor(UNDER_WAY) as hands:
            while part := list(islice(waiting, in_list)):
                answers.expect(hands.submit(session.post, url, encode(part), timeout=120))
            answers.read()
        return {"began": began, "accepted": answers.accepted, "refused": answers.refused}

    return begin


class _Answers:
    """What the node said to each list."""

    def __init__(self) -> None:
        self.accepted: list[str] = []
        self.refused: dict[str, int] = {}
        self._waiting: list[Future[requests.Response]] = []

    def expect(self, answer: Future[requests.Response]) -> None:
        """Another list is with the node; wait while there are too many."""
        self._waiting.append(answer)
        self.read(UNDER_WAY)

    def read(self, leave: int = 0) -> None:
        """Read the oldest answers, all but some."""
        while len(self._waiting) > leave:
            answer = self._waiting.pop(0).result()
            answer.raise_for_status()
            self._count(answer.json())

    def _count(self, outcomes: Sequence[dict[str, Any]]) -> None:
        for outcome in outcomes:
            if outcome.get("state") == "accepted":
                self.accepted.append(outcome["digest"])
            else:
                name = str(outcome.get("error"))
                self.refused[name] = self.refused.get(name, 0) + 1


def viewer_of(address: str, key: PublicKey) -> dict[str, str]:
    """A viewer as a task names one."""
    return {"address": address, "key": hex0x(key.raw)}


if __name__ == "__main__":
    serve_one(prepare)
