"""`headwater rates`: tables of rates from files and into files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

OWNER = click.option("--owner", required=True, help="Whose rates they are: the organisation's public id.")


@click.group()
def command() -> None:
    """Take rates in from a file, or write them into one."""


@command.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@OWNER
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing but the rejects.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where the rows of rejected tables go, as CSV with their reasons. Default: beside FILE.",
)
@click.option("--language", type=click.Choice(["en", "zh-hans"]), default="en", show_default=True)
def take_in(file: Path, owner: str, dry_run: bool, rejects: Path | None, language: str) -> None:
    """Publish the tables of rates in FILE, a CSV or XLSX with a rate a row; docs/support.md has the columns.

    Sound tables go in, those that stand there already are left alone, the rows of the others go to the rejects file
    with their reasons. Ends 0 when none was rejected, 3 when some were, 2 when FILE can't be read.
    """
    from headwater.site.cli import with_django

    with_django()
    from django.utils import timezone, translation

    from headwater.accounts.audit import COMMAND
    from headwater.accounts.words import sentence
    from headwater.registry.formats.files import FileError
    from headwater.support.actions.rates import import_rates

    with translation.override(language):
        try:
            done = import_rates(file, _owner(owner), None, dry_run=dry_run, by=COMMAND, at=timezone.now())
        except FileError as error:
            raise click.UsageError(sentence(error.reason)) from error
        would = "would be " if dry_run else ""
        click.echo(
            f"{done.published} tables {would}published, {done.unchanged} unchanged, {len(done.rejected)} rejected."
        )
        if not done.rejected:
            return
        for one in done.rejected[:20]:
            click.echo(f"line {one.line}: {' '.join(one.sentences)}", err=True)
        target = rejects or file.with_name(f"{file.stem}.rejects.csv")
        target.write_bytes(done.rejects())
        click.echo(f"The rows that did not go in: {target}", err=True)
    sys.exit(3)


@command.command("export")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@OWNER
@click.option("--all", "every", is_flag=True, help="Past versions too.")
def write_out(file: Path, owner: str, every: bool) -> None:
    """Write an owner's rates into FILE: a workbook where it ends in .xlsx, else CSV. What is written can be taken in
    again, and changes nothing then."""
    from headwater.site.cli import with_django

    with_django()
    from django.utils import timezone

    from headwater.support.queries import rate_rows
    from headwater.support.ratefiles import as_csv, as_xlsx

    rows = rate_rows(_owner(owner), None if every else timezone.now().date())
    file.write_bytes(as_xlsx(rows) if file.suffix.lower() == ".xlsx" else as_csv(rows))
    click.echo(f"{len(rows)} rates: {file}")


def _owner(public_id: str):  # type: ignore[no-untyped-def]
    from headwater.registry.models import Organisation

    found = Organisation.objects.filter(public_id=public_id).first()
    if found is None:
        raise click.UsageError(f"No organisation has the public id {public_id!r}.")
    return found
