// The governor: an owner that is handed on in two steps and cannot be given up.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {IGoverned} from "../interfaces/IGoverned.sol";

/// @title Governed
abstract contract Governed is IGoverned, Ownable2Step {
    constructor(address governor) Ownable(governor) {}

    /// @dev Refused: without a governor, no registrar could ever be dismissed.
    function renounceOwnership() public pure override {
        revert RenouncingRefused();
    }
}
