"""Rates as data, and what an order costs by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from headwater.core.decision import Decision, Reason, Weight
from headwater.core.money import Money
from headwater.engines.terms.conditions import TermsError, fault, shown
from headwater.engines.terms.schemes import CURRENCY, _Reader, read_amount, read_share, read_whole

UNITS = ("hour", "shift", "sample", "service", "setup")
USERS = ("any", "internal", "academic", "company", "other")
MOST_LINES = 200
MOST_QUANTITY = 100_000
HOURS = Decimal("0.0001")  # times are counted to a third of a second


@dataclass(frozen=True, slots=True)
class Rate:
    """One price: ``per`` a unit, ``for_`` a kind of user; ``peak`` in its stead in peak hours. Minor units."""

    per: str
    for_: str
    price: int
    peak: int | None = None
    service: str = ""


@dataclass(frozen=True, slots=True)
class Peak:
    """Peak hours: ISO weekdays (1 is Monday), from and to by the instrument's clock."""

    days: frozenset[int]
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class Rates:
    """A table of rates. ``late_cancel`` is the hours before the start from which cancelling costs, and the share."""

    currency: str
    lines: tuple[Rate, ...]
    minimum: int = 0
    shift_hours: Decimal = Decimal(8)
    peak: Peak | None = None
    late_cancel: tuple[int, Decimal] | None = None
    no_show: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, or was used: hours, of them in peak time; samples, services and set-ups by number."""

    user_kind: str
    hours: Decimal = Decimal(0)
    peak_hours: Decimal = Decimal(0)
    samples: int = 0
    setups: int = 0
    services: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a price: so many units at so much each."""

    per: str
    quantity: Decimal
    unit_minor: int
    amount_minor: int
    service: str = ""
    peak: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "per": self.per,
            "service": self.service,
            "peak": self.peak,
            "quantity": str(self.quantity),
            "unit_minor": self.unit_minor,
            "amount_minor": self.amount_minor,
        }


@dataclass(frozen=True, slots=True)
class Price:
    """What an order costs, line by line; what has no price is a reason in ``decision``."""

    currency: str
    lines: tuple[Line, ...]
    total_minor: int
    decision: Decision = field(default_factory=Decision)


def _day_time(value: Any) -> time:
    return time(0) if value == "24:00" else time.fromisoformat(value)


def _read_peak(data: Any) -> Peak:
    if not isinstance(data, Mapping) or set(data) != {"days", "from", "to"} or not isinstance(data["days"], list):
        raise ValueError(data)
    days = frozenset(read_whole(day, 1, 7) for day in data["days"])
    start, end = _day_time(data["from"]), _day_time(data["to"])
    if not days or (end <= start and end != time(0)):
        raise ValueError(data)
    return Peak(days, start, end)


def _read_late(data: Any) -> tuple[int, Decimal]:
    if not isinstance(data, Mapping) or set(data) != {"within_hours", "share"}:
        raise ValueError(data)
    return read_whole(data["within_hours"], 0, 24 * 365), read_share(data["share"])


def _read_line(data: Any, currency: str, where: str) -> Rate:
    if not isinstance(data, Mapping):
        raise TermsError(fault("terms.wrong_value", where, got=shown(data), want="a rate"))
    form = _Reader(data, where)

    def word(known: tuple[str, ...]) -> Any:
        def read(value: Any) -> str:
            if value not in known:
                raise ValueError(value)
            return str(value)

        return read

    def amount(value: Any) -> int:
        return read_amount(value, currency)

    found = Rate(
        form.need("per", word(UNITS), "hour", ", ".join(UNITS)),
        form.take("for", word(USERS), "any", ", ".join(USERS)),
        form.need("price", amount, 0, "120.00"),
        form.take("peak", amount, None, "180.00"),
        form.take("service", lambda text: str(text)[:60], "", "a code"),
    )
    if (found.per == "service") != bool(found.service):
        form.faults.append(fault("rates.service_unnamed", where))
    if found.peak is not None and found.per != "hour":
        form.faults.append(fault("rates.peak_not_hourly", where))
    form.finish()
    return found


def read_rates(data: object) -> Rates:
    """A table of rates from its data; raises `TermsError` with one reason for each fault."""
    if not isinstance(data, Mapping):
        raise TermsError(fault("terms.not_terms", "rates", got=shown(data)))
    form = _Reader(data, "")

    def currency(value: Any) -> str:
        if not CURRENCY.fullmatch(value):
            raise ValueError(value)
        return str(value)

    def lines(value: Any) -> tuple[Rate, ...]:
        if not isinstance(value, list) or not value or len(value) > MOST_LINES:
            raise ValueError(value)
        read, faults = [], list[Reason]()
        for number, one in enumerate(value):
            try:
                read.append(_read_line(one, money_of, f"lines[{number}]"))
            except TermsError as error:
                faults.extend(error.decision.reasons)
        keys = [(one.per, one.for_, one.service) for one in read]
        faults += [fault("rates.twice", f"lines[{n}]") for n, key in enumerate(keys) if key in keys[:n]]
        if faults:
            raise TermsError(*faults)
        return tuple(read)

    def hours(value: Any) -> Decimal:
        found = Decimal(str(value))
        if not 0 < found <= 24:
            raise ValueError(value)
        return found

    money_of = form.need("currency", currency, "XXX", "CNY")
    found = Rates(
        money_of,
        form.need("lines", lines, (), f"1 … {MOST_LINES} rates"),
        form.take("minimum", lambda value: read_amount(value, money_of), 0, "200.00"),
        form.take("shift_hours", hours, Decimal(8), "8"),
        form.take("peak", _read_peak, None, '{"days": [1, 2], "from": "09:00", "to": "17:00"}'),
        form.take("late_cancel", _read_late, None, '{"within_hours": 24, "share": "0.5"}'),
        form.take("no_show", read_share, None, "1"),
    )
    if found.peak is None and any(line.peak is not None for line in found.lines):
        form.faults.append(fault("rates.peak_without_hours", "peak"))
    form.finish()
    return found


def rates_as_data(rates: Rates) -> dict[str, Any]:
    """The table as data that `read_rates` reads again as the same."""

    def money(minor: int) -> str:
        return str(Money(rates.currency, minor).major)

    lines = []
    for one in rates.lines:
        line = {"per": one.per, "for": one.for_, "price": money(one.price)}
        line |= {"peak": money(one.peak)} if one.peak is not None else {}
        line |= {"service": one.service} if one.service else {}
        lines.append(line)
    data: dict[str, Any] = {
        "currency": rates.currency,
        "lines": lines,
        "minimum": money(rates.minimum),
        "shift_hours": str(rates.shift_hours),
    }
    if rates.peak:
        end = "24:00" if rates.peak.end == time(0) else rates.peak.end.isoformat("minutes")
        data["peak"] = {"days": sorted(rates.peak.days), "from": rates.peak.start.isoformat("minutes"), "to": end}
    if rates.late_cancel:
        data["late_cancel"] = {"within_hours": rates.late_cancel[0], "share": str(rates.late_cancel[1])}
    if rates.no_show:
        data["no_show"] = str(rates.no_show)
    return data


def peak_hours(rates: Rates, start: datetime, end: datetime) -> Decimal:
    """How many hours from ``start`` to ``end`` are peak; both aware, in the instrument's zone. Real hours, also where
    clocks are set back or forward within them."""
    if rates.peak is None or end <= start:
        return Decimal(0)
    seconds, zone = 0.0, start.tzinfo
    day = start.date() - timedelta(days=1)
    while day <= end.date():
        if day.isoweekday() in rates.peak.days:
            last = day + timedelta(days=1) if rates.peak.end == time(0) else day
            opens = datetime.combine(day, rates.peak.start, zone)
            closes = datetime.combine(last, rates.peak.end, zone)
            begin, finish = (max(start.timestamp(), opens.timestamp()), min(end.timestamp(), closes.timestamp()))
            seconds += max(0.0, finish - begin)
        day += timedelta(days=1)
    return (Decimal(round(seconds)) / 3600).quantize(HOURS)


def _rate(rates: Rates, per: str, user_kind: str, service: str = "") -> Rate | None:
    """The rate for this kind of user; one for any kind where she has none of her own."""
    found = None
    for one in rates.lines:
        if one.per == per and one.service == service:
            if one.for_ == user_kind:
                return one
            if one.for_ == "any":
                found = one
    return found


def price(rates: Rates, wanted: Wanted) -> Price:
    """What ``wanted`` costs by ``rates``. Hours without an hourly price are charged as begun shifts; a product of
    price and quantity is rounded half to even, a sum never; the minimum counts for any use of time."""
    lines: list[Line] = []
    missing: list[Reason] = []

    def add(per: str, quantity: Decimal, unit: int, service: str = "", *, peak: bool = False) -> None:
        amount = Money(rates.currency, unit).times(quantity).minor
        lines.append(Line(per, quantity, unit, amount, service, peak))

    def lacks(per: str, service: str = "") -> None:
        missing.append(Reason("rates.no_price", facts={"per": per, "service": service, "for": wanted.user_kind}))

    if wanted.hours > 0:
        hourly, by_shift = _rate(rates, "hour", wanted.user_kind), _rate(rates, "shift", wanted.user_kind)
        if hourly is not None:
            dear = min(wanted.peak_hours, wanted.hours) if hourly.peak is not None else Decimal(0)
            if wanted.hours > dear:
                add("hour", wanted.hours - dear, hourly.price)
            if dear and hourly.peak is not None:
                add("hour", dear, hourly.peak, peak=True)
        elif by_shift is not None:
            shifts = (wanted.hours / rates.shift_hours).quantize(Decimal(1), rounding=ROUND_CEILING)
            add("shift", shifts, by_shift.price)
        else:
            lacks("hour")
    for per, quantity in (("sample", wanted.samples), ("setup", wanted.setups)):
        if quantity:
            rate = _rate(rates, per, wanted.user_kind)
            add(per, Decimal(quantity), rate.price) if rate else lacks(per)
    for service, quantity in sorted(wanted.services.items()):
        if quantity:
            rate = _rate(rates, "service", wanted.user_kind, service)
            add("service", Decimal(quantity), rate.price, service) if rate else lacks("service", service)
    total = sum(line.amount_minor for line in lines)
    notes: tuple[Reason, ...] = ()
    if lines and total < rates.minimum:
        add("minimum", Decimal(1), rates.minimum - total)
        notes = (Reason("rates.minimum", Weight.NOTE, {"minor": rates.minimum, "currency": rates.currency}),)
        total = rates.minimum
    return Price(rates.currency, tuple(lines), total, Decision((*missing, *notes)))


def late_fee(rates: Rates, gross_minor: int, hours_before: Decimal) -> int:
    """What cancelling costs ``hours_before`` the start (negative: she did not come), in minor units."""
    share = None
    if hours_before < 0 and rates.no_show is not None:
        share = rates.no_show
    elif rates.late_cancel is not None and hours_before < rates.late_cancel[0]:
        share = rates.late_cancel[1]
    return Money(rates.currency, gross_minor).times(share).minor if share is not None else 0
