"""A large file is sealed and opened as a stream: memory does not grow with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from app.adapters import tools
from tests.chain_fixtures import Place

MEGABYTE = 1 << 20
SIZE = 64 * MEGABYTE + 12_345

STREAM = """
import json, os, resource, sys
from hashlib import sha256, shake_128
from pathlib import Path
from app.adapters.bodies import FolderBodies
from app.client.opening import body_pieces, reader_of
from app.client.writing import seal_body
from app.core.sealing import BodyContext
from app.core.typed_data import Domain

folder, size = Path(sys.argv[1]), int(sys.argv[2])
whole = sha256()
with (folder / "scan").open("wb") as file:
    for number in range(-(-size // 2**20)):
        piece = shake_128(number.to_bytes(4, "big")).digest(2**20)[: size - number * 2**20]
        whole.update(piece)
        file.write(piece)
store, somebody = FolderBodies(folder / "bodies"), "0x" + "12" * 20
registry = Domain(chain_id=1, contract=somebody)
about = {"registry": registry, "patient": somebody, "author": somebody, "category": "imaging"}
small = seal_body(b"warm up", store=store, random=os.urandom, **about)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
body = seal_body(folder / "scan", store=store, random=os.urandom, **about)
source, _ = reader_of(store.read(body.address))
context = BodyContext(content_root=body.content_root, **about)
opened, read = sha256(), 0
for piece in body_pieces(source, body.halves, context, body.content, body.sealed_hash):
    opened.update(piece)
    read += len(piece)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"same": opened.digest() == whole.digest(), "read": read, "kilobytes": after - before}))
"""


def test_a_large_file_takes_less_than_64_mb_of_memory(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STREAM, str(tmp_path), str(SIZE)]
    ended = subprocess.run(command, cwd=tools.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["same"], told["read"]) == (True, SIZE)
    assert told["kilobytes"] < 64 * 1024


def test_a_large_file_goes_from_disk_to_a_viewer(place: Place, tmp_path: Path) -> None:
    patient, doctor = place.enrol(patient=True), place.enrol()
    place.credential(doctor)
    with (tmp_path / "scan").open("wb") as file:
        file.truncate(8 * MEGABYTE + 1)
    written = patient.write(tmp_path / "scan", category="imaging", media_type="application/dicom")
    patient.grant(doctor.address, category="imaging")
    place.settle()
    (held,) = doctor.grants_held(patient.address)
    ((_, pieces),) = doctor.open_all(doctor.shared_records(held), held)
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) == written.size == 8 * MEGABYTE + 1
    assert max(sizes) <= 1 << 16
