// Who may certify whom: the governor appoints registrars, registrars give credentials.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGoverned} from "./IGoverned.sol";

/// @title ICredentials
/// @notice The governor appoints registrars, who give and
/// withdraw credentials of their role. Neither can touch a person's keys, grants or records.
/// @dev Everything starts at the block's time; nothing is backdated. What is answered about a second that the chain's
/// clock has left never changes.
interface ICredentials is IGoverned {
    /// @notice What a credential attests. `None` is never given.
    enum Role {
        None,
        Practitioner,
        Hospital,
        Laboratory,
        Pharmacy,
        Insurer,
        Distributor
    }

    event RegistrarAppointed(address indexed registrar, Role indexed role, uint64 until);
    event RegistrarDismissed(address indexed registrar, Role indexed role);
    event Credentialed(address indexed person, Role indexed role, address indexed registrar, uint64 notAfter);
    event CredentialWithdrawn(address indexed person, Role indexed role, address indexed registrar);

    /// @notice The caller has no authority over that role now.
    error NotRegistrar(address caller, Role role);

    /// @notice `Role.None` can be neither given nor taken.
    error ZeroRole();

    /// @notice What ends before it begins is refused.
    error AlreadyPast(uint64 time);

    /// @notice Gives `registrar` authority over `role`, from now and before `until`. By the governor.
    function appointRegistrar(address registrar, Role role, uint64 until) external;

    /// @notice Ends that authority now, and with it every credential that rests on it. By the governor.
    /// @dev Credentials of a registrar who is appointed again speak again, from then on.
    function dismissRegistrar(address registrar, Role role) external;

    /// @notice Credentials an enrolled person, from now to `notAfter`, that second included. By a registrar of the
    /// role; the latest word of any of them stands.
    function credential(address person, Role role, uint64 notAfter) external;

    /// @notice Ends the person's credential now, whoever gave it. By a registrar of the role.
    function withdrawCredential(address person, Role role) external;

    /// @notice Whether `registrar` had authority over `role` at `time`.
    function isRegistrar(address registrar, Role role, uint64 time) external view returns (bool);

    /// @notice Whether the person's credential ran at `time`, and the authority of the registrar who gave it stood.
    function holdsCredential(address person, Role role, uint64 time) external view returns (bool);

    /// @notice All roles that the person held at `time`: bit r stands for role r.
    function rolesOf(address person, uint64 time) external view returns (uint256 roles);

    /// @notice The first role that the person held at `time`, or `None`.
    function credentialRole(address person, uint64 time) external view returns (Role);
}
