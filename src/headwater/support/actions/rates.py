"""The writer of rates from files: sound tables go in, the rows of the others come back with line and reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.formats.files import REJECT_COLUMNS
from headwater.registry.models import Instrument, Organisation
from headwater.support.actions.terms import publish_rates
from headwater.support.models import RateTable
from headwater.support.ratefiles import RateDraft, as_csv, read_file
from headwater.support.rules import Party


@dataclass(frozen=True, slots=True)
class RejectedTable:
    """A table that did not go in: its first line, and why, in the reader's language."""

    line: int
    codes: tuple[str, ...]
    sentences: tuple[str, ...]
    draft: RateDraft


@dataclass(frozen=True, slots=True)
class RatesImported:
    """What became of a file's tables."""

    published: int
    unchanged: int
    rejected: tuple[RejectedTable, ...]
    header: tuple[str, ...]

    def rejects(self) -> bytes:
        """The rows that did not go in as CSV, each with its line and reasons, to be mended and taken in again."""
        kept = [at for at, name in enumerate(self.header) if name not in REJECT_COLUMNS]
        rows = [
            [
                str(row.line),
                " ".join(one.codes),
                " ".join(one.sentences),
                *(row.cells[at] if at < len(row.cells) else "" for at in kept),
            ]
            for one in self.rejected
            for row in one.draft.rows
        ]
        return as_csv(rows, [*REJECT_COLUMNS, *(self.header[at] for at in kept)])


class _Undo(Exception):
    """Undoes what a dry run wrote."""


def import_rates(
    path: Path, owner: Organisation, party: Party | None, *, dry_run: bool = False, by: Actor, at: datetime
) -> RatesImported:
    """Publish the tables of a file for an owner. A table that stands there already is left alone, so that the same
    file twice changes nothing. Raises `FileError` where the file can't be read at all."""
    read = read_file(path)
    published = unchanged = 0
    rejected: list[RejectedTable] = []
    instruments = {one.public_id: one for one in Instrument.objects.filter(owner=owner)}
    try:
        with transaction.atomic():
            for draft in read.drafts:
                decision = Decision(draft.faults)
                instrument = instruments.get(draft.instrument)
                if draft.instrument and instrument is None:
                    decision += Decision(
                        (Reason("rates.instrument_not_yours", facts={"value": draft.instrument[:60]}),)
                    )
                if decision.allowed():
                    try:
                        if _stands(owner, instrument, draft):
                            unchanged += 1
                            continue
                        assert draft.valid_from is not None
                        publish_rates(
                            *(owner, instrument, draft.rates, draft.valid_from, draft.valid_to, party), by=by, at=at
                        )
                        published += 1
                        continue
                    except Refused as refused:
                        decision = refused.decision
                rejected.append(_rejected(draft, decision))
            if dry_run:
                raise _Undo
    except _Undo:
        pass
    return RatesImported(published, unchanged, tuple(rejected), read.header)


def _stands(owner: Organisation, instrument: Instrument | None, draft: RateDraft) -> bool:
    """Whether the last table of that day says the same already."""
    last = (
        RateTable.objects.filter(owner=owner, instrument=instrument, valid_from=draft.valid_from)
        .order_by("-number")
        .first()
    )
    return last is not None and last.valid_to == draft.valid_to and last.rates == draft.rates


def _rejected(draft: RateDraft, decision: Decision) -> RejectedTable:
    sentences: Sequence[str] = words.sentences(decision)
    return RejectedTable(draft.rows[0].line, decision.codes, tuple(sentences), draft)
