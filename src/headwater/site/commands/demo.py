"""`headwater demo`: everything on one's own machine by one command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from headwater.site.demo import Heed
    from headwater.site.demo_people import DemoPerson
    from headwater.site.environment import Environment


@click.command()
@click.option(
    "--check", is_flag=True, help="Do the main job step by step without a screen, say what was seen, and end."
)
@click.option(
    "--port", type=click.IntRange(1, 65535), default=None, help="The first port to try.  [default: HEADWATER_BIND's]"
)
def command(check: bool, port: int | None) -> None:
    """Start the database, load the region, serve it, and print the address and the sign-ins.

    The first start takes a minute or two, later ones seconds. Ctrl-C stops everything that it started. The data stays
    in HEADWATER_HOME; delete that folder to begin anew.
    """
    from headwater.registry.regionfiles import RegionError
    from headwater.site import demo, environment
    from headwater.site.embedded import EmbeddedError
    from headwater.site.supervisor import SupervisorError

    found = environment.read()
    if problems := found.problems():
        raise click.ClickException(str(environment.UnsafeSettings(problems)))
    if found.production:
        raise click.ClickException("HEADWATER_MODE is production; the demo makes sign-ins that everybody can read.")
    ended = 0
    try:
        with demo.Heed() as heed:
            ended = _check(found, port, heed) if check else _run(found, port, heed)
    except demo.Stopped:
        click.echo("Stopped." if not check else "Stopped before the check was done.")
        ended = 1 if check else 0
    except (EmbeddedError, SupervisorError, RegionError) as error:
        raise click.ClickException(str(error)) from error
    sys.exit(ended)


def _run(found: Environment, port: int | None, heed: Heed) -> int:
    from headwater.site import demo

    with demo.running(found, click.echo, heed, port=port) as (address, children):
        people = demo.people()
        click.echo(f"\nHeadwater answers at {address}\n")
        _show(people)
        click.echo("\nCtrl-C stops everything.")
        demo.watch(children)
    return 0


def _check(found: Environment, port: int | None, heed: Heed) -> int:
    from headwater.site import demo, embedded, supervisor
    from headwater.site.check import main as check_all

    def go(address: str) -> int:
        return int(check_all(address, demo.people(), click.echo))

    address = supervisor.running_address(found.home)
    if address:
        click.echo(f"Using the demo that runs at {address}.")
        if not found["DATABASE_URL"]:
            with embedded.use(found.home):
                demo.setup()
                return go(address)
        demo.setup()
        return go(address)
    with demo.running(found, click.echo, heed, port=port) as (address, _children):
        return go(address)


def _show(people: list[DemoPerson]) -> None:
    rows = [("Role", "Email", "Password"), *((one.role, one.email, one.password) for one in people)]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        click.echo("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    command()
