"""Writes the golden vectors of every format: `python -m scripts.vectors [--fresh]`.

What HPKE sealed before is kept as long as it opens; `--fresh` seals anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from scripts.golden.bundles import bundles
from scripts.golden.documents import documents
from scripts.golden.parties import envelopes, sheets
from scripts.golden.sealed import bodies, content, keys
from scripts.golden.signed import statements, trees
from scripts.golden.source import FOLDER, Document, load
from scripts.golden.vaults import vaults
from scripts.golden.waybills import waybills
from scripts.golden.wire import wire

FILES: dict[str, Callable[[Document], Document]] = {
    build.__name__: build
    for build in (
        *(statements, trees, keys, bodies, content, sheets, envelopes),
        *(documents, vaults, waybills, wire, bundles),
    )
}


def text(document: Document) -> str:
    """A vector file's text, the same on every machine."""
    return json.dumps(document, indent=1) + "\n"


def main(arguments: list[str]) -> int:
    """Rewrite all files."""
    fresh = arguments == ["--fresh"]
    if arguments and not fresh:
        print(__doc__)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, build in FILES.items():
        written = text(build({} if fresh else load(name)))
        (FOLDER / f"{name}.json").write_text(written)
        print(f"tests/vectors/{name}.json  {len(written):,} characters")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
