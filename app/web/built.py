"""Owns the files that scripts/bundle.mjs built: which there are, and how they are handed out."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Response, request
from werkzeug.exceptions import NotFound

STATIC = Path(__file__).resolve().parent / "static"
MANIFEST = "manifest.json"
FOREVER = "public, max-age=31536000, immutable"
"""Their names change with their content."""
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""How a browser asks for a compressed copy, and the end of its name; the smallest first."""
KINDS = {".js": "text/javascript", ".woff2": "font/woff2", ".wasm": "application/wasm"}


class Built:
    """The folder; what is in it is looked up again when its manifest changes."""

    def __init__(self, folder: Path = STATIC) -> None:
        self._folder = folder
        self._read_at = 0
        self._manifest: Mapping[str, Any] = {}

    def entry(self, name: str) -> str:
        """The path of what a page loads first: main, worker or style; empty where nothing is built."""
        found = self._told().get("entries", {}).get(name)
        return f"/static/{found}" if found else ""

    @property
    def is_there(self) -> bool:
        """Whether pages can be shown."""
        return bool(self.entry("main") and self.entry("worker") and self.entry("style"))

    def response(self, name: str) -> Response:
        """One of the files, compressed where the browser takes that; raises NotFound."""
        if name not in self._told().get("files", {}):
            raise NotFound()
        path, encoding = self._folder / name, ""
        for kind, ending in ENCODINGS:
            copy = path.with_name(name + ending)
            if request.accept_encodings[kind] and copy.is_file():
                path, encoding = copy, kind
                break
        response = Response(path.read_bytes(), content_type=_kind_of(name))
        response.headers["Cache-Control"] = FOREVER
        response.headers["Vary"] = "Accept-Encoding"
        if encoding:
            response.headers["Content-Encoding"] = encoding
        return response

    def _told(self) -> Mapping[str, Any]:
        """The manifest, as it is now: a build that goes on while the node runs is noticed."""
        path = self._folder / MANIFEST
        try:
            changed_at = path.stat().st_mtime_ns
            if changed_at != self._read_at:
                self._manifest = json.loads(path.read_bytes())
                self._read_at = changed_at
        except FileNotFoundError:
            self._manifest, self._read_at = {}, 0
        return self._manifest


def _kind_of(name: str) -> str:
    kind = KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
    kind = kind or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
