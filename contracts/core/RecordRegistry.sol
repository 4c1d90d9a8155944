// The registry of records: judges who wrote a record from its signature and anchor, and notes retractions.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredentials} from "../interfaces/ICredentials.sol";
import {IPeopleRegistry} from "../interfaces/IPeopleRegistry.sol";
import {IRecordRegistry} from "../interfaces/IRecordRegistry.sol";
import {AnchorBook} from "./AnchorBook.sol";
import {PeopleJudge} from "./PeopleJudge.sol";
import {Statements} from "./Statements.sol";

/// @title RecordRegistry
/// @dev No owner. Trusts `people`, which cannot change, for who speaks and who is credentialed.
contract RecordRegistry is IRecordRegistry, AnchorBook, PeopleJudge {
    /// @inheritdoc IRecordRegistry
    uint64 public constant MAX_EARLY = 5 minutes;

    /// @inheritdoc IRecordRegistry
    uint64 public constant MAX_LATE = 7 days;

    mapping(address person => mapping(bytes32 record => uint256 time)) private _retractions;

    constructor(IPeopleRegistry people_) PeopleJudge(people_) {}

    /// @inheritdoc IRecordRegistry
    function retract(address person, bytes32 record) external {
        _requireSpeaker(person);

        _retract(person, record);
    }

    /// @inheritdoc IRecordRegistry
    function retractBySig(Retraction calldata retraction, bytes calldata signature) external {
        address person = retraction.person;
        bytes32 digest = retractionDigest(retraction);
        if (!_isSpokenOrAccepted(person, digest, signature, uint64(block.timestamp))) {
            revert NotSignedBy(person, _recover(digest, signature));
        }

        _retract(person, retraction.record);
    }

    /// @inheritdoc IRecordRegistry
    function refusal(
        Record calldata record,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (Refusal reason) {
        (reason, ) = _judge(record, signature, root, proof);
    }

    /// @inheritdoc IRecordRegistry
    function isAuthentic(
        Record calldata record,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool authentic, ICredentials.Role role) {
        Refusal reason;
        (reason, role) = _judge(record, signature, root, proof);
        authentic = reason == Refusal.None;
    }

    /// @inheritdoc IRecordRegistry
    function retractedAt(address person, bytes32 record) external view returns (uint64) {
        return uint64(_retractions[person][record]);
    }

    /// @inheritdoc IRecordRegistry
    function recordDigest(Record calldata record) public view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(
                        Statements.RECORD,
                        record.patient,
                        record.author,
                        keccak256(bytes(record.category)),
                        record.contentRoot,
                        record.sealedHash,
                        record.supersedes,
                        record.issuedAt,
                        record.salt
                    )
                )
            );
    }

    /// @inheritdoc IRecordRegistry
    function sheetDigest(Sheet calldata sheet) external view returns (bytes32) {
        return
            _digest(
                keccak256(abi.encode(Statements.SHEET, sheet.record, sheet.version, sheet.sheetHash, sheet.salt))
            );
    }

    /// @inheritdoc IRecordRegistry
    function retractionDigest(Retraction calldata retraction) public view returns (bytes32) {
        return _digest(keccak256(abi.encode(Statements.RETRACTION, retraction.person, retraction.record)));
    }

    function _judge(
        Record calldata record,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) private view returns (Refusal, ICredentials.Role) {
        bytes32 digest = recordDigest(record);
        uint64 anchored = anchorTime(digest, root, proof);
        if (anchored == 0) return _refuse(Refusal.NotAnchored);
        if (anchored + MAX_EARLY < record.issuedAt) return _refuse(Refusal.AnchoredTooEarly);
        // No overflow: issuedAt is at most MAX_EARLY past the anchor by now.
        if (anchored > record.issuedAt + MAX_LATE) return _refuse(Refusal.AnchoredTooLate);
        if (!_isSpoken(record.author, digest, signature, anchored)) return _refuse(Refusal.NotSignedByAuthor);
        if (record.author == record.patient) return (Refusal.None, ICredentials.Role.None);

        uint256 roles = people.rolesOf(record.author, record.issuedAt) & people.rolesOf(record.author, anchored);
        if (roles == 0) return _refuse(Refusal.NoCredential);
        return (Refusal.None, _first(roles));
    }

    // Written once: a later time would change what was true in between.
    function _retract(address person, bytes32 record) private {
        if (_retractions[person][record] != 0) return;

        _retractions[person][record] = block.timestamp;

        emit Retracted(person, record);
    }

    function _refuse(Refusal reason) private pure returns (Refusal, ICredentials.Role) {
        return (reason, ICredentials.Role.None);
    }

    // The lowest role of a bitmap that holds one at least.
    function _first(uint256 roles) private pure returns (ICredentials.Role) {
        uint8 role = 0;
        while ((roles >> role) & 1 == 0) role++;
        return ICredentials.Role(role);
    }
}
