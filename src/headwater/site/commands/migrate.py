"""`headwater migrate`: bring the database and the static files to this version."""

from __future__ import annotations

import click


@click.command()
def command() -> None:
    """Bring the database and the collected static files to this version. Run it after each upgrade, before `serve`."""
    from headwater.site import assets, demo
    from headwater.site.cli import with_django
    from headwater.site.embedded import EmbeddedError

    try:
        with_django()
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from error
    if not demo.migrate(click.echo):
        click.echo("The database is up to date.")
    from headwater.catalogue.actions.index import bring_up_to_date

    if made := bring_up_to_date():
        click.echo(f"Put {made:,} instruments into the index anew.")
    click.echo("Collected the static files." if assets.collect() else "The static files are up to date.")
