"""What a report says: figures, published ones beside, charts and maps, method and sources, as plain blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from headwater import __version__
from headwater.observatory import catchments, charts, evaluate, flows
from headwater.observatory.evaluate import Evaluated
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, Subject
from headwater.observatory.templatetags.observatory import figure, in_words
from headwater.observatory.wording import LACKS, UNITS
from headwater.papers.pdf import Block, Heading, Pairs, Table, Text

CHARTED = 15
SHOWN_CLUSTERS, SHOWN_FLOWS, SHOWN_CITIES = 25, 20, 15


def blocks_of(
    records: Records, subject: Subject, period: Period, made_on: date, number: str, title: str
) -> Iterator[Block]:
    found = evaluate.all_for(records, subject, period)
    yield Pairs(
        (
            (_("Subject"), in_words(subject, "name")),
            (_("Period"), str(period)),
            (_("Made on"), made_on.isoformat()),
            (_("Cite as"), f"Headwater {__version__}: {title}. {made_on.isoformat()}. report-{number}."),
        )
    )
    yield Text(
        _(
            "Computed figures come from the records named at the end, each with its share of synthetic records. "
            "Published figures were computed by others; they stand beside and are never mixed in."
        )
    )
    yield Heading(_("Figures"))
    yield Table(
        (_("Indicator"), _("Value"), _("Interval"), _("Records"), _("Synthetic")),
        [_figure_row(one) for one in found],
        frozenset({2, 3, 4}),
        (5, 3, 2.2, 1.4, 1.4),
    )
    yield from _shares_chart(found)
    beside = [(one, row) for one in found for row in one.published]
    if beside:
        yield Heading(_("Published by others"))
        yield Table(
            (_("Statement"), _("As of"), _("Source"), _("Computed here")),
            [
                (
                    in_words(row, "statement"),
                    row["as_of"],
                    "; ".join(in_words(source, "title") for source in row["sources"]),
                    f"{one.indicator.title}: {_value(one)}",
                )
                for one, row in beside
            ],
            frozenset(),
            (4, 1.3, 3.4, 3),
        )
    yield from _clusters(records)
    yield from _flows(records, period)
    yield from _reach(records, subject)
    yield Heading(_("Method"))
    for one in found:
        definition = one.indicator
        reference = _("defined here") if definition.reference == "defined here" else definition.reference
        yield Pairs(
            (
                (str(definition.title), str(definition.formula)),
                (_("Counting"), str(definition.counting)),
                (_("Mind"), str(definition.caveat)),
                (_("Reference"), reference),
            )
        )
    yield from _sources(records, beside)


def _shares_chart(found: Sequence[Evaluated]) -> Iterator[Block]:
    """Those figures that are shares, on one axis; others have units of their own and stand in the table."""
    rows = []
    for one in found:
        made = one.answer.estimate
        if made is None or one.indicator.unit != "%":
            continue
        beside = [row["value"] for row in one.published if row["value"] is not None and row["unit_en"] == "%"]
        rows.append(
            charts.Span(
                str(one.indicator.title),
                made.value,
                made.low,
                made.high,
                f"{figure(made.value)} %",
                float(beside[0]) if beside else None,
            )
        )
    if rows:
        caption = _(
            "Figures that are shares, in percent; bars are intervals where one can be given, dots in the other colour "
            "are published by others."
        )
        yield charts.spans(rows, caption, ticks=(0, 20, 40, 60, 80, 100))


def _figure_row(one: Evaluated) -> tuple[str, ...]:
    made = one.answer.estimate
    if made is None:
        return str(one.indicator.title), str(LACKS[one.answer.lacks]), "", "", ""
    span = "" if made.low is None else f"{figure(made.low)}–{figure(made.high)}"
    return (
        str(one.indicator.title),
        _value(one),
        span,
        f"{made.records:,}",
        f"{100 * made.synthetic_share:.0f} %",
    )


def _value(one: Evaluated) -> str:
    made = one.answer.estimate
    return "—" if made is None else f"{figure(made.value)} {UNITS[one.indicator.unit]}"


def _clusters(records: Records) -> Iterator[Block]:
    run = records.cluster_run
    if not run:
        return
    yield Heading(_("Innovation clusters"))
    parameters = run["parameters"]
    yield Text(
        _(
            "At least %(least)s addresses within %(radius)s km, clusters within %(merge)s km merged; shares of the "
            "world's documents, counted fractionally; 95 %% intervals from resampled documents. The same method as the "
            "published ranking, never the same ranking. %(made)s of the addresses are synthetic."
        )
        % {
            "least": figure(parameters["min_weight"]),
            "radius": figure(parameters["radius_km"]),
            "merge": figure(parameters["merge_km"]),
            "made": f"{100 * run['synthetic_share']:.0f} %",
        }
    )
    shown = run["clusters"][:CHARTED]
    drawn = charts.cluster_map(
        records.snapshot.region, run["clusters"], _("Hulls of the clusters in the region, with their ranks.")
    )
    if drawn is not None:
        yield drawn
    if shown:
        spans = [
            charts.Span(row["name"], row["rank"], row.get("rank_low"), row.get("rank_high"), _rank_text(row))
            for row in shown
        ]
        last = max(max(one.value, one.high or 0) for one in spans)
        caption = _("Ranks of the first clusters; bars are 95 % intervals from resampled documents.")
        yield charts.spans(spans, caption, ticks=charts.ticks(last))
    yield Table(
        (_("Rank"), _("Interval"), _("Cluster"), _("Score, %"), _("Addresses")),
        [
            (
                str(row["rank"]),
                f"{row['rank_low']}–{row['rank_high']}" if row.get("rank_low") else "",
                row["name"],
                f"{100 * row['score']:.2f}",
                f"{row['weight']:,.0f}",
            )
            for row in run["clusters"][:SHOWN_CLUSTERS]
        ],
        frozenset({0, 3, 4}),
        (1, 1.4, 5, 1.6, 1.8),
    )


def _rank_text(row: Mapping[str, Any]) -> str:
    return f"{row['rank']} ({row['rank_low']}–{row['rank_high']})" if row.get("rank_low") else str(row["rank"])


def _flows(records: Records, period: Period) -> Iterator[Block]:
    found = flows.between(records, "publications", period)
    pairs = flows.pairs(found, SHOWN_FLOWS)
    if not pairs:
        return
    named = {row["code"]: in_words(row, "name") for row in records.snapshot.cities}
    cities = flows.table(found, flows.between(records, "publications", flows.earlier(period)))
    sizes = {row["city"]: row["strength"] for row in cities}
    places = {
        row["code"]: (row["lat"], row["lon"], named[row["code"]], sizes[row["code"]])
        for row in records.snapshot.cities
        if row["code"] in sizes
    }
    yield Heading(_("Joint publications between cities"))
    yield charts.flow_map(
        records.snapshot.region,
        places,
        [(row["one"], row["other"], row["flow"]) for row in pairs],
        _("The largest flows of joint publications between cities; circles by the sum of a city's flows."),
    )
    if found.gravity is not None:
        yield Text(
            _("Flows fall with distance to the power %(decay)s (%(low)s to %(high)s), by a gravity model (PPML).")
            % {
                "decay": f"{found.gravity.decay:.2f}",
                "low": f"{found.gravity.decay_low:.2f}",
                "high": f"{found.gravity.decay_high:.2f}",
            }
        )
    yield Table(
        (_("Between"), _("Flow"), _("Expected"), _("Flow ÷ expected"), "km"),
        [
            (
                f"{named[row['one']]} – {named[row['other']]}",
                figure(row["flow"]),
                figure(row["expected"]),
                figure(row["over_expected"]),
                f"{row['distance_km']:.0f}",
            )
            for row in pairs
        ],
        frozenset({1, 2, 3, 4}),
    )
    yield Table(
        (_("City"), _("Partner cities"), _("Betweenness"), _("Leading share"), _("Radiates, km"), _("Change, km")),
        [
            (
                named[row["city"]],
                str(row["degree"]),
                figure(row["betweenness"]),
                "—" if row["leading_share"] is None else f"{100 * row['leading_share']:.1f} %",
                figure(None if row["reach_km"] is None else round(row["reach_km"])),
                figure(None if row["reach_change_km"] is None else round(row["reach_change_km"])),
            )
            for row in cities[:SHOWN_CITIES]
        ],
        frozenset({1, 2, 3, 4, 5}),
    )


def _reach(records: Records, subject: Subject) -> Iterator[Block]:
    plants = [
        one
        for one in records.subjects
        if one.kind == "zone" and one.lat is not None and (one.code == subject.code or subject.kind == "region")
    ]
    rows = []
    for plant in plants:
        places = catchments.places_of(records, "suppliers", plant.code)
        if not places or not plant.cities:
            continue
        found = catchments.from_subject(records, plant, places, limit_km=400.0, limit_min=180.0)
        shares = found.shares
        rows.append(
            (
                in_words(plant, "name"),
                str(len(places)),
                *(f"{100 * shares[name]:.1f} %" for name in ("distance", "rail", "both")),
            )
        )
    if rows:
        yield Heading(_("Suppliers within reach"))
        yield Table(
            (_("Plant"), _("Suppliers"), _("within 400 km"), _("within 180 minutes by rail"), _("in both")),
            rows,
            frozenset({1, 2, 3, 4}),
        )


def _sources(records: Records, beside: list[tuple[Evaluated, Any]]) -> Iterator[Block]:
    yield Heading(_("Sources"))
    yield Table(
        (_("Table"), _("Origin"), _("Rows"), "SHA-256"),
        [(part.table, part.origin, f"{records.store.rows(part):,}", part.digest[:16] + "…") for part in records.parts],
        frozenset({2}),
    )
    rail = catchments.rail(records)
    lines = [
        _("The region's record: %(name)s, digest %(digest)s.")
        % {"name": in_words(records.snapshot.region, "name"), "digest": records.snapshot.region["digest"][:16] + "…"},
        *([rail.source] if rail is not None else []),
    ]
    seen: dict[str, str] = {}
    for _one, row in beside:
        for source in row["sources"]:
            seen.setdefault(source["key"], f"{in_words(source, 'title')} {source['url']}".strip())
    yield Text("\n".join([*lines, *seen.values()]))
    yield Text(_("Full hashes, versions and parameters are in manifest.json beside this report."))
