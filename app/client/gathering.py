"""Owns shares as custodians send them: all are asked at once, and none is waited for in vain."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from queue import SimpleQueue

from app.client.errands import Errands
from app.client.opening import Share, fitting_halves
from app.core.custody import release_purpose
from app.core.errors import ChartkeyError, NotEnoughShares, WrongShare
from app.core.keys import PrivateKey
from app.core.opening import OpeningRequest, Release
from app.core.ports import Custodian
from app.core.sealing import BodyContext, Halves

ERRANDS = Errands()
"""Questions to custodians."""

Answer = Release | BaseException | None
"""A custodian's, or what kept it from answering; None where it was not asked."""


def ask_all(custodians: Sequence[Custodian], questions: Sequence[Question]) -> None:
    """Ask each custodian for what is asked of it, all in one go; the answers go to their gatherings."""
    if questions:
        for place, custodian in enumerate(custodians):
            ERRANDS.run(partial(_ask, place, custodian, questions))


def _ask(place: int, custodian: Custodian, questions: Sequence[Question]) -> None:
    answers: Sequence[Answer]
    try:
        requests = [request_to(custodian) for _, request_to in questions]
        wanted = [one for one in requests if one is not None]
        released = iter(custodian.release_all(wanted) if wanted else ())
        answers = [None if one is None else next(released) for one in requests]
    except BaseException as failure:  # noqa: BLE001 — raised again where it is waited for
        answers = [failure] * len(questions)
    for (gathering, _), answer in zip(questions, answers, strict=True):
        gathering.take(place, answer)


class Gathering:
    """The shares of one opening; `thresholds` tells by record digest how many are needed.

    The order in which they answer decides nothing: shares are taken in the order of the custodians,
    and more are waited for while those at hand do not open the body. An answer is only looked into
    once it is waited for.
    """

    def __init__(
        self,
        custodians: Sequence[Custodian],
        *,
        thresholds: Mapping[bytes, int],
        access: bytes,
        key: PrivateKey,
    ) -> None:
        self._thresholds, self._access = thresholds, access
        self._key, self._viewer = key, key.public.id
        self._custodians = list(custodians)
        self._opened: dict[int, Mapping[bytes, Share]] = {}
        self._failures: dict[int, ChartkeyError] = {}
        self._answers: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
        self._awaited = len(self._custodians)

    def take(self, place: int, answer: Answer) -> None:
        """What the custodian at that place said."""
        self._answers.put((place, answer))

    @property
    def failures(self) -> dict[str, ChartkeyError]:
        """Who failed so far, and why; those who have not answered yet are not among them."""
        return {
            self._custodians[place].name: self._failures[place] for place in sorted(self._failures)
        }

    def shares(self, digest: bytes) -> list[Share]:
        """Those of one record that are at hand, in the order of the custodians."""
        found = (self._opened[place].get(digest) for place in sorted(self._opened))
        return [share for share in found if share is not None]

    def require_enough(self) -> None:
        """Wait until every record has as many shares as it needs.

        Raises what the custodians say where too few answer: the reason of a refusal that they
        share, else NotEnoughShares with each one's reason.
        """
        for digest, threshold in self._thresholds.items():
            while len(self.shares(digest)) < threshold and self._wait():
                pass
        for digest, threshold in self._thresholds.items():
            if len(self.shares(digest)) < threshold:
                self.wait_for_all()  # every reason is told
                raise _why(self.failures, len(self.shares(digest)), threshold)

    def wait_for_all(self) -> None:
        """Wait until everybody has answered or failed."""
        while self._wait():
            pass

    def halves(self, digest: bytes, header: bytes, half_a: bytes, context: BodyContext) -> Halves:
        """What opens a body; waits for further shares where one of the first lied.

        Raises what `fitting_halves` raises.
        """
        while True:
            try:
                return fitting_halves(
                    header, half_a, self.shares(digest), self._thresholds[digest], context
                )
            except WrongShare:
                if not self._wait():
                    raise

    def _opened_from(self, name: str, answer: Release) -> Mapping[bytes, Share]:
        return {
            digest: Share(
                custodian=name,
                share=self._key.open(
                    sealed, release_purpose(self._access, digest, answer.custodian, self._viewer)
                ),
            )
            for digest, sealed in answer.shares.items()
            if digest in self._thresholds
        }

    def _wait(self) -> bool:
        """Wait for one more answer; False where all have come."""
        if not self._awaited:
            return False
        place, answer = self._answers.get()
        self._awaited -= 1
        try:
            if isinstance(answer, BaseException):
                raise answer
            name = self._custodians[place].name
            self._opened[place] = {} if answer is None else self._opened_from(name, answer)
        except ChartkeyError as failure:
            self._failures[place] = failure
        return True


def _why(failures: Mapping[str, ChartkeyError], answered: int, threshold: int) -> ChartkeyError:
    kinds = {type(failure) for failure in failures.values()}
    if answered == 0 and len(kinds) == 1:
        return next(iter(failures.values()))
    reasons = "; ".join(f"{name}: {failure}".rstrip(".") for name, failure in failures.items())
    return NotEnoughShares(reasons or "no custodian was asked", given=answered, needed=threshold)


Question = tuple[Gathering, Callable[[Custodian], OpeningRequest | None]]
"""An opening's gathering, and what is asked of each custodian: None where it has no share."""
