"""Work of the catalogue that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.catalogue.actions.saved import look_again


@app.periodic(cron="*/10 * * * *")
@app.task(name="catalogue.look_again", queue="notices", lock="catalogue.look_again", queueing_lock="catalogue.look_again")
def look_for_new_fits(timestamp: int) -> None:
    """Tell the keepers of saved searches what newly fits. Run again after a crash it tells nobody twice."""
    look_again(at=timezone.now())
