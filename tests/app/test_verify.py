"""An auditor's check of any statement file: what holds, what does not, and why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.__main__ import main
from app.adapters import tools
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc
from app.client.person import Person
from app.core.encoding import ZERO32
from app.core.signatures import Signed, signed_json
from app.core.statements import Access, Grant, Membership, Revocation
from tests.chain_fixtures import DEAD_URL, NOTE, Place

Document = dict[str, Any]
HALF_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def verify(
    anvil: LocalChain, deployment_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Writes a statement file, has it verified, and returns exit code and what was said."""

    def run(
        document: Any, *words: str, rpc: str = anvil.url, deployed: Path = deployment_file
    ) -> tuple[int, str]:
        path = tmp_path / "statement.json"
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        path.write_bytes(content)
        code = main(["verify", str(path), "--rpc", rpc, "--deployment", str(deployed), *words])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def file_of(place: Place, signed: Signed[Any]) -> Document:
    """The statement file that its owner hands to an auditor."""
    domains = place.chain.domains
    return signed_json(signed, domains, place.node.proof(domains.digest(signed.statement)))


# one place for all of these tests: an auditor only looks


@pytest.fixture(scope="module")
def place(make_place: Callable[..., Place]) -> Place:
    return make_place()


@pytest.fixture(scope="module")
def patient(place: Place) -> Person:
    return place.enrol(patient=True)


@pytest.fixture(scope="module")
def doctor(place: Place) -> Person:
    person = place.enrol()
    place.credential(person)
    return person


@pytest.fixture(scope="module")
def stranger(place: Place) -> Person:
    return place.enrol()


@pytest.fixture(scope="module")
def good(place: Place, patient: Person, doctor: Person) -> dict[str, str]:
    """A doctor's anchored record and a patient's anchored grant, each beside another one."""
    patient.write(NOTE, category="laboratory")
    record = doctor.write(NOTE, category="laboratory", patient=patient.address)
    patient.grant(doctor.address, category="conditions")
    grant = patient.grant(doctor.address, category="laboratory")
    place.settle()
    signed = {"record": record.signed, "grant": grant.signed}
    return {name: json.dumps(file_of(place, one)) for name, one in signed.items()}


@pytest.fixture
def record(good: dict[str, str]) -> Document:
    document: Document = json.loads(good["record"])
    return document


@pytest.fixture
def grant(good: dict[str, str]) -> Document:
    document: Document = json.loads(good["grant"])
    return document


Verify = Callable[..., tuple[int, str]]


def test_a_good_record_is_authentic(verify: Verify, record: Document) -> None:
    code, said = verify(record)
    assert code == 0
    assert "authentic, written by a credentialed practitioner" in said
    assert said.count("✓") == 4


def test_a_patients_own_record_says_so(verify: Verify, place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="laboratory")
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "written by the patient" in said) == (0, True)


def test_a_strangers_record_is_not_authentic(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    file = stranger.write(NOTE, category="laboratory", patient=patient.address)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "credential" in said) == (1, True)


def test_a_retracted_record_says_by_whom(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = doctor.write(NOTE, category="laboratory", patient=patient.address)
    place.settle()
    doctor.retract(file)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "retracted by its author" in said) == (0, True)


def test_a_good_grant_is_viewable(verify: Verify, grant: Document) -> None:
    code, said = verify(grant)
    assert code == 0
    assert "viewable until" in said


def test_a_revoked_grant_fails_with_the_reason(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.grant(doctor.address, category="laboratory")
    place.settle()
    patient.revoke(file)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert code == 1
    assert "✗ Verdict: The patient has taken this permission back." in said


def test_a_grant_after_everything_was_taken_back_fails_with_the_reason(
    verify: Verify, place: Place, doctor: Person
) -> None:
    patient = place.enrol(patient=True)
    file = patient.grant(doctor.address, category="laboratory")
    place.settle()
    patient.revoke_all()
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "taken all earlier permissions back" in said) == (1, True)


def test_an_expired_grant_fails_with_the_reason(
    verify: Verify, place: Place, patient: Person, doctor: Person
) -> None:
    file = patient.grant(doctor.address, category="laboratory", seconds=-1)
    place.settle()
    code, said = verify(file_of(place, file.signed))
    assert (code, "ended at" in said) == (1, True)


FIELDS = {
    "viewer": "0x" + "12" * 20,
    "category": "medications",
    "record": "0x" + "11" * 32,
    "purpose": "HRESCH",
    "rights": 3,
    "notBefore": 5,
    "expiresAt": 2**40,
    "nonce": "77",
    "salt": "0x" + "22" * 32,
}


@pytest.mark.parametrize("field", FIELDS)
def test_a_tampered_field_fails(verify: Verify, grant: Document, field: str) -> None:
    grant["typedData"]["message"][field] = FIELDS[field]
    code, said = verify(grant)
    assert code == 1
    assert "✗ Anchor: The proof does not lead" in said


def test_a_tampered_grant_with_its_own_anchor_is_not_signed_by_the_patient(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    true = patient.grant(stranger.address, category="laboratory")
    forged = Grant.from_message(true.statement.message() | {"rights": 3})
    digest = place.chain.domains.digest(forged)
    place.chain.anchor("ConsentRegistry", digest, ZERO32)
    signed = Signed(statement=forged, signature=true.signed.signature)
    document = signed_json(signed, place.chain.domains) | {"root": "0x" + digest.hex(), "proof": []}
    code, said = verify(document)
    assert code == 1
    assert "✗ Verdict: The statement was not signed by" in said


def test_a_malleable_signature_fails(verify: Verify, grant: Document) -> None:
    raw = bytes.fromhex(grant["signature"][2:])
    high = HALF_ORDER - int.from_bytes(raw[32:64], "big")
    twin = raw[:32] + high.to_bytes(32, "big") + bytes([55 - raw[64]])
    code, said = verify(grant | {"signature": "0x" + twin.hex()})
    assert code == 1
    assert "✗ Signature: The signature has a high s value" in said
    assert "✗ Verdict" in said


def test_a_record_without_its_proof_is_not_anchored(verify: Verify, record: Document) -> None:
    del record["root"], record["proof"]
    code, said = verify(record)
    assert (code, "✗ Anchor: The statement is not anchored" in said) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(proof=d["proof"][:-1]),
        lambda d: d.update(proof=[*d["proof"], "0x" + "00" * 32]),
        lambda d: d.update(root="0x" + "44" * 32),
    ],
    ids=["shorter", "longer", "other root"],
)
def test_a_wrong_proof_fails(
    verify: Verify, record: Document, change: Callable[[Document], None]
) -> None:
    change(record)
    code, said = verify(record)
    assert (code, "✗ Anchor: The proof does not lead" in said) == (1, True)


def test_a_root_that_nobody_anchored_fails(verify: Verify, place: Place, patient: Person) -> None:
    file = patient.write(NOTE, category="laboratory")
    root = "0x" + file.digest.hex()
    code, said = verify(signed_json(file.signed, place.chain.domains) | {"root": root, "proof": []})
    assert (code, "not anchored" in said) == (1, True)


# --- statements that are only signed ---


def test_a_membership_is_checked_for_its_signer(
    verify: Verify, place: Place, doctor: Person, stranger: Person
) -> None:
    statement = Membership(
        organization=doctor.address,
        member=stranger.address,
        not_before=0,
        expires_at=2**40,
        salt=b"s" * 32,
    )
    assert verify(signed_json(doctor.sign(statement), place.chain.domains))[0] == 0
    code, said = verify(signed_json(stranger.sign(statement), place.chain.domains))
    assert (code, "not signed by someone who speaks" in said) == (1, True)


def test_a_revocation_is_checked_for_its_signer(
    verify: Verify, place: Place, patient: Person, stranger: Person
) -> None:
    statement = Revocation(patient=patient.address, word=5, mask=1)
    assert verify(signed_json(patient.sign(statement), place.chain.domains))[0] in (0, 1)
    assert verify(signed_json(stranger.sign(statement), place.chain.domains))[0] == 1


def test_an_opening_is_verified(verify: Verify, place: Place, doctor: Person) -> None:
    patient = place.enrol(patient=True)
    file = patient.write(NOTE, category="laboratory")
    patient.grant(doctor.address, category="laboratory")
    place.settle()
    held = doctor.grants_held(patient.address)[0]
    doctor.open(file, held)
    place.settle()
    (opening,) = patient.openings()
    assert isinstance(opening.statement, Access)
    code, said = verify(file_of(place, opening.signed))
    assert (code, doctor.address in said) == (0, True)


# --- files and chains that cannot be used: one sentence, exit 2 ---


def one_sentence(said: str) -> bool:
    lines = said.strip().splitlines()
    return len(lines) == 2 and lines[0].endswith(".") and "Traceback" not in said


def test_another_chains_statement_is_refused(verify: Verify, grant: Document) -> None:
    grant["typedData"]["domain"]["chainId"] = 1
    code, said = verify(grant)
    assert (code, "chain 1," in said, one_sentence(said)) == (2, True, True)


def test_another_contracts_statement_is_refused(
    verify: Verify, grant: Document, deployment: Deployment
) -> None:
    grant["typedData"]["domain"]["verifyingContract"] = deployment["AuditTrail"].address
    code, said = verify(grant)
    assert (code, "addressed to the contract" in said, one_sentence(said)) == (2, True, True)


def test_another_applications_statement_is_refused(verify: Verify, grant: Document) -> None:
    grant["typedData"]["domain"]["version"] = "2"
    code, said = verify(grant)
    assert (code, one_sentence(said)) == (2, True)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"not json", b"[]", b"null", b"7", b'"x"', b"{}", bytes(range(256)), b"[" * 100_000,
     b'{"chartkey":"statement/1"}', b'{"chartkey":"statement/2"}',
     b'{"chartkey":"statement/1","typedData":[],"signature":"0x"}',
     b'{"chartkey":"statement/1","typedData":{"primaryType":[]},"signature":7}'],
    ids=range(14),
)  # fmt: skip
def test_what_is_no_statement_file_is_refused_with_one_sentence(
    verify: Verify, content: bytes
) -> None:
    code, said = verify(content)
    assert (code, one_sentence(said)) == (2, True)


@pytest.mark.parametrize("part", ["signature", "root", "proof"])
@pytest.mark.parametrize("value", [None, 7, "zz", "0x0", ["0x"], {}], ids=repr)
def test_a_broken_part_of_the_file_is_refused(
    verify: Verify, grant: Document, part: str, value: object
) -> None:
    code, said = verify(grant | {part: value})
    assert code in (1, 2)
    assert "Traceback" not in said


def test_a_file_that_is_not_there_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["verify", str(tmp_path / "missing.json"), "--rpc", DEAD_URL]) == 2
    assert one_sentence(capsys.readouterr().err)


@pytest.mark.parametrize(
    "rpc", [DEAD_URL, "http://nowhere.invalid:1", "nonsense", "ftp://127.0.0.1"]
)
def test_an_unknown_rpc_is_told_in_one_sentence(verify: Verify, grant: Document, rpc: str) -> None:
    code, said = verify(grant, rpc=rpc)
    assert (code, one_sentence(said)) == (2, True)


def test_a_missing_deployment_file_is_told(verify: Verify, grant: Document, tmp_path: Path) -> None:
    code, said = verify(grant, deployed=tmp_path / "missing.json")
    assert (code, one_sentence(said)) == (2, True)


def test_a_deployment_file_of_another_chain_is_told(
    verify: Verify, grant: Document, deployment_file: Path, tmp_path: Path
) -> None:
    kept = json.loads(deployment_file.read_text()) | {"chainId": 5}
    (tmp_path / "other.json").write_text(json.dumps(kept))
    code, said = verify(grant, deployed=tmp_path / "other.json")
    assert (code, one_sentence(said)) == (2, True)


def test_other_code_than_the_deployed_is_told(
    verify: Verify, grant: Document, anvil: LocalChain, deployment: Deployment
) -> None:
    address, rpc = deployment["AuditTrail"].address, Rpc(anvil.url)
    code = rpc.call("eth_getCode", address, "latest")
    rpc.call("anvil_setCode", address, code[:-2] + "ff")
    try:
        exit_code, said = verify(grant)
    finally:
        rpc.call("anvil_setCode", address, code)
    assert (exit_code, one_sentence(said), address in said) == (2, True, True)
    assert verify(grant)[0] == 0


def test_machines_read_it_as_json(verify: Verify, grant: Document) -> None:
    code, said = verify(grant, "--json")
    told = json.loads(said)
    assert (code, told["ok"]) == (0, True)
    assert [check["what"] for check in told["checks"]] == [
        "Grant",
        "Signature",
        "Anchor",
        "Verdict",
    ]
    grant["typedData"]["message"]["rights"] = 3
    code, said = verify(grant, "--json")
    assert (code, json.loads(said)["ok"]) == (1, False)


def test_it_runs_from_the_command_line(
    grant: Document, anvil: LocalChain, deployment_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "grant.json").write_text(json.dumps(grant))
    command = [
        sys.executable,
        "-m",
        "app",
        "verify",
        str(tmp_path / "grant.json"),
        "--rpc",
        anvil.url,
    ]
    command += ["--deployment", str(deployment_file)]
    ended = subprocess.run(command, cwd=tools.ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "says ConsentRegistry" in ended.stdout
