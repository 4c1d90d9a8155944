// Times from which and until which something stands, on append-only checkpoints.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

/// @title Intervals
/// @dev A checkpoint's key is the second from which it counts, its value the second at which it ends. Keys never
/// decrease, and only a checkpoint of the present second can be replaced. So an answer about a second that the chain's
/// clock has left is final; within one second the last word stands, and what began and ended in it never was.
library Intervals {
    using Checkpoints for Checkpoints.Trace208;

    /// @dev From now on it stands until `end`, whatever was said before; an `end` that is not ahead ends it now.
    function set(Checkpoints.Trace208 storage self, uint64 end) internal {
        self.push(uint48(block.timestamp), end);
    }

    /// @dev Whether it stood at `time`: begun at or before that second, and ending after it.
    function standsAt(Checkpoints.Trace208 storage self, uint64 time) internal view returns (bool) {
        return self.upperLookup(toMoment(time)) > time;
    }

    /// @dev A time as a checkpoint's key. Later than any clock will show means the end of time, and never reverts.
    function toMoment(uint64 time) internal pure returns (uint48) {
        return time > type(uint48).max ? type(uint48).max : uint48(time);
    }
}
