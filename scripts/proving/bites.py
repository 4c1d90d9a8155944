"""Owns one change of the contracts for each invariant, under which it must fail: one that cannot fail proves nothing."""

from __future__ import annotations

from dataclasses import dataclass

from scripts.proving.mutation import Compiler, Mutation
from scripts.proving.outcome import Outcome
from scripts.proving.workbench import forge, workbench


@dataclass(frozen=True, slots=True, kw_only=True)
class Bite:
    """`old` stands in the file once; with `new` in its place, the invariant fails."""

    invariant: str
    file: str
    old: str
    new: str


BITES = (
    Bite(
        invariant="invariant_a_grant_opens_when_the_logs_say_so_and_nobody_else_changes_that",
        file="ConsentRegistry",
        old="mapping(uint256 => uint256) storage words = revokedBits[patient];",
        new="mapping(uint256 => uint256) storage words = revokedBits[revocations[0].patient];",
    ),
    Bite(
        invariant="invariant_a_revoked_nonce_never_comes_back",
        file="ConsentRegistry",
        old="revokedBits[patient][word] |= mask;",
        new="revokedBits[patient][word] ^= mask;",
    ),
    Bite(
        invariant="invariant_nothing_signed_before_outlives_the_revocation_of_all",
        file="ConsentRegistry",
        old="if (grant.nonce >> 192 != tagOf[grant.patient])",
        new="if (grant.nonce >> 192 > tagOf[grant.patient])",
    ),
    Bite(
        invariant="invariant_an_anchors_time_never_changes",
        file="AnchorBook",
        old="if (_times[root] == 0) _times[root] = block.timestamp;",
        new="_times[root] = block.timestamp;",
    ),
    Bite(
        invariant="invariant_history_is_never_rewritten",
        file="Persons",
        old="_formerKeys[person][oldKey].push(self.since, uint208(block.timestamp));",
        new="",
    ),
    Bite(
        invariant="invariant_a_credential_speaks_only_while_its_registrars_authority_stood",
        file="Credentials",
        old=" && isRegistrar(registrar, role, time);",
        new=";",
    ),
    Bite(
        invariant="invariant_people_and_credentials_are_what_the_logs_say",
        file="Persons",
        old="if (signer == key && time >= since) return true;",
        new="if (signer == key) return true;",
    ),
    Bite(
        invariant="invariant_a_record_is_authentic_when_the_logs_say_so",
        file="RecordRegistry",
        old="people.rolesOf(record.author, record.issuedAt) & people",
        new="people",
    ),
    # Not a sentence of its own: worlds ask at the end whether somebody was shut out, and around each batch.
    Bite(
        invariant="invariant_an_anchors_time_never_changes",
        file="ConsentRegistry",
        old="signatures[i], uint64(block.timestamp))) continue;",
        new="signatures[i], uint64(block.timestamp))) return;",
    ),
)


def check_bites() -> Outcome:
    """Every invariant fails under its change."""
    blunt = []
    with workbench() as folder, Compiler() as held:
        campaign = Mutation(folder, held)
        campaign.require_built()
        for bite in BITES:
            campaign.change(f"contracts/core/{bite.file}.sol", bite.old, bite.new)
            ran = forge(
                *("test", "--match-test", f"^{bite.invariant}\\("),
                folder=folder,
                environment={"FOUNDRY_PROFILE": "quick", "CHARTKEY_CODE": ".tools/code"},
            )
            if ran.code == 0 or "[FAIL" not in ran.output:
                blunt.append(f"{bite.invariant} stands although {bite.file} has {bite.new!r}")
    what = f"{len(BITES) - len(blunt)} of {len(BITES)} invariants fail where they must"
    return Outcome(what=what, fault="; ".join(blunt))
