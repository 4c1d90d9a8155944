// For tests only: several calls in one transaction, and so in one second.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title TestBundle
contract TestBundle {
    function run(address[] calldata targets, bytes[] calldata calls) external {
        for (uint256 i = 0; i < targets.length; i++) {
            (bool success, bytes memory answer) = targets[i].call(calls[i]);
            if (!success) {
                assembly ("memory-safe") {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }
}
