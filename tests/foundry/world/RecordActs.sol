// Owns what anybody may try with records: sign, anchor early or late, retract in one's own name or another's.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {IJudge} from "../../../contracts/interfaces/IJudge.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {Typed} from "../kit/Typed.sol";
import {must, vm} from "../kit/Vm.sol";
import {CredentialActs} from "./CredentialActs.sol";

abstract contract RecordActs is CredentialActs {
    uint256 internal constant MOST_RECORDS = 8;

    struct Written {
        IRecordRegistry.Record record;
        bytes signature;
        bytes32 digest;
    }

    Written[] internal written;
    uint256 internal overwritten;
    mapping(bytes32 root => uint256) internal recordTimes;
    mapping(address person => mapping(bytes32 record => uint256)) internal retractions;

    function signRecord(uint256 seed, uint256 signerSeed, uint256 slip) external act {
        address author = _face(seed);
        Spoil spoil = slip % 4 == 0 ? Spoil((slip >> 8) % 8) : Spoil.Well;
        uint256[6] memory offsets = [uint256(0), 5 minutes, 5 minutes + 1, 1 days, 7 days, 7 days + 1];
        uint256 offset = offsets[(slip >> 16) % 6];
        Written memory made;
        made.record = IRecordRegistry.Record({
            patient: seed % 4 == 0 ? author : _face(seed >> 8),
            author: author,
            category: "imaging",
            contentRoot: keccak256(abi.encode(seed)),
            sealedHash: keccak256(abi.encode(slip)),
            supersedes: bytes32(seed % 2),
            issuedAt: uint64((slip >> 24) % 2 == 0 ? clock + offset : clock - offset),
            salt: keccak256(abi.encode(seed, slip))
        });
        if ((slip >> 32) % 16 == 0) made.record.issuedAt = type(uint64).max;
        made.digest = _recordDigest(Spoil.Well, made.record);
        made.signature = _signWith(_mostly(keyNow(author), signerSeed), _recordDigest(spoil, made.record), spoil);
        if (written.length < MOST_RECORDS) written.push(made);
        else written[overwritten++ % MOST_RECORDS] = made;
        must(records.recordDigest(made.record) == made.digest, "a record's digest differs");
        if ((slip >> 40) % 2 == 0) _anchor(made.digest);
    }

    function anchorRecord(uint256 seed) external act {
        if (written.length == 0) return;
        _anchor(written[seed % written.length].digest);
    }

    function retract(uint256 seed, uint256 callerSeed, uint256 slip) external act {
        address person = _face(seed);
        bytes32 record = written.length == 0 ? bytes32(0) : written[(seed >> 8) % written.length].digest;
        address signer = _mostly(keyNow(person), callerSeed);
        bool goes = slip % 2 == 0
            ? _retractDirectly(person, record, signer)
            : _retractSigned(IRecordRegistry.Retraction(person, record), signer, slip);
        if (goes && retractions[person][record] == 0) retractions[person][record] = clock;
        must(records.retractedAt(person, record) == retractions[person][record], "a retraction's time changed");
    }

    function _retractDirectly(address person, bytes32 record, address caller) private returns (bool) {
        bytes memory fault = speaks(person, caller, clock)
            ? bytes("")
            : abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, person);
        return _call(caller, address(records), abi.encodeCall(records.retract, (person, record)), fault);
    }

    function _retractSigned(
        IRecordRegistry.Retraction memory retraction,
        address signer,
        uint256 slip
    ) private returns (bool) {
        bytes32 digest = Typed.digest(address(records), Typed.RETRACTION, abi.encode(retraction));
        bytes memory signature = _signWith(signer, digest, Spoil((slip >> 8) % 4));
        address signedBy = _signerOf(digest, signature);
        bool counts = speaks(retraction.person, signedBy, clock) ||
            _accepts(keyNow(retraction.person), digest, signature);
        bytes memory fault = counts
            ? bytes("")
            : abi.encodeWithSelector(IJudge.NotSignedBy.selector, retraction.person, signedBy);
        bytes memory call = abi.encodeCall(records.retractBySig, (retraction, signature));
        return _call(_face(slip >> 16), address(records), call, fault);
    }

    /// @dev Whether the record counts, in the order of the design, and in which role.
    function foretold(Written memory one) internal view returns (IRecordRegistry.Refusal, uint256) {
        IRecordRegistry.Record memory record = one.record;
        uint256 anchored = recordTimes[one.digest];
        if (anchored == 0) return (IRecordRegistry.Refusal.NotAnchored, 0);
        if (uint256(record.issuedAt) > anchored + 5 minutes) return (IRecordRegistry.Refusal.AnchoredTooEarly, 0);
        if (anchored > uint256(record.issuedAt) + 7 days) return (IRecordRegistry.Refusal.AnchoredTooLate, 0);
        if (!speaks(record.author, _signerOf(one.digest, one.signature), anchored)) {
            return (IRecordRegistry.Refusal.NotSignedByAuthor, 0);
        }
        if (record.author == record.patient) return (IRecordRegistry.Refusal.None, 0);
        uint256 both = roles(record.author, record.issuedAt) & roles(record.author, anchored);
        if (both == 0) return (IRecordRegistry.Refusal.NoCredential, 0);
        return (IRecordRegistry.Refusal.None, firstRole(both));
    }

    /// @dev What the registry says of a record is what the logs give; a false proof never helps.
    function compareRecord(Written memory one) internal view {
        bytes32[] memory none = new bytes32[](0);
        (IRecordRegistry.Refusal expected, uint256 role) = foretold(one);
        IRecordRegistry.Refusal said = records.refusal(one.record, one.signature, one.digest, none);
        must(said == expected, "what is said of a record differs");
        (bool authentic, ICredentials.Role named) = records.isAuthentic(one.record, one.signature, one.digest, none);
        must(authentic == (expected == IRecordRegistry.Refusal.None), "whether a record is authentic differs");
        must(uint256(named) == role, "the author's role differs");
        said = records.refusal(one.record, one.signature, one.digest, new bytes32[](1));
        must(said == IRecordRegistry.Refusal.NotAnchored, "a false proof was believed");
    }

    function _anchor(bytes32 root) private {
        _call(_face(uint256(root)), address(records), abi.encodeCall(records.anchor, (root, bytes32(0))), "");
        if (recordTimes[root] == 0) recordTimes[root] = clock;
    }

    function _recordDigest(Spoil spoil, IRecordRegistry.Record memory record) private view returns (bytes32) {
        (address judge, uint256 chain, string memory version) = _spoiltDomain(spoil, address(records));
        return Typed.digestOf(judge, chain, version, Typed.RECORD, _recordWords(record));
    }

    function _recordWords(IRecordRegistry.Record memory r) internal pure returns (bytes memory) {
        bytes memory head = abi.encode(r.patient, r.author, Typed.text(r.category), r.contentRoot, r.sealedHash);
        return bytes.concat(head, abi.encode(r.supersedes, r.issuedAt, r.salt));
    }
}
