"""Owns the vectors of what is signed and proven: statements, trees."""

from __future__ import annotations

import json
from typing import Any

from coincurve import PrivateKey as SigningKey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.core.encoding import ZERO32, checksum_address, hex0x, keccak
from app.core.merkle import ManifestEntry, MerkleTree, encode_manifest, manifest_id
from app.core.signatures import Signed, session_key_id, signed_json
from app.core.statements import TYPES, Domains, Grant, RevocationOfAll, Session
from app.core.typed_data import Domain, Statement, schema
from scripts.golden.source import Document, Row, fixed, numbered_digests, refusal

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNER = SigningKey(fixed("signer"))
ADDRESS = checksum_address(keccak(SIGNER.public_key.format(compressed=False)[1:])[12:])


def domain(contract: str) -> Domain:
    """The domain of a contract on the vectors' own chain."""
    return Domain(chain_id=31337, contract=checksum_address(fixed(contract, 20)))


DOMAINS = Domains(
    people=domain("PeopleRegistry"),
    records=domain("RecordRegistry"),
    consent=domain("ConsentRegistry"),
    audit=domain("AuditTrail"),
)
_WORDS = {
    "category": "laboratory",
    "purpose": "TREAT",
    "origin": "https://clinic.example",
    "name": "Dr. Ada Example",
    "reason": "A second opinion — before the visit",
}
_NUMBERS = {
    "rights": 3,
    "version": 1,
    "epoch": 7,
    "mask": 1 << 255 | 1,
    "not_before": 1_800_000_000,
    "expires_at": 1_800_086_400,
    "deadline": 1_800_003_600,
    "issued_at": 1_799_999_999,
    "at": 1_800_000_001,
}


def sample(statement_type: type[Statement], **overrides: Any) -> Statement:
    """A statement of a type, each value fixed by its field's name; numbers as large as they get."""
    values: dict[str, Any] = {}
    for field in schema(statement_type).fields:
        if field.solidity == "address":
            values[field.name] = checksum_address(fixed(field.name, 20))
        elif field.solidity == "bytes32":
            values[field.name] = fixed(field.name)
        elif field.solidity == "string":
            values[field.name] = _WORDS[field.name]
        else:
            size = int(field.solidity.removeprefix("uint")) // 8
            number = int.from_bytes(fixed(field.name, size), "big")
            values[field.name] = _NUMBERS.get(field.name, number)
    return statement_type(**values | overrides)


SAMPLES = (
    *(sample(statement_type) for statement_type in TYPES.values()),
    sample(Grant, record=ZERO32, rights=0, not_before=0, expires_at=2**64 - 1, nonce=2**256 - 1),
    sample(RevocationOfAll, tag=0, new_tag=2**64 - 1),
    sample(Session, origin="https://bücher.example/\U0001f511"),
)


def sign(digest: bytes) -> bytes:
    """The vectors' signer's signature over a digest (RFC 6979, so always the same)."""
    signature = SIGNER.sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([signature[64] + 27])


def written(statement: Statement) -> dict[str, Any]:
    """A statement's message with every number as a decimal string."""
    message = {f.label: getattr(statement, f.name) for f in schema(type(statement)).fields}
    return {
        label: hex0x(value) if isinstance(value, bytes) else str(value)
        for label, value in message.items()
    }


def statements(_: Document) -> Document:
    """statements.json."""
    grant = sample(Grant)
    digest = DOMAINS.digest(grant)
    signature = sign(digest)
    proof = MerkleTree([digest, *numbered_digests(2)]).proof(digest)
    file = signed_json(Signed(statement=grant, signature=signature), DOMAINS, proof)
    return {
        "signer": {"privateKey": hex0x(fixed("signer")), "address": ADDRESS},
        "samples": [_sample_entry(statement) for statement in SAMPLES],
        "session": _session(digest),
        "file": json.dumps(file, ensure_ascii=False),
        "signature": {"digest": hex0x(digest), "signature": hex0x(signature)},
        "refusals": [*_file_refusals(), *_signature_refusals()],
    }


def _sample_entry(statement: Statement) -> Document:
    form, own = schema(type(statement)), DOMAINS.judging(statement)
    digest = DOMAINS.digest(statement)
    return {
        "type": form.name,
        "judge": statement.judge,
        "typeString": form.type_string,
        "typeHash": hex0x(form.type_hash),
        "domain": own.as_json(),
        "separator": hex0x(own.separator),
        "message": written(statement),
        "digest": hex0x(digest),
        "signature": hex0x(sign(digest)),
    }


def _session(digest: bytes) -> Document:
    scalar = int.from_bytes(fixed("session"), "big") >> 1
    key = ec.derive_private_key(scalar, ec.SECP256R1())
    point = key.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    der = key.sign(digest, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    odd = point[-1] & 1
    return {
        "publicKey": hex0x(point),
        "keyId": hex0x(session_key_id(point)),
        "digest": hex0x(digest),
        "signature": hex0x(signature),
        "not": [
            {"why": "a compressed point", "publicKey": hex0x(bytes([2 + odd]) + point[1:33])},
            {"why": "a hybrid point", "publicKey": hex0x(bytes([6 + odd]) + point[1:])},
            {"why": "a point without its first byte", "publicKey": hex0x(point[1:])},
            {
                "why": "a point off the curve",
                "publicKey": hex0x(point[:-1] + bytes([point[-1] ^ 1])),
            },
            {"why": "the point at infinity", "publicKey": "0x00"},
            {"why": "the signature in DER", "signature": hex0x(der)},
            {"why": "a byte too many", "signature": hex0x(signature + b"\x00")},
            {"why": "another digest", "digest": hex0x(ZERO32)},
        ],
    }


def _file_refusals() -> list[Document]:
    other = checksum_address(fixed("another contract", 20))
    at = "/typedData"
    grant = schema(Grant).fields
    renamed = [{"name": f.label, "type": f.solidity} for f in grant][::-1]
    wrong_case = DOMAINS.consent.contract.swapcase().replace("0X", "0x")
    rows: list[Row] = [
        ("another file version", "MalformedStatement", ["set", "/chartkey", "statement/2"]),
        ("no signature", "MalformedStatement", ["drop", "/signature"]),
        ("a root without its proof", "MalformedStatement", ["drop", "/proof"]),
        ("a step of 31 bytes", "MalformedStatement", ["set", "/proof/0", "0x" + "11" * 31]),
        ("a proof that is text", "MalformedStatement", ["set", "/proof", "0x" + "11" * 32]),
        ("a proof that is an object", "MalformedStatement", ["set", "/proof", {}]),
        ("a proof of 65 steps", "MalformedStatement", ["set", "/proof", ["0x" + "11" * 32] * 65]),
        ("another chain", "WrongChain", ["set", f"{at}/domain/chainId", 1]),
        ("another contract", "WrongContract", ["set", f"{at}/domain/verifyingContract", other]),
        (
            *("a wrong address checksum", "MalformedStatement"),
            ["set", f"{at}/domain/verifyingContract", wrong_case],
        ),
        ("another application", "WrongVersion", ["set", f"{at}/domain/name", "chartkey"]),
        ("another application version", "WrongVersion", ["set", f"{at}/domain/version", "2"]),
        ("a salt in the domain", "MalformedStatement", ["set", f"{at}/domain/salt", "0x00"]),
        ("an unknown type", "UnknownStatement", ["set", f"{at}/primaryType", "Permit"]),
        ("another type's fields", "MalformedStatement", ["set", f"{at}/primaryType", "Record"]),
        ("fields in another order", "MalformedStatement", ["set", f"{at}/types/Grant", renamed]),
        ("another type declared too", "MalformedStatement", ["set", f"{at}/types/Note", []]),
        ("no type of the domain", "MalformedStatement", ["drop", f"{at}/types/EIP712Domain"]),
        ("a chain id beyond 64 bits", "WrongChain", ["set", f"{at}/domain/chainId", str(1 << 64)]),
        ("a field too few", "MalformedStatement", ["drop", f"{at}/message/salt"]),
        ("a field too many", "MalformedStatement", ["set", f"{at}/message/note", "x"]),
        ("rights beyond uint8", "MalformedStatement", ["set", f"{at}/message/rights", 256]),
        ("a negative time", "MalformedStatement", ["set", f"{at}/message/notBefore", -1]),
        (
            "a large number that is not text",
            "MalformedStatement",
            ["set", f"{at}/message/nonce", 2**53],
        ),
        ("a larger one", "MalformedStatement", ["set", f"{at}/message/nonce", 2**53 + 1]),
        (
            "a chain id that is large and not text",
            "WrongChain",
            ["set", f"{at}/domain/chainId", 2**53],
        ),
        ("a fraction", "MalformedStatement", ["set", f"{at}/message/notBefore", 1.5]),
        ("true as a number", "MalformedStatement", ["set", f"{at}/message/rights", True]),
        ("a short salt", "MalformedStatement", ["set", f"{at}/message/salt", "0x1234"]),
        ("a lone surrogate", "MalformedStatement", ["set", f"{at}/message/purpose", "\ud800"]),
        ("text that is no address", "MalformedStatement", ["set", f"{at}/message/viewer", "0x1"]),
        ("a high-s signature", "MalleableSignature", ["set", "/signature", _high_s()]),
    ]
    return [refusal(why, error, "file", step) for why, error, step in rows]


def _high_s() -> str:
    signature = sign(DOMAINS.digest(sample(Grant)))
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return hex0x(signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]]))


def _signature_refusals() -> list[Document]:
    return [
        refusal("64 bytes", "MalformedSignature", "signature", ["cut", 64, 65]),
        refusal("66 bytes", "MalformedSignature", "signature", ["add", "0x00"]),
        refusal("v of 0", "MalformedSignature", "signature", ["put", 64, "0x00"]),
        refusal("v of 29", "MalformedSignature", "signature", ["put", 64, "0x1d"]),
        refusal("r of zero", "MalformedSignature", "signature", ["put", 0, hex0x(ZERO32)]),
        refusal("s of zero", "MalformedSignature", "signature", ["put", 32, hex0x(ZERO32)]),
        refusal("r beyond the field", "MalformedSignature", "signature", ["put", 0, _BEYOND]),
        refusal("a high s", "MalleableSignature", "signature", ["put", 0, _high_s()]),
    ]


_BEYOND = "0x" + "ff" * 32


def trees(_: Document) -> Document:
    """trees.json."""
    rows = []
    for count in (1, 2, 3, 5, 8, 1024):
        digests, places = numbered_digests(count), sorted({0, count // 2, count - 1})
        tree = MerkleTree(digests)
        proofs = [[hex0x(s) for s in tree.proof(digests[i]).path] for i in places]
        rows.append({"count": count, "root": hex0x(tree.root), "places": places, "proofs": proofs})
    digests = numbered_digests(3)
    entries = [ManifestEntry(digest=digests[0], envelope=fixed("envelope"))]
    entries += [ManifestEntry(digest=digest) for digest in digests[1:]]
    manifest = encode_manifest(entries)
    return {
        "trees": rows,
        "manifest": hex0x(manifest),
        "manifestId": hex0x(manifest_id(manifest)),
        "entries": [{"digest": hex0x(e.digest), "envelope": hex0x(e.envelope)} for e in entries],
        "notProven": _not_proven(digests),
        "refusals": [
            refusal("another kind", "MalformedSeal", "manifest", ["xor", 0, 1]),
            refusal("another version", "UnknownVersion", "manifest", ["put", 3, "0x02"]),
            refusal("no entry", "MalformedSeal", "manifest", ["put", 4, "0x00000000"]),
            refusal("too high a count", "MalformedSeal", "manifest", ["put", 4, "0x00010001"]),
            refusal("a byte too many", "MalformedSeal", "manifest", ["add", "0x00"]),
            refusal("the last entry cut", "MalformedSeal", "manifest", ["cut", 136, 200]),
            refusal("entries out of order", "MalformedSeal", "manifest", ["swap", 8, 72, 64]),
            refusal(
                *("an entry twice", "MalformedSeal", "manifest"),
                *(["put", 72, hex0x(manifest[8:72])],),
            ),
            refusal("cut to seven bytes", "MalformedSeal", "manifest", ["cut", 7, 200]),
        ],
    }


def _not_proven(digests: list[bytes]) -> list[Document]:
    """Parts that are not 32 bytes, cut so that the hashes fit all the same."""
    low, high = sorted(digests[:2])
    both = low + high
    root = keccak(both)
    cut = next(n for n in range(31, 0, -1) if both[:n] < both[n:])
    rows: tuple[tuple[str, bytes, list[bytes], bytes], ...] = (
        ("another digest", digests[2], [high], root),
        ("a digest of no bytes", b"", [both], root),
        ("a step of no bytes", both, [b""], root),
        ("a digest too short and a step too long", both[:cut], [both[cut:]], root),
        ("a step of 33 bytes", low, [high + b"\x00"], keccak(both + b"\x00")),
        ("a root of 31 bytes", low[:31], [], low[:31]),
        ("a root of no bytes", b"", [], b""),
    )
    return [
        {
            "why": why,
            "digest": hex0x(digest),
            "proof": [hex0x(step) for step in path],
            "root": hex0x(end),
        }
        for why, digest, path, end in rows
    ]
