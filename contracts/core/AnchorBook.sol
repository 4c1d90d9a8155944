// The book of anchors that records, consent and the audit trail each keep: root to time, written once.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {IAnchorBook} from "../interfaces/IAnchorBook.sol";

/// @title AnchorBook
/// @dev Nobody owns the book, and nothing in it can be changed or removed.
abstract contract AnchorBook is IAnchorBook {
    // A whole slot for each time: packing would save nothing, and masking costs gas.
    mapping(bytes32 root => uint256 time) private _times;

    /// @inheritdoc IAnchorBook
    function anchor(bytes32 root, bytes32 manifest) external {
        if (root == bytes32(0)) revert ZeroRoot();

        if (_times[root] == 0) _times[root] = block.timestamp;

        emit Anchored(root, manifest, msg.sender);
    }

    /// @inheritdoc IAnchorBook
    function anchoredAt(bytes32 root) public view returns (uint64) {
        return uint64(_times[root]);
    }

    /// @inheritdoc IAnchorBook
    function anchorTime(bytes32 digest, bytes32 root, bytes32[] calldata proof) public view returns (uint64) {
        return MerkleProof.verifyCalldata(proof, root, digest) ? anchoredAt(root) : 0;
    }
}
