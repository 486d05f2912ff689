"""Gathers what the observatory's rules need to know."""

from __future__ import annotations

from headwater.observatory.queries import open_runs_of
from headwater.observatory.rules import AskerFacts
from headwater.registry.rules import Viewer

ANALYST = "analyst"


def asker_facts(viewer: Viewer) -> AskerFacts:
    return AskerFacts(
        viewer.signed_in,
        viewer.operator or ANALYST in viewer.roles,
        viewer.may_write,
        open_runs_of(viewer.user_id) if viewer.user_id is not None else 0,
    )
