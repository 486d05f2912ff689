"""`headwater submit`: instruments and service records to national and provincial platforms."""

from __future__ import annotations

import sys
from typing import Any

import click

from headwater.site.cli import with_django


@click.group()
def command() -> None:
    """Report instruments and service records to a platform: nrii, shanghai or zhejiang."""


def _show(batch: Any) -> None:
    from headwater.support.queries import counts_of

    counts = counts_of(batch)
    click.echo(f"{batch.public_id} to {batch.target}: {batch.get_state_display()}")
    for state, count in counts.items():
        click.echo(f"{state:>12} {count:>9,}")


@command.command()
@click.option("--target", required=True, help="nrii, shanghai or zhejiang.")
@click.option("--owner", default="", help="Only this organisation's: public id, ROR id, credit code or exact name.")
@click.option("--synthetic", is_flag=True, help="Take made-up records too: for trying it out.")
def make(target: str, owner: str, synthetic: bool) -> None:
    """Put what the platform does not have yet into a batch, and check it. Prints the batch's id.

    A version of a record goes into one batch only. What does not fit the platform's form stays in the batch with its
    reasons and is not sent. Ends 0, or 3 when something was rejected.
    """
    with_django()
    from django.utils import timezone

    from headwater.accounts.audit import COMMAND
    from headwater.accounts.words import sentences
    from headwater.core.decision import Refused
    from headwater.registry.facts import Lookups
    from headwater.registry.models import Organisation
    from headwater.support.actions.reporting import make_report
    from headwater.support.queries import counts_of

    unit = None
    if owner:
        place = Lookups().organisation(owner)
        if place is None:
            raise click.UsageError(
                f"No organisation is known as {owner!r}. Give its public id, ROR id, credit code or exact name."
            )
        unit = Organisation.objects.get(pk=place.pk)
    try:
        batch = make_report(target, unit, None, synthetic=synthetic, by=COMMAND, at=timezone.now())
    except Refused as refused:
        raise click.UsageError(" ".join(sentences(refused.decision))) from refused
    _show(batch)
    if counts_of(batch)["rejected"]:
        sys.exit(3)


@command.command()
@click.argument("batch")
@click.option("--receiver", required=True, help="The platform's address; a name and password in it are not stored.")
def send(batch: str, receiver: str) -> None:
    """Send BATCH to the platform at --receiver; stopped in the middle, the next call goes on.

    Each answer is written down before the next record goes. Ends 0, 3 when the platform refused records, 2 when it
    can't be reached.
    """
    with_django()
    from django.utils import timezone
    from tqdm import tqdm

    from headwater.accounts.audit import COMMAND
    from headwater.accounts.words import sentences
    from headwater.core.decision import Refused
    from headwater.support.actions.reporting import send_report
    from headwater.support.queries import counts_of

    with tqdm(unit=" records", disable=not sys.stderr.isatty(), leave=False) as bar:
        try:
            sent = send_report(
                batch, receiver, by=COMMAND, clock=timezone.now, progress=lambda done: bar.update(done - bar.n)
            )
        except Refused as refused:
            raise click.UsageError(" ".join(sentences(refused.decision))) from refused
    _show(sent)
    if counts_of(sent)["refused"]:
        sys.exit(3)


@command.command()
@click.argument("batch")
def show(batch: str) -> None:
    """Show BATCH's receipt: what was accepted, refused, rejected here, and why."""
    with_django()
    from headwater.accounts.words import sentences
    from headwater.support.models import ReportBatch
    from headwater.support.queries import faults_of

    found = ReportBatch.objects.filter(public_id=batch).first()
    if found is None:
        raise click.UsageError(f"There is no report {batch!r}.")
    _show(found)
    for one in found.items.filter(state__in=["rejected", "refused"]).order_by("pk")[:50]:
        click.echo(f"{one.record} {one.state} {one.code}: {' '.join(sentences(faults_of(one))) or one.message}")
