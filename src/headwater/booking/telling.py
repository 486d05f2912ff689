"""What a notice of booking says of a reservation; the words are in `wording`."""

from __future__ import annotations

from datetime import datetime

from headwater.booking.models import Reservation
from headwater.registry.models import Instrument


def instant(at: datetime, instrument: Instrument) -> dict[str, str]:
    """An instant on the instrument's clocks, as notices keep it."""
    return {"at": at.isoformat(), "zone": instrument.city.timezone}


def name_of(instrument: Instrument) -> dict[str, str]:
    return {"zh": instrument.name_zh, "en": instrument.name_en}


def facts_of(row: Reservation, instrument: Instrument) -> dict[str, object]:
    """The facts that every notice of a reservation may name."""
    return {
        "instrument": name_of(instrument),
        "start": instant(row.start, instrument),
        "end": instant(row.end, instrument),
        "reservation": row.public_id,
    }


def path_of(row: Reservation) -> str:
    return f"/bookings/{row.public_id}/"
