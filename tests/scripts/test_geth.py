"""geth is built once, whole or not at all, as go.mod pins it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from app.adapters import tools
from app.core.errors import CannotStart
from scripts import steps
from scripts.geth import build

STAND_IN = '#!/bin/sh\necho "stand-in"\n'
GO = f"""\
#!/bin/sh
echo "$@ CGO_ENABLED=$CGO_ENABLED" > "$(dirname "$0")/asked"
while [ "$1" != -o ]; do shift; done
printf '%s' '{STAND_IN}' > "$2"
chmod +x "$2"
"""
OTHER_GETH = '#!/bin/sh\necho "Version: {version}-stable"\n'


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without Go and geth, whose PATH is the folder `programs`."""
    for name in ("ROOT", "TOOLS"):
        monkeypatch.setattr(steps, name, tmp_path)
        monkeypatch.setattr(tools, name, tmp_path)
    monkeypatch.setattr(steps, "LOG", tmp_path / "setup.log")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "programs").mkdir()
    for name in ("dirname", "chmod"):
        (tmp_path / "programs" / name).symlink_to(str(shutil.which(name)))
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    return tmp_path


def put_program(folder: Path, name: str, text: str) -> None:
    path = folder / "programs" / name
    path.write_text(text)
    path.chmod(0o755)


def test_go_builds_the_pinned_module_without_a_c_compiler(bare: Path) -> None:
    put_program(bare, "go", GO)
    assert build.ensure_geth() == build.geth_path()
    assert build.geth_command() == [str(build.geth_path())]
    asked = (bare / "programs" / "asked").read_text()
    assert "CGO_ENABLED=0" in asked
    assert "-mod=readonly" in asked
    # built once
    (bare / "programs" / "asked").unlink()
    build.ensure_geth()
    assert not (bare / "programs" / "asked").exists()


def test_a_build_that_fails_leaves_nothing(bare: Path) -> None:
    put_program(bare, "go", "#!/bin/sh\nexit 1\n")
    with pytest.raises(steps.SetupFailed):
        build.ensure_geth()
    assert list(build.geth_path().parent.iterdir()) == []
    with pytest.raises(CannotStart, match="is not installed"):
        build.geth_command()


def test_without_go_it_is_told_what_to_do(bare: Path) -> None:
    with pytest.raises(steps.SetupFailed, match="install Go"):
        build.ensure_geth()


def test_a_geth_on_path_serves_if_it_is_the_same_version(bare: Path) -> None:
    put_program(bare, "geth", OTHER_GETH.format(version=build.geth_version()))
    assert build.geth_command() == [str(bare / "programs" / "geth")]
    put_program(bare, "geth", OTHER_GETH.format(version="1.16.1"))
    with pytest.raises(CannotStart):
        build.geth_command()


def test_the_pinned_version_is_the_one_that_runs() -> None:
    if not build.geth_path().exists():
        pytest.skip("geth is not installed here: python3 -m scripts.geth.build builds it")
    asked = subprocess.run(
        [*build.geth_command(), "version"], capture_output=True, text=True, check=True
    )
    assert f"Version: {build.geth_version()}-stable" in asked.stdout
