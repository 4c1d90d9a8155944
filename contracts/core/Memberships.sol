// Memberships that organizations have ended. The memberships themselves stay off chain.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPersons} from "../interfaces/IPersons.sol";
import {Persons} from "./Persons.sol";

/// @title Memberships
abstract contract Memberships is Persons {
    mapping(address organization => mapping(bytes32 membership => uint256 time)) private _endings;

    /// @inheritdoc IPersons
    function endMembership(address organization, bytes32 membership) external {
        if (!speaksFor(organization, msg.sender, uint64(block.timestamp))) {
            revert NotAuthorized(msg.sender, organization);
        }

        _endMembership(organization, membership);
    }

    /// @inheritdoc IPersons
    function endMembershipBySig(MembershipEnd calldata end, bytes calldata signature) external {
        bytes32 digest = membershipEndDigest(end);
        address recovered = _recover(digest, signature);
        if (
            !speaksFor(end.organization, recovered, uint64(block.timestamp)) &&
            !_isAccepted(keyOf(end.organization), digest, signature)
        ) revert NotSignedBy(end.organization, recovered);

        _endMembership(end.organization, end.membership);
    }

    /// @inheritdoc IPersons
    function membershipEndedAt(address organization, bytes32 membership) external view returns (uint64) {
        return uint64(_endings[organization][membership]);
    }

    // Ended once: a later end would change what was true in between.
    function _endMembership(address organization, bytes32 membership) private {
        if (_endings[organization][membership] != 0) return;

        _endings[organization][membership] = block.timestamp;

        emit MembershipEnded(organization, membership);
    }
}
