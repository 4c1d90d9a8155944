// Owns what is proven of the registry of people for all values: who changes a person, and that nothing counts twice.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PeopleRegistry} from "../../../contracts/core/PeopleRegistry.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {vm} from "../kit/Vm.sol";
import {svm} from "./Svm.sol";

contract PeopleProofs {
    uint256 private constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    address private constant GOVERNOR = address(0x60FE);

    PeopleRegistry private _people;
    PeopleRegistry private _fresh;

    function setUp() public {
        _people = new PeopleRegistry(GOVERNOR);
        _fresh = new PeopleRegistry(GOVERNOR);
        svm.enableSymbolicStorage(address(_people));
    }

    /// @dev Authorization: each change of a person, called by somebody who is not its key, is refused.
    function check_only_the_key_changes_a_person(address caller, address person, address other, uint64 until) public {
        vm.assume(caller != _people.keyOf(person));
        bytes[5] memory calls = [
            abi.encodeCall(_people.rotate, (person, other)),
            abi.encodeCall(_people.changeKeys, (person, bytes32(uint256(until)))),
            abi.encodeCall(_people.changeRecovery, (person, other)),
            abi.encodeCall(_people.represent, (person, other, until)),
            abi.encodeCall(_people.objectRecovery, (person))
        ];
        for (uint256 i = 0; i < 5; i++) {
            vm.prank(caller);
            (bool success, ) = address(_people).call(calls[i]);
            assert(!success);
        }
    }

    function check_only_the_recovery_authority_starts_a_recovery(address caller, address person, address key) public {
        vm.assume(caller != _people.recoveryOf(person));
        vm.prank(caller);
        (bool success, ) = address(_people).call(abi.encodeCall(_people.startRecovery, (person, key)));
        assert(!success);
    }

    function check_a_recovery_waits_for_its_delay(address caller, address person, uint64 time) public {
        (address newKey, uint64 readyAt) = _people.pendingRecoveryOf(person);
        vm.warp(time);
        vm.prank(caller);
        (bool success, ) = address(_people).call(abi.encodeCall(_people.finishRecovery, (person)));
        assert(!success || (newKey != address(0) && time >= readyAt));
        assert(!success || _people.keyOf(person) == newKey);
    }

    function check_only_the_governor_governs(address caller) public {
        vm.assume(caller != _people.owner());
        bytes memory call = svm.createCalldata("PeopleRegistry");
        bytes4 name = bytes4(call);
        vm.assume(
            name == _people.appointRegistrar.selector ||
                name == _people.dismissRegistrar.selector ||
                name == _people.listCustodian.selector ||
                name == _people.delistCustodian.selector ||
                name == _people.transferOwnership.selector ||
                name == _people.renounceOwnership.selector
        );
        vm.prank(caller);
        (bool success, ) = address(_people).call(call);
        assert(!success);
    }

    function check_a_rotation_that_the_key_did_not_sign_is_refused(IPersons.Rotation calldata s) public {
        bytes memory call = abi.encodeCall(_people.rotateBySig, (s, _byAnother(s.person, _people.rotationDigest(s))));
        _requireRefused(call);
    }

    function check_keys_that_the_key_did_not_sign_are_refused(IPersons.KeysChange calldata s) public {
        bytes memory signature = _byAnother(s.person, _people.keysChangeDigest(s));
        _requireRefused(abi.encodeCall(_people.changeKeysBySig, (s, signature)));
    }

    function check_a_representative_whom_the_key_did_not_sign_is_refused(IPersons.Representation calldata s) public {
        bytes memory signature = _byAnother(s.person, _people.representationDigest(s));
        _requireRefused(abi.encodeCall(_people.representBySig, (s, signature)));
    }

    /// @dev Replay: what went through once does not go through again, whatever the signature.
    function check_a_signed_rotation_counts_once(IPersons.Rotation calldata s) public {
        _people.rotateBySig(s, svm.createBytes(65, "signature"));
        _requireRefused(abi.encodeCall(_people.rotateBySig, (s, svm.createBytes(65, "another"))));
    }

    function check_a_signed_change_of_keys_counts_once(IPersons.KeysChange calldata s) public {
        _people.changeKeysBySig(s, svm.createBytes(65, "signature"));
        _requireRefused(abi.encodeCall(_people.changeKeysBySig, (s, svm.createBytes(65, "another"))));
    }

    function check_a_signed_change_of_recovery_counts_once(IPersons.RecoveryChange calldata s) public {
        _people.changeRecoveryBySig(s, svm.createBytes(65, "signature"));
        _requireRefused(abi.encodeCall(_people.changeRecoveryBySig, (s, svm.createBytes(65, "another"))));
    }

    function check_a_signed_recovery_counts_once(IPersons.Recovery calldata s) public {
        _people.startRecoveryBySig(s, svm.createBytes(65, "signature"));
        _requireRefused(abi.encodeCall(_people.startRecoveryBySig, (s, svm.createBytes(65, "another"))));
    }

    function check_a_signed_representation_counts_once(IPersons.Representation calldata s) public {
        _people.representBySig(s, svm.createBytes(65, "signature"));
        _requireRefused(abi.encodeCall(_people.representBySig, (s, svm.createBytes(65, "another"))));
    }

    function check_an_enrolment_counts_once(IPersons.Enrolment calldata s) public {
        _fresh.enrolBySig(s, svm.createBytes(65, "signature"));
        bytes memory again = abi.encodeCall(_fresh.enrolBySig, (s, svm.createBytes(65, "another")));
        (bool success, ) = address(_fresh).call(again);
        assert(!success);
    }

    /// @dev A change made by a direct call takes the nonce too: what was signed before and held back is refused.
    function check_a_direct_change_outdates_what_was_signed(IPersons.Rotation calldata s, bytes32 keysHash) public {
        vm.assume(s.nonce == _people.nonceOf(s.person));
        vm.prank(_people.keyOf(s.person));
        _people.changeKeys(s.person, keysHash);
        _requireRefused(abi.encodeCall(_people.rotateBySig, (s, svm.createBytes(65, "signature"))));
    }

    /// @dev History: a rotation answers nothing anew about a second that is over.
    function check_a_rotation_rewrites_nothing(address second, address third, address asked, uint64 past, uint32[3] calldata t) public {
        vm.warp(t[0]);
        vm.prank(address(this));
        _fresh.enrol(bytes32(0), address(0));
        vm.warp(uint256(t[0]) + t[1]);
        _fresh.rotate(address(this), second);
        uint256 last = uint256(t[0]) + t[1] + t[2];
        vm.warp(last);
        vm.assume(past < last);
        bool spoke = _fresh.speaksFor(address(this), asked, past);
        vm.prank(second);
        _fresh.rotate(address(this), third);
        assert(_fresh.speaksFor(address(this), asked, past) == spoke);
    }

    function _byAnother(address person, bytes32 digest) private view returns (bytes memory signature) {
        signature = svm.createBytes(65, "signature");
        (bytes32 r, bytes32 s) = (bytes32(0), bytes32(0));
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        address key = _people.keyOf(person);
        vm.assume(key.code.length == 0);
        vm.assume(uint256(s) > HALF_ORDER || ecrecover(digest, v, r, s) != key);
    }

    function _requireRefused(bytes memory call) private {
        (bool success, ) = address(_people).call(call);
        assert(!success);
    }
}
