"""Every error that Chartkey raises, as one tree.

ChartkeyError
├── StatementError        a statement is not what it claims to be
│   ├── MalformedStatement · UnknownStatement · WrongChain · WrongContract · WrongVersion
│   ├── MalformedSignature · MalleableSignature · ForeignSignature
│   └── NotAnchored · WrongProof · AnchoredTooEarly · AnchoredTooLate · NoCredential
├── AccessRefused         consent says no
│   ├── GrantNotYetValid · GrantExpired · GrantRevoked · GrantTagReplaced · ViewingNotGranted
│   ├── NotTheViewer · ForeignPurpose · ForeignGrant · OutsideGrant · RecordRetracted
│   ├── AccessNotOfNow · AccessMismatch · SessionInvalid · MembershipInvalid · ForeignKeys
│   ├── NotTheAuthor · StoppedByOperator · NotServed · RegistryClosed
│   └── QuotaExceeded · TooManyRequests
├── SignInError           whoever asks is not signed in, or may not ask that
│   ├── SignInNeeded · SignInRefused · ForeignOrigin · NotAdministrator · NotThatPerson
│   └── WrongTicket · NameTaken · KeyNotTaken
├── SealError             sealed bytes cannot be trusted, or cannot be opened
│   ├── UnknownSuite · UnknownVersion · MalformedSeal · BodyAltered · BodyTruncated
│   ├── KeyNotOfBody · ContentMismatch · SlotNotOpened · NoSlot · NotEnoughShares · WrongShare
│   └── SheetSubstituted · SheetStale · NotElement
├── VaultError            the vault stays shut
│   └── WrongLock · ForeignVault · InvalidPhrase · KeyFileExposed
├── BundleError           what was given is not a chart
│   └── InvalidBundle · UnknownCategory
├── StoreError            a store does not hold, or no longer holds, what was asked for
│   ├── NotStored · StoreAltered · StoreFull · StorageSpent · TooLarge · OffsetMismatch
│   └── StoreUnreachable · DatabaseUnreachable
├── ChainError            the chain cannot be asked, or does not fit
│   ├── ChainUnreachable · ChainStale · EndpointsDisagree · ForeignChain
│   └── NotDeployed · CodeDiffers · TransactionFailed · FeeCapReached · BalanceTooLow
├── ServiceError          another service of Chartkey does not answer as it should
│   └── ServiceUnreachable · ServiceRefused · ServerFault
├── CannotStart           a program that Chartkey needs, or Chartkey itself, does not start
│   └── AlreadyRunning · UnfitThreshold · Misconfigured · BackupUnfit
└── ContractRefused       a contract reverted: one class per Solidity error (contract_errors.py)

Texts hold no name, no category, no key and nothing about health: they may be logged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

_PLACE = re.compile(r"\{(\w+)\}")


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """A text with its `{places}` filled from facts; what is no fact's name stays."""
    return _PLACE.sub(lambda place: str(facts.get(place[1], place[0])), text)


class ChartkeyError(Exception):
    """One clear sentence, what is unharmed, what to do next; `facts` are the values it names.

    The `reason` is a part of the sentence, with `{places}` for facts too: pages translate it.
    """

    sentence: ClassVar[str] = "{reason}"
    unharmed: ClassVar[str] = "Nothing was changed."
    remedy: ClassVar[str] = "Check what was given and try again."
    reason: str = ""

    def __init__(self, reason: str = "", /, **facts: Any) -> None:
        self.reason, self.facts = reason, facts
        super().__init__(self.sentence.format(**{"reason": filled(reason, facts), **facts}))


class StatementError(ChartkeyError):
    remedy = "Ask whoever sent the statement for it again."


class MalformedStatement(StatementError):
    sentence = "This is not a statement that can be read: {reason}."


class UnknownStatement(StatementError):
    sentence = "Chartkey knows no statement of that type."


class WrongChain(StatementError):
    sentence = "The statement was made for chain {given}, and this is chain {expected}."


class WrongContract(StatementError):
    sentence = "The statement is addressed to the contract {given}, and {expected} judges it here."


class WrongVersion(StatementError):
    sentence = "The statement names another application or version than Chartkey 1."


class MalformedSignature(StatementError):
    sentence = "The signature is not 65 bytes of a curve point (r, s, v)."


class MalleableSignature(StatementError):
    sentence = "The signature has a high s value, of which a second valid form exists."


class ForeignSignature(StatementError):
    sentence = "The statement was not signed by someone who speaks for the person it names."


class NotAnchored(StatementError):
    sentence = "The statement is not anchored on the chain yet."
    remedy = "Wait for the next anchor, or anchor it yourself."


class WrongProof(StatementError):
    sentence = "The proof does not lead from the statement to the given root."


class AnchoredTooEarly(StatementError):
    sentence = "The record was anchored before the time at which it says it was issued."


class AnchoredTooLate(StatementError):
    sentence = "The record was anchored more than seven days after it says it was issued."
    remedy = "Issue the record again with today's date; what it reports may be older."


class NoCredential(StatementError):
    sentence = "Whoever did this held no credential at that time."
    remedy = "A registrar can give the credential; then try again."


class AccessRefused(ChartkeyError):
    unharmed = "Nothing was opened, and nothing was changed."
    remedy = "Ask the patient for access."


class GrantNotYetValid(AccessRefused):
    sentence = "This permission does not hold before {not_before}."


class GrantExpired(AccessRefused):
    sentence = "This permission ended at {expires_at}."


class GrantRevoked(AccessRefused):
    sentence = "The patient has taken this permission back."


class GrantTagReplaced(AccessRefused):
    sentence = "The patient has taken all earlier permissions back."


class ViewingNotGranted(AccessRefused):
    sentence = "This permission lets its holder add records, not view them."


class NotTheViewer(AccessRefused):
    sentence = "This permission was given to somebody else."


class ForeignPurpose(AccessRefused):
    sentence = "The permission was given for another purpose than the one stated."


class ForeignGrant(AccessRefused):
    sentence = "The access names another permission than the one that was sent."


class OutsideGrant(AccessRefused):
    sentence = "A record that was asked for lies outside this permission."


class RecordRetracted(AccessRefused):
    sentence = "The patient no longer shares this record."


class AccessNotOfNow(AccessRefused):
    sentence = "The access is dated {seconds} seconds away from this clock."
    remedy = "Set the clock of this device and open the record again."


class AccessMismatch(AccessRefused):
    sentence = "The access names other records than those that were sent."


class SessionInvalid(AccessRefused):
    sentence = "The session key is not valid: {reason}."
    remedy = "Sign in again."


class MembershipInvalid(AccessRefused):
    sentence = "The membership does not hold: {reason}."
    remedy = "Ask the organization for a new membership."


class ForeignKeys(AccessRefused):
    sentence = "The keys that were sent are not those that the person has registered."
    remedy = "Fetch the newest keys document and try again."


class NotTheAuthor(AccessRefused):
    sentence = "Without a permission only the author of a record may open it again."


class StoppedByOperator(AccessRefused):
    sentence = "This custodian has been stopped by its operator."
    remedy = "Ask the other custodians; this one opens again when its operator says so."


class NotServed(AccessRefused):
    sentence = "This custodian does not serve that registry or record: {reason}."


class RegistryClosed(AccessRefused):
    sentence = "This custodian no longer opens records of that registry."
    remedy = "Use the newest key sheets, which name the registry that took over."


class QuotaExceeded(AccessRefused):
    sentence = "This node has taken as many statements from one person today as it takes."
    unharmed = "What was taken before is kept, and a revocation was told to the custodians."
    remedy = "Hand it in again tomorrow, hand it to another node, or anchor it yourself."


class TooManyRequests(AccessRefused):
    sentence = "Too many requests came from there in a short time."
    remedy = "Wait a minute and try again."


class SignInError(ChartkeyError):
    remedy = "Sign in again."


class SignInNeeded(SignInError):
    sentence = "You are not signed in here, or your session has ended."
    unharmed = "What was accepted before is kept, and nothing was changed."


class SignInRefused(SignInError):
    sentence = "This does not sign anybody in: {reason}."


class ForeignOrigin(SignInError):
    sentence = "The request did not come from this node's own pages."
    remedy = "Open the node's own address and do it there."


class NotAdministrator(SignInError):
    sentence = "Only those who run this node may see this."
    remedy = "Ask whoever runs the node to name you among its administrators."


class NotThatPerson(SignInError):
    sentence = "This can be done only by the person whom it is about."
    remedy = "Sign in as that person."


class WrongTicket(SignInError):
    sentence = "That name and passphrase do not belong together here."
    remedy = "Check both, or sign in with the recovery phrase."


class NameTaken(SignInError):
    sentence = "Somebody else signs in under that name."
    remedy = "Choose another name."


class KeyNotTaken(SignInError):
    sentence = "This looks like a key or a recovery phrase, and this node takes none."
    unharmed = "It was not kept."
    remedy = "Keep keys on your own device; hand in only what is sealed."


class SealError(ChartkeyError):
    remedy = "Fetch the bytes again, from another store if there is one."


class UnknownSuite(SealError):
    sentence = "The body is sealed with suite {suite}, which this version does not know."
    remedy = "Update Chartkey."


class UnknownVersion(SealError):
    sentence = "The {kind} has format version {version}, which this version does not know."
    remedy = "Update Chartkey."


class MalformedSeal(SealError):
    sentence = "These are not the bytes of a {kind}: {reason}."


class BodyAltered(SealError):
    sentence = "Segment {segment} of the body was altered, reordered or belongs to another body."


class BodyTruncated(SealError):
    sentence = "The body ends before its last segment, or goes on after it."


class KeyNotOfBody(SealError):
    sentence = "The key halves do not belong to this body."
    remedy = "Use the newest key sheet of this record, or ask another custodian."


class ContentMismatch(SealError):
    sentence = "The opened content is not what its author signed: the fault is the author's."
    remedy = "Ask the author to issue the record again."


class SlotNotOpened(SealError):
    sentence = "A sealed key could not be opened: it was altered, or made for something else."
    remedy = "Fetch the newest key sheet of this record."


class NoSlot(SealError):
    sentence = "Nothing in here is sealed to this key."


class NotEnoughShares(SealError):
    sentence = (
        "{given} of the {needed} custodians that must agree gave their part of the key: {reason}."
    )
    unharmed = "Nothing was lost; the record stays sealed."
    remedy = "Try again when more custodians answer."


class WrongShare(SealError):
    sentence = "A custodian's share does not fit the others: {reason}."
    unharmed = "Nothing was lost; the record stays sealed."
    remedy = "Ask another custodian, and report this one."


class SheetSubstituted(SealError):
    sentence = "The key sheet is not the one that was signed for this record."


class SheetStale(SealError):
    sentence = "The key sheet has version {given}; version {newest} has replaced it."


class NotElement(SealError):
    sentence = "The content has no element at that path."


class VaultError(ChartkeyError):
    unharmed = "The vault is unharmed and still locked."


class WrongLock(VaultError):
    sentence = "This does not open the vault."
    remedy = "Try again, or use the recovery phrase."


class ForeignVault(VaultError):
    sentence = "This vault is not the one whose keys the person has registered."
    remedy = "Use the phrase or the passphrase of this person."


class InvalidPhrase(VaultError):
    sentence = "This is not a recovery phrase: {reason}."
    remedy = "Compare each of the 24 words with what you wrote down."


class KeyFileExposed(VaultError):
    sentence = "The key file {path} can be read by others on this machine."
    unharmed = "The key was not used."
    remedy = "Run chmod 600 on it; if others may have read it, make a new key."


class BundleError(ChartkeyError):
    unharmed = "Nothing was imported."


class InvalidBundle(BundleError):
    sentence = "{reason}"
    remedy = "Export the chart again as a FHIR R4 bundle."


class UnknownCategory(BundleError):
    sentence = "There is no category of that name."
    remedy = "Choose one of the categories in docs/categories.md."

    def __init__(self, name: str = "", /) -> None:
        super().__init__(name=name)


class StoreError(ChartkeyError):
    unharmed = "What was accepted before is kept."


class NotStored(StoreError):
    sentence = "The store does not hold {address}."
    remedy = "Ask another node, or wait until it has been copied."


class StoreAltered(StoreError):
    sentence = "The store returned other bytes than those of {address}."
    remedy = "Ask another node, and repair this store."


class StoreFull(StoreError):
    sentence = "The disk is full."
    remedy = "Free some space and try again; nothing half-written is kept."


class StorageSpent(StoreError):
    sentence = "One person may keep {most} bytes here, and this would be more."
    remedy = "Erase what is no longer needed, or ask whoever runs this node for more room."


class TooLarge(StoreError):
    sentence = "This is larger than the {most} bytes that are taken here."
    remedy = "Hand in something smaller."


class OffsetMismatch(StoreError):
    sentence = "The next piece of this upload begins at {offset}."
    remedy = "Go on from there."


class StoreUnreachable(StoreError):
    sentence = "The body store does not answer: {reason}."
    remedy = "Try again in a moment; whoever runs this node should look at its IPFS daemons."


class DatabaseUnreachable(StoreError):
    sentence = "The database does not answer."
    unharmed = "What was accepted before is kept; what was just handed in may not have been."
    remedy = "Hand it in again in a moment; what arrives twice is taken once."


class ChainError(ChartkeyError):
    unharmed = "What was signed is kept and goes out when the chain answers again."


class ChainUnreachable(ChainError):
    sentence = "The chain does not answer: {reason}."
    remedy = "Check the connection or the RPC URL."


class ChainStale(ChainError):
    sentence = "The newest block of the chain is {seconds} seconds old."
    unharmed = "Nothing was opened, and nothing was changed."
    remedy = "Try again in a moment; whoever runs this service should look at its RPC endpoints."


class EndpointsDisagree(ChainError):
    sentence = "Two endpoints tell different things about the chain."
    unharmed = "Nothing was opened, and nothing was changed."
    remedy = "Run python -m app audit to learn which one lies or lags."


class ForeignChain(ChainError):
    sentence = "The endpoint is on chain {given}, and this deployment is on chain {expected}."
    unharmed = "Nothing was asked of it, and nothing was sent to it."
    remedy = "Name an endpoint of the right chain."


class NotDeployed(ChainError):
    sentence = "Chartkey's contracts are not deployed here: {reason}."
    remedy = "Run python -m scripts.deploy, or name the right deployment file."


class CodeDiffers(ChainError):
    sentence = "The contract at {address} is not the one that the deployment file describes."
    unharmed = "Nothing was sent to it."
    remedy = "Name the right deployment file for this chain."


class TransactionFailed(ChainError):
    sentence = "The chain did not accept the transaction: {reason}."


class FeeCapReached(ChainError):
    sentence = "The chain asks for a higher fee than this node pays."
    remedy = "Wait until fees fall, or raise the cap."


class BalanceTooLow(ChainError):
    sentence = "The account that pays for transactions is below its floor."
    unharmed = "What was signed is kept; revocations still go out while money lasts."
    remedy = "Fund the relayer's account."


class ServiceError(ChartkeyError):
    remedy = "Try again in a moment, or ask another one."


class ServiceUnreachable(ServiceError):
    sentence = "{name} does not answer: {reason}."


class ServiceRefused(ServiceError):
    sentence = "{name} refused this: {reason}."


class ServerFault(ServiceError):
    """What a service says where it met with something that nobody expected."""

    sentence = "Something went wrong inside this service."
    unharmed = "What was accepted before is kept, and nothing was opened."
    remedy = "Try again in a moment; whoever runs this service should look at its log."


class CannotStart(ChartkeyError):
    sentence = "{program} could not be started: {reason}."
    unharmed = "Nothing was changed."
    remedy = "Run make setup, and see that the port is free."


class AlreadyRunning(CannotStart):
    sentence = "Another Chartkey is running in {folder}/."
    remedy = "Wait until it ends, or choose another folder with --data."


class UnfitThreshold(CannotStart):
    sentence = "Of {custodians} custodians {threshold} cannot open a record together."
    remedy = "Choose between 1 and 32 custodians, and a threshold from 1 to their number."


class Misconfigured(CannotStart):
    sentence = "The setting {name} cannot be used: {reason}."
    remedy = "Set it right; docs/operations.md lists every setting."


class BackupUnfit(CannotStart):
    sentence = "The backup cannot be used: {reason}."
    remedy = "Choose another backup, or an empty folder and database to restore to."


class ContractRefused(ChartkeyError):
    """A contract reverted; subclasses carry the name and the arguments of its Solidity error."""

    unharmed = "Nothing was written to the chain."
