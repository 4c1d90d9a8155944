"""Sealed bodies come in pieces, can be gone on with after any break, and are nobody's plaintext."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.adapters.database import Database
from app.adapters.upload_folder import UploadFolder
from app.client.person import Person
from app.core.cid import cid_of
from app.core.errors import OffsetMismatch, StoreFull
from app.core.sealing import HEADER, MAGIC, SEGMENT, TAG
from app.core.uploading import KEPT_SECONDS, MOST_OPEN, PIECE
from app.services.uploading import Uploading
from tests.chain_fixtures import NOTE, Place
from tests.web.browsing import Browser, browser_of, make_site

BYTES = {"Content-Type": "application/octet-stream"}
STEP = 1 << 16


def sealed(segments: int = 4) -> bytes:
    """Bytes with a sealed body's header and size; nobody can tell the rest from a sealed body."""
    return MAGIC + b"\1\1\0\0\0" + os.urandom(32 + segments * (SEGMENT + TAG))


@pytest.fixture
def app(place: Place) -> Flask:
    """A node with pages."""
    return make_site(place)


@pytest.fixture
def browser(app: Flask, patient: Person) -> Browser:
    """A patient's browser."""
    return browser_of(app).sign_in(patient)


@pytest.fixture
def uploading(place: Place) -> Uploading:
    """Uploads, with a clock that tests move."""
    database = place.node.database
    assert isinstance(database, Database)
    return Uploading(
        rows=database,
        folder=UploadFolder(place.folder / "uploads"),
        bodies=place.node.bodies,
        clock=place.time,
        largest=1 << 30,
        quota=0,
    )


def put(browser: Browser, id_: str, offset: int, piece: bytes) -> Any:
    """Send one piece."""
    return browser.ask("PUT", f"/api/uploads/{id_}?offset={offset}", data=piece, headers=BYTES)


def test_a_body_comes_in_pieces_and_is_found_under_its_address(
    place: Place, browser: Browser
) -> None:
    body = sealed()
    begun = browser.post("/api/uploads", {"size": len(body)})
    assert (begun["piece"], begun["offset"]) == (PIECE, 0)
    for offset in range(0, len(body), STEP):
        told = put(browser, begun["upload"], offset, body[offset : offset + STEP]).get_json()
        assert told == {"offset": min(offset + STEP, len(body))}
    ended = [browser.post(f"/api/uploads/{begun['upload']}/end") for _ in range(2)]
    assert ended == [{"address": cid_of(body)}] * 2
    assert browser.ask("GET", f"/api/bodies/{cid_of(body)}").data == body
    told = browser.get(f"/api/uploads/{begun['upload']}")
    assert told == {"offset": len(body), "size": len(body)}
    assert list((place.folder / "uploads").iterdir()) == []


def test_a_small_body_comes_in_one_request(browser: Browser) -> None:
    body = sealed(1)
    answer = browser.ask("POST", "/api/bodies", data=body, headers=BYTES)
    assert answer.get_json() == {"address": cid_of(body)}
    assert browser.ask("GET", f"/api/bodies/{cid_of(body)}").data == body


def test_after_a_break_an_upload_goes_on_where_it_was(browser: Browser) -> None:
    body = sealed()
    id_ = browser.post("/api/uploads", {"size": len(body)})["upload"]
    put(browser, id_, 0, body[:100_000])
    assert browser.get(f"/api/uploads/{id_}") == {"offset": 100_000, "size": len(body)}
    # pieces again, and one that begins in the middle of what is there
    assert put(browser, id_, 0, body[:100_000]).get_json() == {"offset": 100_000}
    assert put(browser, id_, 0, body[:50_000]).get_json() == {"offset": 100_000}
    assert put(browser, id_, 50_000, body[50_000:150_000]).get_json() == {"offset": 150_000}
    early = browser.ask("POST", f"/api/uploads/{id_}/end")
    assert (early.status_code, early.get_json()["facts"]) == (409, {"offset": 150_000})
    gap = put(browser, id_, 200_000, body[200_000:])
    assert (gap.status_code, gap.get_json()["facts"]) == (409, {"offset": 150_000})
    put(browser, id_, 150_000, body[150_000:])
    assert browser.post(f"/api/uploads/{id_}/end") == {"address": cid_of(body)}


@pytest.mark.asvs("5.2.2", "5.2.1")
def test_what_is_not_a_sealed_body_is_refused(browser: Browser) -> None:
    body = sealed()
    plain = {
        "text": NOTE + bytes(SEGMENT),
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(SEGMENT),
        "another version": b"CKB\2" + body[4:],
        "another suite": b"CKB\1\2" + body[5:],
        "spoilt": body[:5] + b"x" + body[6:],
        "too short": body[: HEADER - 1],
    }
    for what, content in plain.items():
        id_ = browser.post("/api/uploads", {"size": len(body)})["upload"]
        assert put(browser, id_, 0, content).status_code == 422, what
        assert browser.get(f"/api/uploads/{id_}")["offset"] == 0
    assert browser.error("POST", "/api/bodies", data=NOTE, headers=BYTES)[0] == 422


@pytest.mark.asvs("5.2.1", "2.2.1")
@pytest.mark.parametrize("size", [0, 1, HEADER, HEADER + TAG - 1, HEADER + SEGMENT + TAG + 3])
def test_a_size_that_no_sealed_body_has_is_refused(browser: Browser, size: int) -> None:
    assert browser.error("POST", "/api/uploads", {"size": size}) == (422, "MalformedSeal")


@pytest.mark.asvs("5.2.1")
def test_what_is_too_large_is_refused(place: Place, patient: Person) -> None:
    body = sealed(2)
    app = make_site(place, CHARTKEY_LARGEST_UPLOAD=str(len(body)))
    browser = browser_of(app).sign_in(patient)
    too_much = len(body) + SEGMENT + TAG
    assert browser.error("POST", "/api/uploads", {"size": too_much}) == (413, "TooLarge")
    id_ = browser.post("/api/uploads", {"size": len(body)})["upload"]
    assert put(browser, id_, 0, body + b"x").status_code == 413
    assert put(browser, id_, len(body), b"x").status_code == 413
    assert put(browser, id_, 0, bytes(PIECE + 1)).status_code == 413


@pytest.mark.asvs("5.2.1", "2.4.1")
def test_a_person_keeps_so_much_and_no_more(
    place: Place, patient: Person, stranger: Person
) -> None:
    body = sealed(1)
    app = make_site(place, CHARTKEY_STORAGE_QUOTA=str(2 * len(body)))
    browser = browser_of(app).sign_in(patient)
    for _ in range(2):
        browser.ask("POST", "/api/bodies", data=sealed(1), headers=BYTES)
    assert browser.get("/api/me")["stored"] == {"bytes": 2 * len(body), "most": 2 * len(body)}
    assert browser.error("POST", "/api/bodies", data=body, headers=BYTES) == (507, "StorageSpent")
    other = browser_of(app).sign_in(stranger)
    assert other.ask("POST", "/api/bodies", data=body, headers=BYTES).status_code == 200


def test_what_was_erased_counts_no_longer(place: Place, app: Flask, patient: Person) -> None:
    browser = browser_of(app).sign_in(patient)
    file = patient.write(NOTE, category="conditions")
    body = b"".join(place.node.bodies.read(file.address))
    browser.ask("POST", "/api/bodies", data=body, headers=BYTES)
    assert browser.get("/api/me")["stored"]["bytes"] == len(body)
    patient.erase(file)
    assert browser.get("/api/me")["stored"]["bytes"] == 0


def test_so_many_uploads_may_be_open_at_once(browser: Browser) -> None:
    size = len(sealed(1))
    begun = [browser.post("/api/uploads", {"size": size})["upload"] for _ in range(MOST_OPEN)]
    assert browser.error("POST", "/api/uploads", {"size": size}) == (429, "TooManyRequests")
    assert browser.ask("DELETE", f"/api/uploads/{begun[0]}").status_code == 200
    browser.post("/api/uploads", {"size": size})


@pytest.mark.asvs("8.2.2", "5.3.2")
def test_an_upload_is_its_person_s_own(app: Flask, browser: Browser, stranger: Person) -> None:
    body = sealed(1)
    id_ = browser.post("/api/uploads", {"size": len(body)})["upload"]
    thief = browser_of(app).sign_in(stranger)
    for method, path in (("GET", id_), ("DELETE", id_), ("POST", f"{id_}/end")):
        assert thief.error(method, f"/api/uploads/{path}") == (404, "NotStored")
    assert put(thief, id_, 0, body).status_code == 404
    for name in ("../node.db", "..%2fnode.db", "0" * 32, id_ + "x", id_.upper()):
        assert browser.ask("GET", f"/api/uploads/{name}").status_code == 404


def test_two_processes_take_pieces_of_one_upload(
    place: Place, uploading: Uploading, make_other: Callable[[], Uploading]
) -> None:
    body, person = sealed(8), "0x" + "ab" * 20
    other = make_other()
    upload = uploading.begin(person, len(body))
    starts = range(0, len(body), STEP)
    ready = threading.Barrier(2)

    def send(through: Uploading) -> None:
        ready.wait()
        for start in starts:
            while True:
                try:
                    through.append(person, upload.id, start, body[start : start + STEP])
                    break
                except OffsetMismatch:
                    continue  # the other one is about to write what comes before

    threads = [threading.Thread(target=send, args=(one,)) for one in (uploading, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    addresses = {one.end(person, upload.id) for one in (uploading, other)}
    assert addresses == {cid_of(body)}


@pytest.fixture
def make_other(place: Place) -> Callable[[], Uploading]:
    """Another process on the same database and folder."""

    def make() -> Uploading:
        return Uploading(
            rows=Database(f"sqlite:///{place.folder / 'node.db'}"),
            folder=UploadFolder(place.folder / "uploads"),
            bodies=place.node.bodies,
            clock=place.time,
            largest=1 << 30,
            quota=0,
        )

    return make


@pytest.mark.asvs("5.2.1")
def test_what_does_not_end_within_a_day_is_forgotten(place: Place, uploading: Uploading) -> None:
    body, person = sealed(1), "0x" + "ab" * 20
    old = uploading.begin(person, len(body))
    uploading.append(person, old.id, 0, body[:1000])
    place.time.ahead += KEPT_SECONDS + 1
    new = uploading.begin(person, len(body))
    assert {path.name for path in (place.folder / "uploads").iterdir()} == {new.id}
    assert uploading.stored(person) == len(body)


def test_when_the_disk_is_full_a_piece_leaves_nothing_behind(
    place: Place, uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, person = sealed(1), "0x" + "ab" * 20
    upload = uploading.begin(person, len(body))
    uploading.append(person, upload.id, 0, body[:1000])

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFull):
        uploading.append(person, upload.id, 1000, body[1000:])
    monkeypatch.undo()
    assert uploading.offset(person, upload.id) == (1000, len(body))
    uploading.append(person, upload.id, 1000, body[1000:])
    assert uploading.end(person, upload.id) == cid_of(body)


def test_what_the_store_could_not_keep_does_not_count(
    uploading: Uploading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> str:
        raise StoreFull()

    monkeypatch.setattr(uploading.bodies, "put", full)
    person = "0x" + "ab" * 20
    with pytest.raises(StoreFull):
        uploading.take(person, sealed(1))
    assert uploading.stored(person) == 0


@pytest.mark.asvs("5.3.1")
def test_what_is_sealed_to_the_node_itself_is_not_handed_out(place: Place, app: Flask) -> None:
    waybill = place.node.secret.seal(b"for the node", os.urandom)
    [address] = place.node.bodies.put_many([waybill])
    assert browser_of(app).error("GET", f"/api/bodies/{address}") == (404, "NotStored")
    answer = browser_of(app).ask("GET", f"/api/bodies/{cid_of(b'x')}")
    assert answer.status_code == 404
