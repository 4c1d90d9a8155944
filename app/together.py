"""Owns every service in one process: servers and loops in threads, started and ended together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from threading import Event, Thread
from typing import cast

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from app.adapters.database import Database
from app.adapters.processes import require_free
from app.applications import custodian_app, web_app
from app.compose import (
    Parts,
    hand_in_loop,
    index_loop,
    log_settled,
    plan_of,
    relay_loop,
)
from app.config import Settings
from app.core.errors import CannotStart, TransactionFailed
from app.demo.trial import EmbeddedTrial
from app.embedded import Embedded
from app.running import Crew
from app.services.custodian import LocalCustodian
from app.services.relayer import PATIENCE, Plan, Relayer, Settled
from app.serving import FEED

SLOWEST = 60.0
"""Seconds in which who asked takes or sends the next piece of a body."""


class Requests(WSGIRequestHandler):
    """Writes no line for each request: addresses and paths are nobody's business."""

    timeout = 1.0
    """Seconds after which a kept connection without a request is closed, so that servers end soon."""

    def run_wsgi(self) -> None:
        """As ever, but a browser may take its time over a large body that it opens as it comes."""
        self.connection.settimeout(SLOWEST)
        try:
            super().run_wsgi()
        finally:
            self.connection.settimeout(self.timeout)

    def log_request(self, *_: object) -> None:
        """Nothing."""


class HttpServer:
    """A web application on a port of this process, for `all`, the demo and tests."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        """Port 0 takes a free one; raises CannotStart where the port is taken."""
        require_free(port, "The web service")
        self._app = app
        try:
            self._server: BaseWSGIServer = make_server(
                host, port, app, threaded=True, request_handler=Requests
            )
        except SystemExit as cause:  # somebody took it in between
            raise CannotStart(program="The web service", reason=f"port {port} is taken") from cause
        self._server.daemon_threads = False  # type: ignore[attr-defined]
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="http")
        self.url = f"http://{host}:{self._server.server_port}"

    def start(self) -> None:
        """Take requests."""
        self._thread.start()

    def end(self) -> None:
        """Take no more, and return when those under way are answered."""
        feed = self._app.extensions.get(FEED)
        if feed is not None:
            feed.is_closing = lambda: True
            feed.close()
        if self._thread.ident is not None:
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Every service in this process: where they listen, and whether one has broken."""

    url: str
    custodians: Sequence[str]
    crew: Crew
    is_idle: Callable[[], bool]
    """Whether all that was accepted is in blocks."""

    def settle(self, patience: float = PATIENCE) -> None:
        """Wait until the relayer has brought to the chain what was accepted.

        Raises TransactionFailed where it does not come about, CannotStart where a service broke.
        """
        until = time.monotonic() + patience
        while not self.is_idle():
            if self.crew.is_broken:
                raise CannotStart("it broke", program="A service")
            if time.monotonic() > until:
                raise TransactionFailed("it was not in a block after two minutes")
            time.sleep(0.01)


@contextmanager
def together(
    parts: Parts,
    custodians: Sequence[LocalCustodian],
    *,
    stop: Event,
    relayer: Relayer | None = None,
) -> Iterator[Together]:
    """Web, relayer, index and custodians in threads; all end in good order.

    The node listens where the settings say, the custodians on free ports beside it.
    """
    settings, node = parts.settings, parts.node()
    host, port = settings.bind
    with ExitStack() as stack:

        def server_of(app: Flask, port: int = 0) -> HttpServer:
            server = HttpServer(app, host, port)
            stack.callback(server.end)
            return server

        apart = [server_of(custodian_app(settings, custodian)) for custodian in custodians]
        known = replace(
            parts, settings=replace(settings, custodians=tuple(server.url for server in apart))
        )
        web = server_of(web_app(known), port)
        for server in (*apart, web):
            server.start()
        relayer = relayer or parts.relayer()
        loops = [relay_loop(relayer), index_loop(parts.indexer())]
        loops += [hand_in_loop(settings, one, node, node.proof) for one in custodians]
        crew = Crew(loops, stop)
        stack.callback(crew.end)
        crew.start()
        yield Together(
            url=web.url,
            custodians=[server.url for server in apart],
            crew=crew,
            is_idle=relayer.is_idle,
        )


def parts_of_place(place: Embedded, settings: Settings) -> Parts:
    """The parts of a Chartkey with a chain of its own, whose clock may be idle for hours."""
    database = cast(Database, place.node.database)
    return Parts(
        settings=replace(settings, most_block_age=0, hand_in_seconds=place.hand_in_after),
        deployment=place.deployment,
        rpc=place.rpc,
        chain=place.chain,
        database=database,
        bodies=place.node.bodies,
        secret=place.node.secret,
        custodians=place.custodians,
        payer=place.chain_process.accounts[0],
        trial=EmbeddedTrial(place, database),
    )


@contextmanager
def running(place: Embedded, settings: Settings) -> Iterator[Together]:
    """Every service of an embedded Chartkey, until the block ends."""
    parts = parts_of_place(place, settings)
    own = place.node.relayer  # settles at once what the place is asked to settle
    with ExitStack() as stack:
        if own is not None:
            stack.callback(_give_back, own, own.plan, own.seen)
            own.plan, own.seen = plan_of(settings), _both(log_settled, own.seen)
        yield stack.enter_context(together(parts, place.custodians, stop=Event(), relayer=own))


def _give_back(relayer: Relayer, plan: Plan, seen: Callable[[Settled], None]) -> None:
    relayer.plan, relayer.seen = plan, seen


def _both(
    one: Callable[[Settled], None], other: Callable[[Settled], None]
) -> Callable[[Settled], None]:
    def seen(settled: Settled) -> None:
        one(settled)
        other(settled)

    return seen
