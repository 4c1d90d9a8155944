"""Brings the session's chain, a place on it and its people to the tests of this folder."""

from __future__ import annotations

import pytest

from tests import chain_fixtures, daemons
from tests.roles import doctor, patient, place, shared, stranger

__all__ = ["doctor", "patient", "place", "shared", "stranger"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once for all folders, so that one Anvil serves the whole session."""
    for plugin in (chain_fixtures, daemons):
        if not config.pluginmanager.is_registered(plugin):
            config.pluginmanager.register(plugin, plugin.__name__.rpartition(".")[2])
