"""The golden vectors hold in Python: what is written here never changes its bytes unnoticed."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data

from app.core import errors
from app.core.content import Disclosure, elements_of, is_disclosed
from app.core.custody import release_purpose
from app.core.encoding import canonical_json, checksum_address, from_hex, hex0x, keccak
from app.core.envelopes import open_envelope
from app.core.keys import PrivateKey, PublicKey
from app.core.merkle import MerkleTree, decode_manifest, is_proven
from app.core.people import CategoryKeysDocument, IdentityKeys, document_hash
from app.core.sealing import BodyContext, BodyKey, Halves, open_bytes, seal_bytes, sealed_hash
from app.core.sheets import Kind, combine, decode_sheet
from app.core.signatures import Proof, is_session_signature, parse_signed, recover, session_key_id
from app.core.statements import TYPES
from app.core.typed_data import parse_domain
from app.core.vault import lock_message, open_with_passphrase, open_with_wallet, vault_from_phrase
from scripts.golden.parties import CONTENTS, PATIENT
from scripts.golden.sealed import DRAFT_SEED, long_body
from scripts.golden.signed import DOMAINS
from scripts.golden.source import (
    FOLDER,
    Document,
    counting,
    damage,
    damage_document,
    damage_text,
    load,
    numbered_digests,
    refusals,
)
from scripts.vectors import FILES, text

STATEMENTS, BODIES, SHEETS, VAULTS = (load(n) for n in ("statements", "bodies", "sheets", "vaults"))
KEYS, CONTENT, ENVELOPES, DOCUMENTS = (
    load(n) for n in ("keys", "content", "envelopes", "documents")
)


def by_name(entries: list[Document], *names: str) -> list[Any]:
    """Parameters named after what tells them apart."""
    return [pytest.param(e, id=" ".join(str(e[name]) for name in names)) for e in entries]


@pytest.mark.parametrize("name", FILES)
def test_the_generator_writes_the_committed_vectors_again(name: str) -> None:
    assert text(FILES[name](load(name))) == (FOLDER / f"{name}.json").read_text()


def test_the_vectors_stay_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.glob("*.json")) < 400_000


def test_every_statement_type_has_a_vector() -> None:
    assert {entry["type"] for entry in STATEMENTS["samples"]} == set(TYPES)


@pytest.mark.parametrize("entry", by_name(STATEMENTS["samples"], "type"))
def test_a_statement_has_its_digest_in_eth_account_too(entry: Document) -> None:
    statement = TYPES[entry["type"]].from_message(entry["message"])
    signable = encode_typed_data(full_message=statement.typed_data(parse_domain(entry["domain"])))
    whole = keccak(b"\x19" + signable.version + signable.header + signable.body)
    signed = Account.sign_message(signable, STATEMENTS["signer"]["privateKey"])

    assert hex0x(whole) == entry["digest"]
    assert hex0x(signable.header) == entry["separator"]
    assert hex0x(bytes(signed.signature)) == entry["signature"]
    assert recover(whole, bytes(signed.signature)) == STATEMENTS["signer"]["address"]


def test_a_session_key_of_the_vectors_signed_its_digest() -> None:
    session = STATEMENTS["session"]
    assert session_key_id(from_hex(session["publicKey"])) == from_hex(session["keyId"])
    assert _is_session(session)


@pytest.mark.parametrize("entry", by_name(STATEMENTS["session"]["not"], "why"))
def test_what_is_no_session_signature_is_not_taken_for_one(entry: Document) -> None:
    assert not _is_session(STATEMENTS["session"] | entry)


def _is_session(entry: Document) -> bool:
    key, digest, signature = (
        from_hex(entry[name]) for name in ("publicKey", "digest", "signature")
    )
    return is_session_signature(key, digest, signature)


def test_a_statement_file_proves_itself() -> None:
    signed, domain, proof = parse_signed(json.loads(STATEMENTS["file"]))
    digest = signed.statement.digest(domain)

    assert recover(digest, signed.signature) == STATEMENTS["signer"]["address"]
    assert proof is not None
    assert is_proven(digest, proof)


def _read_statement(case: Document) -> None:
    if case["of"] == "signature":
        entry = {name: from_hex(value) for name, value in STATEMENTS["signature"].items()}
        recover(entry["digest"], damage(entry["signature"], case["steps"]))
        return
    signed, domain, _ = parse_signed(damage_document(json.loads(STATEMENTS["file"]), case["steps"]))
    DOMAINS.require_own(signed.statement, domain)
    recover(signed.statement.digest(domain), signed.signature)


@pytest.mark.parametrize("case", by_name(list(refusals("statements")), "of", "why"))
def test_a_damaged_statement_is_refused(case: Document) -> None:
    with pytest.raises(getattr(errors, case["error"])) as refused:
        _read_statement(case)
    assert type(refused.value) is getattr(errors, case["error"])


@pytest.mark.parametrize("entry", by_name(load("trees")["trees"], "count"))
def test_every_proof_of_a_tree_leads_to_its_root(entry: Document) -> None:
    digests, root = numbered_digests(entry["count"]), from_hex(entry["root"])
    for place, steps in zip(entry["places"], entry["proofs"], strict=True):
        proof = Proof(root=root, path=tuple(from_hex(step) for step in steps))
        assert is_proven(digests[place], proof)
        assert not is_proven(keccak(digests[place]), proof)


@pytest.mark.parametrize("entry", by_name(load("trees")["notProven"], "why"))
def test_what_is_no_proof_proves_nothing(entry: Document) -> None:
    path = tuple(from_hex(step) for step in entry["proof"])
    assert not is_proven(from_hex(entry["digest"]), Proof(root=from_hex(entry["root"]), path=path))


def test_the_first_key_is_that_of_the_x_wing_draft() -> None:
    published = "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5"  # Appendix C
    assert PrivateKey(bytes.fromhex(DRAFT_SEED)).public.raw.hex().startswith(published)


@pytest.mark.parametrize("entry", by_name(KEYS["messages"], "name"))
def test_a_kept_message_opens_for_its_purpose(entry: Document) -> None:
    key = PrivateKey(from_hex(KEYS["recipientSeed"]))
    opened = key.open(from_hex(KEYS["sealed"][entry["name"]]), from_hex(entry["info"]))
    assert hex0x(opened) == entry["plaintext"]


def halves_of(entry: Document) -> Halves:
    """The halves that a vector names."""
    return Halves(a=from_hex(entry["a"]), b=from_hex(entry["b"]))


def context_of(entry: Document) -> BodyContext:
    """The context that a vector names."""
    return BodyContext(
        registry=type(DOMAINS.records)(chain_id=entry["chainId"], contract=entry["registry"]),
        patient=entry["patient"],
        author=entry["author"],
        category=entry["category"],
        content_root=from_hex(entry["contentRoot"]),
    )


BODY_KEY = BodyKey.of(halves_of(BODIES), context_of(BODIES["context"]))


@pytest.mark.parametrize("entry", by_name(BODIES["bodies"], "counting"))
def test_a_body_seals_to_the_same_bytes_and_opens(entry: Document) -> None:
    sealed = seal_bytes(counting(entry["counting"]), BODY_KEY)

    assert (len(sealed), hex0x(sealed_hash(sealed))) == (entry["sealedSize"], entry["sealedHash"])
    opened = open_bytes(sealed, BODY_KEY)
    assert hex0x(sha256(opened).digest()) == entry["plaintextHash"]


@pytest.mark.parametrize("entry", by_name(CONTENT["bodies"], "name"))
def test_a_body_is_taken_apart_as_its_vector_says(entry: Document) -> None:
    kind, elements = elements_of(from_hex(entry["body"]))
    assert kind == entry["kind"]
    assert {path: hex0x(value) for path, value in elements.items()} == entry["elements"]


@pytest.mark.parametrize("entry", by_name(CONTENT["long"], "name"))
def test_a_long_body_is_taken_apart_within_limits(entry: Document) -> None:
    kind, elements = elements_of(long_body(entry["runs"]))
    assert (kind, len(elements)) == (entry["kind"], entry["count"])


def _is_shown(shown: Document) -> bool:
    root = from_hex(shown["root"])
    proof = Proof(root=root, path=tuple(from_hex(step) for step in shown["proof"]))
    disclosure = Disclosure(
        path=shown["path"],
        value=from_hex(shown["value"]),
        salt=from_hex(shown["salt"]),
        proof=proof,
    )
    return is_disclosed(disclosure, root)


def test_a_disclosure_holds_and_no_other_element_passes_for_it() -> None:
    assert _is_shown(CONTENT["disclosure"])
    for steps in CONTENT["notDisclosed"]:
        assert not _is_shown(damage_document(CONTENT["disclosure"], steps)), steps


@pytest.mark.parametrize(
    "entry", SHEETS["shares"], ids=lambda e: f"{e['threshold']} of {len(e['shares'])}"
)
def test_the_last_shares_give_the_secret(entry: Document) -> None:
    shares = [from_hex(share) for share in entry["shares"]]
    assert hex0x(combine(shares[::-1], entry["threshold"])) == entry["secret"]


@pytest.mark.parametrize("entry", VAULTS["phrases"], ids=lambda e: e["seed"][:6])
def test_a_phrase_restores_its_seed(entry: Document) -> None:
    assert hex0x(vault_from_phrase(f"  {entry['phrase'].upper()}\n").seed) == entry["seed"]


@pytest.mark.parametrize("phrase", VAULTS["wrongPhrases"], ids=range(len(VAULTS["wrongPhrases"])))
def test_a_wrong_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(errors.InvalidPhrase):
        vault_from_phrase(phrase)


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_a_passphrase_opens_in_every_unicode_form(form: Any) -> None:
    vault = open_with_passphrase(
        VAULTS["passphraseLock"], unicodedata.normalize(form, VAULTS["passphrase"])
    )
    assert hex0x(vault.seed) == VAULTS["seed"]


@pytest.mark.parametrize("entry", DOCUMENTS["canonical"], ids=range(len(DOCUMENTS["canonical"])))
def test_a_document_has_one_canonical_form(entry: Document) -> None:
    assert canonical_json(entry["value"]).decode() == entry["text"]


@pytest.mark.parametrize("value", DOCUMENTS["notCanonical"], ids=str)
def test_what_has_no_canonical_form_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match="canonical"):
        canonical_json(value)


def _open_message(case: Document, sealed: bytes) -> None:
    given = {"seed": KEYS["recipientSeed"], "info": hex0x(b"chartkey vector a half")}
    given |= case.get("with", {})
    PrivateKey(from_hex(given["seed"])).open(sealed, from_hex(given["info"]))


def open_body(case: Document) -> None:
    """Open a damaged counting body, perhaps with another key."""
    given = {**BODIES, **case.get("with", {})}
    context = context_of(BODIES["context"] | case.get("with", {}).get("context", {}))
    sealed = seal_bytes(counting(int(case["of"])), BODY_KEY)
    open_bytes(damage(sealed, case["steps"]), BodyKey.of(halves_of(given), context))


def _open_sheet(case: Document, sheet: bytes) -> None:
    given = {"kind": 1, "seed": SHEETS["opens"][0]["seed"]} | case.get("with", {})
    decode_sheet(sheet).open(Kind(given["kind"]), PrivateKey(from_hex(given["seed"])))


def _open_release(case: Document, sealed: bytes) -> None:
    given = {n: from_hex(v) for n, v in (SHEETS["release"] | case.get("with", {})).items()}
    named = (given[name] for name in ("access", "record", "custodian", "viewer"))
    PrivateKey(given["viewerSeed"]).open(sealed, release_purpose(*named))


def _open_envelope(case: Document, envelope: bytes) -> None:
    seeds = case.get("with", {}).get("seeds", ENVELOPES["seeds"])
    open_envelope(envelope, *(PrivateKey(from_hex(seed)) for seed in seeds))


OPENERS: dict[str, tuple[str, Callable[[Document, bytes], object]]] = {
    "manifest": (load("trees")["manifest"], lambda _, raw: decode_manifest(raw)),
    "a half": (KEYS["sealed"]["a half"], _open_message),
    "publicKey": (KEYS["publicKey"], lambda _, raw: PublicKey(raw).seal(b"", b"")),
    "sheet": (SHEETS["sealed"]["sheet"], _open_sheet),
    "release": (SHEETS["sealed"]["release"], _open_release),
    "envelope": (ENVELOPES["sealed"]["envelope"], _open_envelope),
    "two secrets": (ENVELOPES["sealed"]["two secrets"], _open_envelope),
}


def test_an_envelope_of_two_secrets_opens_for_the_one_that_it_commits_to() -> None:
    assert open_envelope(from_hex(ENVELOPES["sealed"]["two secrets"]), PATIENT) == CONTENTS


@pytest.mark.parametrize(
    "case",
    by_name(
        [c for n in ("trees", "keys", "sheets", "envelopes") for c in refusals(n)], "of", "why"
    ),
)
def test_damaged_bytes_are_refused_with_their_own_error(case: Document) -> None:
    original, opens = OPENERS[case["of"]]
    with pytest.raises(getattr(errors, case["error"])) as refused:
        opens(case, damage(from_hex(original), case["steps"]))
    assert type(refused.value) is getattr(errors, case["error"])


@pytest.mark.parametrize("case", by_name(BODIES["refusals"], "of", "why"))
def test_a_damaged_body_is_refused_with_its_own_error(case: Document) -> None:
    with pytest.raises(getattr(errors, case["error"])) as refused:
        open_body(case)
    assert type(refused.value) is getattr(errors, case["error"])


@pytest.mark.parametrize("case", by_name(DOCUMENTS["refusals"], "of", "why"))
def test_a_damaged_keys_document_is_refused(case: Document) -> None:
    is_identity = case["of"] in ("identity", "withoutCustodians")
    decode = IdentityKeys.decode if is_identity else CategoryKeysDocument.decode
    with pytest.raises(getattr(errors, case["error"])) as refused:
        decode(damage_text(DOCUMENTS[case["of"]], case["steps"]))
    assert type(refused.value) is getattr(errors, case["error"])


def test_the_documents_that_the_refusals_rewrite_are_in_order() -> None:
    plain = IdentityKeys.decode(DOCUMENTS["withoutCustodians"].encode())
    assert hex0x(document_hash(plain.encode())) == DOCUMENTS["withoutCustodiansHash"]
    assert CategoryKeysDocument.decode(DOCUMENTS["withoutKeys"].encode()).epoch == 7


def _open_lock(case: Document) -> None:
    lock = damage_document(VAULTS[case["of"]], case["steps"])
    given = {**VAULTS["wallet"], "passphrase": VAULTS["passphrase"], **case.get("with", {})}
    if case["of"] == "passphraseLock":
        open_with_passphrase(lock, given["passphrase"])
        return
    message = encode_defunct(text=lock_message(lock, given["origin"]))
    signed = Account.sign_message(message, given["privateKey"])
    open_with_wallet(lock, bytes(signed.signature), from_hex(given["deviceSecret"]))


def test_the_undamaged_locks_open() -> None:
    for of in ("passphraseLock", "walletLock"):
        _open_lock({"of": of, "steps": []})


@pytest.mark.parametrize("case", by_name(VAULTS["refusals"], "of", "why"))
def test_a_damaged_lock_is_refused(case: Document) -> None:
    with pytest.raises(getattr(errors, case["error"])) as refused:
        _open_lock(case)
    assert type(refused.value) is getattr(errors, case["error"])


def test_checksummed_addresses_are_those_of_eth_account() -> None:
    address = Account.from_key(STATEMENTS["signer"]["privateKey"]).address
    assert checksum_address(from_hex(address)) == address == STATEMENTS["signer"]["address"]


def test_a_tree_does_not_know_the_order_of_its_digests() -> None:
    digests = numbered_digests(5)
    assert MerkleTree(digests[::-1] + digests).root == MerkleTree(digests).root
