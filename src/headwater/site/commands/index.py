"""`headwater index`: build the search index anew."""

from __future__ import annotations

import click

from headwater.site.cli import with_django


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; say whether the index holds what the record says.")
def command(check: bool) -> None:
    """Build the search index anew, while everybody goes on searching and writing.

    It is never needed in daily work: each write changes the index in its own transaction.
    """
    with_django()
    from tqdm import tqdm

    from headwater.catalogue.actions.index import differences, reindex, repack

    with tqdm(unit="instruments", disable=None) as bar:

        def show(done: int, of: int) -> None:
            bar.total, bar.n = of, done
            bar.refresh()

        if not check:
            made = reindex(progress=show)
            repack()
            click.echo(f"Put {made:,} instruments into the index.")
            return
        wrong = differences(progress=show)
    if wrong:
        raise click.ClickException(f"{len(wrong):,} instruments are out of step with the record: headwater index.")
    click.echo("The index holds what the record says.")
