"""Work of booking that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from headwater.booking.actions.interlocks import deliver
from headwater.booking.actions.training import warn_of_expiry
from headwater.booking.actions.using import forget_answers, settle

# A device that is off for a weekend is told on Monday: 10, 20, 30 … seconds between the tries.
PATIENT = RetryStrategy(max_attempts=200, linear_wait=10)


@app.task(name="booking.deliver_signals", queue="interlocks", retry=PATIENT)
def deliver_signals(*, interlock_id: int) -> None:
    """Tell one interlock what it does not know yet, oldest first."""
    deliver(interlock_id, at=timezone.now())


@app.periodic(cron="* * * * *")
@app.task(name="booking.settle", queue="booking", queueing_lock="booking.settle")
def settle_due(timestamp: int) -> None:  # noqa: ARG001  the scheduler gives it
    """Each minute: end holds nobody took, and settle what nobody stopped, took up or approved."""
    settle(at=timezone.now())


@app.periodic(cron="17 3 * * *")
@app.task(name="booking.nightly", queue="booking", queueing_lock="booking.nightly")
def nightly(timestamp: int) -> None:  # noqa: ARG001
    """Each night: warn of qualifications that end soon; forget answers that no request repeats any more."""
    warn_of_expiry(at=timezone.now())
    forget_answers(at=timezone.now())
