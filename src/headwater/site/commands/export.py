"""`headwater export`: instruments out of the record, into files."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import click


@click.group()
def command() -> None:
    """Write parts of the record to files."""


@command.command()
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["headwater", "uniquip", "uniquip-xlsx", "pidinst"]),
    default="headwater",
    show_default=True,
)
@click.option("--owner", default="", help="Only this organisation's: public id, ROR id, credit code or exact name.")
@click.option("--city", default="", help="Only those in this city: code or name.")
@click.option("--public-only", is_flag=True, help="Only what everybody may see, without contacts.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write. Default: standard output.",
)
def instruments(file_format: str, owner: str, city: str, public_only: bool, out: Path | None) -> None:
    """Write instruments to a file that any Headwater node takes in again without loss.

    headwater is a CSV table with a column for each thing a record holds; uniquip (CSV or XLSX) and pidinst (JSON) are
    the public schemas, with what they can't hold under names that begin with headwater. docs/exchange.md has the
    columns.
    """
    from headwater.site.cli import with_django

    with_django()
    from tqdm import tqdm

    from headwater.registry.exporting import ExportError, export, uniquip_table, write_xlsx
    from headwater.registry.facts import Lookups
    from headwater.registry.models import Instrument
    from headwater.registry.queries import visible_instruments
    from headwater.registry.rules import ANYBODY

    chosen = visible_instruments(ANYBODY) if public_only else Instrument.objects.all()
    lookups = Lookups()
    if owner:
        place = lookups.organisation(owner)
        if place is None:
            raise click.UsageError(
                f"No organisation is known as {owner!r}. Give its public id, ROR id, credit code or exact name."
            )
        chosen = chosen.filter(owner_id=place.pk)
    if city:
        city_id = lookups.cities.get(city.strip().casefold())
        if city_id is None:
            raise click.UsageError(f"No city is known as {city!r}. Give its code or its name.")
        chosen = chosen.filter(city_id=city_id)
    try:
        if file_format == "uniquip-xlsx":
            with tempfile.TemporaryDirectory() as folder:
                book = Path(folder) / "instruments.xlsx"
                write_xlsx(uniquip_table(chosen, contact=not public_only), book)
                _write(out, [book.read_bytes()])
        else:
            pieces = export(chosen, file_format, contact=not public_only)
            _write(out, tqdm(pieces, unit=" pieces", disable=out is None or not sys.stderr.isatty(), leave=False))
    except ExportError as error:
        raise click.UsageError(str(error)) from error


def _write(out: Path | None, pieces: Iterable[bytes]) -> None:
    """Write to the file, or to standard output where there is none."""
    if out is None:
        for piece in pieces:
            click.echo(piece, nl=False)
        return
    part = out.with_name(f".{out.name}.part")  # so that a broken export leaves no half file under the real name
    with part.open("wb") as file:
        for piece in pieces:
            file.write(piece)
    part.replace(out)
