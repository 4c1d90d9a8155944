"""Owns the roles and makers of the contract tests.

A role (`patient`, `doctor`, `relayer` …) is an account that signs and pays. A maker (`grant`, `sign`,
`anchored` …) builds a valid thing that the test then spoils in one place.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import brownie
import pytest
import trees
import typed_data
from eth_utils.crypto import keccak

from app.adapters.deploying import deploy
from app.adapters.deployment import NAMES

ZERO = "0x" + "00" * 20
NOTHING = bytes(32)
DAY = 24 * 60 * 60
YEAR = 365 * DAY
FOREVER = 2**64 - 1
PRACTITIONER, HOSPITAL, LABORATORY, PHARMACY, INSURER, DISTRIBUTOR = range(1, 7)
VIEW, ADD = 1, 2


@pytest.fixture(scope="session", autouse=True)
def quick_collections():
    """Brownie collects garbage after every test: what is loaded by now need not be gone through each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def receipts_at_once():
    """Hand a transaction's hash to Brownie only when its receipt is there.

    Anvil raises the sender's nonce a moment before it can show the receipt; Brownie, asking in
    between, takes the transaction for one that was dropped.
    """
    eth = brownie.web3.eth

    def waiting(send):
        def sent(*arguments):
            transaction = send(*arguments)
            eth.wait_for_transaction_receipt(transaction, timeout=60, poll_latency=0.002)
            return transaction

        return sent

    with pytest.MonkeyPatch.context() as patch:
        for name in ("send_transaction", "send_raw_transaction"):
            patch.setattr(eth, name, waiting(getattr(eth, name)))
        yield


@pytest.fixture(autouse=True)
def isolation(fn_isolation):
    """Every test finds the chain as the module's fixtures left it."""


# --- the contracts ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def deployment(module_isolation, governor, tmp_path_factory):
    """The four contracts, put on the chain as they are everywhere else."""
    return deploy(
        brownie.web3,
        brownie.accounts[0].address,
        governor=governor.address,
        network="test",
        path=tmp_path_factory.mktemp("deployments") / "test.json",
    )


@pytest.fixture(scope="module")
def contracts(deployment, PeopleRegistry, RecordRegistry, ConsentRegistry, AuditTrail):
    containers = (PeopleRegistry, RecordRegistry, ConsentRegistry, AuditTrail)
    return {
        name: container.at(deployment[name].address)
        for name, container in zip(NAMES, containers, strict=True)
    }


@pytest.fixture(scope="module")
def people(contracts):
    return contracts["PeopleRegistry"]


@pytest.fixture(scope="module")
def records(contracts):
    return contracts["RecordRegistry"]


@pytest.fixture(scope="module")
def consent(contracts):
    return contracts["ConsentRegistry"]


@pytest.fixture(scope="module")
def audit(contracts):
    return contracts["AuditTrail"]


@pytest.fixture(scope="module")
def bundle(module_isolation, TestBundle, relayer):
    """Runs several calls within one second of the chain."""
    contract = relayer.deploy(TestBundle)

    def run(*calls: tuple[Any, ...]):
        """Each call is (function, argument, …)."""
        targets = [function._address for function, *_ in calls]
        return contract.run(
            targets, [function.encode_input(*args) for function, *args in calls], {"from": relayer}
        )

    return run


# --- roles -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def account(module_isolation) -> Callable[[str], Any]:
    """A funded account by its name, whose key the test holds."""

    def make(name: str):
        made = brownie.accounts.add(keccak(text=f"chartkey test {name}").hex())
        if made.balance() == 0:
            brownie.accounts[9].transfer(made, "5 ether", silent=True)
        return made

    return make


def _role(name: str):
    return pytest.fixture(scope="module", name=name)(lambda account: account(name))


governor = _role("governor")
registrar = _role("registrar")
recovery = _role("recovery")
representative = _role("representative")
stranger = _role("stranger")
relayer = _role("relayer")
new_key = _role("new_key")


def _person(name: str):
    def fixture(account, people, recovery):
        person = account(name)
        people.enrol(keccak(text=name), recovery, {"from": person})
        return person

    return pytest.fixture(scope="module", name=name)(fixture)


patient = _person("patient")
other_patient = _person("other_patient")
viewer = _person("viewer")
hospital = _person("hospital")


@pytest.fixture(scope="module")
def doctor(account, people, recovery, appointed):
    """A credentialed practitioner."""
    person = account("doctor")
    people.enrol(keccak(text="doctor"), recovery, {"from": person})
    people.credential(person, PRACTITIONER, FOREVER, {"from": appointed})
    return person


@pytest.fixture(scope="module")
def appointed(people, governor, registrar):
    """A registrar of practitioners and of hospitals."""
    for role in (PRACTITIONER, HOSPITAL):
        people.appointRegistrar(registrar, role, FOREVER, {"from": governor})
    return registrar


@pytest.fixture(scope="module")
def wallet(module_isolation, TestWallet, people, account, relayer):
    """A contract account that has enrolled; `wallet.owner_account` signs for it."""
    owner = account("wallet owner")
    contract = relayer.deploy(TestWallet, owner, 0)
    contract.execute(people, people.enrol.encode_input(NOTHING, ZERO), {"from": relayer})
    return SimpleNamespace(contract=contract, address=contract.address, owner=owner)


# --- makers ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def now() -> Callable[[], int]:
    """The time of the newest block."""
    return lambda: brownie.chain[-1].timestamp


@pytest.fixture(scope="module")
def next_block_at() -> Callable[[int], None]:
    """The next block, with the next transaction in it, has exactly this time."""
    return lambda time: brownie.web3.provider.make_request("evm_setNextBlockTimestamp", [time])


@pytest.fixture(scope="module")
def domain(contracts) -> Callable[..., dict[str, Any]]:
    """The EIP-712 domain in which a type of statement is signed."""

    def make(type_name: str, **overrides: Any) -> dict[str, Any]:
        return {
            "name": "Chartkey",
            "version": "1",
            "chainId": brownie.chain.id,
            "verifyingContract": contracts[typed_data.JUDGES[type_name]].address,
        } | overrides

    return make


@pytest.fixture(scope="module")
def digest_of(domain) -> Callable[..., bytes]:
    return lambda type_name, message: typed_data.digest(type_name, message, domain(type_name))


@pytest.fixture(scope="module")
def sign(domain) -> Callable[..., bytes]:
    """Signs a statement; `chainId`, `verifyingContract`, `version` and `name` can be overridden."""

    def make(
        signer: Any, type_name: str, message: dict[str, Any], **domain_overrides: Any
    ) -> bytes:
        return typed_data.sign(
            signer.private_key, type_name, message, domain(type_name, **domain_overrides)
        )

    return make


@pytest.fixture(scope="module")
def anchored(relayer) -> Callable[..., tuple[bytes, list[bytes]]]:
    """Anchors a digest in a batch with others; returns the root and the proof."""

    def make(book: Any, digest: bytes, others: int = 2) -> tuple[bytes, list[bytes]]:
        digests = [digest, *(keccak(digest + bytes([i])) for i in range(others))]
        book.anchor(trees.root(digests), keccak(text="manifest"), {"from": relayer})
        return trees.root(digests), trees.proof(digests, digest)

    return make


@pytest.fixture(scope="module")
def grant(now) -> Callable[..., dict[str, Any]]:
    """A valid grant: one category, to view, for a day."""

    def make(patient: Any, viewer: Any, **overrides: Any) -> dict[str, Any]:
        return {
            "patient": str(patient),
            "viewer": str(viewer),
            "category": "laboratory",
            "record": NOTHING,
            "purpose": "TREAT",
            "rights": VIEW,
            "notBefore": 0,
            "expiresAt": now() + DAY,
            "nonce": nonce(),
            "salt": keccak(text="salt"),
        } | overrides

    return make


@pytest.fixture(scope="module")
def record(now) -> Callable[..., dict[str, Any]]:
    """A valid record, issued now."""

    def make(patient: Any, author: Any, **overrides: Any) -> dict[str, Any]:
        return {
            "patient": str(patient),
            "author": str(author),
            "category": "laboratory",
            "contentRoot": keccak(text="content"),
            "sealedHash": keccak(text="sealed"),
            "supersedes": NOTHING,
            "issuedAt": now(),
            "salt": keccak(text="salt"),
        } | overrides

    return make


@pytest.fixture(scope="module")
def shown(consent, sign, digest_of, anchored) -> Callable[..., tuple[Any, ...]]:
    """A grant signed and anchored: the arguments that ConsentRegistry asks for."""

    def make(signer: Any, message: dict[str, Any]) -> tuple[Any, ...]:
        root, proof = anchored(consent, digest_of("Grant", message))
        return tuple(message.values()), sign(signer, "Grant", message), root, proof

    return make


@pytest.fixture(scope="module")
def written(records, sign, digest_of, anchored) -> Callable[..., tuple[Any, ...]]:
    """A record signed and anchored: the arguments that RecordRegistry asks for."""

    def make(signer: Any, message: dict[str, Any]) -> tuple[Any, ...]:
        root, proof = anchored(records, digest_of("Record", message))
        return tuple(message.values()), sign(signer, "Record", message), root, proof

    return make


def nonce(tag: int = 0, word: int = 0xC0FFEE, bit: int = 7) -> int:
    """A grant's nonce from its parts."""
    return tag << 192 | word << 8 | bit


def refused(error: str, *values: Any):
    """Expects a revert with this error of the interfaces and exactly these values."""
    return brownie.reverts(f"{error}: {', '.join(_shown(value) for value in values)}")


def _shown(value: Any) -> str:
    if isinstance(value, bool | int | bytes):
        return str(value)
    text = str(getattr(value, "address", value))
    return text.lower() if text.startswith("0x") else text


def event(transaction: Any, name: str) -> dict[str, Any]:
    """The one event of that name, as plain values."""
    (found,) = transaction.events[name]
    return {key: _plain(value) for key, value in found.items()}


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
