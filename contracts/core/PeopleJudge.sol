// How records and consent ask the registry of people whose word counts.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPeopleJudge} from "../interfaces/IPeopleJudge.sol";
import {IPeopleRegistry} from "../interfaces/IPeopleRegistry.sol";
import {Judge} from "./Judge.sol";

/// @title PeopleJudge
abstract contract PeopleJudge is IPeopleJudge, Judge {
    /// @inheritdoc IPeopleJudge
    IPeopleRegistry public immutable people;

    constructor(IPeopleRegistry people_) {
        people = people_;
    }

    /// @dev Refuses a caller who does not speak for `person` now.
    function _requireSpeaker(address person) internal view {
        if (!people.speaksFor(person, msg.sender, uint64(block.timestamp))) revert NotAuthorized(msg.sender, person);
    }

    /// @dev Whether the key that signed spoke for `person` at `time`. Calls nobody but the registry, and never reverts.
    function _isSpoken(
        address person,
        bytes32 digest,
        bytes calldata signature,
        uint64 time
    ) internal view returns (bool) {
        return people.speaksFor(person, _recover(digest, signature), time);
    }

    /// @dev The same, or the person's present key is a contract that accepts the signature now.
    function _isSpokenOrAccepted(
        address person,
        bytes32 digest,
        bytes calldata signature,
        uint64 time
    ) internal view returns (bool) {
        return _isSpoken(person, digest, signature, time) || _isAccepted(people.keyOf(person), digest, signature);
    }
}
