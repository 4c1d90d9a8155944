"""Owns the folder in which uploads wait, piece by piece; any number of processes may share it."""

from __future__ import annotations

import errno
import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.core.errors import NotStored, OffsetMismatch, StoreFull

PIECE = 1 << 18
_ID = re.compile(r"[0-9a-f]{32}")


class UploadFolder:
    """One file for each upload; how far it has come is the file's length."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, id_: str) -> None:
        """Make an empty file."""
        self._path(id_).touch(mode=0o600, exist_ok=False)

    def offset(self, id_: str) -> int:
        """Where the next piece begins; raises NotStored."""
        try:
            return self._path(id_).stat().st_size
        except FileNotFoundError:
            raise NotStored(address="such an upload") from None

    def append(self, id_: str, offset: int, piece: bytes) -> int:
        """Write a piece durably where it belongs; the offset of the next one.

        What is there already is not written again. Raises OffsetMismatch where a piece before it
        is missing, StoreFull, NotStored.
        """
        with self._alone_with(id_) as file:
            length = file.seek(0, os.SEEK_END)
            if offset > length:
                raise OffsetMismatch(offset=length)
            new = piece[length - offset :]
            if new:
                _write(file, length, new)
            return length + len(new)

    def pieces(self, id_: str) -> Iterator[bytes]:
        """All that has come."""
        with self._path(id_).open("rb") as file:
            while piece := file.read(PIECE):
                yield piece

    def delete(self, id_: str) -> None:
        """Forget it."""
        self._path(id_).unlink(missing_ok=True)

    def deserted(self, before: int) -> list[str]:
        """Those to which nothing was written since that time."""
        return [
            path.name
            for path in self._folder.iterdir()
            if _ID.fullmatch(path.name) and _written(path) < before
        ]

    @contextmanager
    def locked(self, id_: str) -> Iterator[None]:
        """Nobody else writes to it, or ends it, meanwhile; raises NotStored."""
        with self._alone_with(id_):
            yield

    @contextmanager
    def _alone_with(self, id_: str) -> Iterator[IO[bytes]]:
        try:
            file = self._path(id_).open("r+b", buffering=0)
        except FileNotFoundError:
            raise NotStored(address="such an upload") from None
        with file:
            fcntl.flock(file, fcntl.LOCK_EX)  # goes with the file
            yield file

    def _path(self, id_: str) -> Path:
        if not _ID.fullmatch(id_):
            raise NotStored(address="such an upload")
        return self._folder / id_


def _write(file: IO[bytes], length: int, new: bytes) -> None:
    rest = memoryview(new)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError as cause:
        file.truncate(length)
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull() from cause
        raise


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # another process has just ended it
        return float("inf")
