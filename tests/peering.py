"""Owns what tests of nodes among each other stand on: an index that follows, an auditor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from flask import Flask

from app.adapters.bodies import FolderBodies
from app.adapters.database import Database
from app.adapters.database.inventory import Inventory
from app.adapters.followed import FollowedChain
from app.adapters.many_bodies import ManyBodies
from app.adapters.rpc import Rpc
from app.client.letters import RecordFile
from app.client.person import Person
from app.commands.audit import build_auditor
from app.core.ports import BodyKeeper
from app.services.auditor import Auditor
from app.services.indexer import Indexer
from app.services.peering import PeerDesk
from app.web.errors import install_errors
from app.web.peers import peers
from tests.chain_fixtures import NOTE, Place


@pytest.fixture
def file(place: Place, patient: Person) -> RecordFile:
    """An anchored record; the index knows it."""
    file = patient.write(NOTE, category="conditions")
    place.settle()
    follow(place)
    return file


def database_of(place: Place) -> Database:
    """The place's own database."""
    database = place.node.database
    assert isinstance(database, Database)
    return database


def bodies_of(place: Place) -> BodyKeeper:
    """The place's own body store."""
    bodies = place.node.bodies
    assert isinstance(bodies, FolderBodies | ManyBodies)
    return bodies


def mirror(place: Place) -> tuple[FolderBodies, FolderBodies]:
    """Have a place keep everything in a second folder as well; both."""
    stores = FolderBodies(place.folder / "bodies"), FolderBodies(place.folder / "mirror")
    keep_in(place, ManyBodies(stores))
    return stores


def keep_in(place: Place, bodies: BodyKeeper) -> None:
    """Have a place keep everything in another store from now on."""
    place.node.bodies = bodies
    assert place.node.relayer is not None
    place.node.relayer.bodies = bodies


def follow(place: Place) -> None:
    """Bring the place's index to the head of the chain, and read what lists it can."""
    indexer = Indexer(
        source=FollowedChain(Rpc(place.chain_process.url), place.deployment),
        index=database_of(place),
        bodies=bodies_of(place),
    )
    indexer.follow()
    while indexer.read_manifests(1 << 40):
        if not database_of(place).wanted(0, 1):
            break


def desk_of(place: Place) -> PeerDesk:
    """What the place tells other nodes."""
    return PeerDesk(
        domains=place.chain.domains,
        index=Inventory(database_of(place)),
        bodies=bodies_of(place),
        secret=place.node.secret,
        erase=place.node.erase_here,
    )


def web_of(desk: PeerDesk) -> Flask:
    """The routes for other nodes, in an application of their own."""
    app = Flask(__name__)
    install_errors(app)
    app.register_blueprint(peers(desk))
    return app


def auditor_of(
    place: Place, *, peers: Sequence[str] = (), urls: Sequence[str] = (), seed: int = 1
) -> Auditor:
    """An auditor of the place, over its own endpoint unless others are named."""
    return build_auditor(
        deployment=place.deployment,
        urls=urls or [place.chain_process.url],
        database=database_of(place),
        bodies=bodies_of(place),
        secret=place.node.secret,
        peers=peers,
        seed=seed,
    )


def file_of(place: Place, address: str, folder: str = "bodies") -> Path:
    """Where a folder store keeps an address."""
    return place.folder / folder / address[-2:] / address
