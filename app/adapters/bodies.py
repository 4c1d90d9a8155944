"""Owns the folder of bodies: sealed files under their content addresses, never half-written."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.adapters.cid import CidHasher, require_cid
from app.core.errors import NotStored, StoreAltered, StoreFull

PIECE = 1 << 18


class FolderBodies:
    """A `BodyStore` in a folder, with the addresses that IPFS gives to the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def put(self, pieces: Iterable[bytes]) -> str:
        """Write, sync and name the bytes; raises StoreFull and leaves nothing behind."""
        try:
            return self._write(pieces)
        except OSError as cause:
            if cause.errno in (errno.ENOSPC, errno.EDQUOT):
                raise StoreFull() from cause
            raise

    def _write(self, pieces: Iterable[bytes]) -> str:
        hasher = CidHasher()
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    hasher.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            address = hasher.address()
            target = self._path(address)
            target.parent.mkdir(exist_ok=True)
            temporary.replace(target)
            _sync(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
        return address

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes piece by piece; StoreAltered comes at the end, when all have been hashed.

        A sealed body's segments verify by themselves before that; `fetch` waits for the end.
        """
        hasher = CidHasher()
        try:
            with self._path(require_cid(address)).open("rb") as file:
                while piece := file.read(PIECE):
                    hasher.update(piece)
                    yield piece
        except FileNotFoundError:
            raise NotStored(address=address) from None
        if hasher.address() != address:
            raise StoreAltered(address=address)

    def fetch(self, address: str) -> bytes:
        """All of the bytes, hashed before they are returned."""
        return b"".join(list(self.read(address)))

    def delete(self, address: str) -> bool:
        """Forget the bytes; False where they were not held."""
        try:
            self._path(require_cid(address)).unlink()
        except FileNotFoundError:
            return False
        return True

    def _path(self, address: str) -> Path:
        return self._folder / address[-2:] / address


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
