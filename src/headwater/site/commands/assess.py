"""`headwater assess`: the annual assessment of a managing unit."""

from __future__ import annotations

import json

import click

from headwater.site.cli import with_django


@click.command()
@click.argument("owner")
@click.argument("year", type=click.IntRange(2000, 2100))
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with every figure it rests on.")
def command(owner: str, year: int, as_json: bool) -> None:
    """Assess OWNER (public id, ROR id, credit code or exact name) for YEAR by every formula of its jurisdiction.

    Figures are counted from the record's instruments and service records; formulas are data, and say whether they are
    verified.
    """
    with_django()
    from headwater.accounts.words import sentences
    from headwater.core.decision import Refused
    from headwater.registry.facts import Lookups
    from headwater.registry.models import Organisation
    from headwater.support.assessment import assess_unit

    place = Lookups().organisation(owner)
    if place is None:
        raise click.UsageError(
            f"No organisation is known as {owner!r}. Give its public id, ROR id, credit code or exact name."
        )
    unit = Organisation.objects.select_related("city__jurisdiction").get(pk=place.pk)
    try:
        found = [one.as_json() for one in assess_unit(unit, year)]
    except Refused as refused:
        raise click.UsageError(" ".join(sentences(refused.decision))) from refused
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return
    for one in found:
        mark = "" if one["verified"] else " (unverified formula)"
        click.echo(f"{one['formula']} {one['version']}{mark}: {one['points']} of 100, {one['grade']}")
        click.echo(f"  {one['instruments']} instruments, {one['records']} records")
        for part in one["parts"]:
            over = f" / {part['over']}" if part["over"] else ""
            value = "-" if part["value"] is None else part["value"]
            click.echo(f"  {part['points']:>7} of {part['weight']:<5} {part['measure']}{over} = {value}")
