"""Reports: figures, method and sources of one subject and period, in both languages, as HTML and PDF.

A report is a pure function of what its manifest names: the record's snapshot and the cluster run (kept beside it), the
store's parts by their hashes, the timetable, the program and the day. So it can be made again to the byte.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from headwater import __version__
from headwater.observatory import catchments, evaluate, flows, queries
from headwater.observatory.evaluate import Evaluated
from headwater.observatory.models import Run
from headwater.observatory.records import Records, Snapshot
from headwater.observatory.store import Part, Store
from headwater.observatory.subjects import Period, Subject
from headwater.observatory.templatetags.observatory import figure, in_words
from headwater.observatory.wording import LACKS, UNITS
from headwater.papers.pdf import Block, Heading, Pairs, Table, Text, make_pdf

LANGUAGES = (("en", "en"), ("zh-hans", "zh"))
RECORD, CLUSTERS, MANIFEST = "record.json", "clusters.json", "manifest.json"
LIBRARIES = ("numpy", "scipy", "duckdb", "pyarrow", "networkx", "econcomplex", "reportlab")
PACKAGE = Path(__file__).resolve().parent.parent
SHOWN_CLUSTERS, SHOWN_FLOWS, SHOWN_CITIES = 25, 20, 15


class ReportError(ValueError):
    """A report can't be made again; one sentence with what is missing or differs."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a report is about, and the day it is dated."""

    subject: str
    period: str
    made_on: date


def make_into(records: Records, run: Run, at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make the report that a run asks for, in the run's folder; its files and its manifest."""
    folder = queries.root() / "runs" / run.public_id
    asked = Asked(run.parameters["subject"], run.parameters["period"], at.date())
    manifest = make(records, asked, folder)
    return {
        "files": [*manifest["files"], {"name": MANIFEST, "sha256": _hash((folder / MANIFEST).read_bytes())}]
    }, manifest


def make(records: Records, asked: Asked, folder: Path) -> dict[str, Any]:
    """Write a report's files and its manifest into a folder; gives the manifest.

    Raises `SubjectError` for a subject or period that can't be understood.
    """
    folder.mkdir(parents=True, exist_ok=True)
    snapshot = replace(records.snapshot, as_of=asked.made_on.isoformat())
    # One thread: sums of fractions then always run in the same order.
    fixed = Records(snapshot, records.store, records.parts, records.cluster_run, threads=1)
    try:
        subject, period = fixed.subject(asked.subject), Period.read(asked.period)
        kept = {
            RECORD: snapshot.text().encode(),
            CLUSTERS: json.dumps(fixed.cluster_run, ensure_ascii=False, sort_keys=True).encode(),
        }
        inputs = _inputs(fixed, kept)
        number = _hash(json.dumps([inputs, asked.subject, str(period), asked.made_on.isoformat()]).encode())[:16]
        files = dict(kept)
        for language, short in LANGUAGES:
            with translation.override(language):
                title = _("Where %(name)s stands, %(period)s") % {
                    "name": in_words(subject, "name"),
                    "period": str(period),
                }
                blocks = list(_blocks(fixed, subject, period, asked, number, title))
                files[f"report.{short}.html"] = _html(title, blocks, short, asked.made_on).encode()
                files[f"report.{short}.pdf"] = make_pdf(title, blocks, language=short, made_on=asked.made_on)
    finally:
        fixed.close()
    manifest = {
        "id": f"report-{number}",
        "subject": asked.subject,
        "period": str(period),
        "made_on": asked.made_on.isoformat(),
        "seed": (fixed.cluster_run or {}).get("seed"),
        "program": f"headwater {__version__}",
        "code_sha256": code_digest(),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "inputs": inputs,
        "files": [{"name": name, "sha256": _hash(data)} for name, data in sorted(files.items())],
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    return manifest


def make_again(manifest_file: Path, store: Store, folder: Path) -> dict[str, bool]:
    """Make a report again from its manifest and the files beside it; whether each file is the same to the byte.

    Raises
    ------
    ReportError
        An input is gone or was changed.
    """
    try:
        manifest = json.loads(manifest_file.read_text("utf-8"))
        inputs, beside = manifest["inputs"], manifest_file.parent
        record, clusters = ((beside / name).read_text("utf-8") for name in (RECORD, CLUSTERS))
        parts = [Part(**part) for part in inputs["store"]]
        asked = Asked(manifest["subject"], manifest["period"], date.fromisoformat(manifest["made_on"]))
        expected = {row["name"]: row["sha256"] for row in manifest["files"]}
    except FileNotFoundError as problem:
        raise ReportError(f"{problem.filename} is missing; keep it beside the manifest.") from problem
    except (KeyError, TypeError, ValueError) as problem:
        raise ReportError(f"{manifest_file} is not a report's manifest.") from problem
    wrong = store.check(parts)
    for name, text in ((RECORD, record), (CLUSTERS, clusters)):
        if _hash(text.encode()) != inputs[name]:
            wrong.append(f"{name} was changed.")
    if wrong:
        raise ReportError("The inputs are not those of the manifest. " + " ".join(wrong))
    records = Records(Snapshot.read(record), store, parts, json.loads(clusters), threads=1)
    made = make(records, asked, folder)
    return {row["name"]: expected.get(row["name"]) == row["sha256"] for row in made["files"]}


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """SHA-256 over the code that a report comes from, and the words it is written in."""
    digest = hashlib.sha256()
    for folder in ("core", "engines", "observatory", "papers", "timetables", "site/locale"):
        for path in sorted((PACKAGE / folder).rglob("*")):
            if path.suffix in (".py", ".mo"):
                digest.update(path.relative_to(PACKAGE).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(records: Records, kept: Mapping[str, bytes]) -> dict[str, Any]:
    rail = catchments.rail(records)
    return {
        **{name: _hash(data) for name, data in kept.items()},
        "store": [{"table": part.table, "origin": part.origin, "digest": part.digest} for part in records.parts],
        "timetable": rail.digest if rail is not None else None,
        "region": records.snapshot.region["digest"],
    }


# What it says ---------------------------------------------------------------------------------------------------
def _blocks(
    records: Records, subject: Subject, period: Period, asked: Asked, number: str, title: str
) -> Iterator[Block]:
    found = evaluate.all_for(records, subject, period)
    yield Pairs(
        (
            (_("Subject"), in_words(subject, "name")),
            (_("Period"), str(period)),
            (_("Made on"), asked.made_on.isoformat()),
            (_("Cite as"), f"Headwater {__version__}: {title}. {asked.made_on.isoformat()}. report-{number}."),
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


def _flows(records: Records, period: Period) -> Iterator[Block]:
    found = flows.between(records, "publications", period)
    pairs = flows.pairs(found, SHOWN_FLOWS)
    if not pairs:
        return
    named = {row["code"]: in_words(row, "name") for row in records.snapshot.cities}
    yield Heading(_("Joint publications between cities"))
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
    cities = flows.table(found, flows.between(records, "publications", flows.earlier(period)))[:SHOWN_CITIES]
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
            for row in cities
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


# How it looks ---------------------------------------------------------------------------------------------------
STYLE = """
body{font:16px/1.6 "Helvetica Neue",Arial,"PingFang SC","Noto Sans CJK SC","Microsoft YaHei",sans-serif;color:#16232e;
max-width:60rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.7rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .7rem .3rem 0;
border-bottom:1px solid #dfe6ea}.num{text-align:right;font-variant-numeric:tabular-nums}dl{display:grid;
grid-template-columns:minmax(9rem,16rem) 1fr;gap:.2rem 1rem;border-bottom:1px solid #dfe6ea;padding-bottom:.6rem}
dt{color:#51626f}dd{margin:0}footer{color:#51626f;font-size:.85rem;margin-top:2rem}
"""


def _html(title: str, blocks: list[Block], language: str, made_on: date) -> str:
    """The report as one file that needs no other."""
    body = "\n".join(_element(block) for block in blocks)
    code = "zh-Hans" if language == "zh" else "en"
    return (
        f'<!doctype html>\n<html lang="{code}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}\n"
        f"<footer>Headwater {__version__} · {made_on.isoformat()}</footer></body></html>\n"
    )


def _element(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h2>{escape(block.text)}</h2>"
    if isinstance(block, Text):
        return "<p>" + "<br>".join(escape(line) for line in block.text.split("\n")) + "</p>"
    if isinstance(block, Pairs):
        return (
            "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in block.rows) + "</dl>"
        )
    head = "".join(_cell("th", text, k, block.numeric) for k, text in enumerate(block.head))
    rows = "".join(
        "<tr>" + "".join(_cell("td", text, k, block.numeric) for k, text in enumerate(row)) + "</tr>"
        for row in block.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(tag: str, text: str, column: int, numeric: frozenset[int]) -> str:
    kind = ' class="num"' if column in numeric else ""
    return f"<{tag}{kind}>{escape(text)}</{tag}>"
