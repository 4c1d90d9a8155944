"""The chain over JSON-RPC: what the contracts answer at one block, and what becomes of transactions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.crypto import keccak
from web3 import Web3

from app.adapters.chain import EthereumChain
from app.adapters.compiler import compile_contracts
from app.adapters.contracts import abi_values
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet, new_wallet
from app.client.person import Person
from app.core.consent import GrantRefusal, refusal
from app.core.contract_errors import (
    AlreadyEnrolled,
    DeadlinePassed,
    NonceUsed,
    NotEnrolled,
    NotSignedBy,
    TagNotCurrent,
    TagSpent,
    ZeroRoot,
)
from app.core.encoding import ZERO32, ZERO_ADDRESS
from app.core.errors import ChainUnreachable, TransactionFailed, WrongChain
from app.core.merkle import MerkleTree
from app.core.records import Role
from app.core.signatures import Proof, Signed
from app.core.statements import (
    AUDIT,
    CONSENT,
    PEOPLE,
    RECORDS,
    Enrolment,
    Grant,
    Retraction,
    Revocation,
    RevocationOfAll,
    Rotation,
)
from app.core.typed_data import Statement
from tests.chain_fixtures import DAY, DEAD_URL, Place

LATER = 2**40


@pytest.fixture
def chain(anvil: LocalChain, deployment: Deployment) -> EthereumChain:
    return EthereumChain(Rpc(anvil.url), deployment, anvil.accounts[0])


def sign(chain: EthereumChain, wallet: LocalWallet, statement: Statement) -> Signed[Any]:
    return Signed(
        statement=statement, signature=wallet.sign(statement, chain.domains.judging(statement))
    )


def enrolment(wallet: LocalWallet, **overrides: Any) -> Enrolment:
    values: dict[str, Any] = {
        "person": wallet.address,
        "keys_hash": b"k" * 32,
        "recovery": ZERO_ADDRESS,
        "nonce": 0,
        "deadline": LATER,
    }
    return Enrolment(**values | overrides)


@pytest.fixture
def wallet(chain: EthereumChain) -> LocalWallet:
    """The wallet of somebody who is enrolled."""
    wallet = new_wallet()
    chain.relay(sign(chain, wallet, enrolment(wallet)))
    return wallet


# --- answers ---


def test_a_view_answers_for_somebody_who_is_enrolled(
    chain: EthereumChain, wallet: LocalWallet
) -> None:
    view = chain.view()
    assert view.key_of(wallet.address) == wallet.address
    assert view.keys_hash(wallet.address) == b"k" * 32
    assert view.speaks_for(wallet.address, wallet.address, view.time)
    assert not view.speaks_for(wallet.address, wallet.address, view.time - DAY)
    assert view.nonce_of(wallet.address) == 1


def test_a_view_answers_for_a_stranger(chain: EthereumChain) -> None:
    view, nobody = chain.view(), new_wallet().address
    assert view.key_of(nobody) == ZERO_ADDRESS
    assert view.keys_hash(nobody) == ZERO32
    assert not view.speaks_for(nobody, nobody, view.time)
    assert not view.speaks_for(ZERO_ADDRESS, ZERO_ADDRESS, view.time)
    assert view.tag(nobody) == view.revoked_bits(nobody, 1) == view.nonce_of(nobody) == 0
    assert view.credential_role(nobody, view.time) == 0
    assert view.membership_ended_at(nobody, ZERO32) == view.retracted_at(nobody, ZERO32) == 0
    assert view.anchored_at(AUDIT, b"r" * 32) == 0


def test_a_credential_is_seen_with_its_role_and_time(place: Place, doctor: Person) -> None:
    view = place.chain.view()
    assert view.credential_role(doctor.address, view.time) == Role.PRACTITIONER
    assert view.holds_credential(doctor.address, Role.PRACTITIONER, view.time)
    assert not view.holds_credential(doctor.address, Role.HOSPITAL, view.time)
    assert not view.holds_credential(doctor.address, Role.PRACTITIONER, view.time - DAY)


def test_a_view_stays_at_its_block(chain: EthereumChain) -> None:
    wallet, before = new_wallet(), chain.view()
    chain.relay(sign(chain, wallet, enrolment(wallet)))
    assert before.key_of(wallet.address) == ZERO_ADDRESS
    assert chain.view().key_of(wallet.address) == wallet.address


def test_an_answer_is_asked_for_once_in_a_view(place: Place, wallet: LocalWallet) -> None:
    view = place.chain.view()
    assert view.key_of(wallet.address) == wallet.address
    place.close_down()
    assert view.key_of(wallet.address) == wallet.address
    with pytest.raises(ChainUnreachable):
        view.nonce_of(wallet.address)


def test_a_contract_that_is_not_there_gives_no_answers(
    anvil: LocalChain, deployment: Deployment
) -> None:
    gone = replace(deployment[PEOPLE], address="0x" + "99" * 20)
    elsewhere = replace(deployment, contracts={**deployment.contracts, PEOPLE: gone})
    view = EthereumChain(Rpc(anvil.url), elsewhere, None).view()
    with pytest.raises(ChainUnreachable, match="no contract"):
        view.speaks_for("0x" + "11" * 20, "0x" + "11" * 20, 1)


def test_an_endpoint_on_another_chain_is_noticed(anvil: LocalChain, deployment: Deployment) -> None:
    EthereumChain(Rpc(anvil.url), deployment, None).require_own_chain()
    with pytest.raises(WrongChain, match="1337"):
        EthereumChain(Rpc(anvil.url), replace(deployment, chain_id=5), None).require_own_chain()


def test_an_unreachable_chain_gives_no_view(deployment: Deployment) -> None:
    with pytest.raises(ChainUnreachable):
        EthereumChain(Rpc(DEAD_URL), deployment, None).view()


# --- anchors ---


def test_an_anchor_is_dated_once(place: Place) -> None:
    root = keccak(str(place.folder).encode())
    first = place.chain.anchor(AUDIT, root, b"m" * 32)
    assert place.chain.view().anchored_at(AUDIT, root) == first.time
    assert 0 < first.gas <= 48_000
    place.chain.anchor(AUDIT, root, b"n" * 32)
    assert place.chain.view().anchored_at(AUDIT, root) == first.time
    assert place.chain.view().anchored_at(RECORDS, root) == 0
    assert place.anchors(root) == 2


def test_a_zero_root_is_refused(chain: EthereumChain) -> None:
    with pytest.raises(ZeroRoot):
        chain.anchor(RECORDS, ZERO32, b"m" * 32)


def test_without_a_payer_nothing_is_sent(anvil: LocalChain, deployment: Deployment) -> None:
    with pytest.raises(TransactionFailed, match="pays"):
        EthereumChain(Rpc(anvil.url), deployment, None).anchor(AUDIT, b"q" * 32, b"m" * 32)


def test_an_anchor_on_an_unreachable_chain_fails_typed(place: Place) -> None:
    place.close_down()
    with pytest.raises(ChainUnreachable):
        place.chain.anchor(AUDIT, b"z" * 32, b"m" * 32)


# --- statements that a contract acts on ---

REFUSED: dict[str, tuple[Callable[[LocalWallet], Statement], type[Exception]]] = {
    "enrolled-already": (lambda w: enrolment(w, nonce=1), AlreadyEnrolled),
    "enrolment-nonce-used": (enrolment, NonceUsed),
    "nonce-used": (
        lambda w: Rotation(person=w.address, new_key="0x" + "12" * 20, nonce=0, deadline=LATER),
        NonceUsed,
    ),
    "nonce-ahead": (
        lambda w: Rotation(person=w.address, new_key="0x" + "12" * 20, nonce=2, deadline=LATER),
        NonceUsed,
    ),
    "deadline-passed": (
        lambda w: Rotation(person=w.address, new_key="0x" + "12" * 20, nonce=1, deadline=5),
        DeadlinePassed,
    ),
    "tag-not-current": (
        lambda w: RevocationOfAll(patient=w.address, tag=4, new_tag=5),
        TagNotCurrent,
    ),
    "tag-spent": (lambda w: RevocationOfAll(patient=w.address, tag=0, new_tag=0), TagSpent),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_statement_is_told_by_name_and_changes_nothing(
    chain: EthereumChain, wallet: LocalWallet, case: str
) -> None:
    make, error = REFUSED[case]
    signed, before = sign(chain, wallet, make(wallet)), chain.view()
    with pytest.raises(error):
        chain.try_out(signed)
    with pytest.raises(error):
        chain.relay(signed)
    after = chain.view()
    assert after.key_of(wallet.address) == wallet.address
    assert (after.nonce_of(wallet.address), after.tag(wallet.address)) == (1, 0)
    assert after.number == before.number


def test_a_used_nonce_is_named_with_the_one_that_is_due(
    chain: EthereumChain, wallet: LocalWallet
) -> None:
    rotation = Rotation(person=wallet.address, new_key="0x" + "12" * 20, nonce=7, deadline=LATER)
    with pytest.raises(NonceUsed) as refused:
        chain.try_out(sign(chain, wallet, rotation))
    assert (refused.value.facts["nonce"], refused.value.facts["expected"]) == (7, 1)


def test_a_foreign_signature_is_refused(chain: EthereumChain, wallet: LocalWallet) -> None:
    rotation = Rotation(person=wallet.address, new_key="0x" + "12" * 20, nonce=1, deadline=LATER)
    with pytest.raises(NotSignedBy):
        chain.relay(sign(chain, new_wallet(), rotation))


def test_somebody_unknown_cannot_rotate(chain: EthereumChain) -> None:
    unknown = new_wallet()
    rotation = Rotation(person=unknown.address, new_key="0x" + "12" * 20, nonce=0, deadline=LATER)
    with pytest.raises((NotEnrolled, NotSignedBy)):
        chain.relay(sign(chain, unknown, rotation))


def test_a_rotation_moves_the_key(chain: EthereumChain, wallet: LocalWallet) -> None:
    new = new_wallet()
    rotation = Rotation(person=wallet.address, new_key=new.address, nonce=1, deadline=LATER)
    assert not chain.is_done(rotation)
    receipt = chain.relay(sign(chain, wallet, rotation))
    assert chain.is_done(rotation)
    view = chain.view()
    assert view.key_of(wallet.address) == new.address
    assert view.speaks_for(wallet.address, new.address, receipt.time)
    assert not view.speaks_for(wallet.address, wallet.address, receipt.time)


def test_a_revocation_sets_its_bits(chain: EthereumChain, wallet: LocalWallet) -> None:
    revocation = Revocation(patient=wallet.address, word=77, mask=0b101)
    chain.relay(sign(chain, wallet, revocation))
    assert chain.view().revoked_bits(wallet.address, 77) == 0b101
    assert chain.is_done(revocation)
    assert not chain.is_done(Revocation(patient=wallet.address, word=77, mask=0b111))


def test_a_revocation_that_nobody_signed_changes_nothing(
    chain: EthereumChain, wallet: LocalWallet
) -> None:
    revocation = Revocation(patient=wallet.address, word=77, mask=1)
    with pytest.raises(TransactionFailed):
        chain.relay(sign(chain, new_wallet(), revocation))
    assert chain.view().revoked_bits(wallet.address, 77) == 0


def test_taking_everything_back_replaces_the_tag(chain: EthereumChain, wallet: LocalWallet) -> None:
    everything = RevocationOfAll(patient=wallet.address, tag=0, new_tag=2**64 - 1)
    chain.relay(sign(chain, wallet, everything))
    assert chain.view().tag(wallet.address) == 2**64 - 1
    assert chain.is_done(everything)


def test_a_retraction_is_dated(chain: EthereumChain, wallet: LocalWallet) -> None:
    retraction = Retraction(person=wallet.address, record=b"r" * 32)
    receipt = chain.relay(sign(chain, wallet, retraction))
    assert chain.view().retracted_at(wallet.address, b"r" * 32) == receipt.time
    assert chain.is_done(retraction)


# --- contract accounts (ERC-1271) ---

MOODS = ("AcceptsItsOwner", "AcceptsAll", "Refuses", "Reverts", "AnswersTooShort", "AnswersTooMuch")


@pytest.fixture
def make_account(anvil: LocalChain) -> Callable[[str, str], str]:
    """Deploys a contract account with an owner and a mood."""

    def make(owner: str, mood: str) -> str:
        w3 = Web3(Web3.HTTPProvider(anvil.url))
        code = compile_contracts()["TestWallet"]
        factory = w3.eth.contract(abi=code.abi, bytecode=code.creation)
        creation = factory.constructor(owner, MOODS.index(mood))
        sent = creation.transact({"from": anvil.accounts[3].address})
        return str(w3.eth.wait_for_transaction_receipt(sent)["contractAddress"])

    return make


@pytest.mark.parametrize(
    ("mood", "accepted"),
    [
        ("AcceptsItsOwner", True),
        ("AcceptsAll", True),
        ("Refuses", False),
        ("Reverts", False),
        ("AnswersTooShort", False),
        ("AnswersTooMuch", False),
    ],
)
def test_a_contract_account_accepts_or_not_as_the_contract_judges(
    chain: EthereumChain, make_account: Callable[[str, str], str], mood: str, accepted: bool
) -> None:
    """The patient's key is a contract account: the view and ConsentRegistry give one answer."""
    first, owner = new_wallet(), new_wallet()
    account = make_account(owner.address, mood)
    chain.relay(sign(chain, first, enrolment(first)))
    rotation = Rotation(person=first.address, new_key=account, nonce=1, deadline=LATER)
    chain.relay(sign(chain, first, rotation))
    grant = Grant(
        patient=first.address,
        viewer=owner.address,
        category="laboratory",
        record=ZERO32,
        purpose="TREAT",
        rights=1,
        not_before=0,
        expires_at=LATER,
        nonce=1,
        salt=b"s" * 32,
    )
    signed = sign(chain, owner, grant)
    digest = chain.domains.digest(grant)
    chain.anchor(CONSENT, MerkleTree([digest]).root, b"m" * 32)
    view, proof = chain.view(), Proof(root=digest, path=())
    assert view.accepts(account, digest, signed.signature) is accepted
    answer = view.ask(CONSENT, "refusal", abi_values(grant), signed.signature, digest, [])
    mirror = refusal(
        grant, signed.signature, proof, domain=chain.domains.consent, view=view, now=view.time
    )
    assert answer == mirror == (0 if accepted else GrantRefusal.NOT_SIGNED_BY_PATIENT)


def test_an_account_without_code_accepts_nothing(chain: EthereumChain) -> None:
    assert not chain.view().accepts(new_wallet().address, b"d" * 32, b"s" * 65)
