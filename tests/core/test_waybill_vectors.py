"""What a node seals to itself reads the same in Python and in JavaScript."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest

from app.core.encoding import from_hex
from app.core.errors import SealError
from app.core.waybills import NodeSecret
from scripts.golden.source import load
from tests.core.javascript import JavaScript, Refused
from tests.core.javascript import js as js  # a fixture is found by its name

WAYBILLS = load("waybills")
SECRET = from_hex(WAYBILLS["secret"])


@pytest.mark.parametrize("row", WAYBILLS["sealed"], ids=["a waybill", "a key sheet"])
def test_what_a_node_seals_to_itself_is_the_same_in_both(js: JavaScript, row: Any) -> None:
    content, sealed, salt = (from_hex(row[name]) for name in ("content", "sealed", "salt"))
    assert js.ask("seal to node", secret=SECRET, content=content, salt=salt) == row["sealed"]
    assert js.ask("open as node", secret=SECRET, sealed=sealed) == row["content"]
    assert js.ask("waybill mark", secret=SECRET, sealed=sealed) == row["mark"]
    node = NodeSecret(SECRET)
    assert (node.seal(content, lambda _: salt), node.open(sealed)) == (sealed, content)
    assert node.mark(sha256(sealed).digest()) == from_hex(row["mark"])


@pytest.mark.parametrize("row", WAYBILLS["refused"], ids=lambda row: row["why"])
def test_neither_opens_what_the_node_did_not_seal(js: JavaScript, row: Any) -> None:
    sealed = from_hex(row["sealed"])
    with pytest.raises(Refused):
        js.ask("open as node", secret=SECRET, sealed=sealed)
    with pytest.raises(SealError):
        NodeSecret(SECRET).open(sealed)
