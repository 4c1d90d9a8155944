"""Any course of events: people, credentials, grants, revocations and anchors, beside a mirror in plain Python."""

from random import Random

import brownie
import trees
from conftest import ADD, DAY, NOTHING, PRACTITIONER, VIEW
from eth_utils.crypto import keccak
from mirror import ZERO, Mirror

COURSES, STEPS = 2, 80


class Course:
    """Three people, two registrars and a stranger, who do whatever comes in any order."""

    def __init__(self, contracts, cast, governor, sign, digest_of):
        self.people, self.consent = contracts["PeopleRegistry"], contracts["ConsentRegistry"]
        self.cast, self.governor, self.sign, self.digest_of = cast, governor, sign, digest_of
        self.mirror = Mirror()
        self.grants = []
        self.met = set()  # the refusals that occurred
        self.answered = {}  # what was answered of the past, which no later event may change
        for person in cast[:3]:
            enrolled = self.people.enrol(NOTHING, ZERO, {"from": person})
            self.mirror.enrol(str(person), enrolled.timestamp)

    def ask(self, method, *words):
        """A question to the chain itself."""
        return brownie.web3.provider.make_request(method, list(words))["result"]

    def account(self, address):
        """Who holds a key; every key here is one of the cast's."""
        return next(one for one in self.cast if str(one) == address)

    def speaker(self, person):
        return self.account(self.mirror.key_of(str(person)))

    # people

    def rotate(self, who, whom):
        person, key = self.cast[who], self.cast[whom]
        if self.mirror.key_of(str(person)) == str(key):
            return
        done = self.people.rotate(person, key, {"from": self.speaker(person)})
        self.mirror.rotate(str(person), str(key), done.timestamp)

    def represent(self, who, whom, days):
        person, other = self.cast[who], self.cast[whom]
        until = brownie.chain[-1].timestamp + days * DAY
        if whom == who:
            return
        done = self.people.represent(person, other, until, {"from": self.speaker(person)})
        self.mirror.represent(str(person), str(other), until, done.timestamp)

    # credentials

    def appoint(self, whom, days):
        registrar = self.cast[3 + whom % 2]
        until = brownie.chain[-1].timestamp + 1 + days * DAY
        if not days:
            done = self.people.dismissRegistrar(registrar, PRACTITIONER, {"from": self.governor})
            self.mirror.appoint(str(registrar), done.timestamp, done.timestamp)
        else:
            done = self.people.appointRegistrar(
                registrar, PRACTITIONER, until, {"from": self.governor}
            )
            self.mirror.appoint(str(registrar), until, done.timestamp)

    def credential(self, who, whom, days):
        person, registrar = self.cast[who], self.cast[3 + whom % 2]
        not_after = brownie.chain[-1].timestamp + DAY + days * DAY
        if not self.mirror.is_registrar(str(registrar), self.next_time()):
            with brownie.reverts():
                self.people.credential(person, PRACTITIONER, not_after, {"from": registrar})
            return
        done = self.people.credential(person, PRACTITIONER, not_after, {"from": registrar})
        self.mirror.credential(str(person), str(registrar), not_after, done.timestamp)

    def withdraw(self, who, whom):
        person, registrar = self.cast[who], self.cast[3 + whom % 2]
        if not self.mirror.is_registrar(str(registrar), self.next_time()):
            return
        done = self.people.withdrawCredential(person, PRACTITIONER, {"from": registrar})
        self.mirror.withdraw(str(person), done.timestamp)

    # consent

    def grant(self, who, whom, days, bit, some):
        """Signed by anybody at all; anchored at once, later, or never."""
        patient, now = self.cast[who], brownie.chain[-1].timestamp
        grant = {
            "patient": str(patient),
            "viewer": str(self.cast[(who + 1) % 3]),
            "category": "laboratory",
            "record": NOTHING,
            "purpose": "TREAT",
            "rights": VIEW if some % 4 else ADD,
            "notBefore": now + (days - 2) * DAY,
            "expiresAt": now + (days + 1) * DAY,
            "nonce": self.mirror.tags.get(str(patient), 0) << 192 | 5 << 8 | bit,
            "salt": keccak(text=f"{some} {len(self.grants)}"),
        }
        signer = self.cast[whom] if some % 3 == 0 else self.speaker(patient)
        digest = self.digest_of("Grant", grant)
        digests = [digest, keccak(digest), keccak(keccak(digest))]
        root = trees.root(digests)
        shown = tuple(grant.values()), self.sign(signer, "Grant", grant)
        self.grants.append((grant, str(signer), root, (*shown, root, trees.proof(digests, digest))))
        if some % 2:
            self.anchor(root)

    def anchor(self, root):
        done = self.consent.anchor(root, NOTHING, {"from": self.cast[5]})
        self.mirror.anchor(root, done.timestamp)

    def anchor_one_of_before(self, some):
        if self.grants:
            self.anchor(self.grants[some % len(self.grants)][2])

    def revoke(self, who, bit):
        patient = self.cast[who]
        self.consent.revokeFor(
            patient, self.word(patient), 1 << bit, {"from": self.speaker(patient)}
        )
        self.mirror.revoke(str(patient), self.word(patient), 1 << bit)

    def revoke_by_signature(self, who, whom, bit):
        """Signed by anybody at all; only who speaks for the patient is heard."""
        patient, signer = self.cast[who], self.cast[whom]
        message = {"patient": str(patient), "word": self.word(patient), "mask": 1 << bit}
        signature = self.sign(signer, "Revocation", message)
        done = self.consent.revokeBySig(
            [tuple(message.values())], [signature], {"from": self.cast[5]}
        )
        if self.mirror.speaks_for(str(patient), str(signer), done.timestamp):
            self.mirror.revoke(str(patient), self.word(patient), 1 << bit)

    def revoke_all(self, who, some):
        patient = self.cast[who]
        tag = int.from_bytes(keccak(some.to_bytes(4, "big"))[:8], "big")
        known = {self.mirror.tags.get(str(patient), 0)} | {
            spent for person, spent in self.mirror.spent if person == str(patient)
        }
        call = self.consent.revokeAll
        if tag in known:
            with brownie.reverts():
                call(patient, tag, {"from": self.speaker(patient)})
            return
        call(patient, tag, {"from": self.speaker(patient)})
        self.mirror.revoke_all(str(patient), tag)

    def a_stranger_takes_back_nothing(self, who, bit):
        patient, stranger = self.cast[who], self.cast[5]
        if self.mirror.speaks_for(str(patient), str(stranger), self.next_time()):
            return
        with brownie.reverts():
            self.consent.revokeFor(patient, self.word(patient), 1 << bit, {"from": stranger})
        with brownie.reverts():
            self.consent.revokeAll(patient, 77, {"from": stranger})

    def time_passes(self, days):
        self.ask("evm_setNextBlockTimestamp", brownie.chain[-1].timestamp + days * DAY + 1)
        self.ask("evm_mine")

    def word(self, patient):
        return self.mirror.tags.get(str(patient), 0) << 184 | 5

    def next_time(self):
        """At which the next block is to be."""
        time = brownie.chain[-1].timestamp + 1
        self.ask("evm_setNextBlockTimestamp", time)
        return time

    # what holds after each step

    def grants_are_judged_alike(self, chance):
        now = brownie.chain[-1].timestamp
        for grant, signer, root, shown in chance.sample(self.grants, min(3, len(self.grants))):
            expected = self.mirror.refusal(grant, signer, root, now)
            assert self.consent.anchoredAt(root) == self.mirror.anchors.get(root, 0)
            assert self.consent.refusal(*shown) == expected
            self.met.add(expected)

    def people_are_known_alike(self):
        now = brownie.chain[-1].timestamp
        for person in self.cast[:3]:
            assert self.people.keyOf(person) == self.mirror.key_of(str(person))
            assert self.people.nonceOf(person) == self.mirror.nonces[str(person)]
            assert self.consent.tagOf(person) == self.mirror.tags.get(str(person), 0)
            word = self.word(person)
            assert self.consent.revokedBits(person, word) == self.mirror.bits.get(
                (str(person), word), 0
            )
            held = self.people.holdsCredential(person, PRACTITIONER, now)
            assert held == self.mirror.holds_credential(str(person), now)

    def the_past_is_never_rewritten(self):
        """What was answered about a second that is over is answered again, whatever happened since."""
        past = brownie.chain[-1].timestamp - 1
        index = len(self.answered)
        person, signer = self.cast[index % 3], self.cast[(index // 3) % 6]
        self.answered[person, signer, past] = (
            self.people.speaksFor(person, signer, past),
            self.people.holdsCredential(person, PRACTITIONER, past),
        )
        for (person, signer, time), answer in list(self.answered.items())[-3:]:
            expected = (
                self.mirror.speaks_for(str(person), str(signer), time),
                self.mirror.holds_credential(str(person), time),
            )
            now = (
                self.people.speaksFor(person, signer, time),
                self.people.holdsCredential(person, PRACTITIONER, time),
            )
            assert now == answer == expected


ACTIONS = {
    Course.rotate: ("who", "whom"),
    Course.represent: ("who", "whom", "days"),
    Course.appoint: ("whom", "days"),
    Course.credential: ("who", "whom", "days"),
    Course.withdraw: ("who", "whom"),
    Course.grant: ("who", "whom", "days", "bit", "some"),
    Course.anchor_one_of_before: ("some",),
    Course.revoke: ("who", "bit"),
    Course.revoke_by_signature: ("who", "whom", "bit"),
    Course.revoke_all: ("who", "some"),
    Course.a_stranger_takes_back_nothing: ("who", "bit"),
    Course.time_passes: ("days",),
}
"""What may happen, and what is drawn for it."""
OFTEN = {Course.grant: 5, Course.anchor_one_of_before: 3, Course.appoint: 2, Course.credential: 2}
BOUNDS = {"who": 3, "whom": 6, "days": 5, "bit": 4, "some": 2**32}


def test_whatever_happens_the_contracts_and_the_mirror_agree(
    contracts, account, governor, sign, digest_of
):
    met = set()
    for seed in range(COURSES):
        names = ("ada", "bea", "cato", "first registrar", "second registrar", "stranger")
        cast = [account(f"course {seed} {name}") for name in names]
        course = Course(contracts, cast, governor, sign, digest_of)
        met |= walked(course, Random(seed))
    assert met == set(range(8)), "a refusal never occurred"


def walked(course, chance):
    """One course of events, looked at after each; the refusals that occurred."""
    actions, told = list(ACTIONS), []
    weights = [OFTEN.get(action, 1) for action in actions]
    for _ in range(STEPS):
        [action] = chance.choices(actions, weights)
        drawn = {name: chance.randrange(BOUNDS[name]) for name in ACTIONS[action]}
        told.append((action.__name__, drawn))  # pytest shows it where something fails
        action(course, **drawn)
        course.grants_are_judged_alike(chance)
        course.people_are_known_alike()
        course.the_past_is_never_rewritten()
    return course.met
