// Owns what anybody may try with persons: right and wrong callers and signatures, each with the outcome it must have.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IJudge} from "../../../contracts/interfaces/IJudge.sol";
import {IPersons} from "../../../contracts/interfaces/IPersons.sol";
import {TestWallet} from "../../../contracts/testing/TestWallet.sol";
import {Typed} from "../kit/Typed.sol";
import {vm} from "../kit/Vm.sol";
import {PeopleMirror} from "./PeopleMirror.sol";

abstract contract PeopleActs is PeopleMirror {
    enum Kind {
        Enrolment,
        Rotation,
        KeysChange,
        RecoveryChange,
        Representation,
        Recovery
    }

    struct Paper {
        Kind kind;
        address person;
        address other;
        bytes32 word;
        uint64 time;
        uint256 nonce;
        uint256 deadline;
    }

    function passTime(uint256 seed) external act {
        clock += seed % 3 == 0 ? seed % 5 : seed % 3 == 1 ? seed % 5 minutes : seed % 2 days;
    }

    function changeMood(uint256 seed) external act {
        address wallet = faces[ACCOUNTS + (seed % (FACES - ACCOUNTS))];
        TestWallet(wallet).setMood(TestWallet.Mood((seed >> 8) % 6));
        _willOfKey(wallet);
    }

    function enrol(uint256 seed, bytes32 keysHash) external act {
        address person = _face(seed);
        bytes memory fault = keyNow(person) == address(0)
            ? bytes("")
            : abi.encodeWithSelector(IPersons.AlreadyEnrolled.selector, person);
        address recovery = _otherOrNobody(seed >> 16);
        if (_call(person, address(people), abi.encodeCall(people.enrol, (keysHash, recovery)), fault)) {
            _noteEnrolment(person, keysHash, recovery);
        }
        _will(person);
    }

    /// @dev A change of a person by a direct call, mostly by the key, else by anyone.
    function change(uint256 seed, uint256 callerSeed) external act {
        Paper memory paper = _paper(seed);
        if (paper.kind == Kind.Enrolment) paper.kind = Kind.Rotation;
        bool isRecovery = paper.kind == Kind.Recovery;
        address rightful = isRecovery ? remembered[paper.person].recovery : keyNow(paper.person);
        address caller = _mostly(rightful, callerSeed);
        bytes memory fault = !isRecovery && rightful == address(0)
            ? abi.encodeWithSelector(IPersons.NotEnrolled.selector, paper.person)
            : caller != rightful
            ? abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, paper.person)
            : _faultOfPaper(paper);

        if (_call(caller, address(people), _directCall(paper), fault)) _note(paper);
        _will(paper.person);
    }

    /// @dev A change of a person by signature, brought in by anyone; seed by seed something about it is wrong.
    function changeBySignature(uint256 seed, uint256 signerSeed, uint256 slip) external act {
        Paper memory paper = _paper(seed);
        bool isRecovery = paper.kind == Kind.Recovery;
        uint256 nonce = isRecovery ? remembered[paper.person].recoveryNonce : remembered[paper.person].nonce;
        paper.nonce = slip % 8 == 0 ? nonce + 1 : slip % 8 == 1 && nonce > 0 ? nonce - 1 : nonce;
        paper.deadline = (slip >> 8) % 8 == 0 ? clock - 1 : clock + ((slip >> 8) % 3);
        Spoil spoil = (slip >> 16) % 3 == 0 ? Spoil((slip >> 24) % 8) : Spoil.Well;
        address rightful = isRecovery
            ? remembered[paper.person].recovery
            : paper.kind == Kind.Enrolment
            ? paper.person
            : keyNow(paper.person);
        bytes memory signature = _signWith(_mostly(rightful, signerSeed), _paperDigest(paper, spoil), spoil);

        bytes memory fault = _faultOfSigned(paper, nonce, rightful, signature);
        if (fault.length == 0) fault = _faultOfPaper(paper);
        if (_call(_face(slip >> 32), address(people), _signedCall(paper, signature), fault)) _note(paper);
        _will(paper.person);
    }

    function objectRecovery(uint256 seed, uint256 callerSeed) external act {
        address person = _face(seed);
        address rightful = keyNow(person);
        address caller = _mostly(rightful, callerSeed);
        bytes memory fault = rightful == address(0)
            ? abi.encodeWithSelector(IPersons.NotEnrolled.selector, person)
            : caller != rightful
            ? abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, person)
            : remembered[person].pendingKey == address(0)
            ? abi.encodeWithSelector(IPersons.NoRecoveryPending.selector, person)
            : bytes("");
        if (_call(caller, address(people), abi.encodeCall(people.objectRecovery, (person)), fault)) {
            _notePendingEnd(person);
        }
        _will(person);
    }

    /// @dev Anyone may finish; now and then the delay is waited for, to the very second.
    function finishRecovery(uint256 seed, uint256 callerSeed) external act {
        address person = _face(seed);
        Remembered storage self = remembered[person];
        if (seed % 2 == 0 && self.pendingReady > clock) {
            clock = self.pendingReady - ((seed >> 8) % 2);
            vm.warp(clock);
        }
        bytes memory fault = self.pendingKey == address(0)
            ? abi.encodeWithSelector(IPersons.NoRecoveryPending.selector, person)
            : clock < self.pendingReady
            ? abi.encodeWithSelector(IPersons.RecoveryNotReady.selector, person, self.pendingReady)
            : bytes("");
        address newKey = self.pendingKey;
        if (_call(_face(callerSeed), address(people), abi.encodeCall(people.finishRecovery, (person)), fault)) {
            _noteRotation(person, newKey);
        }
        _will(person);
    }

    function endMembership(uint256 seed, uint256 callerSeed, uint256 slip) external act {
        address organization = _face(seed);
        bytes32 membership = bytes32((seed >> 8) % 4);
        address signer = _mostly(keyNow(organization), callerSeed);
        bool ends = slip % 2 == 0
            ? _endDirectly(organization, membership, signer)
            : _endSigned(IPersons.MembershipEnd(organization, membership), signer, slip);
        if (ends && endings[organization][membership] == 0) endings[organization][membership] = clock;
    }

    function _endDirectly(address organization, bytes32 membership, address caller) private returns (bool) {
        bytes memory fault = speaks(organization, caller, clock)
            ? bytes("")
            : abi.encodeWithSelector(IJudge.NotAuthorized.selector, caller, organization);
        bytes memory call = abi.encodeCall(people.endMembership, (organization, membership));
        return _call(caller, address(people), call, fault);
    }

    function _endSigned(IPersons.MembershipEnd memory end, address signer, uint256 slip) private returns (bool) {
        bytes32 digest = Typed.digest(address(people), Typed.MEMBERSHIP_END, abi.encode(end));
        bytes memory signature = _signWith(signer, digest, Spoil((slip >> 8) % 4));
        address signedBy = _signerOf(digest, signature);
        bool counts = speaks(end.organization, signedBy, clock) ||
            _accepts(keyNow(end.organization), digest, signature);
        bytes memory fault = counts
            ? bytes("")
            : abi.encodeWithSelector(IJudge.NotSignedBy.selector, end.organization, signedBy);
        return _call(_face(slip), address(people), abi.encodeCall(people.endMembershipBySig, (end, signature)), fault);
    }

    // --- whose will stands behind an act: worlds that judge grants listen ---------------------------------------------

    function _will(address person) internal virtual {}

    function _willOfKey(address key) internal virtual {}

    // --- papers ------------------------------------------------------------------------------------------------------

    function _paper(uint256 seed) private view returns (Paper memory paper) {
        paper.kind = Kind(seed % 6);
        paper.person = _face(seed >> 8);
        paper.other = _otherOrNobody(seed >> 16);
        paper.word = keccak256(abi.encode(seed));
        uint256 ahead = (seed >> 40) % 4;
        paper.time = ahead == 0 ? type(uint64).max : uint64(clock - 1 + ahead * ((seed >> 48) % 5 days));
    }

    function _otherOrNobody(uint256 seed) internal view returns (address) {
        return seed % 12 == 0 ? address(0) : _face(seed >> 8);
    }

    function _words(Paper memory p) private pure returns (bytes memory) {
        if (p.kind == Kind.Enrolment) return abi.encode(p.person, p.word, p.other, p.nonce, p.deadline);
        if (p.kind == Kind.KeysChange) return abi.encode(p.person, p.word, p.nonce, p.deadline);
        if (p.kind == Kind.Representation) return abi.encode(p.person, p.other, p.time, p.nonce, p.deadline);
        return abi.encode(p.person, p.other, p.nonce, p.deadline);
    }

    function _paperDigest(Paper memory paper, Spoil spoil) private view returns (bytes32) {
        string[6] memory types = [
            Typed.ENROLMENT,
            Typed.ROTATION,
            Typed.KEYS_CHANGE,
            Typed.RECOVERY_CHANGE,
            Typed.REPRESENTATION,
            Typed.RECOVERY
        ];
        (address judge, uint256 chain, string memory version) = _spoiltDomain(spoil, address(people));
        return Typed.digestOf(judge, chain, version, types[uint256(paper.kind)], _words(paper));
    }

    function _directCall(Paper memory p) private view returns (bytes memory) {
        if (p.kind == Kind.Rotation) return abi.encodeCall(people.rotate, (p.person, p.other));
        if (p.kind == Kind.KeysChange) return abi.encodeCall(people.changeKeys, (p.person, p.word));
        if (p.kind == Kind.RecoveryChange) return abi.encodeCall(people.changeRecovery, (p.person, p.other));
        if (p.kind == Kind.Representation) return abi.encodeCall(people.represent, (p.person, p.other, p.time));
        return abi.encodeCall(people.startRecovery, (p.person, p.other));
    }

    function _signedCall(Paper memory paper, bytes memory signature) private view returns (bytes memory) {
        bytes4[6] memory selectors = [
            people.enrolBySig.selector,
            people.rotateBySig.selector,
            people.changeKeysBySig.selector,
            people.changeRecoveryBySig.selector,
            people.representBySig.selector,
            people.startRecoveryBySig.selector
        ];
        // A struct of words is its words; the signature follows them.
        bytes memory words = _words(paper);
        return bytes.concat(
            selectors[uint256(paper.kind)],
            words,
            bytes32(words.length + 32),
            bytes32(signature.length),
            signature,
            new bytes((32 - (signature.length % 32)) % 32)
        );
    }

    function _faultOfSigned(
        Paper memory paper,
        uint256 nonce,
        address rightful,
        bytes memory signature
    ) private view returns (bytes memory) {
        address person = paper.person;
        bytes32 digest = _paperDigest(paper, Spoil.Well);
        address signedBy = _signerOf(digest, signature);
        if (paper.deadline < clock) return abi.encodeWithSelector(IJudge.DeadlinePassed.selector, paper.deadline);
        if (paper.nonce != nonce) {
            return abi.encodeWithSelector(IPersons.NonceUsed.selector, person, paper.nonce, nonce);
        }
        if (rightful == address(0) && paper.kind != Kind.Recovery) {
            return abi.encodeWithSelector(IPersons.NotEnrolled.selector, person);
        }
        bool signed = signedBy != address(0) && signedBy == rightful;
        if (signed || _accepts(rightful, digest, signature)) return "";
        return abi.encodeWithSelector(IJudge.NotSignedBy.selector, person, signedBy);
    }

    function _faultOfPaper(Paper memory paper) private view returns (bytes memory) {
        bool givesKey = paper.kind == Kind.Rotation || paper.kind == Kind.Recovery;
        if (givesKey && paper.other == address(0)) {
            return abi.encodeWithSelector(IPersons.ZeroKey.selector, paper.person);
        }
        if (paper.kind == Kind.Enrolment && keyNow(paper.person) != address(0)) {
            return abi.encodeWithSelector(IPersons.AlreadyEnrolled.selector, paper.person);
        }
        return "";
    }

    function _note(Paper memory p) private {
        Remembered storage self = remembered[p.person];
        if (p.kind == Kind.Enrolment) return _noteEnrolment(p.person, p.word, p.other);
        if (p.kind == Kind.Rotation) return _noteRotation(p.person, p.other);
        if (p.kind == Kind.Recovery) return _noteRecoveryStart(p.person, p.other);
        if (p.kind == Kind.Representation) return _noteMandate(p.person, p.other, p.time);
        self.nonce += 1;
        if (p.kind == Kind.KeysChange) {
            self.keysHash = p.word;
        } else {
            self.recovery = p.other;
            _notePendingEnd(p.person);
        }
    }
}
