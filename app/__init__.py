"""Owns the version, and the web application as a server calls for it: `app:create_app()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.compose import Parts

__version__ = "0.1.0"


def create_app(parts: Parts | None = None) -> Flask:
    """The web service of a node, from the environment unless its parts are given.

    Imports stand here, since everything in this package passes through this file.
    """
    import os

    from app.applications import web_app
    from app.compose import parts_of
    from app.config import Settings

    return web_app(parts or parts_of(Settings.from_environment(os.environ)))
