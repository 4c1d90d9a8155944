"""The parts of the pages in Node: what their own tests beside this file say."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts.synthetic import bundle
from tests.core.javascript import missing, node_command

TESTS = sorted(Path(__file__).parent.glob("*.test.mjs"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_the_parts_pass_their_own_tests(path: Path, tmp_path: Path) -> None:
    node = node_command()
    if missing() or node is None:
        pytest.skip(str(missing()))
    chart = tmp_path / "chart.json"
    chart.write_text(bundle(), encoding="utf-8")
    run = subprocess.run(
        [*node, "--test", "--test-reporter=tap", str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "BUNDLE": str(chart), "TZ": "Europe/Berlin"},
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "\n# pass 0" not in run.stdout


def test_there_are_tests() -> None:
    assert {path.name for path in TESTS} == {
        "errors.test.mjs",
        "parts.test.mjs",
        "records.test.mjs",
        "router.test.mjs",
        "words.test.mjs",
    }
