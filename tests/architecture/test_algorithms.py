"""No part of the program names a cipher, a mode or a hash that is not held to be safe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    path
    for folder, ending in (("app", "py"), ("app/web/browser", "js"))
    for path in sorted((ROOT / folder).rglob(f"*.{ending}"))
]
WEAK = re.compile(
    r"\b(MD5|SHA-?1|RIPEMD\d*|DES|3DES|TripleDES|RC4|ARC4|Blowfish|ECB|CBC|PKCS1v15|AES-CBC)\b"
    r"|hashes\.SHA1|hashlib\.(md5|sha1|new)|createHash",
    re.IGNORECASE,
)
RUNS = {
    ".py": re.compile(r"(?<![\w.])(eval|exec)\("),
    ".js": re.compile(r"(?<![\w.])(eval|Function)\(|unsafeHTML|innerHTML|document\.write"),
}
"""What would run a text, or take it for markup."""


@pytest.mark.asvs("11.3.1", "11.3.2", "11.4.1")
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_weak_algorithm_is_named(path: Path) -> None:
    assert WEAK.search(path.read_text(encoding="utf-8")) is None


@pytest.mark.parametrize(
    "text",
    ["hashlib.md5(x)", "modes.ECB()", '{name: "AES-CBC"}', 'digest("SHA-1", x)', "TripleDES"],
)
def test_a_weak_algorithm_would_be_found(text: str) -> None:
    assert WEAK.search(text)


@pytest.mark.asvs("1.3.2")
@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_run_as_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert RUNS[path.suffix].search(text) is None
