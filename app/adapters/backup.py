"""Owns the backup: one archive of a node, checked before it is believed, and restored whole or not at all.

A tar file that only its owner can read: `tables/NAME.jsonl` (see database/dump.py), files of the node's
folder, `bodies/ADDRESS`, and at the end `backup.json` with the SHA-256 of each. Keys are in it only where
that was asked for.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import IO, Any

from app.adapters.database import Database
from app.adapters.database.dump import TABLES, Dump
from app.adapters.database.migrate import HEAD
from app.adapters.wallets import read_key
from app.core.errors import BackupUnfit, NotStored, StoreAltered
from app.core.ports import BodyKeeper
from app.core.waybills import NodeSecret

FORM = "backup/1"
LIST = "backup.json"
IN_MEMORY = 1 << 20
PIECE = 1 << 18
LARGEST_LIST = 1 << 30
TABLE, FILE, KEY, BODY = "tables/", "files/", "keys/", "bodies/"
LOG = "log.db"
"""The name of a custodian's log: a database, which is copied as one."""
TABLE_MEMBERS = {f"{TABLE}{table.name}.jsonl": table for table in TABLES}
_NAME = re.compile(
    r"(tables|files|keys|bodies)/[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What is backed up and restored: `files` and `keys` by their names in the archive."""

    database: Database
    bodies: BodyKeeper
    files: Mapping[str, Path]
    keys: Mapping[str, Path]
    node_key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What an archive says of itself."""

    made_at: int
    version: str
    node: str
    """Marks the node's secret without telling it."""
    sums: Mapping[str, str]
    left_out: int = 0
    """Bodies that the store held altered."""

    def names(self, kind: str) -> list[str]:
        """The members of a kind."""
        return [name for name in self.sums if name.startswith(kind)]


# out


@dataclass(kw_only=True)
class _Archive:
    """A tar file that is being written."""

    tar: tarfile.TarFile
    sums: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """One member; its length must be known before its bytes, so they are spooled."""
        hasher = sha256()
        with SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            for piece in pieces:
                hasher.update(piece)
                spool.write(piece)
            member = tarfile.TarInfo(name)
            member.size, member.mode = spool.tell(), 0o600
            spool.seek(0)
            self.tar.addfile(member, spool)
        self.sums[name] = hasher.hexdigest()


def write_backup(
    path: Path, node: Node, *, secret: NodeSecret, version: str, now: int, keys: bool, bodies: bool
) -> Contents:
    """Write the archive; a file that is there already is not touched. Raises StoreError, OSError."""
    draft = path.with_name(f".{path.name}.part")
    draft.unlink(missing_ok=True)
    with _new_file(path, draft) as file, tarfile.open(fileobj=file, mode="w") as tar:
        archive = _Archive(tar=tar)
        with Dump(node.database).moment() as lines:
            for table in TABLES:
                archive.add(f"{TABLE}{table.name}.jsonl", lines(table))
        for name, source in node.files.items():
            if source.exists():
                archive.add(FILE + name, _copied(source))
        for name, source in node.keys.items() if keys else ():
            if source.exists():
                archive.add(KEY + name, _read(source))
        # after the tables: every body that they name was in the store before
        left_out = _add_bodies(archive, node.bodies) if bodies else 0
        contents = Contents(
            made_at=now,
            version=version,
            node=_mark(secret),
            sums=dict(archive.sums),
            left_out=left_out,
        )
        archive.add(LIST, [_written(contents)])
    return contents


def _add_bodies(archive: _Archive, bodies: BodyKeeper) -> int:
    """Add all that are right; how many are not, and need `audit --repair`."""
    left_out = 0
    for address in sorted(bodies.addresses()):
        try:
            archive.add(BODY + address, bodies.read(address))
        except NotStored:
            continue  # erased in the meantime
        except StoreAltered:
            left_out += 1
    return left_out


@contextmanager
def _new_file(path: Path, draft: Path) -> Iterator[IO[bytes]]:
    """A file that is put in place when it is whole, and durable by then."""
    if path.exists():
        raise BackupUnfit(f"{path.name} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)


def _written(contents: Contents) -> bytes:
    told = {
        "chartkey": FORM,
        "madeAt": contents.made_at,
        "version": contents.version,
        "revision": HEAD,
        "node": contents.node,
        "sha256": contents.sums,
    }
    return json.dumps(told, indent=1).encode()


def _mark(secret: NodeSecret) -> str:
    return secret.mark(bytes(32)).hex()


def _copied(source: Path) -> Iterator[bytes]:
    """A file's bytes; a database's at one moment, whoever writes to it meanwhile."""
    if source.name != LOG:
        yield from _read(source)
        return
    with TemporaryDirectory() as folder:
        copy = Path(folder) / LOG
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as still:
            live.backup(still)
        yield from _read(copy)


def _read(source: Path) -> Iterator[bytes]:
    with source.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


# in


def read_contents(path: Path) -> Contents:
    """What an archive holds, after checking every byte of it; raises BackupUnfit."""
    sums: dict[str, str] = {}
    told: Any = None
    with _opened(path) as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is None or member.name in sums or told is not None:
                raise BackupUnfit("it is not an archive of this form")
            if member.name == LIST:
                told = json.loads(file.read(LARGEST_LIST))
                continue
            if not _NAME.fullmatch(member.name):
                raise BackupUnfit("it is not an archive of this form")
            sums[member.name] = _sum(file)
    if not isinstance(told, dict) or told.get("chartkey") != FORM:
        raise BackupUnfit("it is not whole, or no backup of Chartkey")
    if told.get("revision") != HEAD:
        raise BackupUnfit("another version of Chartkey made it; restore it with that one")
    if told.get("sha256") != sums:
        raise BackupUnfit("it was altered or damaged")
    return Contents(made_at=told["madeAt"], version=told["version"], node=told["node"], sums=sums)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:") as tar:
            yield tar
    except (tarfile.TarError, EOFError, ValueError, KeyError) as cause:
        raise BackupUnfit("it is not whole, or no archive") from cause


def _sum(file: IO[bytes]) -> str:
    hasher = sha256()
    while piece := file.read(PIECE):
        hasher.update(piece)
    return hasher.hexdigest()


def restore_backup(path: Path, node: Node) -> Contents:
    """Put a node in place from an archive; raises BackupUnfit where the place is not empty.

    Everything is checked first, then files and bodies are put in place, and the tables last, in one
    transaction. Whatever fails, all of it is taken away again. Called again after a crash, it goes on:
    files that hold the same already are no obstacle.
    """
    contents = read_contents(path)
    targets = {FILE + name: place for name, place in node.files.items()}
    targets |= {KEY + name: place for name, place in node.keys.items()}
    unknown = [n for n in contents.names(FILE) + contents.names(KEY) if n not in targets]
    if unknown:
        raise BackupUnfit("it holds files that have no place here")
    if not node.database.is_empty():
        raise BackupUnfit("the database to restore to is not empty")
    undo: list[tuple[str, Path | str]] = []
    try:
        with Dump(node.database).loading() as load, _opened(path) as tar:
            if set(contents.names(TABLE)) != set(TABLE_MEMBERS):
                raise BackupUnfit("it lacks a table")
            for name, file in _members(tar):
                if name in targets:
                    _put_file(file, targets[name], undo)
                elif name.startswith(BODY):
                    _put_body(file, name.removeprefix(BODY), node.bodies, undo)
            _require_own_key(node.node_key, contents)
            for name, file in _members(tar):
                if name in TABLE_MEMBERS:
                    load(TABLE_MEMBERS[name], file)
    except BaseException:
        for kind, what in reversed(undo):
            if kind == FILE:
                Path(what).unlink(missing_ok=True)
            else:
                node.bodies.delete(str(what))
        raise
    return contents


def _members(tar: tarfile.TarFile) -> Iterator[tuple[str, IO[bytes]]]:
    for member in tar:
        file = tar.extractfile(member)
        if file is not None:
            yield member.name, file


def _put_file(file: IO[bytes], place: Path, undo: list[tuple[str, Path | str]]) -> None:
    content = file.read()
    if place.exists():
        if place.read_bytes() != content:
            raise BackupUnfit(f"there is another {place.name} in the place to restore to")
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.part")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as output:
        output.write(content)
        output.flush()
        os.fsync(output.fileno())
    undo.append((FILE, place))
    draft.rename(place)


def _put_body(
    file: IO[bytes], address: str, bodies: BodyKeeper, undo: list[tuple[str, Path | str]]
) -> None:
    if bodies.holds(address):
        return
    found = bodies.put(iter(lambda: file.read(PIECE), b""))
    undo.append((BODY, found))
    if found != address:
        raise BackupUnfit("a body in it is not that of its address")


def _require_own_key(path: Path, contents: Contents) -> None:
    """Without the node's secret, what it sealed to itself would be lost; a new one is no help."""
    if not path.exists():
        raise BackupUnfit("the node's key is neither in it nor in its place; put it there first")
    if _mark(NodeSecret(read_key(path))) != contents.node:
        raise BackupUnfit("the node's key in its place is another node's")
