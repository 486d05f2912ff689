"""`headwater load`: load a region's facts into the record."""

from __future__ import annotations

from pathlib import Path

import click

from headwater.site.cli import with_django


@click.group()
def command() -> None:
    """Load facts into the record."""


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
