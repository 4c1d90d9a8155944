"""The embedded default on Ganache: found again after a stop, and after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app import embedded
from app.adapters.wallets import LocalWallet
from app.client.person import Person
from app.core.contract_errors import AlreadyEnrolled, NonceUsed
from app.core.statements import AUDIT
from app.core.vault import Vault

NOTE = b'{"resourceType":"Observation"}'

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app import embedded
folder = Path(sys.argv[1])
with embedded.start(folder) as place:
    receipt = place.chain.anchor("AuditTrail", b"acknowledged".ljust(32), b"m" * 32)
    chain = place.chain_process.process
    chain.kill()
    print(receipt.time, chain.wait(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def on_another_day(place: embedded.Embedded, kept: Path) -> Person:
    """A person whose wallet and vault were kept in a file."""
    words = json.loads(kept.read_text())
    return Person.with_vault(
        place.node,
        LocalWallet(bytes.fromhex(words["wallet"])),
        words["address"],
        Vault(bytes.fromhex(words["vault"])),
    )


def keep(person: Person, path: Path) -> None:
    wallet = person.wallet
    assert isinstance(wallet, LocalWallet)
    words = {
        "wallet": bytes(wallet.account.key).hex(),
        "vault": person.vault.seed.hex(),
        "address": person.address,
    }
    path.write_text(json.dumps(words))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where an embedded Chartkey ran before: a record and a grant are in it."""
    folder = tmp_path_factory.mktemp("kept")
    with embedded.start(folder) as place:
        patient, doctor = place.enrol(patient=True), place.enrol()
        place.credential(doctor)
        patient.write(NOTE, category="laboratory")
        patient.grant(doctor.address, category="laboratory")
        place.settle()
        with pytest.raises((AlreadyEnrolled, NonceUsed)):  # Ganache's reverts are told by name too
            patient.enrol()
        keep(patient, folder / "patient.json")
        keep(doctor, folder / "doctor.json")
    return folder


def test_a_chain_that_was_stopped_is_found_again(folder: Path) -> None:
    deployed = (folder / "deployments" / "local.json").read_bytes()
    lines: list[str] = []
    with embedded.start(folder, say=lines.append) as place:
        patient = on_another_day(place, folder / "patient.json")
        doctor = on_another_day(place, folder / "doctor.json")
        (file,) = patient.chart()
        assert patient.open(file) == NOTE
        (held,) = doctor.grants_held(patient.address)
        (shared,) = doctor.shared_records(held)
        assert doctor.open(shared, held) == NOTE
    assert (folder / "deployments" / "local.json").read_bytes() == deployed
    assert sum(" found at " in line for line in lines) == 4


def test_a_killed_chain_loses_nothing_that_it_acknowledged(folder: Path) -> None:
    deployed = (folder / "deployments" / "local.json").read_bytes()
    command = [sys.executable, "-c", WRITE_AND_DIE, str(folder)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    anchored_at, chain_ended_with = map(int, ended.stdout.split())
    assert chain_ended_with == -signal.SIGKILL
    with embedded.start(folder) as place:
        assert place.chain.view().anchored_at(AUDIT, b"acknowledged".ljust(32)) == anchored_at
        patient = on_another_day(place, folder / "patient.json")
        assert patient.open(patient.chart()[0]) == NOTE
    assert (folder / "deployments" / "local.json").read_bytes() == deployed


def test_a_fresh_chain_in_the_same_folder_spoils_no_kept_one(folder: Path) -> None:
    with embedded.start(folder, anvil=True) as place:
        place.enrol(patient=True)
    with embedded.start(folder) as place:
        patient = on_another_day(place, folder / "patient.json")
        assert patient.open(patient.chart()[0]) == NOTE


def test_the_keys_in_the_folder_are_for_their_owner_alone(folder: Path) -> None:
    secret = [*folder.glob("custodian-*/key"), folder / "chain" / "mnemonic"]
    assert len(secret) == 4
    assert {path.stat().st_mode & 0o777 for path in secret} == {0o600}
    assert len({path.read_bytes() for path in secret}) == 4
