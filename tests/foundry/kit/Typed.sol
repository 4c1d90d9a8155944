// Owns a second reading of the statements: the type strings of the design, hashed without the contracts' own code.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

library Typed {
    bytes32 internal constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    string internal constant ENROLMENT =
        "Enrolment(address person,bytes32 keysHash,address recovery,uint256 nonce,uint256 deadline)";
    string internal constant ROTATION = "Rotation(address person,address newKey,uint256 nonce,uint256 deadline)";
    string internal constant KEYS_CHANGE =
        "KeysChange(address person,bytes32 keysHash,uint256 nonce,uint256 deadline)";
    string internal constant RECOVERY_CHANGE =
        "RecoveryChange(address person,address recovery,uint256 nonce,uint256 deadline)";
    string internal constant RECOVERY = "Recovery(address person,address newKey,uint256 nonce,uint256 deadline)";
    string internal constant REPRESENTATION =
        "Representation(address person,address representative,uint64 expiresAt,uint256 nonce,uint256 deadline)";
    string internal constant MEMBERSHIP =
        "Membership(address organization,address member,uint64 notBefore,uint64 expiresAt,bytes32 salt)";
    string internal constant MEMBERSHIP_END = "MembershipEnd(address organization,bytes32 membership)";
    string internal constant CATEGORY_KEYS =
        "CategoryKeys(address patient,uint64 epoch,bytes32 keysHash,bytes32 salt)";
    string internal constant RECORD =
        "Record(address patient,address author,string category,bytes32 contentRoot,bytes32 sealedHash,bytes32 supersedes,uint64 issuedAt,bytes32 salt)";
    string internal constant SHEET = "Sheet(bytes32 record,uint64 version,bytes32 sheetHash,bytes32 salt)";
    string internal constant RETRACTION = "Retraction(address person,bytes32 record)";
    string internal constant GRANT =
        "Grant(address patient,address viewer,string category,bytes32 record,string purpose,uint8 rights,uint64 notBefore,uint64 expiresAt,uint256 nonce,bytes32 salt)";
    string internal constant REVOCATION = "Revocation(address patient,uint256 word,uint256 mask)";
    string internal constant REVOCATION_OF_ALL = "RevocationOfAll(address patient,uint64 tag,uint64 newTag)";
    string internal constant ACCESS =
        "Access(address viewer,bytes32 grant,bytes32 records,string purpose,uint64 at,bytes32 salt)";
    string internal constant SESSION =
        "Session(address person,bytes32 key,string origin,uint64 notBefore,uint64 expiresAt,bytes32 salt)";

    /// @dev The digest of a statement whose fields are given as 32-byte words, one after the other.
    function digest(address judge, string memory type_, bytes memory words) internal view returns (bytes32) {
        return digestOf(judge, block.chainid, "1", type_, words);
    }

    function digestOf(
        address judge,
        uint256 chain,
        string memory version,
        string memory type_,
        bytes memory words
    ) internal pure returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(DOMAIN, keccak256("Chartkey"), keccak256(bytes(version)), chain, judge)
        );
        bytes32 inner = keccak256(bytes.concat(keccak256(bytes(type_)), words));
        return keccak256(bytes.concat(hex"1901", separator, inner));
    }

    /// @dev How EIP-712 writes a text: as the hash of its bytes.
    function text(string memory value) internal pure returns (bytes32) {
        return keccak256(bytes(value));
    }
}
