// The digests of the statements that the registry of people judges.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPersons} from "../interfaces/IPersons.sol";
import {Judge} from "./Judge.sol";
import {Statements} from "./Statements.sol";

/// @title PersonStatements
abstract contract PersonStatements is IPersons, Judge {
    /// @inheritdoc IPersons
    function enrolmentDigest(Enrolment calldata s) public view returns (bytes32) {
        return
            _digest(
                keccak256(abi.encode(Statements.ENROLMENT, s.person, s.keysHash, s.recovery, s.nonce, s.deadline))
            );
    }

    /// @inheritdoc IPersons
    function rotationDigest(Rotation calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.ROTATION, s.person, s.newKey, s.nonce, s.deadline)));
    }

    /// @inheritdoc IPersons
    function keysChangeDigest(KeysChange calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.KEYS_CHANGE, s.person, s.keysHash, s.nonce, s.deadline)));
    }

    /// @inheritdoc IPersons
    function recoveryChangeDigest(RecoveryChange calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.RECOVERY_CHANGE, s.person, s.recovery, s.nonce, s.deadline)));
    }

    /// @inheritdoc IPersons
    function recoveryDigest(Recovery calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.RECOVERY, s.person, s.newKey, s.nonce, s.deadline)));
    }

    /// @inheritdoc IPersons
    function representationDigest(Representation calldata s) public view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(
                        Statements.REPRESENTATION,
                        s.person,
                        s.representative,
                        s.expiresAt,
                        s.nonce,
                        s.deadline
                    )
                )
            );
    }

    /// @inheritdoc IPersons
    function membershipDigest(Membership calldata s) public view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(Statements.MEMBERSHIP, s.organization, s.member, s.notBefore, s.expiresAt, s.salt)
                )
            );
    }

    /// @inheritdoc IPersons
    function membershipEndDigest(MembershipEnd calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.MEMBERSHIP_END, s.organization, s.membership)));
    }

    /// @inheritdoc IPersons
    function categoryKeysDigest(CategoryKeys calldata s) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.CATEGORY_KEYS, s.patient, s.epoch, s.keysHash, s.salt)));
    }
}
