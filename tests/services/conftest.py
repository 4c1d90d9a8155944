"""Brings the session's chain, a place on it and its people to the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import chain_fixtures, daemons
from tests.chain_fixtures import Place
from tests.roles import custodian, doctor, patient, place, request_, shared, stranger

__all__ = ["custodian", "doctor", "patient", "place", "request_", "shared", "stranger"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once for all folders, so that one Anvil serves the whole session."""
    for plugin in (chain_fixtures, daemons):
        if not config.pluginmanager.is_registered(plugin):
            config.pluginmanager.register(plugin, plugin.__name__.rpartition(".")[2])


@pytest.fixture
def quiet(make_place: Callable[..., Place]) -> Place:
    """A place without custodians."""
    return make_place(custodians=0, threshold=0)
