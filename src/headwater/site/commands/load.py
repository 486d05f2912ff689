"""`headwater load`: load a region's facts into the record."""

from __future__ import annotations

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
    from tqdm import tqdm

    from headwater.registry import loading
    from headwater.registry.regionfiles import RegionError

    with tqdm(unit="rows", disable=None) as bar:

        def show(step: str, done: int, of: int) -> None:
            bar.set_description(step)
            bar.total, bar.n = of, done
            bar.refresh()

        try:
            loaded = loading.load(path, progress=show)
        except RegionError as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"Loaded {loaded.name_en or loaded.name_zh} ({loaded.code}).")
