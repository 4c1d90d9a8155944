"""A deployment that dies at any point goes on when it is called again, and deploys nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from app.adapters.deploying import POINTS, deploy, require_deployed
from app.adapters.deployment import NAMES
from app.adapters.local_chain import LocalChain, start_anvil
from app.adapters.networks import ask
from tests.adapters.dying import connected, die

FIRST, THIRD, LAST = 1, 3, 4


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalChain]:
    """A chain on which nobody else sends anything."""
    with start_anvil(tmp_path_factory.mktemp("own")) as chain:
        yield chain


@pytest.mark.parametrize("count", [FIRST, THIRD, LAST])
@pytest.mark.parametrize("point", POINTS)
def test_it_goes_on_wherever_it_died(
    chain: LocalChain, tmp_path: Path, point: str, count: int
) -> None:
    w3, payer, path = connected(chain.url), Account.create(), tmp_path / "test.json"
    ask(w3, "anvil_setBalance", payer.address, hex(10**18))
    die(chain.url, path, bytes(payer.key), point, count)
    said: list[str] = []
    deployment = deploy(w3, payer, network="test", path=path, say=said.append)
    require_deployed(w3, deployment)
    assert w3.eth.get_transaction_count(payer.address) == len(NAMES)
    assert "pending" not in json.loads(path.read_text())
    found = [line for line in said if " found at " in line]
    assert len(found) == count - (point != "written")


@pytest.mark.parametrize("point", ["chosen", "sent"])
def test_it_goes_on_where_the_node_signs(chain: LocalChain, tmp_path: Path, point: str) -> None:
    """The transaction's hash is not known before the node has sent it."""
    w3, path = connected(chain.url), tmp_path / "test.json"
    payer = w3.eth.accounts[FIRST]
    before = w3.eth.get_transaction_count(payer)
    die(chain.url, path, payer, point, THIRD)
    kept = json.loads(path.read_text())
    if point == "sent":  # as if it had died a moment sooner
        [pending] = kept["pending"].values()
        pending["attempts"] = []
        path.write_text(json.dumps(kept))
    require_deployed(w3, deploy(w3, payer, network="test", path=path))
    assert w3.eth.get_transaction_count(payer) == before + len(NAMES)
