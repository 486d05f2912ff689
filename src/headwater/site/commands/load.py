"""`headwater load`: load a region's facts into the record."""

from __future__ import annotations

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
