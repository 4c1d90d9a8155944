// What persons can do about themselves: enrol, change keys, be recovered, be represented, end memberships.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJudge} from "./IJudge.sol";

/// @title IPersons
/// @notice A person is a permanent id, the address that it enrolled with, and a present signing key that can change.
/// @dev Half-open intervals throughout: a key changed in a block of time t speaks for every second before t, the new
/// key from t on. What is answered about a second that the chain's clock has left never changes; an answer about a
/// later second is a forecast. Every change that a person makes, called or signed, uses up the nonce, so that a signed
/// change that was held back cannot undo a later one.
interface IPersons is IJudge {
    /// @notice Makes `person` known, with the hash of the identity keys document and who may recover the id.
    struct Enrolment {
        address person;
        bytes32 keysHash;
        address recovery;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Hands the id to a new signing key.
    struct Rotation {
        address person;
        address newKey;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Replaces the identity keys document.
    struct KeysChange {
        address person;
        bytes32 keysHash;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Replaces the recovery authority.
    struct RecoveryChange {
        address person;
        address recovery;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Asks for a new signing key on behalf of `person`. Signed by the recovery authority, and counted by
    /// `recoveryNonceOf`, so that neither side can use up the other's nonce.
    struct Recovery {
        address person;
        address newKey;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Lets `representative` speak for `person` until `expiresAt`; a time that is not ahead ends it now.
    struct Representation {
        address person;
        address representative;
        uint64 expiresAt;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice `member` acts under grants to `organization`. Kept off chain, judged by custodians.
    struct Membership {
        address organization;
        address member;
        uint64 notBefore;
        uint64 expiresAt;
        bytes32 salt;
    }

    /// @notice Ends the membership with that digest. To replay it changes nothing, so it has no nonce.
    struct MembershipEnd {
        address organization;
        bytes32 membership;
    }

    /// @notice The public halves of a patient's category keys. Kept off chain.
    struct CategoryKeys {
        address patient;
        uint64 epoch;
        bytes32 keysHash;
        bytes32 salt;
    }

    event Enrolled(address indexed person, bytes32 keysHash, address recovery);
    event KeyRotated(address indexed person, address oldKey, address newKey);
    event KeysChanged(address indexed person, bytes32 keysHash);
    event RecoveryChanged(address indexed person, address recovery);
    event RecoveryStarted(address indexed person, address newKey, uint64 readyAt);
    event RecoveryStopped(address indexed person);
    event RecoveryFinished(address indexed person, address newKey);
    event Represented(address indexed person, address indexed representative, uint64 expiresAt);
    event MembershipEnded(address indexed organization, bytes32 indexed membership);

    /// @notice The statement's nonce is not the next one.
    error NonceUsed(address person, uint256 nonce, uint256 expected);

    error NotEnrolled(address person);

    error AlreadyEnrolled(address person);

    /// @notice The zero address cannot be a key.
    error ZeroKey(address person);

    error NoRecoveryPending(address person);

    /// @notice The time in which the present key may object is not over.
    error RecoveryNotReady(address person, uint64 readyAt);

    /// @notice How long the present key can object to a recovery.
    function RECOVERY_DELAY() external view returns (uint64);

    /// @notice Enrols the caller.
    /// @param keysHash The hash of the identity keys document; zero for a person who opens no records.
    /// @param recovery Who may ask for a new key: an account or a contract; zero for nobody.
    function enrol(bytes32 keysHash, address recovery) external;

    /// @notice Enrols the person who signed. Anyone may bring it in.
    function enrolBySig(Enrolment calldata enrolment, bytes calldata signature) external;

    /// @notice Hands the id to `newKey`, at once. Only the present key can; representatives cannot.
    /// @dev Ends a pending recovery. Grants stay, and so do representatives. After a theft: rotate first, and once that
    /// is mined replace the tag (`ConsentRegistry.revokeAll`; shown any earlier, the thief could still sign under the
    /// new one) and end the representatives that the thief may have named (`Represented`).
    function rotate(address person, address newKey) external;

    /// @notice As `rotate`, signed by the present key.
    function rotateBySig(Rotation calldata rotation, bytes calldata signature) external;

    /// @notice Replaces the hash of the identity keys document. Only the present key can.
    function changeKeys(address person, bytes32 keysHash) external;

    /// @notice As `changeKeys`, signed by the present key.
    function changeKeysBySig(KeysChange calldata change, bytes calldata signature) external;

    /// @notice Replaces the recovery authority, and ends what the former one began. Only the present key can.
    /// @dev So a person who cannot pay gas objects to a recovery with a signed change, to the same authority or not.
    function changeRecovery(address person, address recovery) external;

    /// @notice As `changeRecovery`, signed by the present key.
    function changeRecoveryBySig(RecoveryChange calldata change, bytes calldata signature) external;

    /// @notice The recovery authority asks that `newKey` become the key after `RECOVERY_DELAY`. Asking again replaces
    /// the former request and starts the delay anew.
    /// @dev Helps where a key is lost. Where it is stolen, the thief can object, and can name another authority: then
    /// the one who rotates first keeps the id.
    function startRecovery(address person, address newKey) external;

    /// @notice As `startRecovery`, signed by the recovery authority or accepted by it (ERC-1271).
    function startRecoveryBySig(Recovery calldata recovery, bytes calldata signature) external;

    /// @notice Ends a pending recovery. Only the present key can.
    function objectRecovery(address person) external;

    /// @notice Makes the new key the key, after the delay. Anyone may call.
    function finishRecovery(address person) external;

    /// @notice Lets `representative` speak for `person` until `expiresAt`, or ends that now where the time is not
    /// ahead. Only the present key can. Public on chain.
    function represent(address person, address representative, uint64 expiresAt) external;

    /// @notice As `represent`, signed by the present key.
    function representBySig(Representation calldata representation, bytes calldata signature) external;

    /// @notice Ends a membership, for good. By anyone who speaks for the organization now. Again changes nothing.
    function endMembership(address organization, bytes32 membership) external;

    /// @notice As `endMembership`, signed by someone who speaks for the organization now.
    function endMembershipBySig(MembershipEnd calldata end, bytes calldata signature) external;

    /// @notice Whether `signer` spoke for `person` at `time`: as the key of that time, or as a representative.
    /// @dev Never reverts. Costs one storage read for the present key.
    function speaksFor(address person, address signer, uint64 time) external view returns (bool);

    /// @notice The present signing key, zero for a person who is not enrolled.
    function keyOf(address person) external view returns (address);

    /// @notice Since when the present key speaks.
    function keySince(address person) external view returns (uint64);

    /// @notice The hash of the present identity keys document.
    function keysHashOf(address person) external view returns (bytes32);

    /// @notice Who may ask for a new key, zero for nobody.
    function recoveryOf(address person) external view returns (address);

    /// @notice The recovery that is under way, zeros where there is none.
    function pendingRecoveryOf(address person) external view returns (address newKey, uint64 readyAt);

    function isEnrolled(address person) external view returns (bool);

    /// @notice The nonce of the next statement that the person signs.
    function nonceOf(address person) external view returns (uint256);

    /// @notice The nonce of the next `Recovery` that the authority signs.
    function recoveryNonceOf(address person) external view returns (uint256);

    /// @notice When the organization ended the membership with that digest, 0 if it did not.
    function membershipEndedAt(address organization, bytes32 membership) external view returns (uint64);

    function enrolmentDigest(Enrolment calldata enrolment) external view returns (bytes32);

    function rotationDigest(Rotation calldata rotation) external view returns (bytes32);

    function keysChangeDigest(KeysChange calldata change) external view returns (bytes32);

    function recoveryChangeDigest(RecoveryChange calldata change) external view returns (bytes32);

    function recoveryDigest(Recovery calldata recovery) external view returns (bytes32);

    function representationDigest(Representation calldata representation) external view returns (bytes32);

    function membershipDigest(Membership calldata membership) external view returns (bytes32);

    function membershipEndDigest(MembershipEnd calldata end) external view returns (bytes32);

    function categoryKeysDigest(CategoryKeys calldata keys) external view returns (bytes32);
}
