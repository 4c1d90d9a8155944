"""Measures sealing: body throughput with every check, its memory, and key wraps per second.

A file of 100 MB goes through the same code as a person's: read twice, sealed, hashed, addressed,
written and synced to a folder; then read back, opened, and checked against everything signed.
Figures are medians of several rounds; the floors beside them are measured in the same run.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.adapters.bodies import FolderBodies
from app.client.opening import body_pieces, reader_of
from app.client.writing import SealedBody, seal_body
from app.core.encoding import ZERO_ADDRESS
from app.core.keys import PrivateKey
from app.core.sealing import SEGMENT, BodyContext
from app.core.typed_data import Domain
from scripts.bench_table import Row

SIZE = 100_000_000
ROUNDS = 5
WRAPS = 1000
REGISTRY = Domain(chain_id=1337, contract="0x" + "11" * 20)


ROWS = (
    Row(
        key="seal_mb_per_second",
        title="sealing 100 MB to disk, MB/s",
        target=200,
        at_least=True,
        beside="no peer seals; the floors are below",
    ),
    Row(
        key="open_mb_per_second",
        title="opening it with all checks, MB/s",
        target=200,
        at_least=True,
        beside="no peer seals; the floors are below",
    ),
    Row(key="extra_memory_mb", title="memory above the start for both, MB", target=64),
    Row(key="wraps_per_second", title="X-Wing wraps of 32 bytes per second"),
    Row(key="unwraps_per_second", title="X-Wing unwraps per second"),
    Row(
        key="floor_aes_gcm_mb_per_second", title="floor: AES-256-GCM in 64 KiB segments alone, MB/s"
    ),
    Row(key="floor_sha256_mb_per_second", title="floor: one pass of SHA-256 alone, MB/s"),
)


def run() -> dict[str, float]:
    """Measure everything; the keys are those of ROWS."""
    with tempfile.TemporaryDirectory(prefix="chartkey-bench-") as name:
        figures = _bodies(Path(name))
        figures["extra_memory_mb"] = _extra_memory(Path(name))
    return figures | wraps() | _floors()


def _rate(work: Callable[[], object], amount: float, rounds: int = ROUNDS) -> float:
    """Amount per second: the median of some rounds after one that is not counted."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return round(amount / statistics.median(times[1:]), 1)


def _file(folder: Path) -> Path:
    path = folder / "body"
    if not path.exists():
        piece = bytes(i * 31 % 251 for i in range(1_000_000))
        with path.open("wb") as file:
            for _ in range(SIZE // len(piece)):
                file.write(piece)
    return path


def _seal(folder: Path) -> SealedBody:
    return seal_body(
        _file(folder),
        registry=REGISTRY,
        patient=ZERO_ADDRESS,
        author=ZERO_ADDRESS,
        category="imaging",
        store=FolderBodies(folder / "bodies"),
        random=os.urandom,
    )


def _open(folder: Path, body: SealedBody) -> None:
    context = BodyContext(
        registry=REGISTRY,
        patient=ZERO_ADDRESS,
        author=ZERO_ADDRESS,
        category="imaging",
        content_root=body.content_root,
    )
    source, _ = reader_of(FolderBodies(folder / "bodies").read(body.address))
    size = sum(
        len(piece)
        for piece in body_pieces(source, body.halves, context, body.content, body.sealed_hash)
    )
    if size != SIZE:
        raise AssertionError("the body came back with another length")


def _bodies(folder: Path) -> dict[str, float]:
    store = FolderBodies(folder / "bodies")
    _file(folder)

    def seal_and_forget() -> None:
        store.delete(_seal(folder).address)

    sealing = _rate(seal_and_forget, SIZE / 1e6)
    body = _seal(folder)
    return {
        "seal_mb_per_second": sealing,
        "open_mb_per_second": _rate(lambda: _open(folder, body), SIZE / 1e6),
    }


def _extra_memory(folder: Path) -> float:
    """Peak resident memory above that before the first byte, in a fresh process."""
    command = [sys.executable, "-m", "scripts.bench_crypto", str(folder)]
    answer = subprocess.run(command, capture_output=True, check=True, text=True)
    return float(json.loads(answer.stdout))


def _resident(field: str) -> int:
    """A figure of this process in kB (proc(5)): VmRSS is memory now, VmHWM its peak."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise AssertionError("this system does not tell a process's memory")


def _memory_of(folder: Path) -> float:
    start = _resident("VmRSS")
    _open(folder, _seal(folder))
    return round((_resident("VmHWM") - start) * 1024 / 1e6, 1)


def wraps() -> dict[str, float]:
    """X-Wing sealings and openings of 32 bytes per second, on one core."""
    key, secret, purpose = PrivateKey(bytes(32)), bytes(32), b"bench"
    public, sealed = key.public, key.public.seal(secret, purpose)

    def wrap() -> None:
        for _ in range(WRAPS):
            public.seal(secret, purpose)

    def unwrap() -> None:
        for _ in range(WRAPS):
            key.open(sealed, purpose)

    return {"wraps_per_second": _rate(wrap, WRAPS), "unwraps_per_second": _rate(unwrap, WRAPS)}


def _floors() -> dict[str, float]:
    cipher, segment, header = AESGCM(bytes(32)), bytes(SEGMENT), bytes(40)
    count = SIZE // SEGMENT

    def encrypt() -> None:
        for number in range(count):
            cipher.encrypt(number.to_bytes(12, "big"), segment, header)

    def digest() -> None:
        whole = sha256()
        for _ in range(count):
            whole.update(segment)

    amount = count * SEGMENT / 1e6
    return {
        "floor_aes_gcm_mb_per_second": _rate(encrypt, amount),
        "floor_sha256_mb_per_second": _rate(digest, amount),
    }


if __name__ == "__main__":
    print(json.dumps(_memory_of(Path(sys.argv[1]))))
