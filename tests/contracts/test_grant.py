"""Granting: whether a signed and anchored grant lets its viewer see now, and if not, why."""

import pytest
from conftest import ADD, DAY, FOREVER, NOTHING, VIEW, nonce
from eth_utils.crypto import keccak

NONE, NOT_ANCHORED, NOT_YET_VALID, EXPIRED, NOT_TO_VIEW, TAG_REPLACED, REVOKED, NOT_SIGNED = range(
    8
)


@pytest.fixture
def refusal(consent):
    def ask(*shown):
        answer = consent.refusal(*shown)
        assert consent.isViewable(*shown) == (answer == NONE)
        return answer

    return ask


def test_a_signed_and_anchored_grant_opens(refusal, patient, viewer, grant, shown):
    assert refusal(*shown(patient, grant(patient, viewer))) == NONE


@pytest.mark.parametrize("record", [NOTHING, keccak(text="record")])
@pytest.mark.parametrize("rights", [VIEW, VIEW | ADD, 255])
def test_a_grant_to_view_opens_whatever_else_it_gives(
    refusal, patient, viewer, grant, shown, record, rights
):
    assert refusal(*shown(patient, grant(patient, viewer, record=record, rights=rights))) == NONE


def test_a_grant_that_is_not_anchored_opens_nothing(refusal, consent, patient, viewer, grant, sign):
    message = grant(patient, viewer)
    digest = consent.grantDigest(tuple(message.values()))

    assert (
        refusal(tuple(message.values()), sign(patient, "Grant", message), digest, [])
        == NOT_ANCHORED
    )


def test_an_anchor_of_another_contract_opens_nothing(
    refusal, records, patient, viewer, grant, sign, anchored, digest_of
):
    message = grant(patient, viewer)
    root, proof = anchored(records, digest_of("Grant", message))

    assert (
        refusal(tuple(message.values()), sign(patient, "Grant", message), root, proof)
        == NOT_ANCHORED
    )


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, NOT_YET_VALID), (0, NONE), (99, NONE), (100, EXPIRED)],
)
def test_a_grant_opens_from_its_first_second_until_its_end(
    refusal, patient, viewer, grant, shown, now, chain, next_block_at, seconds, expected
):
    start = now() + 50
    presented = shown(patient, grant(patient, viewer, notBefore=start, expiresAt=start + 100))
    next_block_at(start + seconds)
    chain.mine()
    assert now() == start + seconds

    assert refusal(*presented) == expected


@pytest.mark.parametrize("rights", [0, ADD, 254])
def test_a_grant_to_add_does_not_let_view(refusal, patient, viewer, grant, shown, rights):
    assert refusal(*shown(patient, grant(patient, viewer, rights=rights))) == NOT_TO_VIEW


def test_a_grant_under_another_tag_opens_nothing(refusal, patient, viewer, grant, shown):
    assert refusal(*shown(patient, grant(patient, viewer, nonce=nonce(tag=1)))) == TAG_REPLACED


def test_a_revoked_grant_opens_nothing(refusal, consent, patient, viewer, grant, shown):
    message = grant(patient, viewer)
    presented = shown(patient, message)

    consent.revoke(message["nonce"] >> 8, 1 << (message["nonce"] & 0xFF), {"from": patient})

    assert refusal(*presented) == REVOKED


def test_anothers_signature_opens_nothing(refusal, patient, viewer, stranger, grant, shown):
    assert refusal(*shown(stranger, grant(patient, viewer))) == NOT_SIGNED
    assert refusal(*shown(viewer, grant(patient, viewer))) == NOT_SIGNED


def test_a_patient_who_is_not_enrolled_opens_nothing(refusal, stranger, viewer, grant, shown):
    assert refusal(*shown(stranger, grant(stranger, viewer))) == NOT_SIGNED


@pytest.mark.parametrize("signature", [b"", b"\0" * 64, b"\0" * 65, b"\xff" * 65, b"\x01" * 66])
def test_what_is_no_signature_opens_nothing(refusal, patient, viewer, grant, shown, signature):
    message, _, root, proof = shown(patient, grant(patient, viewer))

    assert refusal(message, signature, root, proof) == NOT_SIGNED


@pytest.mark.parametrize(
    "change",
    [
        {"viewer": "0x" + "11" * 20},
        {"patient": "0x" + "11" * 20},
        {"category": "genetics"},
        {"record": keccak(text="other")},
        {"purpose": "HRESCH"},
        {"rights": VIEW | ADD},
        {"notBefore": 1},
        {"expiresAt": FOREVER},
        {"nonce": nonce(bit=8)},
        {"salt": NOTHING},
    ],
)
def test_a_changed_field_is_another_grant(refusal, patient, viewer, grant, shown, change):
    message = grant(patient, viewer)
    _, signature, root, proof = shown(patient, message)

    assert refusal(tuple((message | change).values()), signature, root, proof) == NOT_ANCHORED


@pytest.mark.parametrize("expected", range(1, 8))
def test_the_first_of_several_refusals_is_told(
    refusal, consent, patient, viewer, stranger, grant, shown, now, expected
):
    faults = {
        NOT_YET_VALID: {"notBefore": now() + DAY},
        EXPIRED: {"expiresAt": now() - DAY},
        NOT_TO_VIEW: {"rights": ADD},
        TAG_REPLACED: {"nonce": nonce(tag=5)},
    }
    message = grant(patient, viewer)
    for reason, change in faults.items():
        message |= change if reason >= expected else {}
    signer = stranger if expected <= NOT_SIGNED else patient
    if expected <= REVOKED:
        consent.revoke(message["nonce"] >> 8, 2**256 - 1, {"from": patient})
    values, signature, root, proof = shown(signer, message)
    if expected == NOT_ANCHORED:
        proof = [*proof, root]

    assert refusal(values, signature, root, proof) == expected


def test_a_grant_anchored_before_a_rotation_goes_on_and_none_after_it_begins(
    refusal, people, patient, viewer, new_key, grant, shown, chain
):
    before = shown(patient, grant(patient, viewer))
    chain.sleep(60)
    people.rotate(patient, new_key, {"from": patient})

    assert refusal(*before) == NONE
    assert refusal(*shown(patient, grant(patient, viewer, salt=NOTHING))) == NOT_SIGNED
    assert refusal(*shown(new_key, grant(patient, viewer, salt=NOTHING))) == NONE


def test_a_representatives_grant_opens_while_it_was_anchored_in_time(
    refusal, people, patient, viewer, representative, grant, shown, now, chain
):
    people.represent(patient, representative, now() + 100, {"from": patient})
    in_time = shown(representative, grant(patient, viewer))
    chain.sleep(200)
    late = shown(representative, grant(patient, viewer, salt=NOTHING))

    assert refusal(*in_time) == NONE
    assert refusal(*late) == NOT_SIGNED


def test_a_contract_account_grants_by_what_it_accepts_now(refusal, wallet, viewer, grant, shown):
    presented = shown(wallet.owner, grant(wallet.address, viewer))
    assert refusal(*presented) == NONE

    wallet.contract.setMood(2, {"from": wallet.owner})

    assert refusal(*presented) == NOT_SIGNED


def test_a_contract_account_is_heard_with_a_signature_of_any_form(
    refusal, wallet, viewer, grant, shown
):
    message, _, root, proof = shown(wallet.owner, grant(wallet.address, viewer))
    wallet.contract.setMood(1, {"from": wallet.owner})

    assert refusal(message, b"three guardians", root, proof) == NONE


@pytest.mark.parametrize("mood", [2, 3, 4, 5])
def test_a_contract_account_that_refuses_in_any_way_opens_nothing(
    refusal, wallet, viewer, grant, shown, mood
):
    presented = shown(wallet.owner, grant(wallet.address, viewer))

    wallet.contract.setMood(mood, {"from": wallet.owner})

    assert refusal(*presented) == NOT_SIGNED


def test_a_contract_account_that_is_no_longer_the_key_is_not_asked(
    refusal, people, wallet, viewer, new_key, grant, shown, relayer
):
    presented = shown(wallet.owner, grant(wallet.address, viewer))
    rotation = people.rotate.encode_input(wallet.address, new_key)
    wallet.contract.execute(people, rotation, {"from": relayer})

    assert refusal(*presented) == NOT_SIGNED


def test_a_delegated_account_keeps_its_plain_signatures(
    refusal, TestWallet, relayer, patient, viewer, grant, shown, web3
):
    """As EIP-7702 leaves it: code at the address, and a key that still signs."""
    presented = shown(patient, grant(patient, viewer))
    refusing = relayer.deploy(TestWallet, relayer, 2)

    web3.provider.make_request(
        "anvil_setCode", [patient.address, web3.eth.get_code(refusing.address).to_0x_hex()]
    )

    assert refusal(*presented) == NONE


def test_two_grants_of_one_word_are_revoked_apart(refusal, consent, patient, viewer, grant, shown):
    first = shown(patient, grant(patient, viewer, nonce=nonce(bit=0)))
    second = shown(patient, grant(patient, viewer, nonce=nonce(bit=255)))

    consent.revoke(nonce() >> 8, 1 << 255, {"from": patient})

    assert (refusal(*first), refusal(*second)) == (NONE, REVOKED)
