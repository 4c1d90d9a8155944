"""Owns the folder of bodies: sealed files under their content addresses, never half-written."""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.core.cid import CidHasher, cid_of, require_cid
from app.core.errors import NotStored, StoreAltered, StoreFull

PIECE = 1 << 18
_WRITING = ".writing-"
_syncfs = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)


class FolderBodies:
    """A `BodyKeeper` in a folder, with the addresses that IPFS gives to the same bytes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """The folder's own name, without the path to it."""
        return self._folder.name

    def put(self, pieces: Iterable[bytes]) -> str:
        """Write, sync and name the bytes; raises StoreFull and leaves nothing behind."""
        with _full_disk_told():
            return self._write(pieces)

    def _write(self, pieces: Iterable[bytes]) -> str:
        hasher = CidHasher()
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=_WRITING)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for piece in pieces:
                    hasher.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            address = hasher.address()
            for folder in self._place([(temporary, address)]):
                _sync(folder)
        finally:
            temporary.unlink(missing_ok=True)
        return address

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Write all and sync all, then name all; raises StoreFull and leaves nothing unnamed behind."""
        addresses = [cid_of(content) for content in contents]
        with (
            _full_disk_told(),
            tempfile.TemporaryDirectory(dir=self._folder, prefix=_WRITING) as name,
        ):
            drafts = [Path(name) / str(number) for number in range(len(contents))]
            for draft, content in zip(drafts, contents, strict=True):
                draft.write_bytes(content)
            _sync_together(drafts)
            _sync_together(self._place(zip(drafts, addresses, strict=True)))
        return addresses

    def _place(self, drafts: Iterable[tuple[Path, str]]) -> Collection[Path]:
        """Move written files to their addresses; the folders that learnt of one are to be synced."""
        learnt: dict[str, Path] = {}
        for draft, address in drafts:
            target = self._path(address)
            if address[-2:] not in learnt:
                learnt[address[-2:]] = folder = target.parent
                if not folder.is_dir():
                    folder.mkdir(exist_ok=True)
                    learnt[""] = self._folder
            draft.replace(target)
        return learnt.values()

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

    def holds(self, address: str) -> bool:
        """Whether a file stands under the address; whether its bytes are right, `read` tells."""
        return self._path(require_cid(address)).is_file()

    def addresses(self) -> Iterator[str]:
        """The addresses of all files, folder by folder."""
        for folder in self._folder.iterdir():
            if folder.is_dir() and not folder.name.startswith(_WRITING):
                yield from (path.name for path in folder.iterdir())

    def delete(self, address: str) -> bool:
        """Forget the bytes durably; False where they were not held."""
        path = self._path(require_cid(address))
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        _sync(path.parent)
        return True

    def _path(self, address: str) -> Path:
        return self._folder / address[-2:] / address


@contextmanager
def _full_disk_told() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        if cause.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull() from cause
        raise


def _sync_together(paths: Collection[Path]) -> None:
    """Sync files or folders of one file system.

    A thousand fsyncs are a thousand waits for the disk. Linux syncs the file system in one, and
    reports what could not be written as well (syncfs(2), since 5.8); elsewhere it is one by one.
    """
    if not paths or _syncfs is None:
        for path in paths:
            _sync(path)
        return
    handle = os.open(next(iter(paths)), os.O_RDONLY)
    try:
        if _syncfs(handle):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(handle)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
