"""Nothing that was signed is lost: without the network, with a tab closed in between, for large files."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.client.conftest import address_of
from tests.browser.client.device import Device

pytestmark = pytest.mark.long

LARGE = 24 << 20
ADD_LARGE = """
const file = new File([new Uint8Array(given).fill(7)], "scan.dcm", { type: "application/dicom" });
const added = person.addRecord(
  { category: "imaging", title: "A scan", file },
  { onProgress: ({ step, done }) => { if (step === "upload" && done) window.isUnderWay = true; } },
);
"""


def test_a_permission_signed_without_the_network_is_handed_in_when_it_is_back(
    patient: Device, doctor: Device
) -> None:
    record = patient.write()
    patient.call("openRecord", digest=record)
    viewer = address_of(doctor)
    asked = {"viewer": viewer, "category": "vitals", "expiresAt": 2**40}
    draft = patient.call("prepareGrant", **asked)["draft"]
    patient.page.context.set_offline(True)
    given = patient.call("commit", draft=draft)
    assert given["state"] == "signed"
    assert patient.events("offline")
    assert patient.call("waiting")["count"] == 1
    assert [one["state"] for one in patient.call("grantsGiven")] == ["signed"]
    assert patient.call("openRecord", digest=record)["json"]  # what is open stays readable
    assert [one["digest"] for one in patient.call("chart")] == [record]
    patient.page.context.set_offline(False)
    patient.until(lambda: patient.call("waiting")["count"] == 0)
    doctor.until(lambda: doctor.call("grantsHeld"))


def test_what_waited_is_handed_in_after_the_page_was_closed(
    patient: Device, doctor: Device
) -> None:
    asked = {"viewer": address_of(doctor), "category": "vitals", "expiresAt": 2**40}
    draft = patient.call("prepareGrant", **asked)["draft"]
    patient.page.context.route("**/api/statements", lambda route: route.abort())
    assert patient.call("commit", draft=draft)["state"] == "signed"
    patient.page.context.unroute("**/api/statements")
    patient.reload()
    patient.call("resume")
    assert patient.call("waiting")["count"] == 0
    doctor.until(lambda: doctor.call("grantsHeld"))


def test_an_upload_that_was_interrupted_goes_on(patient: Device) -> None:
    patient.run(ADD_LARGE, LARGE)
    patient.until(lambda: patient.run("return window.isUnderWay === true"))
    patient.reload()  # as when the tab is closed
    patient.call("resume")
    [begun] = patient.call("uploads")
    assert (begun["title"], begun["size"]) == ("A scan", LARGE)
    patient.call("resumeUpload", id=begun["id"])
    assert patient.call("uploads") == []
    [record] = patient.call("chart")
    saved: Any = patient.call("saveFile", digest=record["digest"])
    assert saved["blob"]["size"] == LARGE
    wanted = "const { blob } = await person.saveFile({ digest: given });"
    last = "return [...new Uint8Array(await blob.slice(-3).arrayBuffer())];"
    assert patient.run(wanted + last, record["digest"]) == [7, 7, 7]
