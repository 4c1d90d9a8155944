"""Owns the picture and the letter of the synthetic patient: a PNG and a PDF, made byte by byte.

Both are stored uncompressed, because compressors differ between machines and the same seed has
to give the same bytes everywhere.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from random import Random

_BLOCK = 65_535

# Ellipses of a chest-like phantom: centre, half axes, and what each adds to the grey value.
_PHANTOM = (
    (0.00, 0.00, 0.92, 0.96, 70),
    (0.00, 0.00, 0.86, 0.90, 60),
    (-0.40, -0.08, 0.30, 0.62, -95),
    (0.40, -0.08, 0.30, 0.62, -95),
    (0.12, 0.22, 0.30, 0.34, 60),
    (0.00, 0.00, 0.07, 0.92, 45),
)


def png(rng: Random, size: int = 176) -> bytes:
    """A square greyscale PNG (8 bits) of a phantom with a little noise; no real person's image."""
    rows = bytearray()
    for y in range(size):
        rows.append(0)  # filter: none
        for x in range(size):
            u, v = 2 * x / (size - 1) - 1, 2 * y / (size - 1) - 1
            grey = 10 + int(rng.random() * 8)
            for cx, cy, rx, ry, add in _PHANTOM:
                if ((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2 <= 1:
                    grey += add
            rows.append(max(0, min(255, grey)))
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", _stored(bytes(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + name + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )  # fmt: skip


def _stored(plain: bytes) -> bytes:
    """A zlib stream (RFC 1950) of stored blocks."""
    blocks = [plain[i : i + _BLOCK] for i in range(0, len(plain), _BLOCK)]
    last = len(blocks) - 1
    return b"".join(
        (
            b"\x78\x01",
            *(
                struct.pack("<BHH", i == last, len(block), len(block) ^ 0xFFFF) + block
                for i, block in enumerate(blocks)
            ),
            struct.pack(">I", zlib.adler32(plain)),
        )
    )


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """A one-page PDF 1.4 with lines of ASCII text in Helvetica, from which text can be copied."""
    text = [f"BT /F1 16 Tf 60 780 Td ({_escaped(title)}) Tj ET"]
    for i, line in enumerate(lines):
        text.append(f"BT /F1 11 Tf 60 {748 - 16 * i} Td ({_escaped(line)}) Tj ET")
    content = "\n".join(text).encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (%s) /Producer (Chartkey synthetic data) >>" % _escaped(title).encode("ascii"),
    )
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % table)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
