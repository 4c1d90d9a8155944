"""The catalogue has every reason of an error, and refuses one that code puts together."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import texts
from scripts.texts import PutTogether, kinds, program_reasons, scripts_texts

ERRORS = (
    'export const Torn = kind("Torn", ChartkeyError, {\n  sentence: "It is torn: {reason}.",\n});\n'
)


@pytest.fixture(autouse=True)
def _esbuild() -> None:
    if not texts.ESBUILD.exists():
        pytest.skip("esbuild is missing: make setup installs it")


def found_in(folder: Path, script: str) -> set[object]:
    """The texts of one script beside one kind of error."""
    (folder / "errors.js").write_text(ERRORS, encoding="utf-8")
    (folder / "paper.js").write_text(script, encoding="utf-8")
    return {text for _, text in scripts_texts(folder)}


@pytest.mark.parametrize(
    "reason",
    [
        '"it has {count} holes"',
        "`it has {count} holes`",
        '\n  "it has {count} " +\n    "holes",\n  { count }',
        "'it has {count} holes', { count }",
    ],
)
def test_a_reason_is_gathered_however_it_is_laid_out(tmp_path: Path, reason: str) -> None:
    found = found_in(tmp_path, f"throw new Torn({reason});")
    assert found == {"It is torn: {reason}.", "it has {count} holes"}


@pytest.mark.parametrize("reason", ["", '""', '"", { count }', '"{told}", { told }'])
def test_where_no_reason_is_given_none_is_gathered(tmp_path: Path, reason: str) -> None:
    assert found_in(tmp_path, f"throw new Torn({reason});") == {"It is torn: {reason}."}


@pytest.mark.parametrize(
    "reason",
    [
        "`it has ${count} holes`",
        '"it has " + count',
        'isOld ? "it is old" : "it is new"',
        'why ?? "it is old"',
        "why",
        "`it has ${count} holes`, { count }",
    ],
)
def test_a_reason_that_a_script_puts_together_is_refused(tmp_path: Path, reason: str) -> None:
    with pytest.raises(PutTogether, match=r"paper\.js: new Torn"):
        found_in(tmp_path, f"throw new Torn({reason});")


def python_reasons(folder: Path, part: str, line: str) -> list[object]:
    (folder / part).mkdir()
    (folder / part / "paper.py").write_text(line, encoding="utf-8")
    return [text for _, text in program_reasons({"Torn"}, folder)]


def test_a_reason_of_the_node_is_gathered(tmp_path: Path) -> None:
    line = 'raise errors.Torn("it has {count} " "holes", count=1)\nTorn(count=1)\nOther("no")'
    assert python_reasons(tmp_path, "core", line) == ["it has {count} holes"]


@pytest.mark.parametrize(
    "reason", ['f"it has {count} holes"', '"it has " + count', '"it" if is_old else "that"']
)
def test_a_reason_that_the_node_puts_together_is_refused_but_for_operators(
    tmp_path: Path, reason: str
) -> None:
    assert python_reasons(tmp_path, "adapters", f"raise Torn({reason})") == []
    with pytest.raises(PutTogether, match=r"core/paper\.py: Torn"):
        python_reasons(tmp_path, "core", f"raise Torn({reason})")


def test_the_check_tells_of_a_reason_that_is_put_together(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def put_together() -> bytes:
        raise PutTogether("paper.js")

    monkeypatch.setattr(texts, "catalogue", put_together)
    assert texts.run(["--check"]) == 1
    assert "paper.js" in capsys.readouterr().out


def test_the_catalogue_is_not_behind() -> None:
    assert len(kinds()) > 60
    assert texts.run(["--check"]) == 0
