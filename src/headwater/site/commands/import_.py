"""`headwater import`: files of instruments into the record."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def command() -> None:
    """Take files into the record."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--owner", default="", help="The organisation of records that name none.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing but the rejects.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where rejected records go, as CSV with their reasons. Default: beside FILE.",
)
@click.option("--language", type=click.Choice(["en", "zh-hans"]), default="en", show_default=True)
def profiles(file: Path, owner: str, dry_run: bool, rejects: Path | None, language: str) -> None:
    """Take the capability profiles of FILE into the record.

    FILE is a table (CSV), Headwater's own JSON, ORCID records or OpenAlex authors; docs/partnering.md has the columns.
    Sound records go in, the others to the rejects file with all their reasons. Ends 0 when all went in, 3 when some
    were rejected, 2 when FILE can't be read.
    """
    from headwater.site.cli import with_django

    with_django()
    from headwater.site.profileimport import run

    sys.exit(run(file, owner=owner, dry_run=dry_run, rejects=rejects, language=language))


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format", "file_format", type=click.Choice(["headwater", "uniquip", "pidinst"]), help="Found out where not given."
)
@click.option(
    "--owner",
    default="",
    help="Who owns the instruments of rows that name no owner: public id, ROR id, credit code or exact name.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen, and write nothing but the rejects.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where rejected rows go. Default: beside FILE.",
)
@click.option(
    "--missing",
    type=click.Choice(["report"]),
    expose_value=False,
    default="report",
    show_default=True,
    help="Imported instruments of the same owners that FILE does not name: say how many; nothing is deleted.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "zh-hans"]),
    default="en",
    show_default=True,
    help="The language of the reasons.",
)
def instruments(
    file: Path, file_format: str | None, owner: str, dry_run: bool, rejects: Path | None, language: str
) -> None:
    """Take the instruments of FILE into the record.

    FILE is a table of Headwater's own (CSV or XLSX, titles in English or Chinese), a UNIQUIP table (CSV or XLSX), or
    PIDINST 1.0 JSON. Format, encoding (UTF-8, UTF-16, GB18030) and delimiter are found out. docs/exchange.md has
    the columns.

    Sound rows go in, all in one transaction; each other row goes to the rejects file with its line and its reasons, to
    be mended there and imported again. Ends 0 when all rows went in, 3 when some were rejected, 2 when FILE can't
    be read.
    """
    from headwater.site.cli import with_django

    with_django()
    from django.utils import timezone, translation
    from tqdm import tqdm

    from headwater.accounts.audit import COMMAND
    from headwater.accounts.words import sentences
    from headwater.core.decision import Decision, Refused
    from headwater.registry.actions.imports import Asked, run_command
    from headwater.registry.facts import Lookups
    from headwater.registry.formats.files import FileError

    place = Lookups().organisation(owner) if owner else None
    if owner and place is None:
        raise click.UsageError(
            f"No organisation is known as {owner!r}. Give its public id, ROR id, credit code or exact name."
        )
    into = rejects or file.with_name(f"{file.stem}-rejects.{'json' if file.suffix == '.json' else 'csv'}")
    asked = Asked(file, file.name, file_format or "", place, into, language, dry_run)
    with translation.override(language), tqdm(unit=" rows", disable=not sys.stderr.isatty(), leave=False) as bar:
        try:
            outcome = run_command(asked, by=COMMAND, at=timezone.now(), progress=lambda rows: bar.update(rows - bar.n))
        except FileError as error:
            raise _Unreadable(f"{file}: {sentences(Decision((error.reason,)))[0]}") from error
        except Refused as error:
            raise _Unreadable(f"{file}: {' '.join(sentences(error.decision))}") from error
    click.echo(
        f"{outcome.file_format}, {outcome.encoding}; {outcome.rows:,} rows{', dry run: nothing was written' * dry_run}"
    )
    for name in ("created", "updated", "unchanged", "rejected"):
        click.echo(f"{name:>12} {getattr(outcome, name):>9,}")
    if outcome.missing:
        click.echo(f"{outcome.missing:,} instruments imported before are not in this file; they are left as they are.")
    if outcome.rejected:
        click.echo(f"The rejected rows, with their reasons, are in {into}.", err=True)
        sys.exit(3)


class _Unreadable(click.ClickException):
    exit_code = 2
