"""`headwater settle`: settle what jurisdictions owe one another for a month."""

from __future__ import annotations

import json

import click

from headwater.site.cli import with_django


@click.command()
@click.argument("month")
@click.option("--currency", default="", help="Three letters.  [default: the region's]")
@click.option("--json", "as_json", is_flag=True, help="Print the settlement as JSON.")
def command(month: str, currency: str, as_json: bool) -> None:
    """Settle MONTH (such as 2026-03) and everything open from before it.

    What jurisdictions owe one another is netted; the transfers that clear it are printed. A month is settled once, and
    only when it is over. Ends 0 when it was settled, 2 when it can't be.
    """
    with_django()
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.accounts.words import sentences
    from headwater.core.decision import Refused
    from headwater.support.actions.settlement import settle
    from headwater.support.api.shapes import settlement_out
    from headwater.support.book import home_currency
    from headwater.support.queries import settlements
    from headwater.support.reading import month_of

    try:
        made = settle(month_of(month), currency or home_currency(), None, by=COMMAND, at=timezone.now())
    except Refused as refused:
        raise click.UsageError(" ".join(sentences(refused.decision))) from refused
    said = settlement_out(settlements().get(pk=made.pk))
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False, indent=1))
        return
    click.echo(f"{said['id']}: {said['debts']:,} debts of {said['month']} and before, in {said['currency']}")
    for line in said["lines"]:
        click.echo(f"  {line['kind']:<9} {line['debtor']:>8} -> {line['creditor']:<8} {line['amount']:>18}")
