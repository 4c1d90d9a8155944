"""Tests of key sheets: who can open what, and what a changed, foreign or stale one does."""

from __future__ import annotations

import contextlib
import random
from dataclasses import replace
from itertools import combinations, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import (
    KeyNotOfBody,
    MalformedSeal,
    NoSlot,
    NotEnoughShares,
    SealError,
    SheetStale,
    SheetSubstituted,
    SlotNotOpened,
    UnknownVersion,
    WrongShare,
)
from app.core.keys import PrivateKey
from app.core.sealing import Halves, open_bytes
from app.core.sheets import (
    KeySheet,
    Kind,
    Slot,
    combine,
    decode_sheet,
    require_complete,
    require_newest,
    sheet_hash,
    slot_purpose,
    split,
    write_sheet,
)
from app.core.statements import Sheet
from tests.makers import Person, make_custodian, randomness, salt
from tests.openings import SealedRecord, make_halves, make_recipients, seal_record


@pytest.fixture
def sealed(patient: Person, doctor: Person) -> SealedRecord:
    """A record of the patient by the doctor, with its sheet."""
    return seal_record(patient, doctor)


def shares_of(sheet: KeySheet, *custodians: PrivateKey) -> list[bytes]:
    """What those custodians open."""
    return [sheet.open(Kind.SHARE_OF_B, custodian) for custodian in custodians]


def statement_of(sheet: KeySheet) -> Sheet:
    """What is signed of a sheet."""
    return Sheet(
        record=sheet.record,
        version=sheet.version,
        sheet_hash=sheet_hash(sheet.encode()),
        salt=salt(),
    )


def test_each_party_opens_its_part(
    sealed: SealedRecord, patient: Person, doctor: Person, custodians: tuple[PrivateKey, ...]
) -> None:
    sheet, halves = sealed.sheet, sealed.halves
    assert sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", 0)) == halves.a
    assert sheet.open(Kind.A_FOR_AUTHOR, doctor.identity) == halves.a
    assert sheet.open(Kind.B_FOR_PATIENT, patient.identity) == halves.b
    for pair in permutations(custodians, 2):
        assert combine(shares_of(sheet, *pair), sheet.threshold) == halves.b
    assert open_bytes(sealed.sealed, sealed.body_key()) == sealed.body


def test_nobody_opens_the_part_of_another(
    sealed: SealedRecord, patient: Person, stranger: Person
) -> None:
    sheet = sealed.sheet
    for kind in Kind:
        with pytest.raises(NoSlot):
            sheet.open(kind, stranger.identity)
    with pytest.raises(NoSlot):
        sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("vitals", 0))
    with pytest.raises(NoSlot):
        sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", 1))
    with pytest.raises(NoSlot):
        sheet.open(Kind.SHARE_OF_B, patient.identity)


def test_a_slot_that_only_carries_my_name_does_not_open(
    sealed: SealedRecord, stranger: Person
) -> None:
    slot = replace(sealed.sheet.slots[0], recipient=stranger.identity.public.id)
    with pytest.raises(SlotNotOpened):
        replace(sealed.sheet, slots=(slot,)).open(Kind.A_FOR_CATEGORY, stranger.identity)


def test_a_sheet_reads_back(sealed: SealedRecord) -> None:
    assert decode_sheet(sealed.sheet.encode()) == sealed.sheet


SLOTS = st.builds(
    Slot,
    kind=st.integers(0, 255),
    number=st.integers(0, 255),
    recipient=st.binary(min_size=32, max_size=32),
    sealed=st.binary(max_size=40),
)


@given(
    st.builds(
        KeySheet,
        record=st.binary(min_size=32, max_size=32),
        version=st.integers(0, 2**64 - 1),
        epoch=st.integers(0, 2**64 - 1),
        threshold=st.integers(1, 3),
        shares=st.integers(3, 255),
        slots=st.lists(SLOTS, max_size=5).map(tuple),
    )
)
def test_any_sheet_reads_back(sheet: KeySheet) -> None:
    assert decode_sheet(sheet.encode()) == sheet


@given(st.binary(max_size=120), st.booleans())
def test_any_bytes_are_a_sheet_or_a_typed_error(tail: bytes, marked: bool) -> None:
    with contextlib.suppress(SealError):
        decode_sheet(b"CKS\x01" + tail if marked else tail)


def test_slots_of_unknown_kinds_are_passed_over(sealed: SealedRecord, patient: Person) -> None:
    later = Slot(
        kind=9, number=0, recipient=patient.identity.public.id, sealed=b"a later version's"
    )
    sheet = decode_sheet(replace(sealed.sheet, slots=(later, *sealed.sheet.slots)).encode())
    assert sheet.open(Kind.B_FOR_PATIENT, patient.identity) == sealed.halves.b


def test_a_sheet_cut_off_anywhere_is_malformed(sealed: SealedRecord) -> None:
    sheet = sealed.sheet.encode()
    for cut in {0, 3, 4, 56, 57, len(sheet) - 1} | set(
        random.Random(4).sample(range(len(sheet)), 100)
    ):
        with pytest.raises(MalformedSeal):
            decode_sheet(sheet[:cut])


def test_a_sheet_with_something_after_it_is_malformed(sealed: SealedRecord) -> None:
    with pytest.raises(MalformedSeal):
        decode_sheet(sealed.sheet.encode() + b"\x00")


def test_a_sheet_of_another_kind_or_version_is_refused(sealed: SealedRecord) -> None:
    sheet = sealed.sheet.encode()
    with pytest.raises(MalformedSeal):
        decode_sheet(b"CKB" + sheet[3:])
    with pytest.raises(UnknownVersion):
        decode_sheet(sheet[:3] + b"\x02" + sheet[4:])


@pytest.mark.parametrize(("threshold", "shares"), [(0, 0), (0, 3), (4, 3)])
def test_a_threshold_beyond_the_shares_is_malformed(
    sealed: SealedRecord, threshold: int, shares: int
) -> None:
    with pytest.raises(MalformedSeal):
        decode_sheet(replace(sealed.sheet, threshold=threshold, shares=shares).encode())


def test_a_flipped_bit_in_any_byte_of_a_sheet_is_a_substitution(sealed: SealedRecord) -> None:
    sheet = sealed.sheet.encode()
    signed = statement_of(sealed.sheet)
    assert require_newest(sheet, signed) == sealed.sheet
    for at in range(len(sheet)):
        altered = bytearray(sheet)
        altered[at] ^= 1 << (at % 8)
        with pytest.raises(SheetSubstituted):
            require_newest(bytes(altered), signed)


def test_a_flipped_bit_in_a_slot_opens_nothing_even_without_the_hash(
    sealed: SealedRecord, patient: Person
) -> None:
    slot = sealed.sheet.slot(Kind.B_FOR_PATIENT, patient.identity.public.id)
    for at in random.Random(5).sample(range(len(slot.sealed)), 40):
        altered = bytearray(slot.sealed)
        altered[at] ^= 1 << (at % 8)
        sheet = replace(sealed.sheet, slots=(replace(slot, sealed=bytes(altered)),))
        with pytest.raises(SlotNotOpened):
            sheet.open(Kind.B_FOR_PATIENT, patient.identity)


@pytest.mark.parametrize("change", [{"record": salt("another record")}, {"epoch": 1}])
def test_a_sheet_with_another_record_or_epoch_opens_nothing(
    sealed: SealedRecord,
    patient: Person,
    custodians: tuple[PrivateKey, ...],
    change: dict[str, object],
) -> None:
    sheet = replace(sealed.sheet, **change)  # type: ignore[arg-type]
    for kind, key in (
        (Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", 0)),
        (Kind.B_FOR_PATIENT, patient.identity),
        (Kind.SHARE_OF_B, custodians[0]),
    ):
        with pytest.raises(SlotNotOpened):
            sheet.open(kind, key)


def test_a_slot_of_one_kind_does_not_open_as_another(sealed: SealedRecord, doctor: Person) -> None:
    slot = sealed.sheet.slot(Kind.A_FOR_AUTHOR, doctor.identity.public.id)
    moved = replace(sealed.sheet, slots=(replace(slot, kind=Kind.B_FOR_PATIENT),))
    with pytest.raises(SlotNotOpened):
        moved.open(Kind.B_FOR_PATIENT, doctor.identity)


def test_a_sheet_of_another_record_or_version_than_signed_is_a_substitution(
    sealed: SealedRecord, patient: Person, doctor: Person
) -> None:
    statement = statement_of(sealed.sheet)
    for signed in (replace(statement, version=1), replace(statement, record=salt("other record"))):
        with pytest.raises(SheetSubstituted):
            require_newest(sealed.sheet.encode(), signed)
    other = seal_record(patient, doctor, seed="other").sheet
    with pytest.raises(SheetSubstituted):
        require_newest(other.encode(), statement)


def test_signed_bytes_that_are_no_sheet_are_malformed(sealed: SealedRecord) -> None:
    with pytest.raises(MalformedSeal):
        require_newest(
            b"noise", replace(statement_of(sealed.sheet), sheet_hash=sheet_hash(b"noise"))
        )


def test_a_stale_sheet_is_refused(sealed: SealedRecord) -> None:
    sheet, statement = sealed.sheet.encode(), statement_of(sealed.sheet)
    assert require_newest(sheet, statement, newest=0) == sealed.sheet
    with pytest.raises(SheetStale) as refused:
        require_newest(sheet, statement, newest=2)
    assert refused.value.facts == {"given": 0, "newest": 2}


def test_the_halves_of_another_record_do_not_open_a_body(patient: Person, doctor: Person) -> None:
    one, other = seal_record(patient, doctor, seed=1), seal_record(patient, doctor, seed=2)
    with pytest.raises(KeyNotOfBody):
        open_bytes(one.sealed, one.body_key(Halves(a=one.halves.a, b=other.halves.b)))
    with pytest.raises(KeyNotOfBody):
        open_bytes(one.sealed, one.body_key(Halves(a=other.halves.a, b=one.halves.b)))


def test_a_complete_sheet_satisfies_its_patient(sealed: SealedRecord, patient: Person) -> None:
    require_complete(sealed.sheet, make_recipients(patient))


@pytest.mark.parametrize("missing", [Kind.A_FOR_CATEGORY, Kind.B_FOR_PATIENT, Kind.SHARE_OF_B])
def test_a_sheet_that_leaves_somebody_out_is_not_complete(
    sealed: SealedRecord, patient: Person, missing: Kind
) -> None:
    first = next(slot for slot in sealed.sheet.slots if slot.kind == missing)
    rest = tuple(slot for slot in sealed.sheet.slots if slot is not first)
    with pytest.raises(NoSlot):
        require_complete(replace(sealed.sheet, slots=rest), make_recipients(patient))
    empty = replace(first, sealed=first.sealed[:1136])
    with pytest.raises(NoSlot):
        require_complete(replace(sealed.sheet, slots=(*rest, empty)), make_recipients(patient))


@pytest.mark.parametrize(
    "change", [{"threshold": 1}, {"threshold": 3}, {"shares": 4}, {"epoch": 1}]
)
def test_a_sheet_with_another_threshold_or_epoch_is_not_complete(
    sealed: SealedRecord, patient: Person, change: dict[str, object]
) -> None:
    with pytest.raises(SheetSubstituted):
        require_complete(replace(sealed.sheet, **change), make_recipients(patient))  # type: ignore[arg-type]


def test_a_patient_writes_a_better_sheet_without_touching_the_body(
    sealed: SealedRecord, patient: Person
) -> None:
    to = replace(
        make_recipients(patient, epoch=3), custodians=(make_custodian(7).public,), threshold=1
    )
    sheet = write_sheet(
        record=sealed.digest, version=1, halves=sealed.halves, to=to, random=randomness()
    )
    require_complete(sheet, to)
    assert (sheet.version, sheet.epoch, sheet.threshold, sheet.shares) == (1, 3, 1, 1)
    a = sheet.open(Kind.A_FOR_CATEGORY, patient.vault.category("laboratory", 3))
    b = combine(shares_of(sheet, make_custodian(7)), 1)
    assert open_bytes(sealed.sealed, sealed.body_key(Halves(a=a, b=b))) == sealed.body


def test_purposes_of_slots_differ_in_every_part() -> None:
    base = (Kind.SHARE_OF_B, salt("record"), 0, salt("key"))
    others = (
        (Kind.A_FOR_AUTHOR, *base[1:]),
        (base[0], salt(), 0, base[3]),
        (*base[:2], 1, base[3]),
    )
    assert len({slot_purpose(*parts) for parts in (base, *others, (*base[:3], salt()))}) == 5


@settings(max_examples=25)
@given(st.data(), st.binary(min_size=1, max_size=40), st.integers(1, 12))
def test_any_t_of_n_shares_combine_to_the_secret(
    data: st.DataObject, secret: bytes, count: int
) -> None:
    threshold = data.draw(st.integers(1, count))
    shares = split(secret, threshold, count, randomness(count))
    chosen = data.draw(st.permutations(shares))
    assert combine(chosen[:threshold], threshold) == secret
    assert combine(chosen, threshold) == secret
    assert {share[-1] for share in shares} == set(range(1, count + 1))


def test_a_secret_is_split_among_255_at_most() -> None:
    assert len(split(salt("secret"), 1, 255, randomness())) == 255


def test_fewer_shares_than_needed_are_not_enough() -> None:
    shares = split(salt("secret"), 3, 5, randomness())
    for pair in combinations(shares, 2):
        with pytest.raises(NotEnoughShares) as refused:
            combine(pair, 3)
        assert (refused.value.facts["given"], refused.value.facts["needed"]) == (2, 3)


def test_fewer_shares_than_needed_tell_nothing() -> None:
    # with t−1 shares every secret is as likely: for each there is one share that completes it
    shares = split(b"\x2a", 2, 3, randomness())
    completed = {combine([shares[0], bytes([guess, 2])], 2) for guess in range(256)}
    assert completed == {bytes([secret]) for secret in range(256)}


@pytest.mark.parametrize(("threshold", "count"), [(0, 3), (4, 3), (1, 256), (0, 0)])
def test_a_threshold_without_meaning_is_refused(threshold: int, count: int) -> None:
    with pytest.raises(ValueError, match="threshold"):
        split(salt(), threshold, count, randomness())


def test_shares_that_do_not_fit_each_other_are_wrong() -> None:
    a, b, _ = split(salt("secret"), 2, 3, randomness())
    for pair in ([a, a], [a, b[1:]], [a, b[:-1] + b"\x00"], [b"\x01", b"\x02"], [b"", b""]):
        with pytest.raises(WrongShare):
            combine(pair, 2)


def test_an_altered_share_gives_another_secret_which_opens_nothing(
    sealed: SealedRecord, custodians: tuple[PrivateKey, ...]
) -> None:
    good, altered = shares_of(sealed.sheet, *custodians[:2])
    wrong = combine([good, bytes([altered[0] ^ 1]) + altered[1:]], 2)
    assert wrong != sealed.halves.b
    with pytest.raises(KeyNotOfBody):
        open_bytes(sealed.sealed, sealed.body_key(Halves(a=sealed.halves.a, b=wrong)))


def test_a_share_of_another_record_opens_nothing(patient: Person, doctor: Person) -> None:
    one, other = seal_record(patient, doctor, seed=1), seal_record(patient, doctor, seed=2)
    mixed = combine(
        [*shares_of(one.sheet, make_custodian(1)), *shares_of(other.sheet, make_custodian(2))], 2
    )
    with pytest.raises(KeyNotOfBody):
        open_bytes(one.sealed, one.body_key(Halves(a=one.halves.a, b=mixed)))


def test_half_b_needs_the_custodians_and_half_a_the_category(sealed: SealedRecord) -> None:
    assert make_halves().a != make_halves().b
    for known in (Halves(a=sealed.halves.a, b=bytes(32)), Halves(a=bytes(32), b=sealed.halves.b)):
        with pytest.raises(KeyNotOfBody):
            open_bytes(sealed.sealed, sealed.body_key(known))
