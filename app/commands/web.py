"""Owns `python -m app web`: taking statements over HTTP, until told to stop."""

from __future__ import annotations

import argparse
import os

from app import create_app, logs
from app.compose import parts_of
from app.config import Settings
from app.serving import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are none: the environment says everything."""


def run(_options: argparse.Namespace) -> int:
    """Serve with gunicorn; any number of processes may work on one database."""
    settings = Settings.from_environment(os.environ)
    logs.begin("web", settings.log_level)
    parts_of(settings)  # makes what is made at the first start, and raises what is wrong, once
    serve(create_app, bind=settings.bind, workers=settings.workers, threads=settings.threads)
    return 0
