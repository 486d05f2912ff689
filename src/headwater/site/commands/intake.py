"""``headwater intake``: open registries' files into the store of micro-records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.observatory.intake.base import Job, Outcome
    from headwater.observatory.store import Store

SOURCES = ("openalex-institutions", "openalex", "ror", "patentsview", "gleif", "table")
ENDINGS = {
    "openalex-institutions": (".gz", ".jsonl", ".json", ".parquet"),
    "openalex": (".gz", ".jsonl", ".json", ".parquet"),
    "ror": (".json", ".zip", ".gz"),
    "gleif": (".csv", ".zip", ".gz"),
    "table": (".csv", ".tsv", ".parquet", ".gz", ".zip"),
}


class Unusable(click.ClickException):
    """Files that can't be taken in: one sentence, exit code 2."""

    exit_code = 2


@click.command("intake", short_help="Papers, patents, firms and other micro-records from files.")
@click.argument("source", type=click.Choice(SOURCES))
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--table", "table", metavar="NAME", help="With table: which of the store's tables.")
@click.option("--origin", metavar="NAME", help="What the store calls them.  [default: the source's name]")
@click.option("--synthetic", is_flag=True, help="The records are made up; every figure from them will say so.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Rows that were not taken, JSON lines.")
@click.option("--anew", is_flag=True, help="Forget first what this origin brought before.")
@click.option("--forget", is_flag=True, help="Only forget what this origin brought; give its name as PATH.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as JSON.")
def command(
    source: str,
    paths: tuple[Path, ...],
    table: str | None,
    origin: str | None,
    synthetic: bool,
    rejects: Path | None,
    anew: bool,
    forget: bool,
    as_json: bool,
) -> None:
    """Take files or folders of files into the store.

    \b
    openalex-institutions  the snapshot's institutions, JSON lines (.gz) or
                           Parquet; take these in before works
    openalex               the snapshot's works, the same
    ror                    a release, .json or .zip (schema 2)
    patentsview            a folder with g_patent.tsv, g_location_disambiguated
                           .tsv and g_inventor_disambiguated.tsv (or .tsv.zip)
    gleif                  the golden copy's level 1 as CSV (or .zip)
    table                  any table of the store, CSV, TSV or Parquet with its
                           columns; see docs/measuring.md

    A file that was taken in before is passed over by its content, so an intake that was cut goes on where it stopped.
    The outcome says how many rows were rejected and how many could not be placed, and why. Places come from the files'
    coordinates, or from names by a gazetteer that is part of the installation: nothing is asked of the network.
    """
    from headwater.site.cli import with_django

    with_django()
    from headwater.observatory import queries
    from headwater.observatory.intake.base import IntakeError, take_in
    from headwater.observatory.store import Store, StoreError

    store = Store(queries.root())
    if forget:
        for path in paths:
            click.echo(f"{path.name}: {store.forget(path.name)} parts forgotten.")
            (store.root / "intake" / f"{path.name}.json").unlink(missing_ok=True)
        return
    try:
        cities = queries.snapshot().cities
    except queries.NoRegionError:
        cities = ()
        click.echo("No region is loaded: no address will be in a city of the record.", err=True)
    try:
        job = _job(source, paths, table, origin, cities, store, synthetic=synthetic)
        outcome = take_in(store, job, rejects=rejects, progress=_progress(), anew=anew)
    except (IntakeError, StoreError) as problem:
        raise Unusable(str(problem)) from problem
    if as_json:
        click.echo(json.dumps(vars(outcome), ensure_ascii=False, indent=1))
    else:
        click.echo("\n".join(_lines(outcome, rejects)))
        if source == "openalex" and outcome.skipped_files:
            click.echo(
                "Files passed over keep the places they had. If institutions were taken in since, place their works "
                "anew: add --anew."
            )


def _job(
    source: str,
    paths: tuple[Path, ...],
    table: str | None,
    origin: str | None,
    cities: Any,
    store: Store,
    *,
    synthetic: bool,
) -> Job:
    from headwater.observatory.intake import openalex, plain, registers
    from headwater.observatory.intake.base import Job

    if (table is not None) != (source == "table"):
        raise click.UsageError("--table NAME goes with the source table, and only with it.")
    if source == "patentsview":
        if len(paths) != 1 or not paths[0].is_dir():
            raise Unusable("Give the folder that holds PatentsView's tables.")
        files = [registers.patentsview_folder(paths[0])[registers.INVENTORS]]
        reader, tables = registers.patentsview(paths[0], cities), ("documents", "addresses")
        return Job(origin or source, files, reader, tables, synthetic)
    files = _files(paths, ENDINGS[source])
    if source == "openalex":
        known = openalex.known_institutions(store)
        if not known:
            click.echo("No institutions were taken in yet, so no work can be placed.", err=True)
        return Job(origin or openalex.ORIGIN_WORKS, files, openalex.works(known), ("documents", "addresses"), synthetic)
    if source == "openalex-institutions":
        return Job(origin or source, files, openalex.institutions(cities), ("institutions",), synthetic)
    if source == "ror":
        return Job(origin or source, files, registers.ror(cities), ("institutions",), synthetic)
    if source == "gleif":
        return Job(origin or source, files, registers.gleif(cities), ("firms",), synthetic)
    assert table is not None
    return Job(origin or f"table-{table}", files, plain.table(table, cities), (table,), synthetic)


def _files(paths: tuple[Path, ...], endings: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.is_file() and one.suffix in endings)
            if not inside:
                raise Unusable(f"{path} holds no file that ends in {', '.join(endings)}.")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise Unusable(f"{path} is no file and no folder. Check the path.")
    return found


def _progress() -> Any:
    import sys

    from tqdm import tqdm

    bar: tqdm[Any] = tqdm(disable=not sys.stderr.isatty(), unit="file")

    def show(name: str, done: int, of: int) -> None:
        bar.total = of
        bar.set_description(name)
        bar.update(done - bar.n)
        if done == of:
            bar.close()

    return show


def _lines(outcome: Outcome, rejects: Path | None) -> list[str]:
    rows = ", ".join(f"{number:,} {table}" for table, number in outcome.rows.items()) or "nothing"
    lines = [
        f"{outcome.origin}: {outcome.files} files read, {outcome.skipped_files} passed over; {rows}.",
        f"{outcome.read:,} rows read, {outcome.rejected:,} rejected"
        + (f"; see {rejects}." if rejects is not None and outcome.rejected else "."),
    ]
    if outcome.placed or outcome.unplaced:
        whole = outcome.placed + outcome.unplaced
        lines.append(f"Placed: {outcome.placed:,} of {whole:,} ({outcome.placed / whole:.1%}).")
    lines += [
        f"  without a place: {number:,}, {why}"
        for why, number in sorted(outcome.reasons.items(), key=lambda one: (-one[1], one[0]))[:20]
    ]
    return lines
