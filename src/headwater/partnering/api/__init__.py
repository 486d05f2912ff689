"""Partnering's JSON API."""

from ninja import Router

from headwater.partnering.api import challenges, consortia, matching, profiles

router = Router(tags=["partnering"])
for one in (challenges, matching, profiles, consortia):
    router.add_router("", one.router)
