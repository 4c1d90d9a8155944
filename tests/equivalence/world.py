"""Owns a seeded world of people who act on Anvil and in MemoryChain at the same seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from web3 import Web3

from app.adapters.chain import EthereumChain
from app.adapters.compiler import compile_contracts
from app.adapters.contracts import Contract, abi_values
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.memory_chain import MemoryChain
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet
from app.core import consent, records
from app.core.encoding import ZERO32, ZERO_ADDRESS, hex0x
from app.core.merkle import MerkleTree
from app.core.signatures import Proof
from app.core.statements import (
    CONSENT,
    PEOPLE,
    RECORDS,
    Domains,
    Enrolment,
    Grant,
    Record,
    Representation,
    Revocation,
    RevocationOfAll,
    Rotation,
)
from app.core.typed_data import Statement


@dataclass(kw_only=True)
class Case:
    """A statement with a signature and a proof, perhaps spoiled."""

    statement: Statement
    signature: bytes
    proof: Proof = field(default_factory=lambda: Proof(root=ZERO32, path=()))


@dataclass(kw_only=True)
class World:
    """The same acts on two chains at the same seconds."""

    process: LocalChain
    deployment: Deployment
    chain: EthereumChain
    rpc: Rpc
    memory: MemoryChain
    random: Random
    wallets: list[LocalWallet]
    people: list[str] = field(default_factory=list)
    keys: dict[str, LocalWallet] = field(default_factory=dict)
    account: str = ""
    owner: LocalWallet | None = None
    grants: list[Case] = field(default_factory=list)
    records: list[Case] = field(default_factory=list)
    words: dict[str, int] = field(default_factory=dict)

    @property
    def domains(self) -> Domains:
        return self.chain.domains

    def act(self, judge: str, function: str, *arguments: Any, sender: int = 0) -> None:
        """Send a call at the second that the memory's clock shows."""
        self.rpc.call("evm_setNextBlockTimestamp", self.memory.time)
        payer = self.process.accounts[sender]
        EthereumChain(self.rpc, self.deployment, payer).transact(judge, function, *arguments)

    def sign(self, wallet: LocalWallet, statement: Statement) -> bytes:
        return wallet.sign(statement, self.domains.judging(statement))


def populate(world: World, w3: Web3) -> World:
    """Four patients, one of whom is a contract account, and three authors with credentials."""
    registrar = world.process.accounts[2].address
    for role in (1, 2):
        world.memory.advance(1)
        until = world.memory.time + 400 if role == 2 else 2**40
        world.act(PEOPLE, "appointRegistrar", registrar, role, until)
        world.memory.appoint(registrar, role, until)
    for wallet in world.wallets[:6]:
        enrol(world, wallet)
    world.owner = world.wallets[6]
    world.account = deploy_account(world, w3)
    world.memory.advance(1)
    call = contract(world, PEOPLE).encode("enrol", b"k" * 32, ZERO_ADDRESS)
    account = Contract(name="account", address=world.account, abi=account_abi())
    world.rpc.call("evm_setNextBlockTimestamp", world.memory.time)
    people = world.domains.people.contract
    send(world, account.address, account.encode("execute", people, call))
    world.memory.enrol(world.account, b"k" * 32)
    world.people.append(world.account)
    for number, person in enumerate(world.people[3:6]):
        world.memory.advance(1)
        role, until = 1 + number % 2, world.memory.time + (300 if number == 0 else 10**6)
        world.act(PEOPLE, "credential", person, role, until, sender=2)
        world.memory.credential(registrar, person, role, until)
    return world


def enrol(world: World, wallet: LocalWallet) -> None:
    world.memory.advance(1)

    statement = Enrolment(
        person=wallet.address,
        keys_hash=b"k" * 32,
        recovery=ZERO_ADDRESS,
        nonce=0,
        deadline=2**60,
    )
    world.act(PEOPLE, "enrolBySig", abi_values(statement), world.sign(wallet, statement))
    world.memory.enrol(wallet.address, b"k" * 32)
    world.people.append(wallet.address)
    world.keys[wallet.address] = wallet


def account_abi() -> Any:
    return compile_contracts()["TestWallet"].abi


def deploy_account(world: World, w3: Web3) -> str:
    """A contract account that accepts what its owner signed (ERC-1271)."""
    compiled = compile_contracts()["TestWallet"]
    assert world.owner is not None
    world.memory.advance(1)
    world.rpc.call("evm_setNextBlockTimestamp", world.memory.time)
    factory = w3.eth.contract(abi=compiled.abi, bytecode=compiled.creation)
    sender = w3.eth.accounts[0]
    transaction = factory.constructor(world.owner.address, 0).transact({"from": sender})
    return str(w3.eth.wait_for_transaction_receipt(transaction)["contractAddress"])


def contract(world: World, name: str) -> Contract:
    entry = world.deployment[name]
    return Contract(name=name, address=entry.address, abi=entry.abi)


def send(world: World, to: str, calldata: bytes) -> None:
    sender = world.process.accounts[0].address
    world.rpc.call("eth_sendTransaction", {"from": sender, "to": to, "data": hex0x(calldata)})


def live(world: World) -> None:
    """One random act, on both chains, in one second."""
    choice = world.random
    world.memory.advance(choice.choice((1, 2, 30)))
    person = choice.choice(world.people[:6])
    registrar = world.process.accounts[2].address
    match choice.randrange(7):
        case 0:
            spare = choice.choice(world.wallets)
            rotate(world, person, spare)
        case 1:
            represent(world, person, choice.choice(world.wallets))
        case 2:
            revoke_some(world)
        case 3:
            revoke_all(world, person)
        case 4:
            role, until = choice.choice((1, 2)), world.memory.time + choice.choice((5, 10**6))
            if world.chain.view().ask(PEOPLE, "isRegistrar", registrar, role, world.memory.time):
                world.act(PEOPLE, "credential", person, role, until, sender=2)
                world.memory.credential(registrar, person, role, until)
        case 5:
            role = choice.choice((1, 2))
            if world.chain.view().ask(PEOPLE, "isRegistrar", registrar, role, world.memory.time):
                world.act(PEOPLE, "withdrawCredential", person, role, sender=2)
                world.memory.withdraw(registrar, person, role)
        case _:
            anchor(world)


def by_signature(world: World, statement: Statement, person: str) -> bytes:
    return world.sign(world.keys[person], statement)


def rotate(world: World, person: str, wallet: LocalWallet) -> None:

    statement = Rotation(
        person=person,
        new_key=wallet.address,
        nonce=world.chain.view().nonce_of(person),
        deadline=2**60,
    )
    signature = by_signature(world, statement, person)
    world.act(PEOPLE, "rotateBySig", abi_values(statement), signature)
    world.memory.rotate(person, wallet.address)
    world.keys[person] = wallet


def represent(world: World, person: str, wallet: LocalWallet) -> None:

    until = world.memory.time + world.random.choice((0, 10, 10**6))
    statement = Representation(
        person=person,
        representative=wallet.address,
        expires_at=until,
        nonce=world.chain.view().nonce_of(person),
        deadline=2**60,
    )
    signature = by_signature(world, statement, person)
    world.act(PEOPLE, "representBySig", abi_values(statement), signature)
    world.memory.represent(person, wallet.address, until)


def revoke_some(world: World) -> None:

    if not world.grants:
        return
    grant = world.random.choice(world.grants).statement
    assert isinstance(grant, Grant)
    if grant.patient not in world.keys:
        return
    statement = Revocation(
        patient=grant.patient,
        word=consent.word_of(grant.nonce),
        mask=consent.mask_of(grant.nonce),
    )
    signature = by_signature(world, statement, grant.patient)
    world.act(CONSENT, "revokeBySig", [abi_values(statement)], [signature])
    world.memory.revoke(grant.patient, statement.word, statement.mask)


def revoke_all(world: World, person: str) -> None:

    new_tag = world.random.randrange(1, 2**64)
    statement = RevocationOfAll(patient=person, tag=world.memory.tag(person), new_tag=new_tag)
    signature = by_signature(world, statement, person)
    world.act(CONSENT, "revokeAllBySig", abi_values(statement), signature)
    world.memory.revoke_all(person, new_tag)


def make_grant(world: World) -> Case:
    """A grant by someone who can sign, with times close to now."""
    choice, now = world.random, world.memory.time
    patient = choice.choice(world.people)
    word = world.words.setdefault(patient, choice.getrandbits(184))
    tag = world.memory.tag(patient) if choice.random() < 0.9 else choice.getrandbits(64)
    grant = Grant(
        patient=patient,
        viewer=choice.choice(world.people),
        category=choice.choice(("vitals", "laboratory", "")),
        record=choice.choice((ZERO32, choice.randbytes(32))),
        purpose=choice.choice(("TREAT", "FAMRQT", "é")),
        rights=choice.choice((1, 1, 1, 2, 3, 0, 255)),
        not_before=choice.choice((0, now, now + 1, now + 40)),
        expires_at=choice.choice((now, now + 1, now + 60, now + 600, 2**64 - 1, 2**64 - 1)),
        nonce=tag << 192 | word << 8 | choice.randrange(8),
        salt=choice.randbytes(32),
    )
    return Case(statement=grant, signature=sign_somehow(world, grant, patient))


def make_record(world: World) -> Case:
    choice, now = world.random, world.memory.time
    author = choice.choice(world.people)
    five_minutes, week = records.EARLIEST, records.LATEST
    record = Record(
        patient=choice.choice((author, *world.people)),
        author=author,
        category="vitals",
        content_root=choice.randbytes(32),
        sealed_hash=choice.randbytes(32),
        supersedes=ZERO32,
        issued_at=now
        + choice.choice((0, 0, -1, 1, five_minutes, five_minutes + 2, -week + 1, -week - 1, -50)),
        salt=choice.randbytes(32),
    )
    return Case(statement=record, signature=sign_somehow(world, record, author))


def sign_somehow(world: World, statement: Statement, person: str) -> bytes:
    """Mostly by who may sign, sometimes by anybody."""
    right = world.keys.get(person, world.owner)
    assert right is not None
    wallet = right if world.random.random() < 0.8 else world.random.choice(world.wallets)
    return world.sign(wallet, statement)


def anchor(world: World) -> None:
    """Anchor some fresh grants and records, each kind in its contract's book."""
    for judge, make, kept in (
        (CONSENT, make_grant, world.grants),
        (RECORDS, make_record, world.records),
    ):
        cases = [make(world) for _ in range(24)]
        tree = MerkleTree(world.domains.digest(case.statement) for case in cases)
        for case in cases:
            case.proof = tree.proof(world.domains.digest(case.statement))
        world.act(judge, "anchor", tree.root, b"m" * 32)
        world.memory.anchor(judge, tree.root)
        world.memory.advance(1)
        kept += cases
