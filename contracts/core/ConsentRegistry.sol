// The registry of consent: judges grants from their signature and anchor, and keeps what patients take back.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConsentRegistry} from "../interfaces/IConsentRegistry.sol";
import {IPeopleRegistry} from "../interfaces/IPeopleRegistry.sol";
import {AnchorBook} from "./AnchorBook.sol";
import {PeopleJudge} from "./PeopleJudge.sol";
import {Statements} from "./Statements.sol";

/// @title ConsentRegistry
/// @dev No owner. Trusts `people`, which cannot change, for who speaks. Revoked bits are never cleared.
contract ConsentRegistry is IConsentRegistry, AnchorBook, PeopleJudge {
    uint8 private constant _VIEW = 1;

    /// @inheritdoc IConsentRegistry
    mapping(address patient => mapping(uint256 word => uint256 bits)) public revokedBits;

    /// @inheritdoc IConsentRegistry
    mapping(address patient => uint64 tag) public tagOf;

    mapping(address patient => mapping(uint64 tag => bool)) private _spent;

    constructor(IPeopleRegistry people_) PeopleJudge(people_) {}

    // --- taking back -------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsentRegistry
    function revoke(uint256 word, uint256 mask) external {
        _revoke(msg.sender, word, mask);
    }

    /// @inheritdoc IConsentRegistry
    function revokeFor(address patient, uint256 word, uint256 mask) external {
        _requireSpeaker(patient);

        _revoke(patient, word, mask);
    }

    /// @inheritdoc IConsentRegistry
    function revokeBySig(Revocation[] calldata revocations, bytes[] calldata signatures) external {
        if (revocations.length != signatures.length) revert LengthsDiffer(revocations.length, signatures.length);

        for (uint256 i = 0; i < revocations.length; i++) {
            Revocation calldata revocation = revocations[i];
            (address patient, uint256 word, uint256 mask) = (revocation.patient, revocation.word, revocation.mask);
            mapping(uint256 => uint256) storage words = revokedBits[patient];
            uint256 bits = words[word];
            if (bits & mask == mask) continue;
            if (!_isSpoken(patient, revocationDigest(revocation), signatures[i], uint64(block.timestamp))) continue;

            words[word] = bits | mask;

            emit Revoked(patient, word, mask);
        }
    }

    /// @inheritdoc IConsentRegistry
    function revokeAll(address patient, uint64 newTag) external {
        _requireSpeaker(patient);

        _revokeAll(patient, newTag);
    }

    /// @inheritdoc IConsentRegistry
    function revokeAllBySig(RevocationOfAll calldata revocation, bytes calldata signature) external {
        address patient = revocation.patient;
        if (revocation.tag != tagOf[patient]) revert TagNotCurrent(patient, revocation.tag, tagOf[patient]);
        bytes32 digest = revocationOfAllDigest(revocation);
        if (!_isSpoken(patient, digest, signature, uint64(block.timestamp))) {
            revert NotSignedBy(patient, _recover(digest, signature));
        }

        _revokeAll(patient, revocation.newTag);
    }

    // --- answers -----------------------------------------------------------------------------------------------------

    /// @inheritdoc IConsentRegistry
    function refusal(
        Grant calldata grant,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) public view returns (Refusal) {
        bytes32 digest = grantDigest(grant);
        uint64 anchored = anchorTime(digest, root, proof);
        if (anchored == 0) return Refusal.NotAnchored;
        if (block.timestamp < grant.notBefore) return Refusal.NotYetValid;
        if (block.timestamp >= grant.expiresAt) return Refusal.Expired;
        if (grant.rights & _VIEW == 0) return Refusal.ViewingNotGranted;
        if (grant.nonce >> 192 != tagOf[grant.patient]) return Refusal.TagReplaced;
        if (_isRevoked(grant.patient, grant.nonce >> 8, 1 << (grant.nonce & 0xff))) return Refusal.Revoked;
        if (!_isSpokenOrAccepted(grant.patient, digest, signature, anchored)) return Refusal.NotSignedByPatient;
        return Refusal.None;
    }

    /// @inheritdoc IConsentRegistry
    function isViewable(
        Grant calldata grant,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool) {
        return refusal(grant, signature, root, proof) == Refusal.None;
    }

    /// @inheritdoc IConsentRegistry
    function isTagSpent(address patient, uint64 tag) public view returns (bool) {
        return tag == 0 || _spent[patient][tag];
    }

    /// @inheritdoc IConsentRegistry
    function grantDigest(Grant calldata grant) public view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(
                        Statements.GRANT,
                        grant.patient,
                        grant.viewer,
                        keccak256(bytes(grant.category)),
                        grant.record,
                        keccak256(bytes(grant.purpose)),
                        grant.rights,
                        grant.notBefore,
                        grant.expiresAt,
                        grant.nonce,
                        grant.salt
                    )
                )
            );
    }

    /// @inheritdoc IConsentRegistry
    function revocationDigest(Revocation calldata revocation) public view returns (bytes32) {
        return
            _digest(
                keccak256(abi.encode(Statements.REVOCATION, revocation.patient, revocation.word, revocation.mask))
            );
    }

    /// @inheritdoc IConsentRegistry
    function revocationOfAllDigest(RevocationOfAll calldata revocation) public view returns (bytes32) {
        return
            _digest(
                keccak256(
                    abi.encode(Statements.REVOCATION_OF_ALL, revocation.patient, revocation.tag, revocation.newTag)
                )
            );
    }

    // --- internal ----------------------------------------------------------------------------------------------------

    function _revoke(address patient, uint256 word, uint256 mask) private {
        revokedBits[patient][word] |= mask;

        emit Revoked(patient, word, mask);
    }

    function _revokeAll(address patient, uint64 newTag) private {
        if (isTagSpent(patient, newTag)) revert TagSpent(patient, newTag);

        uint64 tag = tagOf[patient];
        _spent[patient][newTag] = true;
        tagOf[patient] = newTag;

        emit AllRevoked(patient, tag, newTag);
    }

    // Whether all bits of the mask are revoked already: true of an empty mask.
    function _isRevoked(address patient, uint256 word, uint256 mask) private view returns (bool) {
        return revokedBits[patient][word] & mask == mask;
    }
}
