"""The registry's JSON API: reading for everybody, writing for managers."""

from ninja import Router

from headwater.registry.api import instruments, others

router = Router(tags=["registry"])
router.add_router("", instruments.router)
router.add_router("", others.router)
