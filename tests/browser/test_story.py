"""The whole story through the pages: three browsers, from joining to everything taken back."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from scripts.browser import go
from scripts.browser_wallet import TestWallet
from scripts.joining import (
    PASSPHRASE,
    SLOW,
    address_of,
    introduce,
    join,
    newcomer,
    practitioner,
    sign_in,
)
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import BARE, MakeProfile

DOCTOR = "Dr. Bea Quist"
NUTS = "Hazelnuts: the throat swells"
FEAR = "Afraid of lifts since the accident"


@pytest.fixture(scope="module")
def wallet(site: Site) -> TestWallet:
    """The doctor's wallet, which is there already."""
    return TestWallet(chain=site.place.rpc)


@pytest.fixture(scope="module")
def doctor(share_profile: MakeProfile, site: Site, wallet: TestWallet) -> Page:
    """A doctor who joined with that wallet and was given a credential."""
    page = share_profile(path=BARE)
    join(page, "Bea", wallet=wallet)
    introduce(site, address_of(page), DOCTOR)
    page.goto("/app/patients")  # who was credentialed meanwhile sees it when the page is loaded
    return page


def test_from_joining_to_everything_taken_back(
    lend_profile: MakeProfile, doctor: Page, wallet: TestWallet, site: Site
) -> None:
    patient, stranger = lend_profile(phone=True), lend_profile()
    join(patient, "Ada Lind", patient=True)
    steps.write_note(patient, "An old fear", FEAR, category="mental-health")
    steps.write_note(patient, "Nut allergy", NUTS)
    record = patient.url
    sign_in(stranger, practitioner(site, "Dr. Some Stranger"))
    stranger_is_refused(stranger, address_of(patient), record)

    steps.fill_share(patient, DOCTOR, "Allergies")
    patient.get_by_label("They may also add records").check()
    told = steps.read_again(patient)
    expect(told).to_contain_text(f"{DOCTOR} may see and add records in “Allergies”.")
    expect(told).to_contain_text("The purpose is: Treatment.")
    expect(told).to_contain_text("You can take it back at any time before that.")
    told.get_by_role("button", name="Yes, sign it").click()
    expect(patient.get_by_text("1 permission is running.")).to_be_visible(timeout=SLOW)

    # the doctor's window is open already, and is not loaded again
    doctor.get_by_role("link", name=re.compile("^Open the chart")).click(timeout=SLOW)
    expect(doctor.get_by_text("This chart may be incomplete.")).to_be_visible()
    site.settle()
    steps.open_record(doctor, "Nut allergy")
    expect(doctor.get_by_text(NUTS)).to_be_visible()
    expect(doctor.get_by_text("An old fear")).to_have_count(0)
    assert "Session" in types_of(wallet)
    stranger_is_refused(stranger, address_of(patient), record)

    steps.turn_to(patient, "Who looked")
    looked = patient.get_by_role("listitem").filter(has=patient.get_by_role("button", name=DOCTOR))
    expect(looked).to_contain_text("Nut allergy", timeout=SLOW)
    expect(looked).to_contain_text("Treatment")
    site.settle()
    looked.get_by_role("button", name="Check it").click()
    expect(looked.get_by_text("Checked: it holds.")).to_be_visible(timeout=SLOW)

    doctor.get_by_role("link", name="Add a record").click()
    doctor.get_by_label("Diagnosis").fill("Carry an adrenaline pen")
    doctor.get_by_role("radio", name="All of it under one").check()
    doctor.get_by_label("Heading").select_option("allergies")
    doctor.get_by_role("button", name="Sign and add the record").click()
    expect(doctor.get_by_role("button", name="Open Carry an adrenaline pen")).to_be_visible(
        timeout=SLOW
    )
    assert "Record" in types_of(wallet)
    steps.turn_to(patient, "My chart")
    expect(patient.get_by_role("link", name="Carry an adrenaline pen")).to_be_visible(timeout=SLOW)

    steps.turn_to(patient, "Permissions")
    steps.take_back(patient, "Allergies")
    still = doctor.get_by_role("region", name="Still open on this screen")
    expect(still).to_contain_text("no longer shared with you", timeout=SLOW)
    expect(still.get_by_text(NUTS)).to_be_visible()
    doctor.reload()
    expect(doctor.get_by_role("heading", name="Nothing to open here now")).to_be_visible(
        timeout=SLOW
    )
    expect(doctor.get_by_text(NUTS)).to_have_count(0)

    steps.turn_to(doctor, "Records I wrote")
    steps.open_record(doctor, "Carry an adrenaline pen")
    stranger_is_refused(stranger, address_of(patient), record)


def stranger_is_refused(stranger: Page, patient: str, record: str) -> None:
    """Whoever holds no permission opens nothing, and is not told what there is."""
    steps.look_at_chart(stranger, patient)
    expect(stranger.get_by_role("heading", name="Nothing to open here now")).to_be_visible()
    go(stranger, record)
    expect(stranger.get_by_role("alert")).to_contain_text("This record is not in your chart.")
    expect(stranger.get_by_text("Nut allergy")).to_have_count(0)


def test_all_permissions_end_with_one_press(
    lend_profile: MakeProfile, doctor: Page, site: Site
) -> None:
    person, aunt = newcomer(site, patient=True), newcomer(site)
    patient = lend_profile()
    sign_in(patient, person)
    steps.share(patient, DOCTOR, "Vaccinations", "Laboratory")
    steps.share(patient, aunt.address, "Vaccinations", purpose="Family")
    expect(patient.get_by_text("3 permissions are running.")).to_be_visible()
    site.settle()
    go(doctor, "/app/patients")
    chart = doctor.get_by_role("link", name=f"Open the chart {short(person.address)}")
    expect(chart).to_be_visible(timeout=SLOW)

    patient.get_by_role("button", name="Take all back").click()
    patient.get_by_role("dialog").get_by_role("button", name="Take all back").click()
    expect(patient.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
    patient.get_by_text("3 ended permissions").click()
    expect(patient.get_by_text("Taken back", exact=True)).to_have_count(3)
    expect(chart).to_have_count(0, timeout=SLOW)


def test_a_request_is_read_and_answered(lend_profile: MakeProfile, site: Site) -> None:
    person, doctor = newcomer(site, patient=True), practitioner(site, "Dr. Cato Falk")
    patient = lend_profile(phone=True)
    sign_in(patient, person)
    steps.turn_to(patient, "Requests")
    expect(patient.get_by_role("heading", name="Nobody has asked you for anything")).to_be_visible()
    doctor.ask(person.address, category="vitals", reason="Before the operation on Monday.")
    doctor.ask(person.address, category="billing", reason="Out of curiosity.")
    asked = patient.get_by_role("listitem")
    operation = asked.filter(has_text="Before the operation on Monday.")
    expect(operation).to_contain_text("Dr. Cato Falk asks to see records in Measurements.")
    asked.filter(has_text="Out of curiosity.").get_by_role("button", name="No").click()
    expect(patient.get_by_text("You said no. They can open nothing.")).to_be_visible(timeout=SLOW)
    operation.get_by_role("button", name="Read it, then allow it").click()
    told = patient.get_by_role("dialog")
    expect(told).to_contain_text("Dr. Cato Falk may see records in “Measurements”.")
    told.get_by_role("button", name="Yes, sign it").click()
    expect(patient.get_by_text("There is nothing to answer.")).to_be_visible(timeout=SLOW)
    [given] = doctor.grants_held()
    assert given.statement.category == "vitals"


@pytest.mark.long
def test_a_second_device_opens_by_name_and_a_lost_one_is_shut_out_by_the_recovery_words(
    lend_profile: MakeProfile,
) -> None:
    lost, second = lend_profile(), lend_profile(phone=True)
    name = f"ada.{uuid4().hex[:12]}"
    words = join(lost, "Ada Lind", patient=True, sign_in_name=name)
    steps.write_note(lost, "Nut allergy", NUTS)
    second.get_by_label("Sign-in name").fill(name)  # on the page that greets strangers
    second.get_by_label("Passphrase").fill("not the passphrase at all")
    second.get_by_label("Others use this device too").check()
    second.get_by_role("button", name="Sign in", exact=True).click()
    expect(second.get_by_role("alert")).to_be_visible(timeout=SLOW)
    second.get_by_label("Passphrase").fill(PASSPHRASE)
    second.get_by_role("button", name="Sign in", exact=True).click()
    second.get_by_role("link", name="Nut allergy").click(timeout=SLOW)
    expect(second.get_by_text(NUTS)).to_be_visible(timeout=SLOW)

    # a device that others use too keeps nothing
    second.reload()
    expect(second.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    expect(second.get_by_role("button", name="On this device")).to_have_count(0)

    second.get_by_role("button", name="24 words").click()
    second.get_by_label("Your recovery words").fill(" ".join([*words[:23], "zoo"]))
    second.get_by_role("button", name="Sign in", exact=True).click()
    expect(second.get_by_role("alert")).to_be_visible()
    second.get_by_label("Your recovery words").fill(" ".join(words))
    second.get_by_role("button", name="Sign in", exact=True).click()
    expect(second.get_by_text(NUTS)).to_be_visible(timeout=SLOW)

    steps.turn_to(second, "Account")
    expect(second.get_by_role("heading", name="Where you are signed in")).to_be_visible()
    second.get_by_role("button", name="Sign out everywhere").click()
    second.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    lost.reload()
    expect(lost.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    expect(lost.get_by_text(NUTS)).to_have_count(0)


def short(address: str) -> str:
    """As pages tell an address where nobody said a name."""
    return f"Unnamed person {address[:6]}…{address[-4:]}"


def types_of(wallet: TestWallet) -> list[str]:
    """Which statements the wallet was asked to sign, in order."""
    return [
        json.loads(params[1])["primaryType"]
        for method, params in wallet.asked
        if method == "eth_signTypedData_v4"
    ]
