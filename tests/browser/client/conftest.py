"""Owns the fixtures of the worker's tests: people on devices of their own, without pages.

Devices are lent to one test after another: whoever was signed in has left, and a newcomer signs in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from scripts.joining import newcomer, practitioner
from scripts.site import Site
from tests.browser.client.device import Device
from tests.browser.conftest import BARE, FAILED, MakeProfile, Profiles

MakeDevice = Callable[[], Device]


@pytest.fixture
def make_device(make_profile: MakeProfile) -> MakeDevice:
    """Makes a browser that nobody has used before."""
    return lambda: Device.on(make_profile(path=BARE, expects_faults=True))


@pytest.fixture(scope="session")
def devices(browser: Browser, site: Site) -> Iterator[tuple[Profiles, list[Device]]]:
    """The browsers that are lent, and those of them that are free."""
    profiles = Profiles(browser, site)
    yield profiles, []
    profiles.close()


@pytest.fixture
def lend_device(
    devices: tuple[Profiles, list[Device]], request: pytest.FixtureRequest
) -> Iterator[MakeDevice]:
    """Lends a browser on which nobody is signed in."""
    (profiles, free), lent = devices, list[Device]()

    def lend() -> Device:
        device = free.pop() if free else Device.on(profiles.make(path=BARE, expects_faults=True))
        lent.append(device)
        return device

    yield lend
    for device in lent:
        if request.node.stash.get(FAILED, False):
            device.page.context.close()
        else:
            device.leave()
            free.append(device)


@pytest.fixture
def patient(lend_device: MakeDevice, site: Site) -> Device:
    """A patient who has signed in."""
    device = lend_device()
    device.sign_in(newcomer(site, patient=True))
    return device


@pytest.fixture
def doctor(lend_device: MakeDevice, site: Site) -> Device:
    """A practitioner with a credential, signed in."""
    device = lend_device()
    device.sign_in(practitioner(site, "Dr Bea"))
    return device


def address_of(device: Device) -> str:
    """Who is signed in there."""
    return str(device.call("me")["person"]["address"])
