"""Starts custodians as HTTP services on this machine, each with a key and a log of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.adapters.access_log import SqliteAccessLog
from app.adapters.custodian_client import HttpCustodian
from app.adapters.rpc import Rpc
from app.adapters.witnesses import Witnesses
from app.core.keys import PrivateKey
from app.services.custodian import LocalCustodian, Registry
from app.web.custodian import create_custodian_app
from tests.chain_fixtures import Place
from tests.serving import served


def serving(
    place: Place, key: PrivateKey, urls: Sequence[str] = (), folder: str = "served", **settings: Any
) -> LocalCustodian:
    """A custodian that asks these endpoints (the place's own unless named) and nobody tells."""
    timeout = settings.pop("timeout", 20.0)
    witnesses = Witnesses(
        [Rpc(url, timeout=timeout) for url in urls or [place.rpc.url]],
        place.deployment,
        most_block_age=settings.pop("most_block_age", 0),
        clock=place.time,
        **{name: settings.pop(name) for name in ("confirmations",) if name in settings},
    )
    values: dict[str, Any] = {
        "name": "a custodian",
        "key": key,
        "registries": [Registry(domains=place.chain.domains, witnesses=witnesses)],
        "log": SqliteAccessLog(place.folder / folder / "log.db"),
        "clock": place.time,
        "random": os.urandom,
    }
    return LocalCustodian(**values | settings)


@contextmanager
def over_http(custodian: LocalCustodian, **settings: Any) -> Iterator[HttpCustodian]:
    """A custodian of this process, reached over HTTP."""
    app = create_custodian_app(custodian, version="test", **settings)
    with served(app) as url:
        yield HttpCustodian(url, name=custodian.name)
