"""Owns how gunicorn serves a web application: threads, several processes, an orderly end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Names the folder in which processes add up what they count (prometheus_client)."""
FEED = "chartkey.feed"
"""Under this name an application keeps its live feed, which must end with its process."""
PATIENCE = 30
"""Seconds that a server that is told to stop gives to the requests under way."""
Worker = Any
"""One of gunicorn's processes; it comes without types."""


class QuietLogger(Logger):
    """gunicorn's log through ours: requests are not logged, since URLs may carry anything."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.handlers[:] = []
        self.error_log.propagate = True

    def access(self, *_: Any) -> None:
        """Requests are counted in the metrics instead."""


class Server(BaseApplication):
    """gunicorn with threads, whose workers each make their own application."""

    def __init__(self, make: Callable[[], Flask], settings: Mapping[str, Any]) -> None:
        self._make, self._settings = make, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make()


def serve(
    make: Callable[[], Flask],
    *,
    bind: tuple[str, int],
    threads: int,
    workers: int = 1,
    began: Callable[[Worker], None] = lambda _: None,
    ended: Callable[[Worker], None] = lambda _: None,
) -> None:
    """Serve until told to stop, and leave by SystemExit; each process makes its own application.

    `began` and `ended` are called in each process. With several, they add up what they count in a
    folder, which must be named before prometheus_client is imported.
    """
    host, port = bind
    settings: dict[str, Any] = {
        "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
        "graceful_timeout": PATIENCE,
        "logger_class": QuietLogger,
        "post_worker_init": lambda worker: _begin(worker, began),
        "worker_exit": lambda _server, worker: ended(worker),
        "control_socket_disable": True,
    }
    if workers == 1:
        Server(make, settings).run()
    else:
        with _counted_together():
            import_module("app.applications")  # once, for all processes that part from this one
            Server(make, settings | {"child_exit": _forget_process}).run()


def _begin(worker: Worker, began: Callable[[Worker], None]) -> None:
    feed = worker.wsgi.extensions.get(FEED)
    if feed is not None:
        feed.is_closing = lambda: not worker.alive
    began(worker)


@contextmanager
def _counted_together() -> Iterator[None]:
    own = os.getpid()
    folder = TemporaryDirectory(prefix="chartkey-metrics-")
    os.environ[METRICS_FOLDER] = folder.name
    try:
        yield
    finally:
        if os.getpid() == own:  # every process of gunicorn's leaves through here
            folder.cleanup()


def _forget_process(_server: Any, worker: Worker) -> None:
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)
