"""Access control as one table: every call that changes something, and who may make it.

Each row says who is let in; everybody else in ROLES is refused, with the error that the row names.
"""

import pytest
from conftest import DAY, FOREVER, NOTHING, PRACTITIONER, ZERO, refused
from eth_utils.crypto import keccak

HASH = keccak(text="anything")
ROLES = [
    *("patient", "old_key", "present_key", "representative", "recovery", "other_patient"),
    *("governor", "appointed", "former_registrar", "stranger"),
]
ANYONE = set(ROLES)
PRESENT = {"present_key"}
SPEAKS = {"present_key", "representative"}

# (contract, function, arguments, who may, error of the others). `person` stands for one whose key was
# rotated from `old_key` (its id) to `present_key`; "sender" in the values of an error for who calls.
CALLS = [
    ("people", "rotate", ("person", "new_key"), PRESENT, ("NotAuthorized", "sender", "person")),
    ("people", "changeKeys", ("person", HASH), PRESENT, ("NotAuthorized", "sender", "person")),
    ("people", "changeRecovery", ("person", ZERO), PRESENT, ("NotAuthorized", "sender", "person")),
    (
        "people",
        "represent",
        ("person", "new_key", DAY),
        PRESENT,
        ("NotAuthorized", "sender", "person"),
    ),
    ("people", "objectRecovery", ("person",), PRESENT, ("NotAuthorized", "sender", "person")),
    (
        "people",
        "startRecovery",
        ("person", "new_key"),
        {"recovery"},
        ("NotAuthorized", "sender", "person"),
    ),
    ("people", "endMembership", ("person", HASH), SPEAKS, ("NotAuthorized", "sender", "person")),
    ("people", "enrol", (HASH, ZERO), {"new"}, ("AlreadyEnrolled", "sender")),
    (
        *("people", "appointRegistrar", ("new_key", PRACTITIONER, FOREVER)),
        *({"governor"}, ("OwnableUnauthorizedAccount", "sender")),
    ),
    (
        *("people", "dismissRegistrar", ("appointed", PRACTITIONER)),
        *({"governor"}, ("OwnableUnauthorizedAccount", "sender")),
    ),
    (
        *("people", "listCustodian", ("new_key", HASH, "https://custodian.example")),
        *({"governor"}, ("OwnableUnauthorizedAccount", "sender")),
    ),
    (
        "people",
        "delistCustodian",
        ("listed",),
        {"governor"},
        ("OwnableUnauthorizedAccount", "sender"),
    ),
    (
        "people",
        "transferOwnership",
        ("new_key",),
        {"governor"},
        ("OwnableUnauthorizedAccount", "sender"),
    ),
    (
        *("people", "credential", ("person", PRACTITIONER, FOREVER)),
        *({"appointed"}, ("NotRegistrar", "sender", PRACTITIONER)),
    ),
    (
        *("people", "withdrawCredential", ("person", PRACTITIONER)),
        *({"appointed"}, ("NotRegistrar", "sender", PRACTITIONER)),
    ),
    ("records", "anchor", (HASH, HASH), ANYONE, None),
    ("records", "retract", ("person", HASH), SPEAKS, ("NotAuthorized", "sender", "person")),
    ("consent", "anchor", (HASH, HASH), ANYONE, None),
    ("consent", "revoke", (1, 1), ANYONE, None),
    ("consent", "revokeFor", ("person", 1, 1), SPEAKS, ("NotAuthorized", "sender", "person")),
    ("consent", "revokeAll", ("person", 77), SPEAKS, ("NotAuthorized", "sender", "person")),
    ("audit", "anchor", (HASH, HASH), ANYONE, None),
]
# Calls that anyone may make because the word of somebody else, or time alone, decides.
BY_SIGNATURE = {
    "enrolBySig",
    "rotateBySig",
    "changeKeysBySig",
    "changeRecoveryBySig",
    "startRecoveryBySig",
}
BY_SIGNATURE |= {
    "representBySig",
    "endMembershipBySig",
    "retractBySig",
    "revokeBySig",
    "revokeAllBySig",
}
ELSEWHERE = BY_SIGNATURE | {"finishRecovery", "acceptOwnership", "renounceOwnership"}


@pytest.fixture(scope="module")
def cast(
    people,
    account,
    patient,
    other_patient,
    representative,
    recovery,
    governor,
    appointed,
    stranger,
    new_key,
):
    """Everybody in the table, by name."""
    person, present, former = (
        account("rotated person"),
        account("present key"),
        account("former registrar"),
    )
    people.enrol(HASH, recovery, {"from": person})
    people.rotate(person, present, {"from": person})
    people.represent(person, representative, FOREVER, {"from": present})
    people.appointRegistrar(former, PRACTITIONER, FOREVER, {"from": governor})
    people.dismissRegistrar(former, PRACTITIONER, {"from": governor})
    people.listCustodian(patient, HASH, "https://custodian.example", {"from": governor})
    people.startRecovery(person, new_key, {"from": recovery})
    return {
        "person": person,
        "old_key": person,
        "present_key": present,
        "former_registrar": former,
        "listed": patient,
        "patient": patient,
        "other_patient": other_patient,
        "representative": representative,
        "recovery": recovery,
        "governor": governor,
        "appointed": appointed,
        "stranger": stranger,
        "new_key": new_key,
    }


@pytest.mark.parametrize("row", CALLS, ids=lambda row: f"{row[0]}.{row[1]}")
def test_only_who_may_is_let_in(row, people, records, consent, audit, cast, chain):
    contract, function, arguments, let_in, refusal = row
    contract = {"people": people, "records": records, "consent": consent, "audit": audit}[contract]
    call = getattr(contract, function)
    values = [cast.get(value, value) if isinstance(value, str) else value for value in arguments]
    if function == "enrol":
        for role in ("patient", "old_key", "other_patient"):
            with refused(refusal[0], cast[role]):
                call(*values, {"from": cast[role]})
        call(*values, {"from": cast["new_key"]})
        return

    for role in [role for role in ROLES if role not in let_in]:
        error, *named = refusal
        with refused(error, *(cast[role] if n == "sender" else cast.get(n, n) for n in named)):
            call(*values, {"from": cast[role]})
    for role in let_in:
        chain.snapshot()
        call(*values, {"from": cast[role]})
        chain.revert()


def test_the_table_holds_every_call(contracts):
    changing = {
        entry["name"]
        for contract in contracts.values()
        for entry in contract.abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }

    assert changing | {"renounceOwnership"} == {function for _, function, *_ in CALLS} | ELSEWHERE


def test_nothing_takes_ether(contracts, stranger):
    for contract in contracts.values():
        assert not any(entry.get("stateMutability") == "payable" for entry in contract.abi)


def test_who_is_credentialed_keeps_no_power_over_others(people, doctor, patient, consent):
    for call, values in [
        (people.rotate, (patient, doctor)),
        (consent.revokeFor, (patient, 1, 1)),
        (consent.revokeAll, (patient, 77)),
    ]:
        with refused("NotAuthorized", doctor, patient):
            call(*values, {"from": doctor})


def test_the_zero_word_opens_nothing(people, patient, stranger):
    with refused("NotAuthorized", stranger, patient):
        people.changeKeys(patient, NOTHING, {"from": stranger})
