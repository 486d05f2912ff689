"""The background worker: runs the queued jobs, and queues again those of a worker that was killed."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress

LOG = logging.getLogger("headwater.worker")
# A worker says every 10 s that it lives; one that is silent for this long is dead.
SILENT_S = 30


def run(*, concurrency: int, patience_s: float, once: bool = False) -> None:
    """Work until told to end; with ``once`` until the queue is empty. Django must be set up.

    Told to end, it takes no more jobs and gives a running one ``patience_s`` seconds.
    """
    from procrastinate.contrib.django import app

    async def work() -> None:
        async with app.open_async():
            rescuing = asyncio.create_task(_rescue())
            try:
                await app.run_worker_async(
                    name="headwater",
                    concurrency=concurrency,
                    wait=not once,
                    shutdown_graceful_timeout=patience_s,
                    delete_jobs="successful",
                )
            finally:
                rescuing.cancel()
                with suppress(asyncio.CancelledError):
                    await rescuing

    async def _rescue() -> None:
        while True:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=SILENT_S):
                LOG.warning("Job %s (%s) was left by a dead worker; it is queued again.", job.id, job.task_name)
                await app.job_manager.retry_job(job)
            await asyncio.sleep(SILENT_S)

    with app.replace_connector(app.connector.get_worker_connector()):  # type: ignore[attr-defined]
        asyncio.run(work())
