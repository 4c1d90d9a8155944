"""Auditing: an access statement is dated, and nothing about it is shown."""

from conftest import NOTHING
from eth_utils.crypto import keccak


def test_an_access_proves_its_time(audit, viewer, digest_of, anchored, now):
    access = {
        "viewer": viewer.address,
        "grant": keccak(text="grant"),
        "records": keccak(text="records"),
        "purpose": "TREAT",
        "at": now(),
        "salt": keccak(text="salt"),
    }
    root, proof = anchored(audit, digest_of("Access", access), others=6)

    digest = audit.accessDigest(tuple(access.values()))

    assert audit.anchorTime(digest, root, proof) == audit.anchoredAt(root) > 0


def test_an_access_with_another_salt_is_not_in_the_batch(audit, viewer, digest_of, anchored, now):
    access = {
        "viewer": viewer.address,
        "grant": NOTHING,
        "records": NOTHING,
        "purpose": "TREAT",
        "at": now(),
        "salt": keccak(text="salt"),
    }
    root, proof = anchored(audit, digest_of("Access", access))

    digest = audit.accessDigest(tuple((access | {"salt": NOTHING}).values()))

    assert audit.anchorTime(digest, root, proof) == 0


def test_the_trail_holds_nothing_but_anchors(audit):
    changing = {
        entry["name"]
        for entry in audit.abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }

    assert changing == {"anchor"}
