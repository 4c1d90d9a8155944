// Owns what each change tells the world: these events, with these words, and no others.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {ICustodianDirectory} from "../../../contracts/interfaces/ICustodianDirectory.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {IOwned, Stage} from "../kit/Stage.sol";
import {Typed} from "../kit/Typed.sol";
import {must, Vm, vm} from "../kit/Vm.sol";

contract Events is Stage {
    address private _patient;
    address private _other;

    function setUp() public {
        _setStage();
        (_patient, _other) = (faces[0], faces[1]);
        _as(_patient, address(people), abi.encodeCall(people.enrol, ("keys", _other)));
    }

    function test_enrolment_is_told() public {
        _as(_other, address(people), abi.encodeCall(people.enrol, ("keys", _patient)));
        _told(address(people), IPersons.Enrolled.selector, _word(_other), 0, 0, abi.encode(bytes32("keys"), _patient));
    }

    function test_rotation_is_told_and_that_it_ends_a_recovery() public {
        _as(_other, address(people), abi.encodeCall(people.startRecovery, (_patient, faces[2])));
        bytes memory words = abi.encode(faces[2], block.timestamp + 3 days);
        _told(address(people), IPersons.RecoveryStarted.selector, _word(_patient), 0, 0, words);
        _as(_patient, address(people), abi.encodeCall(people.rotate, (_patient, faces[3])));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        must(logs.length == 2, "not these two events");
        _same(logs[0], IPersons.KeyRotated.selector, _word(_patient), 0, 0, abi.encode(_patient, faces[3]));
        _same(logs[1], IPersons.RecoveryStopped.selector, _word(_patient), 0, 0, "");
    }

    function test_a_finished_recovery_is_told_with_its_rotation() public {
        _as(_other, address(people), abi.encodeCall(people.startRecovery, (_patient, faces[2])));
        vm.warp(START + 3 days);
        _as(faces[5], address(people), abi.encodeCall(people.finishRecovery, (_patient)));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        must(logs.length == 2, "not these two events");
        _same(logs[0], IPersons.RecoveryFinished.selector, _word(_patient), 0, 0, abi.encode(faces[2]));
        _same(logs[1], IPersons.KeyRotated.selector, _word(_patient), 0, 0, abi.encode(_patient, faces[2]));
    }

    function test_an_objection_is_told() public {
        _as(_other, address(people), abi.encodeCall(people.startRecovery, (_patient, faces[2])));
        _as(_patient, address(people), abi.encodeCall(people.objectRecovery, (_patient)));
        _told(address(people), IPersons.RecoveryStopped.selector, _word(_patient), 0, 0, "");
    }

    function test_new_keys_and_a_new_recovery_authority_are_told() public {
        _as(_patient, address(people), abi.encodeCall(people.changeKeys, (_patient, "more")));
        _told(address(people), IPersons.KeysChanged.selector, _word(_patient), 0, 0, abi.encode(bytes32("more")));
        _as(_patient, address(people), abi.encodeCall(people.changeRecovery, (_patient, faces[4])));
        _told(address(people), IPersons.RecoveryChanged.selector, _word(_patient), 0, 0, abi.encode(faces[4]));
    }

    function test_a_representative_is_told() public {
        _as(_patient, address(people), abi.encodeCall(people.represent, (_patient, _other, 77)));
        _told(address(people), IPersons.Represented.selector, _word(_patient), _word(_other), 0, abi.encode(77));
    }

    function test_the_end_of_a_membership_is_told_once() public {
        bytes memory call = abi.encodeCall(people.endMembership, (_patient, "member"));
        _as(_patient, address(people), call);
        _told(address(people), IPersons.MembershipEnded.selector, _word(_patient), "member", 0, "");
        _as(_patient, address(people), call);
        must(vm.getRecordedLogs().length == 0, "the same end was told twice");
    }

    function test_what_governor_and_registrars_do_is_told() public {
        (address registrar, ICredentials.Role role) = (faces[3], ICredentials.Role.Laboratory);
        (bytes32 who, bytes32 as_) = (_word(registrar), bytes32(uint256(3)));
        _as(governor, address(people), abi.encodeCall(people.appointRegistrar, (registrar, role, type(uint64).max)));
        _told(address(people), ICredentials.RegistrarAppointed.selector, who, as_, 0, abi.encode(type(uint64).max));
        _as(registrar, address(people), abi.encodeCall(people.credential, (_patient, role, START + 9)));
        _told(address(people), ICredentials.Credentialed.selector, _word(_patient), as_, who, abi.encode(START + 9));
        _as(registrar, address(people), abi.encodeCall(people.withdrawCredential, (_patient, role)));
        _told(address(people), ICredentials.CredentialWithdrawn.selector, _word(_patient), as_, who, "");
        _as(governor, address(people), abi.encodeCall(people.dismissRegistrar, (registrar, role)));
        _told(address(people), ICredentials.RegistrarDismissed.selector, who, as_, 0, "");
    }

    function test_the_directory_and_the_governors_seat_are_told() public {
        _as(governor, address(people), abi.encodeCall(people.listCustodian, (_other, "key", "https://a.example")));
        bytes memory words = abi.encode(bytes32("key"), "https://a.example");
        _told(address(people), ICustodianDirectory.CustodianListed.selector, _word(_other), 0, 0, words);
        ICustodianDirectory.Custodian memory entry = people.custodianOf(_other);
        must(entry.keyHash == "key" && keccak256(bytes(entry.url)) == keccak256("https://a.example"), "the entry");
        _as(governor, address(people), abi.encodeCall(people.delistCustodian, (_other)));
        _told(address(people), ICustodianDirectory.CustodianDelisted.selector, _word(_other), 0, 0, "");
        _as(governor, address(people), abi.encodeCall(IOwned.transferOwnership, (_other)));
        _told(address(people), IOwned.OwnershipTransferStarted.selector, _word(governor), _word(_other), 0, "");
        _as(_other, address(people), abi.encodeCall(IOwned.acceptOwnership, ()));
        _told(address(people), IOwned.OwnershipTransferred.selector, _word(governor), _word(_other), 0, "");
    }

    function test_revocations_are_told_called_or_signed() public {
        bytes memory words = abi.encode(uint256(7), uint256(5));
        _as(_patient, address(consent), abi.encodeCall(consent.revoke, (7, 5)));
        _told(address(consent), IConsentRegistry.Revoked.selector, _word(_patient), 0, 0, words);
        _as(_patient, address(consent), abi.encodeCall(consent.revokeFor, (_patient, 7, 5)));
        _told(address(consent), IConsentRegistry.Revoked.selector, _word(_patient), 0, 0, words);

        // In a batch, what changes nothing is passed over; of what changes something, the whole mask is told.
        (IConsentRegistry.Revocation[] memory entries, bytes[] memory signatures) = _batch();
        _as(faces[6], address(consent), abi.encodeCall(consent.revokeBySig, (entries, signatures)));
        _told(address(consent), IConsentRegistry.Revoked.selector, _word(_patient), 0, 0, abi.encode(7, 4 | 8));
        must(consent.revokedBits(_patient, 7) == 13, "the bits differ");
    }

    function test_the_revocation_of_all_is_told_called_or_signed() public {
        _as(_patient, address(consent), abi.encodeCall(consent.revokeAll, (_patient, 41)));
        _told(address(consent), IConsentRegistry.AllRevoked.selector, _word(_patient), 0, 0, abi.encode(0, 41));
        IConsentRegistry.RevocationOfAll memory all = IConsentRegistry.RevocationOfAll(_patient, 41, 42);
        bytes32 digest = Typed.digest(address(consent), Typed.REVOCATION_OF_ALL, abi.encode(all));
        bytes memory signature = _sign(_patient, digest);
        _as(faces[6], address(consent), abi.encodeCall(consent.revokeAllBySig, (all, signature)));
        _told(address(consent), IConsentRegistry.AllRevoked.selector, _word(_patient), 0, 0, abi.encode(41, 42));
    }

    function test_a_retraction_is_told_once() public {
        bytes memory call = abi.encodeCall(records.retract, (_patient, "record"));
        _as(_patient, address(records), call);
        _told(address(records), IRecordRegistry.Retracted.selector, _word(_patient), "record", 0, "");
        _as(_patient, address(records), call);
        must(vm.getRecordedLogs().length == 0, "the same retraction was told twice");
    }

    function test_the_limits_are_those_of_the_design() public view {
        must(people.RECOVERY_DELAY() == 3 days, "the delay of a recovery");
        must(records.MAX_EARLY() == 5 minutes && records.MAX_LATE() == 7 days, "the limits of a record's anchor");
        must(address(consent.people()) == address(people), "whom the registry of consent asks");
        must(address(records.people()) == address(people), "whom the registry of records asks");
        must(IOwned(address(people)).owner() == governor, "the first governor");
    }

    function _batch() private view returns (IConsentRegistry.Revocation[] memory entries, bytes[] memory signatures) {
        entries = new IConsentRegistry.Revocation[](2);
        signatures = new bytes[](2);
        for (uint256 i = 0; i < 2; i++) {
            entries[i] = IConsentRegistry.Revocation(_patient, 7, i == 0 ? 4 : 12);
            bytes32 digest = Typed.digest(address(consent), Typed.REVOCATION, abi.encode(entries[i]));
            signatures[i] = _sign(_patient, digest);
        }
    }

    function _as(address caller, address target, bytes memory call) private {
        vm.recordLogs();
        _call(caller, target, call, "");
    }

    function _told(address from, bytes32 name, bytes32 a, bytes32 b, bytes32 c, bytes memory words) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        must(logs.length == 1 && logs[0].emitter == from, "not this one event");
        _same(logs[0], name, a, b, c, words);
    }

    function _same(Vm.Log memory log, bytes32 name, bytes32 a, bytes32 b, bytes32 c, bytes memory words) private pure {
        uint256 count = c != 0 ? 4 : b != 0 ? 3 : 2;
        must(log.topics.length == count && log.topics[0] == name && log.topics[1] == a, "another event");
        must((count < 3 || log.topics[2] == b) && (count < 4 || log.topics[3] == c), "another subject");
        must(keccak256(log.data) == keccak256(words), "other words");
    }

    function _word(address account) private pure returns (bytes32) {
        return bytes32(uint256(uint160(account)));
    }

}
