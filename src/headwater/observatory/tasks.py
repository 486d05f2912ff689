"""Work of the observatory that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.observatory.actions import carry_out, snapshot_now


@app.task(name="observatory.carry_out_run", queue="observatory", lock="observatory.runs")
def carry_out_run(*, public_id: str) -> None:
    """Make a world, find clusters or write a report, one at a time. After a crash it begins anew."""
    carry_out(public_id, at=timezone.now())


@app.periodic(cron="37 18 * * *")  # a little after half past two in the morning in China
@app.task(name="observatory.snapshot", queue="observatory", lock="observatory.runs")
def nightly_snapshot(timestamp: int) -> None:  # noqa: ARG001  the scheduler gives it
    """Each night: the platform's own records to the store, so that figures are of yesterday at the latest."""
    snapshot_now(at=timezone.now())
