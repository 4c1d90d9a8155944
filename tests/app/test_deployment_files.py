"""The files that deploy services name only what exists, and let in nobody from outside."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from eth_account import Account

from app.adapters import deployment as deployments
from app.adapters.rpc import Rpc
from app.adapters.wallets import read_key
from app.commands import COMMANDS
from app.config import SETTINGS, Settings
from scripts import trial
from tests.chain_fixtures import Place
from tests.service_processes import ROOT

DEPLOY = ROOT / "deploy"
UNIT = DEPLOY / "chartkey@.service"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, one in SERVICES.items() if one.get("image") == "chartkey:node"]
OTHERS = {"chain", "prepare", "postgres", "ipfs-1", "ipfs-2"}
STARTED = re.compile(r'service\(\s*[^"]*"(\w+)"')
"""How tests start a service in a process of its own."""


def commands_that_tests_run() -> set[str]:
    """The commands that tests/app/test_services.py starts as an operator does."""
    return set(STARTED.findall((ROOT / "tests/app/test_services.py").read_text()))


def test_the_trial_has_the_services_that_it_promises() -> None:
    assert set(SERVICES) - set(OURS) == OTHERS
    assert len([name for name in OURS if SERVICES[name]["command"] == ["custodian"]]) == 3
    assert len([name for name in OURS if SERVICES[name]["command"] == ["web"]]) == 2


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_the_trial_runs_a_command_that_exists_and_that_tests_run(name: str) -> None:
    command, *options = SERVICES[name]["command"]
    assert command in COMMANDS
    assert options == []
    assert command in commands_that_tests_run()


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_the_trial_is_told_settings_that_can_be_used(name: str) -> None:
    told = {key: str(value) for key, value in SERVICES[name]["environment"].items()}
    assert set(told) <= {setting.name for setting in SETTINGS}
    settings = Settings.from_environment(told)
    hosts = {re.split("[:/]", url.split("//")[1])[0] for url in (*settings.rpc, *settings.ipfs)}
    hosts |= {url.split("//")[1].split(":")[0] for url in (*settings.custodians, *settings.nodes)}
    assert hosts <= set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_of_the_trial_waits_for_can_be_seen(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[needed]
        else:
            assert SERVICES[needed]["restart"] == "no"


@pytest.mark.parametrize("name", [n for n in OURS if "ports" in SERVICES[n]])
def test_the_health_of_a_web_service_is_asked_of_a_route_that_there_is(
    name: str, place: Place
) -> None:
    from app.applications import custodian_app, web_app
    from app.together import parts_of_place

    settings = Settings.from_environment({"CHARTKEY_DATA": str(place.folder)})
    parts = parts_of_place(place, settings)
    is_web = SERVICES[name]["command"] == ["web"]
    app = web_app(parts) if is_web else custodian_app(settings, place.custodians[0])
    asked = SERVICES[name]["healthcheck"]["test"][-1]
    (route,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", asked)
    assert route in {rule.rule for rule in app.url_map.iter_rules()}
    assert SERVICES[name]["environment"]["CHARTKEY_BIND"] == "0.0.0.0:8000"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_the_trial_can_be_reached_from_other_machines(name: str) -> None:
    assert "network_mode" not in SERVICES[name]
    for port in SERVICES[name].get("ports", []):
        assert str(port).startswith("127.0.0.1:")


@pytest.mark.parametrize("name", OURS)
def test_a_service_of_the_trial_has_no_rights_that_it_does_not_need(name: str) -> None:
    one = SERVICES[name]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert "privileged" not in one


def test_the_trial_is_prepared_with_keys_funds_and_contracts(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTKEY_DATA", str(tmp_path))
    monkeypatch.setenv("CHARTKEY_RPC", place.chain_process.url)
    assert SERVICES["prepare"]["command"][0] == "prepare"
    assert trial.run(SERVICES["prepare"]["command"]) == 0
    deployments.load(tmp_path / "deployment.json")
    for name in SERVICES["prepare"]["command"][1:]:
        key = read_key(tmp_path / name / "relayer.key")
        payer = Account.from_key(key).address
        balance = Rpc(place.chain_process.url).call("eth_getBalance", payer, "latest")
        assert int(balance, 16) == trial.FUNDS
    folders = {str(SERVICES[name]["environment"]["CHARTKEY_DATA"]) for name in OURS}
    prepared = SERVICES["prepare"]["command"][1:]
    assert folders == {f"/var/lib/chartkey/{name}" for name in prepared}


# --- the image ---


def instructions() -> list[tuple[str, str]]:
    """(word, rest) of each instruction of the Dockerfile, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in lines]


def test_every_stage_that_runs_something_runs_it_as_nobody_special() -> None:
    stages: dict[str, list[tuple[str, str]]] = {}
    for word, rest in instructions():
        if word == "FROM":
            name = rest.split()[-1]
            stages[name] = []
        stages[name].append((word, rest))
    for name in ("node", "trial"):
        assert [rest for word, rest in stages[name] if word == "USER"][-1] == "chartkey"
        assert any(word == "ENTRYPOINT" for word, _ in stages[name])
    assert {one["build"]["target"] for one in SERVICES.values() if "build" in one} <= set(stages)


def test_the_image_copies_what_exists_and_is_not_kept_out() -> None:
    kept_out = {
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    }
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists()
                assert source not in kept_out
    assert {".git", ".venv", "var", "**/*.key"} <= kept_out


def test_the_image_starts_as_the_tests_start_services() -> None:
    (entry,) = [rest for word, rest in instructions() if word == "ENTRYPOINT" and "app" in rest]
    assert yaml.safe_load(entry) == ["python", "-m", "app"]


# --- systemd ---


def unit(section: str) -> dict[str, str]:
    """The last value of each setting in a section of the unit."""
    found: dict[str, str] = {}
    current = ""
    for line in UNIT.read_text().splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif "=" in line and not line.startswith("#") and current == section:
            name, _, value = line.partition("=")
            found[name] = value
    return found


def test_the_unit_runs_a_service_by_its_name_and_ends_it_with_patience() -> None:
    service = unit("Service")
    assert shlex.split(service["ExecStart"])[1:] == ["-m", "app", "%i"]
    assert (service["KillMode"], service["Restart"]) == ("mixed", "on-failure")
    assert int(service["TimeoutStopSec"]) >= 60
    assert service["User"] == "chartkey"
    comment = UNIT.read_text().splitlines()[0]
    assert set(re.findall(r"chartkey@(\w+)", comment)) <= set(COMMANDS)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_no_fault_with_the_unit(tmp_path: Path) -> None:
    here = UNIT.read_text().replace("/opt/chartkey/.venv/bin/python", sys.executable)
    (tmp_path / UNIT.name).write_text(here.replace("/opt/chartkey", str(tmp_path)))
    for name in ("web", "custodian"):
        instance = tmp_path / f"chartkey@{name}.service"
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(instance)],
            capture_output=True,
            text=True,
            check=False,
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
        )
        ours = [line for line in done.stderr.splitlines() if "chartkey" in line]
        assert (done.returncode, ours) == (0, [])
