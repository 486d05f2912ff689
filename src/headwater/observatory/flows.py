"""Flows between the cities of the record: who publishes, patents, measures, partners and pays with whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _
from numpy.typing import NDArray

from headwater.engines import statistics
from headwater.observatory.indicators.platform import LEAST_PAYMENTS
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, SubjectError

SCIENCE_CENTRES = ("shanghai", "hefei")
# What flows, what one unit of it is, and whether it has a direction of its own.
KINDS: dict[str, tuple[object, str, bool]] = {
    "publications": (_("joint publications"), "documents", False),
    "patents": (_("joint patents"), "documents", False),
    "uses": (_("hours of instruments used"), "hours", True),
    "partnerships": (_("partnerships, consortia and joint centres"), "ties", False),
    "payments": (_("money"), "cny", True),
}
_DOCUMENTS = {"publications": "publication", "patents": "patent"}


@dataclass(frozen=True)
class Flows:
    """Flows of one kind and period.

    Attributes
    ----------
    flow : float64 array, shape (cities, cities)
        Symmetric; of a directed kind the sum of both directions.
    led : float64 array, shape (cities, cities)
        From row to column: led by the row (documents), used by the row, paid by the row; ties count both ways.
    records, synthetic_share
        What it rests on.
    """

    kind: str
    codes: tuple[str, ...]
    flow: NDArray[np.float64]
    led: NDArray[np.float64]
    distance_km: NDArray[np.float64]
    records: int
    synthetic_share: float
    gravity: statistics.Gravity | None

    def index(self, code: str) -> int:
        return self.codes.index(code)


def between(records: Records, kind: str, period: Period) -> Flows:
    """Flows between the cities of the record.

    Raises
    ------
    SubjectError
        There is no such kind.
    """
    if kind not in KINDS:
        raise SubjectError("flow.unknown", given=kind)
    key = ("flows", kind, period)
    if key not in records.kept:
        records.kept[key] = _between(records, kind, period)
    found: Flows = records.kept[key]
    return found


def _between(records: Records, kind: str, period: Period) -> Flows:
    cities = records.snapshot.cities
    codes = tuple(row["code"] for row in cities)
    far = statistics.great_circles([row["lat"] for row in cities], [row["lon"] for row in cities])
    place = {code: k for k, code in enumerate(codes)}
    if kind in _DOCUMENTS:
        flow, led, count, made = _documents(records, _DOCUMENTS[kind], period, place)
    elif kind == "partnerships":
        flow, count, made = _ties(records, period, place)
        led = flow
    else:
        led, count, made = _directed(records, kind, period, place)
        flow = led + led.T
    flow = flow.copy()
    np.fill_diagonal(flow, 0.0)
    try:
        model = statistics.gravity(flow, far)
    except statistics.StatisticsError:
        model = None
    return Flows(kind, codes, flow, led, far, count, made / count if count else 0.0, model)


def _documents(
    records: Records, kind: str, period: Period, place: dict[str, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int, int]:
    held = records.columns(
        """SELECT document, city, leads, synthetic FROM addresses
           WHERE kind = ? AND date >= ? AND date < ? AND city IN (SELECT unnest(?))""",
        kind,
        period.start,
        period.end,
        list(place),
    )
    names, inverse = np.unique(np.asarray(held["city"], dtype=str), return_inverse=True)
    region = np.array([place[name] for name in names], np.int64)[inverse] if names.size else np.empty(0, np.int64)
    document = np.asarray(held["document"], np.int64)
    leads = np.asarray(np.ma.filled(held["leads"], False), np.bool_)
    flow = statistics.shared_documents(document, region, regions=len(place))
    led = statistics.led_documents(document, region, leads, regions=len(place))
    return flow, led, document.size, int(np.asarray(held["synthetic"]).sum())


def _ties(records: Records, period: Period, place: dict[str, int]) -> tuple[NDArray[np.float64], int, int]:
    flow = np.zeros((len(place), len(place)))
    count = made = 0
    for row in records.snapshot.ties:
        begun = not row["since"] or int(row["since"][:4]) <= period.last.year
        if row["kind"] == "ownership" or not begun:
            continue
        a, b = place[row["start_city"]], place[row["end_city"]]
        flow[a, b] += 1
        flow[b, a] += 1
        count, made = count + 1, made + bool(row["synthetic"])
    rows = records.rows(
        """SELECT a.city, b.city, count(DISTINCT a.name), bool_and(a.synthetic) FROM alliances a
           JOIN alliances b ON a.kind = b.kind AND a.name = b.name AND a.city < b.city
           WHERE (a.since IS NULL OR a.since < ?) AND (a.until IS NULL OR a.until >= ?) GROUP BY 1, 2""",
        period.end,
        period.end,
    )
    for one, other, number, synthetic in rows:
        if one in place and other in place:
            flow[place[one], place[other]] += number
            flow[place[other], place[one]] += number
            count, made = count + number, made + number * bool(synthetic)
    return flow, count, made


def _directed(
    records: Records, kind: str, period: Period, place: dict[str, int]
) -> tuple[NDArray[np.float64], int, int]:
    start, end, amount = {
        "uses": ("user_city", "instrument_city", "hours"),
        "payments": ("from_city", "to_city", "amount_cny"),
    }[kind]
    led = np.zeros((len(place), len(place)))
    count = made = 0
    rows = records.rows(
        f"""SELECT {start}, {end}, sum({amount}), count(*), count(*) FILTER (synthetic) FROM {kind}
            WHERE date >= ? AND date < ? GROUP BY 1, 2""",  # noqa: S608
        period.start,
        period.end,
    )
    for one, other, total, number, synthetic in rows:
        if kind == "payments" and number < LEAST_PAYMENTS:
            continue  # the sum would tell what one party paid
        if one in place and other in place:
            led[place[one], place[other]] += total
            count, made = count + number, made + synthetic
    return led, count, made


def table(found: Flows, before: Flows | None = None) -> list[dict[str, Any]]:
    """One row a city: degree, strength, betweenness, leading share, net lead, how far it radiates, how that changed."""
    central = statistics.centrality(found.flow)
    lead = statistics.leading(found.led, found.distance_km)
    earlier = statistics.leading(before.led, before.distance_km) if before is not None else None
    rows = []
    for k, code in enumerate(found.codes):
        if not central.strength[k]:
            continue
        rows.append(
            {
                "city": code,
                "degree": int(central.degree[k]),
                "strength": float(central.strength[k]),
                "betweenness": float(central.betweenness[k]),
                "leading_share": _number(lead.share[k]),
                "net_lead": float(lead.net[k]),
                "reach_km": _number(lead.reach_km[k]),
                "partners": int(lead.partners[k]),
                "reach_change_km": _number(lead.reach_km[k] - earlier.reach_km[k]) if earlier is not None else None,
                "partners_change": int(lead.partners[k] - earlier.partners[k]) if earlier is not None else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["strength"], row["city"]))


def pairs(found: Flows, most: int = 40) -> list[dict[str, Any]]:
    """The largest flows, each beside what size and distance lead one to expect."""
    rows = []
    for a, b in statistics.strongest(found.flow, most=most):
        model = found.gravity
        rows.append(
            {
                "one": found.codes[a],
                "other": found.codes[b],
                "flow": float(found.flow[a, b]),
                "led_by_one": float(found.led[a, b]),
                "led_by_other": float(found.led[b, a]),
                "distance_km": float(found.distance_km[a, b]),
                "expected": None if model is None else _number(model.expected[a, b]),
                "over_expected": None if model is None else _number(model.ratio[a, b]),
            }
        )
    return rows


def earlier(period: Period) -> Period:
    """The period of the same length just before."""
    from datetime import date

    whole_years = period.end.year - period.start.year
    if whole_years and (period.start.month, period.start.day, period.end.month, period.end.day) == (1, 1, 1, 1):
        return Period(date(period.start.year - whole_years, 1, 1), period.start)
    return Period(period.start - (period.end - period.start), period.start)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
