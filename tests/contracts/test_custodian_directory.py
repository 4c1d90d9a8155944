"""The directory of custodians: public, kept by the governor, binding nobody."""

from conftest import NOTHING, event, refused
from eth_utils.crypto import keccak

KEY, URL = keccak(text="custodian key"), "https://custodian.example/a"


def test_the_governor_lists_a_custodian(people, governor, stranger):
    transaction = people.listCustodian(stranger, KEY, URL, {"from": governor})

    assert tuple(people.custodianOf(stranger)) == ("0x" + KEY.hex(), URL)
    assert event(transaction, "CustodianListed") == {
        "custodian": stranger,
        "keyHash": KEY,
        "url": URL,
    }


def test_an_entry_is_replaced(people, governor, stranger):
    people.listCustodian(stranger, NOTHING[:-1] + b"\1", URL, {"from": governor})

    people.listCustodian(stranger, KEY, "", {"from": governor})

    assert tuple(people.custodianOf(stranger)) == ("0x" + KEY.hex(), "")


def test_a_delisted_custodian_is_gone(people, governor, stranger):
    people.listCustodian(stranger, KEY, URL, {"from": governor})

    transaction = people.delistCustodian(stranger, {"from": governor})

    assert tuple(people.custodianOf(stranger)) == ("0x" + NOTHING.hex(), "")
    assert event(transaction, "CustodianDelisted") == {"custodian": stranger}


def test_a_custodian_without_a_key_is_refused(people, governor, stranger):
    with refused("ZeroKeyHash", stranger):
        people.listCustodian(stranger, NOTHING, URL, {"from": governor})


def test_who_is_not_listed_cannot_be_delisted(people, governor, stranger):
    with refused("NotListed", stranger):
        people.delistCustodian(stranger, {"from": governor})
