"""``headwater snapshot``: the platform's own records into the store, now instead of tonight."""

from __future__ import annotations

import json

import click


class Unusable(click.ClickException):
    """Nothing to take: one sentence, exit code 2."""

    exit_code = 2


@click.command("snapshot", short_help="The platform's own records into the store of the figures.")
@click.option("--json", "as_json", is_flag=True, help="Print what was taken as JSON.")
def command(as_json: bool) -> None:
    """Take projects, uses, payments, alliances and challenges from the database into the store of micro-records.

    The worker does it each night; figures of the observatory are computed from what was taken last. Hidden instruments,
    drafts and forming partnerships stay out. Each row keeps the public id of its record.
    """
    from headwater.site.cli import with_django

    with_django()
    from django.utils import timezone

    from headwater.observatory.actions import snapshot_now

    run = snapshot_now(at=timezone.now())
    if run is None:
        raise Unusable("No region is loaded, so there is nothing to measure. Load one with: headwater load yrd")
    if as_json:
        click.echo(json.dumps({"run": run.public_id, **run.result, **run.manifest}, ensure_ascii=False, indent=1))
        return
    for table, tally in run.result["tables"].items():
        click.echo(
            f"{table}: {tally['rows']:,} rows, {tally['synthetic']:,} of them synthetic, "
            f"{tally['unplaced']:,} without a city of the record."
        )
