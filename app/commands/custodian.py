"""Owns `python -m app custodian`: releasing shares when the contracts allow it, until told to stop."""

from __future__ import annotations

import argparse
import os
import signal
from threading import Event

from flask import Flask

from app import logs
from app.applications import custodian_app
from app.compose import custodian_loops, custodian_of, operators_stop, parts_of
from app.config import Settings
from app.running import Crew
from app.serving import Worker, serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The operator's stop: it can only refuse, and outlasts a restart."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--stop", action="store_true", help="release nothing from now on")
    choice.add_argument("--go", action="store_true", help="release again")


def run(options: argparse.Namespace) -> int:
    """Serve with gunicorn, and anchor what nobody else did."""
    settings = Settings.from_environment(os.environ)
    if options.stop:
        operators_stop(settings).stop()
        print("This custodian releases nothing until it is told to go on.")
        return 0
    if options.go:
        operators_stop(settings).start()
        print("This custodian releases again.")
        return 0
    logs.begin("custodian", settings.log_level)
    _serve(settings)
    return 0


def _serve(settings: Settings) -> None:
    """One process: its metrics and its limits count everything."""
    require_fit(settings)
    crews: list[Crew] = []

    def make() -> Flask:
        custodian, parts = custodian_of(settings), parts_of(settings)
        loops = custodian_loops(settings, custodian, parts)
        crews.append(Crew(loops, Event(), when_broken=end_this_process))
        return custodian_app(settings, custodian)

    def begin(_worker: Worker) -> None:
        for crew in crews:
            crew.start()

    def end(_worker: Worker) -> None:
        for crew in crews:
            crew.end()

    serve(make, bind=settings.bind, threads=settings.threads, began=begin, ended=end)


def require_fit(settings: Settings) -> None:
    """Make what is made at the first start, and raise what is wrong before a process depends on it."""
    custodian_loops(settings, custodian_of(settings), parts_of(settings))


def end_this_process() -> None:
    """Have the server's process end in good order; another one takes its place."""
    os.kill(os.getpid(), signal.SIGTERM)
