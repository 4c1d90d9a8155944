// All that the registry of people offers, under one name.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredentials} from "./ICredentials.sol";
import {ICustodianDirectory} from "./ICustodianDirectory.sol";
import {IPersons} from "./IPersons.sol";

/// @title IPeopleRegistry
/// @notice Persons, their credentials, and the directory of custodians.
interface IPeopleRegistry is IPersons, ICredentials, ICustodianDirectory {}
