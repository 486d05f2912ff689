"""Indicators of facilities, instruments and alliances."""

from __future__ import annotations

from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from headwater.engines import statistics
from headwater.observatory.indicators.definition import Answer, Indicator, Part, estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject

ESFRI = "ESFRI Working Group on Monitoring (2019), Monitoring of Research Infrastructures Performance"
PLACES = ("region", "jurisdiction", "city", "zone")


def facilities(records: Records, subject: Subject, period: Period) -> Answer:
    rows = [row for row in records.snapshot.facilities if row["city"] in subject.cities]
    counted: dict[str, int] = {}
    for row in rows:
        counted[row["status"]] = counted.get(row["status"], 0) + 1
    return estimate(
        records,
        "facilities",
        len(rows),
        count=len(rows),
        made=sum(row["synthetic"] for row in rows),
        parts=[Part(status, number) for status, number in sorted(counted.items())],
        lacks="facilities",
    )


def shared_instruments(records: Records, subject: Subject, period: Period) -> Answer:
    rows = [
        row
        for row in records.snapshot.instruments
        if row["city"] in subject.cities and row["access"] != "internal" and row["status"] == "operating"
    ]
    counted: dict[str, int] = {}
    for row in rows:
        counted[row["access"]] = counted.get(row["access"], 0) + row["count"]
    count = sum(row["count"] for row in rows)
    return estimate(
        records,
        "instruments",
        count,
        count=count,
        made=sum(row["count"] for row in rows if row["synthetic"]),
        parts=[Part(access, number) for access, number in sorted(counted.items())],
        lacks="instruments",
    )


def projects(records: Records, subject: Subject, period: Period) -> Answer:
    """Projects since the facility's first one, to the period's end."""
    rows = records.rows(
        """SELECT year(date), count(*), count(*) FILTER (synthetic) FROM projects
           WHERE facility = ? AND date < ? GROUP BY 1 ORDER BY 1""",
        subject.code,
        period.end,
    )
    count = sum(row[1] for row in rows)
    parts = [Part(str(row[0]), row[1]) for row in rows]
    return estimate(
        records, "projects", count, count=count, made=sum(row[2] for row in rows), parts=parts, lacks="projects"
    )


def _from_region(records: Records, subject: Subject, period: Period, amount: str) -> Answer:
    every = [row["code"] for row in records.snapshot.cities]
    inside, of, count, made = records.one(
        f"""SELECT coalesce(sum({amount}) FILTER (city IN (SELECT unnest(?))), 0), coalesce(sum({amount}), 0),
                   count(*), count(*) FILTER (synthetic)
            FROM projects WHERE facility = ? AND date >= ? AND date < ? AND {amount} IS NOT NULL""",  # noqa: S608
        every,
        subject.code,
        period.start,
        period.end,
    )
    cities = records.rows(
        f"""SELECT city, sum({amount}) FROM projects WHERE facility = ? AND date >= ? AND date < ? AND city <> ''
            GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 10""",  # noqa: S608
        subject.code,
        period.start,
        period.end,
    )
    # Users of one project come from one institution: the interval is that of as many projects.
    low, high = statistics.share_interval(count * inside / of, count) if of else (0.0, 1.0)
    return estimate(
        records,
        "%",
        100 * inside / of if of else None,
        count=count,
        made=made,
        interval=(100 * low, 100 * high),
        parts=[Part(city, float(number)) for city, number in cities],
        lacks="projects",
    )


def users_from_region(records: Records, subject: Subject, period: Period) -> Answer:
    return _from_region(records, subject, period, "users")


def projects_from_region(records: Records, subject: Subject, period: Period) -> Answer:
    return _from_region(records, subject, period, "1")


def hours_from_region(records: Records, subject: Subject, period: Period) -> Answer:
    return _from_region(records, subject, period, "hours")


def beamtime_met(records: Records, subject: Subject, period: Period) -> Answer:
    given, asked, count, made = records.one(
        """SELECT coalesce(sum(hours), 0), coalesce(sum(hours_asked), 0), count(*), count(*) FILTER (synthetic)
           FROM projects WHERE facility = ? AND date >= ? AND date < ?""",
        subject.code,
        period.start,
        period.end,
    )
    return estimate(
        records,
        "%",
        100 * given / asked if asked else None,
        count=count,
        made=made,
        parts=[Part("given", round(given, 1)), Part("asked", round(asked, 1))],
        lacks="projects",
    )


def _member_here(subject: Subject) -> tuple[str, object]:
    """The condition that a row of alliances is a member here, and what it is given."""
    if subject.kind == "organisation":
        return "member = ?", subject.code
    return "city IN (SELECT unnest(?))", list(subject.cities)


def _alliances(records: Records, subject: Subject, period: Period, kind: str) -> tuple[set[str], int, int]:
    """Names of the alliances of a kind with a member here; how many members they have, how many made up."""
    names: set[str] = set()
    members = made = 0
    for row in records.snapshot.ties:
        mine = row["start_city"] in subject.cities or row["end_city"] in subject.cities
        if subject.kind == "organisation":
            mine = subject.code in (row["start"], row["end"])
        begun = not row["since"] or int(row["since"][:4]) <= period.last.year
        if row["kind"] == kind and mine and begun:
            names.add(row["name_en"] or row["name_zh"] or f"{row['start']} – {row['end']}")
            members += 1
            made += row["synthetic"]
    here, given = _member_here(subject)
    rows = records.rows(
        f"""SELECT name, count(*), count(*) FILTER (synthetic) FROM alliances
            WHERE kind = ? AND (since IS NULL OR since < ?) AND (until IS NULL OR until >= ?)
            GROUP BY 1 HAVING bool_or({here})""",  # noqa: S608
        kind,
        period.end,
        period.end,
        given,
    )
    names |= {row[0] for row in rows}
    members += sum(row[1] for row in rows)
    made += sum(row[2] for row in rows)
    return names, members, made


def _counted(records: Records, subject: Subject, period: Period, kind: str, unit: str) -> Answer:
    names, members, made = _alliances(records, subject, period, kind)
    return estimate(
        records, unit, len(names), count=members, made=made, parts=[Part("ties", members)], lacks="alliances"
    )


def consortia(records: Records, subject: Subject, period: Period) -> Answer:
    return _counted(records, subject, period, "consortium", "consortia")


def joint_centres(records: Records, subject: Subject, period: Period) -> Answer:
    return _counted(records, subject, period, "joint_centre", "joint_centres")


def partner_universities(records: Records, subject: Subject, period: Period) -> Answer:
    """Universities that any partnership ties in."""
    seen: dict[str, bool] = {}
    for row in records.snapshot.ties:
        for side, other in (("start", "end"), ("end", "start")):
            begun = not row["since"] or int(row["since"][:4]) <= period.last.year
            mine = row[f"{other}_city"] in subject.cities
            if subject.kind == "organisation":
                mine = row[other] == subject.code
            if row["kind"] == "partnership" and row[f"{side}_kind"] == "university" and begun and mine:
                seen[row[side]] = row["synthetic"]
    here, given = _member_here(subject)
    for member, made in records.rows(
        f"""SELECT member, bool_and(synthetic) FROM alliances WHERE kind = 'partnership' AND member_kind = 'university'
            AND (since IS NULL OR since < ?)
            AND name IN (SELECT name FROM alliances WHERE kind = 'partnership' AND {here}) GROUP BY 1""",  # noqa: S608
        period.end,
        given,
    ):
        seen.setdefault(member, made)
    return estimate(records, "universities", len(seen), count=len(seen), made=sum(seen.values()), lacks="alliances")


def rail_length(records: Records, subject: Subject, period: Period) -> Answer:
    lines = [line for line in records.snapshot.region["rail"] if len(line) > 1]
    seen = set()
    total = 0.0
    for line in lines:
        for (lon, lat, *_z), (other_lon, other_lat, *_y) in pairwise(line):
            piece = frozenset(((lat, lon), (other_lat, other_lon)))
            if piece not in seen:
                seen.add(piece)
                total += float(statistics.great_circles([lat, other_lat], [lon, other_lon])[0, 1])
    return estimate(records, "km", round(total) if lines else None, count=len(lines), made=len(lines), lacks="rail")


INDICATORS = (
    Indicator(
        "facilities-by-status",
        _("Large research facilities by status"),
        _("Facilities of the record: planned, under construction, operating."),
        _("each facility once, in its city"),
        "facilities",
        _("What counts as one facility differs between lists: phases and projects may be told apart or not."),
        ESFRI,
        ("region", "jurisdiction", "city"),
        facilities,
        "facilities",
        ("facilities-shanghai", "facilities-region"),
        "facilities",
    ),
    Indicator(
        "facility-projects",
        _("Projects hosted"),
        _("Projects at the facility up to the end of the period."),
        _("each project once, in the year of its date"),
        "projects",
        _("A renewed project may be one or several."),
        ESFRI,
        ("facility",),
        projects,
        "projects",
        ("ssrf-projects",),
        "facilities",
    ),
    Indicator(
        "facility-users-from-region",
        _("Users from the region"),
        _("Users of the period's projects whose institution is in the region ÷ all their users."),
        _("visits, not persons: a user of two projects counts twice"),
        "%",
        _("Users, projects and hours give three different shares: see the other two."),
        ESFRI,
        ("facility",),
        users_from_region,
        "projects",
        ("ssrf-users-from-region",),
        "facilities",
    ),
    Indicator(
        "facility-projects-from-region",
        _("Projects from the region"),
        _("Projects of the period from institutions in the region ÷ all projects."),
        _("each project once, by the institution that leads it"),
        "%",
        _("Users, projects and hours give three different shares: see the other two."),
        ESFRI,
        ("facility",),
        projects_from_region,
        "projects",
        ("ssrf-users-from-region",),
        "facilities",
    ),
    Indicator(
        "facility-hours-from-region",
        _("Hours used by the region"),
        _("Hours given to projects from institutions in the region ÷ all hours given."),
        _("hours; internal use is left out"),
        "%",
        _("Users, projects and hours give three different shares: see the other two."),
        ESFRI,
        ("facility",),
        hours_from_region,
        "projects",
        ("ssrf-users-from-region",),
        "facilities",
    ),
    Indicator(
        "facility-beamtime-met",
        _("Beamtime met"),
        _("Hours given ÷ hours asked for, over the period's projects."),
        _("hours, refused proposals included"),
        "%",
        _("People ask for more where they expect to be cut."),
        ESFRI,
        ("facility",),
        beamtime_met,
        "projects",
        ("ssrf-beamtime-met",),
        "facilities",
    ),
    Indicator(
        "shared-instruments",
        _("Instruments open to others"),
        _("Instruments in operation whose access is by booking, proposal or service."),
        _("each instrument that everybody may see once, in its city"),
        "instruments",
        _("Platforms list by a least value, which this count doesn't ask for."),
        "defined here",
        ("region", "jurisdiction", "city"),
        shared_instruments,
        "instruments",
        ("shared-instruments",),
        "facilities",
    ),
    Indicator(
        "consortia",
        _("Innovation consortia"),
        _("Consortia with a member here that were begun by the end of the period."),
        _("each consortium once, by its name"),
        "consortia",
        _("A consortium that ended without a date still counts."),
        "defined here",
        ("region", "jurisdiction", "city"),
        consortia,
        "alliances",
        ("consortia",),
        "alliances",
    ),
    Indicator(
        "joint-centres",
        _("Joint innovation centres"),
        _("Joint centres with a member here that were begun by the end of the period."),
        _("each centre once, by its name"),
        "joint_centres",
        _("A centre that ended without a date still counts."),
        "defined here",
        ("region", "jurisdiction", "city", "organisation"),
        joint_centres,
        "alliances",
        ("nice-joint-centres",),
        "alliances",
    ),
    Indicator(
        "partner-universities",
        _("Partner universities"),
        _("Universities in a partnership with somebody here, begun by the end of the period."),
        _("each university once"),
        "universities",
        _("A partnership may be an agreement that nobody has used."),
        "defined here",
        ("region", "jurisdiction", "city", "organisation"),
        partner_universities,
        "alliances",
        ("nice-universities",),
        "alliances",
    ),
    Indicator(
        "rail-length",
        _("Length of the high-speed lines drawn"),
        _("Sum of the great circles between the stops of the lines in the record, each stretch once."),
        _("each stretch once"),
        "km",
        _("Straight between stops, so shorter than the track; the lines of the record are synthetic."),
        "defined here",
        ("region",),
        rail_length,
        "rail",
        ("region-rail-length",),
        "reach",
    ),
)
