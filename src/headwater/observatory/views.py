"""The observatory's pages: parse, call, render."""

from __future__ import annotations

import csv
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.accounts.audit import Actor
from headwater.accounts.words import sentence
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.observatory import actions, catchments, evaluate, flows, maps, queries, traces
from headwater.observatory.facts import asker_facts
from headwater.observatory.indicators import CATALOGUE
from headwater.observatory.models import Run, RunKind
from headwater.observatory.records import Records
from headwater.observatory.rules import may_ask_clusters, may_read_parts
from headwater.observatory.store import Store
from headwater.observatory.subjects import Period, Subject, SubjectError
from headwater.observatory.templatetags.observatory import figure, in_words
from headwater.observatory.wording import GROUPS, KINDS, SETS
from headwater.registry.facts import viewer_of
from headwater.registry.queries import region

View = Callable[..., HttpResponse]
SHOWN_PAIRS, SHOWN_PLACES, SHOWN_RUNS = 40, 200, 100


def with_records(view: View) -> View:
    """Give a view the records, and close them after it; without a region the page says so."""

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            records = queries.records()
        except queries.NoRegionError:
            return render(request, "empty.html")
        try:
            return view(request, records, *args, **kwargs)
        finally:
            records.close()

    return page


def _period(request: HttpRequest, records: Records) -> tuple[Period, str]:
    """The period asked for, and what is wrong with it; the usual one where it is wrong or missing."""
    given = request.GET.get("period", "").strip()
    try:
        return (Period.read(given) if given else evaluate.usual_period(records)), ""
    except SubjectError as problem:
        return evaluate.usual_period(records), sentence(Reason(problem.code, facts=problem.facts))


def _subject(request: HttpRequest, records: Records, otherwise: str = "region") -> tuple[Subject, str]:
    given = request.GET.get("subject", "").strip()
    try:
        return records.subject(given or otherwise), ""
    except SubjectError as problem:
        return records.subject("region"), sentence(Reason(problem.code, facts=problem.facts))


def _choices(records: Records, kinds: tuple[str, ...] = ()) -> list[tuple[object, list[tuple[str, str]]]]:
    """Subjects to choose from, by kind."""
    return [
        (
            KINDS[kind],
            [(one.key, in_words(one, "name")) for one in records.subjects if one.kind == kind],
        )
        for kind in KINDS
        if (not kinds and kind != "organisation") or kind in kinds
    ]


@with_records
def statements(request: HttpRequest, records: Records) -> HttpResponse:
    """Each published statement, beside what the records here give for it."""
    return render(request, "observatory/statements.html", {"statements": list(evaluate.statements(records))})


@with_records
def indicators(request: HttpRequest, records: Records) -> HttpResponse:
    """All indicators of one subject and period."""
    (subject, wrong), (period, late) = _subject(request, records), _period(request, records)
    found = evaluate.all_for(records, subject, period)
    groups = [(GROUPS[name], [one for one in found if one.indicator.group == name]) for name in GROUPS]
    return render(
        request,
        "observatory/indicators.html",
        {
            "subject": subject,
            "period": period,
            "problems": [one for one in (wrong, late) if one],
            "groups": [(name, rows) for name, rows in groups if rows],
            "choices": _choices(records),
        },
    )


@with_records
def indicators_csv(request: HttpRequest, records: Records) -> HttpResponse:
    """The same as a file."""
    (subject, wrong), (period, late) = _subject(request, records), _period(request, records)
    if wrong or late:
        return HttpResponse("\n".join(one for one in (wrong, late) if one), status=422, content_type="text/plain")
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="indicators-{subject.code}-{period.start}.csv"'
    writer = csv.writer(answer)
    figures = ["value", "low", "high", "records", "synthetic_share", "as_of"]
    writer.writerow(["indicator", "title", "subject", "period", "unit", *figures, "lacks", "published"])
    for one in evaluate.all_for(records, subject, period):
        row = evaluate.as_json(one)
        made = row["estimate"] or {}
        beside = "; ".join(in_words(figure_, "statement") for figure_ in one.published)
        names = [row["indicator"], one.indicator.title, row["subject"], row["period"], row["unit"]]
        writer.writerow([*names, *(made.get(name, "") for name in figures), row["lacks"] or "", beside])
    return answer


@with_records
def indicator(request: HttpRequest, records: Records, code: str) -> HttpResponse:
    """One indicator: its definition, its figure for a subject, and the same for every city."""
    definition = CATALOGUE.get(code)
    if definition is None:
        raise Http404
    usual = next((one.key for one in records.subjects if one.kind in definition.subjects), "region")
    (subject, wrong), (period, late) = _subject(request, records, usual), _period(request, records)
    problems = [one for one in (wrong, late) if one]
    found = None
    try:
        found = evaluate.evaluate(records, code, subject, period)
    except SubjectError as problem:
        problems.append(sentence(Reason(problem.code, facts=problem.facts)))
    others = []
    for kind in ("city", "facility", "zone"):
        if kind in definition.subjects:
            peers = (one for one in records.subjects if one.kind == kind)
            rows = [evaluate.evaluate(records, code, one, period) for one in peers]
            others = sorted(
                (one for one in rows if one.answer.estimate is not None),
                key=lambda one: -float(one.answer.estimate.value) if one.answer.estimate is not None else 0.0,
            )
            if code == "cluster-rank":
                others.reverse()
            break
    return render(
        request,
        "observatory/indicator.html",
        {
            "definition": definition,
            "traces": list(traces.of(definition.needs, records.store)),
            "found": found,
            "others": others,
            "subject": subject,
            "period": period,
            "problems": problems,
            "choices": _choices(records, definition.subjects),
        },
    )


@with_records
def flows_page(request: HttpRequest, records: Records) -> HttpResponse:
    """Flows between cities of one kind: map, who leads, and the largest pairs beside what gravity expects."""
    kind = request.GET.get("kind", "publications")
    if kind not in flows.KINDS:
        kind = "publications"
    period, wrong = _period(request, records)
    found = flows.between(records, kind, period)
    before = flows.between(records, kind, flows.earlier(period))
    cities, pairs = flows.table(found, before), flows.pairs(found, SHOWN_PAIRS)
    named = {row["code"]: in_words(row, "name") for row in records.snapshot.cities}
    sizes = {row["city"]: row["strength"] for row in cities}
    places = {
        row["code"]: (row["lat"], row["lon"], named[row["code"]], sizes[row["code"]])
        for row in records.snapshot.cities
        if row["code"] in sizes
    }
    lines = [
        (row["one"], row["other"], row["flow"], f"{named[row['one']]} – {named[row['other']]}: {figure(row['flow'])}")
        for row in pairs
    ]
    held = region()
    return render(
        request,
        "observatory/flows.html",
        {
            "kind": kind,
            "kinds": [(code, title) for code, (title, _unit, _directed) in flows.KINDS.items()],
            "unit_code": flows.KINDS[kind][1],
            "period": period,
            "problems": [wrong] if wrong else [],
            "found": found,
            "drawing": maps.draw_flows(
                records.snapshot.region["bounds"], held.coast if held is not None else {}, places, lines
            ),
            "cities": [{**row, "name": named[row["city"]]} for row in cities],
            "pairs": [{**row, "one_name": named[row["one"]], "other_name": named[row["other"]]} for row in pairs],
        },
    )


@with_records
def reach(request: HttpRequest, records: Records) -> HttpResponse:
    """What lies within a distance and within a rail time of a place: two sets, their overlap, the map."""
    usual = next((f"zone:{row['plant']}" for row in _plants(records)), "")
    first = next((one.key for one in records.subjects if one.kind == "city"), "region")
    keys = {one.key for one in records.subjects}
    origin, wrong = _subject(request, records, usual if usual in keys else first)
    name = request.GET.get("places", "suppliers")
    name = name if name in catchments.SETS else "suppliers"
    limits, problems = {}, [wrong] if wrong else []
    for key, otherwise, most in (("km", 400.0, 20_000.0), ("minutes", 180.0, 2880.0)):
        given = request.GET.get(key, "").strip()
        try:
            limits[key] = float(given) if given else otherwise
        except ValueError:
            limits[key] = -1.0
        if not 0 < limits[key] <= most:
            problems.append(sentence(Reason("reach.limit", facts={"given": given, "most": f"{most:,.0f}"})))
            limits[key] = otherwise
    plant = origin.code if origin.kind == "zone" else ""
    context: dict[str, Any] = {
        "origin": origin,
        "places_name": name,
        "sets": [(code, SETS[code]) for code in catchments.SETS],
        "km": limits["km"],
        "minutes": limits["minutes"],
        "choices": _choices(records, ("city", "zone")),
        "access": [
            {**row, "name": in_words(records.city[row["city"]], "name")}
            for row in catchments.instrument_access(records, limit_min=limits["minutes"])
        ],
    }
    try:
        found = catchments.from_subject(
            records,
            origin,
            catchments.places_of(records, name, plant),
            limit_km=limits["km"],
            limit_min=limits["minutes"],
        )
    except SubjectError as problem:
        problems.append(sentence(Reason(problem.code, facts=problem.facts)))
        return render(request, "observatory/reach.html", {**context, "problems": problems})
    spots = [
        (one.place.lat, one.place.lon, one.place.weight, one.place.name, one.set_code)
        for one in found.reached
        if one.place.lat is not None and one.place.lon is not None
    ]
    centre = (origin.lat, origin.lon)
    if centre[0] is None:
        centre = (records.city[origin.cities[0]]["lat"], records.city[origin.cities[0]]["lon"])
    held = region()
    context |= {
        "problems": problems,
        "found": found,
        "rows": sorted(found.reached, key=lambda one: (one.km is None, one.km or 0.0, one.place.name))[:SHOWN_PLACES],
        "more": max(0, len(found.reached) - SHOWN_PLACES),
        "drawing": maps.draw_reach(
            records.snapshot.region["bounds"],
            held.coast if held is not None else {},
            (float(centre[0] or 0), float(centre[1] or 0), in_words(origin, "name")),
            limits["km"],
            spots,
        ),
    }
    return render(request, "observatory/reach.html", context)


def _plants(records: Records) -> list[dict[str, str]]:
    rows = records.rows("SELECT plant, count(*) FROM suppliers GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1")
    return [{"plant": row[0]} for row in rows]


def data(request: HttpRequest) -> HttpResponse:
    """What the store holds, by table and origin, and the snapshots of the platform's own records."""
    viewer = asker_facts(viewer_of(request.user))
    taken = queries.latest(RunKind.SNAPSHOT)
    return render(
        request,
        "observatory/data.html",
        {
            "rows": list(traces.origins(Store(queries.root()))),
            "taken": taken,
            "tables": list(taken.result["tables"].items()) if taken is not None else [],
            "waiting": queries.under_way(RunKind.SNAPSHOT),
            "may_ask": may_ask_clusters(viewer).allowed(),
            "may_read": may_read_parts(viewer).allowed(),
        },
    )


def data_file(request: HttpRequest, table: str, name: str) -> HttpResponse:
    """One part of the store as it lies there, for those who check a figure."""
    permit(may_read_parts(asker_facts(viewer_of(request.user))))
    store = Store(queries.root())
    part = next((one for one in store.parts() if one.file == f"{table}/{name}"), None)
    if part is None:
        raise Http404(_("There is no such file."))
    return FileResponse(store.path(part).open("rb"), as_attachment=True, filename=f"{table}-{name}")


@require_POST
@login_required
def new_snapshot(request: HttpRequest) -> HttpResponse:
    """Have the platform's records taken into the store now instead of tonight."""
    actions.ask_run(
        RunKind.SNAPSHOT,
        {},
        viewer=viewer_of(request.user),
        by=Actor(request.user, "page"),  # type: ignore[arg-type]
        at=timezone.now(),
    )
    return HttpResponseRedirect(reverse("observatory_data"))


def reports(request: HttpRequest) -> HttpResponse:
    """The list of reports, and a form to have one made."""
    try:
        records = queries.records()
    except queries.NoRegionError:
        return render(request, "empty.html")
    try:
        choices, usual = (
            _choices(records, ("region", "jurisdiction", "city", "zone", "facility")),
            evaluate.usual_period(records),
        )
    finally:
        records.close()
    return render(
        request,
        "observatory/reports.html",
        {"runs": queries.runs(RunKind.REPORT)[:SHOWN_RUNS], "choices": choices, "period": usual},
    )


@require_POST
@login_required
def new_report(request: HttpRequest) -> HttpResponse:
    """Have a report made; the page of the run shows when it is there."""
    records = queries.records()
    try:
        subject = records.subject(request.POST.get("subject", "region"))
        given = request.POST.get("period", "").strip()
        period = Period.read(given) if given else evaluate.usual_period(records)
    except SubjectError as problem:
        raise Refused(Decision((Reason(problem.code, facts=problem.facts),))) from problem
    finally:
        records.close()
    run = actions.ask_run(
        RunKind.REPORT,
        {"subject": subject.key, "period": str(period)},
        viewer=viewer_of(request.user),
        by=Actor(request.user, "page"),  # type: ignore[arg-type]
        at=timezone.now(),
    )
    return HttpResponseRedirect(reverse("observatory_report", args=[run.public_id]))


def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """One report: its state, its files, its manifest."""
    run = get_object_or_404(queries.runs(RunKind.REPORT), public_id=public_id)
    return render(request, "observatory/report.html", {"run": run, "files": run.result.get("files", [])})


def report_file(request: HttpRequest, public_id: str, name: str) -> HttpResponse:  # noqa: ARG001
    """One file of a report."""
    run: Run = get_object_or_404(queries.runs(RunKind.REPORT), public_id=public_id)
    if name not in {row["name"] for row in run.result.get("files", [])}:
        raise Http404(_("There is no such file."))
    path = Path(queries.root()) / "runs" / run.public_id / name
    if not path.is_file():
        raise Http404(_("There is no such file."))
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"{run.public_id}-{name}")
