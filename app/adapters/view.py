"""Owns what the contracts say at one block: each answer asked for once, many in one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from eth_abi.exceptions import DecodingError

from app.adapters.contracts import Contract
from app.adapters.rpc import Asker, RpcRefused
from app.core.encoding import from_hex, hex0x
from app.core.errors import ChainUnreachable, MalformedStatement
from app.core.foresight import Question
from app.core.statements import CONSENT, PEOPLE, RECORDS
from app.core.typed_data import Domain

MOST_ANSWERS = 100_000
MOST_IN_BATCH = 200
ERC1271_MAGIC = bytes.fromhex("1626ba7e")
_PLAIN = Contract(
    name="ERC-1271 account",
    address="0x" + "00" * 20,
    abi=[
        {
            "type": "function",
            "name": "isValidSignature",
            "inputs": [{"type": "bytes32"}, {"type": "bytes"}],
            "outputs": [{"type": "bytes4"}],
        }
    ],
)
FUNCTIONS: Mapping[str, tuple[str, str]] = {
    "speaks_for": (PEOPLE, "speaksFor"),
    "keys_hash": (PEOPLE, "keysHashOf"),
    "credential_role": (PEOPLE, "credentialRole"),
    "roles_of": (PEOPLE, "rolesOf"),
    "is_registrar": (PEOPLE, "isRegistrar"),
    "membership_ended_at": (PEOPLE, "membershipEndedAt"),
    "tag": (CONSENT, "tagOf"),
    "revoked_bits": (CONSENT, "revokedBits"),
    "retracted_at": (RECORDS, "retractedAt"),
}
"""Questions that can be foreseen, and which contract's function answers each."""

Call = tuple[Any, ...]
"""A contract's name, a function's name, and its arguments."""


def newest_block(rpc: Asker) -> Mapping[str, Any]:
    """The head of the chain; raises ChainUnreachable."""
    return _block(rpc, "latest")


def block_at(rpc: Asker, number: int) -> Mapping[str, Any]:
    """One block of the chain; raises ChainUnreachable where it is not shown."""
    return _block(rpc, hex(number))


def _block(rpc: Asker, name: str) -> Mapping[str, Any]:
    block = _asked(rpc, "eth_getBlockByNumber", name, False)
    if not isinstance(block, dict):
        raise ChainUnreachable("it shows no block")
    return block


def _asked(rpc: Asker, method: str, *params: Any) -> Any:
    """One call that no contract can refuse."""
    try:
        return rpc.call(method, *params)
    except RpcRefused as refusal:
        raise ChainUnreachable("it refused a call") from refusal


class RpcView:
    """A `ChainView`: what the contracts say at one block, each answer asked for once."""

    def __init__(
        self,
        rpc: Asker,
        contracts: Mapping[str, Contract],
        block: Mapping[str, Any] | None = None,
        *,
        by_hash: bool = False,
    ) -> None:
        shown = newest_block(rpc) if block is None else block
        self._rpc, self._contracts = rpc, contracts
        try:
            self.number = int(shown["number"], 16)
            self.hash = str(shown["hash"])
            self.time = int(shown["timestamp"], 16)
        except (KeyError, TypeError, ValueError) as cause:
            raise ChainUnreachable("it shows no block") from cause
        # by its hash (EIP-1898) no other block of the same number can answer; Ganache knows numbers
        self._at: Any = {"blockHash": self.hash} if by_hash else hex(self.number)
        self._answers: dict[Call, Any] = {}

    @property
    def is_full(self) -> bool:
        """Whether it remembers so many answers that a fresh view should take over."""
        return len(self._answers) >= MOST_ANSWERS

    def ask(self, contract: str, function: str, *arguments: Any) -> Any:
        """Call a view function at this block."""
        call = (contract, function, *map(_hashable, arguments))
        if call not in self._answers:
            self._keep(call, _asked(self._rpc, "eth_call", *self._question(call)))
        return self._answers[call]

    def unknown(self, questions: Iterable[Question]) -> list[Call]:
        """The calls that answer these questions and were not made yet, each once."""
        calls = dict.fromkeys(_call_of(question) for question in questions)
        return [call for call in calls if call not in self._answers]

    def prepare(self, calls: Sequence[Call]) -> None:
        """Make calls in as few requests as possible.

        One that is refused is left to be made singly, when somebody needs it. Raises
        ChainUnreachable.
        """
        for start in range(0, len(calls), MOST_IN_BATCH):
            some = calls[start : start + MOST_IN_BATCH]
            with suppress(RpcRefused):
                answers = self._rpc.batch("eth_call", [self._question(call) for call in some])
                for call, answer in zip(some, answers, strict=True):
                    self._keep(call, answer)

    def _question(self, call: Call) -> tuple[dict[str, str], Any]:
        contract, function, *arguments = call
        target = self._contracts[contract]
        data = hex0x(target.encode(function, *arguments))
        return {"to": target.address, "data": data}, self._at

    def _keep(self, call: Call, answer: Any) -> None:
        contract, function, *_ = call
        target = self._contracts[contract]
        if answer == "0x":
            raise ChainUnreachable(f"there is no contract at {target.address}")
        try:
            self._answers[call] = target.decode(function, from_hex(answer))
        except (DecodingError, MalformedStatement) as cause:
            raise ChainUnreachable("its answer is not what the contract answers") from cause

    def anchored_at(self, judge: str, root: bytes) -> int:
        return int(self.ask(judge, "anchoredAt", root))

    def speaks_for(self, person: str, signer: str, at: int) -> bool:
        return bool(self.ask(PEOPLE, "speaksFor", person, signer, at))

    def key_of(self, person: str) -> str:
        return Domain(chain_id=0, contract=self.ask(PEOPLE, "keyOf", person)).contract

    def keys_hash(self, person: str) -> bytes:
        return bytes(self.ask(PEOPLE, "keysHashOf", person))

    def credential_role(self, person: str, at: int) -> int:
        return int(self.ask(PEOPLE, "credentialRole", person, at))

    def holds_credential(self, person: str, role: int, at: int) -> bool:
        return bool(self.ask(PEOPLE, "holdsCredential", person, role, at))

    def roles_of(self, person: str, at: int) -> int:
        return int(self.ask(PEOPLE, "rolesOf", person, at))

    def is_registrar(self, registrar: str, role: int, at: int) -> bool:
        return bool(self.ask(PEOPLE, "isRegistrar", registrar, role, at))

    def membership_ended_at(self, organization: str, membership: bytes) -> int:
        return int(self.ask(PEOPLE, "membershipEndedAt", organization, membership))

    def nonce_of(self, person: str) -> int:
        return int(self.ask(PEOPLE, "nonceOf", person))

    def tag(self, patient: str) -> int:
        return int(self.ask(CONSENT, "tagOf", patient))

    def revoked_bits(self, patient: str, word: int) -> int:
        return int(self.ask(CONSENT, "revokedBits", patient, word))

    def retracted_at(self, person: str, record: bytes) -> int:
        return int(self.ask(RECORDS, "retractedAt", person, record))

    def accepts(self, account: str, digest: bytes, signature: bytes) -> bool:
        if _asked(self._rpc, "eth_getCode", account, self._at) in ("0x", None):
            return False
        call = {"to": account, "data": hex0x(_PLAIN.encode("isValidSignature", digest, signature))}
        try:
            answer = from_hex(self._rpc.call("eth_call", call, self._at))
        except RpcRefused:
            return False
        except MalformedStatement as cause:
            raise ChainUnreachable("its answer is not hexadecimal") from cause
        return len(answer) >= 32 and answer[:32] == ERC1271_MAGIC.ljust(32, b"\0")


def _call_of(question: Question) -> Call:
    name, arguments = question
    if name == "anchored_at":
        judge, root = arguments
        return judge, "anchoredAt", root
    return (*FUNCTIONS[name], *arguments)


def _hashable(argument: Any) -> Any:
    return tuple(map(_hashable, argument)) if isinstance(argument, list) else argument
