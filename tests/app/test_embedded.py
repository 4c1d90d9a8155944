"""The embedded default: what it makes in its folder, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app import embedded
from app.core.errors import KeyFileExposed, UnfitThreshold
from app.core.records import Role
from tests.chain_fixtures import DAY

START = """
import sys
from pathlib import Path
from app import embedded
from app.core.errors import CannotStart
try:
    with embedded.start(Path(sys.argv[1]), anvil=True):
        print("started")
except CannotStart as refusal:
    print(refusal)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory):
    """A Chartkey that runs, on Anvil."""
    with embedded.start(tmp_path_factory.mktemp("running"), anvil=True) as place:
        yield place


def test_a_second_process_on_the_same_folder_is_refused_with_one_sentence(
    running: embedded.Embedded,
) -> None:
    command = [sys.executable, "-c", START, str(running.folder.parent)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert "Another Chartkey is running" in said
    assert said.count("\n") == 0
    assert running.chain.view().number > 0


def test_custodians_have_separate_keys(running: embedded.Embedded) -> None:
    assert len({custodian.id for custodian in running.custodians}) == 3
    assert running.threshold == 2


def test_a_credential_is_given_for_the_time_that_was_asked_for(running: embedded.Embedded) -> None:
    person, now = running.enrol(), running.clock()
    running.credential(person, Role.LABORATORY, seconds=DAY)
    view = running.chain.view()
    assert view.credential_role(person.address, view.time) == Role.LABORATORY
    assert not view.holds_credential(person.address, Role.LABORATORY, now + 2 * DAY)


@pytest.mark.parametrize(("custodians", "threshold"), [(3, 0), (3, 4), (0, 0), (33, 2), (-1, -1)])
def test_a_threshold_that_cannot_be_is_refused_before_anything_starts(
    tmp_path: Path, custodians: int, threshold: int
) -> None:
    with (
        pytest.raises(UnfitThreshold),
        embedded.start(tmp_path / "x", custodians=custodians, threshold=threshold, anvil=True),
    ):
        pytest.fail("it started")
    assert not (tmp_path / "x").exists()


def test_an_exposed_custodians_key_is_refused(tmp_path: Path) -> None:
    key = tmp_path / "custodian-1" / "key"
    key.parent.mkdir()
    key.write_text("0x" + "11" * 32)
    key.chmod(0o644)
    with pytest.raises(KeyFileExposed), embedded.start(tmp_path):
        pytest.fail("it started")
