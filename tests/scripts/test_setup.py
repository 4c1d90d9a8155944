"""Set-up says in one sentence what is wrong, and knows what it has finished."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import steps, toolchain

ROOT = steps.ROOT


def bootstrap(folder: Path, *, chosen: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the choice of Python with nothing on PATH but what stands in the folder."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "bootstrap.sh")],
        env={"PATH": str(folder), "PYTHON": chosen},
        capture_output=True,
        text=True,
        check=False,
    )


def put_python(folder: Path, name: str, version: str) -> None:
    """A stand-in that tells its version and, asked for anything else, its own name."""
    path = folder / name
    path.write_text(
        f'#!/bin/sh\n[ "$1" = -c ] && echo "{version}" && exit 0\necho "chose {name}"\nexit 7\n'
    )
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "dirname").symlink_to("/usr/bin/dirname")
    return tmp_path


@pytest.mark.parametrize("version", ["3.10.13", "3.14.0", "2.7.18"])
def test_an_unfit_python_is_refused_in_one_sentence(path: Path, version: str) -> None:
    put_python(path, "python3", version)
    result = bootstrap(path)
    assert result.returncode == 1
    assert result.stderr.count("\n") == 1
    assert f"needs Python 3.11, 3.12 or 3.13, and python3 is {version};" in result.stderr


def test_no_python_at_all_is_said(path: Path) -> None:
    result = bootstrap(path)
    assert result.returncode == 1
    assert "none was found in PATH" in result.stderr


def test_the_fitting_python_among_several_is_taken(path: Path) -> None:
    put_python(path, "python3", "3.14.2")
    put_python(path, "python3.12", "3.12.1")
    assert bootstrap(path).stdout == "chose python3.12\n"


def test_a_python_compiled_without_optimizations_comes_after_all_others(path: Path) -> None:
    put_python(path, "python3", "3.12.4 plain")
    assert bootstrap(path).stdout == "chose python3\n"
    put_python(path, "python3.11", "3.11.2")
    assert bootstrap(path).stdout == "chose python3.11\n"
    assert bootstrap(path, chosen="python3").stdout == "chose python3\n"


def test_a_named_python_is_taken_and_no_other(path: Path) -> None:
    put_python(path, "python3", "3.11.7")
    put_python(path, "mine", "3.13.0")
    put_python(path, "old", "3.9.1")
    assert bootstrap(path, chosen="mine").stdout == "chose mine\n"
    assert "old is 3.9.1" in bootstrap(path, chosen="old").stderr


@pytest.mark.parametrize(
    ("printed", "way_out"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("npm error code ENOSPC", "The disk is full"),
        ("Failed to establish a new connection: [Errno 111] Connection refused", "No network"),
        ("npm error code EAI_AGAIN", "No network"),
        ("ERROR: Cannot connect to proxy, ProxyError", "No network"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", "is not trusted here"),
        ("ERROR: No matching distribution found for web3==7.16.0", "does not have all of"),
        ("npm error code EINTEGRITY", "is not what the lock file names"),
        ("verifying module: checksum mismatch", "is not what the lock file names"),
        ("dial tcp: lookup example.org: no such host", "No network"),
        ("go: go.mod requires go >= 1.26.2 (running go 1.22.0; GOTOOLCHAIN=local)", "newer Go"),
        ("EACCES: permission denied, mkdir", "may not be written"),
        ("something odd\n\n", "something odd"),
        ("", "it said nothing"),
    ],
)
def test_a_failed_step_is_explained_in_one_sentence(printed: str, way_out: str) -> None:
    sentence = steps.explain(printed, what="the npm packages")
    assert way_out in sentence
    assert "\n" not in sentence


def test_a_stamp_holds_until_a_file_changes(tmp_path: Path) -> None:
    stamp, lock = tmp_path / "stamp", tmp_path / "lock"
    lock.write_text("one")
    steps.write_stamp(stamp, steps.fingerprint(lock))
    assert steps.is_stamped(stamp, steps.fingerprint(lock))
    os.utime(lock, (0, 0))
    assert steps.is_stamped(stamp, steps.fingerprint(lock))
    lock.write_text("two")
    assert not steps.is_stamped(stamp, steps.fingerprint(lock))


def test_a_step_that_fails_raises_its_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LOG", tmp_path / "setup.log")
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    program = "import sys; sys.exit('connect ECONNREFUSED 127.0.0.1:9')"
    with pytest.raises(steps.SetupFailed, match="No network: the packages cannot be reached"):
        steps.run([sys.executable, "-c", program], what="the packages")
    assert "ECONNREFUSED" in (tmp_path / "setup.log").read_text()


def test_a_step_past_its_time_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "LOG", tmp_path / "setup.log")
    with pytest.raises(steps.SetupFailed, match="took longer than 1 seconds"):
        steps.run(
            [sys.executable, "-c", "import time; time.sleep(60)"], what="the compiler", timeout=1
        )


def test_a_full_disk_is_noticed_before_a_download() -> None:
    with pytest.raises(steps.SetupFailed, match="The disk is full"):
        steps.require_room(10**12)


def test_brownie_gets_a_free_port_and_keeps_its_state_in_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "BROWNIE_HOME", tmp_path)
    (tmp_path / ".brownie").mkdir()
    environment = toolchain.brownie_environment()
    assert environment["HOME"] == str(tmp_path)
    assert "127.0.0.1" in (tmp_path / ".brownie" / "network-config.yaml").read_text()


def pins(name: str) -> dict[str, str]:
    lines = [
        line.partition("#")[0].strip()
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines()
    ]
    split = [line.partition("==") for line in lines if line]
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, _, version in split}


def test_the_lock_pins_every_requirement_alike() -> None:
    wanted, locked = pins("requirements.txt"), pins("requirements.lock")
    assert wanted
    assert all(locked.values())
    assert {package: locked.get(package) for package in wanted} == wanted


def test_no_lock_file_names_a_registry() -> None:
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text(encoding="utf-8")
