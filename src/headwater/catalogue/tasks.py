"""Work of the catalogue that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.catalogue.actions.saved import look_again

ONE = "catalogue.look_again"  # one at a time, and one waiting


@app.periodic(cron="*/10 * * * *")
@app.task(name="catalogue.look_again", queue="notices", lock=ONE, queueing_lock=ONE)
def look_for_new_fits(timestamp: int) -> None:  # noqa: ARG001 — procrastinate gives it
    """Tell the keepers of saved searches what newly fits. Run again after a crash it tells nobody twice."""
    look_again(at=timezone.now())
