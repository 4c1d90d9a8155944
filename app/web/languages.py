"""Owns the languages of pages: which there are, which a browser wants, and the catalogue for scripts."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po
from flask import Flask, request
from flask_babel import Babel
from werkzeug.exceptions import NotFound

FOLDER = Path(__file__).resolve().parent / "translations"
OWN = "en"
"""The language in which the texts are written: it needs no catalogue."""


def languages(folder: Path = FOLDER) -> list[str]:
    """English, and those of which there is a catalogue."""
    return [OWN, *sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/*.po"))]


def wanted_language() -> str:
    """The one of ours that this browser likes best."""
    return request.accept_languages.best_match(languages()) or OWN


def install_languages(app: Flask) -> None:
    """Have templates speak the browser's language, by Flask-Babel."""
    Babel(
        app,
        default_locale=OWN,
        default_translation_directories=str(FOLDER),
        locale_selector=wanted_language,
    )


def catalogue(language: str, folder: Path = FOLDER) -> dict[str, Any]:
    """The texts of a language for scripts, by their English; raises NotFound."""
    if language not in languages(folder):
        raise NotFound()
    path = folder / language / "LC_MESSAGES" / "messages.po"
    told = {} if language == OWN else _messages(path, path.stat().st_mtime_ns)
    return {"lang": language, "messages": told}


@lru_cache(maxsize=32)
def _messages(path: Path, _changed_at: int) -> dict[str, Any]:
    with path.open("rb") as file:
        told = read_po(file)
    found: dict[str, Any] = {}
    for message in told:
        if not message.id or message.fuzzy or not message.string:
            continue
        if isinstance(message.id, str):
            found[message.id] = message.string
        else:
            found[message.id[0]] = list(message.string)
    return found
