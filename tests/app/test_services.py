"""Services in processes of their own do their work, and end in good order when they are told to."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from app.adapters.access_log import SqliteAccessLog
from app.adapters.custodian_client import HttpCustodian
from app.adapters.database import Database
from app.adapters.database.figures import Figures
from app.adapters.wallets import new_wallet, read_key, write_key
from app.client.person import Person
from app.core.encoding import ZERO32, from_hex, hex0x
from app.core.errors import StoppedByOperator
from app.core.keys import PrivateKey
from app.core.merkle import is_proven
from app.core.signatures import Proof, Signed, signed_json
from app.core.statements import AUDIT, Grant
from tests.chain_fixtures import HOUR, NOTE, Place
from tests.service_processes import PATIENCE, service, until


@pytest.fixture
def settings(place: Place, deployment_file: Path) -> dict[str, str]:
    """What a node's services are told, on the place's database and folder."""
    write_key(place.folder / "relayer.key", bytes(place.chain_process.accounts[3].key))
    return {
        "CHARTKEY_RPC": place.chain_process.url,
        "CHARTKEY_DEPLOYMENT": str(deployment_file),
        "CHARTKEY_BATCH_SECONDS": "0",
        "CHARTKEY_MOST_BLOCK_AGE": "0",
    }


def sign_grant(patient: Person) -> Signed[Grant]:
    """To let a new address view a category for an hour."""
    now = int(time.time())
    grant = Grant(
        patient=patient.address,
        viewer=new_wallet().address,
        category="laboratory",
        record=ZERO32,
        purpose="TREAT",
        rights=1,
        not_before=now,
        expires_at=now + HOUR,
        nonce=int.from_bytes(os.urandom(20)),
        salt=os.urandom(32),
    )
    return patient.sign(grant)


def anchored(place: Place, digest: bytes) -> Callable[[], bool]:
    """Whether a digest is in a block, as the database says."""
    return lambda: place.node.proof(digest) is not None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_relayer_anchors_what_was_accepted_and_stops_in_good_order(
    place: Place, settings: dict[str, str], number: int
) -> None:
    digest, later = os.urandom(32), os.urandom(32)
    place.node.accept_digest(digest, AUDIT, b"an envelope")
    with service(place.folder, "relay", settings=settings) as relay:
        until(anchored(place, digest), "the anchor")
        assert relay.stop(number) == 0
        place.node.accept_digest(later, AUDIT)
    assert place.node.proof(later) is None
    assert relay.lines()[-1]["event"] == "has stopped"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_web_service_takes_statements_that_a_relayer_anchors(
    place: Place,
    settings: dict[str, str],
    patient: Person,
    database: str,
    request: pytest.FixtureRequest,
) -> None:
    if database == "postgresql":
        settings = settings | {"DATABASE_URL": request.getfixturevalue("postgres_url")}
    grant = sign_grant(patient)
    digest = hex0x(place.chain.domains.digest(grant.statement))
    with service(place.folder, "web", settings=settings, port=0) as web:
        web.wait_until_ready()
        file = signed_json(grant, place.chain.domains)
        taken = requests.post(
            f"{web.url}/api/statements", json={"statement": file}, timeout=PATIENCE
        )
        assert (taken.status_code, taken.json()) == (200, {"state": "accepted", "digest": digest})
        with service(place.folder, "relay", settings=settings) as relay:
            state = f"{web.url}/api/statements/{digest}"
            told = until(
                lambda: (told := requests.get(state, timeout=PATIENCE).json())["block"] and told,
                "the anchor",
            )
            assert relay.stop() == 0
        assert told["state"] == "anchored"
        proof = requests.get(f"{web.url}/api/proofs/{digest[2:]}", timeout=PATIENCE).json()
        assert proof == {"root": told["root"], "path": told["path"]}
        assert web.stop() == 0
    shown = Proof(root=from_hex(proof["root"]), path=tuple(map(from_hex, proof["path"])))
    assert is_proven(from_hex(digest), shown)


def test_an_index_follows_the_chain_and_a_web_service_proves_what_another_node_anchored(
    place: Place, settings: dict[str, str], tmp_path: Path
) -> None:
    digest = os.urandom(32)
    place.node.accept_digest(digest, AUDIT, b"an envelope")
    place.settle()
    shared = settings | {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'index.db'}",
        "CHARTKEY_BODIES": str(place.folder / "bodies"),
    }
    with service(tmp_path, "index", settings=shared) as index:
        database = Database(shared["DATABASE_URL"])
        until(lambda: database.anchors_of(digest), "the anchor in the index")
        assert index.stop() == 0
    with service(tmp_path, "web", settings=shared, port=0) as web:
        web.wait_until_ready()
        told = requests.get(f"{web.url}/api/statements/{hex0x(digest)}", timeout=PATIENCE).json()
        assert (told["state"], told["root"]) == ("anchored", hex0x(place.node.proof(digest).root))  # type: ignore[union-attr]
        assert web.stop() == 0


@pytest.fixture
def apart(tmp_path: Path) -> Path:
    """The folder of a custodian on a machine of its own."""
    write_key(tmp_path / "custodian" / "key", os.urandom(32))
    return tmp_path


def test_a_custodian_releases_anchors_the_access_itself_and_heeds_its_operator(
    place: Place, settings: dict[str, str], apart: Path, doctor: Person
) -> None:
    key = PrivateKey(read_key(apart / "custodian" / "key"))
    patient = place.person()
    patient.custodians, patient.threshold = [key.public], 1
    patient.enrol()
    file = patient.write(NOTE, category="conditions")
    patient.grant(doctor.address, category="conditions")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    write_key(apart / "relayer.key", bytes(place.chain_process.accounts[1].key))
    own = settings | {"CHARTKEY_MOST_BLOCK_AGE": "0", "CHARTKEY_HAND_IN_SECONDS": "0"}
    with service(apart, "custodian", settings=own, port=0) as custodian:
        custodian.wait_until_ready()
        place.node.custodians = [HttpCustodian(custodian.url)]
        assert doctor.open(file, held) == NOTE
        log = SqliteAccessLog(apart / "custodian" / "log.db")
        until(lambda: log.counts().get("handed in") == 1, "the access being handed in")
        database = Database(f"sqlite:///{apart / 'node.db'}")
        figures = Figures(database)
        until(
            lambda: not figures.gauges(0)["open_batches"] and figures.news().anchors, "its anchor"
        )
        operator(apart, own, "--stop")
        with pytest.raises(StoppedByOperator):
            doctor.open(file, held)
        operator(apart, own, "--go")
        assert doctor.open(file, held) == NOTE
        assert custodian.stop() == 0
    for judge, root, _ in figures.news().anchors:
        assert place.chain.view().anchored_at(judge, root) > 0


def operator(folder: Path, settings: dict[str, str], word: str) -> None:
    """What an operator types beside a running custodian."""
    with service(folder, "custodian", word, settings=settings) as command:
        assert command.process.wait(timeout=PATIENCE) == 0


@pytest.mark.parametrize("command", ["relay", "web", "index", "custodian"])
def test_a_service_that_is_told_nonsense_says_so_and_does_not_start(
    place: Place, settings: dict[str, str], command: str
) -> None:
    wrong = settings | {"CHARTKEY_DEPLOYMENT": str(place.folder / "missing.json")}
    with service(place.folder, command, settings=wrong) as one:
        assert one.process.wait(timeout=PATIENCE) == 2
    assert "missing.json" in one.log.read_text()


def test_all_services_in_one_process_work_on_a_configured_chain(
    place: Place, settings: dict[str, str], patient: Person
) -> None:
    grant = sign_grant(patient)
    with service(place.folder, "all", settings=settings, port=0) as everything:
        everything.wait_until_ready()
        statement = {"statement": signed_json(grant, place.chain.domains)}
        url = f"{everything.url}/api/statements"
        digest = requests.post(url, json=[statement], timeout=PATIENCE).json()[0]["digest"]
        until(anchored(place, from_hex(digest)), "the anchor")
        assert everything.stop() == 0


def test_listeners_to_events_leave_threads_for_everybody_else(
    place: Place, settings: dict[str, str], patient: Person
) -> None:
    few = settings | {"CHARTKEY_THREADS": "4", "CHARTKEY_WORKERS": "1"}
    with service(place.folder, "web", settings=few, port=0) as web, ExitStack() as stack:
        web.wait_until_ready()
        events = f"{web.url}/api/events"
        streams = [
            stack.enter_context(requests.get(events, stream=True, timeout=PATIENCE))
            for _ in range(2)
        ]
        assert [stream.status_code for stream in streams] == [200, 200]
        assert requests.get(events, timeout=PATIENCE).status_code == 429
        assert requests.get(f"{web.url}/healthz", timeout=PATIENCE).status_code == 200
        statement = {"statement": signed_json(sign_grant(patient), place.chain.domains)}
        assert requests.post(f"{web.url}/api/statements", json=statement, timeout=PATIENCE).ok
        place.settle()
        lines = (line for stream in streams[:1] for line in stream.iter_lines(decode_unicode=True))
        assert next(line for line in lines if line == "event: anchored")
        assert web.stop() == 0  # nobody who listens holds it up


def test_several_web_processes_count_together(place: Place, settings: dict[str, str]) -> None:
    several = settings | {"CHARTKEY_WORKERS": "2"}
    with service(place.folder, "web", settings=several, port=0) as web:
        web.wait_until_ready()
        before = len([requests.get(f"{web.url}/healthz", timeout=PATIENCE) for _ in range(10)])
        told = requests.get(f"{web.url}/metrics", timeout=PATIENCE).text
        counted = 'chartkey_request_seconds_count{method="GET",rule="/healthz",status="2xx"} '
        (line,) = [line for line in told.splitlines() if line.startswith(counted)]
        assert float(line.removeprefix(counted)) == before
        assert "chartkey_database_up 1.0" in told
        assert web.stop() == 0


def test_a_node_is_backed_up_while_it_runs_and_goes_on_elsewhere(
    place: Place, settings: dict[str, str], tmp_path: Path
) -> None:
    waiting = os.urandom(32)
    archive = tmp_path / "archive.tar"
    with service(place.folder, "index", settings=settings) as index:
        index.wait_for_event("runs")
        place.node.accept_digest(waiting, AUDIT, b"an envelope")
        words = ("backup", str(archive), "--bodies", "--keys")
        with service(place.folder, *words, settings=settings) as command:
            assert command.process.wait(timeout=PATIENCE) == 0
    assert "THIS ARCHIVE HOLDS KEYS" in command.log.read_text()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    moved = settings | {"CHARTKEY_DEPLOYMENT": str(elsewhere / "deployment.json")}
    restore = service(elsewhere, "restore", str(archive), settings=moved)
    with restore as command:
        assert command.process.wait(timeout=PATIENCE) == 0
    with restore as command:  # now there is something
        assert command.process.wait(timeout=PATIENCE) == 2
    with service(elsewhere, "relay", settings=moved) as relay:
        database = Database(f"sqlite:///{elsewhere / 'node.db'}")
        until(lambda: database.anchored_batch(waiting), "the anchor")
        assert relay.stop() == 0
