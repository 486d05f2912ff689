"""Work on money that the background worker does by itself."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.support.actions.claims import lapse_claims
from headwater.support.actions.vouchers import lapse_vouchers


@app.periodic(cron="17 18 * * *")  # a little after two in the morning in China
@app.task(name="support.lapse", queue="money", lock="support.lapse", pass_context=False)
def lapse(timestamp: int) -> None:  # noqa: ARG001
    """Let vouchers past their day and claims that were not handed in lapse. Run twice it does nothing more."""
    now = timezone.now()
    lapse_vouchers(at=now)
    lapse_claims(at=now)
