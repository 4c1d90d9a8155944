"""Owns how web applications are put together from a node's parts, and what they tell operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Flask

from app import __version__
from app.adapters.database.figures import Figures
from app.adapters.database.inventory import Inventory
from app.adapters.many_bodies import ManyBodies
from app.compose import Parts, now
from app.config import Settings
from app.core.cid import cid_of
from app.core.errors import BalanceTooLow, ChainStale, ChartkeyError, StoreUnreachable
from app.core.ports import BodyKeeper
from app.core.signatures import Proof
from app.services.custodian import LocalCustodian
from app.services.peering import PeerDesk
from app.services.proofs import Proofs
from app.serving import FEED
from app.web import create_web, trust_proxies
from app.web.custodian import create_custodian_app
from app.web.health import Part, health
from app.web.live import Feed, live
from app.web.peers import peers
from app.web.statements import statements


def web_app(parts: Parts) -> Flask:
    """The web service of a node."""
    settings, node, proofs = parts.settings, parts.node(), Proofs(parts.database)

    def proof(digest: bytes) -> Proof | None:
        return proofs.proof(digest) or node.proof(digest)  # the index may not have come so far

    figures, watch = Figures(parts.database), Watch(parts)
    feed = Feed(figures.news, most=settings.threads - 2)
    blueprints = [
        health(watch.parts()),
        statements(node, fate=figures.fate, proof=proof, custodians=settings.custodians),
        live(feed),
        peers(
            PeerDesk(
                domains=parts.chain.domains,
                index=Inventory(parts.database),
                bodies=parts.bodies,
                secret=parts.secret,
                erase=node.erase_here,
            )
        ),
    ]
    app = create_web(blueprints, watch.gauges, rate=rate_of(settings.rate))
    trust_proxies(app, settings.proxies)
    app.extensions[FEED] = feed
    return app


def custodian_app(settings: Settings, custodian: LocalCustodian) -> Flask:
    """The web service of a custodian."""
    app = create_custodian_app(custodian, version=__version__, per_client=rate_of(settings.rate))
    trust_proxies(app, settings.proxies)
    return app


def rate_of(per_minute: int) -> str:
    """A limit in the words that app/web/limits.py reads."""
    return f"{per_minute}/minute" if per_minute else ""


class Watch:
    """Looks at what a node leans on, for whoever operates it."""

    def __init__(self, parts: Parts) -> None:
        self._parts, self._figures = parts, Figures(parts.database)

    def parts(self) -> list[Part]:
        """What /readyz looks at."""
        return [
            Part(name="database", look=self._database),
            Part(name="chain", look=self._chain),
            Part(name="bodies", look=self._bodies),
            Part(name="relayer", look=self._relayer, needed=False),
        ]

    def gauges(self) -> Mapping[str, float]:
        """What /metrics shows; what cannot be asked for is missing, and its `…_up` is 0."""
        found: dict[str, float] = {}
        for name, look in (
            ("database", self._queue),
            ("chain", self._chain),
            ("payer", self._payer),
        ):
            try:
                found |= look()
                found[f"{name}_up"] = 1
            except ChartkeyError:
                found[f"{name}_up"] = 0
        if "head_block" in found and "index_block" in found:
            found["index_lag_blocks"] = max(found["head_block"] - found["index_block"], 0)
        return found

    def _database(self) -> Mapping[str, int]:
        self._figures.require_answer()
        return {}

    def _queue(self) -> Mapping[str, int]:
        return self._figures.gauges(now())

    def _chain(self) -> Mapping[str, int]:
        view, most = self._parts.chain.view(), self._parts.settings.most_block_age
        age = max(now() - view.time, 0)
        if most and age > most:
            raise ChainStale(seconds=age)
        return {"head_block": view.number, "head_age_seconds": age}

    def _bodies(self) -> Mapping[str, int]:
        bodies, settings = self._parts.bodies, self._parts.settings
        stores: Sequence[BodyKeeper] = (bodies,)
        if isinstance(bodies, ManyBodies):
            stores = bodies.stores
        reached = sum(map(_answers, stores))
        if reached < (settings.ipfs_least if settings.ipfs else 1):
            raise StoreUnreachable(reason="too few stores do")
        return {"stores": reached}

    def _payer(self) -> Mapping[str, int]:
        payer = self._figures.payer()
        if not payer:
            return {}
        balance = self._parts.rpc.call("eth_getBalance", payer, "latest")
        return {"relayer_balance_wei": int(balance, 16)}

    def _relayer(self) -> Mapping[str, int]:
        figures, gauges = self._payer(), self._queue()
        if figures.get("relayer_balance_wei", 0) < self._parts.settings.balance_floor and figures:
            raise BalanceTooLow()
        wanted = ("waiting_digests", "waiting_calls", "oldest_waiting_seconds")
        return dict(figures) | {name: gauges[name] for name in wanted}


def _answers(store: BodyKeeper) -> bool:
    try:
        store.holds(cid_of(b""))
    except StoreUnreachable:
        return False
    return True
