"""Work of accounts that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from headwater.accounts.actions.notices import mail_notice

# A mail server that is down for a day loses nothing: 1, 2, 3 … minutes between some fifty tries.
PATIENT = RetryStrategy(max_attempts=50, linear_wait=60)


@app.task(name="accounts.send_mail", queue="mails", retry=PATIENT)
def send_mail(*, notice_id: int) -> None:
    """Send one notice's mail. Run again after a crash it sends what is still due, and nothing else."""
    mail_notice(notice_id, at=timezone.now())
