"""Work of the registry that the background worker does."""

from __future__ import annotations

from django.utils import timezone
from procrastinate.contrib.django import app

from headwater.registry.actions.imports import carry_out_queued


@app.task(name="registry.run_import", queue="imports", lock="registry.imports")
def run_import(*, public_id: str, take: bool) -> None:
    """Check a queued import's file, or take it in. Run again after a crash it starts anew: a file is all or nothing."""
    carry_out_queued(public_id, take=take, at=timezone.now())
