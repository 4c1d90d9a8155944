// What the governed parts of the registry of people share.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IGoverned
/// @notice The governor is `owner()`, meant to be a multisig. It hands on in two steps: `transferOwnership`, then
/// `acceptOwnership` by the new one.
interface IGoverned {
    /// @notice The governor can be replaced, not given up.
    error RenouncingRefused();
}
