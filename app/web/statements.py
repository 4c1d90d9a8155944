"""Owns the API for statements: handing them in, what became of them, and what custodians ask for."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue

from app.core.encoding import address_bytes, checksum_address, from_hex, hex0x
from app.core.error_json import write_error
from app.core.errors import ChartkeyError, MalformedStatement, NotStored, TooLarge
from app.core.opening import OpenSession
from app.core.relaying import Submission
from app.core.sealed_forms import require_envelope
from app.core.signatures import Proof, Signed, parse_signed
from app.core.statements import Domains, Session
from app.core.tidings import Fate
from app.core.typed_data import Statement
from app.web.reading import list_of, read_object, read_request, text_of

MOST_BYTES = 16 << 20
"""Of a request: a thousand statements with their envelopes."""
MOST_STATEMENTS = 1024
MOST_PARTIES = 64
MOST_FATES = 500
LARGEST_ENVELOPE = 1 << 18
"""One block of a store, whose address follows from the hash in the manifest."""
PARTS = {"statement", "envelope", "parties", "body", "session"}


class Taker(Protocol):
    """The node, as far as this API hands in to it."""

    @property
    def domains(self) -> Domains: ...
    def accept(
        self,
        signed: Signed[Statement],
        *,
        envelope: bytes = b"",
        parties: Sequence[str] = (),
        body: str = "",
        session: OpenSession | None = None,
    ) -> None: ...
    def accept_all(self, many: Sequence[Submission]) -> Sequence[ChartkeyError | None]: ...
    def document(self, digest: bytes) -> bytes: ...


def statements(
    node: Taker,
    *,
    fate: Callable[[bytes], Fate],
    proof: Callable[[bytes], Proof | None],
    custodians: Sequence[str],
) -> Blueprint:
    """The routes; `fate` and `proof` answer for a digest, `custodians` are URLs."""
    blueprint = Blueprint("statements", __name__, url_prefix="/api")

    def told_of(digest: bytes) -> dict[str, Any] | None:
        found, path = fate(digest), proof(digest)
        if not found.state:
            return None
        told = {"state": found.state, "block": found.block, "final": found.is_final}
        return told | (_written(path) if path else {})

    @blueprint.post("/statements")
    def hand_in() -> ResponseReturnValue:
        given = read_request(MOST_BYTES)
        if isinstance(given, list):
            return jsonify(_take_all(node, given))
        submission = read_submission(given, node.domains)
        node.accept(
            submission.signed,
            envelope=submission.envelope,
            parties=submission.parties,
            body=submission.body,
            session=submission.session,
        )
        return jsonify(_accepted(node, submission))

    @blueprint.get("/statements/<digest>")
    def state(digest: str) -> ResponseReturnValue:
        told = told_of(_digest(digest))
        if told is None:
            raise NotStored(address="a statement with that digest")
        return jsonify(told)

    @blueprint.post("/fates")
    def states() -> ResponseReturnValue:
        digests = list_of(read_object("digests")["digests"], MOST_FATES)
        return jsonify(fates=[told_of(_digest(text_of(one))) for one in digests])

    @blueprint.get("/proofs/<digest>")
    def proof_of(digest: str) -> ResponseReturnValue:
        path = proof(_digest(digest))
        if path is None:
            raise NotStored(address="a proof of that digest")
        return jsonify(_written(path))

    @blueprint.get("/documents/<hash_>")
    def document(hash_: str) -> ResponseReturnValue:
        content = node.document(_digest(hash_))
        return Response(content, mimetype="application/octet-stream")

    @blueprint.get("/custodians")
    def known_custodians() -> ResponseReturnValue:
        return jsonify([{"url": url} for url in custodians])

    return blueprint


def _digest(text: str) -> bytes:
    """32 bytes in hexadecimal, with or without 0x."""
    return from_hex(text if text.startswith("0x") else "0x" + text, 32)


def _take_all(node: Taker, given: list[Any]) -> list[dict[str, Any]]:
    """Take many in one transaction; for each what became of it, in order."""
    if len(given) > MOST_STATEMENTS:
        raise MalformedStatement("it holds more than {most} statements", most=MOST_STATEMENTS)
    answers: dict[int, dict[str, Any]] = {}
    read: dict[int, Submission] = {}
    for place, one in enumerate(given):
        try:
            read[place] = read_submission(one, node.domains)
        except ChartkeyError as fault:
            answers[place] = write_error(fault)
    outcomes = node.accept_all(list(read.values()))
    for (place, submission), refused in zip(read.items(), outcomes, strict=True):
        answers[place] = write_error(refused) if refused else _accepted(node, submission)
    return [answers[place] for place in range(len(given))]


def _accepted(node: Taker, submission: Submission) -> dict[str, Any]:
    digest = node.domains.digest(submission.signed.statement)
    return {"state": "accepted", "digest": hex0x(digest)}


def _written(proof: Proof) -> dict[str, Any]:
    return {"root": hex0x(proof.root), "path": [hex0x(step) for step in proof.path]}


def read_submission(given: Any, domains: Domains) -> Submission:
    """What was handed in: {statement, envelope, parties, body, session}, all but the first optional.

    `statement` is a statement file; `envelope` base64; `session` {statement, publicKey}. Raises
    MalformedStatement and its siblings, TooLarge.
    """
    if not isinstance(given, Mapping) or not given.keys() <= PARTS:
        raise MalformedStatement("it has other parts than {parts}", parts=", ".join(sorted(PARTS)))
    body = given.get("body", "")
    if not isinstance(body, str):
        raise MalformedStatement("its body is not an address")
    return Submission(
        signed=_own(given.get("statement"), domains),
        envelope=_envelope(given.get("envelope", "")),
        parties=_parties(given.get("parties", [])),
        body=body,
        session=_session(given.get("session"), domains),
    )


def _own(document: Any, domains: Domains) -> Signed[Any]:
    signed, domain, _ = parse_signed(document)
    domains.require_own(signed.statement, domain)
    return signed


def _envelope(text: Any) -> bytes:
    try:
        envelope = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise MalformedStatement("its envelope is not base64") from None
    if len(envelope) > LARGEST_ENVELOPE:
        raise TooLarge(most=LARGEST_ENVELOPE)
    return require_envelope(envelope) if envelope else envelope


def _parties(given: Any) -> list[str]:
    if not isinstance(given, list) or len(given) > MOST_PARTIES:
        raise MalformedStatement("its parties are not a list of at most {most}", most=MOST_PARTIES)
    return [checksum_address(address_bytes(party)) for party in given]


def _session(given: Any, domains: Domains) -> OpenSession | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or given.keys() != {"statement", "publicKey"}:
        raise MalformedStatement("its session has other parts than statement, publicKey")
    signed = _own(given["statement"], domains)
    if not isinstance(signed.statement, Session):
        raise MalformedStatement("its session is another statement")
    return OpenSession(signed=signed, public_key=from_hex(given["publicKey"], 65))
