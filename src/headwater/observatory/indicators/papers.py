"""Indicators of documents: shares, specialisation, cooperation, who leads."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.utils.translation import gettext_lazy as _

from headwater.engines import statistics
from headwater.observatory import flows
from headwater.observatory.indicators.definition import Answer, Indicator, Part, estimate
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject

WALTMAN = "Waltman & van Eck (2015), Journal of Informetrics 9(4), 872-894"
PLACES = ("region", "jurisdiction", "city", "zone")
TOP = "top-journals"

_TOP = """
    SELECT a.document AS document, a.part AS part, a.city AS city, a.country AS country, a.synthetic AS synthetic
    FROM addresses a
    WHERE a.kind = 'publication' AND a.date >= ? AND a.date < ? AND a.document IN (
        SELECT key FROM documents WHERE kind = 'publication' AND venue IN (SELECT member FROM listed WHERE list = ?)
    )
"""


def _top_papers(records: Records, period: Period) -> str:
    """A table of the addresses of the period's top-journal papers, made once for all subjects."""
    name = f"top_{period.start:%Y%m%d}_{period.end:%Y%m%d}"
    if name not in records.kept:
        records.connection.execute(f"CREATE TEMP TABLE {name} AS {_TOP}", [period.start, period.end, TOP])
        records.kept[name] = True
    return name


def top_journal_share_full(records: Records, subject: Subject, period: Period) -> Answer:
    table = _top_papers(records, period)
    inside, of, made = records.one(
        f"""SELECT count(DISTINCT document) FILTER (city IN (SELECT unnest(?))),
                   count(DISTINCT document), count(DISTINCT document) FILTER (synthetic)
            FROM {table} WHERE document IN (SELECT document FROM {table} WHERE country = ?)""",  # noqa: S608
        list(subject.cities),
        records.snapshot.region["country"],
    )
    return _share(records, "%", inside, of, of, made)


def top_journal_share_fractional(records: Records, subject: Subject, period: Period) -> Answer:
    table = _top_papers(records, period)
    inside, of, count, made = records.one(
        f"""SELECT coalesce(sum(part) FILTER (city IN (SELECT unnest(?))), 0), coalesce(sum(part), 0),
                   count(DISTINCT document), count(DISTINCT document) FILTER (synthetic)
            FROM {table} WHERE country = ?""",  # noqa: S608
        list(subject.cities),
        records.snapshot.region["country"],
    )
    return _share(records, "%", inside, of, count, made)


def _share(records: Records, unit: str, inside: float, of: float, count: int, made: int) -> Answer:
    low, high = statistics.share_interval(min(inside, of), of) if of else (0.0, 1.0)
    return estimate(
        records,
        unit,
        100 * inside / of if of else None,
        count=count,
        made=made,
        interval=(100 * low, 100 * high),
        lacks="documents",
    )


def world_share(records: Records, subject: Subject, period: Period, kind: str) -> Answer:
    """A share of the world's documents of a kind, fractionally; what has no place stays in the whole."""
    inside, count, made = records.one(
        """SELECT coalesce(sum(part), 0), count(*), count(*) FILTER (synthetic) FROM addresses
           WHERE kind = ? AND date >= ? AND date < ? AND city IN (SELECT unnest(?))""",
        kind,
        period.start,
        period.end,
        list(subject.cities),
    )
    of = records.one(
        "SELECT count(*) FROM documents WHERE kind = ? AND date >= ? AND date < ?", kind, period.start, period.end
    )[0]
    return _share(records, "%", inside, of, count, made)


def publication_share(records: Records, subject: Subject, period: Period) -> Answer:
    return world_share(records, subject, period, "publication")


def patent_share(records: Records, subject: Subject, period: Period) -> Answer:
    return world_share(records, subject, period, "patent")


def fields(records: Records, period: Period) -> tuple[list[str], list[str], Any, int, int]:
    """Fractional publications by city and field; cities, fields, counts, records and made-up ones."""
    key = ("fields", period)
    if key not in records.kept:
        rows = records.rows(
            """SELECT a.city, d.field, sum(a.part), count(*), count(*) FILTER (a.synthetic)
               FROM addresses a JOIN documents d ON d.key = a.document
               WHERE a.kind = 'publication' AND a.date >= ? AND a.date < ? AND d.field IS NOT NULL AND a.city <> ''
               GROUP BY 1, 2""",
            period.start,
            period.end,
        )
        cities, names = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
        table = np.zeros((len(cities), len(names)))
        for city, name, parts, _count, _made in rows:
            table[cities.index(city), names.index(name)] = parts
        records.kept[key] = (cities, names, table, sum(row[3] for row in rows), sum(row[4] for row in rows))
    found: tuple[list[str], list[str], Any, int, int] = records.kept[key]
    return found


def specialisation(records: Records, subject: Subject, period: Period) -> Answer:
    cities, names, table, count, made = fields(records, period)
    mine = np.isin(cities, subject.cities)
    if not mine.any() or not table[mine].sum() or mine.all():
        return Answer(None, lacks="documents")
    pair = np.vstack([table[mine].sum(axis=0), table[~mine].sum(axis=0)])
    quotients = statistics.location_quotients(pair)[0]
    order = np.argsort(-np.nan_to_num(quotients))
    parts = [Part(names[k], round(float(quotients[k]), 3)) for k in order if np.isfinite(quotients[k])]
    base = pair.sum(axis=0)
    top = int(order[0])
    return estimate(
        records,
        "quotient",
        float(quotients[top]),
        count=count,
        made=made,
        interval=statistics.quotient_interval(pair[0, top], pair[0].sum(), base[top], base.sum()),
        parts=parts,
        lacks="documents",
    )


def complexity(records: Records, subject: Subject, period: Period) -> Answer:
    cities, _names, table, count, made = fields(records, period)
    try:
        found = statistics.complexity(table)
    except statistics.StatisticsError:
        return Answer(None, lacks="documents")
    order = np.argsort(-np.nan_to_num(found.region, nan=-np.inf))
    parts = [Part(cities[k], round(float(found.region[k]), 3)) for k in order if np.isfinite(found.region[k])]
    value = float(found.region[cities.index(subject.code)]) if subject.code in cities else None
    return estimate(records, "z", value, count=count, made=made, parts=parts, lacks="documents")


def relatedness(records: Records, subject: Subject, period: Period) -> Answer:
    cities, names, table, count, made = fields(records, period)
    try:
        found = statistics.complexity(table)
    except statistics.StatisticsError:
        return Answer(None, lacks="documents")
    if subject.code not in cities:
        return Answer(None, lacks="documents")
    mine = cities.index(subject.code)
    density, quotient = found.relatedness[mine], statistics.location_quotients(table)[mine]
    open_ = [k for k in range(len(names)) if np.isfinite(density[k]) and not quotient[k] >= 1]
    open_.sort(key=lambda k: -density[k])
    parts = [Part(names[k], round(float(density[k]), 3)) for k in open_]
    value = float(density[open_[0]]) if open_ else None
    return estimate(records, "share", value, count=count, made=made, parts=parts, lacks="documents")


def collaboration(records: Records, subject: Subject, period: Period) -> Answer:
    """Share of a subject's publications that have an address outside of it."""
    count, outside, made = records.one(
        """SELECT count(*), count(*) FILTER (away), count(*) FILTER (made) FROM (
             SELECT document, bool_or(NOT coalesce(city IN (SELECT unnest(?)), false)) AS away, bool_or(synthetic) AS made
             FROM addresses WHERE kind = 'publication' AND date >= ? AND date < ?
             GROUP BY document HAVING bool_or(city IN (SELECT unnest(?))))""",
        list(subject.cities),
        period.start,
        period.end,
        list(subject.cities),
    )
    return _share(records, "%", outside, count, count, made)


def science_centres(records: Records, subject: Subject, period: Period) -> Answer:
    """Documents shared by the cities of the two national science centres, beside the gravity model's expectation."""
    found = flows.between(records, "publications", period)
    pair = [found.index(code) for code in flows.SCIENCE_CENTRES if code in found.codes]
    agreements = [
        row
        for row in records.snapshot.ties
        if row["kind"] == "partnership" and {row["start_city"], row["end_city"]} == set(flows.SCIENCE_CENTRES)
    ]
    if len(pair) < 2 or not found.records:
        return Answer(None, (Part("agreements", len(agreements)),), "documents")
    shared = float(found.flow[pair[0], pair[1]])
    parts = [Part("agreements", len(agreements))]
    model = found.gravity
    if model is not None and np.isfinite(model.ratio[pair[0], pair[1]]):
        parts.append(Part("over_expected", round(float(model.ratio[pair[0], pair[1]]), 3)))
    made = round(shared * found.synthetic_share)
    rate = statistics.rate_interval(round(shared), 1.0)
    return estimate(
        records,
        "documents",
        shared,
        count=max(1, round(shared)),
        made=made,
        interval=rate,
        parts=parts,
        lacks="documents",
    )


def leading_share(records: Records, subject: Subject, period: Period) -> Answer:
    """Of what the subject's cities publish with others, the part they lead."""
    found = flows.between(records, "publications", period)
    mine = np.isin(found.codes, subject.cities)
    out, into = float(found.led[np.ix_(mine, ~mine)].sum()), float(found.led[np.ix_(~mine, mine)].sum())
    if not mine.any() or mine.all() or not out + into:
        return Answer(None, lacks="documents")
    low, high = statistics.share_interval(out, out + into)
    count = round(out + into)
    return estimate(
        records,
        "%",
        100 * out / (out + into),
        count=count,
        made=round(count * found.synthetic_share),
        interval=(100 * low, 100 * high),
        lacks="documents",
    )


def cluster_rank(records: Records, subject: Subject, period: Period) -> Answer:
    """Rank of the cluster that holds most of the city's points in the latest cluster run."""
    run = records.cluster_run or {}
    if period.start.isoformat() > run.get("last_day", "") or subject.code not in run.get("city_cluster", {}):
        return Answer(None, lacks="clusters")
    row = next(one for one in run["clusters"] if one["cluster"] == run["city_cluster"][subject.code])
    made = round(run["points"] * run["synthetic_share"])
    return estimate(
        records,
        "rank",
        float(row["rank"]),
        count=run["points"],
        made=made,
        interval=(row["rank_low"], row["rank_high"]) if row.get("rank_low") else None,
        parts=[Part("found", row.get("found", 0.0)), *(Part(k, v) for k, v in row["shares"].items())],
        lacks="clusters",
    )


INDICATORS = (
    Indicator(
        "top-journal-share-full",
        _("Share of the country's top-journal papers, full counting"),
        _(
            "Papers with an address here ÷ papers with an address in the country; journals of the dated list “top-journals”."
        ),
        _("full: a paper with any address here counts one"),
        "%",
        _("The list of journals is the indicator. Full counts favour those who write with many others."),
        WALTMAN,
        ("region", "jurisdiction", "city"),
        top_journal_share_full,
        "documents",
        ("top-journal-papers-shanghai",),
        "papers",
    ),
    Indicator(
        "top-journal-share-fractional",
        _("Share of the country's top-journal papers, fractional counting"),
        _(
            "Sum of the parts of papers held by addresses here ÷ the same for the country; journals of the list “top-journals”."
        ),
        _("fractional: each paper is worth one, divided among its addresses"),
        "%",
        _("Divides by addresses, not by authors. Other counting methods give other shares."),
        WALTMAN,
        ("region", "jurisdiction", "city"),
        top_journal_share_fractional,
        "documents",
        ("top-journal-papers-shanghai",),
        "papers",
    ),
    Indicator(
        "publication-share",
        _("Share of the world's publications"),
        _("Sum of the parts of publications held by addresses here ÷ all publications of the store."),
        _("fractional; what has no place stays in the whole"),
        "%",
        _("The world is what the store holds: read the data page with it."),
        WALTMAN,
        ("region", "jurisdiction", "city"),
        publication_share,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "patent-share",
        _("Share of the world's patents"),
        _("Sum of the parts of patents held by inventors' addresses here ÷ all patents of the store."),
        _("fractional; what has no place stays in the whole"),
        "%",
        _("Some offices give the applicant's address for the inventor's, which favours cities with headquarters."),
        WALTMAN,
        ("region", "jurisdiction", "city"),
        patent_share,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "specialisation",
        _("Strongest specialisation by field"),
        _("(share of the field in the publications here) ÷ (share of the field in those of all cities of the record)"),
        _("fractional; the largest location quotient, all fields in parts"),
        "quotient",
        _("Explodes for rare fields: read the interval."),
        "Balassa (1965), The Manchester School 33(2), 99-123",
        ("jurisdiction", "city"),
        specialisation,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "complexity",
        _("Complexity of a city's research"),
        _(
            "Second eigenvector of cities' similarity by the fields they are specialised in (location quotient ≥ 1), standardised."
        ),
        _("fractional publications by city and field"),
        "z",
        _("Relative to the other cities of the same period; not comparable over time."),
        "Hidalgo & Hausmann (2009), PNAS 106(26), 10570-10575",
        ("city",),
        complexity,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "relatedness",
        _("Nearest field that a city is not yet specialised in"),
        _("Share of the fields related to it, weighted by proximity, that the city is specialised in."),
        _("fractional publications by city and field"),
        "share",
        _("Says what is near, not what is worth doing."),
        "Hidalgo, Klinger, Barabási & Hausmann (2007), Science 317(5837), 482-487",
        ("city",),
        relatedness,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "collaboration-share",
        _("Publications written with others"),
        _("Publications with an address here and one elsewhere ÷ publications with an address here."),
        _("full; an address without a place counts as elsewhere"),
        "%",
        _("Grows with the number of authors whatever people do."),
        WALTMAN,
        ("region", "jurisdiction", "city"),
        collaboration,
        "documents",
        (),
        "papers",
    ),
    Indicator(
        "science-centre-cooperation",
        _("Documents shared by the two national science centres"),
        _(
            "Publications with an address in both cities; beside it their ratio to a gravity model's expectation, and agreements in the record."
        ),
        _("full; cities stand for the science centres in them"),
        "documents",
        _("The whole cities are counted: addresses do not tell the science city from the city."),
        "Hoekman, Frenken & Tijssen (2010), Research Policy 39(5), 662-673",
        ("region",),
        science_centres,
        "documents",
        ("science-centres-agreement",),
        "flows",
    ),
    Indicator(
        "leading-share",
        _("Leading share in joint publications"),
        _("Publications led from here with others ÷ (those + publications led by others with somebody here)"),
        _("full; led = an address of the first or corresponding author"),
        "%",
        _("Within the cities of the record; there is no standard name for this ratio."),
        "defined here",
        ("jurisdiction", "city"),
        leading_share,
        "documents",
        (),
        "flows",
    ),
    Indicator(
        "cluster-rank",
        _("Rank of the innovation cluster"),
        _(
            "Rank by the summed shares of the world's documents of the cluster that holds most of the city's points, in the latest cluster run."
        ),
        _("fractional; interval from resampled documents"),
        "rank",
        _("The same method as the published ranking, never the same ranking: the publisher gives no point data."),
        "Ester, Kriegel, Sander & Xu (1996), KDD-96, 226-231",
        ("city",),
        cluster_rank,
        "clusters",
        ("gii2025-shanghai-suzhou", "gii2025-hangzhou", "gii2025-nanjing", "gii2025-hefei"),
        "clusters",
    ),
)
