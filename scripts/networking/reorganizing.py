"""Owns a true reorganization, and whether a node's index and relayer survive it.

Node 3 is cut off, while 1 and 2 go on and take what the relayer sends. Then node 2 is set back to where
it was, as one is that was restored from an older disk, and goes on with node 3. Theirs becomes the
heavier chain; when node 1 meets it, the blocks in which everything was anchored are gone.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from app.adapters.bodies import FolderBodies
from app.adapters.chain import EthereumChain
from app.adapters.database import Database
from app.adapters.database.fingerprint import Fingerprint, fingerprint
from app.adapters.database.schema import INDEX, blocks
from app.adapters.deployment import Deployment
from app.adapters.followed import FollowedChain
from app.adapters.payer import Payer
from app.adapters.rpc import Rpc
from app.compose import build_node
from app.core.errors import ChartkeyError
from app.core.statements import BOOKS
from app.core.waybills import NodeSecret
from app.demo.story import Story
from app.services.indexer import Indexer
from app.services.node import LocalNode
from app.services.relayer import Plan
from scripts.networking.making import NUMBERS, PERIOD
from scripts.networking.nodes import PrivateNetwork

DIGESTS = 24
LEAST_DEPTH = 3
"""Blocks that are taken back."""
PLAN = Plan(batch_seconds=0, batch_size=8, resend_seconds=5, lost_seconds=2 * PERIOD)


class NotSurvived(ChartkeyError):
    sentence = "The reorganization was not survived: {reason}."
    remedy = "Look at the folder of the private network; it is kept as it stands."


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A node on the network, with an index of its own that follows node 1."""

    network: PrivateNetwork
    deployment: Deployment
    folder: Path
    node: LocalNode
    database: Database
    indexer: Indexer

    def catch_up(self) -> None:
        """Follow to the head, and read every list that an anchor names."""
        self.indexer.follow()
        while self.indexer.read_manifests():
            pass

    def first_block(self, accepted: list[tuple[str, bytes]]) -> int:
        """The first block in which the index shows one of these anchored."""
        found = (self.database.anchors_of(digest) for _, digest in accepted)
        return min(dated.block for anchors in found for dated in anchors)

    def missing(self, accepted: list[tuple[str, bytes]]) -> int:
        """How many of these the index does not show as anchored exactly once, under their book."""
        anchors = (
            ([dated.judge for dated in self.database.anchors_of(digest)], judge)
            for judge, digest in accepted
        )
        return sum(found != [judge] for found, judge in anchors)


def reorganize(network: PrivateNetwork, deployment: Deployment, story: Story) -> bool:
    """Have the chain reorganized under a node; True if nothing was lost, doubled or left behind."""
    site = _site(network, deployment)
    accepted: list[tuple[str, bytes]] = []
    story.chapter("A reorganization")
    fork = _anchor_on_one_side(site, story, accepted)
    old = network.block(1, fork + LEAST_DEPTH)["hash"]
    _grow_the_other_side(site, story, fork)
    with story.step("Node 1 meets the heavier chain, and gives up its own") as step:
        depth = network.height(1) - fork
        network.link(2, 1)
        network.tell(3, "admin_addPeer", network.node(1).enode)  # when it may
        network.wait_until(
            lambda: network.block(1, fork + LEAST_DEPTH)["hash"] != old, "node 1 stays as it was"
        )
        step.outcome = f"{depth} blocks were taken back"
    with story.step("The index unwinds; what was taken back is anchored again, once") as step:
        network.wait_until(
            lambda: _all_are_back(site, accepted), "what was taken back is not anchored again"
        )
        step.outcome = f"{len(accepted)} digests stood in blocks that are gone"
    with story.step("The index says what one says that has never seen the blocks taken back"):
        _require_equal(site)
    return story.ok


def _anchor_on_one_side(site: Site, story: Story, accepted: list[tuple[str, bytes]]) -> int:
    """Cut node 3 off, anchor some digests on the others; the number of the last common block."""
    network = site.network
    with story.step("Node 3 is cut off; what is handed in is anchored by the other two") as step:
        network.tell(3, "miner_stop")
        for other in (1, 2):
            network.cut(3, other)
        network.go_on(1, 2)
        fork = min(network.height(number) for number in NUMBERS)
        for number in range(DIGESTS):
            judge, digest = BOOKS[number % len(BOOKS)], os.urandom(32)
            site.node.accept_digest(digest, judge, os.urandom(200))
            accepted.append((judge, digest))
        site.node.settle()
        network.wait_until(lambda: network.height(1) >= fork + LEAST_DEPTH, "no block comes")
        site.catch_up()
        step.ok = site.missing(accepted) == 0 and site.first_block(accepted) > fork
        step.outcome = f"{DIGESTS} digests, in blocks after {fork}"
    return fork


def _grow_the_other_side(site: Site, story: Story, fork: int) -> None:
    """Set node 2 back, and let it go on with node 3 until theirs is the heavier chain."""
    network = site.network
    with story.step("Node 2 comes back from where they parted, and goes on with node 3"):
        network.cut(1, 2)
        network.stop(2)
        network.start(2, alone=True)
        network.tell(2, "miner_stop")
        for number in (2, 3):
            network.tell(number, "debug_setHead", hex(fork))
        network.link(2, 3)
        for number in (2, 3):
            network.tell(number, "miner_start")
        network.go_on(3, 2)
        network.wait_until(
            lambda: (
                _weight(network, 2) > _weight(network, 1)
                and network.height(2) > network.height(1)
                and network.block(2)["hash"] == network.block(3)["hash"]
            ),
            "the other chain does not grow",
        )


def _weight(network: PrivateNetwork, number: int) -> int:
    return int(network.block(number)["totalDifficulty"], 16)


def _all_are_back(site: Site, accepted: list[tuple[str, bytes]]) -> bool:
    site.node.settle()
    site.catch_up()
    return site.missing(accepted) == 0


def _require_equal(site: Site) -> None:
    """Raise NotSurvived unless a fresh index comes to the same rows."""
    fresh = Database(f"sqlite:///{site.folder / 'fresh.db'}")
    anew = replace(site, database=fresh, indexer=_indexer(site.network, site.deployment, fresh))
    seen: list[Fingerprint] = []

    def are_at_one_block() -> bool:
        """A block may come in between, or another one in the place of the newest."""
        anew.catch_up()
        site.catch_up()
        seen[:] = [fingerprint(one.database._engine) for one in (site, anew)]
        return seen[0].tables[blocks.name] == seen[1].tables[blocks.name]

    site.network.wait_until(are_at_one_block, "two indexes do not come to the same block")
    one, other = seen
    differing = {table.name for table in INDEX} & set(one.differences(other))
    if differing:
        raise NotSurvived(reason=f"the index differs in {', '.join(sorted(differing))}")


def _site(network: PrivateNetwork, deployment: Deployment) -> Site:
    folder = network.folder / "reorganization"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rpc = Rpc(network.node(1).url)
    database = Database(f"sqlite:///{folder / 'node.db'}")
    node = build_node(
        chain=EthereumChain(rpc, deployment, None),
        payer=Payer(rpc, deployment, network.accounts[3]),
        database=database,
        bodies=FolderBodies(folder / "bodies"),
        secret=NodeSecret(os.urandom(32)),
        plan=PLAN,
    )
    return Site(
        network=network,
        deployment=deployment,
        folder=folder,
        node=node,
        database=database,
        indexer=_indexer(network, deployment, database),
    )


def _indexer(network: PrivateNetwork, deployment: Deployment, database: Database) -> Indexer:
    folder = network.folder / "reorganization"
    return Indexer(
        source=FollowedChain(Rpc(network.node(1).url), deployment),
        index=database,
        bodies=FolderBodies(folder / "bodies"),
    )
