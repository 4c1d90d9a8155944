"""Owns the API for what is sealed to people: their letters, patients' records, key sheets, deliveries."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.encoding import hex0x
from app.core.erasure import Erased
from app.core.error_json import write_error
from app.core.errors import ChartkeyError, NotThatPerson
from app.core.sealed_forms import require_envelope, require_sheet
from app.core.signatures import Signed, signed_json
from app.core.statements import Domains, Grant, Membership, Record, Retraction, Sheet
from app.services.charts import Charts, Page
from app.web.reading import (
    LARGE,
    base64_of,
    bytes_of,
    digest_of,
    list_of,
    members_of,
    number_of,
    person_of,
    read_object,
    read_request,
    statement_of,
)
from app.web.sessions import Guard

MOST_SHEETS = 200
"""In one request."""
MOST_BYTES = 8 << 20


class Keeper(Protocol):
    """The node, as far as it keeps letters and sheets."""

    @property
    def domains(self) -> Domains: ...
    def deliver(self, person: str, digest: bytes, envelope: bytes) -> None: ...
    def keep_sheet(self, signed: Signed[Sheet], sheet: bytes, record: Signed[Record]) -> None: ...
    def sheets(self, record: bytes) -> list[tuple[Signed[Sheet], bytes]]: ...
    def erase(self, record: Signed[Record], retraction: Signed[Retraction]) -> Erased: ...


def letters(guard: Guard, node: Keeper, charts: Charts) -> Blueprint:
    """The routes; all ask for a session."""
    blueprint, domains = Blueprint("letters", __name__, url_prefix="/api"), node.domains

    @blueprint.get("/envelopes")
    def own() -> ResponseReturnValue:
        person, after = guard.person(), number_of(request.args.get("after", "0"))
        return jsonify(_written(charts.own(person, after)))

    @blueprint.post("/charts")
    def shared() -> ResponseReturnValue:
        viewer = guard.person()
        given = read_object("patient", "grant", optional=("membership", "after"))
        member = given.get("membership")
        page = charts.shared(
            viewer,
            person_of(given["patient"]),
            statement_of(given["grant"], Grant, domains),
            statement_of(member, Membership, domains) if member is not None else None,
            number_of(given.get("after", 0)),
        )
        return jsonify(_written(page))

    @blueprint.post("/deliveries")
    def deliver() -> ResponseReturnValue:
        guard.require()
        given = read_object("person", "digest", "envelope", most=LARGE)
        envelope = bytes_of(given["envelope"], require_envelope)
        node.deliver(person_of(given["person"]), digest_of(given["digest"]), envelope)
        return jsonify({})

    @blueprint.get("/records/<digest>/sheets")
    def sheets(digest: str) -> ResponseReturnValue:
        guard.require()
        return jsonify(_sheets(node, digest_of(digest)))

    @blueprint.post("/sheets/of")
    def sheets_of_many() -> ResponseReturnValue:
        guard.require()
        records = list_of(read_object("records")["records"], MOST_SHEETS)
        return jsonify(sheets={record: _sheets(node, digest_of(record)) for record in records})

    @blueprint.post("/sheets")
    def keep_sheets() -> ResponseReturnValue:
        guard.require()
        given = read_request(MOST_BYTES)
        if isinstance(given, list):
            return jsonify([_kept(node, one) for one in list_of(given, MOST_SHEETS)])
        return jsonify(_keep_sheet(node, given))

    @blueprint.post("/erasures")
    def erase() -> ResponseReturnValue:
        person = guard.person()
        given = read_object("record", "retraction")
        record = statement_of(given["record"], Record, domains)
        if record.statement.patient != person:
            raise NotThatPerson()
        retraction = statement_of(given["retraction"], Retraction, domains)
        return jsonify(_receipts(node.erase(record, retraction)))

    return blueprint


def _sheets(node: Keeper, record: bytes) -> list[dict[str, Any]]:
    return [
        {"statement": signed_json(signed, node.domains), "sheet": base64_of(sheet)}
        for signed, sheet in node.sheets(record)
    ]


def _keep_sheet(node: Keeper, document: Any) -> dict[str, Any]:
    given = members_of(document, "statement", "sheet", "record")
    signed = statement_of(given["statement"], Sheet, node.domains)
    sheet = bytes_of(given["sheet"], require_sheet)
    node.keep_sheet(signed, sheet, statement_of(given["record"], Record, node.domains))
    return {"digest": hex0x(node.domains.digest(signed.statement))}


def _kept(node: Keeper, document: Any) -> dict[str, Any]:
    """What became of one of many."""
    try:
        return _keep_sheet(node, document)
    except ChartkeyError as fault:
        return write_error(fault)


def _written(page: Page) -> dict[str, Any]:
    return {
        "envelopes": [
            {
                "number": letter.number,
                "digest": hex0x(letter.digest),
                "envelope": base64_of(letter.envelope),
            }
            for letter in page.letters
        ],
        "next": page.next,
    }


def _receipts(erased: Erased) -> dict[str, Any]:
    return {
        "own": erased.own.as_json(),
        "peers": [
            {
                "name": peer.name,
                "receipt": peer.receipt.as_json() if peer.receipt else None,
                "error": write_error(peer.refusal) if peer.refusal else None,
            }
            for peer in erased.peers
        ],
    }
