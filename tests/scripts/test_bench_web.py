"""Tests of the pages' measurement: a small run in a real browser gives every figure, and none is passed over."""

from __future__ import annotations

import pytest

from scripts import bench, bench_web
from scripts.bench_table import table
from scripts.browser import find_chromium
from scripts.steps import SetupFailed

SMALL = bench_web.Sizes(bytes=9_000_000, records=3, profiles=1)


def test_a_small_run_gives_every_figure() -> None:
    try:
        find_chromium()
    except SetupFailed as missing:
        pytest.skip(str(missing))
    figures = bench_web.run(SMALL)
    assert list(figures) == [row.key for row in bench_web.ROWS]
    assert all(figure > 0 for key, figure in figures.items() if key != "longest_task_ms")
    assert table(bench_web.ROWS, figures).count("\n") == len(bench_web.ROWS)


def test_without_a_browser_the_part_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert bench.main(["web"]) == 0
    assert "Not measured: No Chromium was found" in capsys.readouterr().err
