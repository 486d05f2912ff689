"""`headwater database`: the embedded server by hand."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwater.site.systemfolders import SystemDatabase


@click.group()
def command() -> None:
    """The embedded PostgreSQL server: start, stop, look; list and prune what root's trials left."""


def _plainly(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def run(*args: Any, **kwargs: Any) -> None:
        from headwater.site.embedded import EmbeddedError

        try:
            function(*args, **kwargs)
        except EmbeddedError as error:
            raise click.ClickException(str(error)) from error

    return run


def _home() -> Path:
    from headwater.site import environment

    found = environment.read()
    if found["DATABASE_URL"]:
        raise click.ClickException("DATABASE_URL names a server of your own; this command is about the embedded one.")
    return found.home


@command.command()
@_plainly
def start() -> None:
    """Start the server of HEADWATER_HOME and leave it running until `headwater database stop`."""
    from headwater.site import embedded

    home = _home()
    address = embedded.start(home)
    embedded.keep(home, True)
    click.echo(address)


@command.command()
@_plainly
def stop() -> None:
    """Stop the server of HEADWATER_HOME. Open connections are cut; what was committed stays."""
    from headwater.site import embedded

    home = _home()
    if home.exists():
        embedded.keep(home, False)
    click.echo("Stopped." if embedded.stop(home) else "It was not running.")


@command.command()
@_plainly
def status() -> None:
    """Say whether the server of HEADWATER_HOME runs, and where its files are."""
    from headwater.site import embedded

    home = _home()
    found = embedded.status(home)
    click.echo(f"{'Running' if found.running else 'Stopped'}{f' (process {found.pid})' if found.pid else ''}")
    click.echo(f"Files    {found.folder}")
    click.echo(f"Address  {embedded.url(home)}")


@command.command("list")
@_plainly
def list_() -> None:
    """List the databases that root keeps outside their HEADWATER_HOME, with size and whether that folder is gone."""
    from headwater.site import systemfolders

    found = systemfolders.databases()
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("None.")


@command.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@_plainly
def prune(yes: bool) -> None:
    """Remove the databases whose HEADWATER_HOME is gone. Shows them and asks first."""
    from headwater.site import systemfolders

    gone = [one for one in systemfolders.databases() if one.gone]
    if not gone:
        click.echo("Nothing to remove.")
        return
    for one in gone:
        click.echo(_line(one))
    if yes or click.confirm("Remove these databases for good?"):
        for one in gone:
            systemfolders.remove(one)
        click.echo(f"Removed {len(gone)}.")


def _line(one: SystemDatabase) -> str:
    state = "gone" if one.gone else "in use"
    return f"{one.folder}  {one.size_bytes / 2**20:7.0f} MiB  {state:6}  {one.home}"
