// The EIP-712 types of all statements, in one place to be compared with the design and with other languages.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Statements
/// @dev A name here is the hash of the type; the fields of the struct of the same name stand in the same order.
library Statements {
    // Judged by PeopleRegistry.
    bytes32 internal constant ENROLMENT =
        keccak256("Enrolment(address person,bytes32 keysHash,address recovery,uint256 nonce,uint256 deadline)");
    bytes32 internal constant ROTATION =
        keccak256("Rotation(address person,address newKey,uint256 nonce,uint256 deadline)");
    bytes32 internal constant KEYS_CHANGE =
        keccak256("KeysChange(address person,bytes32 keysHash,uint256 nonce,uint256 deadline)");
    bytes32 internal constant RECOVERY_CHANGE =
        keccak256("RecoveryChange(address person,address recovery,uint256 nonce,uint256 deadline)");
    bytes32 internal constant RECOVERY =
        keccak256("Recovery(address person,address newKey,uint256 nonce,uint256 deadline)");
    bytes32 internal constant REPRESENTATION =
        keccak256(
            "Representation(address person,address representative,uint64 expiresAt,uint256 nonce,uint256 deadline)"
        );
    bytes32 internal constant MEMBERSHIP =
        keccak256("Membership(address organization,address member,uint64 notBefore,uint64 expiresAt,bytes32 salt)");
    bytes32 internal constant MEMBERSHIP_END = keccak256("MembershipEnd(address organization,bytes32 membership)");
    bytes32 internal constant CATEGORY_KEYS =
        keccak256("CategoryKeys(address patient,uint64 epoch,bytes32 keysHash,bytes32 salt)");

    // Judged by RecordRegistry.
    bytes32 internal constant RECORD =
        keccak256(
            "Record(address patient,address author,string category,bytes32 contentRoot,bytes32 sealedHash,bytes32 supersedes,uint64 issuedAt,bytes32 salt)"
        );
    bytes32 internal constant SHEET = keccak256("Sheet(bytes32 record,uint64 version,bytes32 sheetHash,bytes32 salt)");
    bytes32 internal constant RETRACTION = keccak256("Retraction(address person,bytes32 record)");

    // Judged by ConsentRegistry.
    bytes32 internal constant GRANT =
        keccak256(
            "Grant(address patient,address viewer,string category,bytes32 record,string purpose,uint8 rights,uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)"
        );
    bytes32 internal constant REVOCATION = keccak256("Revocation(address patient,uint256 word,uint256 mask)");
    bytes32 internal constant REVOCATION_OF_ALL =
        keccak256("RevocationOfAll(address patient,uint64 tag,uint64 newTag)");

    // Judged by AuditTrail.
    bytes32 internal constant ACCESS =
        keccak256("Access(address viewer,bytes32 grant,bytes32 records,string purpose,uint64 at,bytes32 salt)");
    bytes32 internal constant SESSION =
        keccak256(
            "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt,bytes32 salt)"
        );
}
