"""The JSON API of the one calendar."""

from ninja import Router

from headwater.booking.api import bookings, calendars, groups, managing, terminals, using

router = Router(tags=["booking"])
for part in (calendars, bookings, using, terminals, groups, managing):
    router.add_router("", part.router)
