"""What goes wrong in a browser goes wrong without harm: networks, tabs, double clicks, the wallet's no."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.client.person import Person
from app.web.built import STATIC
from scripts.browser import go
from scripts.joining import PASSPHRASE, SLOW, join, newcomer, sign_in
from scripts.site import Site
from tests.browser import steps
from tests.browser.conftest import MakeProfile

pytestmark = pytest.mark.long

TEA = "Camomile tea: hives"
PIECE = 8 << 20
STATEMENTS = "**/api/statements"


@pytest.fixture
def person(site: Site) -> Person:
    """A patient with one record, as the device beside the pages sees them."""
    return newcomer(site, patient=True)


@pytest.fixture
def patient(lend_profile: MakeProfile, person: Person) -> Page:
    """The same, signed in."""
    page = lend_profile()
    sign_in(page, person)
    return page


@pytest.fixture
def sister(site: Site) -> Person:
    """Somebody to share with."""
    return newcomer(site)


@contextmanager
def held(page: Page, pattern: str) -> Iterator[None]:
    """Keep requests back, as a network that has slowed to a stop; they go on at the end."""
    kept: list[Route] = []
    stands_still = True

    def hold(route: Route) -> None:
        if stands_still:
            kept.append(route)
        else:
            route.continue_()

    context = page.context
    context.route(pattern, hold)
    yield
    stands_still = False
    for route in kept:
        route.continue_()
    context.unroute(pattern)


def part_of(words: str) -> str:
    """The name of the built file in which these words stand."""
    [file] = [one for one in STATIC.glob("part-*.js") if words in one.read_text(encoding="utf-8")]
    return file.name


def test_without_a_network_what_is_open_stays_and_what_is_signed_waits(
    patient: Page, person: Person, sister: Person
) -> None:
    steps.write_note(patient, "Tea", TEA)
    last = part_of("Where you are signed in")  # pages are fetched beforehand, this one last
    with patient.expect_request_finished(lambda request: request.url.endswith(last), timeout=SLOW):
        patient.reload()
    steps.turn_to(patient, "My chart")
    patient.get_by_role("link", name="Tea").click()
    expect(patient.get_by_text(TEA)).to_be_visible(timeout=SLOW)
    patient.get_by_role("link", name="Share", exact=True).click()
    steps.fill_share_here(patient, sister.address, "Allergies", purpose="Family")
    told = steps.read_again(patient)
    expect(told).to_be_visible()
    patient.context.set_offline(True)
    expect(patient.get_by_text("There is no connection.")).to_be_attached()
    told.get_by_role("button", name="Yes, sign it").click()
    expect(patient.get_by_text("One statement waits to be handed in.")).to_be_visible(timeout=SLOW)
    expect(patient.get_by_text("Signed on this device")).to_be_visible()
    steps.turn_to(patient, "My chart")
    patient.get_by_role("link", name="Tea").click()
    expect(patient.get_by_text(TEA)).to_be_visible()
    assert sister.grants_held() == []

    patient.context.set_offline(False)
    expect(patient.get_by_text("One statement waits")).to_have_count(0, timeout=SLOW)
    expect(patient.get_by_text("There is no connection.")).to_have_count(0)
    [given] = sister.grants_held()
    assert given.statement.category == "allergies"
    assert given.statement.patient == person.address


def test_a_tab_closed_in_the_middle_of_an_upload_goes_on_where_it_stopped(
    patient: Page, person: Person, site: Site, tmp_path: Path
) -> None:
    go(patient, "/app/add")
    scan = tmp_path / "scan.dcm"
    scan.write_bytes(bytes(2 * PIECE + 5))
    patient.get_by_label("Drop a file here").set_input_files(scan)
    sent: list[Route] = []

    def only_the_first(route: Route) -> None:
        sent.append(route)
        if len(sent) == 1:
            route.continue_()

    patient.context.route("**/api/uploads/*?offset=*", only_the_first)
    second = re.compile(rf"/api/uploads/.*offset={PIECE}$")
    with patient.context.expect_event(
        "request", lambda request: second.search(request.url) is not None, timeout=SLOW
    ):
        patient.get_by_role("button", name="Sign and add it").click()
    context = patient.context
    patient.close(run_before_unload=False)
    context.unroute("**/api/uploads/*?offset=*")

    again = context.new_page()
    again.goto("/app/chart")
    expect(again.get_by_role("heading", name="A record was not sent to the end")).to_be_visible(
        timeout=SLOW
    )
    offsets: list[str] = []
    context.on("request", lambda request: offsets.extend(re.findall(r"offset=(\d+)", request.url)))
    again.get_by_role("button", name="Send the rest").click()
    expect(again.get_by_role("link", name="scan")).to_be_visible(timeout=SLOW)
    assert "0" not in offsets
    site.settle()
    assert [file.title for file in person.chart()] == ["scan"]


def test_however_often_it_is_pressed_one_statement_is_made(
    patient: Page, person: Person, sister: Person, site: Site
) -> None:
    go(patient, "/app/add")
    patient.get_by_label("What is it?").fill("Tea")
    patient.get_by_label("What do you want to write down?").fill(TEA)
    with held(patient, STATEMENTS):  # so slow that one presses again
        button = patient.get_by_role("button", name="Sign and add it")
        button.dblclick()
        expect(button).to_have_attribute("aria-busy", "true")
        button.click(force=True)
        expect(patient.get_by_role("progressbar")).to_be_visible()
    expect(patient.get_by_role("heading", name="Tea", level=1)).to_be_visible(timeout=SLOW)

    steps.fill_share(patient, sister.address, "Documents", purpose="Family")
    patient.get_by_role("button", name="Read it once more, then sign").dblclick()
    with held(patient, STATEMENTS):
        patient.get_by_role("dialog").get_by_role("button", name="Yes, sign it").dblclick()
        expect(patient.get_by_role("dialog")).to_have_count(0)
        patient.get_by_role("button", name="Read it once more, then sign").click(force=True)
    expect(patient.get_by_text("1 permission is running.")).to_be_visible(timeout=SLOW)

    patient.get_by_role("button", name=re.compile("^Take it back ?: Documents")).dblclick()
    patient.get_by_role("dialog").get_by_role("button", name="Take it back").dblclick()
    expect(patient.get_by_text("No permission is running.")).to_be_visible(timeout=SLOW)
    site.settle()
    assert len(person.chart()) == 1
    assert len(person.grants_given()) == 1
    assert len(sister.grants_held()) == 1


def test_the_back_button_leads_back_and_asks_before_anything_is_lost(patient: Page) -> None:
    steps.write_note(patient, "Tea", TEA)
    steps.turn_to(patient, "My chart")
    patient.get_by_role("link", name="Tea").click()
    expect(patient.get_by_text(TEA)).to_be_visible()
    steps.turn_to(patient, "Permissions")
    patient.go_back()
    expect(patient.get_by_text(TEA)).to_be_visible()
    patient.go_back()
    expect(patient.get_by_role("heading", name="My chart", level=1)).to_be_focused()
    patient.go_forward()
    expect(patient.get_by_text(TEA)).to_be_visible()

    steps.turn_to(patient, "My chart")
    patient.get_by_role("link", name="Add a record").click()
    patient.get_by_label("What do you want to write down?").fill("half a sentence")
    patient.go_back()
    patient.get_by_role("dialog").get_by_role("button", name="Stay").click()
    expect(patient.get_by_label("What do you want to write down?")).to_have_value("half a sentence")
    expect(patient).to_have_url(re.compile(r"/app/add$"))  # the way back was undone
    patient.go_back()
    patient.get_by_role("dialog").get_by_role("button", name="Leave").click()
    expect(patient.get_by_role("heading", name="My chart", level=1)).to_be_visible()

    steps.sign_out(patient)
    patient.go_back()
    expect(patient.get_by_role("heading", name="Sign in").first).to_be_visible()
    expect(patient.get_by_text("Tea", exact=True)).to_have_count(0)


@pytest.mark.asvs("14.3.1")
def test_two_tabs_are_one_person_and_leave_together(patient: Page) -> None:
    other = patient.context.new_page()
    other.goto("/app/chart")
    expect(other.get_by_role("heading", name="Your chart is empty")).to_be_visible(timeout=SLOW)
    steps.write_note(patient, "Tea", TEA)
    expect(other.get_by_role("link", name="Tea")).to_be_visible(timeout=SLOW)
    steps.sign_out(other)
    expect(patient.get_by_text("or another tab signed out. Nothing is lost.")).to_be_visible()
    expect(patient.get_by_text(TEA)).to_have_count(0)
    patient.go_back()
    expect(patient.get_by_text(TEA)).to_have_count(0)


def test_a_reload_in_the_middle_loses_nothing_and_makes_nothing_twice(
    patient: Page, sister: Person
) -> None:
    context = patient.context
    steps.fill_share(patient, sister.address, "Allergies", purpose="Family")
    expect(steps.read_again(patient)).to_be_visible()
    patient.reload()  # read, and not signed: nothing has come of it
    steps.turn_to(patient, "Permissions")
    expect(patient.get_by_role("heading", name="You have not shared anything")).to_be_visible()

    steps.fill_share(patient, sister.address, "Allergies", purpose="Family")
    asked = steps.read_again(patient)
    with held(patient, STATEMENTS):
        with patient.context.expect_event("request", lambda request: "statements" in request.url):
            asked.get_by_role("button", name="Yes, sign it").click()
        patient.close(run_before_unload=False)
    patient = context.new_page()  # signed, and not handed in: it is handed in now
    patient.goto("/app/chart")
    steps.turn_to(patient, "Permissions")
    expect(patient.get_by_text("1 permission is running.")).to_be_visible(timeout=SLOW)
    assert len(sister.grants_held()) == 1


def test_a_session_that_ends_leads_back_to_where_one_was(
    lend_profile: MakeProfile, site: Site
) -> None:
    page = lend_profile()
    join(page, "Ada Lind", patient=True)
    steps.turn_to(page, "Permissions")
    page.context.clear_cookies()  # as the node forgets a session that was idle for too long
    page.get_by_role("link", name="Account").click()
    expect(page.get_by_text("Your session has ended")).to_be_visible(timeout=SLOW)
    expect(page.get_by_role("radio", name="Ada Lind")).to_be_checked()
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="My chart", level=1)).to_be_visible(timeout=SLOW)

    steps.sign_out(page)
    page.goto("/app/permissions")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
    page.get_by_label("Passphrase").fill(PASSPHRASE)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Permissions", level=1)).to_be_visible(timeout=SLOW)
