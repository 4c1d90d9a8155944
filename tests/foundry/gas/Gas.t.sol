// Owns the figures of tests/foundry/gas/snapshot.json: what each call costs as a transaction of its own.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {Stage} from "../kit/Stage.sol";
import {Typed} from "../kit/Typed.sol";
import {vm} from "../kit/Vm.sol";

/// @dev Run with --isolate, so that every call pays for its calldata and finds storage cold.
contract Gas is Stage {
    uint256 private constant BATCH = 50;
    ICredentials.Role private constant ROLE = ICredentials.Role.Practitioner;

    address private _a;
    address private _b;
    bytes32[] private _path;

    function setUp() public {
        _setStage();
        (_a, _b) = (faces[0], faces[1]);
        for (uint256 i = 0; i < 4; i++) {
            _call(faces[i], address(people), abi.encodeCall(people.enrol, (_word(i), _b)), "");
        }
        _call(governor, address(people), abi.encodeCall(people.appointRegistrar, (_b, ROLE, START + 900 days)), "");
        for (uint256 i = 0; i < 10; i++) _path.push(_word(i));
    }

    function test_people() public {
        _measure("enrol", faces[5], address(people), abi.encodeCall(people.enrol, (_word(1), _b)));
        IPersons.Enrolment memory paper = IPersons.Enrolment(faces[4], _word(2), _b, 0, type(uint256).max);
        bytes32 digest = Typed.digest(address(people), Typed.ENROLMENT, abi.encode(paper));
        bytes memory call = abi.encodeCall(people.enrolBySig, (paper, _sign(faces[4], digest)));
        _measure("enrolBySig", _b, address(people), call);
        _measure("changeKeys", _a, address(people), abi.encodeCall(people.changeKeys, (_a, _word(3))));
        _measure("changeRecovery", _a, address(people), abi.encodeCall(people.changeRecovery, (_a, faces[2])));
        _measure("represent", _a, address(people), abi.encodeCall(people.represent, (_a, _b, START + 9)));
        _measure("startRecovery", faces[2], address(people), abi.encodeCall(people.startRecovery, (_a, faces[7])));
        _measure("objectRecovery", _a, address(people), abi.encodeCall(people.objectRecovery, (_a)));
        _call(faces[2], address(people), abi.encodeCall(people.startRecovery, (_a, faces[7])), "");
        vm.warp(START + 3 days);
        _measure("finishRecovery", _b, address(people), abi.encodeCall(people.finishRecovery, (_a)));
        _measure("rotate", faces[7], address(people), abi.encodeCall(people.rotate, (_a, faces[6])));
        _measure("endMembership", _b, address(people), abi.encodeCall(people.endMembership, (_b, _word(4))));
    }

    function test_credentials() public {
        bytes memory call = abi.encodeCall(people.appointRegistrar, (faces[6], ROLE, START + 9));
        _measure("appointRegistrar", governor, address(people), call);
        _measure("dismissRegistrar", governor, address(people), abi.encodeCall(people.dismissRegistrar, (faces[6], ROLE)));
        _measure("credential", _b, address(people), abi.encodeCall(people.credential, (_a, ROLE, START + 9)));
        vm.warp(START + 1);
        _measure("withdrawCredential", _b, address(people), abi.encodeCall(people.withdrawCredential, (_a, ROLE)));
    }

    function test_consent() public {
        address to = address(consent);
        _measure("anchor, a new root", _b, to, abi.encodeCall(consent.anchor, (_word(5), _word(6))));
        _measure("anchor, the same again", _b, to, abi.encodeCall(consent.anchor, (_word(5), _word(6))));
        uint256 word = uint256(_word(7)) >> 8;
        _measure("revoke, first in its word", _a, to, abi.encodeCall(consent.revoke, (word, 1 << 9)));
        _measure("revoke, next in its word", _a, to, abi.encodeCall(consent.revoke, (word, 1 << 200)));
        _measure("revokeFor", _a, to, abi.encodeCall(consent.revokeFor, (_a, word + 1, 1 << 9)));
        _measure("revokeBySig, 50, first in their words", _b, to, _revocations(1 << 9));
        _measure("revokeBySig, 50, next in their words", _b, to, _revocations(1 << 200));
        _measure("revokeAll", _a, to, abi.encodeCall(consent.revokeAll, (_a, uint64(uint256(_word(8))))));
        IConsentRegistry.RevocationOfAll memory all = IConsentRegistry.RevocationOfAll(faces[2], 0, 77);
        bytes32 digest = Typed.digest(to, Typed.REVOCATION_OF_ALL, abi.encode(all));
        _measure("revokeAllBySig", _b, to, abi.encodeCall(consent.revokeAllBySig, (all, _sign(faces[2], digest))));
    }

    function test_views() public {
        IConsentRegistry.Grant memory grant;
        (grant.patient, grant.viewer, grant.category, grant.purpose) = (_a, _b, "sexual-health", "TREAT");
        (grant.record, grant.rights, grant.expiresAt, grant.salt) = (_word(9), 1, type(uint64).max, _word(10));
        grant.nonce = uint256(_word(11)) >> 64;
        bytes32 digest = consent.grantDigest(grant);
        consent.anchor(_root(digest), _word(12));
        bytes memory call = abi.encodeCall(consent.isViewable, (grant, _sign(_a, digest), _root(digest), _path));
        _measure("isViewable, in a batch of 1,024, as a transaction", _b, address(consent), call);

        _call(_b, address(people), abi.encodeCall(people.credential, (_a, ROLE, type(uint64).max)), "");
        IRecordRegistry.Record memory record;
        (record.patient, record.author, record.category, record.issuedAt) = (_b, _a, "imaging", START);
        digest = records.recordDigest(record);
        records.anchor(_root(digest), _word(13));
        call = abi.encodeCall(records.isAuthentic, (record, _sign(_a, digest), _root(digest), _path));
        _measure("isAuthentic, in a batch of 1,024, as a transaction", _b, address(records), call);
        _measure("retract", _a, address(records), abi.encodeCall(records.retract, (_a, digest)));
    }

    function _measure(string memory name, address caller, address target, bytes memory call) private {
        _call(caller, target, call, "");
        vm.snapshotValue("Gas", name, vm.lastCallGas().gasTotalUsed);
    }

    function _revocations(uint256 mask) private view returns (bytes memory) {
        IConsentRegistry.Revocation[] memory entries = new IConsentRegistry.Revocation[](BATCH);
        bytes[] memory signatures = new bytes[](BATCH);
        for (uint256 i = 0; i < BATCH; i++) {
            entries[i] = IConsentRegistry.Revocation(_a, uint256(_word(100 + i)) >> 8, mask);
            bytes32 digest = Typed.digest(address(consent), Typed.REVOCATION, abi.encode(entries[i]));
            signatures[i] = _sign(_a, digest);
        }
        return abi.encodeCall(consent.revokeBySig, (entries, signatures));
    }

    function _root(bytes32 digest) private view returns (bytes32 root) {
        root = digest;
        for (uint256 i = 0; i < _path.length; i++) {
            (bytes32 low, bytes32 high) = root < _path[i] ? (root, _path[i]) : (_path[i], root);
            root = keccak256(bytes.concat(low, high));
        }
    }

    function _word(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("gas", i));
    }
}
