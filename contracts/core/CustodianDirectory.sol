// The public list of custodians, kept by the governor.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICustodianDirectory} from "../interfaces/ICustodianDirectory.sol";
import {Governed} from "./Governed.sol";

/// @title CustodianDirectory
abstract contract CustodianDirectory is ICustodianDirectory, Governed {
    mapping(address custodian => Custodian) private _custodians;

    /// @inheritdoc ICustodianDirectory
    function listCustodian(address custodian, bytes32 keyHash, string calldata url) external onlyOwner {
        if (keyHash == bytes32(0)) revert ZeroKeyHash(custodian);

        _custodians[custodian] = Custodian({keyHash: keyHash, url: url});

        emit CustodianListed(custodian, keyHash, url);
    }

    /// @inheritdoc ICustodianDirectory
    function delistCustodian(address custodian) external onlyOwner {
        if (_custodians[custodian].keyHash == bytes32(0)) revert NotListed(custodian);

        delete _custodians[custodian];

        emit CustodianDelisted(custodian);
    }

    /// @inheritdoc ICustodianDirectory
    function custodianOf(address custodian) external view returns (Custodian memory) {
        return _custodians[custodian];
    }
}
