"""Indicators of firms: stocks, births, density, shares, lists and jobs."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from headwater.engines import statistics
from headwater.observatory.indicators.definition import Answer, Indicator, Part, estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject

EUROSTAT = "Eurostat & OECD (2007), Manual on Business Demography Statistics"
LEADING = ("integrated_circuits", "biomedicine", "artificial_intelligence")
ALIVE = "(founded IS NULL OR founded < ?) AND (closed IS NULL OR closed >= ?)"


def _here(subject: Subject) -> tuple[str, list[Any]]:
    """The condition that a firm belongs to the subject, and what it is given."""
    if subject.kind == "zone" and not subject.corridor:
        return "zone = ?", [subject.code]
    return "city IN (SELECT unnest(?))", [list(subject.cities)]


def high_tech_firms(records: Records, subject: Subject, period: Period) -> Answer:
    where, given = _here(subject)
    count, made = records.one(
        f"SELECT count(*), count(*) FILTER (synthetic) FROM firms WHERE high_tech AND {ALIVE} AND {where}",  # noqa: S608
        period.end,
        period.end,
        *given,
    )
    return estimate(records, "firms", count, count=count, made=made, lacks="firms")


def high_tech_share(records: Records, subject: Subject, period: Period) -> Answer:
    return _national(records, subject, "high_tech", period)


def board_share(records: Records, subject: Subject, period: Period) -> Answer:
    return _national(records, subject, "board = 'STAR'", period)


def _national(records: Records, subject: Subject, which: str, period: Period) -> Answer:
    """Share of the country's firms of a kind."""
    where, given = _here(subject)
    count, of, made = records.one(
        f"""SELECT count(*) FILTER ({where}), count(*), count(*) FILTER (synthetic) FROM firms
            WHERE {which} AND {ALIVE} AND country = ?""",  # noqa: S608
        *given,
        period.end,
        period.end,
        records.snapshot.region["country"],
    )
    low, high = statistics.share_interval(count, of)
    return estimate(
        records,
        "%",
        100 * count / of if of else None,
        count=of,
        made=made,
        interval=(100 * low, 100 * high),
        parts=[Part("here", count), Part("country", of)],
        lacks="firms",
    )


def firm_births(records: Records, subject: Subject, period: Period) -> Answer:
    where, given = _here(subject)
    count, made = records.one(
        f"""SELECT count(*), count(*) FILTER (synthetic) FROM firms
            WHERE technology AND founded >= ? AND founded < ? AND {where}""",  # noqa: S608
        period.start,
        period.end,
        *given,
    )
    months = records.rows(
        f"""SELECT strftime(founded, '%Y-%m'), count(*) FROM firms
            WHERE technology AND founded >= ? AND founded < ? AND {where} GROUP BY 1 ORDER BY 1""",  # noqa: S608
        period.start,
        period.end,
        *given,
    )
    return estimate(
        records,
        "firms/day",
        count / period.days,
        count=count,
        made=made,
        interval=statistics.rate_interval(count, period.days),
        parts=[Part(month, number) for month, number in months],
        lacks="firms",
    )


def listed_density(records: Records, subject: Subject, period: Period) -> Answer:
    where, given = _here(subject)
    count, made = records.one(
        f"SELECT count(*), count(*) FILTER (synthetic) FROM firms WHERE board IS NOT NULL AND {ALIVE} AND {where}",  # noqa: S608
        period.end,
        period.end,
        *given,
    )
    if not subject.area_km2:
        return Answer(None, lacks="area")
    return estimate(
        records,
        "firms/km2",
        count / subject.area_km2,
        count=count,
        made=made,
        interval=statistics.rate_interval(count, subject.area_km2),
        parts=[Part("listed", count), Part("km2", subject.area_km2)],
        lacks="firms",
    )


def employment(records: Records, subject: Subject, period: Period) -> Answer:
    where, given = _here(subject)
    rows = records.rows(
        f"""SELECT industry, sum(employees), count(*), count(*) FILTER (synthetic) FROM firms
            WHERE industry IN (SELECT unnest(?)) AND employees IS NOT NULL AND {ALIVE} AND {where}
            GROUP BY 1 ORDER BY 1""",  # noqa: S608
        list(LEADING),
        period.end,
        period.end,
        *given,
    )
    return estimate(
        records,
        "people",
        sum(row[1] for row in rows),
        count=sum(row[2] for row in rows),
        made=sum(row[3] for row in rows),
        parts=[Part(row[0], row[1]) for row in rows],
        lacks="firms",
    )


def _list_share(records: Records, subject: Subject, name: str, first: int, end: Any) -> Answer:
    """Share of a list's first members that are present in a zone; with a fifth more and fewer members in parts."""
    ranked = records.rows("SELECT member, synthetic FROM listed WHERE list = ? ORDER BY rank, member", name)
    members = [row[0] for row in ranked]
    present = {
        row[0]
        for row in records.rows(
            "SELECT DISTINCT firm FROM presences WHERE zone = ? AND (since IS NULL OR since < ?)", subject.code, end
        )
    }
    found, of = statistics.listed_share(members, present, first=first)
    parts = [Part("present", found), Part("list", of)]
    for other in (round(first * 0.8), round(first * 1.2)):
        hits, whole = statistics.listed_share(members, present, first=other)
        if whole == other:
            parts.append(Part(f"first {other}", round(100 * hits / whole, 1)))
    made = sum(row[1] for row in ranked[:first])
    return estimate(records, "%", 100 * found / of if of else None, count=of, made=made, parts=parts, lacks="lists")


def global_list_share(records: Records, subject: Subject, period: Period) -> Answer:
    return _list_share(records, subject, "pharma-global", 20, period.end)


def national_list_share(records: Records, subject: Subject, period: Period) -> Answer:
    return _list_share(records, subject, "pharma-national", 100, period.end)


PLACES = ("region", "jurisdiction", "city", "zone")
INDICATORS = (
    Indicator(
        "high-tech-firms",
        _("High-tech enterprises"),
        _("Firms recognised as high-tech that exist at the end of the period."),
        _("each firm once, where it is registered"),
        "firms",
        _("Registration is not activity; the recognition's validity must be in the records."),
        EUROSTAT,
        PLACES,
        high_tech_firms,
        "firms",
        ("high-tech-firms-shanghai",),
        "firms",
    ),
    Indicator(
        "high-tech-share",
        _("Share of the country's high-tech enterprises"),
        _("High-tech enterprises here ÷ those of the country at the end of the period."),
        _("each firm once, where it is registered; a corridor is its member cities"),
        "%",
        _("Member cities overstate a corridor of which only a district belongs."),
        EUROSTAT,
        PLACES,
        high_tech_share,
        "firms",
        ("g60-high-tech-share", "region-high-tech-share"),
        "firms",
    ),
    Indicator(
        "star-share",
        _("Share of the STAR Market's listed companies"),
        _("Companies here that are listed on the STAR Market ÷ all that are."),
        _("each company once, where it is registered"),
        "%",
        _("The registered seat need not be where the work is."),
        EUROSTAT,
        PLACES,
        board_share,
        "firms",
        ("g60-star-share",),
        "firms",
    ),
    Indicator(
        "technology-firm-births",
        _("Technology firms founded per day"),
        _("Technology firms registered in the period ÷ its days."),
        _("each registration once; exact Poisson interval"),
        "firms/day",
        _("Seasonal, and counts re-registrations; a day is a calendar day."),
        EUROSTAT + "; Garwood (1936), Biometrika 28, 437-442",
        PLACES,
        firm_births,
        "firms",
        ("tech-firm-births-shanghai",),
        "firms",
    ),
    Indicator(
        "listed-company-density",
        _("Listed companies per square kilometre"),
        _("Companies here that are listed on any board ÷ area of the record."),
        _("each company once, where it is registered"),
        "firms/km2",
        _("Planned, built and administrative areas differ tenfold: read which area the record has."),
        "defined here",
        PLACES,
        listed_density,
        "firms",
        ("listed-companies-zhangjiang",),
        "firms",
    ),
    Indicator(
        "global-list-share",
        _("Share of the global top-20 list present"),
        _("Members 1 to 20 of the list “pharma-global” with a presence in the zone ÷ 20."),
        _("each member once; 16 and 24 members beside it, because 20 is a cliff"),
        "%",
        _("The list is data and dated; a presence may be an office."),
        "defined here",
        ("zone",),
        global_list_share,
        "lists",
        ("top20-pharma-zhangjiang",),
        "firms",
    ),
    Indicator(
        "national-list-share",
        _("Share of the national top-100 list present"),
        _("Members 1 to 100 of the list “pharma-national” with a presence in the zone ÷ 100."),
        _("each member once; 80 members beside it"),
        "%",
        _("The list is data and dated; a presence may be an office."),
        "defined here",
        ("zone",),
        national_list_share,
        "lists",
        ("top100-pharma-zhangjiang",),
        "firms",
    ),
    Indicator(
        "leading-industry-employment",
        _("People employed in the leading industries"),
        _(
            "Employees of firms in integrated circuits, biomedicine and artificial intelligence at the end of the period."
        ),
        _("each firm's employees once, where it is registered"),
        "people",
        _("Firms that report no number are left out. A talent pool in the press may count more than employees."),
        EUROSTAT,
        PLACES,
        employment,
        "firms",
        ("leading-industry-talent-shanghai",),
        "firms",
    ),
)
