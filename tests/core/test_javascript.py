"""JavaScript and Python read each other: every format, both ways, and the same refusals."""

from __future__ import annotations

import json
import os
from hashlib import sha256

import pytest

from app.core.content import Disclosure, elements_of, is_disclosed
from app.core.custody import release_purpose
from app.core.encoding import from_hex, hex0x
from app.core.envelopes import open_envelope, seal_envelope
from app.core.keys import PrivateKey
from app.core.sealing import BodyKey, open_bytes, seal_bytes
from app.core.sheets import Kind, combine, decode_sheet, split, write_sheet
from app.core.signatures import Proof, is_session_signature, recover, session_key_id
from app.core.statements import TYPES
from app.core.typed_data import parse_domain, schema
from app.core.vault import (
    Vault,
    lock_message,
    lock_with_passphrase,
    lock_with_wallet,
    open_with_passphrase,
    open_with_wallet,
)
from scripts.golden.parties import CUSTODIANS, OPENS, PATIENT, RECIPIENTS, VIEWER
from scripts.golden.sealed import CONTEXT, HALVES, context_json
from scripts.golden.source import FOLDER, Document, counting, damage_document, load
from tests.core.javascript import JavaScript, Refused, read_file
from tests.core.javascript import js as js  # a fixture is found by its name

STATEMENTS, TREES, KEYS, BODIES = (load(n) for n in ("statements", "trees", "keys", "bodies"))
CONTENT, SHEETS, ENVELOPES = (load(n) for n in ("content", "sheets", "envelopes"))
DOCUMENTS, VAULTS = load("documents"), load("vaults")
BODY_KEY = BodyKey.of(HALVES, CONTEXT)
HALF_KEYS = {"a": HALVES.a, "b": HALVES.b, "context": context_json(CONTEXT)}


def test_both_and_the_documentation_know_the_same_types(js: JavaScript) -> None:
    ours = {schema(statement_type).type_string for statement_type in TYPES.values()}
    formats = (FOLDER.parents[1] / "docs" / "formats.md").read_text().splitlines()

    assert set(js.ask("types")) == ours
    assert ours <= set(formats)


@pytest.mark.parametrize("entry", STATEMENTS["samples"], ids=lambda e: e["type"])
def test_ethers_signs_the_same_digest_to_the_same_bytes(js: JavaScript, entry: Document) -> None:
    asked = {name: entry[name] for name in ("type", "domain", "message")}
    signer = STATEMENTS["signer"]

    assert js.ask("digest", **asked) == {
        "typeString": entry["typeString"],
        "ethersType": entry["typeString"],
        "typeHash": entry["typeHash"],
        "separator": entry["separator"],
        "digest": entry["digest"],
    }
    assert js.ask("signer", **asked, signature=entry["signature"]) == signer["address"]
    signature = js.ask("sign", **asked, privateKey=signer["privateKey"])
    assert signature == entry["signature"]
    assert recover(from_hex(entry["digest"]), from_hex(signature)) == signer["address"]


@pytest.mark.parametrize("entry", STATEMENTS["samples"], ids=lambda e: e["type"])
def test_what_python_hands_to_a_wallet_has_that_digest_too(js: JavaScript, entry: Document) -> None:
    statement = TYPES[entry["type"]].from_message(entry["message"])
    typed = json.loads(json.dumps(statement.typed_data(parse_domain(entry["domain"]))))
    asked = {"type": typed["primaryType"], "domain": typed["domain"], "message": typed["message"]}
    assert js.ask("digest", **asked)["digest"] == entry["digest"]


def test_a_browsers_session_key_signs_for_python_and_the_reverse(js: JavaScript) -> None:
    entry = STATEMENTS["session"]
    made = {n: from_hex(v) for n, v in js.ask("sign with session", digest=entry["digest"]).items()}
    ours = {name: entry[name] for name in ("publicKey", "digest", "signature")}

    assert is_session_signature(made["publicKey"], from_hex(entry["digest"]), made["signature"])
    assert session_key_id(made["publicKey"]) == made["keyId"]
    assert js.ask("session signature", **ours) is True
    assert js.ask("session signature", **ours | {"digest": bytes(32)}) is False


def test_both_accept_both_forms_of_a_session_signature(js: JavaScript) -> None:
    entry = STATEMENTS["session"]
    signature = from_hex(entry["signature"])
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = signature[:32] + (order - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    key, digest = entry["publicKey"], entry["digest"]

    assert is_session_signature(from_hex(key), from_hex(digest), other)
    assert js.ask("session signature", publicKey=key, digest=digest, signature=other) is True


def test_javascript_reads_a_statement_file(js: JavaScript) -> None:
    file = json.loads(STATEMENTS["file"])
    read = read_file(js, file)

    assert read["signer"] == STATEMENTS["signer"]["address"]
    assert (read["root"], read["proof"]) == (file["root"], file["proof"])
    assert js.ask("proven", digest=read["digest"], proof=read["proof"], root=read["root"]) is True
    assert js.ask("proven", digest=read["root"], proof=read["proof"], root=read["root"]) is False


@pytest.mark.parametrize("entry", TREES["trees"], ids=lambda e: str(e["count"]))
def test_openzeppelins_tree_has_the_same_root_and_proofs(js: JavaScript, entry: Document) -> None:
    answer = js.ask("tree", count=entry["count"], places=entry["places"])
    assert answer == {"root": entry["root"], "proofs": entry["proofs"]}


def test_a_manifest_is_the_same_bytes_in_both(js: JavaScript) -> None:
    read = js.ask("read manifest", manifest=TREES["manifest"])

    assert sorted(e["digest"] for e in TREES["entries"]) == [e["digest"] for e in read["entries"]]
    assert read["id"] == TREES["manifestId"]
    assert js.ask("write manifest", entries=TREES["entries"]) == TREES["manifest"]


@pytest.mark.parametrize("entry", KEYS["pairs"], ids=lambda e: e["seed"][:6])
def test_a_seed_is_the_same_key_pair_in_both(js: JavaScript, entry: Document) -> None:
    answer = js.ask("public key", seed=entry["seed"])

    assert (answer["id"], answer["derived"]) == (entry["id"], entry["notThisId"])
    assert answer["key"] == hex0x(PrivateKey(from_hex(entry["seed"])).public.raw)


def test_a_vault_seed_derives_the_same_keys_in_both(js: JavaScript) -> None:
    seed = KEYS["vaultSeed"]
    assert js.ask("identity seed", seed=seed) == KEYS["identity"]["seed"]
    for entry in KEYS["categories"]:
        asked = {"category": entry["category"], "epoch": entry["epoch"]}
        assert js.ask("category seed", seed=seed, **asked) == entry["seed"]


@pytest.mark.parametrize("entry", KEYS["messages"], ids=lambda e: e["name"])
def test_a_message_opens_across_languages(js: JavaScript, entry: Document) -> None:
    key, info = PrivateKey(from_hex(KEYS["recipientSeed"])), from_hex(entry["info"])
    plaintext = from_hex(entry["plaintext"])
    kept = js.ask("open", seed=key.seed, info=info, sealed=KEYS["sealed"][entry["name"]])
    fresh = js.ask("open", seed=key.seed, info=info, sealed=key.public.seal(plaintext, info))
    theirs = from_hex(js.ask("seal", key=key.public.raw, info=info, plaintext=plaintext))

    assert kept == fresh == entry["plaintext"]
    assert key.open(theirs, info) == plaintext


def test_both_halves_derive_the_same_body_key(js: JavaScript) -> None:
    answer = js.ask("body key", **HALF_KEYS)
    assert answer == {name: BODIES[name] for name in ("key", "commitment", "prefix", "header")}
    assert js.ask("content secret", a=HALVES.a, b=HALVES.b) == BODIES["contentSecret"]


@pytest.mark.parametrize("entry", BODIES["bodies"], ids=lambda e: str(e["counting"]))
def test_a_body_opens_across_languages(js: JavaScript, entry: Document) -> None:
    plaintext = counting(entry["counting"])
    opened = js.ask("open body hash", sealed=seal_bytes(plaintext, BODY_KEY), **HALF_KEYS)
    theirs = js.ask("seal body", counting=entry["counting"], **HALF_KEYS)

    assert opened == {"size": entry["counting"], "hash": entry["plaintextHash"]}
    assert hex0x(sha256(from_hex(theirs)).digest()) == entry["sealedHash"]
    assert open_bytes(from_hex(theirs), BODY_KEY) == plaintext


@pytest.mark.parametrize("entry", CONTENT["bodies"], ids=lambda e: e["name"])
def test_both_take_a_body_apart_alike(js: JavaScript, entry: Document) -> None:
    answer = js.ask("elements", body=entry["body"], secret=CONTENT["secret"])

    assert (answer["kind"], answer["root"]) == (entry["kind"], entry["root"])
    ours = elements_of(from_hex(entry["body"]))[1]
    assert answer["elements"] == {path: hex0x(value) for path, value in ours.items()}


@pytest.mark.parametrize("entry", CONTENT["long"], ids=lambda e: e["name"])
def test_both_keep_the_same_limits(js: JavaScript, entry: Document) -> None:
    answer = js.ask("kind", runs=entry["runs"])
    assert answer == {"kind": entry["kind"], "count": entry["count"]}


def test_an_element_shown_by_one_convinces_the_other(js: JavaScript) -> None:
    entry = CONTENT["disclosure"]
    shown = js.ask("disclose", body=entry["body"], secret=CONTENT["secret"], path=entry["path"])
    proof = Proof(root=from_hex(shown["root"]), path=tuple(map(from_hex, shown["proof"])))
    value, salt = from_hex(shown["value"]), from_hex(shown["salt"])
    disclosure = Disclosure(path=shown["path"], value=value, salt=salt, proof=proof)

    assert is_disclosed(disclosure, from_hex(entry["root"]))
    assert js.ask("disclosed", **entry) is True
    for steps in CONTENT["notDisclosed"]:
        assert js.ask("disclosed", **damage_document(entry, steps)) is False, steps
    with pytest.raises(Refused):
        js.ask("disclose", body=entry["body"], secret=CONTENT["secret"], path="/none")


@pytest.mark.parametrize(
    "entry", SHEETS["shares"], ids=lambda e: f"{e['threshold']} of {len(e['shares'])}"
)
def test_javascript_combines_pythons_shares(js: JavaScript, entry: Document) -> None:
    for shares in (entry["shares"], entry["shares"][::-1]):
        assert js.ask("combine", shares=shares, threshold=entry["threshold"]) == entry["secret"]
    with pytest.raises(Refused):
        js.ask(
            "combine",
            shares=entry["shares"][: entry["threshold"] - 1],
            threshold=entry["threshold"],
        )


@pytest.mark.parametrize(("threshold", "count"), [(2, 2), (2, 3), (3, 5), (7, 32)])
def test_shares_of_either_language_combine_in_the_other(
    js: JavaScript, threshold: int, count: int
) -> None:
    secret = os.urandom(32)
    ours = split(secret, threshold, count, os.urandom)
    theirs = js.ask("split", secret=secret, threshold=threshold, count=count)

    assert js.ask("combine", shares=ours[-threshold:], threshold=threshold) == hex0x(secret)
    assert combine([from_hex(share) for share in theirs][-threshold:], threshold) == secret


def test_javascript_opens_every_slot_of_a_python_sheet(js: JavaScript) -> None:
    sheet = SHEETS["sealed"]["sheet"]
    read = js.ask("read sheet", sheet=sheet)
    fresh = write_sheet(
        record=from_hex(SHEETS["record"]),
        version=3,
        halves=HALVES,
        to=RECIPIENTS,
        random=os.urandom,
    ).encode()

    assert {n: read[n] for n in ("record", "version", "epoch", "threshold", "hash")} == {
        **{n: SHEETS[n] for n in ("record", "version", "epoch", "threshold")},
        "hash": SHEETS["sheetHash"],
    }
    for entry in SHEETS["opens"]:
        asked = {"kind": entry["kind"], "seed": entry["seed"]}
        assert js.ask("open slot", sheet=sheet, **asked) == entry["secret"]
        if entry["kind"] != Kind.SHARE_OF_B:
            assert js.ask("open slot", sheet=fresh, **asked) == entry["secret"]


def test_python_opens_every_slot_of_a_javascript_sheet(js: JavaScript) -> None:
    to = {
        "category": RECIPIENTS.category.raw,
        "patient": RECIPIENTS.patient.raw,
        "authors": [key.raw for key in RECIPIENTS.authors],
        "custodians": [key.raw for key in RECIPIENTS.custodians],
    }
    head = {"record": SHEETS["record"], "version": 9, "epoch": RECIPIENTS.epoch, "threshold": 2}
    written = from_hex(js.ask("write sheet", **head, a=HALVES.a, b=HALVES.b, to=to))
    sheet = decode_sheet(written)

    assert (sheet.version, sheet.threshold, sheet.shares) == (9, 2, 3)
    for kind, key, secret in OPENS:
        if kind != Kind.SHARE_OF_B:
            assert sheet.open(kind, key) == secret
    shares = [sheet.open(Kind.SHARE_OF_B, key) for key in CUSTODIANS]
    assert combine(shares[1:], 2) == combine(shares[:2], 2) == HALVES.b


def test_a_release_opens_across_languages(js: JavaScript) -> None:
    entry = SHEETS["release"]
    named = {name: entry[name] for name in ("access", "record", "custodian", "viewer")}
    info = js.ask("release info", **named)
    purpose = release_purpose(*(from_hex(value) for value in named.values()))
    theirs = js.ask("seal", key=VIEWER.public.raw, plaintext=entry["share"], info=info)

    assert info == hex0x(purpose)
    opened = js.ask("open", seed=entry["viewerSeed"], sealed=SHEETS["sealed"]["release"], info=info)
    assert opened == entry["share"] == hex0x(VIEWER.open(from_hex(theirs), purpose))


def test_an_envelope_opens_across_languages(js: JavaScript) -> None:
    contents, parties = json.loads(ENVELOPES["contents"]), (PATIENT.public, VIEWER.public)
    fresh = seal_envelope(contents, parties, os.urandom)
    theirs = js.ask("seal envelope", contents=contents, parties=[party.raw for party in parties])

    for key in (PATIENT, VIEWER):
        for envelope in (ENVELOPES["sealed"]["envelope"], fresh):
            opened = js.ask("open envelope", envelope=envelope, seeds=[key.seed])
            assert opened == ENVELOPES["contents"]
        assert open_envelope(from_hex(theirs), key) == contents


def test_canonical_json_is_the_same_text_in_both(js: JavaScript) -> None:
    for entry in DOCUMENTS["canonical"]:
        assert js.ask("canonical", value=entry["value"]) == entry["text"]
    for value in DOCUMENTS["notCanonical"]:
        with pytest.raises(Refused):
            js.ask("canonical", value=value)


def test_javascript_reads_the_keys_documents(js: JavaScript) -> None:
    identity, category = (DOCUMENTS[name].encode() for name in ("identity", "category"))
    read = js.ask("identity keys", document=identity)
    ids = [hex0x(PrivateKey(from_hex(seed)).public.raw) for seed in DOCUMENTS["custodianSeeds"]]

    assert (read["hash"], read["threshold"]) == (DOCUMENTS["identityHash"], 2)
    assert read["custodians"] == ids
    assert js.ask("canonical", value=json.loads(identity)).encode() == identity
    read = js.ask("category keys", document=category)
    assert (read["hash"], read["epoch"]) == (DOCUMENTS["categoryHash"], 7)


def test_a_phrase_is_the_same_words_in_both(js: JavaScript) -> None:
    for entry in VAULTS["phrases"]:
        assert js.ask("phrase", seed=entry["seed"]) == entry["phrase"]
        assert js.ask("seed of phrase", phrase=f" {entry['phrase'].upper()} ") == entry["seed"]
    for phrase in VAULTS["wrongPhrases"]:
        with pytest.raises(Refused):
            js.ask("seed of phrase", phrase=phrase)


def test_a_passphrase_lock_opens_across_languages(js: JavaScript) -> None:
    vault, words = Vault(from_hex(VAULTS["seed"])), VAULTS["passphrase"]
    fresh = lock_with_passphrase(vault, words, os.urandom, n=1024)
    public = {name: value for name, value in fresh.items() if name not in ("commitment", "sealed")}

    for lock in (VAULTS["passphraseLock"], fresh):
        assert js.ask("open passphrase lock", lock=lock, passphrase=words) == VAULTS["seed"]
    theirs = js.ask("lock with passphrase", seed=vault.seed, lock=public, passphrase=words)
    assert theirs == fresh
    assert open_with_passphrase(theirs, words) == vault


def test_a_wallet_lock_opens_across_languages(js: JavaScript) -> None:
    vault, wallet = Vault(from_hex(VAULTS["seed"])), VAULTS["wallet"]
    device, lock = from_hex(wallet["deviceSecret"]), VAULTS["walletLock"]
    signature, origin = from_hex(wallet["signature"]), wallet["origin"]
    asked = {"privateKey": wallet["privateKey"], "deviceSecret": device}
    fresh = lock_with_wallet(
        *(vault, (signature, signature), device, os.urandom),
        origin=origin,
        address=lock["address"],
        salt=from_hex(lock["salt"]),
        chain_id=lock["chainId"],
        at=lock["at"],
    )

    message = js.ask("wallet message", lock=lock, origin=origin)
    assert message == wallet["message"] == lock_message(lock, origin)
    for given in (lock, fresh):
        opened = js.ask("open wallet lock", lock=given, origin=origin, **asked)
        assert opened == {"seed": VAULTS["seed"], "signature": wallet["signature"]}
    public = {name: value for name, value in fresh.items() if name not in ("commitment", "sealed")}
    theirs = js.ask("lock with wallet", seed=vault.seed, lock=public, **asked)
    assert open_with_wallet(theirs, signature, device) == vault
