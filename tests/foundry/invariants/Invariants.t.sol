// Owns the invariants: the sentences that hold after any acts of anybody, in any order, at any time.
// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Suite} from "../kit/Suite.sol";
import {ConsentWorld, PeopleWorld, RecordWorld} from "../world/Worlds.sol";

contract PeopleInvariants is Suite {
    PeopleWorld private _people;

    function setUp() public {
        _people = new PeopleWorld();
        world = address(_people);
        acts = [
            _people.passTime.selector,
            _people.passTime.selector,
            _people.changeMood.selector,
            _people.enrol.selector,
            _people.change.selector,
            _people.change.selector,
            _people.change.selector,
            _people.changeBySignature.selector,
            _people.changeBySignature.selector,
            _people.objectRecovery.selector,
            _people.finishRecovery.selector,
            _people.endMembership.selector,
            _people.appoint.selector,
            _people.dismiss.selector,
            _people.giveCredential.selector,
            _people.takeCredential.selector,
            _people.listCustodian.selector,
            _people.handOn.selector,
            _people.remember.selector,
            _people.remember.selector
        ];
    }

    function invariant_people_and_credentials_are_what_the_logs_say() public view {
        _people.requireMirror(_people.seedNow(), 3);
    }

    function invariant_history_is_never_rewritten() public view {
        _people.requireHistoryStands();
    }

    function invariant_a_credential_speaks_only_while_its_registrars_authority_stood() public view {
        _people.requireCredentialsRest(_people.seedNow());
    }

    function afterInvariant() public {
        _people.requireMirror(_people.seedNow(), 10);
        _people.requireNobodyIsShutOut();
    }
}

contract ConsentInvariants is Suite {
    ConsentWorld private _consent;

    function setUp() public {
        _consent = new ConsentWorld();
        world = address(_consent);
        acts = [
            _consent.passTime.selector,
            _consent.changeMood.selector,
            _consent.enrol.selector,
            _consent.change.selector,
            _consent.changeBySignature.selector,
            _consent.finishRecovery.selector,
            _consent.signGrant.selector,
            _consent.signGrant.selector,
            _consent.anchor.selector,
            _consent.anchor.selector,
            _consent.revoke.selector,
            _consent.revokeInBatch.selector,
            _consent.revokeAll.selector
        ];
    }

    /// @dev That nobody but the patient changes an answer is asked around every act (ConsentActs).
    function invariant_a_grant_opens_when_the_logs_say_so_and_nobody_else_changes_that() public {
        _consent.requireMirror();
    }

    function invariant_a_revoked_nonce_never_comes_back() public {
        _consent.requireRevokedStaysRevoked();
    }

    function invariant_nothing_signed_before_outlives_the_revocation_of_all() public {
        _consent.requireNothingOutlivesRevocationOfAll();
    }

    function invariant_an_anchors_time_never_changes() public view {
        _consent.requireAnchorsStand();
    }

    function afterInvariant() public {
        _consent.requireNobodyIsShutOut();
    }
}

contract RecordInvariants is Suite {
    RecordWorld private _records;

    function setUp() public {
        _records = new RecordWorld();
        world = address(_records);
        acts = [
            _records.passTime.selector,
            _records.change.selector,
            _records.appoint.selector,
            _records.appoint.selector,
            _records.dismiss.selector,
            _records.giveCredential.selector,
            _records.giveCredential.selector,
            _records.takeCredential.selector,
            _records.signRecord.selector,
            _records.signRecord.selector,
            _records.anchorRecord.selector,
            _records.retract.selector
        ];
    }

    function invariant_a_record_is_authentic_when_the_logs_say_so() public {
        _records.requireMirror();
    }
}
