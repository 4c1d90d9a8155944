// What the contracts share that ask the registry of people whose word counts.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJudge} from "./IJudge.sol";
import {IPeopleRegistry} from "./IPeopleRegistry.sol";

/// @title IPeopleJudge
interface IPeopleJudge is IJudge {
    /// @notice The registry that says who speaks for whom, and who is credentialed. It cannot be exchanged.
    function people() external view returns (IPeopleRegistry);
}
