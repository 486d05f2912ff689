"""Reads what people write of months."""

from __future__ import annotations

import re
from datetime import date

from headwater.core.decision import Decision, Reason, Refused

MONTH = re.compile(r"(\d{4})-(\d{2})")


def month_of(text: str) -> date:
    """The first day of a month written as 2026-03; refused in words where it is none."""
    found = MONTH.fullmatch(text.strip())
    try:
        return date(int(found[1]), int(found[2]), 1) if found else date(0, 0, 0)
    except ValueError as error:
        raise Refused(Decision((Reason("settlement.month_unreadable", facts={"value": text[:20]}),))) from error
