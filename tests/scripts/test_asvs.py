"""The table of security requirements fits the tests that say they hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import asvs

TABLE = """
| id | held by |
|---|---|
| 1.1.1 | open: nobody has looked |
| 1.1.2 | `old::test` |
| 1.1.3 | does not apply, because there is none |
| 1.1.4 | see docs/operations.md |
| 1.1.5 | `gone::test` |
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tests with markers."""
    tests = tmp_path / "tests" / "web"
    tests.mkdir(parents=True)
    (tests / "test_x.py").write_text(
        'import pytest\n\n\n@pytest.mark.asvs("1.1.2", "9.9.9")\n@pytest.mark.slow\ndef test_a():\n'
        '    pass\n\n\n@pytest.mark.asvs("1.1.2")\ndef test_b():\n    pass\n'
    )
    return tests.parent


def test_tests_say_what_they_hold(folder: Path) -> None:
    first, second = "tests/web/test_x.py::test_a", "tests/web/test_x.py::test_b"
    assert asvs.marked(folder) == {"1.1.2": [first, second], "9.9.9": [first]}
    (folder / "test_y.py").write_text('@pytest.mark.asvs("1.1")\ndef test_c():\n    pass\n')
    with pytest.raises(ValueError, match="no requirement"):
        asvs.marked(folder)


def test_what_is_held_is_counted_and_what_is_open_is_named(folder: Path) -> None:
    found = asvs.counted(asvs.rows(TABLE), asvs.marked(folder))
    assert found.tested == ["1.1.2"]
    assert found.documented == ["1.1.4"]
    assert found.apart == ["1.1.3"]
    assert found.open == ["1.1.1", "1.1.5"]
    assert list(found.lines)[2] == "    4 apply, of which 2 are held (50 %):"


def test_the_table_is_written_from_the_tests(folder: Path) -> None:
    tests = asvs.marked(folder)
    assert asvs.faults(TABLE, tests)
    text = asvs.written(TABLE, tests)
    assert "| 1.1.2 | `web/test_x.py::test_a`<br>`web/test_x.py::test_b` |" in text
    assert "| 1.1.5 | open: no test holds it |" in text
    assert "| 1.1.1 | open: nobody has looked |" in text
    assert asvs.faults(text, tests) == []
    assert asvs.written(text, tests) == text
    assert asvs.faults(text, tests | {"1.1.3": ["x"]})


def test_our_own_table_is_of_today_and_whole() -> None:
    text, tests = asvs.TABLE.read_text(encoding="utf-8"), asvs.marked()
    assert asvs.faults(text, tests) == []
    assert len(asvs.rows(text)) == 70  # the requirements of level 1
