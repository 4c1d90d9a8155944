"""Gathers every text of the pages into one catalogue, app/web/translations/messages.pot.

    python -m scripts.texts            write it
    python -m scripts.texts --check    1 where it is behind

Scripts are read as esbuild writes them without template literals: Babel's reader loses some texts in nested
ones. An error's reason is the first argument of its kind, in scripts and in the node's Python; values stand
in it as `{places}`, and one that code puts together is refused: no catalogue could have it.
A translation begins with `pybabel init -i app/web/translations/messages.pot -d app/web/translations -l de`.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
WEB = APP / "web"
CATALOGUE = WEB / "translations" / "messages.pot"
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {
    **{"_": None, "gettext": None, "told": None},
    "ngettext": (1, 2),
}
LITERAL = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
ERROR_TEXT = re.compile(rf"^ +(?:sentence|unharmed|remedy): {LITERAL}", re.M)
"""What an error tells, as esbuild writes it."""
FACT = re.compile(rf"\b(?:what|kind|address): {LITERAL}")
WORD = re.compile(rf"^const KIND = {LITERAL}|\berrorOf\(\w+, {LITERAL}\)", re.M)
"""Values of errors that are words of ours (WORDS in page/texts.js)."""
KIND = re.compile(r'\bkind\("(\w+)"')
REASON = re.compile(rf"\s*(?:{LITERAL}\s*[,)]|\))")
"""What follows `new Kind(`: a reason, or nothing."""
ONLY_A_PLACE = re.compile(r"(?:\{\w+\})?")
IN_PARTS = (ast.JoinedStr, ast.BinOp, ast.BoolOp, ast.IfExp)
"""What a reason of the node's must not be; one that came from elsewhere, under some name, may pass."""
ERRORS = ("core/errors.py", "core/contract_errors.py", "web/errors.py")
OPERATORS = "adapters"
"""Much of what it refuses is read by operators alone, in English: it may put reasons together."""
Found = tuple[str, str | tuple[str, ...]]
"""The file in which a text stands, and the text (with its plural)."""


class PutTogether(Exception):
    """A reason is no literal text."""


def kinds(browser: Path = WEB / "browser") -> set[str]:
    """The names of the errors that pages know."""
    sources = (path.read_text(encoding="utf-8") for path in browser.rglob("*.js"))
    return {name for source in sources for name in KIND.findall(source)}


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
        made = re.compile(rf"\bnew (?:{'|'.join(sorted(kinds(browser)))})\(")
        for path in sorted(Path(name).rglob("*.js")):
            file, source = str(path.relative_to(name)), path.read_text(encoding="utf-8")
            for text in ERROR_TEXT.findall(source):
                yield file, ast.literal_eval(text)
            for kind, service in WORD.findall(source):
                yield file, ast.literal_eval(kind or service)
            for error in made.finditer(source):
                reason = REASON.match(source, error.end())
                if reason is None:
                    raise PutTogether(f"{file}: {source[error.start() :][:120]} …")
                yield from _reason(file, ast.literal_eval(reason[1] or '""'))
                for fact in FACT.findall(source[error.end() : source.index(");", error.end())]):
                    yield file, ast.literal_eval(fact)


def templates_texts(folder: Path = WEB / "templates") -> Iterator[Found]:
    """The texts of the templates."""
    yield from _read(folder, [("**.html", "jinja2")])


def program_texts(folder: Path = WEB) -> Iterator[Found]:
    """The texts of the web service's own modules."""
    for path in sorted(folder.glob("*.py")):
        if "gettext" in path.read_text(encoding="utf-8"):
            yield from _read(folder, [(path.name, "python")])


def program_sentences(app: Path = APP) -> Iterator[Found]:
    """What the errors of the node say."""
    for file in ERRORS:
        for node in ast.walk(ast.parse((app / file).read_text(encoding="utf-8"))):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="sentence" | "unharmed" | "remedy")],
                    value=ast.Constant(value=str(text)),
                ):
                    yield from _reason(file, text)


def program_reasons(names: Collection[str], app: Path = APP) -> Iterator[Found]:
    """The reasons of errors of these names that the node raises."""
    for part in ("core", "services", "web", OPERATORS):
        for path in sorted((app / part).rglob("*.py")):
            file = str(path.relative_to(app))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Name(id=name) | ast.Attribute(attr=name), args=[reason, *_]
                    ) if name in names:
                        if isinstance(reason, ast.Constant):
                            yield from _reason(file, str(reason.value))
                        elif part != OPERATORS and isinstance(reason, IN_PARTS):
                            raise PutTogether(f"{file}: {ast.unparse(node)}")


def _reason(file: str, text: str) -> Iterator[Found]:
    if not ONLY_A_PLACE.fullmatch(text):
        yield file, text


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
        ("..", program_sentences()),
        ("..", program_reasons(kinds())),
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
    try:
        now = catalogue()
    except PutTogether as fault:
        print(f"A reason must be one text, with its values as {{places}}: {fault}")
        return 1
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
