// Owns what anybody may try with grants: sign, anchor, revoke, in any order; and what each act may change.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorBook} from "../../../contracts/interfaces/IAnchorBook.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IJudge} from "../../../contracts/interfaces/IJudge.sol";
import {Typed} from "../kit/Typed.sol";
import {must, vm} from "../kit/Vm.sol";
import {CredentialActs} from "./CredentialActs.sol";

abstract contract ConsentActs is CredentialActs {
    uint256 internal constant MOST_GRANTS = 6;

    struct Signed {
        IConsentRegistry.Grant grant;
        bytes signature;
        bytes32 digest;
        bytes32 root;
        bytes32[] proof;
        // How many times the patient had taken back everything when it was signed.
        uint256 epoch;
    }

    struct Taken {
        address patient;
        uint256 word;
        uint256 mask;
    }

    Signed[] internal signed;
    Taken[] internal takenBack;
    bytes32[] internal roots;
    mapping(bytes32 root => uint256) internal anchorTimes;
    mapping(address patient => mapping(uint256 word => uint256)) internal bits;
    mapping(address patient => uint64[]) internal tags;
    mapping(address person => bool) internal willing;
    mapping(address key => bool) internal willingKey;
    bool internal anchoring;
    uint256 internal replaced;

    function signGrant(uint256 seed, uint256 signerSeed, uint256 slip) external act {
        address patient = _face(seed);
        address signer = _mostly(keyNow(patient), signerSeed);
        Spoil spoil = slip % 4 == 0 ? Spoil((slip >> 8) % 8) : Spoil.Well;
        Signed memory made;
        made.grant = IConsentRegistry.Grant({
            patient: patient,
            viewer: _face(seed >> 8),
            category: seed % 2 == 0 ? "laboratory" : "genetics",
            record: bytes32(seed % 3),
            purpose: "TREAT",
            rights: seed % 5 == 0 ? uint8(seed >> 16) : 3,
            notBefore: uint64(clock - 1 + ((slip >> 16) % 3 == 0 ? (slip >> 24) % 1 days : 0)),
            expiresAt: uint64(clock + ((slip >> 40) % 3 == 0 ? (slip >> 48) % 2 days : 900 days)),
            nonce: _nonce(patient, slip >> 64),
            salt: keccak256(abi.encode(seed, slip))
        });
        made.digest = _consentDigest(Spoil.Well, Typed.GRANT, _grantWords(made.grant));
        made.signature = _signWith(signer, _consentDigest(spoil, Typed.GRANT, _grantWords(made.grant)), spoil);
        made.epoch = tags[patient].length;
        made.root = made.digest;
        if (seed % 3 == 0) {
            bytes32 sibling = keccak256(abi.encode(slip));
            made.proof = new bytes32[](1);
            made.proof[0] = sibling;
            made.root = _pair(made.digest, sibling);
        }
        if (signed.length < MOST_GRANTS) signed.push(made);
        else signed[replaced++ % MOST_GRANTS] = made;
        must(consent.grantDigest(made.grant) == made.digest, "a grant's digest differs");
    }

    /// @dev Anyone anchors: the root of a signed grant, mostly one that is new, or any root at all.
    function anchor(uint256 seed, bytes32 manifest) external act {
        bytes32 root = bytes32(seed % 4);
        if (signed.length != 0 && seed % 8 != 0) root = signed[(seed >> 8) % signed.length].root;
        bytes memory fault = root == 0 ? abi.encodeWithSelector(IAnchorBook.ZeroRoot.selector) : bytes("");
        bytes memory call = abi.encodeCall(consent.anchor, (root, manifest));
        anchoring = true;
        if (_call(_face(seed >> 16), address(consent), call, fault) && anchorTimes[root] == 0) {
            anchorTimes[root] = clock;
            roots.push(root);
        }
    }

    function revoke(uint256 seed, uint256 callerSeed) external act {
        address patient = _face(seed);
        (uint256 word, uint256 mask) = _target(patient, seed >> 8);
        address caller = _mostly(keyNow(patient), callerSeed);
        bytes memory fault;
        if (seed % 2 == 0) {
            // Whoever calls `revoke` takes back under the own address.
            patient = caller;
            _call(caller, address(consent), abi.encodeCall(consent.revoke, (word, mask)), fault);
        } else {
            if (!speaks(patient, caller, clock)) {
                fault = abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, patient);
            }
            _call(caller, address(consent), abi.encodeCall(consent.revokeFor, (patient, word, mask)), fault);
        }
        if (fault.length == 0) _noteRevocation(patient, word, mask);
    }

    /// @dev A batch of three, of which any may be bad in any way: the good ones hold.
    function revokeInBatch(uint256 seed, uint256 signerSeed, uint256 slip) external act {
        IConsentRegistry.Revocation[] memory entries = new IConsentRegistry.Revocation[](3);
        bytes[] memory signatures = new bytes[](slip % 16 == 0 ? 2 : 3);
        bool[] memory counts = new bool[](3);
        for (uint256 i = 0; i < 3; i++) {
            uint256 own = uint256(keccak256(abi.encode(seed, i)));
            entries[i].patient = _face(own);
            (entries[i].word, entries[i].mask) = _target(entries[i].patient, own >> 8);
            if (i == signatures.length) break;
            address signer = _mostly(keyNow(entries[i].patient), signerSeed >> (16 * i));
            (signatures[i], counts[i]) = _signEntry(entries[i], signer, slip >> (8 * i));
        }
        bytes memory fault = signatures.length == 3
            ? bytes("")
            : abi.encodeWithSelector(IConsentRegistry.LengthsDiffer.selector, 3, 2);
        bytes memory call = abi.encodeCall(consent.revokeBySig, (entries, signatures));
        if (!_call(_face(slip >> 64), address(consent), call, fault)) return;
        for (uint256 i = 0; i < 3; i++) {
            if (counts[i]) _noteRevocation(entries[i].patient, entries[i].word, entries[i].mask);
        }
    }

    function _signEntry(
        IConsentRegistry.Revocation memory entry,
        address signer,
        uint256 slip
    ) private view returns (bytes memory signature, bool counts) {
        Spoil spoil = slip % 3 == 1 ? Spoil((slip >> 16) % 8) : Spoil.Well;
        bytes memory words = abi.encode(entry);
        signature = _signWith(signer, _consentDigest(spoil, Typed.REVOCATION, words), spoil);
        bytes32 digest = _consentDigest(Spoil.Well, Typed.REVOCATION, words);
        counts = speaks(entry.patient, _signerOf(digest, signature), clock);
    }

    function revokeAll(uint256 seed, uint256 callerSeed, uint256 slip) external act {
        address patient = _face(seed);
        uint64 newTag = slip % 4 == 0 ? _oldTag(patient, slip >> 8) : uint64(uint256(keccak256(abi.encode(seed))));
        address signer = _mostly(keyNow(patient), callerSeed);
        bool goes = seed % 2 == 0 ? _takeAll(patient, newTag, signer) : _takeAllSigned(patient, newTag, signer, slip);
        if (!goes) return;
        tags[patient].push(newTag);
        _will(patient);
    }

    function _takeAll(address patient, uint64 newTag, address caller) private returns (bool) {
        bytes memory fault = speaks(patient, caller, clock)
            ? _faultOfTag(patient, newTag)
            : abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, patient);
        return _call(caller, address(consent), abi.encodeCall(consent.revokeAll, (patient, newTag)), fault);
    }

    function _takeAllSigned(address patient, uint64 newTag, address signer, uint256 slip) private returns (bool) {
        Spoil spoil = (slip >> 16) % 4 == 0 ? Spoil((slip >> 24) % 8) : Spoil.Well;
        uint64 tag = (slip >> 32) % 6 == 0 ? _oldTag(patient, slip >> 40) : tagNow(patient);
        bytes memory words = abi.encode(patient, tag, newTag);
        bytes memory signature = _signWith(signer, _consentDigest(spoil, Typed.REVOCATION_OF_ALL, words), spoil);
        address signedBy = _signerOf(_consentDigest(Spoil.Well, Typed.REVOCATION_OF_ALL, words), signature);
        bytes memory fault = tag != tagNow(patient)
            ? abi.encodeWithSelector(IConsentRegistry.TagNotCurrent.selector, patient, tag, tagNow(patient))
            : speaks(patient, signedBy, clock)
            ? _faultOfTag(patient, newTag)
            : abi.encodeWithSelector(IJudge.NotSignedBy.selector, patient, signedBy);
        IConsentRegistry.RevocationOfAll memory all = IConsentRegistry.RevocationOfAll(patient, tag, newTag);
        return _call(_face(slip >> 72), address(consent), abi.encodeCall(consent.revokeAllBySig, (all, signature)), fault);
    }

    // --- the mirror's answers ----------------------------------------------------------------------------------------

    function tagNow(address patient) public view returns (uint64) {
        uint256 count = tags[patient].length;
        return count == 0 ? 0 : tags[patient][count - 1];
    }

    /// @dev Why the grant does not open, in the order of the design.
    function foretold(uint256 i) public view returns (IConsentRegistry.Refusal) {
        Signed storage one = signed[i];
        IConsentRegistry.Grant storage grant = one.grant;
        uint256 anchored = anchorTimes[one.root];
        if (anchored == 0) return IConsentRegistry.Refusal.NotAnchored;
        if (clock < grant.notBefore) return IConsentRegistry.Refusal.NotYetValid;
        if (clock >= grant.expiresAt) return IConsentRegistry.Refusal.Expired;
        if (grant.rights % 2 == 0) return IConsentRegistry.Refusal.ViewingNotGranted;
        if (uint64(grant.nonce >> 192) != tagNow(grant.patient)) return IConsentRegistry.Refusal.TagReplaced;
        uint256 bit = 2 ** (grant.nonce % 256);
        if (bits[grant.patient][grant.nonce / 256] & bit != 0) return IConsentRegistry.Refusal.Revoked;
        bool spoken = speaks(grant.patient, _signerOf(one.digest, one.signature), anchored);
        if (spoken || _accepts(keyNow(grant.patient), one.digest, one.signature)) return IConsentRegistry.Refusal.None;
        return IConsentRegistry.Refusal.NotSignedByPatient;
    }

    function answered(uint256 i) public view returns (IConsentRegistry.Refusal) {
        Signed storage one = signed[i];
        return consent.refusal(one.grant, one.signature, one.root, one.proof);
    }

    // --- internal ----------------------------------------------------------------------------------------------------

    /// @dev Whose grants an act may change is known when it ends, and no other grant has changed but by time passing.
    function _lookBefore() internal view override returns (bytes memory) {
        return abi.encode(clock, replaced, _answers());
    }

    function _lookAfter(bytes memory seen) internal override {
        (uint256 before, uint256 known, uint256[] memory answers) = abi.decode(seen, (uint256, uint256, uint256[]));
        if (clock == before) _requireNoOtherChange(answers, replaced - known);
        _forgetWills();
    }

    function _will(address person) internal override {
        willing[person] = true;
    }

    function _willOfKey(address key) internal override {
        willingKey[key] = true;
    }

    function _forgetWills() private {
        for (uint256 i = 0; i < FACES; i++) {
            willing[faces[i]] = false;
            willingKey[faces[i]] = false;
        }
        anchoring = false;
    }

    function _answers() private view returns (uint256[] memory answers) {
        answers = new uint256[](signed.length);
        for (uint256 i = 0; i < answers.length; i++) answers[i] = uint256(answered(i));
    }

    /// @dev Nobody but the patient: what was said of the grants of all others is said still. Only anchors are anyone's.
    function _requireNoOtherChange(uint256[] memory answers, uint256 gone) private view {
        for (uint256 i = 0; i < answers.length; i++) {
            if (gone != 0 && i == (replaced - 1) % MOST_GRANTS) continue;
            address patient = signed[i].grant.patient;
            if (willing[patient] || willingKey[keyNow(patient)]) continue;
            if (anchoring && answers[i] == uint256(IConsentRegistry.Refusal.NotAnchored)) continue;
            must(answers[i] == uint256(answered(i)), "somebody else changed what is said of a grant");
        }
    }

    function _noteRevocation(address patient, uint256 word, uint256 mask) private {
        bits[patient][word] |= mask;
        takenBack.push(Taken(patient, word, mask));
        _will(patient);
    }

    function _faultOfTag(address patient, uint64 newTag) private view returns (bytes memory) {
        if (!_isSpent(patient, newTag)) return "";
        return abi.encodeWithSelector(IConsentRegistry.TagSpent.selector, patient, newTag);
    }

    function _consentDigest(Spoil spoil, string memory type_, bytes memory words) private view returns (bytes32) {
        (address judge, uint256 chain, string memory version) = _spoiltDomain(spoil, address(consent));
        return Typed.digestOf(judge, chain, version, type_, words);
    }

    function _isSpent(address patient, uint64 tag) internal view returns (bool) {
        for (uint256 i = 0; i < tags[patient].length; i++) if (tags[patient][i] == tag) return true;
        return tag == 0;
    }

    function _oldTag(address patient, uint256 seed) private view returns (uint64) {
        uint256 i = seed % (tags[patient].length + 1);
        return i == 0 ? 0 : tags[patient][i - 1];
    }

    /// @dev Few words and bits, so that revocations meet grants; mostly under the present tag.
    function _nonce(address patient, uint256 seed) private view returns (uint256) {
        uint64 tag = seed % 6 == 0 ? _oldTag(patient, seed >> 8) : tagNow(patient);
        return (uint256(tag) << 192) | (((seed >> 16) % 2) << 8) | (seed >> 24) % 3 * 127;
    }

    /// @dev What to take back: a grant of that patient, or a word of the same few.
    function _target(address patient, uint256 seed) private view returns (uint256 word, uint256 mask) {
        uint256 nonce = _nonce(patient, seed >> 8);
        if (signed.length != 0 && seed % 2 == 0) nonce = signed[(seed >> 8) % signed.length].grant.nonce;
        return (nonce >> 8, seed % 16 == 1 ? 0 : (1 << (nonce & 0xff)) | ((seed >> 16) % 3 == 0 ? 1 << 254 : 0));
    }

    function _grantWords(IConsentRegistry.Grant memory g) internal pure returns (bytes memory) {
        bytes memory head = abi.encode(g.patient, g.viewer, Typed.text(g.category), g.record, Typed.text(g.purpose));
        return bytes.concat(head, abi.encode(g.rights, g.notBefore, g.expiresAt, g.nonce, g.salt));
    }

    function _pair(bytes32 a, bytes32 b) internal pure returns (bytes32) {
        return a < b ? keccak256(bytes.concat(a, b)) : keccak256(bytes.concat(b, a));
    }
}
