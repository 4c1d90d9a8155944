"""Kubo is built once, whole or not at all, as go.mod pins it; and `make ipfs` runs it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.adapters import tools
from app.adapters.kubo import KuboBodies
from scripts import ipfs, steps
from scripts.kubo import build
from tests.daemons import require_kubo

SERVE = """
import sys
from pathlib import Path
from scripts import ipfs
ipfs.FOLDER = Path(sys.argv[1])
sys.exit(ipfs.serve(0))
"""
STAND_IN = '#!/bin/sh\necho "stand-in"\n'
GO = f"""\
#!/bin/sh
echo "$@ CGO_ENABLED=$CGO_ENABLED" > "$(dirname "$0")/asked"
while [ "$1" != -o ]; do shift; done
printf '%s' '{STAND_IN}' > "$2"
chmod +x "$2"
"""
NPM = f"""\
#!/bin/sh
echo "$@" > "$(dirname "$0")/asked"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/kubo/kubo"
printf '%s' '{STAND_IN}' > "$2/node_modules/kubo/kubo/ipfs"
chmod +x "$2/node_modules/kubo/kubo/ipfs"
"""


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Go, npm and Kubo, whose PATH begins with the folder `bin`."""
    for name in ("ROOT", "TOOLS"):
        monkeypatch.setattr(steps, name, tmp_path)
        monkeypatch.setattr(tools, name, tmp_path)
    monkeypatch.setattr(steps, "LOG", tmp_path / "setup.log")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "programs").mkdir()
    for name in ("dirname", "mkdir", "chmod", "cat"):
        found = next(Path(folder) / name for folder in ("/usr/bin", "/bin"))
        (tmp_path / "programs" / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    return tmp_path


def put_program(folder: Path, name: str, text: str) -> None:
    path = folder / "programs" / name
    path.write_text(text)
    path.chmod(0o755)


def test_the_pinned_version_is_the_one_that_runs() -> None:
    require_kubo()
    if not tools.kubo_path().exists():
        pytest.skip("another Kubo than set-up's is installed here")
    command = [*tools.ipfs_command(), "version", "--number"]
    asked = subprocess.run(command, capture_output=True, text=True, check=True)
    assert asked.stdout.strip() == tools.kubo_version()


def test_go_builds_the_pinned_module_without_a_c_compiler(bare: Path) -> None:
    put_program(bare, "go", GO)
    built = build.ensure_kubo()
    assert built == tools.kubo_path()
    assert built.read_text() == STAND_IN
    assert (bare / "bin" / "ipfs").resolve() == built
    asked = (bare / "programs" / "asked").read_text()
    assert "-mod=readonly" in asked
    assert build.COMMAND in asked
    assert "CGO_ENABLED=0" in asked


def test_npms_package_takes_its_place_without_go(bare: Path) -> None:
    put_program(bare, "npm", NPM)
    assert build.ensure_kubo().read_text() == STAND_IN
    assert f"kubo@{tools.kubo_version()}" in (bare / "programs" / "asked").read_text()


def test_what_was_built_is_not_built_again(bare: Path) -> None:
    put_program(bare, "go", GO)
    build.ensure_kubo()
    (bare / "programs" / "asked").unlink()
    (bare / "bin" / "ipfs").unlink()
    build.ensure_kubo()
    assert (bare / "bin" / "ipfs").exists()
    assert not (bare / "programs" / "asked").exists()


def test_a_build_that_fails_leaves_nothing(bare: Path) -> None:
    put_program(bare, "go", GO + "echo 'lookup: no such host'; exit 1\n")
    with pytest.raises(steps.SetupFailed, match="No network: Kubo cannot be reached"):
        build.ensure_kubo()
    assert list(tools.kubo_path().parent.iterdir()) == []


def test_neither_go_nor_npm_is_told(bare: Path) -> None:
    with pytest.raises(steps.SetupFailed, match="needs Go or npm"):
        build.ensure_kubo()


def test_make_ipfs_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    require_kubo()
    command = [sys.executable, "-c", SERVE, str(tmp_path / "ipfs")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        setting = process.stdout.readline().split()[3]
        name, _, url = setting.partition("=")
        assert name == "CHARTKEY_IPFS"
        assert KuboBodies(url).put([b"served"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=300) == 0


@pytest.mark.parametrize("words", [["port"], ["1", "2"]], ids=str)
def test_words_that_name_no_port_are_refused(words: list[str]) -> None:
    assert ipfs.main(words) == 2
