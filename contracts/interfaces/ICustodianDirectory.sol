// The public list of custodians: where they are and which key they hold.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGoverned} from "./IGoverned.sol";

/// @title ICustodianDirectory
/// @notice A telephone book that the governor keeps. Patients choose their custodians themselves, in the document that
/// their `keysHash` commits to: to list or delist one changes nothing for those who chose it.
interface ICustodianDirectory is IGoverned {
    struct Custodian {
        bytes32 keyHash;
        string url;
    }

    event CustodianListed(address indexed custodian, bytes32 keyHash, string url);
    event CustodianDelisted(address indexed custodian);

    /// @notice A custodian without a key could not be sealed to.
    error ZeroKeyHash(address custodian);

    error NotListed(address custodian);

    /// @notice Lists a custodian, or replaces its entry. By the governor.
    function listCustodian(address custodian, bytes32 keyHash, string calldata url) external;

    /// @notice Takes a custodian off the list. By the governor.
    function delistCustodian(address custodian) external;

    /// @notice A custodian's entry; a zero key hash and an empty URL where it is not listed.
    function custodianOf(address custodian) external view returns (Custodian memory);
}
