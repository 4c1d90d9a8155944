"""Owns the performance: the population does what it does, nodes publish, and an Anvil mines it all.

What is true stays here, for the scorer; what is public comes back from the chain and the stores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter

from app.adapters.contracts import Contract, abi_values
from app.adapters.deployment import Deployment
from app.core.categories import CATEGORIES
from app.core.encoding import ZERO_ADDRESS
from app.core.records import Role
from app.core.signatures import Signed
from app.core.statements import CONSENT, PEOPLE, RECORDS, Revocation
from app.services.calling import TOGETHER
from scripts.observing.population import DAY, HOUR, MINUTE, Population, Visit
from scripts.observing.public import Thing
from scripts.observing.publishing import Batched, HandedIn, Protections, Publisher
from scripts.observing.signing import Clock, Someone, seeded

YEAR = 365 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What goes to the chain at a moment."""

    at: int
    sender: str
    to: str
    calldata: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The truth about one grant."""

    digest: bytes
    patient: str
    doctor: str
    category: str
    at: int


@dataclass(kw_only=True)
class Truth:
    """What happened, of which nothing is public."""

    grants: list[Given] = field(default_factory=list)
    openings: list[tuple[str, int]] = field(default_factory=list)
    """Whose chart, and when."""


@dataclass(kw_only=True)
class Performance:
    """Everybody acts, in order of time; `transactions` are what they send."""

    population: Population
    deployment: Deployment
    protections: Protections
    start: int
    """The first Monday's midnight."""
    registrar: str
    relayers: Sequence[str]
    truth: Truth = field(default_factory=Truth)
    things: dict[bytes, Thing] = field(default_factory=dict)
    lists: dict[bytes, bytes] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)

    def __post_init__(self) -> None:
        random = seeded(("people", self.population.seed))
        self._clock, domains = Clock(), self.deployment.domains
        self._contracts = {
            name: Contract(name=name, address=contract.address, abi=contract.abi)
            for name, contract in self.deployment.contracts.items()
        }

        def somebody() -> Someone:
            return Someone(
                domains=domains, clock=self._clock, random=random, protections=self.protections
            )

        self.patients = [somebody() for _ in self.population.patients]
        self.doctors = [somebody() for _ in self.population.doctors]
        self._by_address = {one.address: one for one in self.doctors}
        self._nodes = [
            Publisher(
                relayer=relayer,
                protections=self.protections,
                random=random,
                things=self.things,
                lists=self.lists,
            )
            for relayer in self.relayers
        ]
        self._granted: dict[tuple[int, int], bytes] = {}
        self._sessions: set[tuple[str, int]] = set()

    def run(self) -> None:
        """Do everything."""
        for at, act in sorted(self._script(), key=itemgetter(0)):
            self._clock.now = self.start + at
            self._leave(self._clock.now)
            act()
        self._leave(self._clock.now + HOUR)
        self.transactions.sort(key=lambda one: one.at)

    def _leave(self, now: int) -> None:
        for node in self._nodes:
            self._anchor(node.until(now))

    def _anchor(self, batches: Iterable[Batched]) -> None:
        for batch in batches:
            contract = self._contracts[batch.judge]
            calldata = contract.encode("anchor", batch.root, batch.id)
            self._send_at(batch.at, batch.sender, contract, calldata)

    def _send(self, sender: str, contract: Contract, calldata: bytes) -> None:
        self._send_at(self._clock.now, sender, contract, calldata)

    def _send_at(self, at: int, sender: str, contract: Contract, calldata: bytes) -> None:
        self.transactions.append(
            Transaction(at=at, sender=sender, to=contract.address, calldata=calldata)
        )

    # the script

    def _script(self) -> Iterator[tuple[int, Callable[[], None]]]:
        for number, at in enumerate(self.population.enrols):
            patient, node = self.patients[number], self._node_of_patient(number)
            yield at, partial(self._enrol, patient, node)
        for number, doctor in enumerate(self.population.doctors):
            person, node = self.doctors[number], self._node_of_doctor(number)
            yield doctor.joins, partial(self._enrol, person, node)
            yield doctor.joins + 30 * MINUTE, partial(self._credential, person)
        for number, visit in enumerate(self.population.visits):
            yield from self._scene(number, visit)

    def _scene(self, number: int, visit: Visit) -> Iterator[tuple[int, Callable[[], None]]]:
        for place, (at, category) in enumerate(visit.granted):
            yield at, partial(self._grant, number, place, visit, category)
        for place, at in enumerate(visit.opened):
            yield at, partial(self._open, number, place, visit)
        yield visit.note.at, partial(self._write, visit)
        if visit.taken_back_at:
            yield visit.taken_back_at, partial(self._take_back, number, visit)

    def _node_of_patient(self, number: int) -> Publisher:
        return self._nodes[self.population.patients[number].node]

    def _node_of_doctor(self, number: int) -> Publisher:
        return self._nodes[self.population.doctors[number].node]

    # acts

    def _enrol(self, person: Someone, node: Publisher) -> None:
        people = self._contracts[PEOPLE]
        signed, notes = person.enrolment()
        node.note(self._clock.now, notes)
        if self.protections.relays:
            self._send(node.relayer, people, people.relayed(signed.statement, signed.signature))
        else:
            keys_hash = signed.statement.keys_hash
            self._send(person.address, people, people.encode("enrol", keys_hash, ZERO_ADDRESS))

    def _credential(self, person: Someone) -> None:
        people, until = self._contracts[PEOPLE], self.start + YEAR
        calldata = people.encode("credential", person.address, int(Role.PRACTITIONER), until)
        self._send(self.registrar, people, calldata)

    def _grant(self, number: int, place: int, visit: Visit, category: str) -> None:
        patient, doctor = self.patients[visit.patient], self.doctors[visit.doctor]
        one = patient.grant(doctor, category)
        self._granted[number, place] = one.digest
        self.truth.grants.append(
            Given(
                digest=one.digest,
                patient=patient.address,
                doctor=doctor.address,
                category=category,
                at=self._clock.now,
            )
        )
        self._take(self._node_of_patient(visit.patient), one)

    def _open(self, number: int, place: int, visit: Visit) -> None:
        patient, doctor = self.patients[visit.patient], self.doctors[visit.doctor]
        category = visit.granted[place][1]
        day = doctor.address, self._clock.now // DAY
        if day not in self._sessions:
            self._sessions.add(day)
            doctor.device.start_session("https://chart.example")
        count = self.population.patients[visit.patient].records[CATEGORIES.index(category)]
        one = doctor.access(patient, self._granted[number, place], count)
        self.truth.openings.append((patient.address, self._clock.now))
        self._take(self._node_of_doctor(visit.doctor), one)

    def _write(self, visit: Visit) -> None:
        patient, doctor = self.patients[visit.patient], self.doctors[visit.doctor]
        node, note = self._node_of_doctor(visit.doctor), visit.note
        written = doctor.note(patient, note.category, note.size)
        node.show(self._clock.now, [written.body])
        node.keep(self._clock.now, written.sheet, [])
        for one in written.digests:
            self._take(node, one)
        if note.retracted_at:
            record = written.digests[-1].digest
            self._retract(doctor, node, record, self.start + note.retracted_at)

    def _retract(self, doctor: Someone, node: Publisher, record: bytes, at: int) -> None:
        signed, records = doctor.retraction(record), self._contracts[RECORDS]
        if self.protections.relays:
            calldata = records.relayed(signed.statement, signed.signature)
            self._send_at(at, node.relayer, records, calldata)
        else:
            calldata = records.encode("retract", doctor.address, record)
            self._send_at(at, doctor.address, records, calldata)

    def _take_back(self, number: int, visit: Visit) -> None:
        patient, node = self.patients[visit.patient], self._node_of_patient(visit.patient)
        digests = {self._granted[number, place] for place in range(len(visit.granted))}
        many = patient.take_back(digests)
        consent = self._contracts[CONSENT]
        for at in range(0, len(many), TOGETHER) if self.protections.relays else ():
            part = many[at : at + TOGETHER]
            self._send(node.relayer, consent, _together(consent, part))
        for signed in () if self.protections.relays else many:
            words = signed.statement.word, signed.statement.mask
            self._send(patient.address, consent, consent.encode("revoke", *words))
        for letter, noted in patient.hand_over(self._by_address):
            if letter:
                node.keep(self._clock.now, letter, [noted])
            else:
                node.note(self._clock.now, [noted])

    def _take(self, node: Publisher, one: HandedIn) -> None:
        self._anchor(node.take(self._clock.now, one))


def _together(consent: Contract, many: Sequence[Signed[Revocation]]) -> bytes:
    values = [abi_values(signed.statement) for signed in many]
    return consent.encode("revokeBySig", values, [signed.signature for signed in many])
