"""The user office's JSON API: what the pages do, for programs."""

from headwater.useroffice.api import blocks, calls, forms, judging, plans, proposals, results, setup, shares
from headwater.useroffice.api.shapes import router

__all__ = ["blocks", "calls", "forms", "judging", "plans", "proposals", "results", "router", "setup", "shares"]
