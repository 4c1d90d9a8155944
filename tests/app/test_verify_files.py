"""Statement files, chains and deployments that an auditor cannot use are told in one sentence; machines read the rest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.__main__ import main
from app.adapters import tools
from app.adapters.deployment import Deployment
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc
from tests.app.verifying import Document, Verify, doctor, good, grant, patient, place, verify
from tests.chain_fixtures import DEAD_URL

__all__ = ["doctor", "good", "grant", "patient", "place", "verify"]


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
