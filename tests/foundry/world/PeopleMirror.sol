// Owns what the tests remember of people: plain logs of who said what when, read from end to end for every answer.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICredentials} from "../../../contracts/interfaces/ICredentials.sol";
import {Stage} from "../kit/Stage.sol";
import {must, vm} from "../kit/Vm.sol";

abstract contract PeopleMirror is Stage {
    uint256 internal constant LAST_MOMENT = type(uint48).max;

    struct Span {
        uint256 from;
        uint256 until;
    }

    struct Seat {
        uint256 from;
        address key;
    }

    struct Given {
        uint256 from;
        address registrar;
        uint256 notAfter;
    }

    struct Remembered {
        uint256 nonce;
        bytes32 keysHash;
        address recovery;
        address pendingKey;
        uint256 pendingReady;
        uint256 recoveryNonce;
    }

    uint256 internal clock = START;
    address internal mirrorGovernor = governor;
    address internal mirrorNextGovernor;
    mapping(address person => Remembered) internal remembered;
    mapping(address person => Seat[]) internal seats;
    mapping(address person => mapping(address representative => Span[])) internal mandates;
    mapping(address registrar => mapping(uint256 role => Span[])) internal authorities;
    mapping(address person => mapping(uint256 role => Given[])) internal given;
    mapping(address organization => mapping(bytes32 membership => uint256)) internal endings;

    /// @dev Every act starts at the world's own clock: Forge sets a block's time back between calls.
    modifier act() {
        vm.warp(clock);
        bytes memory seen = _lookBefore();
        _;
        _lookAfter(seen);
    }

    /// @dev Around every act, for worlds that compare.
    function _lookBefore() internal view virtual returns (bytes memory) {}

    function _lookAfter(bytes memory seen) internal virtual {}

    function keyNow(address person) public view returns (address) {
        uint256 count = seats[person].length;
        return count == 0 ? address(0) : seats[person][count - 1].key;
    }

    /// @dev Who sat in the person's seat at the end of that second.
    function keyAt(address person, uint256 time) public view returns (address key) {
        for (uint256 i = 0; i < seats[person].length && seats[person][i].from <= time; i++) key = seats[person][i].key;
    }

    function speaks(address person, address signer, uint256 time) public view returns (bool) {
        if (signer == address(0)) return false;
        return keyAt(person, time) == signer || _stands(mandates[person][signer], time);
    }

    function isRegistrarAt(address registrar, uint256 role, uint256 time) public view returns (bool) {
        return _stands(authorities[registrar][role], time);
    }

    /// @dev Who gave the credential that was the latest word at that second, and until when; zeros for nobody.
    function giverAt(address person, uint256 role, uint256 time) public view returns (address, uint256) {
        Given[] storage log = given[person][role];
        Given memory last;
        for (uint256 i = 0; i < log.length && log[i].from <= time; i++) last = log[i];
        return (last.registrar, last.notAfter);
    }

    function holds(address person, uint256 role, uint256 time) public view returns (bool) {
        (address registrar, uint256 notAfter) = giverAt(person, role, time);
        return registrar != address(0) && time <= notAfter && isRegistrarAt(registrar, role, time);
    }

    function roles(address person, uint256 time) public view returns (uint256 bitmap) {
        for (uint256 role = 1; role <= 6; role++) if (holds(person, role, time)) bitmap |= 2 ** role;
    }

    function firstRole(uint256 bitmap) public pure returns (uint256) {
        for (uint256 role = 1; role <= 6; role++) if (bitmap & (2 ** role) != 0) return role;
        return 0;
    }

    /// @dev The contracts' answers about one second are those that the logs give.
    function compareAt(address person, address signer, uint256 role, uint64 time) public view {
        ICredentials.Role named = ICredentials.Role(role);
        must(people.speaksFor(person, signer, time) == speaks(person, signer, time), "who speaks differs");
        must(!people.speaksFor(person, address(0), time), "nobody speaks for somebody");
        must(people.isRegistrar(signer, named, time) == isRegistrarAt(signer, role, time), "who is registrar differs");
        must(people.holdsCredential(person, named, time) == holds(person, role, time), "a credential differs");
        uint256 bitmap = roles(person, time);
        must(people.rolesOf(person, time) == bitmap, "the roles differ");
        must(uint256(people.credentialRole(person, time)) == firstRole(bitmap), "the first role differs");
    }

    /// @dev What the registry keeps of a person is what the logs say.
    function comparePerson(address person) public view {
        Remembered storage self = remembered[person];
        address key = keyNow(person);
        must(people.keyOf(person) == key, "the key differs");
        must(people.isEnrolled(person) == (key != address(0)), "who is enrolled differs");
        must(people.keySince(person) == (key == address(0) ? 0 : seats[person][seats[person].length - 1].from), "since");
        must(people.nonceOf(person) == self.nonce, "the nonce differs");
        must(people.recoveryNonceOf(person) == self.recoveryNonce, "the recovery nonce differs");
        must(people.keysHashOf(person) == self.keysHash, "the keys differ");
        must(people.recoveryOf(person) == self.recovery, "the recovery authority differs");
        (address newKey, uint64 readyAt) = people.pendingRecoveryOf(person);
        must(newKey == self.pendingKey && readyAt == self.pendingReady, "the pending recovery differs");
    }

    // --- what acts write ---------------------------------------------------------------------------------------------

    function _noteEnrolment(address person, bytes32 keysHash, address recovery) internal {
        seats[person].push(Seat(clock, person));
        remembered[person].nonce = 1;
        remembered[person].keysHash = keysHash;
        remembered[person].recovery = recovery;
    }

    function _noteRotation(address person, address newKey) internal {
        seats[person].push(Seat(clock, newKey));
        remembered[person].nonce += 1;
        _notePendingEnd(person);
    }

    function _noteRecoveryStart(address person, address newKey) internal {
        remembered[person].pendingKey = newKey;
        remembered[person].pendingReady = clock + 3 days;
        remembered[person].recoveryNonce += 1;
    }

    function _notePendingEnd(address person) internal {
        remembered[person].pendingKey = address(0);
        remembered[person].pendingReady = 0;
    }

    function _noteMandate(address person, address representative, uint256 until) internal {
        mandates[person][representative].push(Span(clock, until));
        remembered[person].nonce += 1;
    }

    /// @dev Within one second the last word stands; what is over was said for seconds that are past.
    function _stands(Span[] storage log, uint256 time) private view returns (bool) {
        uint256 until = 0;
        for (uint256 i = 0; i < log.length && log[i].from <= time; i++) until = log[i].until;
        return until > time;
    }
}
