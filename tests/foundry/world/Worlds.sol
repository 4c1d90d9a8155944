// Owns the three worlds that Forge plays with, and what must hold in them after every act.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {Typed} from "../kit/Typed.sol";
import {must, vm} from "../kit/Vm.sol";
import {ConsentActs} from "./ConsentActs.sol";
import {CredentialActs} from "./CredentialActs.sol";
import {RecordActs} from "./RecordActs.sol";

/// @dev Samples are questions about seconds that are past, with the answer of that time.
contract PeopleWorld is CredentialActs {
    struct Sample {
        address person;
        address signer;
        uint256 role;
        uint64 time;
        bool spoke;
        bool held;
        bool registered;
    }

    Sample[] internal samples;

    constructor() {
        _setStage();
        _settle();
    }

    /// @dev Asks about a second that is over, and remembers the answers.
    function remember(uint256 seed) external act {
        for (uint256 i = 0; i < 4; i++) {
            Sample memory s;
            (s.person, s.role) = (_face((seed % FACES) + i), 1 + ((seed >> 16) % 6));
            s.time = _lived(seed >> 72);
            if (s.time == clock) s.time -= 1;
            s.signer = _mostly(keyAt(s.person, s.time), seed >> 8);
            s.spoke = people.speaksFor(s.person, s.signer, s.time);
            s.held = people.holdsCredential(s.person, _role(s.role), s.time);
            s.registered = people.isRegistrar(s.signer, _role(s.role), s.time);
            samples.push(s);
        }
    }

    function requireHistoryStands() external view {
        for (uint256 i = 0; i < samples.length; i++) {
            Sample storage s = samples[i];
            must(people.speaksFor(s.person, s.signer, s.time) == s.spoke, "who spoke was rewritten");
            must(people.holdsCredential(s.person, _role(s.role), s.time) == s.held, "who was credentialed was rewritten");
            must(people.isRegistrar(s.signer, _role(s.role), s.time) == s.registered, "who was registrar was rewritten");
        }
    }

    function requireCredentialsRest(uint256 seed) external view {
        uint64 time = seed % 3 == 0 ? _lived(seed >> 8) : uint64(clock);
        for (uint256 i = 0; i < FACES; i++) {
            uint256 role = 1 + ((seed >> 16) + i) % 6;
            if (!people.holdsCredential(faces[i], _role(role), time)) continue;
            (address registrar, ) = giverAt(faces[i], role, time);
            must(registrar != address(0), "a credential that nobody gave speaks");
            must(people.isRegistrar(registrar, _role(role), time), "a credential outlived its registrar");
        }
    }

    /// @dev Every answer about some of the people, others after each act; about all of them at the end.
    function requireMirror(uint256 seed, uint256 count) external view {
        uint64[5] memory times = [
            uint64(clock),
            uint64(clock - 1),
            _lived(seed),
            uint64(clock + (seed % 9 days)),
            type(uint64).max
        ];
        for (uint256 i = 0; i < count; i++) {
            address person = _face(seed + i);
            comparePerson(person);
            bytes32 membership = bytes32(seed % 4);
            must(people.membershipEndedAt(person, membership) == endings[person][membership], "a membership differs");
            uint256 own = uint256(keccak256(abi.encode(seed, i)));
            compareAt(person, _face(own), 1 + ((own >> 8) % 6), times[(own >> 16) % 5]);
            compareAt(person, keyAt(person, times[2]), 1 + ((own >> 24) % 6), times[(own >> 32) % 5]);
        }
    }

    /// @dev Another number after each act.
    function seedNow() external view returns (uint256) {
        return uint256(keccak256(abi.encode(clock, samples.length, remembered[faces[0]].nonce, gasleft())));
    }

    /// @dev Whatever was done before, every person can still do everything about itself.
    function requireNobodyIsShutOut() external act {
        for (uint256 i = 0; i < FACES; i++) {
            (address person, address key) = (faces[i], keyNow(faces[i]));
            if (key == address(0)) {
                _call(person, address(people), abi.encodeCall(people.enrol, (bytes32(0), person)), "");
                key = person;
            }
            _call(key, address(people), abi.encodeCall(people.changeKeys, (person, bytes32("new"))), "");
            _call(key, address(people), abi.encodeCall(people.represent, (person, governor, type(uint64).max)), "");
            must(people.speaksFor(person, governor, uint64(clock)), "a representative cannot be named");
            _call(key, address(people), abi.encodeCall(people.represent, (person, governor, 0)), "");
            must(!people.speaksFor(person, governor, uint64(clock)), "a representative cannot be dismissed");
            _call(key, address(people), abi.encodeCall(people.changeRecovery, (person, governor)), "");
            _call(governor, address(people), abi.encodeCall(people.startRecovery, (person, governor)), "");
            _call(key, address(people), abi.encodeCall(people.objectRecovery, (person)), "");
            _call(key, address(people), abi.encodeCall(people.endMembership, (person, bytes32("new"))), "");
            _call(key, address(people), abi.encodeCall(people.rotate, (person, governor)), "");
            must(people.keyOf(person) == governor, "a key cannot be rotated");
        }
    }

    /// @dev A second since the world began, now included.
    function _lived(uint256 seed) private view returns (uint64) {
        return uint64(START + (seed % (clock - START + 1)));
    }

    function _role(uint256 role) private pure returns (ICredentials.Role) {
        return ICredentials.Role(role);
    }
}

contract ConsentWorld is ConsentActs {
    constructor() {
        _setStage();
        // Most of what matters needs persons: all but two begin enrolled, one of them a contract account.
        for (uint256 i = 0; i < FACES - 2; i++) {
            address person = faces[i == 0 ? FACES - 1 : i];
            _call(person, address(people), abi.encodeCall(people.enrol, (bytes32(0), faces[1])), "");
            _noteEnrolment(person, bytes32(0), faces[1]);
        }
    }

    function requireMirror() external {
        vm.warp(clock);
        for (uint256 i = 0; i < signed.length; i++) {
            Signed storage one = signed[i];
            must(answered(i) == foretold(i), "what is said of a grant differs");
            bool opens = consent.isViewable(one.grant, one.signature, one.root, one.proof);
            must(opens == (foretold(i) == IConsentRegistry.Refusal.None), "whether a grant opens differs");
        }
        for (uint256 i = 0; i < FACES; i++) {
            address patient = faces[i];
            must(consent.tagOf(patient) == tagNow(patient), "the tag differs");
            for (uint256 j = 0; j < tags[patient].length; j++) {
                must(consent.isTagSpent(patient, tags[patient][j]), "a tag is fresh again");
            }
            must(consent.isTagSpent(patient, 0) && !consent.isTagSpent(patient, 1), "which tags are spent differs");
        }
    }

    function requireRevokedStaysRevoked() external {
        vm.warp(clock);
        for (uint256 i = 0; i < takenBack.length; i++) {
            Taken storage t = takenBack[i];
            must(consent.revokedBits(t.patient, t.word) & t.mask == t.mask, "a revoked bit came back");
            for (uint256 j = 0; j < signed.length; j++) {
                IConsentRegistry.Grant storage grant = signed[j].grant;
                bool covered = grant.patient == t.patient &&
                    grant.nonce >> 8 == t.word &&
                    t.mask & (1 << (grant.nonce & 0xff)) != 0;
                must(!covered || answered(j) != IConsentRegistry.Refusal.None, "a revoked grant opens");
            }
        }
    }

    /// @dev Whatever their dates: asked at any time at which they are valid, and anchored if they were not.
    function requireNothingOutlivesRevocationOfAll() external {
        for (uint256 i = 0; i < signed.length; i++) {
            Signed storage one = signed[i];
            if (one.epoch == tags[one.grant.patient].length) continue;
            if (anchorTimes[one.root] == 0) consent.anchor(one.root, bytes32(0));
            vm.warp(one.grant.notBefore > clock ? one.grant.notBefore : clock);
            must(answered(i) != IConsentRegistry.Refusal.None, "a grant outlived the revocation of all");
        }
    }

    function requireAnchorsStand() external view {
        for (uint256 i = 0; i < roots.length; i++) {
            must(consent.anchoredAt(roots[i]) == anchorTimes[roots[i]], "an anchor's time changed");
        }
    }

    /// @dev Every patient can take back, alone and in a batch that is otherwise bad, and take back all.
    function requireNobodyIsShutOut() external act {
        IConsentRegistry.Revocation[] memory entries = new IConsentRegistry.Revocation[](2);
        bytes[] memory signatures = new bytes[](2);
        for (uint256 i = 0; i < FACES; i++) {
            (address patient, address key) = (faces[i], keyNow(faces[i]));
            if (key == address(0)) continue;
            uint256 word = uint256(keccak256(abi.encode(patient, clock))) >> 8;
            _call(key, address(consent), abi.encodeCall(consent.revokeFor, (patient, word, 1)), "");
            must(consent.revokedBits(patient, word) == 1, "a patient cannot take back");
            uint64 fresh = uint64(uint256(keccak256(abi.encode(patient, clock, "tag"))));
            _call(key, address(consent), abi.encodeCall(consent.revokeAll, (patient, fresh)), "");
            _will(patient);
            tags[patient].push(fresh);
            if (isWallet[key]) continue;
            // Beside an entry of a contract account that reverts, or answers without end.
            entries[0] = IConsentRegistry.Revocation(faces[FACES - 1], word, 2);
            entries[1] = IConsentRegistry.Revocation(patient, word, 2);
            bytes32 digest = Typed.digest(address(consent), Typed.REVOCATION, abi.encode(entries[1]));
            (signatures[0], signatures[1]) = (new bytes(i), _sign(key, digest));
            _call(faces[0], address(consent), abi.encodeCall(consent.revokeBySig, (entries, signatures)), "");
            must(consent.revokedBits(patient, word) == 3, "a batch was spoilt for the others");
        }
    }
}

contract RecordWorld is RecordActs {
    constructor() {
        _setStage();
        _settle();
    }

    function requireMirror() external {
        vm.warp(clock);
        for (uint256 i = 0; i < written.length; i++) {
            compareRecord(written[i]);
            must(records.anchoredAt(written[i].digest) == recordTimes[written[i].digest], "an anchor's time changed");
        }
    }
}
