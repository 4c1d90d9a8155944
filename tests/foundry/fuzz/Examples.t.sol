// Owns one plain example of each answer, so that none of them is only met by chance.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {IJudge} from "../../../contracts/interfaces/IJudge.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {TestWallet} from "../../../contracts/testing/TestWallet.sol";
import {Stage} from "../kit/Stage.sol";
import {Typed} from "../kit/Typed.sol";
import {must, vm} from "../kit/Vm.sol";

contract Examples is Stage {
    bytes32[] private _alone;
    address private _patient;
    address private _doctor;
    address private _registrar;
    address private _wallet;

    function setUp() public {
        _setStage();
        (_patient, _doctor, _registrar, _wallet) = (faces[0], faces[1], faces[2], faces[8]);
        for (uint256 i = 0; i < FACES; i++) {
            if (i == 3) continue;
            _call(faces[i], address(people), abi.encodeCall(people.enrol, (bytes32(0), faces[3])), "");
        }
        for (uint8 role = 1; role <= 6; role++) {
            bytes memory call = abi.encodeCall(people.appointRegistrar, (_registrar, ICredentials.Role(role), START + 30 days));
            _call(governor, address(people), call, "");
        }
    }

    function test_a_record_is_authentic_in_each_role_and_in_the_first_of_several() public {
        for (uint8 role = 6; role >= 1; role--) {
            _credential(ICredentials.Role(role), START + 20 days);
            must(uint8(people.credentialRole(_doctor, START)) == role, "the first role differs");
            must(people.rolesOf(_doctor, START) == 128 - (1 << role), "the roles differ");
            _requireRecord(_record(_patient, START), _doctor, IRecordRegistry.Refusal.None, role);
        }
        must(people.credentialRole(_patient, START) == ICredentials.Role.None, "a patient has a role");
        _requireRecord(_record(_doctor, START), _doctor, IRecordRegistry.Refusal.None, 0);
        _requireRecord(_record(_patient, START), _patient, IRecordRegistry.Refusal.NotSignedByAuthor, 0);
    }

    function test_a_record_needs_one_role_at_both_times() public {
        _credential(ICredentials.Role.Practitioner, START + 1 days);
        vm.warp(START + 2 days);
        _credential(ICredentials.Role.Hospital, START + 9 days);
        _requireRecord(_record(_patient, START), _doctor, IRecordRegistry.Refusal.NoCredential, 0);
        _requireRecord(_record(_patient, START + 2 days), _doctor, IRecordRegistry.Refusal.None, 2);
    }

    function test_a_records_anchor_may_be_so_early_and_so_late() public {
        _credential(ICredentials.Role.Practitioner, START + 30 days);
        vm.warp(START + 8 days);
        uint64 time = START + 8 days;
        _requireRecord(_record(_patient, time + 5 minutes), _doctor, IRecordRegistry.Refusal.None, 1);
        _requireRecord(_record(_patient, time + 5 minutes + 1), _doctor, IRecordRegistry.Refusal.AnchoredTooEarly, 0);
        _requireRecord(_record(_patient, time - 7 days), _doctor, IRecordRegistry.Refusal.None, 1);
        _requireRecord(_record(_patient, time - 7 days - 1), _doctor, IRecordRegistry.Refusal.AnchoredTooLate, 0);
    }

    function test_a_credential_lasts_to_its_second_and_no_longer_than_its_registrar() public {
        _credential(ICredentials.Role.Practitioner, START + 5 days);
        must(people.holdsCredential(_doctor, ICredentials.Role.Practitioner, START + 5 days), "its last second");
        must(!people.holdsCredential(_doctor, ICredentials.Role.Practitioner, START + 5 days + 1), "the next second");
        must(!people.holdsCredential(_doctor, ICredentials.Role.Practitioner, START - 1), "the second before");
        _credential(ICredentials.Role.Practitioner, type(uint64).max);
        must(people.holdsCredential(_doctor, ICredentials.Role.Practitioner, START + 30 days - 1), "while its registrar");
        must(!people.holdsCredential(_doctor, ICredentials.Role.Practitioner, START + 30 days), "after its registrar");
        must(people.isRegistrar(_registrar, ICredentials.Role.Practitioner, START), "the registrar");
        must(!people.isRegistrar(_registrar, ICredentials.Role.Practitioner, START + 30 days), "the registrar's end");
    }

    function test_a_grant_opens_within_its_times() public {
        IConsentRegistry.Grant memory grant = _grant(_patient, 3);
        (grant.notBefore, grant.expiresAt) = (START + 10, START + 20);
        bytes memory signature = _anchored(grant, _patient);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.NotYetValid);
        vm.warp(START + 9);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.NotYetValid);
        vm.warp(START + 10);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.None);
        vm.warp(START + 19);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.None);
        vm.warp(START + 20);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.Expired);
    }

    function test_the_rights_to_view_and_to_add_are_apart() public {
        for (uint8 rights = 0; rights < 4; rights++) {
            IConsentRegistry.Grant memory grant = _grant(_patient, rights);
            bytes memory signature = _anchored(grant, _patient);
            bool views = rights % 2 == 1;
            _requireGrant(
                grant,
                signature,
                views ? IConsentRegistry.Refusal.None : IConsentRegistry.Refusal.ViewingNotGranted
            );
        }
    }

    function test_every_bit_of_a_word_is_revoked_alone() public {
        for (uint256 bit = 0; bit < 256; bit += 15) {
            IConsentRegistry.Grant memory grant = _grant(_patient, 3);
            grant.nonce = 0xABCD00 | bit;
            bytes memory signature = _anchored(grant, _patient);
            _call(_patient, address(consent), abi.encodeCall(consent.revoke, (0xABCD, ~(1 << bit))), "");
            _requireGrant(grant, signature, bit == 0 ? IConsentRegistry.Refusal.None : IConsentRegistry.Refusal.Revoked);
            if (bit == 0) {
                _call(_patient, address(consent), abi.encodeCall(consent.revoke, (0xABCD, 1)), "");
                _requireGrant(grant, signature, IConsentRegistry.Refusal.Revoked);
            }
            grant.nonce = 0xABCE00 | bit;
            _requireGrant(grant, _anchored(grant, _patient), IConsentRegistry.Refusal.None);
        }
    }

    function test_tags_and_signers_are_told_apart() public {
        IConsentRegistry.Grant memory grant = _grant(_patient, 3);
        bytes memory signature = _anchored(grant, _patient);
        _requireGrant(grant, signature, IConsentRegistry.Refusal.None);
        _requireGrant(grant, _anchored(grant, _doctor), IConsentRegistry.Refusal.NotSignedByPatient);
        _call(_patient, address(consent), abi.encodeCall(consent.revokeAll, (_patient, 9)), "");
        _requireGrant(grant, signature, IConsentRegistry.Refusal.TagReplaced);
        grant.nonce |= uint256(9) << 192;
        _requireGrant(grant, _anchored(grant, _patient), IConsentRegistry.Refusal.None);
        must(consent.isTagSpent(_patient, 9) && consent.isTagSpent(_patient, 0), "a tag is fresh again");
        for (uint256 tag = 8; tag <= 10; tag += 2) {
            grant.nonce = 0x123456 | tag << 192;
            _requireGrant(grant, _anchored(grant, _patient), IConsentRegistry.Refusal.TagReplaced);
        }
    }

    function test_a_signed_recovery_starts_once() public {
        IPersons.Recovery memory recovery = IPersons.Recovery(_patient, faces[4], 0, type(uint64).max);
        bytes memory signature = _sign(faces[3], Typed.digest(address(people), Typed.RECOVERY, abi.encode(recovery)));
        bytes memory call = abi.encodeCall(people.startRecoveryBySig, (recovery, signature));
        _call(_doctor, address(people), call, "");
        _call(_patient, address(people), abi.encodeCall(people.objectRecovery, (_patient)), "");
        _call(_doctor, address(people), call, abi.encodeWithSelector(IPersons.NonceUsed.selector, _patient, 0, 1));
    }

    function test_a_revocation_of_all_names_the_tag_of_the_moment() public {
        _takeAllBack(0, 5, _patient, "");
        for (uint64 tag = 4; tag <= 6; tag += 2) {
            bytes memory fault = abi.encodeWithSelector(IConsentRegistry.TagNotCurrent.selector, _patient, tag, 5);
            _takeAllBack(tag, 7, _patient, fault);
        }
        _takeAllBack(5, 7, _patient, "");
    }

    function test_each_revocation_comes_with_one_signature() public {
        for (uint256 count = 0; count < 4; count++) {
            bytes memory fault = abi.encodeWithSelector(IConsentRegistry.LengthsDiffer.selector, 2, count);
            bytes memory call = abi.encodeCall(
                consent.revokeBySig,
                (new IConsentRegistry.Revocation[](2), new bytes[](count))
            );
            _call(_doctor, address(consent), call, count == 2 ? bytes("") : fault);
        }
    }

    function test_a_recovery_is_finished_at_any_time_from_its_own_on() public {
        for (uint64 late = 0; late < 2; late++) {
            address newKey = late == 0 ? faces[3] : faces[4];
            _call(faces[3], address(people), abi.encodeCall(people.startRecovery, (_patient, newKey)), "");
            (, uint64 readyAt) = people.pendingRecoveryOf(_patient);
            vm.warp(readyAt + late);
            _call(_doctor, address(people), abi.encodeCall(people.finishRecovery, (_patient)), "");
            must(people.keyOf(_patient) == newKey, "the new key does not speak");
        }
    }

    function test_a_contract_account_grants_ends_and_retracts_by_what_it_accepts() public {
        IConsentRegistry.Grant memory grant = _grant(_wallet, 3);
        bytes memory signature = _anchored(grant, _wallet);
        for (uint256 mood = 0; mood < 6; mood++) {
            TestWallet(_wallet).setMood(TestWallet.Mood(mood));
            _requireGrant(
                grant,
                signature,
                mood < 2 ? IConsentRegistry.Refusal.None : IConsentRegistry.Refusal.NotSignedByPatient
            );
            bytes32 what = bytes32(mood + 1);
            bytes memory fault;
            bytes memory words = abi.encode(_wallet, what);
            bytes32 digest = Typed.digest(address(records), Typed.RETRACTION, words);
            signature = _sign(_wallet, digest);
            if (mood >= 2) fault = abi.encodeWithSelector(IJudge.NotSignedBy.selector, _wallet, faces[6]);
            IRecordRegistry.Retraction memory retraction = IRecordRegistry.Retraction(_wallet, what);
            _call(_doctor, address(records), abi.encodeCall(records.retractBySig, (retraction, signature)), fault);
            digest = Typed.digest(address(people), Typed.MEMBERSHIP_END, words);
            IPersons.MembershipEnd memory end = IPersons.MembershipEnd(_wallet, what);
            bytes memory call = abi.encodeCall(people.endMembershipBySig, (end, _sign(_wallet, digest)));
            _call(_doctor, address(people), call, fault);
            signature = _anchored(grant, _wallet);
        }
    }

    /// @dev No registrar gives or takes at the zero role, whatever was said of it.
    function test_the_zero_role_is_nobodys() public {
        bytes memory zero = abi.encodePacked(ICredentials.ZeroRole.selector);
        ICredentials.Role none = ICredentials.Role.None;
        _call(governor, address(people), abi.encodeCall(people.appointRegistrar, (_registrar, none, START + 1)), zero);
        _call(governor, address(people), abi.encodeCall(people.dismissRegistrar, (_registrar, none)), zero);
        _call(_registrar, address(people), abi.encodeCall(people.credential, (_doctor, none, START + 1)), zero);
        _call(_registrar, address(people), abi.encodeCall(people.withdrawCredential, (_doctor, none)), zero);
    }

    /// @dev No time is cut to 32 bits, which end in 2106.
    function test_far_times_are_times() public {
        vm.warp(2 ** 33 + 5);
        _call(_patient, address(people), abi.encodeCall(people.endMembership, (_patient, "member")), "");
        must(people.membershipEndedAt(_patient, "member") == 2 ** 33 + 5, "the end of a membership is cut");
        _call(_patient, address(records), abi.encodeCall(records.retract, (_patient, "record")), "");
        must(records.retractedAt(_patient, "record") == 2 ** 33 + 5, "a retraction is cut");
        IConsentRegistry.Revocation[] memory entries = new IConsentRegistry.Revocation[](1);
        bytes[] memory signatures = new bytes[](1);
        entries[0] = IConsentRegistry.Revocation(_patient, 7, 1);
        signatures[0] = _sign(_patient, Typed.digest(address(consent), Typed.REVOCATION, abi.encode(entries[0])));
        consent.revokeBySig(entries, signatures);
        must(consent.revokedBits(_patient, 7) == 1, "the present is cut");
    }

    function test_far_times_are_times_of_anchors_keys_and_credentials() public {
        uint64 far = 2 ** 33 + 5;
        vm.warp(far);
        records.anchor("root", bytes32(0));
        must(records.anchoredAt("root") == far, "the time of an anchor is cut");
        _call(_patient, address(people), abi.encodeCall(people.rotate, (_patient, faces[3])), "");
        IConsentRegistry.Revocation[] memory entries = new IConsentRegistry.Revocation[](1);
        bytes[] memory signatures = new bytes[](1);
        entries[0] = IConsentRegistry.Revocation(_patient, 7, 1);
        signatures[0] = _sign(faces[3], Typed.digest(address(consent), Typed.REVOCATION, abi.encode(entries[0])));
        consent.revokeBySig(entries, signatures);
        must(consent.revokedBits(_patient, 7) == 1, "the present of a new key is cut");
        _takeAllBack(0, 4, faces[3], "");
        bytes memory words = abi.encode(_patient, bytes32("far"));
        bytes memory signature = _sign(faces[3], Typed.digest(address(records), Typed.RETRACTION, words));
        records.retractBySig(IRecordRegistry.Retraction(_patient, "far"), signature);
        signature = _sign(faces[3], Typed.digest(address(people), Typed.MEMBERSHIP_END, words));
        people.endMembershipBySig(IPersons.MembershipEnd(_patient, "far"), signature);
        ICredentials.Role role = ICredentials.Role.Practitioner;
        uint64 farther = 2 ** 48 + 7; // a moment of 48 bits cannot say it
        bytes memory call = abi.encodeCall(people.appointRegistrar, (_registrar, role, farther));
        _call(governor, address(people), call, "");
        _credential(role, farther);
        must(people.holdsCredential(_doctor, role, far + 1 days), "a time beyond 48 bits is cut");
    }

    // --- makers ------------------------------------------------------------------------------------------------------

    function _credential(ICredentials.Role role, uint64 notAfter) private {
        _call(_registrar, address(people), abi.encodeCall(people.credential, (_doctor, role, notAfter)), "");
    }

    function _takeAllBack(uint64 tag, uint64 newTag, address signer, bytes memory fault) private {
        IConsentRegistry.RevocationOfAll memory all = IConsentRegistry.RevocationOfAll(_patient, tag, newTag);
        bytes memory signature = _sign(signer, Typed.digest(address(consent), Typed.REVOCATION_OF_ALL, abi.encode(all)));
        _call(_doctor, address(consent), abi.encodeCall(consent.revokeAllBySig, (all, signature)), fault);
    }

    function _record(address patient, uint64 issuedAt) private view returns (IRecordRegistry.Record memory record) {
        (record.patient, record.author, record.issuedAt) = (patient, _doctor, issuedAt);
        record.salt = keccak256(abi.encode(issuedAt, patient, gasleft()));
    }

    function _requireRecord(
        IRecordRegistry.Record memory record,
        address signer,
        IRecordRegistry.Refusal expected,
        uint8 role
    ) private {
        bytes32 digest = records.recordDigest(record);
        bytes memory signature = _sign(signer, digest);
        must(
            records.refusal(record, signature, digest, _alone) == IRecordRegistry.Refusal.NotAnchored,
            "a record counts before it is anchored"
        );
        records.anchor(digest, bytes32(0));
        must(records.refusal(record, signature, digest, _alone) == expected, "the refusal differs");
        (bool authentic, ICredentials.Role named) = records.isAuthentic(record, signature, digest, _alone);
        must(authentic == (expected == IRecordRegistry.Refusal.None), "whether it is authentic differs");
        must(uint8(named) == role, "the role differs");
    }

    function _grant(address patient, uint8 rights) private view returns (IConsentRegistry.Grant memory grant) {
        (grant.patient, grant.viewer, grant.rights) = (patient, _doctor, rights);
        (grant.category, grant.purpose) = ("medications", "TREAT");
        (grant.expiresAt, grant.nonce) = (type(uint64).max, 0x123456);
    }

    function _anchored(
        IConsentRegistry.Grant memory grant,
        address signer
    ) private returns (bytes memory) {
        bytes32 digest = consent.grantDigest(grant);
        consent.anchor(digest, bytes32(0));
        return _sign(signer, digest);
    }

    function _requireGrant(
        IConsentRegistry.Grant memory grant,
        bytes memory signature,
        IConsentRegistry.Refusal expected
    ) private view {
        bytes32 digest = consent.grantDigest(grant);
        must(consent.refusal(grant, signature, digest, _alone) == expected, "the refusal differs");
        bool opens = consent.isViewable(grant, signature, digest, _alone);
        must(opens == (expected == IConsentRegistry.Refusal.None), "whether it opens differs");
    }
}
