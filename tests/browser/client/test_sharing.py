"""The whole path in the worker: a record is written, shared, opened, looked at and taken back."""

from __future__ import annotations

from scripts.joining import newcomer
from scripts.site import Site
from tests.browser.client.conftest import MakeDevice, address_of
from tests.browser.client.device import Device


def test_a_permission_opens_a_record_until_it_is_taken_back(
    patient: Device, doctor: Device
) -> None:
    record = patient.write(title="Pulse at rest")
    assert [one["title"] for one in patient.call("chart")] == ["Pulse at rest"]
    assert patient.call("openRecord", digest=record)["json"]["valueInteger"] == 60

    grant = patient.give(address_of(doctor), category="vitals")
    doctor.until(lambda: _anchored(doctor))
    [shared] = doctor.call("chart", patient=address_of(patient))
    assert shared["digest"] == record
    assert shared["grant"] == grant
    opened = doctor.call("openRecord", digest=record)
    assert opened["json"]["valueInteger"] == 60
    assert opened["faults"] == []

    told = patient.until(lambda: _looked(patient))
    assert told["digest"] == opened["opening"]
    assert told["viewer"]["name"] == "Dr Bea"
    assert [one["title"] for one in told["records"]] == ["Pulse at rest"]
    assert len(told["reportedBy"]) == 3
    steps = patient.call("verifyOpening", digest=told["digest"])
    assert steps["ok"], steps

    patient.call("revoke", digest=grant)
    assert doctor.refusal("openRecord", digest=record, fresh=True) == "GrantRevoked"
    assert patient.call("grantsGiven")[0]["standing"] == "taken back"
    assert doctor.call("openRecord", digest=record)["json"]  # what is open stays readable


def test_keys_move_on_after_a_revocation_and_others_read_on(
    patient: Device, doctor: Device
) -> None:
    viewer = address_of(doctor)
    kept, taken = (patient.give(viewer, category=one) for one in ("vitals", "conditions"))
    patient.call("revoke", digest=taken)
    record = patient.write()  # sealed to the fresh keys
    doctor.until(lambda: _anchored(doctor))
    whose = address_of(patient)
    [shared] = doctor.until(lambda: doctor.call("chart", patient=whose))
    assert shared["grant"] == kept
    assert doctor.call("openRecord", digest=record)["json"]["valueInteger"] == 60
    epochs = patient.run(
        "return (await (await fetch(`/api/people/${given}`)).json()).categoryKeys.statement", whose
    )
    assert int(epochs["typedData"]["message"]["epoch"]) == 1


def test_one_record_alone_can_be_shared(patient: Device, doctor: Device) -> None:
    shared, other = patient.write(title="One"), patient.write(title="Another")
    patient.give(address_of(doctor), record=shared)
    doctor.until(lambda: _anchored(doctor))
    assert [one["digest"] for one in doctor.call("chart", patient=address_of(patient))] == [shared]
    assert doctor.call("openRecord", digest=shared)["json"]
    assert doctor.refusal("openRecord", digest=other) == "NotHere"


def test_a_record_without_the_right_to_add_waits_to_be_welcome(
    patient: Device, doctor: Device
) -> None:
    whose = address_of(patient)
    note = doctor.write(patient=whose, category="conditions", title="A note")
    [waiting] = patient.until(lambda: patient.call("addressed"))
    assert waiting["digest"] == note
    assert patient.call("chart") == []
    patient.call("welcome", digest=note)
    assert [one["digest"] for one in patient.call("chart")] == [note]
    assert patient.call("addressed") == []
    assert patient.call("grantsGiven") == []
    assert doctor.call("openRecord", digest=note)["opening"]  # its author can always


def test_a_double_click_makes_one_statement(patient: Device, doctor: Device) -> None:
    viewer, expires = address_of(doctor), 2**40
    prepared = patient.call("prepareGrant", viewer=viewer, category="vitals", expiresAt=expires)
    both = "return Promise.all([1, 2].map(() => person.commit({ draft: given })))"
    first, second = patient.run(both, prepared["draft"])
    assert first["digest"] == second["digest"]
    assert len(patient.call("grantsGiven")) == 1
    both = "return Promise.all([1, 2].map(() => person.revoke({ digest: given })))"
    first, second = patient.run(both, first["digest"])
    assert first["digest"] == second["digest"]


def test_a_correction_replaces_and_an_erased_record_opens_no_more(patient: Device) -> None:
    old = patient.write(title="Wrong")
    new = patient.call("correct", digest=old, json={"resourceType": "Observation"})["digest"]
    assert [one["digest"] for one in patient.call("chart")] == [new]
    [before] = [one for one in patient.call("chart", history=True) if one["digest"] == old]
    assert (before["isOld"], before["supersededBy"]) == (True, new)
    told = patient.call("erase", digest=new)
    assert told["own"]["record"] == new
    assert new not in [one["digest"] for one in patient.call("chart")]
    assert patient.refusal("openRecord", digest=new) == "NotStored"


def test_a_request_is_answered_by_a_permission(patient: Device, doctor: Device) -> None:
    asked = {"category": "vitals", "reason": "Before the operation", "expiresAt": 2**40}
    doctor.call("ask", patient=address_of(patient), **asked)
    [request] = patient.until(lambda: patient.call("requests"))
    assert (request["reason"], request["viewer"]["name"]) == ("Before the operation", "Dr Bea")
    prepared = patient.call("answerRequest", digest=request["digest"], yes=True)
    patient.call("commit", draft=prepared["draft"])
    assert patient.call("requests")[0]["answer"] == "given"
    doctor.until(lambda: doctor.call("asked")[0]["answer"] == "given")


def test_a_hospitals_member_opens_until_the_membership_ends(
    patient: Device, doctor: Device, lend_device: MakeDevice, site: Site
) -> None:
    hospital = lend_device()
    hospital.sign_in(newcomer(site))
    house = address_of(hospital)
    hospital.call("trialCredential", person=house, name="St Mary")
    record = patient.write()
    patient.give(house, category="vitals")
    hospital.until(lambda: _anchored(hospital))
    member = address_of(doctor)
    membership = hospital.call("addMember", member=member, expiresAt=2**40)["digest"]
    doctor.until(lambda: _anchored(doctor))
    whose = address_of(patient)
    [shared] = doctor.call("chart", patient=whose)
    assert doctor.call("openRecord", digest=record)["json"]
    [told] = patient.until(lambda: patient.call("openings")["openings"])
    assert (told["viewer"]["name"], told["organization"]["name"]) == ("Dr Bea", "St Mary")
    hospital.call("endMembership", digest=membership)
    doctor.until(lambda: doctor.call("organizations")[0]["standing"] == "ended")
    again = {"digest": record, "grant": shared["grant"], "fresh": True}
    assert doctor.refusal("openRecord", **again) == "MembershipInvalid"


def _anchored(device: Device) -> bool:
    held = device.call("grantsHeld")
    return bool(held) and all(one["state"] in ("anchored", "final") for one in held)


def _looked(device: Device) -> dict[str, object] | None:
    openings = device.call("openings")["openings"]
    return next((one for one in openings if one["verdict"] == "anchored"), None)
