// For tests only: a contract account (ERC-1271) that behaves as it is told.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title TestWallet
/// @dev No protection of any kind: anyone may execute anything.
contract TestWallet is IERC1271 {
    enum Mood {
        AcceptsItsOwner,
        AcceptsAll,
        Refuses,
        Reverts,
        AnswersTooShort,
        AnswersTooMuch
    }

    address public owner;
    Mood public mood;

    constructor(address owner_, Mood mood_) {
        owner = owner_;
        mood = mood_;
    }

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function execute(address target, bytes calldata call) external returns (bytes memory) {
        (bool success, bytes memory answer) = target.call(call);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (mood == Mood.Reverts) revert("not today");
        if (mood == Mood.AnswersTooShort) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
        }
        if (mood == Mood.AnswersTooMuch) {
            assembly ("memory-safe") {
                return(0, 0x10000)
            }
        }
        if (mood == Mood.AcceptsAll) return IERC1271.isValidSignature.selector;
        (address recovered, , ) = ECDSA.tryRecover(digest, signature);
        bool accepts = mood == Mood.AcceptsItsOwner && recovered == owner;
        return accepts ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
