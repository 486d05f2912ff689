"""`headwater collectstatic`: the static files alone, as an image's build needs them."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Collect and compress the static files into HEADWATER_HOME/static. Needs no database."""
    from headwater.site import assets, demo

    demo.setup()
    click.echo("Collected the static files." if assets.collect() else "The static files are up to date.")
