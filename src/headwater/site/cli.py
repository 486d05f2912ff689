"""The `headwater` command. Each subcommand is a module of `commands`, imported only when it is asked for."""

from __future__ import annotations

import importlib
import os
import pkgutil
from pathlib import Path

import click

from headwater import __version__

COMMANDS = Path(__file__).parent / "commands"


class Lazy(click.Group):
    """Finds subcommands by module name, so that `headwater reach` loads neither Django nor the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(one.name.rstrip("_").replace("_", "-") for one in pkgutil.iter_modules([str(COMMANDS)]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = cmd_name.replace("-", "_")
        for module in (name, f"{name}_"):  # a command named like a word of the language has its module end in _
            if (COMMANDS / f"{module}.py").is_file():
                command: click.Command = importlib.import_module(f"headwater.site.commands.{module}").command
                return command
        return None


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="headwater")
def main() -> None:
    """Headwater: the system a region works on as one laboratory."""


def with_django() -> None:
    """Make Django ready for a command; the database is started where it is the embedded one."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    from headwater.site import embedded, environment

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "headwater.site.settings")
    # One thread of linear algebra a process: there are many processes, and small systems are slower with more.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found = environment.read()
    if problems := found.problems():
        raise click.ClickException(str(environment.UnsafeSettings(problems)))
    try:
        embedded.ensure(found)
        django.setup()
    except (embedded.EmbeddedError, ImproperlyConfigured) as error:
        raise click.ClickException(str(error)) from error
