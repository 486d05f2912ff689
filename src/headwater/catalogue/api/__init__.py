"""The catalogue's part of the JSON API."""

from ninja import Router

from headwater.catalogue.api import reach, saved, search

router = Router(tags=["catalogue"])
router.add_router("", search.router)
router.add_router("", reach.router)
router.add_router("", saved.router)
