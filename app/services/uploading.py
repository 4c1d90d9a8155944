"""Owns uploads: sealed bodies that come in pieces, can be gone on with, and end in the body store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from app.core.errors import NotStored, OffsetMismatch, StoreError, TooLarge
from app.core.ports import BodyStore
from app.core.sealed_forms import require_body_head, require_body_size
from app.core.sealing import HEADER
from app.core.sheets import RandomBytes
from app.core.uploading import KEPT_SECONDS, PIECE, Upload


class Rows(Protocol):
    """Uploads in the database (adapters/database/uploads.py says what each does)."""

    def begin_upload(self, upload: Upload, quota: int) -> None: ...
    def upload(self, id_: str, person: str) -> Upload: ...
    def end_upload(self, upload: Upload, address: str) -> None: ...
    def drop_upload(self, id_: str) -> None: ...
    def uploads_before(self, time: int) -> list[str]: ...
    def stored_by(self, person: str) -> int: ...


class Folder(Protocol):
    """Where the pieces wait (adapters/upload_folder.py says what each does)."""

    def begin(self, id_: str) -> None: ...
    def offset(self, id_: str) -> int: ...
    def append(self, id_: str, offset: int, piece: bytes) -> int: ...
    def pieces(self, id_: str) -> Iterator[bytes]: ...
    def delete(self, id_: str) -> None: ...
    def deserted(self, before: int) -> list[str]: ...
    def locked(self, id_: str) -> AbstractContextManager[None]: ...


@dataclass(kw_only=True)
class Uploading:
    """Takes pieces; what is not a sealed body's beginning, or its size, is refused."""

    rows: Rows
    folder: Folder
    bodies: BodyStore
    clock: Callable[[], int]
    largest: int
    quota: int
    random: RandomBytes = field(default=os.urandom)

    def begin(self, person: str, size: int) -> Upload:
        """A new upload of so many bytes; raises TooLarge, StorageSpent, MalformedSeal."""
        if size > self.largest:
            raise TooLarge(most=self.largest)
        require_body_size(size)
        self.forget_deserted()
        upload = Upload(id=self.random(16).hex(), person=person, size=size, began_at=self.clock())
        self.rows.begin_upload(upload, self.quota)
        self.folder.begin(upload.id)
        return upload

    def append(self, person: str, id_: str, offset: int, piece: bytes) -> int:
        """Take a piece; where the next one begins. Raises OffsetMismatch, TooLarge, MalformedSeal."""
        upload = self.rows.upload(id_, person)
        if upload.address:
            return upload.size
        if len(piece) > PIECE or offset + len(piece) > upload.size:
            raise TooLarge(most=min(PIECE, upload.size - min(offset, upload.size)))
        if offset < HEADER:
            if offset:
                raise OffsetMismatch(offset=0)  # the header comes whole
            require_body_head(piece)
        return self.folder.append(id_, offset, piece)

    def offset(self, person: str, id_: str) -> tuple[int, int]:
        """How far an upload has come, and how far it goes."""
        upload = self.rows.upload(id_, person)
        return upload.size if upload.address else self.folder.offset(id_), upload.size

    def end(self, person: str, id_: str) -> str:
        """Put all of it into the body store; its address, also when asked again."""
        if address := self.rows.upload(id_, person).address:
            return address
        try:
            with self.folder.locked(id_):
                return self._end(self.rows.upload(id_, person))
        except NotStored:
            if address := self.rows.upload(id_, person).address:
                return address  # another process has just ended it
            raise

    def _end(self, upload: Upload) -> str:
        if upload.address:
            return upload.address
        offset = self.folder.offset(upload.id)
        if offset != upload.size:
            raise OffsetMismatch(offset=offset)
        address = self.bodies.put(self.folder.pieces(upload.id))
        self.rows.end_upload(upload, address)
        self.folder.delete(upload.id)
        return address

    def take(self, person: str, content: bytes) -> str:
        """Take a small body whole; its address."""
        require_body_head(content)
        upload = self.begin(person, len(content))
        self.folder.delete(upload.id)  # it does not wait there
        try:
            address = self.bodies.put(iter([content]))
        except StoreError:
            self.rows.drop_upload(upload.id)  # what was not kept does not count
            raise
        self.rows.end_upload(upload, address)
        return address

    def drop(self, person: str, id_: str) -> None:
        """Give an upload up."""
        upload = self.rows.upload(id_, person)
        self.rows.drop_upload(upload.id)
        self.folder.delete(upload.id)

    def stored(self, person: str) -> int:
        """How many bytes a person keeps here."""
        return self.rows.stored_by(person)

    def forget_deserted(self) -> None:
        """Remove what did not end within a day."""
        before = self.clock() - KEPT_SECONDS
        for id_ in self.rows.uploads_before(before):
            self.rows.drop_upload(id_)
            self.folder.delete(id_)
        for id_ in self.folder.deserted(before):
            self.folder.delete(id_)
