"""Owns what tests of a custodian over HTTP share: a client of one, and custodians that are reached over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.adapters.custodian_client import HttpCustodian
from app.services.custodian import LocalCustodian
from app.web.custodian import create_custodian_app
from tests.chain_fixtures import Place
from tests.custodian_services import over_http


@pytest.fixture
def make_client() -> Callable[..., FlaskClient]:
    def make(custodian: LocalCustodian, **settings: Any) -> FlaskClient:
        return create_custodian_app(custodian, version="1.2", **settings).test_client()

    return make


@pytest.fixture
def http(custodian: LocalCustodian) -> Iterator[HttpCustodian]:
    with over_http(custodian) as reached:
        yield reached


@pytest.fixture
def all_over_http(place: Place) -> Iterator[list[HttpCustodian]]:
    """All three custodians of the place are reached over HTTP."""
    one, two, three = place.custodians
    with over_http(one) as a, over_http(two) as b, over_http(three) as c:
        place.node.custodians = [a, b, c]
        yield [a, b, c]
        place.node.custodians = place.custodians
