"""``headwater indicators``: figures of a region, province, city, zone, facility or organisation, from records."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from headwater.observatory.evaluate import Evaluated
    from headwater.observatory.records import Records


class Unusable(click.ClickException):
    """Something asked for that isn't there: one sentence, exit code 2."""

    exit_code = 2


@click.command("indicators", short_help="Figures from records, beside the published ones.")
@click.argument("codes", nargs=-1, metavar="[CODE]...")
@click.option(
    "--subject", "subjects", multiple=True, metavar="KIND:CODE", help="city:hefei, zone:g60-corridor, region."
)
@click.option(
    "--period", metavar="PERIOD", help="2024, 2024-03, or 2023..2024-06.  [default: last year with documents]"
)
@click.option("--list", "listing", is_flag=True, help="List the definitions and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
def command(
    codes: tuple[str, ...], subjects: tuple[str, ...], period: str | None, listing: bool, as_json: bool, as_csv: bool
) -> None:
    """Evaluate indicators from the region's record and the store of micro-records.

    Without a subject, each published statement is shown beside what the records here give for it. With subjects, all
    indicators defined for them, or those named by CODE. A computed figure never contains a published one; the share of
    synthetic records is given with each.

    \b
    --json prints a list of objects (with --list: of definitions):
      indicator, subject, subject_name_zh, subject_name_en, period, unit
      estimate   value, low, high, records, synthetic_share, as_of; null
                 where records lack
      lacks      which kind of records lack, else null
      parts      label, value: what the figure is made of
      published  code, statement, claimed and checked value, as_of,
                 verdict, sources: by others, never computed here
    """
    if as_json and as_csv:
        raise click.UsageError("Choose --json or --csv.")
    from headwater.site.cli import with_django

    with_django()
    from headwater.accounts.words import sentence
    from headwater.core.decision import Reason
    from headwater.observatory import queries
    from headwater.observatory.subjects import SubjectError

    try:
        if listing:
            _definitions(as_json)
            return
        records = queries.records()
        found = _evaluate(records, codes, subjects, period)
    except queries.NoRegionError:
        raise Unusable(sentence(Reason("region.none"))) from None
    except SubjectError as problem:
        raise Unusable(sentence(Reason(problem.code, facts=problem.facts))) from problem
    from headwater.observatory.evaluate import as_json as written

    rows = [written(one) for one in found]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    elif as_csv:
        _csv(rows)
    else:
        for one, row in zip(found, rows, strict=True):
            click.echo("\n".join(_lines(one, row)))


def _evaluate(
    records: Records, codes: tuple[str, ...], subjects: tuple[str, ...], period: str | None
) -> list[Evaluated]:
    from headwater.observatory.evaluate import all_for, evaluate, statements, usual_period
    from headwater.observatory.indicators import CATALOGUE
    from headwater.observatory.subjects import Period, SubjectError

    for code in codes:
        if code not in CATALOGUE:
            raise SubjectError("indicator.unknown", given=code)
    if not subjects and period is None:
        found = [one for statement in statements(records) for one in statement.computed]
        seen: dict[Any, Evaluated] = {}
        for one in found:
            if not codes or one.indicator.code in codes:
                seen.setdefault((one.indicator.code, one.subject.key, one.period), one)
        return list(seen.values())
    over = Period.read(period) if period else usual_period(records)
    result: list[Evaluated] = []
    for key in subjects or ("region",):
        subject = records.subject(key)
        result += [evaluate(records, code, subject, over) for code in codes] or all_for(records, subject, over)
    return result


def _definitions(as_json: bool) -> None:
    from headwater.observatory.indicators import CATALOGUE

    names = ("title", "formula", "counting", "caveat")
    rows = [
        {
            "code": one.code,
            **{name: str(getattr(one, name)) for name in names},
            "unit": one.unit,
            "reference": one.reference,
            "subjects": list(one.subjects),
            "figures": list(one.figures),
        }
        for one in CATALOGUE.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(f"{row['code']}: {row['title']} [{row['unit']}]; for {', '.join(row['subjects'])}")


def _csv(rows: list[dict[str, Any]]) -> None:
    names = ["indicator", "subject", "period", "unit"]
    figures = ["value", "low", "high", "records", "synthetic_share", "as_of"]
    writer = csv.writer(sys.stdout)
    writer.writerow([*names, *figures, "lacks"])
    for row in rows:
        made = row["estimate"] or {}
        writer.writerow([row[name] for name in names] + [made.get(name, "") for name in figures] + [row["lacks"] or ""])


def _lines(one: Evaluated, row: dict[str, Any]) -> list[str]:
    from headwater.observatory.wording import LACKS, UNITS

    made = row["estimate"]
    unit = str(UNITS[one.indicator.unit])
    lines = [f"{one.indicator.title} ({one.subject.name_en or one.subject.name_zh}, {one.period})"]
    if made is None:
        lines.append(f"  computed: none. {LACKS[one.answer.lacks]}")
    else:
        span = f" ({made['low']:,.4g} to {made['high']:,.4g})" if made["low"] is not None else ""
        lines.append(
            f"  computed: {made['value']:,.4g} {unit}{span}; {made['records']:,} records, "
            f"{made['synthetic_share']:.0%} synthetic"
        )
    for figure in row["published"]:
        source = figure["sources"][0]["url"] or figure["sources"][0]["title_en"] if figure["sources"] else "no source"
        lines.append(f"  published: {figure['statement_en']} [{figure['verdict']}; {source}]")
    return lines
