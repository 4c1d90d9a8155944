// Owns the comparison of every statement's digest with EIP-712 worked out from the design's type strings.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuditTrail} from "../../../contracts/interfaces/IAuditTrail.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {Stage} from "../kit/Stage.sol";
import {Typed} from "../kit/Typed.sol";
import {must, vm} from "../kit/Vm.sol";

contract Digests is Stage {
    function setUp() public {
        _setStage();
    }

    modifier onAnyChain(uint64 chain) {
        vm.chainId(chain == 0 ? 1 : chain);
        _;
    }

    function testFuzz_enrolment(IPersons.Enrolment calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.enrolmentDigest(s), address(people), Typed.ENROLMENT, abi.encode(s));
    }

    function testFuzz_rotation(IPersons.Rotation calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.rotationDigest(s), address(people), Typed.ROTATION, abi.encode(s));
    }

    function testFuzz_keys_change(IPersons.KeysChange calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.keysChangeDigest(s), address(people), Typed.KEYS_CHANGE, abi.encode(s));
    }

    function testFuzz_recovery_change(IPersons.RecoveryChange calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.recoveryChangeDigest(s), address(people), Typed.RECOVERY_CHANGE, abi.encode(s));
    }

    function testFuzz_recovery(IPersons.Recovery calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.recoveryDigest(s), address(people), Typed.RECOVERY, abi.encode(s));
    }

    function testFuzz_representation(IPersons.Representation calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.representationDigest(s), address(people), Typed.REPRESENTATION, abi.encode(s));
    }

    function testFuzz_membership(IPersons.Membership calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.membershipDigest(s), address(people), Typed.MEMBERSHIP, abi.encode(s));
    }

    function testFuzz_membership_end(IPersons.MembershipEnd calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.membershipEndDigest(s), address(people), Typed.MEMBERSHIP_END, abi.encode(s));
    }

    function testFuzz_category_keys(IPersons.CategoryKeys calldata s, uint64 chain) public onAnyChain(chain) {
        _same(people.categoryKeysDigest(s), address(people), Typed.CATEGORY_KEYS, abi.encode(s));
    }

    function testFuzz_record(IRecordRegistry.Record calldata s, uint64 chain) public onAnyChain(chain) {
        bytes memory head = abi.encode(s.patient, s.author, Typed.text(s.category), s.contentRoot, s.sealedHash);
        bytes memory words = bytes.concat(head, abi.encode(s.supersedes, s.issuedAt, s.salt));
        _same(records.recordDigest(s), address(records), Typed.RECORD, words);
    }

    function testFuzz_sheet(IRecordRegistry.Sheet calldata s, uint64 chain) public onAnyChain(chain) {
        _same(records.sheetDigest(s), address(records), Typed.SHEET, abi.encode(s));
    }

    function testFuzz_retraction(IRecordRegistry.Retraction calldata s, uint64 chain) public onAnyChain(chain) {
        _same(records.retractionDigest(s), address(records), Typed.RETRACTION, abi.encode(s));
    }

    function testFuzz_grant(IConsentRegistry.Grant calldata s, uint64 chain) public onAnyChain(chain) {
        bytes memory head = abi.encode(s.patient, s.viewer, Typed.text(s.category), s.record, Typed.text(s.purpose));
        bytes memory words = bytes.concat(head, abi.encode(s.rights, s.notBefore, s.expiresAt, s.nonce, s.salt));
        _same(consent.grantDigest(s), address(consent), Typed.GRANT, words);
    }

    function testFuzz_revocation(IConsentRegistry.Revocation calldata s, uint64 chain) public onAnyChain(chain) {
        _same(consent.revocationDigest(s), address(consent), Typed.REVOCATION, abi.encode(s));
    }

    function testFuzz_revocation_of_all(
        IConsentRegistry.RevocationOfAll calldata s,
        uint64 chain
    ) public onAnyChain(chain) {
        _same(consent.revocationOfAllDigest(s), address(consent), Typed.REVOCATION_OF_ALL, abi.encode(s));
    }

    function testFuzz_access(IAuditTrail.Access calldata s, uint64 chain) public onAnyChain(chain) {
        bytes memory words = abi.encode(s.viewer, s.grant, s.records, Typed.text(s.purpose), s.at, s.salt);
        _same(audit.accessDigest(s), address(audit), Typed.ACCESS, words);
    }

    function testFuzz_session(IAuditTrail.Session calldata s, uint64 chain) public onAnyChain(chain) {
        bytes memory words = abi.encode(s.person, s.key, Typed.text(s.origin), s.notBefore, s.expiresAt, s.salt);
        _same(audit.sessionDigest(s), address(audit), Typed.SESSION, words);
    }

    function _same(bytes32 said, address judge, string memory type_, bytes memory words) private view {
        must(said == Typed.digest(judge, type_, words), "a digest is not what EIP-712 makes of the statement");
    }
}
