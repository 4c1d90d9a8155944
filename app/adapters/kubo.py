"""Owns the keeping of bodies on IPFS: one Kubo daemon, through its HTTP API.

A block is checked against its address before a byte of it goes on, so the daemon need not be
trusted, and it is never asked to look in a network. The daemon should be Chartkey's own:
deleting collects everything on it that is not pinned.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import ipfshttpclient
from ipfshttpclient import exceptions as ipfs
from ipfshttpclient import multipart
from ipfshttpclient.client import base, block, pin

from app.adapters.dag import children_of, is_cid, is_leaf, require_block
from app.core.cid import CHUNK, CidHasher, cid_of, require_cid
from app.core.errors import Misconfigured, NotStored, StoreAltered, StoreFull, StoreUnreachable

# The library passes on a word that its own dependency no longer needs; nobody here can act on that.
warnings.filterwarnings("ignore", message="The 'strict' parameter", category=FutureWarning)

LARGEST_BLOCK = 1 << 20
"""No block of ours is larger: whatever is, is none of ours."""
PATIENCE = 60.0
"""Seconds between two signs of life of the daemon: a large body is synced in silence."""
_MISSING = re.compile(r"could not find|not found|not pinned")
_FULL = re.compile(r"no space left|disk quota|StorageMax")


class _Blocks(block.Section):
    def put_raw(self, contents: Sequence[bytes], **options: Any) -> list[dict[str, Any]]:
        """Each content as one raw block, pinned, in one request."""
        files = [io.BytesIO(content) for content in contents]
        body, headers = multipart.stream_files(files, chunk_size=self.chunk_size)
        options["opts"] = {"cid-codec": "raw", "pin": "true"}
        answers: list[dict[str, Any]] = self._client.request(
            "/block/put", decoder="json", data=body, headers=headers, **options
        )
        return answers


class _Pins(pin.Section):
    def each(self) -> Any:
        """All recursive pins, one by one."""
        options = {"type": "recursive", "stream": "true"}
        return self._client.request("/pin/ls", opts=options, decoder="json", stream=True)


class _Client(ipfshttpclient.Client):
    """The calls that the library lacks, beside its own.

    `ipfshttpclient.connect` refuses daemons newer than 0.8; its client itself does not.
    """

    block = base.SectionProperty(_Blocks)
    pin = base.SectionProperty(_Pins)


class KuboBodies:
    """A `BodyKeeper` on one daemon, which keeps what it takes by pinning it."""

    def __init__(self, url: str, *, patience: float = PATIENCE) -> None:
        """`url`: the API as http://host:port, or as a multiaddr; raises Misconfigured."""
        self._multiaddr, place = _multiaddr(url)
        self.name = f"IPFS {place}"
        self._patience = patience
        self._of_thread = threading.local()

    def put(self, pieces: Iterable[bytes]) -> str:
        """Stream the bytes to the daemon and pin them; raises StoreFull, StoreUnreachable.

        What a source that breaks off has sent is not pinned: the next collection removes it.
        """
        source = _Source(pieces)
        try:
            with self._told():
                answer = self._client.add(
                    source, cid_version=1, raw_leaves=True, chunker=f"size-{CHUNK}", pin=True
                )
        except StoreFull:
            with suppress(StoreUnreachable):  # then the daemon's next collection does it
                self._collect()
            raise
        except StoreUnreachable:
            if source.fault:  # the library takes a fault of the source for one of the connection
                raise source.fault from None
            raise
        address = source.hasher.address()
        if answer["Hash"] != address:
            raise StoreAltered(address=address)
        return address

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Keep all: those of one block together in one request, larger ones each by itself."""
        addresses = [cid_of(content) for content in contents]
        small = {
            address: content
            for address, content in zip(addresses, contents, strict=True)
            if len(content) <= CHUNK
        }
        taken = set()
        if small:
            with suppress(StoreFull), self._told():
                taken = {a["Key"] for a in self._client.block.put_raw(list(small.values()))}
        for address, content in zip(addresses, contents, strict=True):
            # The daemon ends its answer early where something is wrong; asked again, it says what.
            if address not in taken and self.put([content]) != address:
                raise StoreAltered(address=address)
        return addresses

    def read(self, address: str) -> Iterator[bytes]:
        """The bytes block by block, each hashed before it is handed on."""
        hasher = CidHasher()
        for leaf in self._leaves(require_cid(address)):
            piece = self._block(leaf)
            hasher.update(piece)
            yield piece
        if hasher.address() != address:  # right blocks, but in a layout that is not ours
            raise StoreAltered(address=address)

    def fetch(self, address: str) -> bytes:
        """All of the bytes, hashed before they are returned."""
        return b"".join(list(self.read(address)))

    def holds(self, address: str) -> bool:
        """Whether the file is pinned, and every block of it is on this daemon."""
        require_cid(address)
        try:
            with self._told(address):
                self._client.pin.ls(address, type="recursive")
                for leaf in self._leaves(address):
                    self._client.block.stat(leaf)
        except (NotStored, StoreAltered):
            return False
        return True

    def addresses(self) -> Iterator[str]:
        """All that is pinned and has an address of ours; a new repository pins an empty folder."""
        with self._told(), self._client.pin.each() as pins:
            for one in pins:
                if is_cid(one["Cid"]):
                    yield one["Cid"]

    def delete(self, address: str) -> bool:
        """Unpin the file and collect its blocks; False where neither pin nor first block was held.

        A block that another file shares stays with that file. Raises StoreUnreachable, and the
        blocks are still there, where the daemon cannot tell what other pins keep, because a
        file of theirs is damaged: then that one must be repaired first.
        """
        held = self._unpin(require_cid(address)) or self._has_block(address)
        if held:
            self._collect()
        return held

    def _unpin(self, address: str) -> bool:
        try:
            with self._told(address):
                self._client.pin.rm(address)
        except NotStored:
            return False
        return True

    def _has_block(self, address: str) -> bool:
        try:
            with self._told(address):
                self._client.block.stat(address)
        except NotStored:
            return False
        return True

    def _collect(self) -> None:
        with self._told():
            # silent: an answer that had begun with a list could no longer say that it failed
            self._client.repo.gc(quiet=True, opts={"silent": "true"})

    def _leaves(self, address: str) -> Iterator[str]:
        if is_leaf(address):
            yield address
        else:
            for child in children_of(address, self._block(address)):
                yield from self._leaves(child)

    def _block(self, address: str) -> bytes:
        content = bytearray()
        with self._told(address), self._client.block.get(address, stream=True) as pieces:
            for piece in pieces:
                content += piece
                if len(content) > LARGEST_BLOCK:
                    raise StoreAltered(address=address)
        return require_block(address, bytes(content))

    @property
    def _client(self) -> _Client:
        """This thread's own connection, kept open between calls."""
        try:
            client: _Client = self._of_thread.client
        except AttributeError:
            client = self._of_thread.client = _Client(
                self._multiaddr,
                chunk_size=CHUNK,
                offline=True,
                session=True,
                timeout=self._patience,
            )
        return client

    @contextmanager
    def _told(self, address: str = "") -> Iterator[None]:
        """Tell the library's faults in our own words; NotStored only where an address is named."""
        try:
            yield
        except ipfs.ErrorResponse as cause:
            said = str(cause)
            if _FULL.search(said):
                raise StoreFull() from cause
            if address and _MISSING.search(said):
                raise NotStored(address=address) from cause
            raise StoreUnreachable(reason=f"{self.name} said: {said[:200]}") from cause
        except (ipfs.Error, OSError) as cause:
            reason = f"{self.name}, {type(cause).__name__}"
            raise StoreUnreachable(reason=reason) from cause


class _Source:
    """Pieces as the file that the library wants, hashed as they go by."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self.hasher = CidHasher()
        self.fault: Exception | None = None

    def read(self, _size: int = -1) -> bytes:
        """The next piece, of whatever size; an empty one only at the end."""
        try:
            piece = next((piece for piece in self._pieces if piece), b"")
        except Exception as fault:
            self.fault = fault
            raise
        self.hasher.update(piece)
        return piece


def _multiaddr(url: str) -> tuple[str, str]:
    """The API's address in the library's words, and as host:port; raises Misconfigured."""
    try:
        if url.startswith("/"):
            _, kind, host, tcp, port, *scheme = url.split("/")
            given = (tcp, kind in ("ip4", "ip6", "dns", "dns4", "dns6"))
        else:
            parts = urlsplit(url)
            host, port, scheme = parts.hostname or "", str(parts.port or 5001), [parts.scheme]
            kind = _kind_of(host)
            given = (parts.path.strip("/") or "tcp", bool(host))
        if given != ("tcp", True) or (scheme or ["http"])[0] not in ("http", "https"):
            raise ValueError
        return "/".join(["", kind, host, "tcp", str(int(port)), *scheme]), f"{host}:{port}"
    except ValueError:
        reason = "an IPFS daemon is named as http://host:port"
        raise Misconfigured(name="CHARTKEY_IPFS", reason=reason) from None


def _kind_of(host: str) -> str:
    try:
        return f"ip{ip_address(host).version}"
    except ValueError:
        return "dns"
