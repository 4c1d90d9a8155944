// Persons: a permanent id, the key that speaks for it and since when, recovery, and representatives.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {IPersons} from "../interfaces/IPersons.sol";
import {Intervals} from "./Intervals.sol";
import {PersonStatements} from "./PersonStatements.sol";

/// @title Persons
/// @dev No owner: only a person's own key, and the authority that the person named, can change anything about it.
abstract contract Persons is PersonStatements {
    using Checkpoints for Checkpoints.Trace208;
    using Intervals for Checkpoints.Trace208;

    // The first slot answers `speaksFor` for the present key with one read.
    struct Person {
        address key;
        uint48 since;
        uint48 nonce;
        bytes32 keysHash;
        address recovery;
    }

    // The nonce outlives the recovery.
    struct PendingRecovery {
        address newKey;
        uint48 readyAt;
        uint48 nonce;
    }

    /// @inheritdoc IPersons
    uint64 public constant RECOVERY_DELAY = 3 days;

    mapping(address person => Person) private _persons;
    // Written when a key goes, and never touched again: from when, until when it spoke.
    mapping(address person => mapping(address key => Checkpoints.Trace208)) private _formerKeys;
    mapping(address person => mapping(address representative => Checkpoints.Trace208)) private _representatives;
    mapping(address person => PendingRecovery) private _recoveries;

    // --- enrolment ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IPersons
    function enrol(bytes32 keysHash, address recovery) external {
        _enrol(msg.sender, keysHash, recovery);
    }

    /// @inheritdoc IPersons
    function enrolBySig(Enrolment calldata enrolment, bytes calldata signature) external {
        _requireInTime(enrolment.deadline);
        _requireNext(enrolment.person, enrolment.nonce);
        _requireSignedBy(enrolment.person, enrolment.person, enrolmentDigest(enrolment), signature);

        _enrol(enrolment.person, enrolment.keysHash, enrolment.recovery);
    }

    // --- the person's own changes ------------------------------------------------------------------------------------

    /// @inheritdoc IPersons
    function rotate(address person, address newKey) external {
        _requireKey(person);

        _rotate(person, newKey);
    }

    /// @inheritdoc IPersons
    function rotateBySig(Rotation calldata rotation, bytes calldata signature) external {
        _requireInTime(rotation.deadline);
        _requireNext(rotation.person, rotation.nonce);
        _requireSignedByKey(rotation.person, rotationDigest(rotation), signature);

        _rotate(rotation.person, rotation.newKey);
    }

    /// @inheritdoc IPersons
    function changeKeys(address person, bytes32 keysHash) external {
        _requireKey(person);

        _changeKeys(person, keysHash);
    }

    /// @inheritdoc IPersons
    function changeKeysBySig(KeysChange calldata change, bytes calldata signature) external {
        _requireInTime(change.deadline);
        _requireNext(change.person, change.nonce);
        _requireSignedByKey(change.person, keysChangeDigest(change), signature);

        _changeKeys(change.person, change.keysHash);
    }

    /// @inheritdoc IPersons
    function changeRecovery(address person, address recovery) external {
        _requireKey(person);

        _changeRecovery(person, recovery);
    }

    /// @inheritdoc IPersons
    function changeRecoveryBySig(RecoveryChange calldata change, bytes calldata signature) external {
        _requireInTime(change.deadline);
        _requireNext(change.person, change.nonce);
        _requireSignedByKey(change.person, recoveryChangeDigest(change), signature);

        _changeRecovery(change.person, change.recovery);
    }

    /// @inheritdoc IPersons
    function represent(address person, address representative, uint64 expiresAt) external {
        _requireKey(person);

        _represent(person, representative, expiresAt);
    }

    /// @inheritdoc IPersons
    function representBySig(Representation calldata representation, bytes calldata signature) external {
        _requireInTime(representation.deadline);
        _requireNext(representation.person, representation.nonce);
        _requireSignedByKey(representation.person, representationDigest(representation), signature);

        _represent(representation.person, representation.representative, representation.expiresAt);
    }

    // --- recovery ----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPersons
    function startRecovery(address person, address newKey) external {
        if (msg.sender != _persons[person].recovery) revert NotAuthorized(msg.sender, person);

        _startRecovery(person, newKey);
    }

    /// @inheritdoc IPersons
    function startRecoveryBySig(Recovery calldata recovery, bytes calldata signature) external {
        uint256 expected = _recoveries[recovery.person].nonce;
        _requireInTime(recovery.deadline);
        if (recovery.nonce != expected) revert NonceUsed(recovery.person, recovery.nonce, expected);
        _requireSignedBy(
            recovery.person,
            _persons[recovery.person].recovery,
            recoveryDigest(recovery),
            signature
        );

        _startRecovery(recovery.person, recovery.newKey);
    }

    /// @inheritdoc IPersons
    function objectRecovery(address person) external {
        _requireKey(person);
        if (_recoveries[person].newKey == address(0)) revert NoRecoveryPending(person);

        _stopRecovery(person);
    }

    /// @inheritdoc IPersons
    function finishRecovery(address person) external {
        PendingRecovery storage pending = _recoveries[person];
        address newKey = pending.newKey;
        if (newKey == address(0)) revert NoRecoveryPending(person);
        if (block.timestamp < pending.readyAt) revert RecoveryNotReady(person, pending.readyAt);

        pending.newKey = address(0);
        pending.readyAt = 0;

        emit RecoveryFinished(person, newKey);

        _rotate(person, newKey);
    }

    // --- answers -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IPersons
    function speaksFor(address person, address signer, uint64 time) public view returns (bool) {
        if (signer == address(0)) return false;

        // Both at once, so that the slot is read once.
        (address key, uint48 since) = (_persons[person].key, _persons[person].since);
        if (signer == key && time >= since) return true;

        return _formerKeys[person][signer].standsAt(time) || _representatives[person][signer].standsAt(time);
    }

    /// @inheritdoc IPersons
    function keyOf(address person) public view returns (address) {
        return _persons[person].key;
    }

    /// @inheritdoc IPersons
    function keySince(address person) external view returns (uint64) {
        return _persons[person].since;
    }

    /// @inheritdoc IPersons
    function keysHashOf(address person) external view returns (bytes32) {
        return _persons[person].keysHash;
    }

    /// @inheritdoc IPersons
    function recoveryOf(address person) external view returns (address) {
        return _persons[person].recovery;
    }

    /// @inheritdoc IPersons
    function pendingRecoveryOf(address person) external view returns (address newKey, uint64 readyAt) {
        return (_recoveries[person].newKey, _recoveries[person].readyAt);
    }

    /// @inheritdoc IPersons
    function isEnrolled(address person) public view returns (bool) {
        return _persons[person].key != address(0);
    }

    /// @inheritdoc IPersons
    function nonceOf(address person) external view returns (uint256) {
        return _persons[person].nonce;
    }

    /// @inheritdoc IPersons
    function recoveryNonceOf(address person) external view returns (uint256) {
        return _recoveries[person].nonce;
    }

    // --- internal ----------------------------------------------------------------------------------------------------

    function _enrol(address person, bytes32 keysHash, address recovery) private {
        if (isEnrolled(person)) revert AlreadyEnrolled(person);

        _persons[person] = Person({
            key: person,
            since: uint48(block.timestamp),
            nonce: 1,
            keysHash: keysHash,
            recovery: recovery
        });

        emit Enrolled(person, keysHash, recovery);
    }

    function _rotate(address person, address newKey) private {
        if (newKey == address(0)) revert ZeroKey(person);

        Person storage self = _persons[person];
        address oldKey = self.key;
        _formerKeys[person][oldKey].push(self.since, uint208(block.timestamp));
        self.key = newKey;
        self.since = uint48(block.timestamp);
        self.nonce++;

        emit KeyRotated(person, oldKey, newKey);

        _stopRecovery(person);
    }

    function _changeKeys(address person, bytes32 keysHash) private {
        _persons[person].keysHash = keysHash;
        _persons[person].nonce++;

        emit KeysChanged(person, keysHash);
    }

    function _changeRecovery(address person, address recovery) private {
        _persons[person].recovery = recovery;
        _persons[person].nonce++;

        emit RecoveryChanged(person, recovery);

        _stopRecovery(person);
    }

    function _represent(address person, address representative, uint64 expiresAt) private {
        _representatives[person][representative].set(expiresAt);
        _persons[person].nonce++;

        emit Represented(person, representative, expiresAt);
    }

    function _startRecovery(address person, address newKey) private {
        if (newKey == address(0)) revert ZeroKey(person);

        PendingRecovery storage pending = _recoveries[person];
        uint64 readyAt = uint64(block.timestamp) + RECOVERY_DELAY;
        pending.newKey = newKey;
        pending.readyAt = uint48(readyAt);
        pending.nonce++;

        emit RecoveryStarted(person, newKey, readyAt);
    }

    function _stopRecovery(address person) private {
        PendingRecovery storage pending = _recoveries[person];
        if (pending.newKey == address(0)) return;

        pending.newKey = address(0);
        pending.readyAt = 0;

        emit RecoveryStopped(person);
    }

    function _requireNext(address person, uint256 nonce) private view {
        uint256 expected = _persons[person].nonce;
        if (nonce != expected) revert NonceUsed(person, nonce, expected);
    }

    function _requireKey(address person) private view {
        if (msg.sender != _enrolledKey(person)) revert NotAuthorized(msg.sender, person);
    }

    function _requireSignedByKey(address person, bytes32 digest, bytes calldata signature) private view {
        _requireSignedBy(person, _enrolledKey(person), digest, signature);
    }

    function _enrolledKey(address person) private view returns (address key) {
        key = _persons[person].key;
        if (key == address(0)) revert NotEnrolled(person);
    }
}
