"""`python -m app audit` and `python -m app erase`, as an operator runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.__main__ import main
from app.client.letters import RecordFile
from app.client.person import Person
from app.core.signatures import signed_json
from app.core.statements import Retraction
from tests.chain_fixtures import DEAD_URL, Place
from tests.peering import bodies_of, desk_of, file, file_of, follow, web_of
from tests.serving import served

__all__ = ["file"]


def environment(place: Place, deployment_file: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHARTKEY_")}
    return kept | {
        "CHARTKEY_DATA": str(place.folder),
        "CHARTKEY_DEPLOYMENT": str(deployment_file),
        "CHARTKEY_RPC": place.chain_process.url,
        **more,
    }


def run(place: Place, deployment_file: Path, *words: str, **more: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "app", *words],
        env=environment(place, deployment_file, **more),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def again(
    place: Place,
    deployment_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """The same command once more, in this process: another one takes a second to start."""

    def run(*words: str, **more: str) -> tuple[int, str]:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            patch.setattr(os, "environ", environment(place, deployment_file, **more))
            code = main(list(words))
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_an_audit_tells_by_its_code_and_in_words(
    place: Place, file: RecordFile, deployment_file: Path, again: Callable[..., tuple[int, str]]
) -> None:
    code, told = run(place, deployment_file, "audit")
    assert (code, "✓ Nothing differs from the chain." in told) == (0, True), told
    file_of(place, file.address).unlink()
    code, told = again("audit")
    assert code == 1
    assert f"✗ body {file.address} (bodies) missing" in told
    assert "1 difference is left." in told
    code, told = again("audit", "--json")
    assert code == 1
    assert json.loads(told)["clean"] is False
    code, told = again("audit", CHARTKEY_RPC=DEAD_URL)
    assert code == 2
    assert "does not answer" in told


def test_an_audit_mends_from_a_peer(
    place: Place,
    file: RecordFile,
    make_place: Callable[..., Place],
    again: Callable[..., tuple[int, str]],
) -> None:
    twin = make_place(custodians=0, threshold=0)
    bodies_of(twin).put_many([bodies_of(place).fetch(a) for a in bodies_of(place).addresses()])
    follow(twin)
    file_of(place, file.address).unlink()
    with served(web_of(desk_of(twin))) as url:
        code, told = again("audit", "--repair", "--peers", url)
    assert code == 0, told
    assert "copied from 127.0.0.1:" in told
    assert bodies_of(place).holds(file.address)


def test_a_watch_says_what_changes_and_ends_when_told(
    place: Place, file: RecordFile, deployment_file: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "app", "audit", "--watch", "0.2"],
        env=environment(place, deployment_file),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None

        def wait_for(words: str) -> None:
            assert process.stdout is not None
            while words not in (line := process.stdout.readline()):
                assert line, f"it ended without saying {words!r}"

        try:
            wait_for("Nothing differs")
            wait_for("still clean")
            file_of(place, file.address).unlink()
            wait_for("1 difference is left")
            wait_for("still 1 left")
            process.send_signal(signal.SIGTERM)
            process.stdout.read()
            assert process.wait(300) == 1
        finally:
            process.kill()


def test_a_record_is_erased_from_two_statement_files(
    place: Place,
    patient: Person,
    file: RecordFile,
    deployment_file: Path,
    tmp_path: Path,
    again: Callable[..., tuple[int, str]],
) -> None:
    retraction = patient.sign(Retraction(person=patient.address, record=file.digest))
    paths = [tmp_path / "record.json", tmp_path / "retraction.json"]
    for path, signed in zip(paths, (file.signed, retraction), strict=True):
        path.write_text(json.dumps(signed_json(signed, place.chain.domains)))
    words = ["erase", str(paths[0]), str(paths[1])]
    code, told = run(place, deployment_file, *words)
    assert code == 0, told
    assert "✓ this node, bodies: 3 deleted, none left" in told
    assert not bodies_of(place).holds(file.address)
    code, told = again(*words, "--peers", DEAD_URL)
    assert code == 1
    assert "✗ 127.0.0.1:9 did not erase it" in told
    code, told = again("erase", str(paths[1]), str(paths[0]))
    assert code == 2
    assert "it is not a record" in told
    place.settle()
    assert place.node.view().retracted_at(patient.address, file.digest) > 0
