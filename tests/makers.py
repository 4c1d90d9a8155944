"""Makes what the tests need: people with keys, signed statements, sealed records, requests.

Everything is seeded: the same call makes the same bytes, save what HPKE draws itself.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32

from app.adapters.memory_chain import MemoryChain
from app.core.audit import records_root
from app.core.encoding import ZERO32, keccak
from app.core.keys import PrivateKey
from app.core.merkle import MerkleTree
from app.core.opening import OpenSession
from app.core.people import IdentityKeys, document_hash
from app.core.records import Role
from app.core.sheets import RandomBytes
from app.core.signatures import Proof, Signed, session_key_id
from app.core.statements import (
    AUDIT,
    CONSENT,
    PEOPLE,
    RECORDS,
    VIEW,
    Access,
    Domains,
    Grant,
    Introduction,
    Membership,
    Record,
    Request,
    Session,
)
from app.core.typed_data import Domain, Statement
from app.core.vault import Vault

S = TypeVar("S", bound=Statement)

NOW = 1_800_000_000
HOUR = 3600
DAY = 24 * HOUR
CHAIN_ID = 31337
NOTE = b'{"resourceType":"Observation","id":"o1","valueQuantity":{"value":1.50,"unit":"mmol/L"}}'


def randomness(seed: object = 0) -> RandomBytes:
    """Random bytes that are the same in every run."""
    return random.Random(repr(seed)).randbytes


def salt(seed: object = 0) -> bytes:
    """A salt of 32 bytes."""
    return keccak(f"salt {seed!r}".encode())


def address(seed: object) -> str:
    """An address of which nobody has the key."""
    return Domain(
        chain_id=1, contract="0x" + keccak(f"address {seed!r}".encode())[12:].hex()
    ).contract


DOMAINS = Domains(
    **{
        name: Domain(chain_id=CHAIN_ID, contract=address(judge))
        for name, judge in (
            ("people", PEOPLE),
            ("records", RECORDS),
            ("consent", CONSENT),
            ("audit", AUDIT),
        )
    }
)
REGISTRAR = address("registrar")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a wallet, a vault, and the custodians whom they chose."""

    account: LocalAccount
    vault: Vault
    custodians: tuple[PrivateKey, ...] = ()
    threshold: int = 0

    @property
    def id(self) -> str:
        """The permanent id: the first address."""
        return str(self.account.address)

    @property
    def identity(self) -> PrivateKey:
        """The key to which others seal."""
        return self.vault.identity

    @property
    def keys(self) -> IdentityKeys:
        """What the person publishes about keys."""
        return IdentityKeys(
            identity=self.identity.public,
            custodians=tuple(key.public for key in self.custodians),
            threshold=self.threshold,
        )

    def sign(self, statement: S, domain: Domain | None = None) -> Signed[S]:
        """Sign a statement in its own domain, or in another one."""
        return Signed(statement=statement, signature=sign_with(self.account, statement, domain))


@cache
def make_account(name: str) -> LocalAccount:
    """A wallet whose key is derived from a name."""
    account: LocalAccount = Account.from_key(keccak(f"wallet {name}".encode()))
    return account


@cache
def make_custodian(number: int) -> PrivateKey:
    """A custodian's key."""
    return PrivateKey(keccak(f"custodian {number}".encode()))


@cache
def make_person(name: str) -> Person:
    """A person; a patient chose three custodians, two of whom open a record."""
    vault = Vault(keccak(f"vault {name}".encode()))
    if name != "patient":
        return Person(account=make_account(name), vault=vault)
    return Person(
        account=make_account(name),
        vault=vault,
        custodians=tuple(make_custodian(number) for number in range(1, 4)),
        threshold=2,
    )


def make_chain(*people: Person, time: int = NOW - 30 * DAY) -> MemoryChain:
    """A chain on which they are enrolled, thirty days before NOW, with one registrar."""
    chain = MemoryChain(time=time)
    for role in list(Role)[1:]:
        chain.appoint(REGISTRAR, role, NOW + 1000 * DAY)
    for person in people:
        chain.enrol(person.id, document_hash(person.keys.encode()))
    return chain


def sign_with(account: LocalAccount, statement: Statement, domain: Domain | None = None) -> bytes:
    """The 65 bytes of a wallet's signature."""
    digest = statement.digest(domain or DOMAINS.judging(statement))
    return bytes(account.unsafe_sign_hash(Hash32(digest)).signature)


HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def high_s(signature: bytes) -> bytes:
    """The second valid form of a signature, which EIP-2 forbids."""
    order = 2 * HALF_ORDER + 1
    s = order - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def make_grant(patient: Person, viewer: Person, /, **overrides: Any) -> Grant:
    """To view the laboratory category for treatment, from an hour ago until tomorrow."""
    values: dict[str, Any] = {
        "patient": patient.id,
        "viewer": viewer.id,
        "category": "laboratory",
        "record": ZERO32,
        "purpose": "TREAT",
        "rights": VIEW,
        "not_before": NOW - HOUR,
        "expires_at": NOW + DAY,
        "nonce": 0x123456,
        "salt": salt("grant"),
    }
    return Grant(**values | overrides)


def sign_grant(patient: Person, viewer: Person, /, **overrides: Any) -> Signed[Grant]:
    """The same, signed by the patient."""
    return patient.sign(make_grant(patient, viewer, **overrides))


def make_record(patient: Person, author: Person, /, **overrides: Any) -> Record:
    """A laboratory record issued ten minutes ago."""
    values: dict[str, Any] = {
        "patient": patient.id,
        "author": author.id,
        "category": "laboratory",
        "content_root": keccak(b"content"),
        "sealed_hash": keccak(b"sealed"),
        "supersedes": ZERO32,
        "issued_at": NOW - 600,
        "salt": salt("record"),
    }
    return Record(**values | overrides)


def sign_record(patient: Person, author: Person, /, **overrides: Any) -> Signed[Record]:
    """The same, signed by the author."""
    return author.sign(make_record(patient, author, **overrides))


def sign_access(
    viewer: Person, records: Sequence[Record], grant: Grant | None = None, /, **overrides: Any
) -> Signed[Access]:
    """To open the records, just now, under the grant or as their author."""
    values: dict[str, Any] = {
        "viewer": viewer.id,
        "grant": DOMAINS.digest(grant) if grant else ZERO32,
        "records": records_root(DOMAINS.digest(record) for record in records),
        "purpose": grant.purpose if grant else "TREAT",
        "at": NOW,
        "salt": salt("access"),
    }
    return viewer.sign(Access(**values | overrides))


def sign_membership(
    organization: Person, member: Person, /, **overrides: Any
) -> Signed[Membership]:
    """The member acts for the organization this month."""
    values: dict[str, Any] = {
        "organization": organization.id,
        "member": member.id,
        "not_before": NOW - DAY,
        "expires_at": NOW + 30 * DAY,
        "salt": salt("membership"),
    }
    return organization.sign(Membership(**values | overrides))


def sign_introduction(
    registrar: Person, person: Person, /, **overrides: Any
) -> Signed[Introduction]:
    """The registrar says what the person is called."""
    values: dict[str, Any] = {
        "registrar": registrar.id,
        "person": person.id,
        "name": "Dr. Ada Example",
        "issued_at": NOW,
        "salt": salt("introduction"),
    }
    return registrar.sign(Introduction(**values | overrides))


def sign_request(patient: Person, viewer: Person, /, **overrides: Any) -> Signed[Request]:
    """The viewer asks to see the patient's laboratory results until tomorrow."""
    values: dict[str, Any] = {
        "patient": patient.id,
        "viewer": viewer.id,
        "category": "laboratory",
        "purpose": "TREAT",
        "rights": 1,
        "expires_at": NOW + DAY,
        "reason": "Before the visit",
        "at": NOW,
        "salt": salt("request"),
    }
    return viewer.sign(Request(**values | overrides))


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser's session key (P-256), which signs as WebCrypto does."""

    key: ec.EllipticCurvePrivateKey

    @property
    def public_key(self) -> bytes:
        """The uncompressed point: 65 bytes."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, statement: S) -> Signed[S]:
        """ECDSA with SHA-256 over the statement's digest: r ‖ s."""
        der = self.key.sign(DOMAINS.digest(statement), ec.ECDSA(hashes.SHA256()))
        r, s = decode_dss_signature(der)
        return Signed(statement=statement, signature=r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def session(self, person: Person, /, **overrides: Any) -> OpenSession:
        """The wallet allows this browser's key for twelve hours, of which one has passed."""
        values: dict[str, Any] = {
            "person": person.id,
            "key": session_key_id(self.public_key),
            "origin": "https://node.example",
            "not_before": NOW - HOUR,
            "expires_at": NOW + 11 * HOUR,
            "salt": salt("session"),
        }
        signed = person.sign(Session(**values | overrides))
        return OpenSession(signed=signed, public_key=self.public_key)


def make_browser(number: int = 1) -> Browser:
    """A browser with a key of its own."""
    return Browser(key=ec.derive_private_key(number + 1000, ec.SECP256R1()))


def anchor(chain: MemoryChain, *statements: Statement, digests: Sequence[bytes] = ()) -> Proof:
    """Anchor a batch in its judge's book; the proof is that of the first statement."""
    leaves = [DOMAINS.digest(statement) for statement in statements]
    tree = MerkleTree([*leaves, *digests])
    chain.anchor(statements[0].judge, tree.root)
    return tree.proof(leaves[0])
