// The refusals that all judging contracts share.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IJudge
/// @notice Checks are made in one order everywhere: deadline, replay, signature.
interface IJudge {
    /// @notice The statement was to be brought in by `deadline`, and it is later.
    error DeadlinePassed(uint256 deadline);

    /// @notice The statement is not signed by someone whose word counts for `person`.
    /// @param signer The address that the signature gives; zero where it is malformed (length, high s, no such point).
    error NotSignedBy(address person, address signer);

    /// @notice The caller's word does not count for `person`.
    error NotAuthorized(address caller, address person);
}
