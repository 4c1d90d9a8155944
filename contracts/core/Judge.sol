// What every judging contract shares: the EIP-712 domain, deadlines, and how a signature is read.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IJudge} from "../interfaces/IJudge.sol";

/// @title Judge
/// @dev ECDSA is tried first, also for an address that has code: an account that EIP-7702 delegates keeps its plain
/// signatures. Only 65-byte signatures with a low s count, so that a statement has one signature per key.
abstract contract Judge is IJudge, EIP712 {
    constructor() EIP712("Chartkey", "1") {}

    /// @dev Refuses a statement that came too late. The deadline's own second still counts.
    function _requireInTime(uint256 deadline) internal view {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline);
    }

    /// @dev Refuses a statement that `signer`, who should have signed for `person`, neither signed nor (a contract)
    /// accepts. Calls `signer` where that is a contract, without letting it change anything.
    function _requireSignedBy(
        address person,
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) internal view {
        address recovered = _recover(digest, signature);
        if (recovered == signer && signer != address(0)) return;
        if (!_isAccepted(signer, digest, signature)) revert NotSignedBy(person, recovered);
    }

    /// @dev Whether a contract accepts the signature as its own now (ERC-1271).
    function _isAccepted(address wallet, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return wallet.code.length != 0 && SignatureChecker.isValidERC1271SignatureNow(wallet, digest, signature);
    }

    /// @dev The address whose key signed, or zero for anything that is not a proper signature.
    function _recover(bytes32 digest, bytes calldata signature) internal pure returns (address recovered) {
        (recovered, , ) = ECDSA.tryRecover(digest, signature);
    }

    /// @dev The digest of a statement for this contract on this chain.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return _hashTypedDataV4(structHash);
    }
}
