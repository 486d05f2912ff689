"""The writers of a call's pools: shares of the shifts it grants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.useroffice import queries, rules
from headwater.useroffice.actions.steps import locked_call
from headwater.useroffice.models import Pool


@dataclass(frozen=True, slots=True)
class PoolDraft:
    """A pool as the office wants it. ``funder`` is its public id or a name; no ``beamlines``: everywhere."""

    code: str
    name_zh: str
    name_en: str
    rule: str
    funder: str = ""
    beamlines: Sequence[str] = ()
    min_share: Decimal | None = None
    max_share: Decimal | None = None
    min_shifts: int | None = None
    max_shifts: int | None = None


@transaction.atomic
def set_pool(public_id: str, draft: PoolDraft, desk: rules.Desk, *, by: Actor, at: datetime) -> Pool:
    """Set a pool of a call, found again by its code."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    funder = queries.organisation_named(draft.funder)
    shares = tuple(None if one is None else float(one) for one in (draft.min_share, draft.max_share))
    decision = rules.may_set_pool(
        rules.PoolFacts(draft.rule, funder is not None, (shares[0], shares[1]), (draft.min_shifts, draft.max_shifts))
    )
    permit(decision)
    values = {
        "name_zh": draft.name_zh or draft.code,
        "name_en": draft.name_en or draft.code,
        "rule": draft.rule,
        "funder": funder,
        "min_share": draft.min_share,
        "max_share": draft.max_share,
        "min_shifts": draft.min_shifts,
        "max_shifts": draft.max_shifts,
    }
    pool, _new = Pool.objects.update_or_create(call=call, code=draft.code[:20], defaults=values)
    pool.beamlines.set(call.beamlines.filter(public_id__in=draft.beamlines))
    record(Act("pool.set", call.public_id, {"pool": [None, pool.code]}, decision), by=by, at=at)
    return pool


@transaction.atomic
def drop_pool(public_id: str, code: str, desk: rules.Desk, *, by: Actor, at: datetime) -> None:
    """Take a pool away; what was published under it stays."""
    call = locked_call(public_id)
    permit(rules.may_manage_calls(call.facility_id, desk))
    held = call.pools.filter(code=code).first()
    if held is None:
        raise Refused(Decision((Reason("pool.not_found"),)))
    held.delete()
    record(Act("pool.dropped", call.public_id, {"pool": [code, None]}), by=by, at=at)
