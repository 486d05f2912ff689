"""Puts the request's id on every log line."""

from __future__ import annotations

import logging

from headwater.core.context import REQUEST_ID


class RequestIdFilter(logging.Filter):
    """Adds ``request_id``: the running request's, or a dash."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = REQUEST_ID.get() or "-"
        return True
