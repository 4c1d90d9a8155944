// Owns what anybody may try with credentials, registrars, the directory and the governor's seat.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {ICustodianDirectory} from "../../../contracts/interfaces/ICustodianDirectory.sol";
import {IGoverned} from "../../../contracts/interfaces/IGoverned.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {IOwned} from "../kit/Stage.sol";
import {must} from "../kit/Vm.sol";
import {PeopleActs} from "./PeopleActs.sol";

abstract contract CredentialActs is PeopleActs {
    mapping(address custodian => bytes32) internal listed;

    function appoint(uint256 seed, uint256 callerSeed) external act {
        (address registrar, uint256 role) = (_face(seed), (seed >> 8) % 7);
        uint64 until = (seed >> 16) % 5 == 0 ? type(uint64).max : uint64(clock - 2 + ((seed >> 24) % 9 days));
        if ((seed >> 16) % 5 == 1) until = uint64(clock - 2 + ((seed >> 24) % 5));
        address caller = _mostly(mirrorGovernor, callerSeed);
        bytes memory fault = _unlessGovernor(caller);
        if (fault.length == 0 && role == 0) fault = abi.encodeWithSelector(ICredentials.ZeroRole.selector);
        if (fault.length == 0 && until <= clock) {
            fault = abi.encodeWithSelector(ICredentials.AlreadyPast.selector, until);
        }
        bytes memory call = abi.encodeCall(people.appointRegistrar, (registrar, ICredentials.Role(role), until));
        if (_call(caller, address(people), call, fault)) authorities[registrar][role].push(Span(clock, until));
    }

    function dismiss(uint256 seed, uint256 callerSeed) external act {
        (address registrar, uint256 role) = (_face(seed), (seed >> 8) % 7);
        address caller = _mostly(mirrorGovernor, callerSeed);
        bytes memory fault = _unlessGovernor(caller);
        if (fault.length == 0 && role == 0) fault = abi.encodeWithSelector(ICredentials.ZeroRole.selector);
        bytes memory call = abi.encodeCall(people.dismissRegistrar, (registrar, ICredentials.Role(role)));
        if (_call(caller, address(people), call, fault)) authorities[registrar][role].push(Span(clock, 0));
    }

    function giveCredential(uint256 seed, uint256 callerSeed) external act {
        (address person, uint256 role) = (_face(seed), (seed >> 8) % 7);
        uint64 notAfter = (seed >> 16) % 5 == 0 ? type(uint64).max : uint64(clock - 1 + ((seed >> 24) % 9 days));
        if ((seed >> 16) % 5 == 1) notAfter = uint64(clock - 1 + ((seed >> 24) % 3));
        address caller = _mostly(_someRegistrar(role, callerSeed), callerSeed);
        bytes memory fault = _unlessRegistrar(caller, role);
        if (fault.length == 0 && notAfter < clock) {
            fault = abi.encodeWithSelector(ICredentials.AlreadyPast.selector, notAfter);
        }
        if (fault.length == 0 && keyNow(person) == address(0)) {
            fault = abi.encodeWithSelector(IPersons.NotEnrolled.selector, person);
        }
        bytes memory call = abi.encodeCall(people.credential, (person, ICredentials.Role(role), notAfter));
        if (_call(caller, address(people), call, fault)) {
            given[person][role].push(Given(clock, caller, notAfter > LAST_MOMENT ? LAST_MOMENT : notAfter));
        }
    }

    function takeCredential(uint256 seed, uint256 callerSeed) external act {
        (address person, uint256 role) = (_face(seed), (seed >> 8) % 7);
        address caller = _mostly(_someRegistrar(role, callerSeed), callerSeed);
        bytes memory call = abi.encodeCall(people.withdrawCredential, (person, ICredentials.Role(role)));
        if (_call(caller, address(people), call, _unlessRegistrar(caller, role))) {
            given[person][role].push(Given(clock, address(0), 0));
        }
    }

    function listCustodian(uint256 seed, uint256 callerSeed) external act {
        (address custodian, bytes32 keyHash) = (_face(seed), bytes32((seed >> 8) % 4));
        address caller = _mostly(mirrorGovernor, callerSeed);
        bytes memory fault = _unlessGovernor(caller);
        bool lists = (seed >> 16) % 2 == 0;
        if (fault.length == 0 && lists && keyHash == 0) {
            fault = abi.encodeWithSelector(ICustodianDirectory.ZeroKeyHash.selector, custodian);
        }
        if (fault.length == 0 && !lists && listed[custodian] == 0) {
            fault = abi.encodeWithSelector(ICustodianDirectory.NotListed.selector, custodian);
        }
        bytes memory call = lists
            ? abi.encodeCall(people.listCustodian, (custodian, keyHash, "https://custodian.example"))
            : abi.encodeCall(people.delistCustodian, (custodian));
        if (_call(caller, address(people), call, fault)) listed[custodian] = lists ? keyHash : bytes32(0);
        must(people.custodianOf(custodian).keyHash == listed[custodian], "the directory differs");
        must((bytes(people.custodianOf(custodian).url).length == 0) == (listed[custodian] == 0), "a URL stayed");
    }

    /// @dev The seat is handed on in two steps, and never given up.
    function handOn(uint256 seed, uint256 callerSeed) external act {
        bytes memory fault;
        if (seed % 4 == 0) {
            fault = abi.encodeWithSelector(IGoverned.RenouncingRefused.selector);
            _call(_mostly(mirrorGovernor, callerSeed), address(people), abi.encodeCall(IOwned.renounceOwnership, ()), fault);
        } else if (seed % 4 == 1) {
            address next = _mostly(governor, seed >> 8);
            address caller = _mostly(mirrorGovernor, callerSeed);
            bytes memory call = abi.encodeCall(IOwned.transferOwnership, (next));
            if (_call(caller, address(people), call, _unlessGovernor(caller))) mirrorNextGovernor = next;
        } else {
            address caller = _mostly(mirrorNextGovernor, callerSeed);
            if (caller != mirrorNextGovernor) {
                fault = abi.encodeWithSelector(IOwned.OwnableUnauthorizedAccount.selector, caller);
            }
            if (_call(caller, address(people), abi.encodeCall(IOwned.acceptOwnership, ()), fault)) {
                (mirrorGovernor, mirrorNextGovernor) = (caller, address(0));
            }
        }
        must(IOwned(address(people)).owner() == mirrorGovernor, "the governor differs");
        must(IOwned(address(people)).pendingOwner() == mirrorNextGovernor, "the next governor differs");
    }

    /// @dev Where a world begins: six persons; a registrar, for nine days, of three roles; three who hold them longer.
    function _settle() internal {
        for (uint256 i = 0; i < 6; i++) {
            _call(faces[i], address(people), abi.encodeCall(people.enrol, (bytes32(0), faces[1])), "");
            _noteEnrolment(faces[i], bytes32(0), faces[1]);
        }
        (address registrar, uint64 end) = (faces[1], START + 9 days);
        for (uint256 role = 1; role <= 5; role += 2) {
            ICredentials.Role named = ICredentials.Role(role);
            _call(governor, address(people), abi.encodeCall(people.appointRegistrar, (registrar, named, end)), "");
            authorities[registrar][role].push(Span(clock, end));
            for (uint256 i = 2; i < 5; i++) {
                bytes memory call = abi.encodeCall(people.credential, (faces[i], named, type(uint64).max));
                _call(registrar, address(people), call, "");
                given[faces[i]][role].push(Given(clock, registrar, LAST_MOMENT));
            }
        }
    }

    function _someRegistrar(uint256 role, uint256 seed) private view returns (address) {
        for (uint256 i = 0; i < FACES; i++) {
            address face = _face((seed >> 16) % FACES + i);
            if (isRegistrarAt(face, role, clock)) return face;
        }
        return address(0);
    }

    function _unlessGovernor(address caller) private view returns (bytes memory) {
        if (caller == mirrorGovernor) return "";
        return abi.encodeWithSelector(IOwned.OwnableUnauthorizedAccount.selector, caller);
    }

    function _unlessRegistrar(address caller, uint256 role) private view returns (bytes memory) {
        if (role == 0) return abi.encodeWithSelector(ICredentials.ZeroRole.selector);
        if (isRegistrarAt(caller, role, clock)) return "";
        return abi.encodeWithSelector(ICredentials.NotRegistrar.selector, caller, ICredentials.Role(role));
    }
}
