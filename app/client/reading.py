"""Owns a person's opening of records: asking custodians, or as the patient nobody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from app.client.asking import Asked, Asking, Wanted
from app.client.letters import GrantFile, RecordFile
from app.client.opening import PieceReader, body_pieces, reader_of
from app.core.errors import (
    ChartkeyError,
    KeyNotOfBody,
    NoSlot,
    NotStored,
    OutsideGrant,
)
from app.core.outcomes import each, result_of
from app.core.sealing import BodyContext, BodyKey, Halves
from app.core.sheets import KeySheet, Kind, require_complete
from app.core.signatures import Signed
from app.core.statements import Membership

Opened = list[tuple[RecordFile, Iterator[bytes]]]
"""Records, each with its bytes as they verify."""


class Reading(Asking):
    """A person who opens records."""

    def open(
        self,
        file: RecordFile,
        grant: GrantFile | None = None,
        *,
        purpose: str = "",
        membership: Signed[Membership] | None = None,
    ) -> bytes:
        """One record's body in memory; see `open_all`."""
        [(_, pieces)] = self.open_all([file], grant, purpose=purpose, membership=membership)
        return b"".join(pieces)

    def open_all(
        self,
        files: Sequence[RecordFile],
        grant: GrantFile | None = None,
        *,
        purpose: str = "",
        membership: Signed[Membership] | None = None,
    ) -> Opened:
        """Open records of one chart with one signature: each with its bytes, piece by piece.

        The patient needs nobody; a viewer a grant, an author neither. Raises AccessRefused and
        its siblings, SealError, NotStored, NotEnoughShares.
        """
        if all(file.statement.patient == self.address for file in files):
            return [(file, self._open_own(file)) for file in files]
        wanted = Wanted(files=files, grant=grant, purpose=purpose, membership=membership)
        [outcome] = self.open_each([wanted])
        return result_of(outcome)

    def open_each(self, many: Sequence[Wanted]) -> list[Opened | ChartkeyError]:
        """Open records of several charts of others at once; what fails, fails alone.

        Each is an access of its own, as with `open_all`; custodians are asked for all together.
        """
        gathered = self.gather(many)
        opened = each(self._bodies_of, gathered)
        self.note_faults(gathered)
        return opened

    def _bodies_of(self, asked: Asked) -> Opened:
        opened = []
        for file in asked.wanted.files:
            sheet, context = asked.sheets[file.digest], self._context(file)
            source, header = reader_of(self._body(file))
            half_a = self._half_a(sheet, asked.wanted.grant)
            halves = asked.gathering.halves(file.digest, header, half_a, context)
            opened.append((file, self._pieces(file, source, halves)))
        return opened

    def _half_a(self, sheet: KeySheet, grant: GrantFile | None) -> bytes:
        if grant is None:
            return sheet.open(Kind.A_FOR_AUTHOR, self.vault.identity)
        if grant.half_a:
            return grant.half_a
        for key in grant.keys:
            with suppress(NoSlot):
                return sheet.open(Kind.A_FOR_CATEGORY, key)
        raise OutsideGrant()

    # the body

    def _open_own(self, file: RecordFile) -> Iterator[bytes]:
        source, _ = reader_of(self._body(file))
        return self._pieces(file, source, self.halves_of(file))

    def _context(self, file: RecordFile) -> BodyContext:
        record = file.statement
        return BodyContext(
            registry=self.node.domains.records,
            patient=record.patient,
            author=record.author,
            category=record.category,
            content_root=record.content_root,
        )

    def _pieces(self, file: RecordFile, source: PieceReader, halves: Halves) -> Iterator[bytes]:
        return body_pieces(
            source, halves, self._context(file), file.content, file.statement.sealed_hash
        )

    def _body(self, file: RecordFile) -> Iterator[bytes]:
        """The sealed body, from the own archive where the node has erased it."""
        pieces = self.node.bodies.read(file.address)
        try:
            first = next(pieces, b"")
        except NotStored:
            if self.archive is None or file.digest not in self.kept:
                raise
            pieces = self.archive.read(file.address)
            first = next(pieces, b"")
        yield first
        yield from pieces

    def require_good_sheet(self, file: RecordFile) -> None:
        """What a patient checks of a new record: every slot is there, and both halves open it.

        Raises NoSlot, SheetSubstituted, SlotNotOpened, KeyNotOfBody; `reseal` mends the sheet
        while the halves can still be had.
        """
        sheet = self.sheet_of(file)
        require_complete(sheet, self.own_recipients(file, sheet.epoch))
        _, header = reader_of(self._body(file))
        if BodyKey.of(self.halves_of(file), self._context(file)).header != header:
            raise KeyNotOfBody()
