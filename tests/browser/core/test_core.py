"""The browser's core in Node: what its own tests beside this file say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.core.javascript import missing, node_command

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_core_passes_its_own_tests(path: Path) -> None:
    node = node_command()
    if missing() or node is None:
        pytest.skip(str(missing()))
    run = subprocess.run(
        [*node, "--test", "--test-reporter=tap", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n# pass 0" not in run.stdout


def test_there_are_tests() -> None:
    assert {path.name for path in TESTS} == {
        "letters.test.mjs",
        "streams.test.mjs",
        "xwing.test.mjs",
    }
