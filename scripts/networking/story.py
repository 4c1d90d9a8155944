"""Owns the contracts and the demo's story on the private network, in the midst of which a node dies."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from app import embedded
from app.adapters.deployment import Deployment, load
from app.adapters.endpoints import Endpoints
from app.adapters.local_chain import LocalChain
from app.adapters.rpc import Rpc
from app.core.bundles import split
from app.demo.acts import ACTS, raise_curtain, share
from app.demo.run import services_of
from app.demo.story import Story, StoryBroken
from app.demo.trial import synthetic_bundle
from scripts import deploy
from scripts.networking.making import CHAIN_ID, NUMBERS
from scripts.networking.nodes import PrivateNetwork

NAME = "private"
DIES, DIES_AFTER = 1, share
"""Which node is killed, and after which act: the one that everything asks first."""


def deploy_on(network: PrivateNetwork, say: Callable[[str], None], *, by: int = 1) -> None:
    """Deploy as anybody does to a network, with the operator's keystore, through one of the nodes."""
    environ = {
        "CHARTKEY_RPC": network.node(by).url,
        "CHARTKEY_KEYSTORE": str(network.keystore),
        "CHARTKEY_KEYSTORE_PASSPHRASE_FILE": str(network.passphrase),
        "CHARTKEY_DEPLOYMENTS": str(network.deployment.parent),
        "CHARTKEY_GOVERNOR": network.accounts[1].address,
    }
    deploy.main(NAME, environ=environ, say=say)


def deployment_of(network: PrivateNetwork) -> Deployment:
    """The contracts on the network; raises NotDeployed."""
    return load(network.deployment)


def tell(network: PrivateNetwork, story: Story) -> bool:
    """Tell the demo's whole story; True if all came out as told, a killed node notwithstanding."""
    folder = network.folder / "story"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    endpoints = Endpoints([network.node(number).url for number in NUMBERS], CHAIN_ID)
    place = embedded.furnish(
        folder,
        cast(LocalChain, network),  # of which a place asks for the accounts alone
        deployment_of(network),
        rpc=cast(Rpc, endpoints),
    )
    story.settled = place.node.settled
    chart = split(synthetic_bundle())
    with suppress(StoryBroken), services_of(place):
        stage = raise_curtain(place, story, chart)
        for act in ACTS:
            act(stage)
            if act is DIES_AFTER:
                story.chapter("A node dies")
                with story.step(f"Node {DIES} of {len(NUMBERS)} is killed; two go on without it"):
                    network.kill(DIES)
                    network.go_on(*(number for number in NUMBERS if number != DIES))
        return story.ok
    return False


def bring_back(network: PrivateNetwork, story: Story) -> None:
    """Start the node that died, and wait until it has the others' chain."""
    with story.step(f"Node {DIES} comes back, and catches up"):
        network.start(DIES)
        other = NUMBERS[-1]
        height = network.height(other)
        wanted = network.block(other, height)["hash"]
        network.wait_until(
            lambda: (
                network.height(DIES) >= height and network.block(DIES, height)["hash"] == wanted
            ),
            f"node {DIES} does not catch up",
        )
