"""Work of the observatory that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.observatory.actions import carry_out


@app.task(name="observatory.carry_out_run", queue="observatory", lock="observatory.runs")
def carry_out_run(*, public_id: str) -> None:
    """Make a world, find clusters or write a report, one at a time. After a crash it begins anew."""
    carry_out(public_id, at=timezone.now())
