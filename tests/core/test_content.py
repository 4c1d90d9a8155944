"""Tests of content: elements of a body, their root, and showing one of them alone."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.content import (
    JSON,
    JSON_DEEPEST,
    JSON_ELEMENTS_MOST,
    JSON_MOST,
    OPAQUE,
    content_root,
    disclose,
    elements_of,
    is_disclosed,
    json_elements,
)
from app.core.encoding import keccak
from app.core.errors import NotElement
from app.core.signatures import Proof
from tests.makers import NOTE, salt

SECRET = salt("content secret")
TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=6)
DOCUMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=15,
)


def shuffled(value: Any) -> Any:
    """The same document with the members of every object in reverse."""
    if isinstance(value, dict):
        return {name: shuffled(value[name]) for name in reversed(value)}
    return [shuffled(member) for member in value] if isinstance(value, list) else value


@given(DOCUMENTS)
def test_white_space_escapes_and_order_do_not_change_the_elements(document: Any) -> None:
    plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    loose = json.dumps(shuffled(document), ensure_ascii=True, indent="\t").encode()
    assert json_elements(plain) == json_elements(loose)


def same(a: Any, b: Any) -> bool:
    """Whether two documents have one type and value everywhere (1 is not 1.0 or true)."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


@given(DOCUMENTS, DOCUMENTS)
def test_different_documents_have_different_elements(a: Any, b: Any) -> None:
    equal = json_elements(json.dumps(a).encode()) == json_elements(json.dumps(b).encode())
    assert equal == same(a, b)


@given(st.data(), DOCUMENTS.filter(lambda value: isinstance(value, dict) and value))
def test_a_changed_value_changes_the_elements(
    data: st.DataObject, document: dict[str, Any]
) -> None:
    name = data.draw(st.sampled_from(sorted(document)))
    changed = document | {name: data.draw(DOCUMENTS)}
    equal = json_elements(json.dumps(document).encode()) == json_elements(
        json.dumps(changed).encode()
    )
    assert equal == same(document, changed)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("1.50", "1.5"), ("1e2", "100"), ("1E2", "1e2"), ("-0", "0"), ("1", '"1"'), ("null", '"null"'),
        ("true", "1"), ("[]", "{}"), ("[]", '""'), ("{}", "null"), ("[1]", "[[1]]"), ("[1,2]", "[2,1]"),
        ("[1]", "1"), ('{"a":[]}', '{"a":{}}'), ('{"a/b":1}', '{"a":{"b":1}}'), ('{"~1":1}', '{"/":1}'),
        ('{"a":1}', '{"a":1,"b":[]}'), ('"é"', '"e\u0301"'), ('{"":1}', "1"),
    ],
)  # fmt: skip
def test_texts_that_mean_or_look_different_have_different_elements(a: str, b: str) -> None:
    assert json_elements(a.encode()) != json_elements(b.encode())


def test_an_array_and_an_object_have_different_elements() -> None:
    assert json_elements(b'{"a":[1,2]}') != json_elements(b'{"a":{"0":1,"1":2}}')


def test_elements_are_named_by_json_pointers() -> None:
    elements = json_elements(b'{"a/b":{"c~d":[1.50,"x",true,false,null,{},[]]}}')
    assert {path: value for path, value in elements.items() if path != "/a~1b/c~0d"} == {
        "/a~1b/c~0d/0": b"n1.50",
        "/a~1b/c~0d/1": b"sx",
        "/a~1b/c~0d/2": b"t",
        "/a~1b/c~0d/3": b"f",
        "/a~1b/c~0d/4": b"z",
        "/a~1b/c~0d/5": b"{",
        "/a~1b/c~0d/6": b"[0",
    }


AMBIGUOUS = {
    "a member twice": b'{"a":1,"a":1}',
    "a member twice by an escape": b'{"a":1,"\\u0061":2}',
    "a lone surrogate": b'{"a":"\\ud800"}',
    "a lone surrogate in a name": b'{"\\ud800":1}',
    "bytes that are not UTF-8": b'{"a":"\xff"}',
    "UTF-16": '{"a":1}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"a":1}',
    "NaN": b'{"a":NaN}',
    "Infinity": b"[-Infinity]",
    "something after it": b"{} {}",
    "nothing": b"",
    "a PDF": b"%PDF-1.7",
    "too deep": b"[" * (JSON_DEEPEST + 1) + b"1" + b"]" * (JSON_DEEPEST + 1),
    "far too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_what_has_no_one_reading_is_opaque_and_still_has_a_root(body: bytes) -> None:
    kind, elements = elements_of(body)
    assert (kind, elements) == (OPAQUE, {"": b"#" + sha256(body).digest()})
    assert len(content_root(elements, SECRET)) == 32


@pytest.mark.parametrize("name", ["a lone surrogate", "a lone surrogate in a name"])
def test_a_lone_surrogate_makes_a_body_opaque(name: str) -> None:
    kind, elements = elements_of(AMBIGUOUS[name])
    assert kind == OPAQUE
    assert content_root(elements, SECRET)


def test_the_deepest_document_is_taken_apart() -> None:
    kind, elements = elements_of(b"[" * JSON_DEEPEST + b"1" + b"]" * JSON_DEEPEST)
    assert kind == JSON
    assert elements["/0" * JSON_DEEPEST] == b"n1"


def test_a_large_json_body_is_opaque() -> None:
    fitting = b'"' + b"a" * (JSON_MOST - 2) + b'"'
    assert elements_of(fitting)[0] == JSON
    assert elements_of(b" " + fitting)[0] == OPAQUE


def test_a_body_of_too_many_elements_is_opaque() -> None:
    fitting = b"[" + b"1," * (JSON_ELEMENTS_MOST - 2) + b"1]"
    kind, elements = elements_of(fitting)
    assert (kind, len(elements)) == (JSON, JSON_ELEMENTS_MOST)
    kind, elements = elements_of(fitting[:-1] + b",1]")
    assert (kind, len(elements)) == (OPAQUE, 1)


@given(DOCUMENTS, st.data())
def test_every_element_can_be_shown_alone(document: Any, data: st.DataObject) -> None:
    _, elements = elements_of(json.dumps(document).encode())
    root = content_root(elements, SECRET)
    path = data.draw(st.sampled_from(sorted(elements)))
    shown = disclose(elements, SECRET, path)
    assert is_disclosed(shown, root)
    assert shown.value == elements[path]


def test_what_is_shown_cannot_be_changed() -> None:
    elements = json_elements(NOTE)
    root = content_root(elements, SECRET)
    shown = disclose(elements, SECRET, "/valueQuantity/value")
    assert shown.value == b"n1.50"
    for forged in (
        replace(shown, value=b"n1.5"),
        replace(shown, value=b"s1.50"),
        replace(shown, path="/valueQuantity/code"),
        replace(shown, salt=salt()),
        replace(shown, proof=Proof(root=root, path=shown.proof.path[1:])),
        replace(shown, proof=Proof(root=salt(), path=shown.proof.path)),
    ):
        assert not is_disclosed(forged, root)
    assert not is_disclosed(shown, salt("another root"))


def test_an_opaque_body_never_passes_for_text_or_a_number() -> None:
    _, elements = elements_of(b"%PDF-1.7")
    shown = disclose(elements, SECRET, "")
    assert shown.value[:1] == b"#"
    assert not is_disclosed(replace(shown, value=shown.value[1:]), shown.proof.root)


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_salt_of_another_length_shows_nothing(length: int) -> None:
    shown = disclose({"": b"n1"}, SECRET, "")
    for size, holds in ((32, True), (length, False)):
        own = bytes(size)
        hashed = sha256(b"").digest() + sha256(b"n1").digest()
        root = keccak(b"\x00" + own + hashed)
        forged = replace(shown, salt=own, proof=Proof(root=root, path=()))
        assert is_disclosed(forged, root) is holds


def test_an_inner_node_does_not_pass_as_an_element() -> None:
    elements = json_elements(b"[1,2,3]")
    shown = disclose(elements, SECRET, "/0")
    root = shown.proof.root
    higher = Proof(root=root, path=shown.proof.path[1:])
    assert not is_disclosed(replace(shown, proof=higher), root)


def test_an_element_that_is_not_there_cannot_be_shown() -> None:
    with pytest.raises(NotElement):
        disclose(json_elements(NOTE), SECRET, "/subject")


def test_what_is_shown_tells_nothing_about_the_rest() -> None:
    secret_value = b"s" + b"positive"
    elements = {"/a": b"sx", "/b": secret_value}
    shown = disclose(elements, SECRET, "/a")
    guess = disclose({"/a": b"sx", "/b": secret_value}, salt("guessed secret"), "/a")
    # whoever guesses the value but not its salt cannot confirm the guess
    assert shown.proof.path[0] != guess.proof.path[0]


def test_the_same_content_has_another_root_under_another_secret() -> None:
    elements = json_elements(NOTE)
    assert content_root(elements, SECRET) != content_root(elements, salt("other"))
