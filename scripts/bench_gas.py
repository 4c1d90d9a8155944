"""Measures gas on an Anvil of its own: what granting, recording, opening, revoking and checking costs.

Everything is measured at its dearest: tags and words are random (a zero byte of calldata is cheaper), and
a relayed batch of revocations is the dearer of 50 patients with one each and one patient with 50 words.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from app.adapters.contracts import Contract, abi_values
from app.adapters.deploying import deploy
from app.adapters.local_chain import start_anvil
from app.adapters.rpc import Rpc
from app.adapters.wallets import LocalWallet
from app.core.encoding import ZERO_ADDRESS, from_hex, hex0x
from app.core.merkle import MerkleTree
from app.core.statements import AUDIT, CONSENT, PEOPLE, RECORDS, VIEW, Enrolment, Grant, Revocation
from scripts.bench_table import Row, peer

BATCH = 1024
REVOCATIONS = 50
GRANTS_BEFORE = 1_000_000
TRANSACTION = 21_000
FOREVER = 2**64 - 1

ROWS = (
    Row(key="grant_single", title="a grant, anchored alone", target=48_000, beside=peer("grant")),
    Row(
        key="grant_batch_1024",
        title="a grant, in a batch of 1,024",
        target=50,
        beside=peer("grant"),
    ),
    Row(
        key="record_batch_1024",
        title="a record, in a batch of 1,024",
        target=50,
        beside=peer("record"),
    ),
    Row(
        key="access_batch_1024",
        title="an access, in a batch of 1,024",
        target=50,
        beside=peer("access"),
    ),
    Row(
        key="revoke_first",
        title="a revocation, first in its word",
        target=47_000,
        beside=peer("revoke"),
    ),
    Row(
        key="revoke_next",
        title="a revocation, next in its word",
        target=29_500,
        beside=peer("revoke"),
    ),
    Row(
        key="revoke_relayed_first",
        title="the same by signature, in a batch of 50, first",
        target=36_000,
        beside="no peer has a relayed form; one storage slot needs 22,100",
    ),
    Row(
        key="revoke_relayed_next",
        title="the same by signature, in a batch of 50, next",
        target=19_000,
        beside="no peer has a relayed form; a signature needs 3,000",
    ),
    Row(
        key="is_viewable",
        title="isViewable, asked for nothing, also after 1,000,000 grants",
        target=60_000,
        beside=f"{peer('check')} to {peer('check_most')}",
    ),
    Row(key="deploy_total", title="all four contracts, once", beside=peer("deploy")),
)


def run() -> dict[str, float]:
    """Measure every row; raises CannotStart."""
    with tempfile.TemporaryDirectory() as folder, start_anvil(Path(folder)) as chain:
        return _Bench(Rpc(chain.url), chain.url, chain.accounts[0].address, Path(folder)).figures()


class _Bench:
    """A fresh chain with the contracts on it, and a wallet for each patient."""

    def __init__(self, rpc: Rpc, url: str, payer: str, folder: Path) -> None:
        self._rpc, self._payer = rpc, payer
        self._random = random.Random("gas")  # noqa: S311 - no secrets: the same bytes each time
        deployment = deploy(
            Web3(HTTPProvider(url)), payer, network="bench", path=folder / "bench.json"
        )
        self._domains = deployment.domains
        self._contracts = {
            name: Contract(name=name, address=contract.address, abi=contract.abi)
            for name, contract in deployment.contracts.items()
        }
        self._deployed = sum(
            self._gas_of(contract.transaction) for contract in deployment.contracts.values()
        )
        self._patients = [LocalWallet(self._bytes()) for _ in range(REVOCATIONS)]
        self._new_word()

    def figures(self) -> dict[str, float]:
        """The figure of every row."""
        for patient in self._patients:
            self._enrol(patient)
        first, after_it = self._relayed()
        direct_first, direct_next = self._direct()
        shown = self._shown()
        figures = {
            "grant_single": self._anchor(CONSENT),
            "grant_batch_1024": round(self._anchor(CONSENT) / BATCH, 1),
            "record_batch_1024": round(self._anchor(RECORDS) / BATCH, 1),
            "access_batch_1024": round(self._anchor(AUDIT) / BATCH, 1),
            "revoke_first": direct_first,
            "revoke_next": direct_next,
            "revoke_relayed_first": first,
            "revoke_relayed_next": after_it,
            "is_viewable": self._check(shown),
            "deploy_total": self._deployed,
        }
        for _ in range(GRANTS_BEFORE // BATCH + 1):
            self._anchor(CONSENT)
        if (later := self._check(shown)) != figures["is_viewable"]:
            raise AssertionError(f"isViewable grew with history: {later} gas")
        return figures

    def _anchor(self, judge: str) -> int:
        """One transaction, however many digests stand under the root."""
        return self._send(self._contracts[judge], "anchor", self._bytes(), self._bytes())

    def _enrol(self, patient: LocalWallet) -> None:
        enrolment = Enrolment(
            person=patient.address,
            keys_hash=self._bytes(),
            recovery=ZERO_ADDRESS,
            nonce=0,
            deadline=FOREVER,
        )
        signature = patient.sign(enrolment, self._domains.people)
        self._send(self._contracts[PEOPLE], "enrolBySig", abi_values(enrolment), signature)

    def _relayed(self) -> tuple[float, float]:
        """Gas of one revocation of a batch, first and next in its word: the dearer of both shapes."""
        words = [self._new_word() for _ in range(REVOCATIONS)]
        of_many = [(patient, self._new_word()) for patient in self._patients]
        of_one = [(self._patients[0], word) for word in words]
        dearest = [
            max(self._batch(shape, mask) for shape in (of_many, of_one))
            for mask in (1 << 9, 1 << 200)
        ]
        return dearest[0], dearest[1]

    def _batch(self, shape: Sequence[tuple[LocalWallet, int]], mask: int) -> float:
        revocations = [
            Revocation(patient=patient.address, word=word, mask=mask) for patient, word in shape
        ]
        signatures = [
            patient.sign(revocation, self._domains.consent)
            for (patient, _), revocation in zip(shape, revocations, strict=True)
        ]
        values = [abi_values(revocation) for revocation in revocations]
        gas = self._send(self._contracts[CONSENT], "revokeBySig", values, signatures)
        return round(gas / len(shape), 1)

    def _direct(self) -> tuple[int, int]:
        word = self._new_word()
        consent = self._contracts[CONSENT]
        return self._send(consent, "revoke", word, 1 << 9), self._send(
            consent, "revoke", word, 1 << 200
        )

    def _shown(self) -> tuple[Any, ...]:
        """A grant in a full batch that opens: what `isViewable` is asked."""
        patient = self._patients[0]
        grant = Grant(
            patient=patient.address,
            viewer=self._patients[1].address,
            category="sexual-health",
            record=self._bytes(),
            purpose="TREAT",
            rights=VIEW,
            not_before=0,
            expires_at=FOREVER,
            nonce=self._random.getrandbits(192),
            salt=self._bytes(),
        )
        digest = self._domains.digest(grant)
        tree = MerkleTree([digest, *(self._bytes() for _ in range(BATCH - 1))])
        self._send(self._contracts[CONSENT], "anchor", tree.root, self._bytes())
        proof = tree.proof(digest)
        signature = patient.sign(grant, self._domains.consent)
        return abi_values(grant), signature, proof.root, list(proof.path)

    def _check(self, shown: tuple[Any, ...]) -> int:
        """Execution gas of isViewable: that of a transaction without the transaction itself."""
        consent = self._contracts[CONSENT]
        calldata = consent.encode("isViewable", *shown)
        call = {"to": consent.address, "data": hex0x(calldata)}
        if not consent.decode("isViewable", from_hex(self._rpc.call("eth_call", call, "latest"))):
            raise AssertionError("the grant that is measured does not open")
        used = self._send(consent, "isViewable", *shown)
        return used - TRANSACTION - sum(16 if byte else 4 for byte in calldata)

    def _send(self, contract: Contract, function: str, *arguments: Any) -> int:
        """Gas of a transaction that went well."""
        call = {
            "from": self._payer,
            "to": contract.address,
            "data": hex0x(contract.encode(function, *arguments)),
            "gas": hex(25_000_000),
        }
        return self._gas_of(self._rpc.call("eth_sendTransaction", call))

    def _gas_of(self, transaction: str) -> int:
        while (receipt := self._rpc.call("eth_getTransactionReceipt", transaction)) is None:
            time.sleep(0.001)
        if int(receipt["status"], 16) != 1:
            raise AssertionError("a transaction that is measured was reverted")
        return int(receipt["gasUsed"], 16)

    def _bytes(self) -> bytes:
        return self._random.randbytes(32)

    def _new_word(self) -> int:
        """The word of a nonce with a random tag."""
        return self._random.getrandbits(248)
