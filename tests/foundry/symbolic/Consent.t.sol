// Owns what is proven of the registry of consent for all values and from any state of its storage.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ConsentRegistry} from "../../../contracts/core/ConsentRegistry.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IPeopleRegistry} from "../../../contracts/interfaces/IPeopleRegistry.sol";
import {vm} from "../kit/Vm.sol";
import {AnyPeople, SilentPeople, svm} from "./Svm.sol";

contract ConsentProofs {
    address private constant PATIENT = address(0xA11CE);

    ConsentRegistry private _consent;
    ConsentRegistry private _wordless;

    function setUp() public {
        _consent = _anyState(address(new AnyPeople()));
        _wordless = _anyState(address(new SilentPeople(PATIENT)));
    }

    /// @dev Authorization: whoever calls whatever, with whatever signatures.
    function check_without_a_word_of_the_patient_nothing_is_taken_back(address caller, uint256 word) public {
        vm.assume(caller != PATIENT);
        uint256 bits = _wordless.revokedBits(PATIENT, word);
        uint64 tag = _wordless.tagOf(PATIENT);
        _anyCall(_wordless, caller);
        assert(_wordless.revokedBits(PATIENT, word) == bits);
        assert(_wordless.tagOf(PATIENT) == tag);
    }

    /// @dev Revocation.
    function check_a_revoked_bit_never_comes_back(address caller, address patient, uint256 word) public {
        uint256 bits = _consent.revokedBits(patient, word);
        _anyCall(_consent, caller);
        assert(_consent.revokedBits(patient, word) & bits == bits);
    }

    function check_a_revoked_grant_opens_nothing(
        IConsentRegistry.Grant calldata grant,
        bytes32 root,
        uint256 mask
    ) public {
        uint256 bit = 1 << (grant.nonce & 0xff);
        vm.assume(mask & bit == bit);
        vm.prank(grant.patient);
        _consent.revoke(grant.nonce >> 8, mask);
        assert(!_consent.isViewable(grant, svm.createBytes(65, "signature"), root, new bytes32[](0)));
    }

    function check_a_grant_under_another_tag_opens_nothing(
        IConsentRegistry.Grant calldata grant,
        bytes32 root,
        uint64 newTag
    ) public {
        vm.assume(uint64(grant.nonce >> 192) != newTag);
        vm.prank(grant.patient);
        _consent.revokeAll(grant.patient, newTag);
        assert(!_consent.isViewable(grant, svm.createBytes(65, "signature"), root, new bytes32[](0)));
    }

    /// @dev Replay: spent stays spent, and no call makes a spent tag the present one. So none is ever there twice.
    function check_a_spent_tag_stays_spent(address caller, address patient, uint64 tag) public {
        vm.assume(_consent.isTagSpent(patient, tag));
        _anyCall(_consent, caller);
        assert(_consent.isTagSpent(patient, tag));
    }

    function check_a_new_tag_was_fresh_and_is_spent(address caller, address patient, uint64 tag) public {
        bool spent = _consent.isTagSpent(patient, tag);
        vm.prank(caller);
        _consent.revokeAll(patient, tag);
        assert(!spent && _consent.isTagSpent(patient, tag) && _consent.tagOf(patient) == tag);
    }

    function check_a_signed_new_tag_was_fresh_and_is_spent(IConsentRegistry.RevocationOfAll calldata all) public {
        bool spent = _consent.isTagSpent(all.patient, all.newTag);
        _consent.revokeAllBySig(all, svm.createBytes(65, "signature"));
        assert(!spent && _consent.isTagSpent(all.patient, all.newTag) && _consent.tagOf(all.patient) == all.newTag);
    }

    function check_no_other_call_changes_a_tag(address caller, address patient) public {
        uint64 tag = _consent.tagOf(patient);
        bytes memory call = svm.createCalldata("ConsentRegistry");
        bytes4 name = bytes4(call);
        vm.assume(name != _consent.revokeAll.selector && name != _consent.revokeAllBySig.selector);
        vm.prank(caller);
        (bool success, ) = address(_consent).call(call);
        success;
        assert(_consent.tagOf(patient) == tag);
    }

    function check_a_signed_revocation_of_all_counts_once(
        IConsentRegistry.RevocationOfAll calldata all,
        address first,
        address second
    ) public {
        vm.assume(_consent.isTagSpent(all.patient, _consent.tagOf(all.patient)));
        vm.prank(first);
        _consent.revokeAllBySig(all, svm.createBytes(65, "signature"));
        bytes memory again = abi.encodeCall(_consent.revokeAllBySig, (all, svm.createBytes(65, "another")));
        vm.prank(second);
        (bool success, ) = address(_consent).call(again);
        assert(!success);
    }

    /// @dev Time.
    function check_an_anchors_time_never_changes(address caller, bytes32 root, uint64 later) public {
        uint64 time = _consent.anchoredAt(root);
        vm.assume(time != 0);
        vm.warp(later);
        _anyCall(_consent, caller);
        assert(_consent.anchoredAt(root) == time);
    }

    function _anyState(address people) private returns (ConsentRegistry consent) {
        consent = new ConsentRegistry(IPeopleRegistry(people));
        svm.enableSymbolicStorage(people);
        svm.enableSymbolicStorage(address(consent));
    }

    function _anyCall(ConsentRegistry target, address caller) private {
        bytes memory call = svm.createCalldata("ConsentRegistry");
        vm.prank(caller);
        (bool success, ) = address(target).call(call);
        success;
    }
}
