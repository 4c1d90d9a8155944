// Owns the errors that a browser can raise or be told: app/core/errors.py's tree, the same texts.
//
// Texts hold no name, no category, no key and nothing about health. Names are given as text, since
// bundling shortens the names of classes.

import { ChartkeyError, kind } from "./chartkey_error.js";

export { ChartkeyError, kind };
export * from "./service_errors.js";

export const StatementError = kind("StatementError", ChartkeyError, {
  remedy: "Ask whoever sent the statement for it again.",
});
export const MalformedStatement = kind("MalformedStatement", StatementError, {
  sentence: "This is not a statement that can be read: {reason}.",
});
export const UnknownStatement = kind("UnknownStatement", StatementError, {
  sentence: "Chartkey knows no statement of that type.",
});
export const WrongChain = kind("WrongChain", StatementError, {
  sentence: "The statement was made for chain {given}, and this is chain {expected}.",
});
export const WrongContract = kind("WrongContract", StatementError, {
  sentence: "The statement is addressed to the contract {given}, and {expected} judges it here.",
});
export const WrongVersion = kind("WrongVersion", StatementError, {
  sentence: "The statement names another application or version than Chartkey 1.",
});
export const MalformedSignature = kind("MalformedSignature", StatementError, {
  sentence: "The signature is not 65 bytes of a curve point (r, s, v).",
});
export const MalleableSignature = kind("MalleableSignature", StatementError, {
  sentence: "The signature has a high s value, of which a second valid form exists.",
});
export const ForeignSignature = kind("ForeignSignature", StatementError, {
  sentence: "The statement was not signed by someone who speaks for the person it names.",
});
export const NotAnchored = kind("NotAnchored", StatementError, {
  sentence: "The statement is not anchored on the chain yet.",
  remedy: "Wait for the next anchor, or anchor it yourself.",
});
export const WrongProof = kind("WrongProof", StatementError, {
  sentence: "The proof does not lead from the statement to the given root.",
});
export const AnchoredTooEarly = kind("AnchoredTooEarly", StatementError, {
  sentence: "The record was anchored before the time at which it says it was issued.",
});
export const AnchoredTooLate = kind("AnchoredTooLate", StatementError, {
  sentence: "The record was anchored more than seven days after it says it was issued.",
  remedy: "Issue the record again with today's date; what it reports may be older.",
});
export const NoCredential = kind("NoCredential", StatementError, {
  sentence: "Whoever did this held no credential at that time.",
  remedy: "A registrar can give the credential; then try again.",
});

export const AccessRefused = kind("AccessRefused", ChartkeyError, {
  unharmed: "Nothing was opened, and nothing was changed.",
  remedy: "Ask the patient for access.",
});
export const GrantNotYetValid = kind("GrantNotYetValid", AccessRefused, {
  sentence: "This permission does not hold before {not_before}.",
});
export const GrantExpired = kind("GrantExpired", AccessRefused, {
  sentence: "This permission ended at {expires_at}.",
});
export const GrantRevoked = kind("GrantRevoked", AccessRefused, {
  sentence: "The patient has taken this permission back.",
});
export const GrantTagReplaced = kind("GrantTagReplaced", AccessRefused, {
  sentence: "The patient has taken all earlier permissions back.",
});
export const ViewingNotGranted = kind("ViewingNotGranted", AccessRefused, {
  sentence: "This permission lets its holder add records, not view them.",
});
export const NotTheViewer = kind("NotTheViewer", AccessRefused, {
  sentence: "This permission was given to somebody else.",
});
export const ForeignPurpose = kind("ForeignPurpose", AccessRefused, {
  sentence: "The permission was given for another purpose than the one stated.",
});
export const ForeignGrant = kind("ForeignGrant", AccessRefused, {
  sentence: "The access names another permission than the one that was sent.",
});
export const OutsideGrant = kind("OutsideGrant", AccessRefused, {
  sentence: "A record that was asked for lies outside this permission.",
});
export const RecordRetracted = kind("RecordRetracted", AccessRefused, {
  sentence: "The patient no longer shares this record.",
});
export const AccessNotOfNow = kind("AccessNotOfNow", AccessRefused, {
  sentence: "The access is dated {seconds} seconds away from this clock.",
  remedy: "Set the clock of this device and open the record again.",
});
export const AccessMismatch = kind("AccessMismatch", AccessRefused, {
  sentence: "The access names other records than those that were sent.",
});
export const SessionInvalid = kind("SessionInvalid", AccessRefused, {
  sentence: "The session key is not valid: {reason}.",
  remedy: "Sign in again.",
});
export const MembershipInvalid = kind("MembershipInvalid", AccessRefused, {
  sentence: "The membership does not hold: {reason}.",
  remedy: "Ask the organization for a new membership.",
});
export const ForeignKeys = kind("ForeignKeys", AccessRefused, {
  sentence: "The keys that were sent are not those that the person has registered.",
  remedy: "Fetch the newest keys document and try again.",
});
export const NotTheAuthor = kind("NotTheAuthor", AccessRefused, {
  sentence: "Without a permission only the author of a record may open it again.",
});
export const StoppedByOperator = kind("StoppedByOperator", AccessRefused, {
  sentence: "This custodian has been stopped by its operator.",
  remedy: "Ask the other custodians; this one opens again when its operator says so.",
});
export const NotServed = kind("NotServed", AccessRefused, {
  sentence: "This custodian does not serve that registry or record: {reason}.",
});
export const RegistryClosed = kind("RegistryClosed", AccessRefused, {
  sentence: "This custodian no longer opens records of that registry.",
  remedy: "Use the newest key sheets, which name the registry that took over.",
});
export const QuotaExceeded = kind("QuotaExceeded", AccessRefused, {
  sentence: "This node has taken as many statements from one person today as it takes.",
  unharmed: "What was taken before is kept, and a revocation was told to the custodians.",
  remedy: "Hand it in again tomorrow, hand it to another node, or anchor it yourself.",
});
export const TooManyRequests = kind("TooManyRequests", AccessRefused, {
  sentence: "Too many requests came from there in a short time.",
  remedy: "Wait a minute and try again.",
});

export const SignInError = kind("SignInError", ChartkeyError, { remedy: "Sign in again." });
export const SignInNeeded = kind("SignInNeeded", SignInError, {
  sentence: "You are not signed in here, or your session has ended.",
  unharmed: "What was accepted before is kept, and nothing was changed.",
});
export const SignInRefused = kind("SignInRefused", SignInError, {
  sentence: "This does not sign anybody in: {reason}.",
});
export const ForeignOrigin = kind("ForeignOrigin", SignInError, {
  sentence: "The request did not come from this node's own pages.",
  remedy: "Open the node's own address and do it there.",
});
export const NotAdministrator = kind("NotAdministrator", SignInError, {
  sentence: "Only those who run this node may see this.",
  remedy: "Ask whoever runs the node to name you among its administrators.",
});
export const NotThatPerson = kind("NotThatPerson", SignInError, {
  sentence: "This can be done only by the person whom it is about.",
  remedy: "Sign in as that person.",
});
export const WrongTicket = kind("WrongTicket", SignInError, {
  sentence: "That name and passphrase do not belong together here.",
  remedy: "Check both, or sign in with the recovery phrase.",
});
export const NameTaken = kind("NameTaken", SignInError, {
  sentence: "Somebody else signs in under that name.",
  remedy: "Choose another name.",
});
export const KeyNotTaken = kind("KeyNotTaken", SignInError, {
  sentence: "This looks like a key or a recovery phrase, and this node takes none.",
  unharmed: "It was not kept.",
  remedy: "Keep keys on your own device; hand in only what is sealed.",
});

export const SealError = kind("SealError", ChartkeyError, {
  remedy: "Fetch the bytes again, from another store if there is one.",
});
export const UnknownSuite = kind("UnknownSuite", SealError, {
  sentence: "The body is sealed with suite {suite}, which this version does not know.",
  remedy: "Update Chartkey.",
});
export const UnknownVersion = kind("UnknownVersion", SealError, {
  sentence: "The {kind} has format version {version}, which this version does not know.",
  remedy: "Update Chartkey.",
});
export const MalformedSeal = kind("MalformedSeal", SealError, {
  sentence: "These are not the bytes of a {kind}: {reason}.",
});
export const BodyAltered = kind("BodyAltered", SealError, {
  sentence: "Segment {segment} of the body was altered, reordered or belongs to another body.",
});
export const BodyTruncated = kind("BodyTruncated", SealError, {
  sentence: "The body ends before its last segment, or goes on after it.",
});
export const KeyNotOfBody = kind("KeyNotOfBody", SealError, {
  sentence: "The key halves do not belong to this body.",
  remedy: "Use the newest key sheet of this record, or ask another custodian.",
});
export const ContentMismatch = kind("ContentMismatch", SealError, {
  sentence: "The opened content is not what its author signed: the fault is the author's.",
  remedy: "Ask the author to issue the record again.",
});
export const SlotNotOpened = kind("SlotNotOpened", SealError, {
  sentence: "A sealed key could not be opened: it was altered, or made for something else.",
  remedy: "Fetch the newest key sheet of this record.",
});
export const NoSlot = kind("NoSlot", SealError, {
  sentence: "Nothing in here is sealed to this key.",
});
export const NotEnoughShares = kind("NotEnoughShares", SealError, {
  sentence: "{given} of the {needed} custodians that must agree gave their part of the key: {reason}.",
  unharmed: "Nothing was lost; the record stays sealed.",
  remedy: "Try again when more custodians answer.",
});
export const WrongShare = kind("WrongShare", SealError, {
  sentence: "A custodian's share does not fit the others: {reason}.",
  unharmed: "Nothing was lost; the record stays sealed.",
  remedy: "Ask another custodian, and report this one.",
});
export const SheetSubstituted = kind("SheetSubstituted", SealError, {
  sentence: "The key sheet is not the one that was signed for this record.",
});
export const SheetStale = kind("SheetStale", SealError, {
  sentence: "The key sheet has version {given}; version {newest} has replaced it.",
});
export const NotElement = kind("NotElement", SealError, {
  sentence: "The content has no element at that path.",
});

export const VaultError = kind("VaultError", ChartkeyError, {
  unharmed: "The vault is unharmed and still locked.",
});
export const WrongLock = kind("WrongLock", VaultError, {
  sentence: "This does not open the vault.",
  remedy: "Try again, or use the recovery phrase.",
});
export const ForeignVault = kind("ForeignVault", VaultError, {
  sentence: "This vault is not the one whose keys the person has registered.",
  remedy: "Use the phrase or the passphrase of this person.",
});
export const InvalidPhrase = kind("InvalidPhrase", VaultError, {
  sentence: "This is not a recovery phrase: {reason}.",
  remedy: "Compare each of the 24 words with what you wrote down.",
});

export const BundleError = kind("BundleError", ChartkeyError, {
  unharmed: "Nothing was imported.",
});
export const InvalidBundle = kind("InvalidBundle", BundleError, {
  sentence: "{reason}",
  remedy: "Export the chart again as a FHIR R4 bundle.",
});
export const UnknownCategory = kind("UnknownCategory", BundleError, {
  sentence: "There is no category of that name.",
  remedy: "Choose one of the categories in docs/categories.md.",
});
