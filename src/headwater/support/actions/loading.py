"""Loads a region's terms with the region: its schemes, recognitions and formulas, and made-up rates for made-up
instruments. Facts are found again by their code and version; what a version says never changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any

from headwater.accounts import words
from headwater.accounts.audit import Act, record
from headwater.core.identity import derived_id
from headwater.core.money import Money
from headwater.engines.terms import rates_as_data, read_rates
from headwater.registry.loaded import Loaded
from headwater.registry.models import Jurisdiction, Organisation, Source, SourceKind
from headwater.registry.regionfiles import RegionError
from headwater.support.models import AssessmentFormula, RateTable, Recognition, Scheme, SchemeVersion
from headwater.support.schemefiles import FORMULA, RECOGNITION, SCHEME, Row, read_rows

DEMO_RATES_FROM = date(2015, 1, 1)


def _rows(loaded: Loaded, name: str, columns: Sequence[str], problems: list[str]) -> tuple[Row, ...]:
    path = loaded.files.folder / name
    if not path.is_file():
        return ()
    read = read_rows(path.read_bytes(), columns)
    for line, decision in read.faults:
        problems += [f"{name} line {line}: {sentence}" for sentence in words.sentences(decision)]
    return read.rows


def load_terms(loaded: Loaded) -> None:
    """Take in what the region's folder says of terms, inside the load's transaction."""
    problems: list[str] = []
    schemes = _rows(loaded, "schemes.csv", SCHEME, problems)
    recognitions = _rows(loaded, "recognitions.csv", RECOGNITION, problems)
    formulas = _rows(loaded, "assessments.csv", FORMULA, problems)
    homes = {one.code: one for one in Jurisdiction.objects.all()}
    sources = {one.key: one for one in Source.objects.all()}
    for name, rows in (("schemes.csv", schemes), ("recognitions.csv", recognitions), ("assessments.csv", formulas)):
        for row in rows:
            where = f"{name} line {row['line']}"
            if row["source"] not in sources:
                problems.append(f"{where}: its source “{row['source']}” is not in sources.csv; each row needs one.")
            problems += [
                f"{where}: there is no jurisdiction “{row[column]}”."
                for column in ("jurisdiction", "granted_in", "counts_in")
                if column in row and row[column] not in homes
            ]
    if problems:
        raise RegionError(problems)
    _put_schemes(loaded, schemes, homes, sources)
    _put_recognitions(loaded, recognitions, homes, sources)
    _put_formulas(loaded, formulas, homes, sources)
    _put_demo_rates(loaded)


def _put_schemes(loaded: Loaded, rows: Sequence[Row], homes: Any, sources: Any) -> None:
    problems = []
    for row in rows:
        scheme, _new = Scheme.objects.update_or_create(
            code=row["code"],
            defaults={"jurisdiction": homes[row["jurisdiction"]], "name_zh": row["name_zh"], "name_en": row["name_en"]},
            create_defaults={
                "jurisdiction": homes[row["jurisdiction"]],
                "name_zh": row["name_zh"],
                "name_en": row["name_en"],
                "public_id": derived_id("sch", str(loaded.files.settings["node"]), row["code"]),
            },
        )
        known = SchemeVersion.objects.filter(scheme=scheme, number=row["version"]).first()
        texts = {name: row[name] for name in ("article_zh", "article_en", "note_zh", "note_en", "verified")}
        says = {"valid_from": row["valid_from"], "valid_to": row["valid_to"], "terms": row["terms"]} | texts
        if known is None:
            SchemeVersion.objects.create(
                scheme=scheme, number=row["version"], source=sources[row["source"]], made_at=loaded.at, **says
            )
        elif any(getattr(known, name) != value for name, value in says.items()):
            problems.append(
                f"schemes.csv line {row['line']}: version {row['version']} of {row['code']} says something else than "
                "the one loaded before. What a version says never changes: give the new one a higher number."
            )
    if problems:
        raise RegionError(problems)
    if rows:
        changes = {"schemes": [None, len(rows)]}
        record(Act("terms.loaded", f"reg_{loaded.files.code}", changes), by=loaded.by, at=loaded.at)


def _put_recognitions(loaded: Loaded, rows: Sequence[Row], homes: Any, sources: Any) -> None:
    for row in rows:
        values = {name: row[name] for name in RECOGNITION if name not in ("code", "granted_in", "counts_in", "source")}
        values |= {"granted_in": homes[row["granted_in"]], "counts_in": homes[row["counts_in"]]}
        values |= {"source": sources[row["source"]]}
        made = {"public_id": derived_id("rec", str(loaded.files.settings["node"]), row["code"])}
        Recognition.objects.update_or_create(code=row["code"], defaults=values, create_defaults=values | made)


def _put_formulas(loaded: Loaded, rows: Sequence[Row], homes: Any, sources: Any) -> None:
    currency = str(loaded.files.settings["currency"])
    for row in rows:
        values = {name: row[name] for name in ("name_zh", "name_en", "formula", "note_zh", "note_en", "verified")}
        values |= {"jurisdiction": homes[row["jurisdiction"]], "from_year": row["from_year"]}
        values |= {"source": sources[row["source"]], "value_from_minor": Money.parse(row["value_from"], currency).minor}
        AssessmentFormula.objects.update_or_create(code=row["code"], number=row["version"], defaults=values)


# Made-up rates --------------------------------------------------------------------------------------------------
def _between(key: str, low: int, high: int, step: int) -> int:
    """A number that a key always gives, from ``low`` to ``high``."""
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return low + digest % ((high - low) // step + 1) * step


def demo_rates(owner_code: str, currency: str) -> dict[str, Any]:
    """A table of rates made up for an owner: the same at every load."""

    def between(name: str, low: int, high: int, step: int) -> int:
        return _between(f"{owner_code}.{name}", low, high, step)

    hour, sample, setup = between("hour", 240, 1200, 20), between("sample", 80, 400, 10), between("setup", 100, 500, 50)
    lines = []
    for who, share in (("any", 100), ("company", 100), ("academic", 70), ("internal", 40)):
        lines += [
            {
                "per": "hour",
                "for": who,
                "price": f"{hour * share / 100:.2f}",
                "peak": f"{hour * share * 1.2 / 100:.2f}",
            },
            {"per": "sample", "for": who, "price": f"{sample * share / 100:.2f}"},
        ]
    lines += [
        {"per": "setup", "for": "any", "price": str(setup)},
        {"per": "service", "for": "any", "service": "analysis", "price": str(3 * sample)},
    ]
    return {
        "currency": currency,
        "lines": lines,
        "minimum": "100.00",
        "peak": {"days": [1, 2, 3, 4, 5], "from": "09:00", "to": "17:00"},
        "late_cancel": {"within_hours": 24, "share": "0.5"},
        "no_show": "1",
    }


def _put_demo_rates(loaded: Loaded) -> None:
    """One table for each owner of made-up instruments, so that each of them can be quoted. Marked synthetic."""
    if not loaded.files.settings["synthetic"]["instruments"]:
        return
    currency, node = str(loaded.files.settings["currency"]), str(loaded.files.settings["node"])
    source, _new = Source.objects.get_or_create(
        key=f"synthetic-rates-{loaded.files.code}",
        defaults={
            "kind": SourceKind.SYNTHETIC,
            "title_zh": "合成的收费标准，非真实价格",
            "title_en": "Synthetic rates, made up: nobody charges them",
            "publisher": "Headwater",
            "licence": "CC0-1.0",
            "parameters": {"generator": "headwater.support.actions.loading"},
        },
    )
    have = set(RateTable.objects.filter(instrument=None).values_list("owner_id", flat=True))
    owners = Organisation.objects.filter(instruments__isnull=False).distinct().order_by("pk")
    RateTable.objects.bulk_create(
        RateTable(
            public_id=derived_id("rat", node, "synthetic", owner.code),
            owner=owner,
            number=1,
            valid_from=DEMO_RATES_FROM,
            rates=rates_as_data(read_rates(demo_rates(owner.code, currency))),
            source=source,
            made_at=loaded.at,
        )
        for owner in owners
        if owner.pk not in have
    )
