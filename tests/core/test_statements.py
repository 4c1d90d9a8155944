"""Tests of the statements: who judges each, and that none is taken for another deployment's."""

from __future__ import annotations

import pytest

from app.core.errors import WrongChain, WrongContract
from app.core.statements import AUDIT, CONSENT, PEOPLE, RECORDS, TYPES, Access, Domains, Record
from app.core.typed_data import Domain, schema
from tests.makers import CHAIN_ID, DOMAINS, Person, address, make_grant


def test_each_statement_is_judged_by_the_contract_that_the_design_names() -> None:
    judged: dict[str, set[str]] = {}
    for name, kind in TYPES.items():
        judged.setdefault(kind.judge, set()).add(name)
    assert judged == {
        PEOPLE: {
            "Enrolment", "Rotation", "KeysChange", "RecoveryChange", "Recovery",
            "Representation", "Membership", "MembershipEnd", "CategoryKeys", "Introduction",
        },
        RECORDS: {"Record", "Sheet", "Retraction"},
        CONSENT: {"Grant", "Request", "Revocation", "RevocationOfAll"},
        AUDIT: {"Access", "Session"},
    }  # fmt: skip


def test_statements_that_reach_no_verb_of_a_contract_are_salted() -> None:
    unsalted = {n for n, t in TYPES.items() if "salt" not in {f.name for f in schema(t).fields}}
    assert unsalted == {
        "Enrolment", "Rotation", "KeysChange", "RecoveryChange", "Recovery", "Representation",
        "MembershipEnd", "Retraction", "Revocation", "RevocationOfAll",
    }  # fmt: skip


def test_a_statement_is_signed_in_its_judges_domain(patient: Person, doctor: Person) -> None:
    grant = make_grant(patient, doctor)
    assert DOMAINS.judging(grant) == DOMAINS.judging(type(grant)) == DOMAINS.consent
    assert DOMAINS.judging(Record) == DOMAINS.records
    assert DOMAINS.judging(Access) == DOMAINS.audit
    assert DOMAINS.digest(grant) == grant.digest(DOMAINS.consent)
    assert DOMAINS.chain_id == CHAIN_ID


def test_the_own_domain_is_accepted(patient: Person, doctor: Person) -> None:
    copy = Domain(chain_id=CHAIN_ID, contract=DOMAINS.consent.contract.lower())
    DOMAINS.require_own(make_grant(patient, doctor), copy)


def test_a_statement_for_another_chain_is_refused(patient: Person, doctor: Person) -> None:
    other = Domain(chain_id=1, contract=DOMAINS.consent.contract)
    with pytest.raises(WrongChain) as refused:
        DOMAINS.require_own(make_grant(patient, doctor), other)
    assert refused.value.facts == {"given": 1, "expected": CHAIN_ID}


def test_a_statement_for_another_contract_is_refused(patient: Person, doctor: Person) -> None:
    for contract in (address("elsewhere"), DOMAINS.records.contract):
        with pytest.raises(WrongContract) as refused:
            DOMAINS.require_own(
                make_grant(patient, doctor), Domain(chain_id=CHAIN_ID, contract=contract)
            )
        assert refused.value.facts["given"] == contract


def test_deployments_with_the_same_addresses_on_two_chains_differ(
    patient: Person, doctor: Person
) -> None:
    def moved(domain: Domain) -> Domain:
        return Domain(chain_id=1, contract=domain.contract)

    elsewhere = Domains(
        people=moved(DOMAINS.people),
        records=moved(DOMAINS.records),
        consent=moved(DOMAINS.consent),
        audit=moved(DOMAINS.audit),
    )
    grant = make_grant(patient, doctor)
    assert elsewhere.digest(grant) != DOMAINS.digest(grant)
