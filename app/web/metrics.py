"""Owns what Prometheus is told: how long requests took, and gauges that are asked for at each scrape.

A gauge is asked of the database and the chain when Prometheus comes, so that any process answers
rightly. Requests are counted where they are answered; where PROMETHEUS_MULTIPROC_DIR names a folder,
the web processes add theirs up in it (prometheus_client's multiprocess mode).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "chartkey_"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
Gauges = Callable[[], Mapping[str, float]]


class Asked(Collector):
    """Gauges by name, asked for when they are collected."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, value in self._gauges().items():
            yield GaugeMetricFamily(PREFIX + name, name.replace("_", " "), value)


def measure(app: Flask, gauges: Gauges) -> None:
    """Time every request of the app by its rule, never by its URL, and serve /metrics."""
    registry = CollectorRegistry()
    seconds = Histogram(
        PREFIX + "request_seconds",
        "How long requests took",
        ["method", "rule", "status"],
        buckets=BUCKETS,
        registry=registry,
    )
    asked = Asked(gauges)
    if FOLDER not in os.environ:
        registry.register(asked)

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        rule = request.url_rule.rule if request.url_rule else "none"
        took = time.perf_counter() - g.get("began", time.perf_counter())
        seconds.labels(request.method, rule, f"{response.status_code // 100}xx").observe(took)
        return response

    @app.get("/metrics")
    def metrics() -> Response:
        told = registry
        if FOLDER in os.environ:
            told = CollectorRegistry()
            MultiProcessCollector(told)
            told.register(asked)
        return Response(generate_latest(told), content_type=CONTENT_TYPE_LATEST)
