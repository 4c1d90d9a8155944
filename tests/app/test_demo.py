"""The demo tells its story to the end, on any chart, and notices when something comes out wrong."""

from __future__ import annotations

import argparse
import io
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from app import embedded
from app.__main__ import main
from app.adapters import tools
from app.core.errors import GrantRevoked, NotStored
from app.core.vault import Vault
from app.demo.acts import ACTS
from app.demo.run import services_of
from app.demo.story import Story, StoryBroken
from app.services.custodian import LocalCustodian

SYNTHEA = tools.ROOT.parent / "shared" / "data" / "synthea_r4"
CHARTS = sorted(path for path in SYNTHEA.glob("*.json") if "Information" not in path.name)
SOME = CHARTS if os.environ.get("CHARTKEY_ALL_CHARTS") else CHARTS[:1]
"""CHARTKEY_ALL_CHARTS=1 takes them all: each takes some seconds."""


def told(captured: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(captured)
    return document


def demo(folder: Path, *words: str) -> int:
    return main(["demo", "--anvil", "--json", "--data", str(folder), *words])


def test_the_story_comes_out_as_told_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "app", "demo", "--anvil", "--json", "--data", str(tmp_path)]
    ended = subprocess.run(command, cwd=tools.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    story = told(ended.stdout)
    assert story["ok"] is True
    assert [step["step"] for step in story["steps"] if not step["ok"]] == []
    assert len(story["steps"]) >= 30
    assert (story["custodians"], story["threshold"]) == (3, 2)
    assert any(step["gas"] > 0 for step in story["steps"])
    assert sum(len(step["digests"]) for step in story["steps"]) > story["records"]

    # told again in the same folder, for people, up to the first opening
    monkeypatch.setattr("app.demo.run.ACTS", ACTS[:2])
    assert main(["demo", "--anvil", "--data", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "✗" not in said
    assert "steps came out as told" in said
    for name in ("record", "grant"):
        statement = json.loads((tmp_path / "anvil" / "statements" / f"{name}.json").read_text())
        assert statement["root"].startswith("0x")


def test_where_somebody_listens_already_the_pages_have_another_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as other,
        embedded.start(tmp_path, custodians=1, threshold=1, anvil=True) as place,
    ):
        taken = other.getsockname()[1]
        monkeypatch.setattr("app.demo.run.PORT", taken)
        relayer = place.node.relayer
        assert relayer is not None
        before = (relayer.plan, relayer.seen)
        with services_of(place) as services:
            assert not services.url.endswith(f":{taken}")
            assert requests.get(f"{services.url}/healthz", timeout=300).ok
        assert (relayer.plan, relayer.seen) == before


def test_the_story_comes_out_with_one_custodian(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [act for act in ACTS if act.__name__ not in ("change_keys", "correct_and_erase")]
    monkeypatch.setattr("app.demo.run.ACTS", acts)
    assert demo(tmp_path, "--custodians", "1", "--threshold", "1") == 0
    story = told(capsys.readouterr().out)
    assert (story["custodians"], story["threshold"]) == (1, 1)


@pytest.mark.skipif(not CHARTS, reason="Synthea's bundles are not beside this project")
@pytest.mark.parametrize("bundle", SOME, ids=lambda path: path.name.split("_")[0])
def test_the_story_comes_out_on_charts_that_others_wrote_with_five_custodians(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], bundle: Path
) -> None:
    assert demo(tmp_path, "--bundle", str(bundle), "--custodians", "5", "--threshold", "3") == 0
    story = told(capsys.readouterr().out)
    assert story["entries"] > 50
    assert (story["custodians"], story["threshold"]) == (5, 3)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("text.json", b"this is no JSON"),
        ("empty.json", b""),
        ("list.json", b"[]"),
        ("patient.json", b'{"resourceType":"Patient"}'),
        ("r3.json", b'{"resourceType":"Bundle","type":"collection","entry":[]}'),
        ("binary.json", bytes(range(256))),
        ("deep.json", b"[" * 100_000),
    ],
    ids=["text", "empty", "list", "patient", "r3", "binary", "deep"],
)
def test_what_is_no_fhir_bundle_is_refused_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    assert demo(tmp_path / "data", "--bundle", str(tmp_path / name)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert len(captured.err.strip().splitlines()) == 2  # the fault; what is unharmed and what to do
    assert not (tmp_path / "data").exists()


def test_a_bundle_with_one_id_twice_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    entry = {"resource": {"resourceType": "Patient", "id": "same"}}
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [entry, entry]}
    (tmp_path / "twice.json").write_text(json.dumps(bundle))
    assert demo(tmp_path / "data", "--bundle", str(tmp_path / "twice.json")) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_bundle_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(tmp_path, "--bundle", str(tmp_path / "missing.json")) == 2
    assert "missing.json" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [("--custodians", "0"), ("--threshold", "4"), ("--threshold", "0")]
)
def test_custodians_that_cannot_be_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert demo(tmp_path, *words) == 2
    assert "threshold" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert demo(tmp_path / "file" / "data") == 2
    assert "Traceback" not in capsys.readouterr().err


# --- a check that can fail ---


def test_a_custodian_that_hears_nothing_spoils_the_story(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [act for act in ACTS if act.__name__ in ("import_chart", "share", "take_back")]
    monkeypatch.setattr("app.demo.run.ACTS", acts)
    monkeypatch.setattr(LocalCustodian, "hear", lambda self, revocation: None)
    assert demo(tmp_path) == 1
    story = told(capsys.readouterr().out)
    assert story["ok"] is False
    (wrong,) = [step for step in story["steps"] if not step["ok"]]
    assert "refused at once" in wrong["step"]
    assert "NOT refused" in wrong["outcome"]


def test_a_phrase_that_restores_another_vault_spoils_the_story(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    acts = [act for act in ACTS if act.__name__ in ("import_chart", "share", "change_keys")]
    monkeypatch.setattr("app.demo.run.ACTS", acts)
    monkeypatch.setattr("app.client.identity.vault_from_phrase", lambda _: Vault(bytes(32)))
    assert demo(tmp_path) == 1
    story = told(capsys.readouterr().out)
    assert any("restored" in step["step"] and not step["ok"] for step in story["steps"])


def test_a_step_that_should_be_refused_and_is_not_fails() -> None:
    story = Story(out=io.StringIO())
    story.refused("Nothing refuses this", [GrantRevoked], lambda: None)
    assert not story.ok
    assert "NOT refused" in story.steps[0].outcome


def test_a_refusal_for_another_reason_fails() -> None:
    def attempt() -> None:
        raise NotStored(address="it")

    story = Story(out=io.StringIO())
    with pytest.raises(StoryBroken):
        story.refused("Refused, but for another reason", [GrantRevoked], attempt)
    assert not story.ok
    assert story.steps[0].outcome.startswith("NotStored")


def test_a_step_that_breaks_for_a_fault_of_ours_is_not_hidden() -> None:
    story = Story(out=io.StringIO())
    with pytest.raises(ZeroDivisionError), story.step("Divide"):
        raise ZeroDivisionError


def test_the_options_are_those_of_the_readme() -> None:
    from app.demo.run import add_arguments

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = parser.parse_args(
        ["--bundle", "b.json", "--custodians", "5", "--threshold", "3", "--json"]
    )
    assert (options.bundle, options.custodians, options.threshold) == (Path("b.json"), 5, 3)
