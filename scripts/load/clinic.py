"""Owns a clinic on a stage: custodians, records that they guard, and viewers who may open them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

import requests

from app.adapters.wallets import write_key
from app.core.encoding import from_hex
from app.core.keys import PublicKey
from scripts.load.clients import clients, split
from scripts.load.people import Office, Secrets, fresh_secrets
from scripts.load.sizes import Sizes
from scripts.load.stage import Service, Stage

CUSTODIANS, THRESHOLD = 3, 2
BODY = 10_000
CATEGORY = "laboratory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """How long openings took (seconds, sorted), and how many there were in a second."""

    seconds: Sequence[float]
    per_second: float

    def ms(self, percent: int) -> float:
        """A percentile in milliseconds."""
        if len(self.seconds) < 2:
            return round(1000 * self.seconds[0], 2)
        return round(1000 * quantiles(self.seconds, n=100, method="inclusive")[percent - 1], 2)


@dataclass(kw_only=True)
class Clinic:
    """Three custodians of which two open, and people; everybody's records can be opened by one viewer."""

    stage: Stage
    office: Office
    sizes: Sizes
    custodians: list[Service] = field(default_factory=list)
    viewers: list[Secrets] = field(default_factory=list)

    def open(self, stack: ExitStack) -> None:
        """Start the custodians, and have records written and granted; none of it is measured."""
        stack.callback(lambda: self.stage.end(*self.custodians))
        self.custodians = [self._custodian(number) for number in range(1, CUSTODIANS + 1)]
        for custodian in self.custodians:
            custodian.until_ready()
        keys = [_key_of(service) for service in self.custodians]
        self.viewers = [fresh_secrets() for _ in range(self.sizes.viewers)]
        viewers = self.office.enrol(self.viewers)
        (doctor,) = self.office.enrol([fresh_secrets()])
        self.office.credential([*viewers, doctor])
        patients = self.office.enrol(
            [fresh_secrets(keys, THRESHOLD) for _ in range(self.sizes.patients)]
        )
        for number in range(self.sizes.records):
            patient = patients[number % len(patients)]
            doctor.write(_body(number), category=CATEGORY, patient=patient.address)
        self.office.settle()
        for number in range(max(len(patients), len(viewers))):
            viewer = viewers[number % len(viewers)]
            patients[number % len(patients)].grant(viewer.address, category=CATEGORY)
        self.office.settle()

    def _custodian(self, number: int) -> Service:
        """Start a custodian with a folder, a key and an account of its own."""
        folder = self.stage.folder / f"custodian-{number}"
        write_key(folder / "relayer.key", bytes(self.stage.chain.accounts[3].key))
        settings = {
            "CHARTKEY_DATA": str(folder),
            "CHARTKEY_DEPLOYMENT": str(self.stage.deployment_file),
            "CHARTKEY_CUSTODIAN_NAME": f"custodian {number}",
        }
        return self.stage.start("custodian", settings, listens=True)

    def at_full_speed(self, count: int) -> Times:
        """As many openings as two client processes can have made."""
        sizes = self.sizes
        return self._measure(split(count, sizes.openers), sizes.in_flight, 0, sizes.together)

    def at_rate(self, count: int, rate: float) -> Times:
        """Openings that are due at a steady rate, whether those before are done or not."""
        return self._measure([count], len(self.viewers), rate)

    def one_after_the_other(self, count: int) -> Times:
        """One client, one opening at a time."""
        return self._measure([count], 1, 0)

    def _measure(
        self, counts: Sequence[int], in_flight: int, rate: float, together: int = 1
    ) -> Times:
        common = {
            "custodians": [service.url for service in self.custodians],
            "in_flight": in_flight,
            "rate": rate,
            "together": together,
        }
        tasks: list[Mapping[str, Any]] = [
            {
                **common,
                "count": count,
                "viewers": [one.write() for one in self.viewers[place :: len(counts)]],
            }
            for place, count in enumerate(counts)
        ]
        with clients("opening", tasks, self.stage.environment()) as started:
            for client in started:
                client.go()
            answers = [client.answer() for client in started]
        seconds = sorted(one for answer in answers for one in answer["seconds"])
        began, ended = min(a["began"] for a in answers), max(a["ended"] for a in answers)
        opened = sum(answer["opened"] for answer in answers)
        return Times(seconds=seconds, per_second=round(opened / (ended - began), 1))


def _key_of(custodian: Service) -> PublicKey:
    told = requests.get(f"{custodian.url}/custodian", timeout=10).json()
    return PublicKey(from_hex(told["publicKey"]))


def _body(number: int) -> bytes:
    """A FHIR document of 10 kB, different for each number."""
    text = f"Observation {number}. " + "Nothing of note. " * (BODY // 17)
    document = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "A note"},
        "note": [{"text": text}],
    }
    length = BODY - (len(json.dumps(document)) - len(text))
    document["note"] = [{"text": text[:length].ljust(length, ".")}]
    return json.dumps(document).encode()
