"""Owns what a Chartkey to try out adds: a registrar that credentials whoever asks, and nobody's chart.

Only a node that starts a chain of its own has one (app/together.py); no real network knows it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from functools import cached_property
from threading import Lock

from eth_account.signers.local import LocalAccount

from app.adapters import tools
from app.adapters.database import Database
from app.adapters.wallets import LocalWallet
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import CannotStart
from app.core.records import Role
from app.core.signatures import Signed, signed_json
from app.core.signing_in import folded
from app.core.statements import PEOPLE, Introduction
from app.embedded import Embedded

SEED = 7
PATIENCE = 30.0
"""Seconds in which an enrolment that was handed in must have come to the chain."""
YEAR = 365 * 24 * 3600


def synthetic_bundle() -> bytes:
    """The default chart: an obviously synthetic patient, the same at every run."""
    command = [sys.executable, "-m", "scripts.synthetic", "--seed", str(SEED)]
    try:
        made = subprocess.run(command, cwd=tools.ROOT, capture_output=True, check=True)
    except subprocess.CalledProcessError as cause:
        raise CannotStart(program="The synthetic patient", reason="its script failed") from cause
    return made.stdout


class EmbeddedTrial:
    """What newcomers may ask of a chain of their own."""

    def __init__(self, place: Embedded, database: Database) -> None:
        self._place, self._database, self._alone = place, database, Lock()

    @cached_property
    def _bundle(self) -> bytes:
        return synthetic_bundle()

    def bundle(self) -> bytes:
        """The chart of nobody, as a FHIR bundle."""
        return self._bundle

    def credential(self, person: str, name: str) -> None:
        """Make somebody a practitioner of that name, on the chain when this returns.

        One who is still on the way into the registry is waited for; raises NotEnrolled.
        """
        self._wait_for(person)
        with self._alone:  # one account pays for all of it
            self._enrol_registrar()
            self._place.certify(person, Role.PRACTITIONER, seconds=YEAR)
            self._introduce(person, name)

    def _wait_for(self, person: str) -> None:
        until = time.monotonic() + PATIENCE
        while not self._is_enrolled(person) and time.monotonic() < until:
            time.sleep(0.1)

    def _is_enrolled(self, person: str) -> bool:
        return self._place.chain.view().key_of(person) != ZERO_ADDRESS

    @property
    def _registrar(self) -> LocalAccount:
        return self._place.registrar

    def _enrol_registrar(self) -> None:
        """Only who is enrolled has anybody speaking for them, even if it is themselves."""
        if not self._is_enrolled(self._registrar.address):
            chain = self._place.paying(self._registrar)
            chain.transact(PEOPLE, "enrol", ZERO32, ZERO_ADDRESS)

    def _introduce(self, person: str, name: str) -> None:
        domains = self._place.chain.domains
        statement = Introduction(
            registrar=self._registrar.address,
            person=person,
            name=name,
            issued_at=self._place.clock(),
            salt=os.urandom(32),
        )
        wallet = LocalWallet(bytes(self._registrar.key))
        signed = Signed(statement=statement, signature=wallet.sign(statement, domains.people))
        told = signed_json(signed, domains)
        self._database.keep_introduction(person, folded(name), statement.issued_at, told)
