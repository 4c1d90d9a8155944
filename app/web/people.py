"""Owns the API about people: oneself, others, what they are called, and the keys to seal to them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from app.core.encoding import from_hex, hex0x
from app.core.errors import MalformedStatement, NotThatPerson, TooLarge, WrongTicket
from app.core.people import CategoryKeysDocument, IdentityKeys
from app.core.sealed_forms import require_envelope, require_lock
from app.core.signatures import Signed
from app.core.statements import CategoryKeys, Domains, Introduction
from app.services.asking import word_of_role
from app.services.people import Given, People
from app.services.uploading import Uploading
from app.web.limits import Limit
from app.web.reading import (
    LARGE,
    base64_of,
    bytes_of,
    person_of,
    read_object,
    statement_of,
    text_of,
)
from app.web.sessions import Guard

if TYPE_CHECKING:  # signing in loads much that custodians, which share this code, need not load
    from app.services.sign_in import SignIn

SHELVES = ("address-book", "settings")
LARGEST_ON_SHELF = 1 << 18
TICKET = 32
TRIES, TRIES_OF_ALL = "10/hour", "100/hour"
"""Wrong tickets for one name: from one address, and from all of them."""


class Keeper(Protocol):
    """The node, as far as it keeps keys documents, locks and shelves."""

    @property
    def domains(self) -> Domains: ...
    def keep_document(self, document: bytes) -> bytes: ...
    def keep_category_keys(self, signed: Signed[CategoryKeys], document: bytes) -> None: ...
    def keep_lock(self, person: str, lock: bytes) -> None: ...
    def lock(self, person: str) -> bytes: ...


class Shelves(Protocol):
    """What people leave here, sealed to themselves."""

    def put_on_shelf(self, person: str, kind: str, content: bytes) -> None: ...
    def from_shelf(self, person: str, kind: str) -> bytes: ...


def own_things(
    guard: Guard, node: Keeper, shelves: Shelves, people: People, uploading: Uploading
) -> Blueprint:
    """The routes under /api/me."""
    blueprint, sign_in = Blueprint("own things", __name__, url_prefix="/api/me"), guard.sign_in

    @blueprint.get("")
    def me() -> ResponseReturnValue:
        person = guard.person()
        standing = people.standing(person)
        return jsonify(
            person=person,
            enrolled=standing.is_enrolled,
            pending=standing.is_pending,
            key=standing.key,
            nonce=standing.nonce,
            keysHash=hex0x(standing.keys_hash),
            roles=list(standing.roles),
            isGovernor=standing.is_governor,
            registrarOf=list(standing.registrar_of),
            isAdmin=person in guard.admins,
            name=sign_in.visitors.name_of(person),
            stored={"bytes": uploading.stored(person), "most": uploading.quota},
            introduction=people.introduction(person, standing.roles),
        )

    @blueprint.get("/lock")
    def lock() -> ResponseReturnValue:
        return jsonify(lock=json.loads(node.lock(guard.person())))

    @blueprint.put("/lock")
    def keep_lock() -> ResponseReturnValue:
        person = guard.person()
        given = require_lock(read_object("lock")["lock"])
        node.keep_lock(person, json.dumps(given).encode())
        return jsonify({})

    @blueprint.put("/name")
    def keep_name() -> ResponseReturnValue:
        person = guard.person()
        given = read_object("name", "ticket")
        ticket = from_hex(given["ticket"], TICKET)
        return jsonify(name=sign_in.keep_name(person, text_of(given["name"]), ticket))

    @blueprint.get("/shelf/<kind>")
    def shelf(kind: str) -> ResponseReturnValue:
        person = guard.person()
        return jsonify(content=base64_of(shelves.from_shelf(person, _shelf(kind))))

    @blueprint.put("/shelf/<kind>")
    def put_on_shelf(kind: str) -> ResponseReturnValue:
        person = guard.person()
        content = bytes_of(read_object("content", most=LARGE)["content"], require_envelope)
        if len(content) > LARGEST_ON_SHELF:
            raise TooLarge(most=LARGEST_ON_SHELF)
        shelves.put_on_shelf(person, _shelf(kind), content)
        return jsonify({})

    @blueprint.put("/category-keys")
    def keep_category_keys() -> ResponseReturnValue:
        person = guard.person()
        given = read_object("statement", "document", most=LARGE)
        signed = statement_of(given["statement"], CategoryKeys, node.domains)
        if signed.statement.patient != person:
            raise NotThatPerson()
        node.keep_category_keys(signed, bytes_of(given["document"], CategoryKeysDocument.decode))
        return jsonify({})

    return blueprint


def persons(guard: Guard, node: Keeper, people: People) -> Blueprint:
    """The routes about others, and about what registrars do."""
    blueprint = Blueprint("persons", __name__, url_prefix="/api")

    @blueprint.get("/people")
    def search() -> ResponseReturnValue:
        guard.require()
        found = people.found(text_of(request.args.get("name", "")))
        return jsonify(
            [
                {"person": person, "roles": list(roles), "introduction": introduction}
                for person, roles, introduction in found
            ]
        )

    @blueprint.get("/people/<address>")
    def person(address: str) -> ResponseReturnValue:
        guard.require()
        return jsonify(_told(people, person_of(address)))

    @blueprint.put("/documents")
    def keep_document() -> ResponseReturnValue:
        guard.require()
        content = bytes_of(read_object("document", most=LARGE)["document"], _require_keys)
        return jsonify(hash=hex0x(node.keep_document(content)))

    @blueprint.put("/introductions")
    def introduce() -> ResponseReturnValue:
        registrar = guard.person()
        given = read_object("statement")
        people.introduce(registrar, statement_of(given["statement"], Introduction, node.domains))
        return jsonify({})

    @blueprint.get("/credentials")
    def credentials() -> ResponseReturnValue:
        given = people.credentials_by(guard.person())
        return jsonify(
            [
                {**_given(one), "introduction": people.directory.introduction(one.person)}
                for one in given
            ]
        )

    @blueprint.get("/registrars")
    def registrars() -> ResponseReturnValue:
        guard.require()
        found: dict[str, list[dict[str, Any]]] = {}
        for one in people.registrars():
            role = {"role": word_of_role(one.role), "until": one.until, "standing": one.is_standing}
            found.setdefault(one.person, []).append(role)
        return jsonify([{"registrar": person, "roles": roles} for person, roles in found.items()])

    return blueprint


def names(guard: Guard, sign_in: SignIn, node: Keeper) -> Blueprint:
    """The one route for those who are not signed in yet and have a name."""
    blueprint = Blueprint("names", __name__, url_prefix="/api/names")
    tries, tries_of_all = Limit(TRIES), Limit(TRIES_OF_ALL)

    @blueprint.post("/lock")
    def lock() -> ResponseReturnValue:
        guard.require_own_origin()
        given = read_object("name", "ticket")
        name, ticket = text_of(given["name"]), from_hex(given["ticket"], TICKET)
        one = f"{name.lower()} {request.remote_addr}"
        tries.require_left(one)
        tries_of_all.require_left(name.lower())
        try:
            person = sign_in.person_named(name, ticket)
        except (WrongTicket, MalformedStatement):
            tries.count(one)
            tries_of_all.count(name.lower())
            raise WrongTicket() from None
        return jsonify(person=person, lock=json.loads(node.lock(person)))

    return blueprint


def _told(people: People, person: str) -> dict[str, Any]:
    standing = people.standing(person)
    document, keys = people.document(standing), people.category_keys(person)
    return {
        "person": person,
        "enrolled": standing.is_enrolled,
        "key": standing.key,
        "keysHash": hex0x(standing.keys_hash),
        "document": None if document is None else base64_of(document),
        "categoryKeys": keys and {"statement": keys[0], "document": base64_of(keys[1])},
        "roles": list(standing.roles),
        "introduction": people.introduction(person, standing.roles),
    }


def _given(one: Given) -> dict[str, Any]:
    return {
        "person": one.person,
        "role": word_of_role(one.role),
        "notAfter": one.until,
        "givenAt": one.given_at,
        "standing": one.is_standing,
        "withdrawn": one.is_withdrawn,
    }


def _shelf(kind: str) -> str:
    if kind not in SHELVES:
        raise MalformedStatement("there is no shelf of that name")
    return kind


def _require_keys(document: bytes) -> None:
    """A keys document of either kind: nothing else is kept under its hash."""
    if document.startswith(b'{"chartkey":"category-keys/1"'):
        CategoryKeysDocument.decode(document)
    else:
        IdentityKeys.decode(document)
