"""Owns a custodian's HTTP service: openings, revocations, patients' inquiries, health, metrics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from flask import Flask, Response, request
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from app.core.encoding import hex0x
from app.core.errors import ChartkeyError, ServerFault
from app.core.opening import OpeningRequest, Release
from app.core.outcomes import each, result_of
from app.core.wire import (
    MOST_BYTES,
    read_inquiry,
    read_json,
    read_request,
    read_requests,
    read_revocation,
    write_outcomes,
    write_page,
    write_release,
)
from app.services.custodian import LocalCustodian
from app.web.errors import answer, install_errors
from app.web.limits import Limit
from app.web.posted import PostedAlone

SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics:
    """What a custodian counts; it tells nothing about who asked for what."""

    def __init__(self, custodian: LocalCustodian) -> None:
        self.registry = CollectorRegistry()
        self.openings = Counter(
            "chartkey_custodian_openings",
            "Openings by their outcome: released, or the name of the error.",
            ["outcome"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "chartkey_custodian_opening_seconds",
            "Seconds that an opening took.",
            buckets=SECONDS,
            registry=self.registry,
        )
        logged = Gauge(
            "chartkey_custodian_logged",
            "Openings in the log: open, anchored by others, or handed in.",
            ["state"],
            registry=self.registry,
        )
        age = Gauge(
            "chartkey_custodian_head_age_seconds",
            "Age of the newest block when it was last looked at; it grows while nobody asks.",
            registry=self.registry,
        )
        self._custodian, self._logged = custodian, logged
        age.set_function(lambda: custodian.clock() - custodian.newest_time)

    def text(self) -> bytes:
        """In Prometheus' text format."""
        for state, count in self._custodian.log.counts().items():
            self._logged.labels(state).set(count)
        return generate_latest(self.registry)

    def release_all(
        self, asked: Sequence[OpeningRequest | ChartkeyError]
    ) -> list[Release | ChartkeyError]:
        """Have the custodian decide, and count what came of each; all of them take as long."""
        outcomes: Sequence[object] = [ServerFault()] * len(asked)
        begin = time.perf_counter()
        try:
            outcomes = released = self._custodian.release_all(asked)
        except ChartkeyError as error:
            outcomes = [error] * len(asked)
            raise
        finally:
            seconds = time.perf_counter() - begin
            for outcome in outcomes:
                name = "released" if isinstance(outcome, Release) else type(outcome).__name__
                self.openings.labels(name).inc()
                self.seconds.observe(seconds)
        return released


def create_custodian_app(
    custodian: LocalCustodian,
    *,
    version: str,
    per_client: str = "1200/minute",
    per_viewer: str = "600/minute",
) -> Flask:
    """The Flask app of one custodian; rates are of the form `600/minute`, empty: no limit.

    A viewer's own rate counts what was released, so that nobody uses it up in their name.
    """
    app = Flask("chartkey.custodian", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    install_errors(app)
    metrics, clients, viewers = Metrics(custodian), Limit(per_client), Limit(per_viewer)

    @app.get("/custodian")
    def _describe() -> Response:
        return answer(describe(custodian, version))

    def read(client: str, in_list: dict[str, int], document: Any) -> OpeningRequest:
        clients.require(client)
        asked = read_request(document)
        viewer = asked.access.statement.viewer
        count = in_list.get(viewer, 0) + 1
        viewers.require_left(viewer, count)
        in_list[viewer] = count
        return asked

    def open_all(client: str, documents: Sequence[Any]) -> list[Release | ChartkeyError]:
        """Each is counted, and fails, alone."""
        asked = each(partial(read, client, {}), documents)
        released = metrics.release_all(asked)
        for one, outcome in zip(asked, released, strict=True):
            if isinstance(one, OpeningRequest) and isinstance(outcome, Release):
                viewers.count(one.access.statement.viewer)
        return released

    def open_(client: str, body: bytes) -> Any:
        document = read_json(body)
        if isinstance(document, list):
            return write_outcomes(open_all(client, read_requests(document)))
        [outcome] = open_all(client, [document])
        return write_release(result_of(outcome))

    @app.post("/openings")  # Flask knows the path for the sake of what else is asked of it
    def _open() -> Response:
        return answer(open_(_client(), request.get_data(cache=False)))

    app.wsgi_app = PostedAlone(app.wsgi_app, "/openings", open_)  # type: ignore[method-assign]

    @app.post("/revocations")
    def _hear() -> Response:
        clients.require(_client())
        custodian.hear(read_revocation(_json()))
        return answer({"heard": True})

    @app.post("/entries")
    def _tell() -> Response:
        clients.require(_client())
        inquiry, session, after = read_inquiry(_json())
        return answer(write_page(custodian.entries(inquiry, session, after=after)))

    @app.get("/healthz")
    def _live() -> Response:
        return answer({"alive": True})

    @app.get("/readyz")
    def _ready() -> Response:
        clients.require(_client())
        custodian.require_ready()
        return answer({"ready": True})

    @app.get("/metrics")
    def _measure() -> Response:
        return Response(metrics.text(), content_type=CONTENT_TYPE_LATEST)

    return app


def describe(custodian: LocalCustodian, version: str) -> dict[str, Any]:
    """What everybody may know of a custodian."""
    return {
        "chartkey": "custodian/1",
        "name": custodian.name,
        "version": version,
        "publicKey": hex0x(custodian.key.public.raw),
        "ids": [hex0x(id_) for id_ in custodian.ids],
        "registries": [
            {
                "chain": registry.domains.chain_id,
                "people": registry.domains.people.contract,
                "records": registry.domains.records.contract,
                "consent": registry.domains.consent.contract,
                "audit": registry.domains.audit.contract,
                "until": registry.until,
            }
            for registry in custodian.registries
        ],
    }


def _client() -> str:
    return request.remote_addr or "unknown"


def _json() -> Any:
    return read_json(request.get_data(cache=False))
