// Owns what a book of anchors answers about trees of any size, and what proofs and roots cannot be made to say.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorBook} from "../../../contracts/interfaces/IAnchorBook.sol";
import {Stage} from "../kit/Stage.sol";
import {must, Vm, vm} from "../kit/Vm.sol";

contract Anchors is Stage {
    function setUp() public {
        _setStage();
    }

    function testFuzz_every_leaf_of_a_tree_has_the_time_of_its_root(uint256 seed, uint8 many, uint32 later) public {
        bytes32[] memory tree = _tree(seed, 1 + (many % 33));
        uint256 leaves = (tree.length + 1) / 2;
        uint256 leaf = tree.length - 1 - (seed % leaves);
        IAnchorBook[3] memory books = [IAnchorBook(consent), IAnchorBook(records), IAnchorBook(audit)];
        for (uint256 i = 0; i < 3; i++) {
            bytes32[] memory proof = _proof(tree, leaf);
            must(books[i].anchorTime(tree[leaf], tree[0], proof) == 0, "a root has a time before it is anchored");
            vm.warp(START);
            books[i].anchor(tree[0], bytes32(seed));
            vm.warp(uint256(START) + later);
            books[i].anchor(tree[0], bytes32("another manifest"));
            must(books[i].anchorTime(tree[leaf], tree[0], proof) == START, "a leaf has not its root's time");
            must(books[i].anchoredAt(tree[0]) == START, "a root has not its first time");
            must(books[i].anchorTime(tree[leaf] ^ bytes32(uint256(1)), tree[0], proof) == 0, "another leaf is proven");
            must(books[i].anchorTime(tree[leaf], tree[0] ^ bytes32(uint256(1)), proof) == 0, "another root is anchored");
            if (proof.length == 0) continue;
            proof[seed % proof.length] ^= bytes32(uint256(1) << (seed % 256));
            must(books[i].anchorTime(tree[leaf], tree[0], proof) == 0, "a false path proves");
        }
    }

    function testFuzz_each_anchoring_is_told_and_the_zero_root_is_refused(bytes32 root, bytes32 manifest) public {
        vm.assume(root != 0);
        IAnchorBook[3] memory books = [IAnchorBook(consent), IAnchorBook(records), IAnchorBook(audit)];
        for (uint256 i = 0; i < 3; i++) {
            address book = address(books[i]);
            bytes memory refused = abi.encodePacked(IAnchorBook.ZeroRoot.selector);
            _call(faces[0], book, abi.encodeCall(IAnchorBook.anchor, (0, manifest)), refused);
            vm.recordLogs();
            _call(faces[1], book, abi.encodeCall(IAnchorBook.anchor, (root, manifest)), "");
            _call(faces[2], book, abi.encodeCall(IAnchorBook.anchor, (root, ~manifest)), "");
            Vm.Log[] memory logs = vm.getRecordedLogs();
            must(logs.length == 2, "not every anchoring was told");
            must(logs[0].topics[0] == IAnchorBook.Anchored.selector && logs[0].topics[1] == root, "the root differs");
            must(keccak256(logs[0].data) == keccak256(abi.encode(manifest, faces[1])), "what was told differs");
            must(keccak256(logs[1].data) == keccak256(abi.encode(~manifest, faces[2])), "what was told next differs");
        }
    }

    /// @dev An array whose node i is the sorted hash of nodes 2i + 1 and 2i + 2; the leaves are its last half.
    function _tree(uint256 seed, uint256 leaves) private pure returns (bytes32[] memory tree) {
        tree = new bytes32[](2 * leaves - 1);
        for (uint256 i = tree.length; i > 0; i--) {
            uint256 node = i - 1;
            tree[node] = 2 * node + 1 < tree.length
                ? _pair(tree[2 * node + 1], tree[2 * node + 2])
                : keccak256(abi.encode(seed, node));
        }
    }

    function _proof(bytes32[] memory tree, uint256 node) private pure returns (bytes32[] memory proof) {
        uint256 length;
        for (uint256 i = node; i > 0; i = (i - 1) / 2) length++;
        proof = new bytes32[](length);
        for (uint256 i = 0; i < length; i++) {
            proof[i] = tree[node % 2 == 1 ? node + 1 : node - 1];
            node = (node - 1) / 2;
        }
    }

    function _pair(bytes32 a, bytes32 b) private pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }
}
