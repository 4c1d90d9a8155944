// Owns what every test of invariants shares: which acts Forge plays, on which world.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

abstract contract Suite {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    address internal world;
    bytes4[] internal acts;

    /// @dev Asked by Forge: only these are called.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = world;
    }

    /// @dev Asked by Forge: only these of their functions.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(world, acts);
    }
}
