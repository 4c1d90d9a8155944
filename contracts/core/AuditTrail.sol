// The audit trail: a book of anchors for the statements by which records were opened.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuditTrail} from "../interfaces/IAuditTrail.sol";
import {AnchorBook} from "./AnchorBook.sol";
import {Judge} from "./Judge.sol";
import {Statements} from "./Statements.sol";

/// @title AuditTrail
/// @dev No owner, and no judgement: custodians check accesses before they release anything.
contract AuditTrail is IAuditTrail, AnchorBook, Judge {
    /// @inheritdoc IAuditTrail
    function accessDigest(Access calldata access) external view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(
                        Statements.ACCESS,
                        access.viewer,
                        access.grant,
                        access.records,
                        keccak256(bytes(access.purpose)),
                        access.at,
                        access.salt
                    )
                )
            );
    }

    /// @inheritdoc IAuditTrail
    function sessionDigest(Session calldata session) external view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(
                        Statements.SESSION,
                        session.person,
                        session.key,
                        keccak256(bytes(session.origin)),
                        session.notBefore,
                        session.expiresAt,
                        session.salt
                    )
                )
            );
    }
}
