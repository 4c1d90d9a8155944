"""Owns the fixtures of the worker's tests: people on devices of their own, without pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.client.device import Device
from tests.browser.conftest import MakeProfile
from tests.browser.site import Site

MakeDevice = Callable[[], Device]


@pytest.fixture
def make_device(make_profile: MakeProfile) -> MakeDevice:
    """Makes a browser in which nobody has signed in."""
    return lambda: Device.on(make_profile(expects_faults=True))


@pytest.fixture
def patient(make_device: MakeDevice) -> Device:
    """A patient who has joined."""
    device = make_device()
    device.join("Ada", patient=True)
    return device


@pytest.fixture
def doctor(make_device: MakeDevice, site: Site) -> Device:
    """A practitioner with a credential."""
    device = make_device()
    address = device.join("Dr Bea")
    device.call("trialCredential", person=address, name="Dr Bea")
    return device


def address_of(device: Device) -> str:
    """Who is signed in there."""
    return str(device.call("me")["person"]["address"])
