"""Pages come with a strict policy, files with names that tell their content, texts in one catalogue."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest
from flask import Flask

from app.web import built as built_files
from app.web import languages
from app.web.built import FOREVER, Built
from app.web.languages import catalogue
from app.web.origins import origin_of, origins_of, pages_policy
from app.web.pages import BUILD
from tests.chain_fixtures import Place
from tests.web.browsing import browser_of, make_site

PATHS = ("/", "/app", "/app/chart", "/app/patients/0x12/records")
POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'self'", "'wasm-unsafe-eval'"],
    "worker-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "blob:", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'", "http://two.example:81", "https://one.example"],
    "frame-src": ["blob:"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as scripts/bundle.mjs leaves it."""
    files = {"main-A1.js": b"main()", "worker-B2.js": b"work()", "style-C3.css": b"a{}"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "main-A1.js.gz").write_bytes(gzip.compress(b"main()"))
    (tmp_path / "main-A1.js.br").write_bytes(b"brotli of main()")
    (tmp_path / "font-D4.woff2").write_bytes(b"wOF2")
    (tmp_path / "secret.txt").write_bytes(b"not listed")
    told = {
        "entries": {"main": "main-A1.js", "worker": "worker-B2.js", "style": "style-C3.css"},
        "files": {name: {} for name in (*files, "font-D4.woff2")},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(told))
    monkeypatch.setattr(built_files, "STATIC", tmp_path)
    monkeypatch.setattr(Built.__init__, "__defaults__", (tmp_path,))
    return tmp_path


@pytest.fixture
def app(place: Place, static: Path) -> Flask:
    """A node whose pages are built, with custodians elsewhere."""
    urls = "https://one.example/custodian,http://two.example:81"
    return make_site(place, CHARTKEY_CUSTODIANS=urls)


def directives(policy: str) -> dict[str, list[str]]:
    """A content security policy, directive by directive."""
    return {name: words for name, *words in (part.split() for part in policy.split("; "))}


@pytest.mark.asvs("3.4.3", "3.4.6", "1.2.1", "1.3.2", "3.4.8")
@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_the_shell_under_one_strict_policy(app: Flask, path: str) -> None:
    answer = browser_of(app).ask("GET", path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert directives(answer.headers["Content-Security-Policy"]) == POLICY
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    text = answer.get_data(as_text=True)
    for name in ("main-A1.js", "worker-B2.js", "style-C3.css"):
        assert f"/static/{name}" in text


@pytest.mark.asvs("3.4.3", "1.2.3")
def test_nothing_in_a_page_is_inline_or_from_elsewhere(app: Flask) -> None:
    text = browser_of(app).ask("GET", "/").get_data(as_text=True)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\s(style|on[a-z]+)\s*=", text)
    assert "<style" not in text
    assert not re.search(r"""(src|href)\s*=\s*["']?(https?:)?//""", text)


@pytest.mark.asvs("4.1.1", "3.2.1", "3.4.4", "3.4.5")
def test_every_answer_says_what_it_is_and_is_not_guessed_at(app: Flask) -> None:
    browser = browser_of(app)
    kinds = {
        "/": "text/html; charset=utf-8",
        "/static/main-A1.js": "text/javascript; charset=utf-8",
        "/static/style-C3.css": "text/css; charset=utf-8",
        "/static/font-D4.woff2": "font/woff2",
        "/favicon.ico": "image/svg+xml; charset=utf-8",
        "/manifest.webmanifest": "application/manifest+json",
        "/catalogue/en.json": "application/json",
        "/robots.txt": "text/plain; charset=utf-8",
        "/api/deployment": "application/json",
    }
    for path, kind in kinds.items():
        answer = browser.ask("GET", path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind), path
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


@pytest.mark.asvs("3.4.1")
def test_over_tls_browsers_are_told_to_stay_there(app: Flask) -> None:
    answer = app.test_client().get("/", base_url="https://localhost")
    assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in app.test_client().get("/").headers


def test_files_are_kept_for_good_and_come_compressed(app: Flask) -> None:
    browser = browser_of(app)
    for asked, encoding, content in (
        ("gzip, br", "br", b"brotli of main()"),
        ("gzip", "gzip", gzip.compress(b"main()")),
        ("", None, b"main()"),
    ):
        answer = browser.ask("GET", "/static/main-A1.js", headers={"Accept-Encoding": asked})
        assert answer.headers["Cache-Control"] == FOREVER
        assert answer.headers.get("Content-Encoding") == encoding
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert len(answer.data) == len(content)
    plain = browser.ask("GET", "/static/worker-B2.js", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in plain.headers


@pytest.mark.asvs("3.4.3")
def test_a_worker_is_bound_by_the_pages_policy(app: Flask) -> None:
    answer = browser_of(app).ask("GET", "/static/worker-B2.js")
    assert directives(answer.headers["Content-Security-Policy"]) == POLICY


@pytest.mark.asvs("5.3.2", "13.4.3")
@pytest.mark.parametrize(
    "name",
    ["secret.txt", "manifest.json", "../static/main-A1.js", "main-A1.js.gz", "..", "%2e%2e/x", ""],
)
def test_only_what_was_built_is_handed_out(app: Flask, name: str) -> None:
    assert browser_of(app).ask("GET", f"/static/{name}").status_code == 404


def test_pages_that_are_not_built_say_what_to_run(place: Place, static: Path) -> None:
    app = make_site(place)
    (static / "manifest.json").rename(static / "away.json")
    answer = browser_of(app).ask("GET", "/app/chart")
    assert (answer.status_code, BUILD in answer.get_data(as_text=True)) == (503, True)
    (static / "away.json").rename(static / "manifest.json")
    assert browser_of(app).ask("GET", "/app/chart").status_code == 200  # without a restart


@pytest.mark.asvs("3.4.3", "14.3.2")
def test_answers_of_the_api_may_do_nothing_in_a_browser(app: Flask) -> None:
    for path in ("/api/deployment", "/api/session", "/api/nowhere", "/catalogue/en.json"):
        headers = browser_of(app).ask("GET", path).headers
        assert directives(headers["Content-Security-Policy"])["default-src"] == ["'none'"]
        assert headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("13.4.1")
def test_a_path_that_is_no_page_is_not_found(app: Flask) -> None:
    for path in ("/apps", "/static", "/catalogue/../x.json", "/.git/config", "/app/../.git/HEAD"):
        assert b"[core]" not in browser_of(app).ask("GET", path).data
        assert "/app/" in path or browser_of(app).ask("GET", path).status_code == 404
    assert browser_of(app).ask("POST", "/app").status_code == 405


def test_who_mistypes_an_address_reads_a_page_and_programs_json(app: Flask) -> None:
    wants = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = browser_of(app).ask("GET", "/chart", headers=wants)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert directives(answer.headers["Content-Security-Policy"]) == POLICY
    assert "There is no such page" in answer.get_data(as_text=True)
    for path, accept in (("/chart", "*/*"), ("/api/nowhere", wants["Accept"])):
        answer = browser_of(app).ask("GET", path, headers={"Accept": accept})
        assert (answer.status_code, answer.get_json()["error"]) == (404, "HttpError")


# languages

PO = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Permission"
msgstr "Erlaubnis"

msgid "{count} record"
msgid_plural "{count} records"
msgstr[0] "{count} Eintrag"
msgstr[1] "{count} Einträge"

#, fuzzy
msgid "Doubtful"
msgstr "Zweifelhaft"

msgid "Not translated"
msgstr ""
"""


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A catalogue of German beside our English."""
    folder = tmp_path / "translations"
    messages = folder / "de" / "LC_MESSAGES"
    messages.mkdir(parents=True)
    (messages / "messages.po").write_text(PO, encoding="utf-8")
    monkeypatch.setattr(languages, "FOLDER", folder)
    for function in (languages.languages, languages.catalogue):
        before = [folder if value == folder else value for value in function.__defaults__ or ()]
        monkeypatch.setattr(function, "__defaults__", (*before[:-1], folder))
    return folder


def test_scripts_get_the_texts_of_a_language_from_the_one_catalogue(german: Path) -> None:
    told = catalogue("de")
    assert told["messages"] == {
        "Permission": "Erlaubnis",
        "{count} record": ["{count} Eintrag", "{count} Einträge"],
    }
    assert catalogue("en") == {"lang": "en", "messages": {}}


def test_a_page_speaks_the_language_that_a_browser_likes_best(app: Flask, german: Path) -> None:
    browser = browser_of(app)
    for asked, language in (("de-CH,de;q=0.9,en;q=0.8", "de"), ("fr", "en"), ("", "en")):
        answer = browser.ask("GET", "/", headers={"Accept-Language": asked})
        text = answer.get_data(as_text=True)
        assert f'lang="{language}"' in text
        assert f"/catalogue/{language}.json" in text
        assert "Accept-Language" in answer.headers["Vary"]
    assert browser.get("/catalogue/de.json")["lang"] == "de"
    assert browser.ask("GET", "/catalogue/xx.json").status_code == 404


# where pages are


@pytest.mark.parametrize(
    ("chosen", "bind", "origins"),
    [
        ((), ("127.0.0.1", 8000), ("http://localhost:8000", "http://127.0.0.1:8000")),
        ((), ("0.0.0.0", 80), ("http://localhost", "http://127.0.0.1")),
        ((), ("192.0.2.1", 8000), ("http://192.0.2.1:8000",)),
        (("https://Chart.Example:443",), ("127.0.0.1", 8000), ("https://chart.example",)),
        (("http://a:81", "https://b"), ("127.0.0.1", 1), ("http://a:81", "https://b")),
    ],
)
def test_where_a_node_s_own_pages_are(
    chosen: tuple[str, ...], bind: tuple[str, int], origins: tuple[str, ...]
) -> None:
    assert origins_of(chosen, bind) == origins


def test_an_origin_is_written_as_browsers_write_it() -> None:
    assert origin_of("HTTPS://One.Example:443/path?x=1") == "https://one.example"
    assert origin_of("http://[::1]:8000/") == "http://[::1]:8000"
    assert "connect-src 'self';" in pages_policy([]) + ";"
