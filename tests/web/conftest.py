"""Brings the session's chain, a place on it and its people to the tests of this folder."""

from __future__ import annotations

import pytest

from tests import chain_fixtures
from tests.roles import custodian, doctor, patient, place, request_, shared, stranger

__all__ = ["custodian", "doctor", "patient", "place", "request_", "shared", "stranger"]


def pytest_configure(config: pytest.Config) -> None:
    """Register the fixtures once for all folders, so that one Anvil serves the whole session."""
    if not config.pluginmanager.is_registered(chain_fixtures):
        config.pluginmanager.register(chain_fixtures, "chain_fixtures")
