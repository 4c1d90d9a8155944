"""A backup brings a node back as it was: on another database too, and whole or not at all."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from app.adapters.backup import LIST, Contents, read_contents, restore_backup, write_backup
from app.adapters.bodies import FolderBodies
from app.adapters.database import Database
from app.adapters.database.fingerprint import fingerprint
from app.adapters.wallets import own_key, write_key
from app.client.letters import GrantFile, RecordFile
from app.client.person import Person
from app.commands.backup import node_of
from app.commands.restore import catch_up
from app.compose import Parts, open_database, parts_of
from app.config import Settings
from app.core.errors import BackupUnfit, NotStored
from app.core.statements import AUDIT, BOOKS
from app.core.waybills import NodeSecret
from tests.chain_fixtures import NOTE, Place


@pytest.fixture
def source(place: Place, deployment_file: Path) -> Settings:
    """The settings of the place's node, as an operator would have them."""
    write_key(place.folder / "relayer.key", bytes(place.chain_process.accounts[0].key))
    return settings_on(place, place.folder, deployment_file)


def settings_on(place: Place, folder: Path, deployment: Path, **more: str) -> Settings:
    """The settings of a node in a folder, on the place's chain."""
    told = {"CHARTKEY_DATA": str(folder), "CHARTKEY_RPC": place.chain_process.url}
    told["CHARTKEY_DEPLOYMENT"] = str(deployment)
    return Settings.from_environment(told | more)


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Settings:
    """An empty place to restore to."""
    more = {}
    if request.param == "postgresql":
        more["DATABASE_URL"] = request.getfixturevalue("postgres_url")
    return settings_on(place, tmp_path / "new", tmp_path / "new" / "deployment.json", **more)


@pytest.fixture
def plain_target(place: Place, tmp_path: Path) -> Settings:
    """An empty place to restore to, on SQLite."""
    return settings_on(place, tmp_path / "new", tmp_path / "new" / "deployment.json")


def back_up(settings: Settings, archive: Path, *, keys: bool = True) -> Contents:
    """A backup with everything."""
    secret = NodeSecret(own_key(settings.node_key))
    return write_backup(
        archive, node_of(settings), secret=secret, version="1", now=1, keys=keys, bodies=True
    )


def restore(settings: Settings, archive: Path) -> Parts:
    """The parts of the restored node, which knows what the chain says."""
    restore_backup(archive, node_of(settings))
    parts = parts_of(settings)
    catch_up(parts)
    return parts


def is_empty(settings: Settings) -> bool:
    """Whether nothing is in the place."""
    kept = [
        path for path in settings.data.rglob("*") if path.is_file() and "node.db" not in path.name
    ]
    return open_database(settings).is_empty() and not kept


def anchored_times(parts: Parts, digest: bytes) -> int:
    """How many anchors on the chain hold a digest, as the index tells."""
    parts.indexer().follow()
    parts.indexer().read_manifests()
    return len(parts.database.anchors_of(digest))


def test_a_restored_node_keeps_the_same_and_a_doctor_opens_a_record_through_it(
    place: Place,
    source: Settings,
    target: Settings,
    doctor: Person,
    shared: tuple[RecordFile, GrantFile],
    tmp_path: Path,
) -> None:
    file, held = shared
    parts_of(source).indexer().follow()
    back_up(source, tmp_path / "archive.tar")
    before = fingerprint(Database(source.database_url)._engine)
    restore_backup(tmp_path / "archive.tar", node_of(target))
    after = fingerprint(Database(target.database_url)._engine)
    assert after.differences(before) == []
    parts = parts_of(target)
    catch_up(parts)
    doctor.node = parts.node()
    doctor.node.custodians = place.custodians
    assert doctor.open(file, held) == NOTE


def test_the_archive_is_private_and_holds_keys_only_where_asked(
    source: Settings, tmp_path: Path
) -> None:
    archive = tmp_path / "archive.tar"
    contents = back_up(source, archive, keys=False)
    assert archive.stat().st_mode & 0o777 == 0o600
    assert contents.names("keys/") == []
    secret = source.node_key.read_text().strip().removeprefix("0x")
    assert secret.encode() not in archive.read_bytes()
    assert "keys/node.key" in back_up(source, tmp_path / "with keys.tar").names("keys/")


def test_what_waited_is_anchored_once_by_the_restored_node(
    place: Place, source: Settings, target: Settings, tmp_path: Path
) -> None:
    digest = os.urandom(32)
    place.node.accept_digest(digest, AUDIT, b"an envelope")
    back_up(source, tmp_path / "archive.tar")
    parts = restore(target, tmp_path / "archive.tar")
    parts.relayer().settle()
    assert anchored_times(parts, digest) == 1
    assert parts.node().proof(digest) is not None


def test_what_the_first_node_anchored_after_the_backup_is_not_anchored_again(
    place: Place, source: Settings, target: Settings, tmp_path: Path
) -> None:
    waiting, bound = os.urandom(32), os.urandom(32)
    place.node.accept_digest(bound, AUDIT, b"an envelope")
    relayer = place.node.relayer
    assert relayer is not None
    for judge in BOOKS:
        place.node.database.form_batch(judge, 100, relayer.batching.make)  # type: ignore[attr-defined]
    place.node.accept_digest(waiting, AUDIT)
    back_up(source, tmp_path / "archive.tar")
    place.settle()
    target.bodies.mkdir(parents=True)
    for address in FolderBodies(source.bodies).addresses():  # the stores are the same, or repaired
        FolderBodies(target.bodies).put(FolderBodies(source.bodies).read(address))
    parts = restore(target, tmp_path / "archive.tar")
    parts.relayer().settle()
    assert [anchored_times(parts, digest) for digest in (waiting, bound)] == [1, 1]


def test_what_was_erased_after_the_backup_does_not_come_back(
    place: Place,
    source: Settings,
    plain_target: Settings,
    patient: Person,
    shared: tuple[RecordFile, GrantFile],
    tmp_path: Path,
) -> None:
    file, _ = shared
    back_up(source, tmp_path / "archive.tar")
    patient.erase(file)
    place.node.accept_digest(os.urandom(32), AUDIT)
    relayer = place.node.relayer
    assert relayer is not None
    relayer.plan = type(relayer.plan)(journal_seconds=0)
    place.settle()
    for address in FolderBodies(source.bodies).addresses():
        FolderBodies(plain_target.bodies).put(FolderBodies(source.bodies).read(address))
    parts = restore(plain_target, tmp_path / "archive.tar")
    assert parts.database.belongings(file.digest) == []
    with pytest.raises(NotStored):
        b"".join(parts.bodies.read(file.address))


# --- whole or not at all ---


def rewritten(
    archive: Path, change: Callable[[str, bytes], bytes], *, honest: bool = False
) -> Path:
    """The archive with its members changed; an honest one has the right checksums of them."""
    altered = archive.with_name("altered.tar")
    sums: dict[str, str] = {}
    with tarfile.open(archive) as old, tarfile.open(altered, "w") as new:
        for member in old:
            file = old.extractfile(member)
            assert file is not None
            content = change(member.name, file.read())
            if member.name == LIST and honest:
                content = json.dumps(json.loads(content) | {"sha256": sums}).encode()
            sums[member.name] = sha256(content).hexdigest()
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return altered


def flip(name: str, content: bytes) -> bytes:
    """One bit of a table is another."""
    return bytes([content[0] ^ 1]) + content[1:] if name == "tables/outbox.jsonl" else content


def foreign_column(name: str, content: bytes) -> bytes:
    """A table as another version would write it."""
    return content.replace(b'"digest"', b'"hash"', 1) if name == "tables/parcels.jsonl" else content


def broken_reference(name: str, content: bytes) -> bytes:
    """The last table has a row that is none."""
    return content + b"[1,2]\n" if name == "tables/digests.jsonl" else content


@pytest.mark.parametrize(
    ("change", "honest"), [(flip, False), (foreign_column, True), (broken_reference, True)]
)
def test_an_archive_that_is_wrong_leaves_the_place_empty(
    source: Settings,
    plain_target: Settings,
    shared: object,
    tmp_path: Path,
    change: Callable[[str, bytes], bytes],
    honest: bool,
) -> None:
    back_up(source, tmp_path / "archive.tar")
    altered = rewritten(tmp_path / "archive.tar", change, honest=honest)
    with pytest.raises(BackupUnfit):
        restore_backup(altered, node_of(plain_target))
    assert is_empty(plain_target)
    restore_backup(tmp_path / "archive.tar", node_of(plain_target))


@pytest.mark.parametrize("part", [0.0, 0.4, 0.999])
def test_an_archive_that_breaks_off_is_refused(
    source: Settings, plain_target: Settings, tmp_path: Path, part: float
) -> None:
    archive = tmp_path / "archive.tar"
    back_up(source, archive)
    size = len(archive.read_bytes().rstrip(b"\0"))
    os.truncate(archive, int(size * part))
    with pytest.raises(BackupUnfit):
        restore_backup(archive, node_of(plain_target))
    assert is_empty(plain_target)


def test_a_place_that_is_not_empty_is_left_alone(
    place: Place, source: Settings, tmp_path: Path
) -> None:
    digest = os.urandom(32)
    back_up(source, tmp_path / "archive.tar")
    place.node.accept_digest(digest, AUDIT)
    with pytest.raises(BackupUnfit):
        restore_backup(tmp_path / "archive.tar", node_of(source))
    assert source.node_key.exists()
    place.settle()
    assert place.node.proof(digest) is not None


@pytest.mark.parametrize("other", [False, True])
def test_without_the_nodes_own_key_nothing_is_restored(
    source: Settings, plain_target: Settings, tmp_path: Path, other: bool
) -> None:
    back_up(source, tmp_path / "archive.tar", keys=False)
    if other:
        own_key(plain_target.node_key)
    with pytest.raises(BackupUnfit):
        restore_backup(tmp_path / "archive.tar", node_of(plain_target))
    assert Database(plain_target.database_url).is_empty()
    assert not plain_target.deployment.exists()


def test_members_that_lead_out_of_the_place_are_refused(
    source: Settings, plain_target: Settings, tmp_path: Path
) -> None:
    archive = tmp_path / "archive.tar"
    back_up(source, archive)
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo("files/../../evil"), io.BytesIO())
    with pytest.raises(BackupUnfit):
        read_contents(tmp_path / "evil.tar")
    assert is_empty(plain_target)


def test_a_backup_does_not_overwrite_a_file(source: Settings, tmp_path: Path) -> None:
    (tmp_path / "archive.tar").write_text("kept")
    with pytest.raises(BackupUnfit):
        back_up(source, tmp_path / "archive.tar")
    assert (tmp_path / "archive.tar").read_text() == "kept"
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".part"] == []
