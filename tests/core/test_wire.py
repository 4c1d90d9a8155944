"""What custodians and people say to each other in JSON: read as it was written, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import GrantExpired, MalformedStatement
from app.core.opening import LogPage, OpeningRequest, Release
from app.core.statements import Revocation, RevocationOfAll
from app.core.wire import (
    MOST_BYTES,
    MOST_TOGETHER,
    in_lists,
    read_inquiry,
    read_json,
    read_outcomes,
    read_page,
    read_release,
    read_request,
    read_requests,
    read_revocation,
    request_text,
    requests_text,
    write_inquiry,
    write_outcomes,
    write_page,
    write_release,
    write_request,
    write_revocation,
)
from tests.makers import (
    DOMAINS,
    Person,
    make_browser,
    make_record,
    sign_access,
    sign_membership,
)


@pytest.fixture
def full(request_: OpeningRequest, patient: Person, doctor: Person) -> OpeningRequest:
    """A request with every part that there is."""
    return replace(
        request_,
        session=make_browser().session(doctor),
        membership=sign_membership(patient, doctor),
        patient_keys=patient.keys.encode(),
        audit=DOMAINS.audit,
    )


def travelled(document: Any) -> Any:
    return read_json(json.dumps(document).encode())


def test_a_request_arrives_as_it_was_sent(full: OpeningRequest) -> None:
    bare = replace(full, session=None, membership=None, grant=None, grant_proof=None)
    shareless = replace(full, records=(replace(full.records[0], share=None),))
    for request in (full, bare, shareless):
        assert read_request(travelled(write_request(request))) == request


def test_a_request_that_names_no_registry_does_not_travel(full: OpeningRequest) -> None:
    with pytest.raises(ValueError, match="registry"):
        write_request(replace(full, audit=None))


def test_a_release_arrives_as_it_was_sent() -> None:
    release = Release(custodian=b"c" * 32, shares={b"r" * 32: b"sealed", b"s" * 32: b""})
    assert read_release(travelled(write_release(release))) == release


def test_revocations_arrive_as_they_were_sent(patient: Person) -> None:
    for statement in (
        Revocation(patient=patient.id, word=2**248 - 1, mask=2**255),
        RevocationOfAll(patient=patient.id, tag=2**64 - 1, new_tag=2**63 + 1),
    ):
        signed = patient.sign(statement)
        assert read_revocation(travelled(write_revocation(signed))) == signed


def test_only_revocations_arrive_as_revocations(patient: Person, doctor: Person) -> None:
    with pytest.raises(MalformedStatement):
        read_revocation(write_revocation(sign_access(doctor, [make_record(patient, doctor)])))


def test_an_inquiry_arrives_as_it_was_sent(patient: Person) -> None:
    asked = sign_access(patient, [make_record(patient, patient)])
    session = make_browser().session(patient)
    assert read_inquiry(travelled(write_inquiry(asked, session, 7))) == (asked, session, 7)
    assert read_inquiry(travelled(write_inquiry(asked, None, 0))) == (asked, None, 0)


def test_a_page_arrives_as_it_was_sent() -> None:
    for page in (LogPage(entries=(b"1", b""), after=9), LogPage(entries=(), after=None)):
        assert read_page(travelled(write_page(page))) == page


# --- strict reading ---


def every_part(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value inside a document."""
    items: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    found = [path] if path else []
    for key, value in items:
        found += every_part(value, (*path, key))
    return found


def changed(document: Any, path: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Any:
    copy = json.loads(json.dumps(document))
    inside = copy
    for key in path[:-1]:
        inside = inside[key]
    change(inside, path[-1])
    return copy


def test_no_part_may_be_missing_or_added(full: OpeningRequest) -> None:
    document = write_request(full)
    for path in every_part(document):
        if isinstance(path[-1], int):
            continue
        with pytest.raises(MalformedStatement):
            read_request(changed(document, path, lambda inside, key: inside.pop(key)))

    def add(inside: Any, key: Any) -> None:
        inside["more"] = 1

    for path in every_part(document):
        if not isinstance(path[-1], int):
            with pytest.raises(MalformedStatement):
                read_request(changed(document, path, add))


WRONG = [{}, [], "", "0x", "0xzz", "é", "\ud800", -1, 1.5, True, 2**70, "0x" + "00" * 5000, [[]]]


def test_no_part_may_be_of_another_kind(full: OpeningRequest) -> None:
    """Whatever stands there: it is read as what it says, or it is malformed; nothing else happens."""
    document = write_request(full)
    for path in every_part(document):
        for wrong in WRONG:

            def put(inside: Any, key: Any, wrong: Any = wrong) -> None:
                inside[key] = wrong

            other = changed(document, path, put)
            try:
                read = read_request(other)
            except MalformedStatement:
                continue
            assert write_request(read) == other


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
READERS = [read_request, read_release, read_revocation, read_inquiry, read_page]


@settings(max_examples=200, deadline=None)
@given(document=JSON)
def test_any_json_is_malformed_to_every_reader(document: Any) -> None:
    for read in READERS:
        with pytest.raises(MalformedStatement):
            read(document)


@settings(max_examples=300, deadline=None)
@given(text=st.binary(max_size=200))
def test_any_bytes_are_json_or_malformed(text: bytes) -> None:
    try:
        read_json(text)
    except MalformedStatement:
        return
    json.loads(text)


@pytest.mark.parametrize("text", [b"NaN", b"[1e400]", b'"\\ud800"', "1".encode("utf-16"), b"[1] 2"])
def test_what_python_would_read_and_rfc_8259_does_not_have_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedStatement):
        read_json(text)


def test_a_text_that_is_nested_without_end_is_malformed() -> None:
    with pytest.raises(MalformedStatement):
        read_json(b"[" * 1_000_000)


@pytest.mark.parametrize("path", ["records", "proof.path", "viewerKeys", "grant.signature"])
def test_no_part_may_be_longer_than_it_needs_to_be(full: OpeningRequest, path: str) -> None:
    longer: dict[str, Callable[[Any], Any]] = {
        "records": lambda value: value * 1001,
        "proof.path": lambda value: ["0x" + "00" * 32] * 65,
        "viewerKeys": lambda value: "a" * ((1 << 17) + 1),
        "grant.signature": lambda value: "0x" + "00" * 4097,
    }

    def grow(inside: Any, key: Any) -> None:
        inside[key] = longer[path](inside[key])

    with pytest.raises(MalformedStatement):
        read_request(changed(write_request(full), tuple(path.split(".")), grow))


def test_what_was_written_once_is_written_the_same_for_each_custodian(full: OpeningRequest) -> None:
    first, other = (
        full,
        replace(full, records=tuple(replace(one, share=None) for one in full.records)),
    )
    for request in (first, other, first):
        assert json.loads(request_text(request)) == write_request(request)
        assert read_request(read_json(request_text(request))) == request


def test_lists_hold_no_more_than_a_custodian_takes() -> None:
    sizes = [[len(text) for text in part] for part in in_lists([b"x"] * (2 * MOST_TOGETHER + 1))]
    assert [len(part) for part in sizes] == [MOST_TOGETHER, MOST_TOGETHER, 1]
    large = [bytes(MOST_BYTES // 3)] * 4
    assert [len(part) for part in in_lists(large)] == [1, 1, 1, 1]
    assert list(in_lists([bytes(MOST_BYTES)])) == [[bytes(MOST_BYTES)]]
    assert list(in_lists([])) == []


def test_a_list_of_openings_and_its_answers_arrive_in_order(full: OpeningRequest) -> None:
    other = replace(full, records=full.records[:1])
    asked = read_json(requests_text([request_text(full), request_text(other)]))
    assert [read_request(one) for one in read_requests(asked)] == [full, other]
    release = Release(custodian=bytes(32), shares={b"r" * 32: b"sealed"})
    first, second = read_outcomes(
        travelled(write_outcomes([GrantExpired(expires_at=5), release])), "one", 2
    )
    assert isinstance(first, GrantExpired)
    assert second == release


@pytest.mark.parametrize("told", [None, {}, [], [{}], [{"error": "x"}] * 3, [5, 5]])
def test_other_answers_than_as_many_as_were_asked_for_are_refused(told: Any) -> None:
    with pytest.raises(MalformedStatement):
        read_outcomes(told, "one", 2)
