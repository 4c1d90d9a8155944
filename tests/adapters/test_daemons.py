"""Kubo and PostgreSQL on this machine: on loopback, without a network, and never left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree

import pytest
from sqlalchemy import create_engine, text

from app.adapters import daemons, tools
from app.adapters.daemons import Kubo, Postgres, start_kubo, start_postgres
from app.adapters.kubo import KuboBodies
from app.core.errors import CannotStart
from tests.daemons import folder_in_memory, require_kubo, require_postgres

START_AND_WAIT = """
import sys, time
from pathlib import Path
from app.adapters import daemons
print(getattr(daemons, sys.argv[1])(Path(sys.argv[2])).process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = folder_in_memory("own")
    yield folder
    rmtree(folder)


@pytest.fixture
def server(folder: Path) -> Iterator[Postgres]:
    """A server of the test's own, which it may kill."""
    require_postgres()
    with start_postgres(folder) as server:
        yield server


def is_running(pid: int) -> bool:
    return daemons._is_running(pid)


def listening(pid: int) -> set[str]:
    """The local addresses on which a process listens, as the kernel lists them."""
    sockets = {
        str(handle.readlink()).removeprefix("socket:[").rstrip("]")
        for handle in Path(f"/proc/{pid}/fd").iterdir()
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1].partition(":")[0] for row in rows if row[3] == "0A" and row[9] in sockets}


def test_kubo_listens_on_loopback_alone(kubo: Kubo) -> None:
    assert listening(kubo.process.pid) == {"0100007F"}


def test_postgres_listens_on_loopback_alone(postgres: Postgres) -> None:
    assert listening(postgres.process.pid) == {"0100007F"}


def test_kubo_knows_no_network(kubo: Kubo) -> None:
    config = json.loads((kubo.folder / "config").read_text())
    assert config["Bootstrap"] in (None, [])
    assert config["Addresses"]["Swarm"] == []
    assert config["Routing"]["Type"] == "none"
    assert config["Discovery"]["MDNS"]["Enabled"] is False
    assert config["Provide"]["Enabled"] is False
    assert "auto" not in json.dumps(config["DNS"])
    assert "offline mode" in (kubo.folder / "daemon.log").read_text()


def test_kubo_keeps_what_it_holds(folder: Path) -> None:
    require_kubo()
    with start_kubo(folder) as kubo:
        address = KuboBodies(kubo.api).put([b"kept"])
    with start_kubo(folder) as kubo:
        assert KuboBodies(kubo.api).fetch(address) == b"kept"


def test_a_second_daemon_on_the_same_folder_is_refused(make_kubo: Callable[..., Kubo]) -> None:
    kubo = make_kubo()
    with pytest.raises(CannotStart, match="ended with 1"):
        start_kubo(kubo.folder)
    assert KuboBodies(kubo.api).put([b"the first goes on"])


@pytest.mark.parametrize("turn", ["first", "second"])
def test_each_test_has_an_empty_database(postgres_url: str, turn: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        )
        assert names.all() == []
        connection.execute(text("CREATE TABLE left_over (id int)"))
    engine.dispose()


@pytest.mark.parametrize("end", ["restart", "kill and start", "stop and start"])
def test_postgres_keeps_what_was_committed(server: Postgres, end: str) -> None:
    engine = create_engine(server.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept AS SELECT 7 AS number"))
    if end == "restart":
        server.restart()
    else:
        server.kill() if end.startswith("kill") else server.stop()
        assert not is_running(server.process.pid)
        server.start()
    engine.dispose()  # its connections went with the server
    with engine.begin() as connection:
        assert connection.execute(text("SELECT number FROM kept")).scalar() == 7
    engine.dispose()


def test_postgres_never_runs_as_root(server: Postgres) -> None:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    uid = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1]
    assert uid != "0"


@pytest.mark.parametrize("words", ["start_kubo", "start_postgres"])
@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_daemon_ends_with_its_parent_even_when_that_is_killed(words: str, folder: Path) -> None:
    require_kubo() if words == "start_kubo" else require_postgres()
    command = [sys.executable, "-c", START_AND_WAIT, words, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert is_running(child)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 300
    while is_running(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_running(child)


def test_stopping_twice_is_no_fault(folder: Path) -> None:
    require_kubo()
    kubo = start_kubo(folder)
    kubo.stop()
    kubo.stop()
    kubo.kill()
    assert not is_running(kubo.process.pid)


def test_a_folder_that_cannot_be_laid_out_is_told(folder: Path) -> None:
    require_postgres()
    (folder / "data").mkdir()
    (folder / "data" / "something else").touch()
    with pytest.raises(CannotStart, match="PostgreSQL"):
        start_postgres(folder)


@pytest.mark.parametrize(
    ("start", "find"),
    [(start_kubo, "ipfs_command"), (start_postgres, "postgres_folder")],
    ids=["kubo", "postgres"],
)
def test_a_program_that_is_not_installed_is_told(
    start: Callable[[Path], object], find: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise CannotStart("it is not installed", program="It")

    monkeypatch.setattr(tools, find, missing)
    with pytest.raises(CannotStart, match="not installed"):
        start(tmp_path)
