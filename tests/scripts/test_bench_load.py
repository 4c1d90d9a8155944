"""Tests of the load measurement: a tiny run through every part, its picture, and how it is stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import rmtree
from xml.etree import ElementTree

import pytest

from app.adapters import tools
from scripts import bench_load
from scripts.bench_table import Row, table
from scripts.load.cores import Cores
from scripts.load.drawing import Bar, Curve, Growth, draw
from scripts.load.picture import GROUPS
from scripts.load.sizes import Sizes
from tests.daemons import folder_in_memory
from tests.service_processes import PATIENCE, until

TINY = 0.0005
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("picture") / "load.svg"


@pytest.fixture(scope="module")
def figures(picture_file: Path) -> Iterator[Mapping[str, float]]:
    """One run with very few of everything, on SQLite and a folder, through all the real services."""
    folder = folder_in_memory("load")
    try:
        yield bench_load.run(TINY, within=folder, to=picture_file, optional=False)
        assert list(folder.iterdir()) == []
    finally:
        rmtree(folder)


def test_a_tiny_run_gives_every_figure_and_loses_nothing(figures: Mapping[str, float]) -> None:
    missing = {row.key for row in bench_load.ROWS} - figures.keys()
    optional = {row.key for row in bench_load.ROWS if row.optional}
    assert missing | {"stolen_percent"} == optional
    assert figures["lost"] == 0
    assert all(figures[key] > 0 for key in figures.keys() - {"lost", "stolen_percent"})


def test_the_picture_of_a_run_is_well_formed_and_shows_its_figures(
    figures: Mapping[str, float], picture_file: Path
) -> None:
    root = ElementTree.parse(picture_file).getroot()
    words = " ".join(text.text or "" for text in root.iter(f"{SVG}text"))
    assert root.tag == f"{SVG}svg"
    assert "(≥ 1,500)" in words
    assert len(list(root.iter(f"{SVG}polyline"))) == 2
    bars = [rect for rect in root.iter(f"{SVG}rect") if rect.get("class") == "bar"]
    drawn = {key for _, bars in GROUPS for key, *_ in bars}
    assert len(bars) == len(drawn & figures.keys())


def test_the_table_says_what_was_not_installed(figures: Mapping[str, float]) -> None:
    known = {key: figures[key] for key in figures if not key.endswith("_kubo")}
    shown = table(bench_load.ROWS, known)
    assert "not measured" in shown
    assert shown.count("\n") == len(bench_load.ROWS)


def test_a_row_that_had_to_be_measured_is_missed_without_a_figure() -> None:
    wanted = Row(key="a", title="a", target=1)
    assert not wanted.is_met(None)
    assert Row(key="a", title="a", target=1, optional=True).is_met(None)


def test_ctrl_c_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    folder, picture = tmp_path / "folder", tmp_path / "load.svg"
    options = ["--share", str(TINY), "--folder", str(folder), "--picture", str(picture)]
    run = subprocess.Popen(
        [sys.executable, "-m", "scripts.bench", "load", *options],
        cwd=tools.ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},  # by which its processes are found again
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: run.poll() or list(folder.glob("*/folder/relay-*.log")), "the relay")
        assert len(started_under(tmp_path)) > 2
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=PATIENCE) == 130
    finally:
        run.kill()
        run.wait()
    until(lambda: not started_under(tmp_path), "the end of what was killed")
    assert list(folder.iterdir()) == []
    assert not picture.exists()


def started_under(folder: Path) -> list[int]:
    """The processes whose environment names the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
        except OSError:  # it has ended, or is somebody else's
            continue
        if str(folder).encode() in environment:
            found.append(int(process.name))
    return found


def test_stolen_time_is_the_share_since_then(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    stat.write_text("cpu  100 0 50 800 10 5 5 30 7 0\ncpu0 1 2\n", encoding="ascii")
    before = Cores.now(stat)
    stat.write_text("cpu  140 0 60 830 10 5 5 50 9 0\ncpu0 1 2\n", encoding="ascii")
    after = Cores.now(stat)
    assert before is not None
    assert after is not None
    assert after.stolen_since(before) == 20.0
    assert after.stolen_since(after) == 0.0


@pytest.mark.parametrize("text", ["", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8 9\n"])
def test_a_system_that_does_not_tell_of_stolen_time_gives_no_figure(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "stat").write_text(text, encoding="ascii")
    assert Cores.now(tmp_path / "stat") is None
    assert Cores.now(tmp_path / "nothing") is None


def test_bars_of_one_unit_share_a_scale() -> None:
    bars = [Bar(title="a", value=100, unit="x"), Bar(title="b", value=50, unit="x")]
    root = ElementTree.fromstring(draw("t", "", [("g", bars)], []))
    first, second = (
        float(rect.attrib["width"])
        for rect in root.iter(f"{SVG}rect")
        if rect.get("class") == "bar"
    )
    assert first == pytest.approx(2 * second, abs=0.2)


def test_words_cannot_break_the_picture() -> None:
    words = 'a < b & "c"'
    growth = Growth(
        title=words, across=words, unit=words, curves=[Curve(title=words, points=[(1, 0.1)])]
    )
    bars = [Bar(title=words, value=0, unit=words, target=1)]
    root = ElementTree.fromstring(draw(words, words, [(words, bars)], [growth]))
    assert [text.text for text in root.iter(f"{SVG}text")].count(words) >= 4
    assert root.get("aria-label") == words


@pytest.mark.parametrize("share", [0.0001, 0.01, 0.5, 1.0])
def test_the_index_grows_from_step_to_step_at_any_share(share: float) -> None:
    growth = Sizes.at(share).growth
    assert len(growth) == len(Sizes().growth)
    assert list(growth) == sorted(set(growth))
