// What the registry of consent answers: whether a grant holds now; and how patients take grants back.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAnchorBook} from "./IAnchorBook.sol";
import {IPeopleJudge} from "./IPeopleJudge.sol";

/// @title IConsentRegistry
/// @notice Judges grants, which stay off chain, and keeps what patients take back. Viewers, categories and purposes are
/// never published; a revocation shows the patient, a random word and a bit in it.
/// @dev A grant's nonce is its tag (the top 64 bits), a random word, and a bit in that word (the low 8 bits). The word
/// of a revocation is the nonce without its low 8 bits, so that it holds the tag.
interface IConsentRegistry is IAnchorBook, IPeopleJudge {
    /// @notice The patient lets `viewer` see (rights bit 1) or add to (rights bit 2) a category of the chart, or one
    /// record of it, for a purpose, from `notBefore` and before `expiresAt`.
    struct Grant {
        address patient;
        address viewer;
        string category;
        bytes32 record;
        string purpose;
        uint8 rights;
        uint64 notBefore;
        uint64 expiresAt;
        uint256 nonce;
        bytes32 salt;
    }

    /// @notice Takes back the grants whose nonces lie in `word` at the bits of `mask`. To replay it changes nothing, so
    /// it has neither nonce nor deadline.
    struct Revocation {
        address patient;
        uint256 word;
        uint256 mask;
    }

    /// @notice Takes back all grants under `tag` by replacing it with `newTag`, a fresh random one.
    struct RevocationOfAll {
        address patient;
        uint64 tag;
        uint64 newTag;
    }

    /// @notice Why a grant does not let its viewer see, in the order of the checks; `None` for one that does.
    enum Refusal {
        None,
        NotAnchored,
        NotYetValid,
        Expired,
        ViewingNotGranted,
        TagReplaced,
        Revoked,
        NotSignedByPatient
    }

    event Revoked(address indexed patient, uint256 word, uint256 mask);
    event AllRevoked(address indexed patient, uint64 tag, uint64 newTag);

    /// @notice The statement names a tag that is not, or no longer, the patient's.
    error TagNotCurrent(address patient, uint64 tag, uint64 current);

    /// @notice The patient has used that tag before: grants signed under it would hold again. Zero is the first tag.
    error TagSpent(address patient, uint64 tag);

    /// @notice Each revocation needs its signature.
    error LengthsDiffer(uint256 revocations, uint256 signatures);

    /// @notice The first reason for which the grant does not let its viewer see now.
    /// @dev `NotSignedByPatient`: the signer (ECDSA) did not speak for the patient at the anchor's time, nor does the
    /// patient's present key, where that is a contract, accept the signature now (ERC-1271): a contract can change its
    /// mind, and one that no longer is the key is not asked. Bits of `rights` other than viewing do not matter here.
    /// @param grant The statement.
    /// @param signature The patient's, or of somebody who spoke for them.
    /// @param root The root under which the grant was anchored.
    /// @param proof The path from the grant's digest to the root.
    function refusal(
        Grant calldata grant,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (Refusal);

    /// @notice Whether the grant lets its viewer see now.
    function isViewable(
        Grant calldata grant,
        bytes calldata signature,
        bytes32 root,
        bytes32[] calldata proof
    ) external view returns (bool);

    /// @notice Takes back grants of the caller's own id. Final; may come before a grant's anchor, and holds.
    /// @dev Asks nobody, to be cheap, and so has two edges. A patient whose key is no longer the first address must
    /// call `revokeFor`: this would write under an id that signs no grants. And the first address can still close
    /// grants after its key was rotated away, if it knows their random word; it can open none.
    function revoke(uint256 word, uint256 mask) external;

    /// @notice Takes back grants of `patient`. By anyone who speaks for them now.
    function revokeFor(address patient, uint256 word, uint256 mask) external;

    /// @notice Takes back grants with the signatures (ECDSA) of those who speak for the patients now. Anyone may bring
    /// them in, as often as they like.
    /// @dev An entry that does not hold is passed over, so that it cannot spoil the batch; so is one that changes
    /// nothing. Contract accounts are not asked, since one of them could: they call `revoke`.
    function revokeBySig(Revocation[] calldata revocations, bytes[] calldata signatures) external;

    /// @notice Replaces the tag: no grant signed before can hold again, whatever its dates and whenever anchored. By
    /// anyone who speaks for the patient now.
    /// @dev After a theft of the key, rotate it first: the thief must not learn the new tag while the key still speaks.
    /// @param newTag Random, so that nobody could have a grant under it in reserve.
    function revokeAll(address patient, uint64 newTag) external;

    /// @notice As `revokeAll`, signed (ECDSA) by someone who speaks for the patient now.
    function revokeAllBySig(RevocationOfAll calldata revocation, bytes calldata signature) external;

    /// @notice The bits that the patient has revoked in a word.
    function revokedBits(address patient, uint256 word) external view returns (uint256);

    /// @notice The tag that grants of this patient must carry now, at first 0.
    function tagOf(address patient) external view returns (uint64);

    /// @notice Whether the patient has, or had, this tag.
    function isTagSpent(address patient, uint64 tag) external view returns (bool);

    function grantDigest(Grant calldata grant) external view returns (bytes32);

    function revocationDigest(Revocation calldata revocation) external view returns (bytes32);

    function revocationOfAllDigest(RevocationOfAll calldata revocation) external view returns (bytes32);
}
