"""Governing: handed on in two steps, never given up, and without power over people."""

from conftest import ZERO, refused


def test_the_governor_hands_on_in_two_steps(people, governor, stranger):
    people.transferOwnership(stranger, {"from": governor})
    assert (people.owner(), people.pendingOwner()) == (governor, stranger)

    people.acceptOwnership({"from": stranger})

    assert people.owner() == stranger
    with refused("OwnableUnauthorizedAccount", governor):
        people.transferOwnership(governor, {"from": governor})


def test_only_who_was_named_accepts(people, governor, stranger, relayer):
    people.transferOwnership(stranger, {"from": governor})

    with refused("OwnableUnauthorizedAccount", relayer):
        people.acceptOwnership({"from": relayer})


def test_the_governor_cannot_be_given_up(people, governor, stranger):
    for sender in (governor, stranger):
        with refused("RenouncingRefused"):
            people.renounceOwnership({"from": sender})
    assert people.owner() == governor


def test_a_registry_without_a_governor_is_never_made(PeopleRegistry, relayer):
    with refused("OwnableInvalidOwner", ZERO):
        relayer.deploy(PeopleRegistry, ZERO)


def test_nothing_but_the_registry_of_people_is_governed(records, consent, audit):
    for contract in (records, consent, audit):
        assert "owner" not in {entry.get("name") for entry in contract.abi}
