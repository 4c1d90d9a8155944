"""Anchoring: a root gets a time once, and a proof leads from a digest to it."""

import pytest
import trees
from conftest import NOTHING, event, refused
from eth_utils.crypto import keccak

ROOT, MANIFEST = keccak(text="root"), keccak(text="manifest")


@pytest.fixture(params=["RecordRegistry", "ConsentRegistry", "AuditTrail"])
def book(request, contracts):
    return contracts[request.param]


def test_anyone_anchors_and_the_block_gives_the_time(book, stranger):
    transaction = book.anchor(ROOT, MANIFEST, {"from": stranger})

    assert book.anchoredAt(ROOT) == transaction.timestamp
    assert event(transaction, "Anchored") == {
        "root": ROOT,
        "manifest": MANIFEST,
        "sender": stranger,
    }


def test_a_root_that_nobody_anchored_has_no_time(book):
    assert book.anchoredAt(ROOT) == 0


def test_anchoring_again_keeps_the_first_time_and_tells_the_new_manifest(
    book, relayer, stranger, chain
):
    first = book.anchor(ROOT, keccak(text="false"), {"from": stranger})
    chain.sleep(100)

    second = book.anchor(ROOT, MANIFEST, {"from": relayer})

    assert book.anchoredAt(ROOT) == first.timestamp < second.timestamp
    assert event(second, "Anchored") == {"root": ROOT, "manifest": MANIFEST, "sender": relayer}


def test_the_zero_root_is_refused(book, relayer):
    with refused("ZeroRoot"):
        book.anchor(NOTHING, MANIFEST, {"from": relayer})


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_every_digest_of_a_batch_proves_its_time(audit, relayer, size):
    digests = [keccak(bytes([i])) for i in range(size)]
    root = trees.root(digests)
    anchored_at = audit.anchor(root, MANIFEST, {"from": relayer}).timestamp

    assert {audit.anchorTime(d, root, trees.proof(digests, d)) for d in digests} == {anchored_at}


def test_one_digest_is_its_own_root(audit, relayer):
    audit.anchor(ROOT, MANIFEST, {"from": relayer})

    assert audit.anchorTime(ROOT, ROOT, []) == audit.anchoredAt(ROOT) > 0


@pytest.mark.parametrize("fault", ["other digest", "short", "long", "altered", "not anchored"])
def test_a_wrong_proof_proves_nothing(audit, relayer, fault):
    digests = [keccak(bytes([i])) for i in range(5)]
    digest, root = digests[2], trees.root(digests)
    proof = trees.proof(digests, digest)
    if fault != "not anchored":
        audit.anchor(root, MANIFEST, {"from": relayer})
    if fault == "other digest":
        digest = keccak(text="another")
    elif fault == "short":
        proof = proof[:-1]
    elif fault == "long":
        proof = [*proof, root]
    elif fault == "altered":
        proof = [keccak(proof[0]), *proof[1:]]

    assert audit.anchorTime(digest, root, proof) == 0


def test_the_books_are_separate(records, consent, relayer):
    records.anchor(ROOT, MANIFEST, {"from": relayer})

    assert consent.anchoredAt(ROOT) == 0
