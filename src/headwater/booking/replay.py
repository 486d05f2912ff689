"""What a change of rules would have done to what was booked: the same rules on the same facts, before it is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from headwater.booking import queries, rules
from headwater.booking.facts import asker_of, quotas_within
from headwater.booking.hours import HoursError, read_hours
from headwater.booking.models import Reservation
from headwater.booking.policies import NEVER, InForce, blocked
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.engines import intervals
from headwater.registry.models import Instrument
from headwater.registry.rules import Viewer

DAYS = 31


@dataclass(frozen=True, slots=True)
class Replay:
    """How many bookings there were, which the rules would have refused and why, and how many wait for approval."""

    days: int
    bookings: int
    refused: tuple[tuple[Reservation, Decision], ...]
    awaiting_approval: int
    reasons: Mapping[str, int]


def rules_of(draft: object, instrument: Instrument) -> InForce:
    """A draft's rules as if they were in force. Raises `Refused` where its hours can't be read."""
    week, peak, closed = draft.week, draft.peak, draft.closed_days  # type: ignore[attr-defined]
    try:
        hours = read_hours(week, closed)
        busy = read_hours(peak) if peak else NEVER
    except (HoursError, TypeError, ValueError) as error:
        facts = {"value": str(getattr(error, "value", error))}
        raise Refused(Decision((Reason("policy.hours_unreadable", facts=facts),))) from error
    return InForce(None, draft.terms, hours, queries.zone_of(instrument), None, busy)  # type: ignore[attr-defined]


def replayed(draft: object, viewer: Viewer, *, at: datetime) -> Replay:
    """Last month's bookings of an instrument, each decided anew by the draft's rules as it was when it was made.

    Those that the rules let through count against the quotas of later ones, as they would have. A fixed number of
    queries, however many bookings there were.
    """
    from headwater.booking.actions.reserving import found_instrument

    instrument = found_instrument(draft.instrument, viewer)  # type: ignore[attr-defined]
    asker = asker_of(viewer, instrument.owner_id)
    held = rules_of(draft, instrument)
    permit(rules.may_set_policy(rules.PolicyFacts(asker, held.terms, (), at), now=at))
    rows = list(queries.booked_between(instrument.pk, at - timedelta(days=DAYS), at))
    kinds = queries.kinds_of({row.holder_id for row in rows if row.holder_id}, instrument.owner_id)
    trained = queries.trained_for(instrument.pk)
    kept: list[Reservation] = []
    refused, awaiting = [], 0
    reasons: Counter[str] = Counter()
    for row in rows:
        decision = rules.may_book(_facts(row, held, kept, kinds, trained), now=row.created_at)
        if decision.allowed():
            kept.append(row)
            awaiting += "booking.needs_approval" in decision.codes
        else:
            refused.append((row, decision))
            reasons.update({one.code for one in decision.reasons if not Decision((one,)).allowed()})
    return Replay(DAYS, len(rows), tuple(refused), awaiting, dict(reasons))


def _facts(
    row: Reservation,
    held: InForce,
    kept: list[Reservation],
    kinds: Mapping[int, str],
    trained: Mapping[int, tuple[datetime, datetime | None]],
) -> rules.BookFacts:
    terms, (first, last) = held.terms, blocked(row.start, row.end, held.terms)
    spans = [(one.kind, *blocked(one.start, one.end, terms)) for one in kept]
    standing = [rules.Standing(kind, begins, ends) for kind, begins, ends in spans if begins < last and ends > first]
    length = int((row.end - row.start).total_seconds())
    kind = kinds.get(row.holder_id or 0, "outside")
    granted = trained.get(row.holder_id or 0)
    live = granted is not None and granted[0] <= row.created_at
    return rules.BookFacts(
        asker=rules.Asker(signed_in=True, may_write=True, manages=False, kind=kind),
        holder_kind=kind,
        for_other=False,
        access="booking",
        status="operating",
        start=row.start,
        end=row.end,
        zone=held.zone,
        terms=terms,
        closed_minutes=-(-(length - intervals.total(held.opened(row.start, row.end))) // 60),
        standing=tuple(standing),
        quotas=quotas_within(
            [((one.start, one.end), one.holder_id, one.organisation_id) for one in kept],
            held,
            row.start,
            row.end,
            row.holder_id,
            row.organisation_id,
        ),
        qualified=live,
        qualified_until=granted[1] if granted is not None and live else None,
    )
