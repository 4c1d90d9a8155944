"""Logs tell operators what happens, and nobody anything about a person."""

from __future__ import annotations

import ast
import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from app import logs
from app.adapters.custodian_client import HttpCustodian
from app.config import ROOT, Settings
from app.core.encoding import hex0x
from app.core.errors import AccessRefused, ChartkeyError
from app.core.signatures import signed_json
from app.together import Together, running
from tests.chain_fixtures import Place

NAME, CATEGORY, DISEASE = "Ottilie Zwetschkenbaum", "sexual-health", "Chlamydiosis"
NOTE = json.dumps(
    {"resourceType": "Condition", "code": {"text": DISEASE}, "subject": {"display": NAME}}
).encode()


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that this process logs, down to the least of it."""
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    before = root.handlers[:], root.level, ours.level
    stream = io.StringIO()
    logs.begin("test", "debug", stream)
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def lines(logged: io.StringIO) -> list[dict[str, object]]:
    """The lines, read."""
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def test_a_whole_story_leaves_nothing_about_a_person_in_the_logs(
    place: Place, logged: io.StringIO
) -> None:
    settings = Settings.from_environment({"CHARTKEY_DATA": str(place.folder)})
    settings = replace(settings, bind=("127.0.0.1", 0), batch_seconds=0)
    with running(place, settings) as services:
        place.node.custodians = [HttpCustodian(url) for url in services.custodians]
        place.node.relayer = None  # the service does it
        secrets = list(tell_a_story(place, services))
    assert not services.crew.is_broken
    told = logged.getvalue().lower()
    assert {line["event"] for line in lines(logged)} >= {"brought to the chain"}
    for secret in secrets:
        assert len(secret) > 6
        assert secret.lower().removeprefix("0x") not in told


def tell_a_story(place: Place, services: Together) -> Iterator[str]:
    """Enrol, write, grant, open, refuse, revoke and fail in every way; what no log may hold."""
    patient, doctor = place.person(patient=True).enrol(), place.person().enrol()
    services.settle()
    place.credential(doctor)
    file = patient.write(NOTE, category=CATEGORY)
    given = patient.grant(doctor.address, category=CATEGORY)
    services.settle()
    (held,) = doctor.grants_held(patient.address)
    assert doctor.open(file, held) == NOTE
    patient.revoke(given)
    services.settle()
    with pytest.raises(AccessRefused):
        doctor.open(file, held)
    document = signed_json(given.signed, place.chain.domains)
    forged = document | {"signature": hex0x(bytes(64) + b"\x1b")}
    for wrong in (forged, {"chartkey": NAME}, {"name": NAME}):
        answer = requests.post(
            f"{services.url}/api/statements", json={"statement": wrong}, timeout=300
        )
        assert answer.status_code >= 400
    for path in (patient.address, hex0x(file.digest), NAME):
        requests.get(f"{services.url}/api/proofs/{path}?name={NAME}", timeout=300)
    with pytest.raises(ChartkeyError):
        patient.erase(replace(file, digest=bytes(32)))
    patient.erase(file)
    services.settle()
    yield from (patient.address, doctor.address, NAME, CATEGORY, DISEASE, file.address)
    yield from (hex0x(file.digest), hex0x(given.digest), document["signature"])
    yield (place.folder / "node.key").read_text().strip()
    yield hex0x(patient.vault.identity.public.raw)[:40]


def test_only_fields_of_the_list_leave_and_only_as_numbers_and_words(logged: io.StringIO) -> None:
    address = "0x" + "ab" * 20
    logging.getLogger("chartkey.test").info(
        "happens",
        extra={"count": 3, "error": "StoreFull", "patient": NAME, "block": address, "program": address},
    )  # fmt: skip
    (line,) = lines(logged)
    assert line["event"] == "happens"
    assert (line["count"], line["error"], line["service"]) == (3, "StoreFull", "test")
    assert line.keys() == {"time", "level", "service", "event", "count", "error"}


def test_other_libraries_may_say_that_something_happened_and_not_what(
    logged: io.StringIO,
) -> None:
    other = logging.getLogger("urllib3.connectionpool")
    other.debug("GET /%s", NAME)
    other.warning("Retrying %s", NAME)
    try:
        raise ValueError(NAME)
    except ValueError:
        other.exception("failed for %s", NAME)
    first, second = lines(logged)
    assert first["program"] == second["program"] == "urllib3"
    assert (first["level"], second["error"]) == ("warning", "ValueError")
    assert NAME not in logged.getvalue()


def test_what_is_filled_into_a_message_of_ours_does_not_leave(logged: io.StringIO) -> None:
    logging.getLogger("chartkey.test").warning("%s could not be had", NAME)
    (line,) = lines(logged)
    assert line["event"] == "%s could not be had"


def log_calls() -> list[tuple[str, ast.Call]]:
    """Every call of a logger in the app, with the file that it is in."""
    levels = {"debug", "info", "warning", "error", "exception", "critical", "log"}
    found = []
    for file in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in levels
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id.lower() in ("log", "logger", "logging")
            ):
                found.append((str(file.relative_to(ROOT)), node))
    return found


def test_every_message_of_ours_is_made_of_fixed_words() -> None:
    calls = log_calls()
    assert len(calls) > 5
    for file, call in calls:
        first = call.args[0]
        assert isinstance(first, ast.Constant), f"{file}: {ast.unparse(call)}"
        assert isinstance(first.value, str)


def test_nobody_prints_from_a_service() -> None:
    services = [Path("app/services"), Path("app/web"), Path("app/adapters"), Path("app/core")]
    for folder in services:
        for file in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            names = {
                node.func.id
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            }
            assert "print" not in names, file
