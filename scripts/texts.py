"""Gathers every text of the pages into one catalogue, app/web/translations/messages.pot.

    python -m scripts.texts            write it
    python -m scripts.texts --check    1 where it is behind

Scripts are read as esbuild writes them without template literals: Babel's reader loses some texts in nested
ones. A translation begins with `pybabel init -i app/web/translations/messages.pot -d app/web/translations -l de`.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "app" / "web"
CATALOGUE = WEB / "translations" / "messages.pot"
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {
    **{"_": None, "gettext": None, "told": None},
    "ngettext": (1, 2),
}
ERROR_TEXT = re.compile(r"^ +(?:sentence|unharmed|remedy): (\"(?:[^\"\\]|\\.)*\")", re.M)
"""What an error tells, as esbuild writes it."""
Found = tuple[str, str | tuple[str, ...]]
"""The file in which a text stands, and the text (with its plural)."""


def scripts_texts(browser: Path = WEB / "browser") -> Iterator[Found]:
    """The texts of the pages' scripts."""
    sources = sorted(str(path.relative_to(browser)) for path in browser.rglob("*.js"))
    with TemporaryDirectory(prefix="chartkey-texts-") as name:
        command = [
            *(str(ESBUILD), *sources, f"--outdir={name}", "--outbase=.", "--format=esm"),
            *("--supported:template-literal=false", "--charset=utf8", "--log-level=error"),
        ]
        subprocess.run(command, cwd=browser, check=True)
        yield from _read(Path(name), [("**.js", "javascript")])
        for path in sorted(Path(name).rglob("*error*.js")):
            for text in ERROR_TEXT.findall(path.read_text(encoding="utf-8")):
                yield str(path.relative_to(name)), json.loads(text)


def templates_texts(folder: Path = WEB / "templates") -> Iterator[Found]:
    """The texts of the templates."""
    yield from _read(folder, [("**.html", "jinja2")])


def program_texts(folder: Path = WEB) -> Iterator[Found]:
    """The texts of the web service's own modules."""
    for path in sorted(folder.glob("*.py")):
        if "gettext" in path.read_text(encoding="utf-8"):
            yield from _read(folder, [(path.name, "python")])


def _read(folder: Path, methods: Sequence[tuple[str, str]]) -> Iterator[Found]:
    found = extract_from_dir(
        str(folder),
        method_map=list(methods),
        options_map={"**.html": {"encoding": "utf-8"}, "**.js": {"encoding": "utf-8"}},
        keywords=dict(KEYWORDS),
    )
    for file, _line, message, _comments, _context in found:
        yield file, message if isinstance(message, str) else tuple(message)


def catalogue() -> bytes:
    """The whole catalogue; the same texts give the same bytes."""
    gathered: dict[str | tuple[str, ...], set[str]] = {}
    for part, source in (
        ("browser", scripts_texts()),
        ("templates", templates_texts()),
        ("", program_texts()),
    ):
        for file, message in source:
            gathered.setdefault(message, set()).add(str(Path(part) / file))
    told = Catalog(project="Chartkey", charset="utf-8")
    for message in sorted(gathered, key=str):
        places: list[Any] = [(place, None) for place in sorted(gathered[message])]
        told.add(message, locations=places)
    written = BytesIO()
    write_po(written, told, omit_header=True, width=100, include_lineno=False)
    head = b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    return head + written.getvalue()


def run(words: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m scripts.texts", description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args(words)
    now = catalogue()
    count = now.count(b"\nmsgid ")
    if options.check:
        is_fresh = CATALOGUE.is_file() and CATALOGUE.read_bytes() == now
        print(
            f"{count} texts" if is_fresh else "messages.pot is behind: run python -m scripts.texts"
        )
        return 0 if is_fresh else 1
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    CATALOGUE.write_bytes(now)
    print(f"{count} texts")
    return 0


if __name__ == "__main__":
    sys.exit(run())
