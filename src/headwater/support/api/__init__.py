"""The JSON API of terms and money: quotes, orders, claims; officers; owners; what is asked first."""

from ninja import Router

from headwater.support.api import entry, offices, orders, owners

router = Router(tags=["support"])
router.add_router("", orders.router)
router.add_router("", offices.router)
router.add_router("", owners.router)
router.add_router("", entry.router)
