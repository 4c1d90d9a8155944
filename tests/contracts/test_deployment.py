"""Deploying: once, to the end, and only what is missing; the way that everything else uses too."""

import json

import brownie
import pytest
from eth_account import Account
from eth_utils.crypto import keccak

from app.adapters.deploying import BuildDiffers, deploy, require_deployed
from app.adapters.deployment import NAMES, load
from app.core.errors import CodeDiffers, NotDeployed


@pytest.fixture
def path(tmp_path):
    return tmp_path / "test.json"


@pytest.fixture
def put(path):
    """Deploys from an account of the node, and returns the deployment with what was said."""

    def run(**overrides):
        said = []
        given = {
            "w3": brownie.web3,
            "sender": brownie.accounts[0].address,
            "network": "test",
            "path": path,
            "say": said.append,
        }
        return deploy(**given | overrides), said

    return run


@pytest.fixture
def spoil(path):
    """Edits the deployment file."""

    def edit(change):
        kept = json.loads(path.read_text())
        change(kept)
        path.write_text(json.dumps(kept))

    return edit


def addresses(deployment):
    return {name: deployment[name].address for name in NAMES}


def under_way(sent, address):
    """What a deployment file says of a transaction that was sent, and of which nothing is known yet."""
    return {
        "sender": sent["from"],
        "nonce": sent["nonce"],
        "address": address,
        "since": 0,
        "gas": sent["gas"],
        "attempts": [{"transaction": brownie.web3.to_hex(sent["hash"]), "gasPrice": 10**9}],
    }


def found(said):
    return [line.split()[0] for line in said if " found at " in line]


def test_what_was_deployed_is_what_the_file_tells(put, path, web3):
    deployment, said = put()

    assert load(path) == deployment
    require_deployed(web3, deployment)
    assert (deployment.network, deployment.chain_id, found(said)) == ("test", brownie.chain.id, [])
    assert deployment.domains.consent.contract == deployment["ConsentRegistry"].address
    assert deployment.compiler["evmVersion"] == "shanghai"
    for contract in deployment.contracts.values():
        receipt = web3.eth.get_transaction_receipt(contract.transaction)
        assert (receipt["contractAddress"], receipt["blockNumber"]) == (
            contract.address,
            contract.block,
        )
        assert "0x" + keccak(bytes(web3.eth.get_code(contract.address))).hex() == contract.code_hash


def test_deploying_again_finds_what_is_there(put, web3):
    first, _ = put()
    block = web3.eth.block_number

    again, said = put()

    assert again == first
    assert (found(said), web3.eth.block_number) == (list(NAMES), block)


def test_only_what_is_missing_is_deployed(put, spoil):
    first, _ = put()
    spoil(lambda kept: kept["contracts"].pop("ConsentRegistry"))

    again, said = put()

    assert found(said) == ["PeopleRegistry", "RecordRegistry", "AuditTrail"]
    assert {n for n in NAMES if addresses(again)[n] != addresses(first)[n]} == {"ConsentRegistry"}


def test_a_contract_of_another_registry_of_people_is_replaced(put, spoil):
    first, _ = put()
    spoil(lambda kept: kept["contracts"].pop("PeopleRegistry"))

    again, said = put()

    assert found(said) == ["AuditTrail"]
    assert len(set(addresses(again).values()) & set(addresses(first).values())) == 1


def test_it_goes_on_after_a_failure_halfway(put, path):
    def stop(line):
        if line.startswith("RecordRegistry"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        put(say=stop)
    with pytest.raises(NotDeployed):
        load(path)

    deployment, said = put()

    assert found(said)[:1] == ["PeopleRegistry"]
    assert load(path) == deployment


def test_a_transaction_that_was_under_way_is_waited_for_and_not_sent_again(put, spoil, web3):
    first, _ = put()
    block = web3.eth.block_number

    sent = web3.eth.get_transaction(first["AuditTrail"].transaction)

    def forget(kept):
        del kept["contracts"]["AuditTrail"]
        kept["pending"] = {"AuditTrail": under_way(sent, first["AuditTrail"].address)}

    spoil(forget)
    again, _ = put()

    assert again == first
    assert web3.eth.block_number == block


def test_a_transaction_that_no_node_knows_is_sent_again(put, spoil, web3):
    first, _ = put()
    sent = web3.eth.get_transaction(first["AuditTrail"].transaction)

    def invent(kept):
        del kept["contracts"]["AuditTrail"]
        lost = {**sent, "nonce": sent["nonce"] + 1, "hash": bytes([0x11]) * 32}
        kept["pending"] = {"AuditTrail": under_way(lost, "0x" + "22" * 20)}

    spoil(invent)
    deployment, _ = put()

    require_deployed(web3, deployment)


def test_a_local_key_signs_and_names_the_governor(put, web3):
    payer = Account.from_key(keccak(text="deployer"))
    brownie.accounts[1].transfer(payer.address, "2 ether")
    governor = brownie.accounts[2].address

    deployment, _ = put(sender=payer, governor=governor)

    people = web3.eth.contract(
        deployment["PeopleRegistry"].address, abi=deployment["PeopleRegistry"].abi
    )
    assert people.functions.owner().call() == governor
    transaction = web3.eth.get_transaction(deployment["AuditTrail"].transaction)
    assert transaction["from"] == payer.address


def test_a_chain_that_was_started_afresh_gets_them_again(put, web3):
    brownie.chain.snapshot()
    put()
    brownie.chain.revert()

    deployment, said = put()

    assert found(said) == []
    require_deployed(web3, deployment)


def test_another_chains_file_is_refused(put, spoil):
    put()
    spoil(lambda kept: kept.update(chainId=1))

    with pytest.raises(NotDeployed, match="chain 1"):
        put()


def test_other_code_than_the_builds_is_never_written_over(put, web3):
    deployment, _ = put()
    web3.provider.make_request("anvil_setCode", [deployment["AuditTrail"].address, "0x6001"])

    with pytest.raises(BuildDiffers):
        put()
    with pytest.raises(CodeDiffers):
        require_deployed(web3, deployment)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"network": "test"}'])
def test_a_damaged_file_is_named_so(path, text):
    path.write_text(text)

    with pytest.raises(NotDeployed):
        load(path)


def test_a_missing_file_is_named_so(path):
    with pytest.raises(NotDeployed, match="there is no"):
        load(path)
