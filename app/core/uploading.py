"""Owns what an upload is: a sealed body that comes in pieces, of one person."""

from __future__ import annotations

from dataclasses import dataclass

PIECE = 8 << 20
"""Bytes of one piece at most."""
KEPT_SECONDS = 24 * 3600
"""How long an upload that does not end is kept."""
MOST_OPEN = 64
"""Uploads of one person that have not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """`size` is that of the whole body; `address` is empty until all of it is in the body store."""

    id: str
    person: str
    size: int
    began_at: int
    address: str = ""
