"""Digests: every contract hashes every statement as EIP-712 says, and as eth-account does."""

import pytest
import typed_data
from conftest import FOREVER
from eth_utils.crypto import keccak

MAKERS = {
    "address": lambda name: "0x" + keccak(text=name)[12:].hex(),
    "bytes32": lambda name: keccak(text=name),
    "string": lambda name: f"{name}: größer als ASCII",
    "uint8": lambda name: 3,
    "uint64": lambda name: FOREVER - len(name),
    "uint256": lambda name: int.from_bytes(keccak(text=name), "big"),
}
DIGESTS = {name: f"{name[0].lower()}{name[1:]}Digest" for name in typed_data.TYPES}


def filled(type_name):
    return {
        field["name"]: MAKERS[field["type"]](f"{type_name} {field['name']}")
        for field in typed_data.TYPES[type_name]
    }


@pytest.mark.parametrize("type_name", typed_data.TYPES)
def test_a_digest_is_the_one_of_eip_712(type_name, contracts, digest_of):
    contract, message = contracts[typed_data.JUDGES[type_name]], filled(type_name)

    asked = getattr(contract, DIGESTS[type_name])(tuple(message.values()))

    assert bytes(asked) == digest_of(type_name, message)


@pytest.mark.parametrize("type_name", typed_data.TYPES)
def test_every_field_counts(type_name, contracts):
    digest = getattr(contracts[typed_data.JUDGES[type_name]], DIGESTS[type_name])
    message = filled(type_name)
    seen = {bytes(digest(tuple(message.values())))}

    for field in typed_data.TYPES[type_name]:
        changed = message | {
            field["name"]: 1 if field["type"].startswith("uint") else MAKERS[field["type"]]("x")
        }
        seen.add(bytes(digest(tuple(changed.values()))))

    assert len(seen) == 1 + len(typed_data.TYPES[type_name])


@pytest.mark.parametrize(
    "name", ["PeopleRegistry", "RecordRegistry", "ConsentRegistry", "AuditTrail"]
)
def test_each_contract_names_its_own_domain(name, contracts, chain):
    fields, title, version, chain_id, contract, _, extensions = contracts[name].eip712Domain()

    assert (str(fields), title, version, chain_id, contract, extensions) == (
        "0x0f",
        "Chartkey",
        "1",
        chain.id,
        contracts[name].address,
        (),
    )
