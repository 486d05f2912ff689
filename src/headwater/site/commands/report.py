"""``headwater report``: a dated, citable report in both languages, and the proof that it can be made again."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import click


class Unusable(click.ClickException):
    """Something that can't be reported on or made again: one sentence, exit code 2."""

    exit_code = 2


@click.command("report", short_help="A report as HTML and PDF, with a manifest to make it again.")
@click.option("--subject", default="region", show_default=True, metavar="KIND:CODE", help="region, city:hefei, …")
@click.option("--period", metavar="PERIOD", help="2024, 2024-03, 2023..2024-06.  [default: last year with documents]")
@click.option("--date", "made_on", type=click.DateTime(["%Y-%m-%d"]), help="The day it is dated.  [default: today]")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files.")
@click.option("--again", type=click.Path(path_type=Path, dir_okay=False), help="A manifest: make that report again.")
def command(subject: str, period: str | None, made_on: dt.datetime | None, out: Path, again: Path | None) -> None:
    """Write report.en.html, report.zh.html, both as PDF, and manifest.json into --out.

    The manifest names all that the report was computed from, by SHA-256: the region's record and the cluster run
    (kept beside it as record.json and clusters.json), the parts of the store, the timetable; and versions, parameters
    and seed. --again reads a manifest, makes the report anew and says whether each file is the same to the byte; it
    ends with 1 where one is not.
    """
    from headwater.site.cli import with_django

    with_django()
    from headwater.accounts.words import sentence
    from headwater.core.decision import Reason
    from headwater.observatory import evaluate, queries, reports
    from headwater.observatory.store import Store
    from headwater.observatory.subjects import SubjectError

    if again is not None:
        if out.resolve() == again.resolve().parent:
            raise Unusable("--out is the folder of the manifest; give another one, so that nothing is overwritten.")
        try:
            same = reports.make_again(again, Store(queries.root()), out)
        except reports.ReportError as problem:
            raise Unusable(str(problem)) from problem
        for name, equal in same.items():
            click.echo(f"{name}: {'the same' if equal else 'DIFFERS'}")
        if not all(same.values()):
            before = json.loads(again.read_text("utf-8"))
            if before["code_sha256"] != reports.code_digest():
                click.echo(f"The program is not the one of the manifest ({before['program']}, other code or words).")
            raise SystemExit(1)
        return
    try:
        records = queries.records()
        over = period or str(evaluate.usual_period(records))
        day = made_on.date() if made_on else dt.datetime.now(dt.UTC).date()
        manifest = reports.make(records, reports.Asked(subject, over, day), out)
        records.close()
    except queries.NoRegionError:
        raise Unusable(sentence(Reason("region.none"))) from None
    except SubjectError as problem:
        raise Unusable(sentence(Reason(problem.code, facts=problem.facts))) from problem
    click.echo(f"{manifest['id']}: {', '.join(row['name'] for row in manifest['files'])} in {out}")
