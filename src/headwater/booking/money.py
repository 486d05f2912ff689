"""The money of the calendar: what a reservation costs is reserved, charged and given back with it.

`support` knows orders by a public id alone; here each reservation's id becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.accounts.models import User
from headwater.booking.hooks import Listener, Taken
from headwater.booking.models import Qualification
from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money as Amount, MoneyError
from headwater.engines.terms import late_fee
from headwater.registry.models import Instrument, Organisation
from headwater.registry.rules import Viewer
from headwater.support.actions.orders import hold_accounts, place_order
from headwater.support.actions.usage import Usage, release_order, use_order
from headwater.support.book import home_currency, rates_of
from headwater.support.entry import entry_decision
from headwater.support.facts import order_decision, party_of, quote_for, zone_of
from headwater.support.models import Order, OrderState
from headwater.support.quotes import OrderWanted, Quoted
from headwater.support.recognition import recognised
from headwater.support.standing import Asked, asked_of

PAID_KINDS = frozenset({"booking", "beamtime"})
WALK_IN = "use"
MOST_DIGITS = 5


def organisation_of(viewer: Viewer, owner_id: int) -> int | None:
    """The organisation somebody books for, as the calendar takes it."""
    from headwater.booking.facts import organisation_of as chosen  # that module hears of listeners, and this is one

    return chosen(viewer, owner_id)


def _organisation(key: int | None) -> Organisation | None:
    rows = Organisation.objects.select_related("city__jurisdiction", "registration", "source")
    return None if key is None else rows.get(pk=key)


def _parties(taken: Taken) -> tuple[Instrument, Organisation | None]:
    """The instrument and who pays for it, looked up once for whoever keeps the memo, and once for a whole series."""
    known: Any = taken.memo.setdefault("parties", {})
    key = taken.instrument_id, taken.organisation_id
    if key not in known:
        instrument = Instrument.objects.select_related(
            "owner__city__jurisdiction", "city__jurisdiction", "class_code", "source"
        ).get(pk=taken.instrument_id)
        known[key] = instrument, _organisation(taken.organisation_id)
    return known[key]


def _has_rates(taken: Taken) -> bool:
    """Whether time on the instrument has a price at all: one query for those that have none."""
    return _asked(taken).priced


def _asked(taken: Taken) -> Asked:
    """What stands before the time, asked once for whoever keeps the memo."""
    known = taken.memo.get("asked")
    if not isinstance(known, Asked):
        known = taken.memo["asked"] = asked_of(taken.owner_id, taken.instrument_id, taken.start)
    return known


def _wanted(taken: Taken) -> OrderWanted:
    """The reservation as an order; its ``terms`` may name samples, setups, purpose and schemes (with commas)."""
    instrument, organisation = _parties(taken)
    terms = taken.terms
    schemes = [one.strip() for one in str(terms.get("schemes") or "").split(",") if one.strip()]
    wanted = OrderWanted(
        provider=instrument.owner,
        instrument=instrument,
        organisation=organisation,
        day=taken.start.date(),
        starts=taken.start,
        ends=taken.end,
        samples=_count(terms.get("samples")),
        setups=_count(terms.get("setups")),
        purpose=str(terms.get("purpose") or ""),
        schemes=tuple(schemes) or None,
    )
    return replace(wanted, day=taken.start.astimezone(zone_of(wanted)).date())


def _count(value: object) -> int:
    text = str(value or "")
    return int(text) if text.isdigit() and len(text) <= MOST_DIGITS else 0


def _expected(taken: Taken) -> int | None:
    """What the user was told she pays now, in minor units, where the booking's ``terms`` say so (``expected``)."""
    text = str(taken.terms.get("expected") or "")
    try:
        return Amount.parse(text, home_currency()).minor if text else None
    except MoneyError as error:
        raise Refused(Decision((Reason("amount.unreadable", facts={"value": text[:60]}),))) from error


def shown_quote(
    instrument: Instrument, viewer: Viewer, start: datetime, end: datetime, terms: Mapping[str, object]
) -> Quoted | None:
    """What time would cost whoever looks, for the page; None where nobody has published a price."""
    organisation = organisation_of(viewer, instrument.owner_id)
    asked = Taken(
        *(None, "", "booking", "requested", instrument.pk, instrument.owner_id, viewer.user_id, organisation),
        *(start, end, "", "", terms),
    )
    return quote_for(_wanted(asked)) if start < end and _has_rates(asked) else None


def order_of(public_id: str) -> Order | None:
    """The order of a reservation: the one in force, else the last."""
    found: Order | None = Order.objects.filter(subject=public_id).select_related("rate_table").order_by("-pk").first()
    return found


def fee_of(order: Order | None, start: datetime, *, at: datetime) -> int:
    """What giving up the order's time at ``at`` would cost its holder by the owner's rates, in minor units."""
    if order is None or order.state != OrderState.RESERVED or order.rate_table is None:
        return 0
    hours = max(Decimal(0), Decimal((start - at).total_seconds()) / 3600)
    return late_fee(rates_of(order.rate_table), order.gross_minor, hours)


class Money(Listener):
    """Reserves, charges and gives back money in the calendar's own transactions."""

    def may_reserve(self, asked: Taken, *, at: datetime) -> Decision:
        """What the owner asks of people first, and what a quote says against the booking: a price that is missing or
        has changed, a scheme that does not pay."""
        first = _asked(asked)
        entry = _entry(asked, first)
        if not first.priced:
            return entry
        quoted = quote_for(_wanted(asked))
        found = quoted.decision + order_decision(quoted, _expected(asked))
        return entry + Decision(tuple(one for one in found.reasons if not Decision((one,)).allowed()))

    def may_start(self, asked: Taken, *, at: datetime) -> Decision:
        """Whoever begins must still have what the owner asks; without a reservation she is told there and then where
        her time would have no price."""
        if asked.kind == WALK_IN:
            return self.may_reserve(asked, at=at)
        return _entry(asked, asked_of(asked.owner_id, asked.instrument_id, at))

    def expected(self, coming: Sequence[Taken], going: Sequence[str], *, at: datetime) -> None:
        hold_accounts([_wanted(one) for one in coming if one.kind in PAID_KINDS and _has_rates(one)], going)

    def reserved(self, taken: Taken, *, by: Actor, at: datetime) -> None:
        if taken.kind not in PAID_KINDS or taken.holder_id is None or not _has_rates(taken):
            return
        holder = User.objects.get(pk=taken.holder_id)
        place_order(
            _wanted(taken),
            party_of(holder),
            subject=taken.public_id,
            expected_minor=_expected(taken),
            holder=holder,
            by=by,
            at=at,
        )

    def changed(self, before: Taken, after: Taken, *, by: Actor, at: datetime) -> None:
        """A changed reservation is quoted anew: its order is released and another takes its place."""
        same = ("start", "end", "holder_id", "organisation_id", "kind", "instrument_id", "terms")
        if all(getattr(before, name) == getattr(after, name) for name in same):
            return
        if Order.objects.filter(subject=after.public_id, state="reserved").exists():
            self.expected((after,), (after.public_id,), at=at)
            # Whoever moves her time away altogether gives it up: else a late cancellation would be a move to next year.
            away = after.start >= before.end or after.end <= before.start or after.instrument_id != before.instrument_id
            given_up = away and before.state == "confirmed" and by.user is not None and by.user.pk == before.holder_id
            hours = _hours_before(before, at) if given_up else None
            release_order(after.public_id, hours_before=hours, by=by, at=at)
        self.reserved(after, by=by, at=at)

    def used(self, taken: Taken, started_at: datetime, stopped_at: datetime, *, by: Actor, at: datetime) -> None:
        if Order.objects.filter(subject=taken.public_id, state="reserved").exists():
            terms = taken.terms
            usage = Usage(
                started_at,
                stopped_at,
                samples=_count(terms.get("samples")),
                setups=_count(terms.get("setups")),
            )
            use_order(taken.public_id, usage, by=by, at=at)

    def walked_in(self, taken: Taken, *, by: Actor, at: datetime) -> None:
        """Use without a reservation is ordered and charged at once. What can't be charged stays used: the trail says
        why, and the owner settles it by hand."""
        if taken.holder_id is None or taken.start >= taken.end or not _has_rates(taken):
            return
        holder = User.objects.get(pk=taken.holder_id)
        try:
            with transaction.atomic():
                wanted, party = _wanted(taken), party_of(holder)
                place_order(wanted, party, subject=taken.public_id, holder=holder, by=by, at=at)
                use_order(taken.public_id, Usage(taken.start, taken.end), by=by, at=at)
        except Refused as refused:
            record(Act("use.not_charged", taken.public_id, {}, refused.decision), by=by, at=at)

    def released(self, taken: Taken, *, given_up: bool, missed: bool, by: Actor, at: datetime) -> None:
        """What its holder gives up late, or never takes up, costs what the owner's rates say; nothing else costs."""
        if not Order.objects.filter(subject=taken.public_id, state="reserved").exists():
            return
        hours = Decimal(-1) if missed else _hours_before(taken, at) if given_up else None
        release_order(taken.public_id, hours_before=hours, by=by, at=at)

    def recognised(self, user_id: int, instrument_id: int, *, at: datetime) -> tuple[bool, datetime | None]:
        """A living qualification for an instrument of the same technique counts where a verified rule says so."""
        rows = Qualification.objects.filter(user_id=user_id, revoked_at=None).exclude(instrument_id=instrument_id)
        living = [one for one in rows.select_related("instrument__city__jurisdiction") if _lives(one, at)]
        if not living:
            return False, None
        instrument = Instrument.objects.select_related("city__jurisdiction").get(pk=instrument_id)
        wanted = set(instrument.techniques.values_list("code", flat=True))
        for one in living:
            for code in sorted(wanted & set(one.instrument.techniques.values_list("code", flat=True))):
                found = recognised(
                    "qualification",
                    code,
                    granted_in=one.instrument.city.jurisdiction.code,
                    wanted_in=instrument.city.jurisdiction.code,
                    day=at.date(),
                )
                if found.allowed():
                    return True, one.expires_at
        return False, None


def _entry(taken: Taken, first: Asked) -> Decision:
    return entry_decision(first.wanted, taken.instrument_id, taken.holder_id, taken.organisation_id, first.day)


def _hours_before(taken: Taken, at: datetime) -> Decimal:
    """How long before its start time is given up; never less than nothing, which means that nobody came."""
    return max(Decimal(0), Decimal((taken.start - at).total_seconds()) / 3600)


def _lives(one: Qualification, at: datetime) -> bool:
    return one.expires_at is None or one.expires_at > at
