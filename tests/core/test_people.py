"""Tests of people's keys documents and of memberships."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from app.adapters.memory_chain import MemoryChain
from app.core.categories import CATEGORIES
from app.core.encoding import hex0x
from app.core.errors import (
    MalformedSeal,
    MalformedSignature,
    MalleableSignature,
    MembershipInvalid,
    UnknownVersion,
)
from app.core.people import (
    MOST_CUSTODIANS,
    CategoryKeysDocument,
    IdentityKeys,
    document_hash,
    require_membership,
)
from app.core.signatures import Signed
from app.core.statements import Membership
from tests.makers import (
    DAY,
    DOMAINS,
    NOW,
    Person,
    high_s,
    make_account,
    make_custodian,
    sign_membership,
)


def written(document: bytes, **overrides: Any) -> bytes:
    """The same JSON with parts replaced, in its canonical form if the parts have one."""
    changed = json.loads(document) | overrides
    return json.dumps(changed, sort_keys=True, separators=(",", ":")).encode()


def test_identity_keys_read_back(patient: Person, stranger: Person) -> None:
    for person in (patient, stranger):
        assert IdentityKeys.decode(person.keys.encode()) == person.keys


def test_the_hash_commits_to_every_part(patient: Person, stranger: Person) -> None:
    keys = patient.keys
    others = (
        replace(keys, identity=stranger.identity.public),
        replace(keys, custodians=keys.custodians[::-1]),
        replace(keys, threshold=3),
    )
    assert len({document_hash(one.encode()) for one in (keys, *others)}) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"identity": "0x00"},
        {"identity": None},
        {"identity": "zz"},
        {"custodians": None},
        {"custodians": "0x"},
        {"custodians": {}},
        {"custodians": [5, 6]},
        {"custodians": ["0x00"] * (MOST_CUSTODIANS + 1)},
        {"threshold": 0},
        {"threshold": 4},
        {"threshold": -1},
        {"threshold": True},
        {"threshold": 2.0},
        {"threshold": None},
        {"threshold": float("nan")},
        {"threshold": float("inf")},
        {"custodians": [], "threshold": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_broken_identity_keys_are_malformed(patient: Person, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedSeal):
        IdentityKeys.decode(written(patient.keys.encode(), **change))


def test_as_many_custodians_as_allowed_are_read(patient: Person) -> None:
    keys = tuple(make_custodian(number).public for number in range(MOST_CUSTODIANS + 1))
    most = replace(patient.keys, custodians=keys[:-1], threshold=MOST_CUSTODIANS)
    assert IdentityKeys.decode(most.encode()) == most
    with pytest.raises(MalformedSeal):
        IdentityKeys.decode(replace(most, custodians=keys).encode())


@pytest.mark.parametrize("epoch", [0, 2**53 - 1])
def test_epochs_up_to_53_bits_are_read(patient: Person, epoch: int) -> None:
    document = replace(category_keys(patient), epoch=epoch)
    assert CategoryKeysDocument.decode(document.encode()) == document


def test_a_custodian_named_twice_is_refused(patient: Person) -> None:
    one = hex0x(make_custodian(1).public.raw)
    with pytest.raises(MalformedSeal):
        IdentityKeys.decode(written(patient.keys.encode(), custodians=[one] * 3))


@pytest.mark.parametrize(
    "document", [b"", b"{", b"\xff", b"[" * 100_000, b"9" * 5000], ids=lambda text: text[:2].hex()
)
def test_what_is_not_json_is_malformed(document: bytes) -> None:
    with pytest.raises(MalformedSeal):
        IdentityKeys.decode(document)
    with pytest.raises(MalformedSeal):
        CategoryKeysDocument.decode(document)


def test_what_says_the_same_in_other_bytes_is_malformed(patient: Person) -> None:
    for decode, document in (
        (IdentityKeys.decode, patient.keys.encode()),
        (CategoryKeysDocument.decode, category_keys(patient).encode()),
    ):
        text = document.decode()
        assert decode(written(document)).encode() == document
        for same in (
            document + b"\n",
            b" " + document,
            text.replace(",", ", ").encode(),
            text.replace("chartkey", "\\u0063hartkey").encode(),
            json.dumps(dict(reversed(json.loads(text).items())), separators=(",", ":")).encode(),
            b"\xef\xbb\xbf" + document,
            *(
                text.encode(form)
                for form in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
            ),
        ):
            with pytest.raises(MalformedSeal):
                decode(same)


@pytest.mark.parametrize("again", ["first", "last"])
def test_a_member_named_twice_is_malformed(patient: Person, again: str) -> None:
    document = patient.keys.encode()
    member = b'"threshold":%d' % patient.keys.threshold
    other = member + b',"threshold":1' if again == "last" else b'"threshold":1,' + member
    assert document.count(member) == 1
    for twice in (member + b"," + member, other):
        with pytest.raises(MalformedSeal, match="canonical"):
            IdentityKeys.decode(document.replace(member, twice))


def test_a_document_nested_too_deep_is_malformed() -> None:
    with pytest.raises(MalformedSeal):
        IdentityKeys.decode(b'{"identity":' * 100_000)


@pytest.mark.parametrize("document", [b"[]", b"{}", b'"text"', b'{"chartkey":"identity-keys/2"}'])
def test_a_document_of_another_kind_or_version_is_named(document: bytes) -> None:
    with pytest.raises(UnknownVersion):
        IdentityKeys.decode(document)
    with pytest.raises(UnknownVersion):
        CategoryKeysDocument.decode(document)


def category_keys(patient: Person, epoch: int = 3) -> CategoryKeysDocument:
    """The public halves of all of a patient's category keys."""
    keys = {name: patient.vault.category(name, epoch).public for name in CATEGORIES}
    return CategoryKeysDocument(epoch=epoch, keys=keys)


def test_category_keys_read_back(patient: Person) -> None:
    document = category_keys(patient)
    assert CategoryKeysDocument.decode(document.encode()) == document


def test_each_kind_of_document_is_read_as_itself_only(patient: Person) -> None:
    with pytest.raises(UnknownVersion):
        CategoryKeysDocument.decode(patient.keys.encode())
    with pytest.raises(UnknownVersion):
        IdentityKeys.decode(category_keys(patient).encode())


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": -1}, {"epoch": None}, {"epoch": True}, {"epoch": 1.0}, {"epoch": "1"}, {"keys": []},
        {"keys": None}, {"keys": {"secrets": "0x00"}}, {"keys": {"vitals": "0x00"}},
        {"keys": {"vitals": 5}}, {"more": 1},
    ],
    ids=str,
)  # fmt: skip
def test_broken_category_keys_are_malformed(patient: Person, change: dict[str, Any]) -> None:
    with pytest.raises(MalformedSeal):
        CategoryKeysDocument.decode(written(category_keys(patient).encode(), **change))


def test_an_epoch_beyond_53_bits_is_refused(patient: Person) -> None:
    last = category_keys(patient, 2**53 - 1)
    assert CategoryKeysDocument.decode(last.encode()) == last
    for epoch in (2**53, 2**53 + 2, 2**64):
        with pytest.raises(MalformedSeal):
            CategoryKeysDocument.decode(written(last.encode(), epoch=epoch))


def require(
    chain: MemoryChain,
    signed: Signed[Membership],
    hospital: Person,
    colleague: Person,
    now: int = NOW,
) -> None:
    """Ask whether the colleague acts for the hospital."""
    require_membership(
        signed,
        organization=hospital.id,
        member=colleague.id,
        domain=DOMAINS.people,
        view=chain.view(),
        now=now,
    )


def test_a_member_acts_for_the_organization(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    signed = sign_membership(hospital, colleague, not_before=NOW, expires_at=NOW + DAY)
    require(chain, signed, hospital, colleague)
    require(chain, signed, hospital, colleague, now=NOW + DAY - 1)


@pytest.mark.parametrize("now", [NOW - 1, NOW + DAY])
def test_a_membership_holds_only_within_its_times(
    chain: MemoryChain, hospital: Person, colleague: Person, now: int
) -> None:
    signed = sign_membership(hospital, colleague, not_before=NOW, expires_at=NOW + DAY)
    with pytest.raises(MembershipInvalid, match="has ended, or has not begun"):
        require(chain, signed, hospital, colleague, now=now)


def test_a_membership_of_another_organization_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person, stranger: Person
) -> None:
    with pytest.raises(MembershipInvalid, match="another organization"):
        require(chain, sign_membership(stranger, colleague), hospital, colleague)


def test_a_membership_of_somebody_else_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person, doctor: Person
) -> None:
    with pytest.raises(MembershipInvalid, match="somebody else"):
        require(chain, sign_membership(hospital, doctor), hospital, colleague)


def test_an_ended_membership_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    signed, other = (sign_membership(hospital, colleague, salt=bytes([i]) * 32) for i in (1, 2))
    chain.end_membership(hospital.id, DOMAINS.digest(signed.statement))
    with pytest.raises(MembershipInvalid, match="ended it"):
        require(chain, signed, hospital, colleague)
    require(chain, other, hospital, colleague)


def test_a_membership_that_another_organization_ended_goes_on(
    chain: MemoryChain, hospital: Person, colleague: Person, stranger: Person
) -> None:
    signed = sign_membership(hospital, colleague)
    chain.end_membership(stranger.id, DOMAINS.digest(signed.statement))
    require(chain, signed, hospital, colleague)


def test_a_membership_signed_by_somebody_else_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    forged = colleague.sign(sign_membership(hospital, colleague).statement)
    with pytest.raises(MembershipInvalid, match="signed"):
        require(chain, forged, hospital, colleague)


def test_a_membership_with_a_bad_signature_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    signed = sign_membership(hospital, colleague)
    with pytest.raises(MalleableSignature):
        require(chain, replace(signed, signature=high_s(signed.signature)), hospital, colleague)
    with pytest.raises(MalformedSignature):
        require(chain, replace(signed, signature=b""), hospital, colleague)


def test_a_membership_signed_for_another_chain_is_refused(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    statement = sign_membership(hospital, colleague).statement
    elsewhere = replace(DOMAINS.people, chain_id=1)
    with pytest.raises(MembershipInvalid, match="signed"):
        require(chain, hospital.sign(statement, elsewhere), hospital, colleague)


def test_a_membership_ends_with_the_key_that_signed_it(
    chain: MemoryChain, hospital: Person, colleague: Person
) -> None:
    signed = sign_membership(hospital, colleague)
    chain.rotate(hospital.id, make_account("new hospital key").address)
    with pytest.raises(MembershipInvalid, match="signed"):
        require(chain, signed, hospital, colleague)


def test_a_representative_of_the_organization_may_sign(
    chain: MemoryChain, hospital: Person, colleague: Person, stranger: Person
) -> None:
    signed = stranger.sign(sign_membership(hospital, colleague).statement)
    chain.represent(hospital.id, stranger.id, NOW + DAY)
    require(chain, signed, hospital, colleague)
    with pytest.raises(MembershipInvalid, match="signed"):
        require(chain, signed, hospital, colleague, now=NOW + DAY)
