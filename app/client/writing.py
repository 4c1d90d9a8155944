"""Owns the sealing of a new record: the body, its statement, and its key sheet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from app.core.content import JSON_MOST, OPAQUE, content_root, elements_of, opaque_elements
from app.core.ports import BodyStore
from app.core.sealing import BodyContext, BodyKey, Halves, seal_stream
from app.core.sheets import RandomBytes
from app.core.typed_data import Domain

Source = bytes | Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBody:
    """A body in the store, and what a record statement says of it."""

    address: str
    sealed_hash: bytes
    content_root: bytes
    content: str
    size: int
    halves: Halves


def _open(source: Source) -> AbstractContextManager[BinaryIO]:
    return nullcontext(BytesIO(source)) if isinstance(source, bytes) else source.open("rb")


def _elements(source: Source) -> tuple[str, dict[str, bytes], int]:
    """How the body is taken apart, its elements, and its size; large files are streamed."""
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if isinstance(source, bytes):
        return *elements_of(source), size
    if size <= JSON_MOST:
        return *elements_of(source.read_bytes()), size
    whole = sha256()
    with source.open("rb") as file:
        while piece := file.read(1 << 20):
            whole.update(piece)
    return OPAQUE, opaque_elements(whole.digest()), size


def seal_body(
    source: Source,
    *,
    registry: Domain,
    patient: str,
    author: str,
    category: str,
    store: BodyStore,
    random: RandomBytes,
    progress: Callable[[int], None] = lambda _: None,
) -> SealedBody:
    """Seal bytes or a file into the store, reading it twice and never holding a large one.

    `progress` hears the sealed bytes written so far. Raises StoreFull.
    """
    halves = Halves(a=random(32), b=random(32))
    content, elements, size = _elements(source)
    context = BodyContext(
        registry=registry,
        patient=patient,
        author=author,
        category=category,
        content_root=content_root(elements, halves.content_secret),
    )
    sealed = sha256()

    def pieces() -> Iterator[bytes]:
        written = 0
        with _open(source) as file:
            for piece in seal_stream(file.read, BodyKey.of(halves, context)):
                sealed.update(piece)
                yield piece
                written += len(piece)
                progress(written)

    address = store.put(pieces())
    return SealedBody(
        address=address,
        sealed_hash=sealed.digest(),
        content_root=context.content_root,
        content=content,
        size=size,
        halves=halves,
    )
