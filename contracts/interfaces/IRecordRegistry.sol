// What the registry of records answers: who wrote a record, in which capacity, and when; and who took it back.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorBook} from "./IAnchorBook.sol";
import {ICredentials} from "./ICredentials.sol";
import {IPeopleJudge} from "./IPeopleJudge.sol";

/// @title IRecordRegistry
/// @notice Judges the origin of records, from statements that stay off chain. Nothing about a record is published.
/// @dev Origin only: whether the patient wants the record, or the author took it back, is asked apart.
interface IRecordRegistry is IAnchorBook, IPeopleJudge {
    /// @notice One entry of a patient's chart, signed by its author with a plain key (ECDSA).
    struct Record {
        address patient;
        address author;
        string category;
        bytes32 contentRoot;
        bytes32 sealedHash;
        bytes32 supersedes;
        uint64 issuedAt;
        bytes32 salt;
    }

    /// @notice The key sheet of a record. Kept off chain.
    struct Sheet {
        bytes32 record;
        uint64 version;
        bytes32 sheetHash;
        bytes32 salt;
    }

    /// @notice `person` takes a record back. To replay it changes nothing, so it has no nonce.
    struct Retraction {
        address person;
        bytes32 record;
    }

    /// @notice Why a record is not authentic, in the order of the checks; `None` for one that is.
    enum Refusal {
        None,
        NotAnchored,
        AnchoredTooEarly,
        AnchoredTooLate,
        NotSignedByAuthor,
        NoCredential
    }

    event Retracted(address indexed person, bytes32 indexed record);

    /// @notice How far an author's clock may run ahead of the chain's: 5 minutes.
    function MAX_EARLY() external view returns (uint64);

    /// @notice How long after it was issued a record may be anchored: 7 days.
    function MAX_LATE() external view returns (uint64);

    /// @notice The first reason for which the record is not authentic.
    /// @dev `AnchoredTooEarly`: anchored more than `MAX_EARLY` before `issuedAt`. `AnchoredTooLate`: more than
    /// `MAX_LATE` after. `NotSignedByAuthor`: the signer did not speak for the author at the anchor's time.
    /// `NoCredential`: the author is not the patient, and held no one role both at `issuedAt` and at the anchor's time.
    /// Where `issuedAt` is still ahead of the chain's clock, the credential is judged as far as is known.
    /// @param record The statement.
    /// @param signature The author's, 65 bytes.
    /// @param root The root under which the record was anchored.
    /// @param proof The path from the record's digest to the root.
    function refusal(
        Record calldata record,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (Refusal);

    /// @notice Whether the record is authentic, and in which role its author wrote.
    /// @return authentic Whether there is no `refusal`.
    /// @return role The first role that the author held at both times; `None` for the patient's own record, and for
    /// one that is not authentic.
    function isAuthentic(
        Record calldata record,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool authentic, ICredentials.Role role);

    /// @notice Takes a record back in the name of `person`, for good. By anyone who speaks for `person` now. Again
    /// changes nothing.
    /// @dev Anyone may say so of any digest: readers ask for the author's word ("entered in error") and for the
    /// patient's ("no longer shared"), and nobody else's.
    function retract(address person, bytes32 record) external;

    /// @notice As `retract`, signed by someone who speaks for the person now.
    function retractBySig(Retraction calldata retraction, bytes calldata signature) external;

    /// @notice When `person` took the record back, 0 if they did not.
    function retractedAt(address person, bytes32 record) external view returns (uint64);

    function recordDigest(Record calldata record) external view returns (bytes32);

    function sheetDigest(Sheet calldata sheet) external view returns (bytes32);

    function retractionDigest(Retraction calldata retraction) external view returns (bytes32);
}
