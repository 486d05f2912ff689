"""`headwater worker`: the background worker in the foreground."""

from __future__ import annotations

import click


@click.command()
@click.option("--concurrency", default=1, show_default=True, type=click.IntRange(1, 64), help="Jobs at the same time.")
@click.option("--patience", default=30, show_default=True, help="Seconds that a running job gets when told to end.")
@click.option("--once", is_flag=True, help="End when the queue is empty.")
def command(concurrency: int, patience: int, once: bool) -> None:
    """Run the queued jobs: mails, imports, exports, everything that a page does not wait for.

    Any number of workers may run. A job whose worker was killed is queued again after half a minute.
    """
    from headwater.site import jobs
    from headwater.site.cli import with_django
    from headwater.site.embedded import EmbeddedError

    try:
        with_django()
    except EmbeddedError as error:
        raise click.ClickException(str(error)) from error
    jobs.run(concurrency=concurrency, patience_s=patience, once=once)


if __name__ == "__main__":
    command()
