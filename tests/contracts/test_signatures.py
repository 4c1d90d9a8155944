"""Signatures: each way in which one can fail, one by one, for every statement that a contract acts on.

Revocations come in batches that pass over what fails: see test_revoke_by_signature.py.
"""

from types import SimpleNamespace

import brownie
import pytest
import typed_data
from conftest import DAY, ZERO, refused
from eth_utils.crypto import keccak

# Statement type: (contract, function, field that names the person)
VERBS = {
    "Enrolment": ("people", "enrolBySig", "person"),
    "Rotation": ("people", "rotateBySig", "person"),
    "KeysChange": ("people", "changeKeysBySig", "person"),
    "RecoveryChange": ("people", "changeRecoveryBySig", "person"),
    "Recovery": ("people", "startRecoveryBySig", "person"),
    "Representation": ("people", "representBySig", "person"),
    "MembershipEnd": ("people", "endMembershipBySig", "organization"),
    "Retraction": ("records", "retractBySig", "person"),
    "RevocationOfAll": ("consent", "revokeAllBySig", "patient"),
}
WITH_NONCE = ["Enrolment", "Rotation", "KeysChange", "RecoveryChange", "Recovery", "Representation"]
HARMLESS = ["MembershipEnd", "Retraction"]
FIELDS = [(name, field) for name in VERBS for field in typed_data.names(name)]

every_verb = pytest.mark.parametrize("type_name", VERBS)
every_deadline = pytest.mark.parametrize("type_name", WITH_NONCE)


@pytest.fixture
def prepare(people, records, consent, patient, recovery, stranger, new_key, relayer, sign, now):
    """A statement of that type that would be taken, who signs it, and how to bring it in."""
    contracts = {"people": people, "records": records, "consent": consent}

    def make(type_name, person=None):
        contract, function, subject = VERBS[type_name]
        signer = {"Enrolment": stranger, "Recovery": recovery}.get(type_name, patient)
        person = person or (stranger if type_name == "Enrolment" else patient)
        values = {
            "keysHash": keccak(text="newer keys"),
            "recovery": new_key.address,
            "newKey": new_key.address,
            "representative": new_key.address,
            "expiresAt": now() + DAY,
            "membership": keccak(text="membership"),
            "record": keccak(text="record"),
            "tag": 0,
            "newTag": 77,
            "nonce": {"Enrolment": 0, "Recovery": 0}.get(type_name, 1),
            "deadline": now() + DAY,
            subject: person.address,
        }
        return SimpleNamespace(
            type_name=type_name,
            person=person,
            signer=signer,
            message={name: values[name] for name in typed_data.names(type_name)},
            bring=lambda message, signature: getattr(contracts[contract], function)(
                tuple(message.values()), signature, {"from": relayer}
            ),
        )

    return make


@every_verb
def test_a_good_signature_is_taken(prepare, sign, type_name):
    ready = prepare(type_name)

    assert ready.bring(ready.message, sign(ready.signer, type_name, ready.message)).events


@every_verb
def test_anothers_key_is_refused(prepare, sign, account, type_name):
    ready, thief = prepare(type_name), account("thief")

    with refused("NotSignedBy", ready.person, thief):
        ready.bring(ready.message, sign(thief, type_name, ready.message))


@pytest.mark.parametrize(("type_name", "field"), FIELDS)
def test_a_changed_field_is_refused(prepare, sign, account, other_patient, now, type_name, field):
    ready = prepare(type_name)
    changed = {
        "person": account("another").address if type_name == "Enrolment" else other_patient.address,
        "organization": other_patient.address,
        "patient": other_patient.address,
        "nonce": 9,
        "deadline": now() + 2 * DAY,
        "tag": 5,
        "newTag": 78,
        "expiresAt": now() + 2 * DAY,
    }.get(field, other_patient.address if field[0] != "k" else None)
    if field in ("keysHash", "membership", "record"):
        changed = keccak(text="changed")
    error = {"nonce": "NonceUsed", "tag": "TagNotCurrent"}.get(field, "NotSignedBy")

    with brownie.reverts(revert_pattern=f"{error}: .*"):
        ready.bring(ready.message | {field: changed}, sign(ready.signer, type_name, ready.message))


@every_deadline
def test_a_statement_that_comes_too_late_is_refused(prepare, sign, next_block_at, type_name):
    ready = prepare(type_name)
    signature = sign(ready.signer, type_name, ready.message)
    next_block_at(ready.message["deadline"] + 1)

    with refused("DeadlinePassed", ready.message["deadline"]):
        ready.bring(ready.message, signature)


@every_deadline
def test_the_second_of_the_deadline_still_counts(prepare, sign, next_block_at, type_name):
    ready = prepare(type_name)
    signature = sign(ready.signer, type_name, ready.message)
    next_block_at(ready.message["deadline"])

    assert ready.bring(ready.message, signature).timestamp == ready.message["deadline"]


@pytest.mark.parametrize("type_name", WITH_NONCE)
def test_a_nonce_that_is_not_the_next_is_refused(prepare, sign, type_name):
    ready = prepare(type_name)
    expected = ready.message["nonce"]

    for step in (1, 2**48, 2**255):
        message = ready.message | {"nonce": expected + step}
        with refused("NonceUsed", ready.person, expected + step, expected):
            ready.bring(message, sign(ready.signer, type_name, message))


@pytest.mark.parametrize("type_name", [name for name in VERBS if name not in HARMLESS])
def test_a_replay_is_refused(prepare, sign, type_name):
    ready = prepare(type_name)
    signature = sign(ready.signer, type_name, ready.message)
    ready.bring(ready.message, signature)

    with brownie.reverts(revert_pattern="(NonceUsed|TagNotCurrent): .*"):
        ready.bring(ready.message, signature)


@pytest.mark.parametrize("type_name", HARMLESS)
def test_a_replay_of_what_needs_no_nonce_changes_nothing(prepare, sign, type_name):
    ready = prepare(type_name)
    signature = sign(ready.signer, type_name, ready.message)
    ready.bring(ready.message, signature)

    assert not ready.bring(ready.message, signature).events


@every_verb
def test_a_signature_for_another_domain_is_refused(prepare, sign, type_name):
    ready = prepare(type_name)
    foreign = [
        {"chainId": 1},
        {"verifyingContract": "0x" + "11" * 20},
        {"version": "2"},
        {"name": "Chartkez"},
    ]

    for domain in foreign:
        with brownie.reverts(revert_pattern="NotSignedBy: .*"):
            ready.bring(ready.message, sign(ready.signer, type_name, ready.message, **domain))


@every_verb
def test_a_malformed_signature_is_nobodys(prepare, sign, type_name):
    ready = prepare(type_name)
    signature = sign(ready.signer, type_name, ready.message)
    malformed = {
        "high s": typed_data.with_high_s(signature),
        "64 bytes": typed_data.compact(signature),
        "empty": b"",
        "zeros": bytes(65),
        "v of 0": signature[:64] + b"\0",
        "66 bytes": signature + b"\0",
    }

    for spoiled in malformed.values():
        with refused("NotSignedBy", ready.person, ZERO):
            ready.bring(ready.message, spoiled)


@pytest.mark.parametrize("type_name", WITH_NONCE)
def test_deadline_comes_before_replay_and_replay_before_signature(
    prepare, next_block_at, type_name
):
    ready = prepare(type_name)
    message = ready.message | {"nonce": 9}

    with refused("NonceUsed", ready.person, 9, ready.message["nonce"]):
        ready.bring(message, b"")
    next_block_at(message["deadline"] + 1)
    with refused("DeadlinePassed", message["deadline"]):
        ready.bring(message, b"")


@pytest.mark.parametrize(
    "type_name",
    [name for name in VERBS if name not in ("Enrolment", "Recovery", "RevocationOfAll")],
)
def test_a_contract_account_is_heard_where_it_accepts_and_only_there(
    prepare, wallet, sign, type_name
):
    ready = prepare(type_name, person=wallet)
    signature = sign(wallet.owner, type_name, ready.message)

    for mood in (2, 3, 4, 5):
        wallet.contract.setMood(mood, {"from": wallet.owner})
        with refused("NotSignedBy", wallet, wallet.owner):
            ready.bring(ready.message, signature)

    wallet.contract.setMood(0, {"from": wallet.owner})
    assert ready.bring(ready.message, signature).events


def test_a_contract_account_is_not_asked_about_revoking_all(prepare, wallet, sign):
    ready = prepare("RevocationOfAll", person=wallet)

    with refused("NotSignedBy", wallet, wallet.owner):
        ready.bring(ready.message, sign(wallet.owner, "RevocationOfAll", ready.message))
