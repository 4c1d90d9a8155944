"""Signing in: on this device, on another one, on a shared one, in two tabs, and out again."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Route

from scripts.joining import newcomer
from scripts.site import Site
from tests.browser.client.conftest import MakeDevice, address_of
from tests.browser.client.device import PASSPHRASE, Device

pytestmark = pytest.mark.long

ON_DISK = """
const names = [];
for (const { name } of await indexedDB.databases()) {
  const database = await new Promise((done) => {
    const opening = indexedDB.open(name);
    opening.onsuccess = () => done(opening.result);
  });
  for (const store of database.objectStoreNames) {
    const all = database.transaction(store).objectStore(store).getAll();
    const kept = await new Promise((done) => { all.onsuccess = () => done(all.result); });
    if (kept.length) names.push(`${store}: ${kept.length}`);
  }
  database.close();
}
for await (const [folder, handle] of (await navigator.storage.getDirectory()).entries()) {
  for await (const file of handle.keys()) names.push(`${folder}/${file}`);
}
return names;
"""


@pytest.mark.asvs("14.3.1")
def test_another_device_signs_in_by_name_and_keeps_nothing_where_it_is_shared(
    lend_device: MakeDevice, make_device: MakeDevice
) -> None:
    own, shared, name = lend_device(), make_device(), f"ada-{uuid4().hex[:8]}"
    address = own.join("Ada", patient=True, signInName=name)
    record = own.write()
    wrong = {"name": name, "passphrase": "not that one, no"}
    assert shared.refusal("signIn", **wrong) == "WrongTicket"
    me = shared.call("signIn", name=name.upper(), passphrase=PASSPHRASE, kept=False)
    assert (me["person"]["address"], me["displayName"]) == (address, "Ada")
    assert shared.call("openRecord", digest=record)["json"]["valueInteger"] == 60
    assert shared.run(ON_DISK) == []
    shared.reload()
    assert shared.call("resume") is None


def test_a_page_that_is_loaded_again_asks_for_no_passphrase_until_the_person_leaves(
    lend_device: MakeDevice,
) -> None:
    patient = lend_device()
    person = patient.join("Ada", patient=True)
    patient.call("keepDraft", name="form", value={"notes": "half a sentence"})
    patient.reload()
    me = patient.call("resume")
    assert me["displayName"] == "Ada"
    assert patient.call("draft", name="form") == {"notes": "half a sentence"}
    patient.call("signOut")
    assert patient.refusal("chart") == "SignInNeeded"
    [account] = [one for one in patient.call("accounts") if one["person"] == person]
    assert (account["name"], account["kept"], account["open"]) == ("Ada", True, False)
    patient.reload()
    assert patient.call("resume") is None
    wrong = {"person": person, "passphrase": "not that one, no"}
    assert patient.refusal("signIn", **wrong) == "WrongLock"
    assert patient.call("signIn", person=person, passphrase=PASSPHRASE)["displayName"] == "Ada"


def test_the_words_bring_everything_back(lend_device: MakeDevice) -> None:
    first, second = lend_device(), lend_device()
    begun = first.call("startEnrolment", wallet="own")
    first.call("finishEnrolment", displayName="Eve", passphrase=PASSPHRASE)
    record = first.write()
    assert first.call("recoveryWords")["words"] == begun["words"]
    me = second.call("signIn", words=begun["words"])
    assert me["person"]["address"] == begun["address"]
    assert [one["digest"] for one in second.call("chart")] == [record]
    damaged = [*begun["words"][:-1], "zoo"]
    assert second.refusal("signIn", words=damaged) == "InvalidPhrase"


def test_what_one_tab_leaves_the_other_leaves_too(patient: Device) -> None:
    other = patient.tab()
    assert other.call("resume")["person"]["address"] == address_of(patient)
    other.write(title="From the other tab")
    patient.write(title="From the first one")  # its token was renewed
    other.call("signOut")
    patient.until(lambda: patient.events("locked"))
    assert patient.refusal("chart") == "SignInNeeded"


def test_signing_out_everywhere_ends_other_devices(lend_device: MakeDevice, site: Site) -> None:
    first, second, person = lend_device(), lend_device(), newcomer(site)
    first.sign_in(person)
    second.sign_in(person)
    assert len(first.call("sessions")) == 2
    second.call("signOut", everywhere=True)
    assert first.refusal("sync") == "SignInNeeded"
    first.until(lambda: first.events("locked") == [{"why": "ended"}])


def test_a_late_answer_to_the_session_before_does_not_end_the_next_one(
    patient: Device, site: Site
) -> None:
    other = newcomer(site, patient=True)
    late: list[Route] = []
    context = patient.page.context
    context.route("**/api/envelopes*", lambda route: late.append(route))
    with context.expect_event("request", lambda request: "/api/envelopes" in request.url):
        patient.run("void person.sync().catch((error) => { window.late = error.name; })")
    [held] = patient.until(lambda: late)
    context.unroute("**/api/envelopes*")
    patient.sign_in(other)
    held.fulfill(status=401, json={"error": "SignInNeeded", "sentence": "", "facts": {}})
    patient.until(lambda: patient.page.evaluate("() => window.late"))
    assert patient.events("locked") == []
    assert patient.write(title="The token is the next one's")


def test_a_keystore_goes_out_and_comes_back(patient: Device) -> None:
    kept = patient.call("exportKeystore", passphrase=PASSPHRASE)
    shut = patient.refusal("importKeystore", json=kept["json"], passphrase="another")
    assert shut == "WalletFileShut"
    other = patient.refusal("importKeystore", json='{"version": 3}', passphrase=PASSPHRASE)
    assert other == "NoWalletFile"
    again = patient.call("importKeystore", json=kept["json"], passphrase=PASSPHRASE)
    assert again["address"] == patient.call("me")["walletAddress"]
