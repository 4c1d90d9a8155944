// Credentials: the governor appoints registrars, registrars credential persons, and both leave a history.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {ICredentials} from "../interfaces/ICredentials.sol";
import {Governed} from "./Governed.sol";
import {Intervals} from "./Intervals.sol";

/// @title Credentials
/// @dev The owner is the governor. Who may be credentialed is left to the contract that inherits.
abstract contract Credentials is ICredentials, Governed {
    using Checkpoints for Checkpoints.Trace208;
    using Intervals for Checkpoints.Trace208;

    mapping(address registrar => mapping(Role => Checkpoints.Trace208)) private _authorities;
    // A value is the registrar, 160 bits, then the last second, 48 bits; zero where the credential was withdrawn.
    mapping(address person => mapping(Role => Checkpoints.Trace208)) private _credentials;

    // --- the governor ------------------------------------------------------------------------------------------------

    /// @inheritdoc ICredentials
    function appointRegistrar(address registrar, Role role, uint64 until) external onlyOwner {
        if (role == Role.None) revert ZeroRole();
        if (until <= block.timestamp) revert AlreadyPast(until);

        _authorities[registrar][role].set(until);

        emit RegistrarAppointed(registrar, role, until);
    }

    /// @inheritdoc ICredentials
    function dismissRegistrar(address registrar, Role role) external onlyOwner {
        if (role == Role.None) revert ZeroRole();

        _authorities[registrar][role].set(0);

        emit RegistrarDismissed(registrar, role);
    }

    // --- registrars --------------------------------------------------------------------------------------------------

    /// @inheritdoc ICredentials
    function credential(address person, Role role, uint64 notAfter) external {
        _requireRegistrar(role);
        if (notAfter < block.timestamp) revert AlreadyPast(notAfter);
        _requireCredentialable(person);

        _credentials[person][role].push(
            uint48(block.timestamp),
            (uint208(uint160(msg.sender)) << 48) | Intervals.toMoment(notAfter)
        );

        emit Credentialed(person, role, msg.sender, notAfter);
    }

    /// @inheritdoc ICredentials
    function withdrawCredential(address person, Role role) external {
        _requireRegistrar(role);

        _credentials[person][role].push(uint48(block.timestamp), 0);

        emit CredentialWithdrawn(person, role, msg.sender);
    }

    // --- answers -----------------------------------------------------------------------------------------------------

    /// @inheritdoc ICredentials
    function isRegistrar(address registrar, Role role, uint64 time) public view returns (bool) {
        return _authorities[registrar][role].standsAt(time);
    }

    /// @inheritdoc ICredentials
    function holdsCredential(address person, Role role, uint64 time) public view returns (bool) {
        uint208 value = _credentials[person][role].upperLookup(Intervals.toMoment(time));
        address registrar = address(uint160(value >> 48));
        uint48 notAfter = uint48(value);

        return value != 0 && time <= notAfter && isRegistrar(registrar, role, time);
    }

    /// @inheritdoc ICredentials
    function rolesOf(address person, uint64 time) public view returns (uint256 roles) {
        for (uint8 role = 1; role <= uint8(type(Role).max); role++) {
            if (holdsCredential(person, Role(role), time)) roles |= 1 << role;
        }
    }

    /// @inheritdoc ICredentials
    function credentialRole(address person, uint64 time) external view returns (Role) {
        for (uint8 role = 1; role <= uint8(type(Role).max); role++) {
            if (holdsCredential(person, Role(role), time)) return Role(role);
        }
        return Role.None;
    }

    // --- internal ----------------------------------------------------------------------------------------------------

    /// @dev Refuses an address that cannot hold credentials.
    function _requireCredentialable(address person) internal view virtual;

    function _requireRegistrar(Role role) private view {
        if (role == Role.None) revert ZeroRole();
        if (!isRegistrar(msg.sender, role, uint64(block.timestamp))) revert NotRegistrar(msg.sender, role);
    }
}
