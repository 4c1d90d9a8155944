"""Recovering: the authority that the person named asks for a new key, and the present key may object."""

import pytest
from conftest import DAY, ZERO, event, refused

DELAY = 3 * DAY


@pytest.fixture
def sign_recovery(sign, now):
    def make(signer, person, new_key, nonce=0):
        message = {
            "person": str(person),
            "newKey": str(new_key),
            "nonce": nonce,
            "deadline": now() + DAY,
        }
        return tuple(message.values()), sign(signer, "Recovery", message)

    return make


def test_after_the_delay_anyone_makes_the_new_key_the_key(
    people, patient, recovery, new_key, stranger, next_block_at
):
    started = people.startRecovery(patient, new_key, {"from": recovery})
    ready_at = started.timestamp + DELAY
    assert tuple(people.pendingRecoveryOf(patient)) == (new_key, ready_at)
    next_block_at(ready_at)

    finished = people.finishRecovery(patient, {"from": stranger})

    assert finished.timestamp == ready_at
    assert people.keyOf(patient) == new_key
    assert tuple(people.pendingRecoveryOf(patient)) == (ZERO, 0)
    assert people.speaksFor(patient, patient, finished.timestamp - 1)
    assert not people.speaksFor(patient, patient, finished.timestamp)
    assert event(started, "RecoveryStarted") == {
        "person": patient,
        "newKey": new_key,
        "readyAt": ready_at,
    }
    assert event(finished, "RecoveryFinished") == {"person": patient, "newKey": new_key}
    assert event(finished, "KeyRotated") == {
        "person": patient,
        "oldKey": patient,
        "newKey": new_key,
    }
    assert "RecoveryStopped" not in finished.events


def test_the_delay_is_three_days(people):
    assert people.RECOVERY_DELAY() == DELAY


def test_nothing_is_finished_before_the_delay_is_over(
    people, patient, recovery, new_key, next_block_at
):
    ready_at = people.startRecovery(patient, new_key, {"from": recovery}).timestamp + DELAY
    next_block_at(ready_at - 1)

    with refused("RecoveryNotReady", patient, ready_at):
        people.finishRecovery(patient, {"from": recovery})
    assert people.keyOf(patient) == patient


def test_the_present_key_objects(people, patient, recovery, new_key, chain):
    people.startRecovery(patient, new_key, {"from": recovery})

    transaction = people.objectRecovery(patient, {"from": patient})
    chain.sleep(DELAY)

    assert event(transaction, "RecoveryStopped") == {"person": patient}
    with refused("NoRecoveryPending", patient):
        people.finishRecovery(patient, {"from": recovery})


def test_there_is_nothing_to_object_to_or_finish_where_none_is_pending(people, patient, stranger):
    with refused("NoRecoveryPending", patient):
        people.objectRecovery(patient, {"from": patient})
    with refused("NoRecoveryPending", stranger):
        people.finishRecovery(stranger, {"from": stranger})


def test_a_rotation_by_the_present_key_is_an_objection(
    people, patient, recovery, new_key, account, chain
):
    people.startRecovery(patient, new_key, {"from": recovery})

    transaction = people.rotate(patient, account("own new key"), {"from": patient})
    chain.sleep(DELAY)

    assert event(transaction, "RecoveryStopped") == {"person": patient}
    with refused("NoRecoveryPending", patient):
        people.finishRecovery(patient, {"from": recovery})


def test_a_signed_change_of_the_authority_is_an_objection(
    people, patient, recovery, new_key, relayer, stranger, sign, now, chain
):
    people.startRecovery(patient, new_key, {"from": recovery})
    change = {
        "person": patient.address,
        "recovery": stranger.address,
        "nonce": 1,
        "deadline": now() + DAY,
    }

    transaction = people.changeRecoveryBySig(
        tuple(change.values()), sign(patient, "RecoveryChange", change), {"from": relayer}
    )
    chain.sleep(DELAY)

    assert people.recoveryOf(patient) == stranger
    assert event(transaction, "RecoveryChanged") == {"person": patient, "recovery": stranger}
    assert event(transaction, "RecoveryStopped") == {"person": patient}
    with refused("NoRecoveryPending", patient):
        people.finishRecovery(patient, {"from": recovery})
    with refused("NotAuthorized", recovery, patient):
        people.startRecovery(patient, new_key, {"from": recovery})


def test_asking_again_starts_the_delay_anew(people, patient, recovery, new_key, account, chain):
    people.startRecovery(patient, new_key, {"from": recovery})
    chain.sleep(DELAY - 10)

    second = people.startRecovery(patient, account("another"), {"from": recovery})

    assert tuple(people.pendingRecoveryOf(patient)) == (
        account("another"),
        second.timestamp + DELAY,
    )


def test_a_signed_recovery_comes_in_through_anyone(
    people, patient, recovery, new_key, relayer, sign_recovery
):
    people.startRecoveryBySig(*sign_recovery(recovery, patient, new_key), {"from": relayer})

    assert people.pendingRecoveryOf(patient)[0] == new_key
    assert people.recoveryNonceOf(patient) == 1


def test_neither_side_can_use_up_the_nonce_of_the_other(
    people, patient, recovery, new_key, relayer, sign, sign_recovery, now
):
    change = {
        "person": patient.address,
        "recovery": ZERO,
        "nonce": people.nonceOf(patient),
        "deadline": now() + DAY,
    }
    objection = tuple(change.values()), sign(patient, "RecoveryChange", change)
    people.startRecovery(patient, new_key, {"from": recovery})
    people.startRecoveryBySig(*sign_recovery(recovery, patient, new_key, 1), {"from": relayer})

    people.changeRecoveryBySig(*objection, {"from": relayer})

    assert tuple(people.pendingRecoveryOf(patient)) == (ZERO, 0)


def test_the_nonce_of_a_recovery_outlives_it(
    people, patient, recovery, new_key, relayer, sign_recovery
):
    withheld = sign_recovery(recovery, patient, new_key)
    people.startRecoveryBySig(*withheld, {"from": relayer})
    people.objectRecovery(patient, {"from": patient})

    with refused("NonceUsed", patient, 0, 1):
        people.startRecoveryBySig(*withheld, {"from": relayer})


def test_a_contract_of_guardians_recovers_by_what_it_accepts(
    people, patient, wallet, new_key, relayer, sign_recovery
):
    people.changeRecovery(patient, wallet.address, {"from": patient})

    people.startRecoveryBySig(*sign_recovery(wallet.owner, patient, new_key), {"from": relayer})

    assert people.pendingRecoveryOf(patient)[0] == new_key


def test_a_person_without_an_authority_cannot_be_recovered(
    people, patient, new_key, stranger, relayer, sign_recovery
):
    people.changeRecovery(patient, ZERO, {"from": patient})

    with refused("NotAuthorized", stranger, patient):
        people.startRecovery(patient, new_key, {"from": stranger})
    with refused("NotSignedBy", patient, ZERO):
        people.startRecoveryBySig(
            sign_recovery(stranger, patient, new_key)[0], b"", {"from": relayer}
        )


def test_a_recovered_key_is_never_zero(people, patient, recovery):
    with refused("ZeroKey", patient):
        people.startRecovery(patient, ZERO, {"from": recovery})
