"""`headwater load`: load a region's facts into the record."""

from __future__ import annotations

from pathlib import Path

import click

from headwater.site.cli import with_django


@click.group()
def command() -> None:
    """Load facts into the record."""


@command.command()
@click.option("--seed", type=int, default=None, help="Make another network up.  [default: the demonstration's]")
@click.option("--timetable", type=click.Path(exists=True), default=None, help="Another timetable for the travel times.")
@click.option("--travel-only", is_flag=True, help="Only the minutes by rail between cities; make nothing up.")
def network(seed: int | None, timetable: str | None, travel_only: bool) -> None:
    """Load what partnering needs: minutes by rail, published consortia, and a made-up network, marked synthetic.

    The network fills the record up to the published 200 universities, 600 companies and 24 consortia. A seed that was
    loaded before changes nothing.
    """
    with_django()
    from pathlib import Path

    from headwater.partnering import loading

    click.echo(f"Minutes by rail from {loading.load_travel(Path(timetable) if timetable else None)}.")
    if not travel_only and not loading.load_demo_network(loading.SEED if seed is None else seed, say=click.echo):
        click.echo("This network was loaded before.")


@command.command()
@click.argument("path")
def region(path: str) -> None:
    """Load the region in the folder PATH, or a shipped one by its code (yrd).

    All of it goes in, or nothing: the files are checked whole first, and every problem is told with its line.
    Loading again updates what changed and deletes nothing.
    """
    with_django()
    from django.utils import timezone
    from tqdm import tqdm

    from headwater.accounts.audit import COMMAND
    from headwater.catalogue.actions.timetables import load_timetable_of
    from headwater.registry import loading
    from headwater.registry.regionfiles import RegionError
    from headwater.timetables.feed import FeedError

    with tqdm(unit="rows", disable=None) as bar:

        def show(step: str, done: int, of: int) -> None:
            bar.set_description(step)
            bar.total, bar.n = of, done
            bar.refresh()

        try:
            loaded = loading.load(path, progress=show)
            rail = load_timetable_of(path, by=COMMAND, at=timezone.now())
        except (RegionError, FeedError) as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Loaded {loaded.name_en or loaded.name_zh} ({loaded.code}).")
    if rail is not None:
        click.echo(f"Loaded its timetable: {rail.title}, {rail.vintage}.")


@command.command()
@click.argument("path", type=click.Path(path_type=Path))
def timetable(path: Path) -> None:
    """Load a railway timetable: a folder with stops.csv and stations.csv, or GTFS as a folder or zip.

    It takes the place of the one before, in pages and API, at once and for all processes. The file is checked whole
    first; a wrong one changes nothing.
    """
    with_django()
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.catalogue.actions.timetables import load_timetable
    from headwater.timetables.feed import FeedError

    try:
        loaded, is_new = load_timetable(path, by=COMMAND, at=timezone.now())
    except FeedError as error:
        raise click.ClickException(str(error)) from error
    if not is_new:
        click.echo("This timetable is the one in force already.")
    else:
        click.echo(f"Loaded {loaded.title or path.name}, {loaded.vintage or 'of no stated vintage'}.")
