"""Owns who a person is to Chartkey: the wallet, the vault, and what the registry says of both."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.core.audit import LONGEST_SESSION
from app.core.categories import CATEGORIES
from app.core.encoding import ZERO_ADDRESS
from app.core.errors import ForeignSignature, ForeignVault, SheetSubstituted
from app.core.keys import PublicKey
from app.core.opening import OpenSession
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.ports import Node, Wallet
from app.core.sheets import RandomBytes
from app.core.signatures import Signed, recover, session_key_id
from app.core.statements import (
    Access,
    CategoryKeys,
    Enrolment,
    KeysChange,
    Rotation,
    Session,
)
from app.core.typed_data import Statement, parse_address
from app.core.vault import Vault, lock_with_passphrase, open_with_passphrase, vault_from_phrase

DEADLINE = 3600
"""Seconds for which a signed change of the registry may be handed in."""
CLOCKS_DIFFER = 60
"""Seconds by which chain and custodians may lag behind this device: what is signed holds at once."""


@dataclass(kw_only=True)
class Identity:
    """A person on one device: a wallet that signs, a vault that opens, a node to talk to.

    `address` is the permanent id; it stays when the wallet changes.
    """

    node: Node
    wallet: Wallet
    vault: Vault = field(repr=False)
    address: str = ""
    custodians: Sequence[PublicKey] = ()
    threshold: int = 0
    clock: Callable[[], int] = field(default=lambda: int(time.time()), repr=False)
    random: RandomBytes = field(default=os.urandom, repr=False)

    def __post_init__(self) -> None:
        self.address = parse_address(self.address or self.wallet.address)
        self._session: tuple[OpenSession, ec.EllipticCurvePrivateKey] | None = None

    # what is signed

    def sign(self, statement: Statement) -> Signed[Any]:
        """Have the wallet sign a statement in its own domain."""
        domain = self.node.domains.judging(statement)
        return Signed(statement=statement, signature=self.wallet.sign(statement, domain))

    def keys_document(self) -> bytes:
        """This person's identity keys document."""
        return self.own_keys().encode()

    def own_keys(self) -> IdentityKeys:
        """What that document says."""
        return IdentityKeys(
            identity=self.vault.identity.public,
            custodians=tuple(self.custodians),
            threshold=self.threshold,
        )

    def enrol(self, recovery: str = ZERO_ADDRESS) -> Self:
        """Enter the registry without paying; a patient's category keys are published too.

        Raises AlreadyEnrolled, ForeignSignature.
        """
        keys_hash = self.node.keep_document(self.keys_document())
        statement = Enrolment(
            person=self.address,
            keys_hash=keys_hash,
            recovery=recovery,
            nonce=0,
            deadline=self.clock() + DEADLINE,
        )
        self.node.accept(self.sign(statement))
        if self.custodians:
            self.publish_category_keys(epoch=0)
        return self

    def rotate(self, wallet: Wallet) -> None:
        """Move to a new wallet at once; the chart and the grants go on.

        The category keys are published again, signed by the new wallet: nobody takes them from
        one that no longer speaks for the patient.
        """
        epoch = self.category_keys_of(self.address).epoch if self.custodians else None
        statement = Rotation(
            person=self.address,
            new_key=wallet.address,
            nonce=self.node.view().nonce_of(self.address),
            deadline=self.clock() + DEADLINE,
        )
        self.node.accept(self.sign(statement))
        self.wallet, self._session = wallet, None
        if epoch is not None:
            self.publish_category_keys(epoch)

    def choose_custodians(self, custodians: Sequence[PublicKey], threshold: int) -> None:
        """Choose others for records from now on; the registry's commitment changes with it."""
        chosen = replace(
            self.own_keys(), custodians=tuple(custodians), threshold=threshold
        ).encode()
        statement = KeysChange(
            person=self.address,
            keys_hash=self.node.keep_document(chosen),
            nonce=self.node.view().nonce_of(self.address),
            deadline=self.clock() + DEADLINE,
        )
        self.node.accept(self.sign(statement))
        self.custodians, self.threshold = tuple(custodians), threshold

    # the vault

    def leave_lock(self, passphrase: str, **cost: int) -> None:
        """Leave the vault with the node, locked by a passphrase."""
        lock = lock_with_passphrase(self.vault, passphrase, self.random, **cost)
        self.node.keep_lock(self.address, json.dumps(lock).encode())

    @classmethod
    def unlock(cls, node: Node, wallet: Wallet, address: str, passphrase: str) -> Self:
        """Sign in on another device; raises WrongLock, NotStored."""
        vault = open_with_passphrase(json.loads(node.lock(address)), passphrase)
        return cls.with_vault(node, wallet, address, vault)

    @classmethod
    def restore(cls, node: Node, wallet: Wallet, address: str, phrase: str) -> Self:
        """Sign in with the recovery phrase alone; raises InvalidPhrase, ForeignVault."""
        return cls.with_vault(node, wallet, address, vault_from_phrase(phrase))

    @classmethod
    def with_vault(cls, node: Node, wallet: Wallet, address: str, vault: Vault) -> Self:
        """A person whose registered keys are those of this vault; raises ForeignVault."""
        keys = IdentityKeys.decode(node.document(node.view().keys_hash(address)))
        if keys.identity.id != vault.identity.public.id:
            raise ForeignVault()
        return cls(
            node=node,
            wallet=wallet,
            vault=vault,
            address=address,
            custodians=keys.custodians,
            threshold=keys.threshold,
        )

    # keys of this person and of others

    def keys_of(self, person: str) -> IdentityKeys:
        """The identity keys that the registry commits to; raises NotStored, StoreAltered."""
        person = parse_address(person)
        if person == self.address:
            return self.own_keys()
        return IdentityKeys.decode(self.node.document(self.node.view().keys_hash(person)))

    def category_keys_of(self, patient: str) -> CategoryKeysDocument:
        """A patient's newest public category keys; raises ForeignSignature, SheetSubstituted."""
        signed, document = self.node.category_keys(patient)
        statement = signed.statement
        signer = recover(self.node.domains.digest(statement), signed.signature)
        if patient != self.address:
            view = self.node.view()
            speaks = view.speaks_for(patient, signer, view.time)
        else:
            speaks = signer == self.wallet.address  # known without asking the chain
        if statement.patient != patient or not speaks:
            raise ForeignSignature(person=patient)
        parsed = CategoryKeysDocument.decode(document)
        if document_hash(document) != statement.keys_hash or parsed.epoch != statement.epoch:
            raise SheetSubstituted()
        return parsed

    def publish_category_keys(self, epoch: int) -> None:
        """Publish the public halves of all categories of one epoch, so that none stands out."""
        document = CategoryKeysDocument(
            epoch=epoch,
            keys={name: self.vault.category(name, epoch).public for name in CATEGORIES},
        ).encode()
        statement = CategoryKeys(
            patient=self.address,
            epoch=epoch,
            keys_hash=document_hash(document),
            salt=self.random(32),
        )
        self.node.keep_category_keys(self.sign(statement), document)

    # sessions: accesses signed without asking the wallet each time

    def start_session(self, origin: str, seconds: int = LONGEST_SESSION) -> None:
        """Let a fresh P-256 key of this device sign accesses for some hours."""
        key = ec.generate_private_key(ec.SECP256R1())
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        begins = self.clock() - CLOCKS_DIFFER
        statement = Session(
            person=self.address,
            key=session_key_id(point),
            origin=origin,
            not_before=begins,
            expires_at=begins + seconds,
            salt=self.random(32),
        )
        self._session = OpenSession(signed=self.sign(statement), public_key=point), key

    def sign_access(self, access: Access) -> tuple[Signed[Access], OpenSession | None]:
        """Sign with the session key where there is one, else with the wallet."""
        if self._session is None:
            return self.sign(access), None
        session, key = self._session
        r, s = decode_dss_signature(key.sign(self.node.domains.digest(access), ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return Signed(statement=access, signature=signature), session
