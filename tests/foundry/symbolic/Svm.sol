// Owns what the symbolic tests ask of Halmos: values that stand for all values.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface Svm {
    function createCalldata(string calldata contractName) external pure returns (bytes memory);

    function createBytes(uint256 length, string calldata name) external pure returns (bytes memory);

    function enableSymbolicStorage(address account) external;
}

Svm constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

/// @dev A registry of people that says anything at all, but always the same about the same question.
contract AnyPeople {
    mapping(address person => mapping(address signer => mapping(uint64 time => bool))) public speaksFor;

    function keyOf(address) external pure returns (address) {
        return address(0);
    }
}

/// @dev A registry of people for which nobody speaks for one patient, and anything may be true of others.
contract SilentPeople {
    mapping(address person => mapping(address signer => bool)) private _speaks;
    address private immutable _silent;

    constructor(address silent) {
        _silent = silent;
    }

    function speaksFor(address person, address signer, uint64) external view returns (bool) {
        return person != _silent && _speaks[person][signer];
    }

    function keyOf(address) external pure returns (address) {
        return address(0);
    }
}
