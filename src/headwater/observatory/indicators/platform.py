"""Indicators of what the platform itself records: use of instruments, money, challenges."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from headwater.engines import statistics
from headwater.observatory.indicators.definition import Answer, Indicator, Part, estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject

LEAST_PAYMENTS = 3
SETTLED = ("matched", "contracted", "accepted")
PLACES = ("region", "jurisdiction", "city")


def _use_share(records: Records, subject: Subject, period: Period, elsewhere: str, given: list[object]) -> Answer:
    """Hours for which a condition holds ÷ all hours of the instruments here."""
    here, which = "instrument_city IN (SELECT unnest(?))", list(subject.cities)
    if subject.kind == "organisation":
        here, which = "owner = ?", subject.code  # type: ignore[assignment]
    out, of, count, made = records.one(
        f"""SELECT coalesce(sum(hours) FILTER ({elsewhere}), 0), coalesce(sum(hours), 0), count(*),
                   count(*) FILTER (synthetic)
            FROM uses WHERE {here} AND date >= ? AND date < ? AND {elsewhere} IS NOT NULL""",  # noqa: S608
        *given,
        which,
        period.start,
        period.end,
        *given,
    )
    low, high = statistics.share_interval(count * out / of, count) if of else (0.0, 1.0)
    return estimate(
        records,
        "%",
        100 * out / of if of else None,
        count=count,
        made=made,
        interval=(100 * low, 100 * high),
        parts=[Part("elsewhere", round(out, 1)), Part("used", round(of, 1))],
        lacks="uses",
    )


def outside_use(records: Records, subject: Subject, period: Period) -> Answer:
    return _use_share(records, subject, period, "(nullif(owner, '') <> nullif(\"user\", ''))", [])


def use_from_elsewhere(records: Records, subject: Subject, period: Period) -> Answer:
    return _use_share(
        records, subject, period, "(nullif(user_city, '') NOT IN (SELECT unnest(?)))", [list(subject.cities)]
    )


def money_from_elsewhere(records: Records, subject: Subject, period: Period) -> Answer:
    """Sums that rest on fewer than three payments are withheld: they would tell what one party paid."""
    rows = records.rows(
        """SELECT kind, sum(amount_cny), count(*), count(*) FILTER (synthetic) FROM payments
           WHERE to_city IN (SELECT unnest(?)) AND NOT from_city IN (SELECT unnest(?)) AND from_city <> ''
             AND date >= ? AND date < ? GROUP BY 1 ORDER BY 1""",
        list(subject.cities),
        list(subject.cities),
        period.start,
        period.end,
    )
    count = sum(row[2] for row in rows)
    enough = count >= LEAST_PAYMENTS
    return estimate(
        records,
        "cny",
        round(sum(row[1] for row in rows)) if enough else None,
        count=count,
        made=sum(row[3] for row in rows),
        parts=[Part(row[0], round(row[1])) for row in rows if row[2] >= LEAST_PAYMENTS and enough],
        lacks="payments",
    )


def challenges(records: Records, subject: Subject, period: Period) -> Answer:
    """All of a region's; of a province or city those whose company may be named."""
    here, given = ("", []) if subject.kind == "region" else ("AND city IN (SELECT unnest(?))", [list(subject.cities)])
    rows = records.rows(
        f"""SELECT state, count(*), count(*) FILTER (synthetic) FROM challenges
            WHERE date < ? {here} GROUP BY 1 ORDER BY 1""",  # noqa: S608
        period.end,
        *given,
    )
    count = sum(row[1] for row in rows)
    return estimate(
        records,
        "challenges",
        count,
        count=count,
        made=sum(row[2] for row in rows),
        parts=[Part(row[0], row[1]) for row in rows],
        lacks="challenges",
    )


def challenges_answered(records: Records, subject: Subject, period: Period) -> Answer:
    answered, count, made = records.one(
        """SELECT count(*) FILTER (state IN (SELECT unnest(?)) OR outcome IN ('solved', 'partly')), count(*),
                  count(*) FILTER (synthetic) FROM challenges WHERE date >= ? AND date < ?""",
        list(SETTLED),
        period.start,
        period.end,
    )
    low, high = statistics.share_interval(answered, count) if count else (0.0, 1.0)
    return estimate(
        records,
        "%",
        100 * answered / count if count else None,
        count=count,
        made=made,
        interval=(100 * low, 100 * high),
        lacks="challenges",
    )


INDICATORS = (
    Indicator(
        "outside-use",
        _("Hours used by other organisations"),
        _("Hours of instruments used by people of another organisation than the owner ÷ all hours used."),
        _("hours of ended uses of instruments that everybody may see, by the instrument's city or owner"),
        "%",
        _("Idle booked time is left out; whose people used it is what they declared when they booked."),
        "defined here",
        (*PLACES, "organisation"),
        outside_use,
        "uses",
        (),
        "facilities",
    ),
    Indicator(
        "use-from-elsewhere",
        _("Hours used from elsewhere"),
        _("Hours of instruments here used by people of organisations elsewhere ÷ all hours used."),
        _("hours of ended uses of instruments that everybody may see, by the instrument's city"),
        "%",
        _("Elsewhere is outside the city, the province or the region that is asked about."),
        "defined here",
        ("jurisdiction", "city"),
        use_from_elsewhere,
        "uses",
        (),
        "facilities",
    ),
    Indicator(
        "money-from-elsewhere",
        _("Money from elsewhere for services here"),
        _("Support used, users' own parts and milestones paid to providers here by organisations elsewhere."),
        _("yuan, by the payer's and the provider's city; adjustments included"),
        "cny",
        _("Sums of fewer than three payments are withheld, because they would tell what one party paid."),
        "defined here",
        ("jurisdiction", "city"),
        money_from_elsewhere,
        "payments",
        (),
        "alliances",
    ),
    Indicator(
        "challenges",
        _("Challenges published"),
        _("Challenges that companies had published by the end of the period."),
        _("each challenge once; of a province or city those whose company lets everybody know its name"),
        "challenges",
        _("A challenge that was withdrawn again doesn't count."),
        "defined here",
        PLACES,
        challenges,
        "challenges",
        (),
        "alliances",
    ),
    Indicator(
        "challenges-answered",
        _("Challenges that found a partner"),
        _("Challenges matched, under contract, accepted or solved ÷ challenges published in the period."),
        _("each challenge once, in the period of its publication"),
        "%",
        _("Young challenges have had less time: compare periods that ended equally long ago."),
        "defined here",
        ("region",),
        challenges_answered,
        "challenges",
        (),
        "alliances",
    ),
)
