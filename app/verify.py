"""Owns what an auditor runs: checking any statement file against a chain, saying why it fails."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from web3 import Web3

from app import embedded
from app.adapters import deployment as deployments
from app.adapters.chain import EthereumChain, RpcView
from app.adapters.contracts import abi_values
from app.adapters.deploying import require_deployed
from app.adapters.local_chain import start_ganache
from app.adapters.rpc import Rpc
from app.core.consent import require_viewable
from app.core.encoding import hex0x
from app.core.errors import (
    ChartkeyError,
    ForeignSignature,
    MalformedStatement,
    NotAnchored,
    WrongProof,
)
from app.core.merkle import is_proven
from app.core.records import Role, require_authentic
from app.core.signatures import Proof, Signed, parse_signed, recover
from app.core.statements import (
    BOOKS,
    CONSENT,
    RECORDS,
    Access,
    Grant,
    Record,
    Request,
    Session,
    Sheet,
    maker_of,
)
from app.core.typed_data import Statement

UNANCHORED = (Sheet, Session, Request)
"""Statements of books whose word does not wait for an anchor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was checked, and what was found."""

    what: str
    ok: bool
    found: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `verify`."""
    parser.add_argument("statement", type=Path, metavar="STATEMENT.json")
    parser.add_argument("--rpc", metavar="URL", help="an Ethereum endpoint (default: our own)")
    parser.add_argument("--deployment", type=Path, metavar="FILE")
    parser.add_argument("--data", type=Path, default=embedded.FOLDER, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print it for machines")


def run(options: argparse.Namespace) -> int:
    """Print every check; 0 only if all hold."""
    signed, domain, proof = parse_signed(_read(options.statement))
    path = options.deployment or options.data / "deployments" / "local.json"
    deployment = deployments.load(path)
    with _endpoint(options) as url:
        require_deployed(Web3(Web3.HTTPProvider(url)), deployment)
        chain = EthereumChain(Rpc(url), deployment, None)
        chain.domains.require_own(signed.statement, domain)
        checks = list(verify(signed, proof, chain))
    if options.json:
        print(json.dumps({"ok": all(c.ok for c in checks), "checks": [asdict(c) for c in checks]}))
    else:
        for check in checks:
            print(f"  {'✓' if check.ok else '✗'} {check.what}: {check.found}")
    return 0 if all(check.ok for check in checks) else 1


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as cause:
        raise MalformedStatement("the file cannot be read") from cause
    except (ValueError, RecursionError) as cause:
        raise MalformedStatement("the file is not JSON") from cause


@contextmanager
def _endpoint(options: argparse.Namespace) -> Iterator[str]:
    if options.rpc:
        yield options.rpc
    else:
        with start_ganache(options.data / "chain") as chain:
            yield chain.url


def verify(signed: Signed[Any], proof: Proof | None, chain: EthereumChain) -> Iterator[Check]:
    """Check digest, signature, anchor, and what the contracts say of this type."""
    statement, view = signed.statement, chain.view()
    digest = chain.domains.digest(statement)
    name = type(statement).__name__
    yield Check(what=name, ok=True, found=f"digest {hex0x(digest)}")
    yield _attempt("Signature", lambda: f"by {recover(digest, signed.signature)}")
    at = view.time
    if statement.judge in BOOKS and not isinstance(statement, UNANCHORED):
        anchor = _attempt("Anchor", lambda: _anchored(statement, digest, proof, view))
        yield anchor
        if not anchor.ok or proof is None:
            return
        at = view.anchored_at(statement.judge, proof.root)
    yield _attempt("Verdict", lambda: _verdict(signed, proof, chain, view, at))


def _attempt(what: str, check: Any) -> Check:
    try:
        return Check(what=what, ok=True, found=check())
    except ChartkeyError as error:
        return Check(what=what, ok=False, found=str(error))


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _anchored(statement: Statement, digest: bytes, proof: Proof | None, view: RpcView) -> str:
    if proof is None:
        raise NotAnchored()
    if not is_proven(digest, proof):
        raise WrongProof()
    at = view.ask(statement.judge, "anchorTime", digest, proof.root, list(proof.path))
    if not at:
        raise NotAnchored()
    return f"in the chain since {_time(at)}"


def _verdict(
    signed: Signed[Any], proof: Proof | None, chain: EthereumChain, view: RpcView, at: int
) -> str:
    """What the contract says, in words; raises the reason where it says no."""
    statement = signed.statement
    if isinstance(statement, Record) and proof is not None:
        return _record_verdict(signed, proof, chain, view)
    if isinstance(statement, Grant) and proof is not None:
        arguments = (abi_values(statement), signed.signature, proof.root, list(proof.path))
        if view.ask(CONSENT, "isViewable", *arguments):
            return f"viewable until {_time(statement.expires_at)}, says ConsentRegistry"
        domain = chain.domains.consent
        require_viewable(signed, proof, domain=domain, view=view, now=view.time)
        raise NotAnchored()
    person = maker_of(statement)
    signer = recover(chain.domains.digest(statement), signed.signature)
    if not person:
        return f"signed by {signer}; who may sign it depends on the record"
    if not view.speaks_for(person, signer, at):
        session = " (unless a session key signed it)" if isinstance(statement, Access) else ""
        raise ForeignSignature(person=person + session)
    return f"signed by someone who spoke for {person} at {_time(at)}"


def _record_verdict(signed: Signed[Any], proof: Proof, chain: EthereumChain, view: RpcView) -> str:
    statement = signed.statement
    arguments = (abi_values(statement), signed.signature, proof.root, list(proof.path))
    authentic, role = view.ask(RECORDS, "isAuthentic", *arguments)
    if not authentic:
        require_authentic(signed, proof, domain=chain.domains.records, view=view)
        raise NotAnchored()
    by = "the patient" if role == Role.NONE else f"a credentialed {Role(role).name.lower()}"
    digest = chain.domains.digest(statement)
    for who, person in (("author", statement.author), ("patient", statement.patient)):
        if view.retracted_at(person, digest):
            return f"authentic, written by {by}, and retracted by its {who} since"
    return f"authentic, written by {by}, says RecordRegistry"
