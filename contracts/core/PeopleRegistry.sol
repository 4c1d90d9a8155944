// The registry of people: persons, credentials and the directory of custodians in one contract.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPeopleRegistry} from "../interfaces/IPeopleRegistry.sol";
import {Credentials} from "./Credentials.sol";
import {CustodianDirectory} from "./CustodianDirectory.sol";
import {Governed} from "./Governed.sol";
import {Memberships} from "./Memberships.sol";

/// @title PeopleRegistry
/// @dev The governor touches registrars and the directory; it has no power over any person.
contract PeopleRegistry is IPeopleRegistry, Memberships, Credentials, CustodianDirectory {
    constructor(address governor) Governed(governor) {}

    /// @dev Only who has enrolled: nobody is credentialed under an id that no key speaks for.
    function _requireCredentialable(address person) internal view override {
        if (!isEnrolled(person)) revert NotEnrolled(person);
    }
}
