// What the audit trail answers: the digests of access statements, and when they were anchored.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorBook} from "./IAnchorBook.sol";

/// @title IAuditTrail
/// @notice Dates the statements by which viewers open records. Who opened what stays off chain, with the patient.
interface IAuditTrail is IAnchorBook {
    /// @notice `viewer` opens the records under the root `records`, by a grant, for a purpose.
    struct Access {
        address viewer;
        bytes32 grant;
        bytes32 records;
        string purpose;
        uint64 at;
        bytes32 salt;
    }

    /// @notice Lets a key of a browser sign accesses for `person`. Judged by custodians.
    struct Session {
        address person;
        bytes32 key;
        string origin;
        uint64 notBefore;
        uint64 expiresAt;
        bytes32 salt;
    }

    function accessDigest(Access calldata access) external view returns (bytes32);

    function sessionDigest(Session calldata session) external view returns (bytes32);
}
