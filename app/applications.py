"""Owns how web applications are put together from a node's parts, and what they tell operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask

from app import __version__
from app.adapters.custodians_seen import look_at
from app.adapters.database.figures import Figures
from app.adapters.database.inventory import Inventory
from app.adapters.many_bodies import ManyBodies
from app.adapters.own_transactions import OwnTransactions
from app.adapters.upload_folder import UploadFolder
from app.compose import Parts, now
from app.config import Settings
from app.core.cid import cid_of
from app.core.errors import BalanceTooLow, ChainStale, ChartkeyError, StoreUnreachable
from app.core.ports import BodyKeeper
from app.core.signatures import Proof
from app.core.uploading import PIECE
from app.services.asking import Asking
from app.services.charts import Charts
from app.services.custodian import LocalCustodian
from app.services.node import LocalNode
from app.services.peering import PeerDesk
from app.services.people import People
from app.services.proofs import Proofs
from app.services.uploading import Uploading
from app.serving import FEED
from app.web import create_web, trust_proxies
from app.web.administration import CustodianSeen, Overview, administration
from app.web.asking import asking
from app.web.built import Built
from app.web.custodian import create_custodian_app
from app.web.health import Part, health
from app.web.letters import letters
from app.web.live import Feed, live
from app.web.open_to_pages import OpenToPages
from app.web.origins import origins_of, pages_policy
from app.web.pages import pages
from app.web.peers import peers
from app.web.people import names, own_things, persons
from app.web.sessions import Guard, sessions
from app.web.statements import statements
from app.web.transactions import transactions
from app.web.trial import trial
from app.web.uploads import uploads


def web_app(parts: Parts) -> Flask:
    """The web service of a node."""
    settings, node, database = parts.settings, parts.node(), parts.database
    figures, watch, proof = Figures(database), Watch(parts), proof_from(parts, node)
    desk, guard = _desk(parts, node), _guard(parts)
    feed = Feed(figures.news, most=settings.threads - 2, sent=database.sent_since)
    people = People(
        domains=node.domains, chain=parts.chain, directory=database, keys=node, clock=now
    )
    uploading = Uploading(
        rows=database,
        folder=UploadFolder(settings.data / "uploads"),
        bodies=parts.bodies,
        clock=now,
        largest=settings.largest_upload,
        quota=settings.storage_quota,
    )
    charts = Charts(
        domains=node.domains,
        view=parts.chain.view,
        letters=database,
        bodies=parts.bodies,
        proof=proof,
        clock=now,
    )
    blueprints = [
        health(watch.parts()),
        statements(node, fate=figures.fate, proof=proof, custodians=settings.custodians),
        live(feed, guard),
        peers(desk),
        asking(
            Asking(chain=parts.chain, anchored_block=database.anchored_block),
            desk,
            deployment_of(parts),
        ),
        sessions(guard, challenges=rate_of(settings.sign_in_rate)),
        names(guard, guard.sign_in, node),
        own_things(guard, node, database, people, uploading),
        persons(guard, node, people),
        letters(guard, node, charts),
        uploads(guard, uploading),
        transactions(guard, OwnTransactions(parts.rpc, parts.deployment)),
        administration(guard, watch.overview(people)),
        pages(Built(), policy=pages_policy(settings.custodians), name=settings.name),
    ]
    if parts.trial is not None:
        blueprints.append(trial(guard, parts.trial))
    app = create_web(blueprints, watch.gauges, rate=rate_of(settings.rate))
    trust_proxies(app, settings.proxies)
    app.extensions[FEED] = feed
    return app


def proof_from(parts: Parts, node: LocalNode) -> Callable[[bytes], Proof | None]:
    """Where a digest is anchored: by the index, which may not have come so far, or by this node."""
    proofs = Proofs(parts.database)
    return lambda digest: proofs.proof(digest) or node.proof(digest)


def _desk(parts: Parts, node: LocalNode) -> PeerDesk:
    return PeerDesk(
        domains=parts.chain.domains,
        index=Inventory(parts.database),
        bodies=parts.bodies,
        secret=parts.secret,
        erase=node.erase_here,
    )


def _guard(parts: Parts) -> Guard:
    from app.services.sign_in import SignIn  # a second's work, which custodians do not need

    settings = parts.settings
    sign_in = SignIn(
        visitors=parts.database,
        view=parts.chain.view,
        chain_id=parts.deployment.chain_id,
        clock=now,
        idle_seconds=settings.idle_seconds,
        longest_seconds=settings.session_seconds,
    )
    return Guard(
        sign_in,
        origins_of(settings.origin, settings.bind),
        rate=rate_of(settings.person_rate),
        admins=settings.admins,
    )


def deployment_of(parts: Parts) -> dict[str, Any]:
    """What everybody may know of a node: its contracts, its custodians, and its limits."""
    domains, settings = parts.chain.domains, parts.settings
    return {
        "chainId": domains.chain_id,
        "contracts": {
            "people": domains.people.contract,
            "records": domains.records.contract,
            "consent": domains.consent.contract,
            "audit": domains.audit.contract,
        },
        "firstBlock": parts.deployment.first_block,
        "custodians": [{"url": url} for url in settings.custodians],
        "name": settings.name,
        "trial": parts.trial is not None,
        "piece": PIECE,
        "largestUpload": settings.largest_upload,
    }


def custodian_app(settings: Settings, custodian: LocalCustodian) -> Flask:
    """The web service of a custodian."""
    app = create_custodian_app(custodian, version=__version__, per_client=rate_of(settings.rate))
    trust_proxies(app, settings.proxies)
    app.wsgi_app = OpenToPages(app.wsgi_app)  # type: ignore[method-assign]
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

    def overview(self, people: People) -> Overview:
        """What administrators see."""
        settings = self._parts.settings
        return Overview(
            version=__version__,
            parts=self.parts(),
            gauges=self.gauges,
            custodians=lambda: [
                CustodianSeen(url=url, name=name, key_id=key_id, error=error)
                for url, name, key_id, error in look_at(settings.custodians)
            ],
            people=people.counts,
            settings={
                "batchSeconds": settings.batch_seconds,
                "finalDepth": settings.final_depth,
                "dailyQuota": settings.daily_quota,
                "storageQuota": settings.storage_quota,
            },
        )

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
