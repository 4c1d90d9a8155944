"""Owns the acts of the demo, each one chapter of the story."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from app.adapters.files import write_whole
from app.adapters.wallets import new_wallet
from app.client.letters import GrantFile
from app.client.person import Person
from app.core.bundles import Chart
from app.core.encoding import hex0x
from app.core.errors import (
    ForeignGrant,
    ForeignSignature,
    GrantRevoked,
    GrantTagReplaced,
    KeyNotOfBody,
    MembershipInvalid,
    NoCredential,
    NotEnoughShares,
    NotStored,
    NotTheAuthor,
    NotTheViewer,
    OutsideGrant,
    StoppedByOperator,
    ViewingNotGranted,
)
from app.core.records import Role
from app.core.signatures import Signed, signed_json
from app.core.statements import ADD, AUDIT, VIEW
from app.demo.stage import Stage
from app.demo.story import Story
from app.embedded import Embedded

NOTE = b'{"resourceType":"Observation","status":"final","code":{"text":"A note of the demo"}}'


def viewing(viewer: Person, patient: Person) -> list[GrantFile]:
    """The grants by which a viewer may see something of a patient's chart, oldest first."""
    return [held for held in viewer.grants_held(patient.address) if held.statement.rights & VIEW]


def short(digest: bytes) -> str:
    """The beginning of a digest."""
    return hex0x(digest[:6]) + "…"


def raise_curtain(place: Embedded, story: Story, chart: Chart) -> Stage:
    """Enrol everyone and give the credentials."""
    story.chapter("People")
    patient = place.person(patient=True)
    doctor = place.person(keeps_archive=True)
    others = [place.person() for _ in range(3)]
    stranger, hospital, colleague = others
    with story.step("Patient, doctor, stranger, hospital and colleague enrol, without paying"):
        for person in (patient, doctor, *others):
            person.enrol()
        place.settle()
    with story.step("A registrar credentials the doctor and the hospital") as step:
        receipts = [place.credential(doctor), place.credential(hospital, Role.HOSPITAL)]
        step.gas, step.transactions = sum(r.gas for r in receipts), len(receipts)
    return Stage(
        place=place,
        story=story,
        chart=chart,
        patient=patient,
        doctor=doctor,
        stranger=stranger,
        hospital=hospital,
        colleague=colleague,
    )


def import_chart(stage: Stage) -> None:
    """Split, seal, sign and anchor the bundle, and look whether it all came back."""
    story, patient, records = stage.story, stage.patient, stage.chart.records
    category = stage.categories[0]
    story.chapter("The chart")
    title = (
        f"{len(records)} records of {len(stage.categories)} categories are sealed, signed, "
        "and anchored together"
    )
    with story.step(title) as step:
        for record in records:
            stage.files.append(
                patient.write(
                    record.body,
                    category=record.category,
                    title=record.title,
                    occurred=record.issued or "",
                )
            )
        stage.place.settle()
        for file in stage.files:
            patient.require_authentic(file)
            step.show(file.digest)
    with story.step("The patient opens all of them: byte for byte what went in") as step:
        opened = dict(patient.open_all(stage.files))
        for file, record in zip(stage.files, records, strict=True):
            if b"".join(opened[file]) != record.body:
                step.ok, step.outcome = False, "a body came back altered"
    with story.step("The patient lets the doctor add; she writes a note into the chart") as step:
        adding = patient.grant(stage.doctor.address, category=category, rights=ADD)
        stage.note = stage.doctor.write(
            NOTE, category=category, patient=patient.address, title="A note"
        )
        stage.place.settle()
        role = stage.doctor.require_authentic(stage.note)
        step.ok = stage.note in patient.chart()
        step.outcome = f"authentic: written by a credentialed {role.name.lower()}"
        step.show(stage.note.digest)
    story.refused(
        "The right to add is none to view",
        [ViewingNotGranted],
        lambda: stage.doctor.open(stage.first_of(category), adding),
    )
    with story.step("A note that the stranger addresses to the patient waits outside") as step:
        unasked = stage.stranger.write(NOTE, category=category, patient=patient.address)
        stage.place.settle()
        step.ok = patient.addressed() == [unasked] and unasked not in patient.chart()
    story.refused(
        "And it is not authentic: a stranger holds no credential",
        [NoCredential],
        lambda: patient.require_authentic(unasked),
    )


def share(stage: Stage) -> None:
    """Nothing without a grant; with one, what it names and nothing else."""
    story, patient, doctor = stage.story, stage.patient, stage.doctor
    story.chapter("Consent")
    one, two, third = stage.categories[:3]
    story.refused(
        "The doctor is refused: nothing was shared yet",
        [NotTheAuthor],
        lambda: doctor.open(stage.first_of(one)),
    )
    until = datetime.fromtimestamp(patient.clock() + 24 * 3600, UTC)
    with story.step(
        f"The patient signs: the doctor may see two categories, until {until:%Y-%m-%d %H:%M} UTC"
    ) as step:
        for category in (one, two):
            stage.grants.append(patient.grant(doctor.address, category=category))
            step.show(stage.grants[-1].digest)
        stage.place.settle()
    for held in viewing(doctor, patient):
        with story.step("The doctor opens a record of a category that was shared") as step:
            file = doctor.shared_records(held)[0]
            step.outcome = f"{len(doctor.open(file, held)):,} bytes of record {short(file.digest)}"
    story.refused(
        "The doctor is refused a third category",
        [OutsideGrant],
        lambda: doctor.open(stage.first_of(third), stage.grants[0]),
    )
    story.refused(
        "The stranger is refused, with the doctor's grant in hand",
        [NotTheViewer],
        lambda: stage.stranger.open(stage.first_of(one), stage.grants[0]),
    )
    save_statements(stage)


def save_statements(stage: Stage) -> None:
    """Leave statement files for `python -m app verify`."""
    node, file = stage.place.node, stage.first_of(stage.categories[0])
    statements: dict[str, tuple[bytes, Signed]] = {
        "record": (file.digest, file.signed),
        "grant": (stage.grants[0].digest, stage.grants[0].signed),
    }
    for name, (digest, signed) in statements.items():
        document = signed_json(signed, node.domains, node.proof(digest))
        path = statements_folder(stage.place) / f"{name}.json"
        write_whole(path, json.dumps(document, indent=1) + "\n")


def statements_folder(place: Embedded) -> Path:
    """Where the demo leaves statement files."""
    return place.folder / "statements"


def stop_custodians(stage: Stage) -> None:
    """Any t custodians do; fewer do not; the patient needs none."""
    story, place = stage.story, stage.place
    spare = len(place.custodians) - place.threshold
    story.chapter("Custodians")
    file = stage.first_of(stage.categories[0])
    for custodian in place.custodians[:spare]:
        custodian.stopped = True
    with story.step(f"{spare} of {len(place.custodians)} custodians stop: the doctor still opens"):
        stage.doctor.open(file, stage.grants[0])
    place.custodians[spare].stopped = True
    story.refused(
        f"{spare + 1} stop: the doctor is refused",
        [NotEnoughShares, StoppedByOperator],
        lambda: stage.doctor.open(file, stage.grants[0]),
    )
    with story.step("The patient opens all the same"):
        stage.patient.open(file)
    for custodian in place.custodians:
        custodian.stopped = False


def look_who_looked(stage: Stage) -> None:
    """Each opening with a proof that the chain itself checks."""
    story, patient, node = stage.story, stage.patient, stage.place.node
    story.chapter("Who looked")
    stage.place.hand_in_after = 0  # custodians report now what nobody else handed in
    stage.place.settle()
    with story.step("The patient lists every opening; the chain confirms each") as step:
        openings, view = patient.openings(), stage.place.chain.view()
        for opening in openings:
            proof = node.proof(opening.digest)
            if proof is None:
                step.ok, step.outcome = False, "an opening is not anchored"
                return
            at = view.ask(AUDIT, "anchorTime", opening.digest, proof.root, list(proof.path))
            step.ok = step.ok and at > 0
            step.show(opening.digest)
        # where two custodians were stopped, the others logged what was asked of them in vain
        expected = 3 + (stage.place.threshold > 1)
        viewers = {opening.statement.viewer for opening in openings}
        step.ok = step.ok and len(openings) == expected and viewers == {stage.doctor.address}
        purposes = ", ".join(sorted({opening.statement.purpose for opening in openings}))
        vain = "; one of them was in vain" if expected > 3 else ""
        step.outcome = f"{len(openings)} openings, all by the doctor, for {purposes}{vain}"


def take_back(stage: Stage) -> None:
    """Revocation closes the door at once, and for keys that were kept as well."""
    story, patient, doctor = stage.story, stage.patient, stage.doctor
    story.chapter("Revocation")
    grant, file = stage.grants[0], stage.first_of(stage.categories[0])
    kept = viewing(doctor, patient)[0]
    with stage.place.held():
        with story.step("The patient takes one permission back"):
            patient.revoke(grant)
        story.refused(
            "The doctor is refused at once, before any block",
            [GrantRevoked],
            lambda: doctor.open(file, grant),
        )
    with story.step("The revocation reaches the chain"):
        stage.place.settle()
    story.refused(
        "She is refused with the keys that she kept from before",
        [GrantRevoked],
        lambda: doctor.open(file, kept),
    )
    story.refused(
        "She is refused when she names her other grant for it",
        [OutsideGrant, ForeignGrant],
        lambda: doctor.open(file, stage.grants[1]),
    )
    with story.step("She still opens what the other grant shares"):
        other = viewing(doctor, patient)[1]
        doctor.open(doctor.shared_records(other)[0], other)
    with story.step("And she still opens the note that she wrote herself"):
        _open_note(stage)


def _open_note(stage: Stage) -> None:
    if stage.note is None or stage.doctor.open(stage.note) != NOTE:
        raise KeyNotOfBody()


def work_as_team(stage: Stage) -> None:
    """A member opens under the organization's grant until the membership ends."""
    story, patient, colleague = stage.story, stage.patient, stage.colleague
    story.chapter("The hospital's team")
    category = stage.categories[1]
    with story.step("The patient shares a category with the hospital"):
        patient.grant(stage.hospital.address, category=category)
        stage.place.settle()
    with story.step("The hospital makes a colleague a member, who opens a record"):
        membership = stage.hospital.add_member(colleague.address)
        held = colleague.grants_held(patient.address)[0]
        colleague.open(colleague.shared_records(held)[0], held)
    with story.step("The hospital ends the membership"):
        stage.hospital.end_membership(membership)
        stage.place.settle()
    story.refused(
        "The colleague is refused",
        [MembershipInvalid],
        lambda: colleague.open(colleague.shared_records(held)[0], held),
    )


def take_everything_back(stage: Stage) -> None:
    """One signature ends every grant, known or not."""
    story, hospital = stage.story, stage.hospital
    with story.step("The patient takes everything back with one signature"):
        stage.patient.revoke_all()
        stage.place.settle()
    held = hospital.grants_held(stage.patient.address)[0]
    story.refused(
        "The hospital is refused",
        [GrantTagReplaced],
        lambda: hospital.open(hospital.shared_records(held)[0], held),
    )


def change_keys(stage: Stage) -> None:
    """A new wallet, then a new device: the chart goes on."""
    story, patient, doctor = stage.story, stage.patient, stage.doctor
    story.chapter("Keys")
    old_wallet, file = patient.wallet, stage.first_of(stage.categories[0])
    with story.step("The patient moves to a new wallet; the chart goes on"):
        patient.rotate(new_wallet())
        stage.place.settle()
        patient.open(file)
    with story.step("A permission signed by the new wallet opens a record"):
        patient.grant(doctor.address, record=file)
        stage.place.settle()
        held = doctor.grants_held(patient.address)[-1]
        doctor.open(file, held)

    def sign_with_old() -> None:
        new, patient.wallet = patient.wallet, old_wallet
        try:
            signed = patient.sign(held.statement)
            stage.place.node.accept(signed)
        finally:
            patient.wallet = new

    story.refused("The old wallet signs for nobody any more", [ForeignSignature], sign_with_old)
    with story.step("The vault is restored from its phrase on a new device") as step:
        device = Person.restore(
            stage.place.node, patient.wallet, patient.address, patient.vault.phrase
        )
        records = device.chart()
        device.open(file)
        step.outcome = f"{len(records)} records found again, and one opened"
    stage.patient = device


def correct_and_erase(stage: Stage) -> None:
    """Versions stay provable; an erased record opens for nobody but its author."""
    story, patient, doctor, place = stage.story, stage.patient, stage.doctor, stage.place
    story.chapter("Correcting and erasing")
    old = stage.note
    if old is None:
        raise NotStored(address="the note")
    with story.step("The doctor corrects her note; the old version stays provable") as step:
        new = doctor.correct(old, NOTE.replace(b"final", b"amended"))
        place.settle()
        doctor.require_authentic(old)
        shown = [file.digest for file in patient.chart()]
        step.ok = new.digest in shown and old.digest not in shown
        step.ok = step.ok and old in patient.chart(history=True)
        step.show(new.digest)
    with story.step("The patient erases the old version"):
        patient.erase(old)
        place.settle()
    story.refused("Erased: the patient's own copy is gone", [NotStored], lambda: patient.open(old))
    story.refused(
        "No permission brings it back",
        [NotStored],
        lambda: patient.grant(doctor.address, record=old),
    )
    with story.step("Its author opens what she must keep, and that is logged too"):
        _open_note(stage)


ACTS = (
    import_chart,
    share,
    stop_custodians,
    look_who_looked,
    take_back,
    work_as_team,
    take_everything_back,
    change_keys,
    correct_and_erase,
)
