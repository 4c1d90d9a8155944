// What a book of anchors promises: a Merkle root of statement digests gets a block time, once and for all.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title IAnchorBook
/// @notice Dates statements. An anchor says that a digest existed at a time; it adds no authority to it.
/// @dev Roots follow the shape of OpenZeppelin's merkle-tree over sorted, distinct digests, which are not hashed again:
/// an inner node is keccak256 of the sorted pair, and one digest alone is its own root with an empty proof.
interface IAnchorBook {
    /// @notice A root was anchored, now or before.
    /// @param root The Merkle root of a batch of digests.
    /// @param manifest SHA-256 of the published list of the batch. Unchecked: whoever anchors may lie about it, so a
    /// reader recomputes the root from the list, and passes over events whose list is missing or false.
    /// @param sender Who anchored, which means nothing for the statements.
    event Anchored(bytes32 indexed root, bytes32 manifest, address sender);

    /// @notice The zero root stands for "nothing", and cannot be anchored.
    error ZeroRoot();

    /// @notice Dates a root. Anyone may call; the first call sets the time, later ones only emit the event again.
    /// @dev So a stranger who anchors a copied root under a false manifest spoils nothing for the one who follows.
    /// @param root The Merkle root of a batch of digests.
    /// @param manifest SHA-256 of the published list of the batch.
    function anchor(bytes32 root, bytes32 manifest) external;

    /// @notice When a root was first anchored.
    /// @return Seconds since 1970, or 0 if it never was.
    function anchoredAt(bytes32 root) external view returns (uint64);

    /// @notice When a digest was anchored, as far as this proof tells. Another root may hold it since another time.
    /// @dev Also true of an inner node of the tree: ask it about digests that you computed yourself.
    /// @param digest The EIP-712 hash of a statement.
    /// @param root The root under which it was anchored.
    /// @param proof The path from the digest to the root.
    /// @return Seconds since 1970, or 0 if the proof does not lead to the root or the root is not anchored.
    function anchorTime(bytes32 digest, bytes32 root, bytes32[] calldata proof) external view returns (uint64);
}
