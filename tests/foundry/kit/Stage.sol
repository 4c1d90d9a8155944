// Owns the stage of every test: the contracts, accounts that sign, and calls whose outcome is foretold to the byte.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAuditTrail} from "../../../contracts/interfaces/IAuditTrail.sol";
import {IConsentRegistry} from "../../../contracts/interfaces/IConsentRegistry.sol";
import {IPeopleRegistry} from "../../../contracts/interfaces/IPeopleRegistry.sol";
import {IRecordRegistry} from "../../../contracts/interfaces/IRecordRegistry.sol";
import {TestWallet} from "../../../contracts/testing/TestWallet.sol";
import {must, vm} from "./Vm.sol";

/// @dev What the governor's two steps are called (OpenZeppelin).
interface IOwned {
    error OwnableUnauthorizedAccount(address account);
    error OwnableInvalidOwner(address owner);
    event OwnershipTransferStarted(address indexed previousOwner, address indexed newOwner);
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    function owner() external view returns (address);

    function pendingOwner() external view returns (address);

    function transferOwnership(address newOwner) external;

    function acceptOwnership() external;

    function renounceOwnership() external;
}

abstract contract Stage {
    uint256 internal constant ACCOUNTS = 8;
    uint256 internal constant FACES = 10;
    uint256 internal constant HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    uint256 internal constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint64 internal constant START = 1_800_000_000;

    /// @dev How a signature can be wrong, `Well` for one that is right.
    enum Spoil {
        Well,
        HighS,
        Compact,
        Empty,
        OtherVersion,
        OtherChain,
        OtherContract,
        FlippedBit
    }

    IPeopleRegistry internal people;
    IConsentRegistry internal consent;
    IRecordRegistry internal records;
    IAuditTrail internal audit;
    address internal governor = vm.addr(0x60FE);
    // Eight accounts with keys, then two contract accounts that the last two of these own.
    address[] internal faces;
    mapping(address account => uint256 secret) internal secretOf;
    mapping(address wallet => bool) internal isWallet;

    function _setStage() internal {
        vm.warp(START);
        people = IPeopleRegistry(_deploy("PeopleRegistry", abi.encode(governor)));
        consent = IConsentRegistry(_deploy("ConsentRegistry", abi.encode(people)));
        records = IRecordRegistry(_deploy("RecordRegistry", abi.encode(people)));
        audit = IAuditTrail(_deploy("AuditTrail", ""));
        for (uint256 i = 0; i < ACCOUNTS; i++) faces.push(_account(0xA11CE + i));
        for (uint256 i = ACCOUNTS - 2; i < ACCOUNTS; i++) {
            address wallet = address(new TestWallet(faces[i], TestWallet.Mood.AcceptsItsOwner));
            isWallet[wallet] = true;
            secretOf[wallet] = secretOf[faces[i]];
            faces.push(wallet);
        }
    }

    function _account(uint256 secret) internal returns (address account) {
        account = vm.addr(secret);
        secretOf[account] = secret;
    }

    /// @dev Deploys a contract of the build, or of the changed build that CHARTKEY_CODE names.
    function _deploy(string memory name, bytes memory arguments) internal returns (address deployed) {
        string memory folder = vm.envOr("CHARTKEY_CODE", "");
        bytes memory code = bytes(folder).length == 0
            ? vm.getCode(string.concat(name, ".sol:", name))
            : vm.parseBytes(vm.readFile(string.concat(folder, "/", name, ".hex")));
        code = bytes.concat(code, arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        must(deployed != address(0), "a contract could not be deployed");
    }

    /// @dev Calls as somebody; the outcome must be `fault`, byte for byte, or success where it is empty.
    function _call(address caller, address target, bytes memory call, bytes memory fault) internal returns (bool) {
        vm.prank(caller);
        (bool success, bytes memory answer) = target.call(call);
        if (fault.length == 0) must(success, "a call that must go through was refused");
        else must(!success && keccak256(answer) == keccak256(fault), "a call was not refused as it must be");
        return success;
    }

    /// @dev A signature by the key of `signer`, or by that of its owner where it is a contract.
    function _sign(address signer, bytes32 digest) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secretOf[signer], digest);
        return abi.encodePacked(r, s, v);
    }

    function _signWith(address signer, bytes32 digest, Spoil spoil) internal view returns (bytes memory) {
        if (spoil == Spoil.Empty) return "";
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secretOf[signer], digest);
        if (spoil == Spoil.HighS) return abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : 27);
        if (spoil == Spoil.Compact) return abi.encodePacked(r, bytes32(uint256(s) | (uint256(v - 27) << 255)));
        if (spoil == Spoil.FlippedBit) r = bytes32(uint256(r) ^ 1);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Whose signature it is, as the design says: 65 bytes, low s.
    function _signerOf(bytes32 digest, bytes memory signature) internal pure returns (address) {
        if (signature.length != 65) return address(0);
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
            v := byte(0, mload(add(signature, 96)))
        }
        return uint256(s) > HALF_ORDER ? address(0) : ecrecover(digest, v, r, s);
    }

    /// @dev Whether a contract account says yes, from its mood.
    function _accepts(address wallet, bytes32 digest, bytes memory signature) internal view returns (bool) {
        if (!isWallet[wallet]) return false;
        TestWallet.Mood mood = TestWallet(wallet).mood();
        if (mood == TestWallet.Mood.AcceptsAll) return true;
        return mood == TestWallet.Mood.AcceptsItsOwner && _signerOf(digest, signature) == TestWallet(wallet).owner();
    }

    function _face(uint256 seed) internal view returns (address) {
        return faces[seed % FACES];
    }

    /// @dev The wished-for account three times out of four, where there is one.
    function _mostly(address wished, uint256 seed) internal view returns (address) {
        return wished == address(0) || seed % 4 == 0 ? _face(seed >> 8) : wished;
    }

    /// @dev The digest that gets signed: the right one, or one of another version, chain or contract.
    function _spoiltDomain(Spoil spoil, address judge) internal view returns (address, uint256, string memory) {
        return (
            spoil == Spoil.OtherContract ? address(this) : judge,
            spoil == Spoil.OtherChain ? block.chainid + 1 : block.chainid,
            spoil == Spoil.OtherVersion ? "2" : "1"
        );
    }
}
