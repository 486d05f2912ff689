"""`headwater serve`: the web server in the foreground."""

from __future__ import annotations

import sys

import click


@click.command()
@click.option("--bind", default=None, metavar="ADDRESS:PORT", help="Where to listen.  [default: HEADWATER_BIND]")
@click.option("--patience", default=30, show_default=True, help="Seconds that running requests get when told to end.")
def command(bind: str | None, patience: int) -> None:
    """Run the web server in the foreground.

    It refuses to start on unsafe settings and names each. Run `headwater migrate` before, and `headwater worker`
    beside it.
    """
    from headwater.site import environment
    from headwater.site.cli import with_django
    from headwater.site.embedded import EmbeddedError

    found = environment.read()
    if problems := found.problems():
        raise click.ClickException(str(environment.UnsafeSettings(problems)))
    try:
        from headwater.site.embedded import prepare_home
        from headwater.site.web import WebServer, share_metrics

        share_metrics(prepare_home(found.home))
        with_django()
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from error
    if found.production and demo_sign_ins():
        raise click.ClickException(
            "This database holds the demo's sign-ins, whose password everybody can read. Give DATABASE_URL a database "
            "that never held a demo, and load the region into it with `headwater load region`."
        )
    sys.argv = sys.argv[:1]  # gunicorn reads what is left there
    WebServer(found, bind or found["HEADWATER_BIND"], patience_s=patience).run()


def demo_sign_ins() -> bool:
    """Whether the database holds somebody who signs in with the demo's password."""
    from django.db.utils import DatabaseError

    from headwater.accounts.queries import demo_users

    try:
        return demo_users().exists()
    except DatabaseError:  # not migrated yet, or not answering: /readyz says so, and the server may start
        return False


if __name__ == "__main__":
    command()
