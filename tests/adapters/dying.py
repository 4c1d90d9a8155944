"""Owns a deployment in a process of its own, which dies at a point that a test names."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

import requests
from eth_account import Account
from web3 import HTTPProvider, Web3

from app.adapters.deploying import deploy
from tests.forks import fork

PATIENCE = 300.0


def connected(url: str) -> Web3:
    """A chain of this machine."""
    session = requests.Session()
    session.trust_env = False
    return Web3(HTTPProvider(url, session=session, exception_retry_configuration=None))


def deploy_and_die(url: str, path: Path, sender: bytes | str, point: str, count: int) -> None:
    """Deploy, and end as a crash does when the point is reached for the count-th time."""
    reached: Counter[str] = Counter()

    def reach(name: str) -> None:
        reached[name] += 1
        if (name, reached[name]) == (point, count):
            os.kill(os.getpid(), signal.SIGKILL)

    payer = sender if isinstance(sender, str) else Account.from_key(sender)
    deploy(connected(url), payer, network="test", path=path, reached=reach)


def die(url: str, path: Path, sender: bytes | str, point: str, count: int) -> None:
    """Have a process do so; it must have died there."""
    process = fork(deploy_and_die, url, path, sender, point, count)
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
