"""Owns one class for each Solidity error: same name, its arguments as `facts`."""

from __future__ import annotations

from app.core.errors import ContractRefused


class AlreadyEnrolled(ContractRefused):
    sentence = "This person is enrolled already."
    remedy = "Sign in instead."


class AlreadyPast(ContractRefused):
    sentence = "The end that was given lies in the past."


class DeadlinePassed(ContractRefused):
    sentence = "The signature was valid until {deadline} and came too late."
    remedy = "Sign it again."


class LengthsDiffer(ContractRefused):
    sentence = "{revocations} revocations came with {signatures} signatures."


class NoRecoveryPending(ContractRefused):
    sentence = "No recovery has been started for this person."


class NonceUsed(ContractRefused):
    sentence = (
        "This was signed as number {nonce}, and number {expected} is due: it was used before."
    )
    remedy = "Sign it again."


class NotAuthorized(ContractRefused):
    sentence = "Whoever sent this does not speak for the person it names."


class NotEnrolled(ContractRefused):
    sentence = "This person is not enrolled."
    remedy = "Enrol first."


class NotListed(ContractRefused):
    sentence = "This custodian is not listed."


class NotRegistrar(ContractRefused):
    sentence = "Whoever sent this is not a registrar for that role."
    remedy = "Ask the governor to appoint it."


class NotSignedBy(ContractRefused):
    sentence = "The person it names did not sign this."
    remedy = "Sign it with the person's present key."


class RecoveryNotReady(ContractRefused):
    sentence = "The recovery can be finished from {readyAt} on."


class RenouncingRefused(ContractRefused):
    sentence = "The governor can hand over, but not leave the registry without one."


class TagNotCurrent(ContractRefused):
    sentence = "All permissions had been taken back already when this arrived."


class TagSpent(ContractRefused):
    sentence = "The new tag was used before."
    remedy = "Take everything back again: a new random tag is chosen."


class ZeroKey(ContractRefused):
    sentence = "A signing key cannot be zero."


class ZeroKeyHash(ContractRefused):
    sentence = "A custodian cannot be listed without its key."


class ZeroRole(ContractRefused):
    sentence = "A credential names a role."


class ZeroRoot(ContractRefused):
    sentence = "An anchor cannot be zero."


class OwnableUnauthorizedAccount(ContractRefused):
    sentence = "Only the governor may do this."


class OwnableInvalidOwner(ContractRefused):
    sentence = "That address cannot be the governor."


class UnknownRevert(ContractRefused):
    sentence = "The contract refused without saying why: {reason}."


CONTRACT_ERRORS: dict[str, type[ContractRefused]] = {
    error.__name__: error for error in ContractRefused.__subclasses__()
}
