// Owns what the tests ask of Forge: its calls at one address, and how a test says what must hold.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    struct Gas {
        uint64 gasLimit;
        uint64 gasTotalUsed;
        uint64 gasMemoryUsed;
        int64 gasRefunded;
        uint64 gasRemaining;
    }

    function addr(uint256 secret) external pure returns (address);

    function sign(uint256 secret, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);

    function warp(uint256 time) external;

    function chainId(uint256 id) external;

    function prank(address caller) external;

    function assume(bool condition) external pure;

    function getCode(string calldata artifact) external view returns (bytes memory);

    function envOr(string calldata name, string calldata fallback_) external view returns (string memory);

    function readFile(string calldata path) external view returns (string memory);

    function parseBytes(string calldata text) external pure returns (bytes memory);

    function recordLogs() external;

    function getRecordedLogs() external returns (Log[] memory);

    function lastCallGas() external view returns (Gas memory);

    function snapshotValue(string calldata group, string calldata name, uint256 value) external;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @dev Fails the test, or the call of an invariant's world, with a sentence.
function must(bool holds, string memory sentence) pure {
    if (!holds) revert(sentence);
}
