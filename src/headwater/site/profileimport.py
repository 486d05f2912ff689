"""What `headwater import profiles` does: reads, takes in, writes the rejects, says what happened."""

from __future__ import annotations

import csv
from pathlib import Path

import click
from django.utils import timezone, translation

from headwater.accounts import words
from headwater.accounts.audit import COMMAND
from headwater.core.decision import Refused
from headwater.partnering.actions.importing import import_profiles, read
from headwater.registry.rules import OPERATOR, Viewer

ALL_IN, UNREADABLE, SOME_REJECTED = 0, 2, 3
OPERATING = Viewer(user_id=0, roles=frozenset({OPERATOR}))


def run(file: Path, *, owner: str, dry_run: bool, rejects: Path | None, language: str) -> int:
    """Take a file in as the operator; the exit code."""
    with translation.override(language):
        try:
            rows = read(file.read_bytes(), owner)
            outcome = import_profiles(rows, OPERATING, dry_run=dry_run, by=COMMAND, at=timezone.now())
        except Refused as refused:
            click.echo(" ".join(words.sentences(refused.decision)), err=True)
            return UNREADABLE
        would = "would be " if dry_run else ""
        click.echo(
            f"{outcome.rows} records: {outcome.created} {would}new, {outcome.updated} {would}changed, "
            f"{len(outcome.rejects)} rejected."
        )
        if not outcome.rejects:
            return ALL_IN
        path = rejects or file.with_name(f"{file.stem}-rejects.csv")
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(("record", "name", "codes", "reasons"))
            for line, label, reasons in outcome.rejects:
                sentences = " ".join(words.sentence(one) for one in reasons)
                writer.writerow((line, label, ";".join(one.code for one in reasons), sentences))
        click.echo(f"Rejects with their reasons: {path}")
        return SOME_REJECTED
