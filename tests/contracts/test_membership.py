"""Ending a membership: an organization takes a member's word away, once and for good."""

from conftest import FOREVER, event, refused
from eth_utils.crypto import keccak

MEMBERSHIP = keccak(text="membership")


def test_the_organization_ends_a_membership(people, hospital):
    transaction = people.endMembership(hospital, MEMBERSHIP, {"from": hospital})

    assert people.membershipEndedAt(hospital, MEMBERSHIP) == transaction.timestamp
    assert event(transaction, "MembershipEnded") == {
        "organization": hospital,
        "membership": MEMBERSHIP,
    }


def test_a_membership_that_nobody_ended_has_no_end(people, hospital):
    assert people.membershipEndedAt(hospital, MEMBERSHIP) == 0


def test_ending_it_again_changes_nothing(people, hospital, relayer, sign, chain):
    first = people.endMembership(hospital, MEMBERSHIP, {"from": hospital}).timestamp
    chain.sleep(100)
    end = {"organization": hospital.address, "membership": MEMBERSHIP}

    again = people.endMembershipBySig(
        tuple(end.values()), sign(hospital, "MembershipEnd", end), {"from": relayer}
    )

    assert people.membershipEndedAt(hospital, MEMBERSHIP) == first
    assert not again.events


def test_a_representative_of_the_organization_ends_it(
    people, hospital, representative, relayer, sign
):
    people.represent(hospital, representative, FOREVER, {"from": hospital})
    people.endMembership(hospital, MEMBERSHIP, {"from": representative})
    end = {"organization": hospital.address, "membership": keccak(text="another")}

    people.endMembershipBySig(
        tuple(end.values()), sign(representative, "MembershipEnd", end), {"from": relayer}
    )

    assert people.membershipEndedAt(hospital, MEMBERSHIP) > 0
    assert people.membershipEndedAt(hospital, keccak(text="another")) > 0


def test_a_contract_account_ends_it_by_what_it_accepts(people, wallet, relayer, sign):
    end = {"organization": wallet.address, "membership": MEMBERSHIP}

    people.endMembershipBySig(
        tuple(end.values()), sign(wallet.owner, "MembershipEnd", end), {"from": relayer}
    )

    assert people.membershipEndedAt(wallet.address, MEMBERSHIP) > 0


def test_another_organization_ends_only_its_own(people, hospital, other_patient):
    people.endMembership(other_patient, MEMBERSHIP, {"from": other_patient})

    assert people.membershipEndedAt(hospital, MEMBERSHIP) == 0
    with refused("NotAuthorized", other_patient, hospital):
        people.endMembership(hospital, MEMBERSHIP, {"from": other_patient})


def test_a_key_that_was_rotated_away_ends_nothing(people, hospital, new_key, relayer, sign):
    people.rotate(hospital, new_key, {"from": hospital})
    end = {"organization": hospital.address, "membership": MEMBERSHIP}

    with refused("NotSignedBy", hospital, hospital):
        people.endMembershipBySig(
            tuple(end.values()), sign(hospital, "MembershipEnd", end), {"from": relayer}
        )
