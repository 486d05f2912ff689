"""The observatory's JSON API: indicators, clusters, flows, reach and reports; reading is for everybody."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.core.decision import Decision, Reason, Refused
from headwater.observatory import actions, catchments, evaluate, flows, queries
from headwater.observatory.indicators import CATALOGUE
from headwater.observatory.models import Run, RunKind
from headwater.observatory.records import Records
from headwater.observatory.subjects import Period, SubjectError
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import PROBLEMS

router = Router(tags=["observatory"])


def refusing(problem: SubjectError) -> Refused:
    return Refused(Decision((Reason(problem.code, facts=problem.facts),)))


def held() -> Records:
    """The records, or a refusal where no region is loaded."""
    try:
        return queries.records()
    except queries.NoRegionError:
        raise Refused(Decision((Reason("region.none"),))) from None


class Definition(Schema):
    code: str
    title: str
    formula: str
    counting: str
    unit: str
    caveat: str
    reference: str
    subjects: list[str]
    figures: list[str] = Field(description="Codes of the published figures it stands beside.")


class EstimateOut(Schema):
    value: float
    low: float | None
    high: float | None
    records: int
    synthetic_share: float
    as_of: str


class Evaluation(Schema):
    indicator: str
    subject: str
    subject_name_zh: str
    subject_name_en: str
    period: str
    unit: str
    estimate: EstimateOut | None = Field(description="Null where records lack; `lacks` says which.")
    lacks: str | None
    parts: list[dict[str, Any]]
    published: list[dict[str, Any]] = Field(description="By others, with their sources; never part of the estimate.")


@router.get("/indicators", response=list[Definition], summary="List the definitions of indicators")
def list_indicators(request: HttpRequest) -> Any:  # noqa: ARG001
    texts = ("title", "formula", "counting", "caveat")
    return [
        {
            "code": one.code,
            **{name: str(getattr(one, name)) for name in texts},
            "unit": one.unit,
            "reference": one.reference,
            "subjects": list(one.subjects),
            "figures": list(one.figures),
        }
        for one in CATALOGUE.values()
    ]


class Wanted(Schema):
    subject: str = Field("region", description="A kind and a code, such as city:hefei.", max_length=120)
    period: str = Field("", description="2024, 2024-03, 2023..2024-06; the last year with documents.", max_length=40)


@router.get("/indicators/{code}", response={200: Evaluation, **PROBLEMS}, summary="Evaluate an indicator")
def get_indicator(request: HttpRequest, code: str, wanted: Query[Wanted]) -> Any:  # noqa: ARG001
    records = held()
    try:
        period = Period.read(wanted.period) if wanted.period else evaluate.usual_period(records)
        return evaluate.as_json(evaluate.evaluate(records, code, records.subject(wanted.subject), period))
    except SubjectError as problem:
        raise refusing(problem) from problem
    finally:
        records.close()


@router.get("/statements", response=list[dict[str, Any]], summary="Published statements beside computed figures")
def list_statements(request: HttpRequest) -> Any:  # noqa: ARG001
    records = held()
    try:
        return [
            {
                "published": evaluate.figure_json(one.figure),
                "computed": [{**evaluate.as_json(made), "published": None} for made in one.computed],
            }
            for one in evaluate.statements(records)
        ]
    finally:
        records.close()


@router.get("/clusters", response={200: dict[str, Any], **PROBLEMS}, summary="The standing cluster run")
def get_clusters(request: HttpRequest) -> Any:  # noqa: ARG001
    return _clusters_out(queries.standing_clusters())


@router.get("/clusters/{public_id}", response={200: dict[str, Any], **PROBLEMS}, summary="Read a cluster run")
def get_cluster_run(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    return _clusters_out(queries.cluster_run(public_id))


class ClustersAsked(Schema):
    radius_km: float | None = Field(None, ge=0.001, le=5000)
    min_weight: float | None = Field(None, ge=0.001, le=1e12)
    merge_km: float | None = Field(None, ge=0, le=5000)
    replace: bool = Field(False, description="Whether figures and reports rest on the new run from then on.")


@router.post("/clusters", response={202: dict[str, Any], **PROBLEMS}, summary="Have clusters found")
def post_clusters(request: HttpRequest, wanted: ClustersAsked) -> Any:
    """With other parameters than the standing run's; the result's `changes` says what then differs."""
    given = wanted.dict(exclude={"replace"}, exclude_none=True)
    run = actions.ask_clusters(
        given, replace=wanted.replace, viewer=viewer_for(request), by=caller(request), at=timezone.now()
    )
    return Status(202, run_out(run))


def _clusters_out(run: Run | None) -> dict[str, Any]:
    if run is None:
        raise Refused(Decision((Reason("run.not_found"),)))
    return {**run_out(run), "result": run.result, "manifest": run.manifest}


@router.get("/runs", response=list[dict[str, Any]], summary="List runs of long work")
def list_runs(request: HttpRequest, kind: str = "clusters") -> Any:  # noqa: ARG001
    return [run_out(run) for run in queries.runs(kind)[:200]]


@router.get("/worlds", response=list[dict[str, Any]], summary="Made-up worlds: where their clusters were put")
def list_worlds(request: HttpRequest) -> Any:  # noqa: ARG001
    return [{**run_out(run), **run.result} for run in queries.done(RunKind.WORLD)[:10]]


class FlowsWanted(Schema):
    period: str = Field("", max_length=40)
    most: int = Field(40, ge=1, le=500, description="How many pairs.")


@router.get("/flows/{kind}", response={200: dict[str, Any], **PROBLEMS}, summary="Flows between cities")
def get_flows(request: HttpRequest, kind: str, wanted: Query[FlowsWanted]) -> Any:  # noqa: ARG001
    records = held()
    try:
        period = Period.read(wanted.period) if wanted.period else evaluate.usual_period(records)
        found = flows.between(records, kind, period)
        before = flows.between(records, kind, flows.earlier(period))
        return {
            "kind": kind,
            "period": str(period),
            "unit": flows.KINDS[kind][1],
            "records": found.records,
            "synthetic_share": found.synthetic_share,
            "gravity": None
            if found.gravity is None
            else {
                "decay": found.gravity.decay,
                "low": found.gravity.decay_low,
                "high": found.gravity.decay_high,
            },
            "cities": flows.table(found, before),
            "pairs": flows.pairs(found, wanted.most),
        }
    except SubjectError as problem:
        raise refusing(problem) from problem
    finally:
        records.close()


class PlaceIn(Schema):
    name: str = Field("", max_length=200)
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    city: str = Field("", max_length=60, description="The city of the record whose trains it uses; else the nearest.")
    weight: float = Field(1.0, ge=0, le=1e15)


class ReachWanted(Schema):
    origin: str = Field(description="A city or zone: city:shanghai, zone:lingang-big-plane-park.", max_length=120)
    places: list[PlaceIn] = Field(max_length=20_000)
    limit_km: float = Field(400.0, gt=0, le=20_000)
    limit_min: float = Field(180.0, gt=0, le=2880)


@router.post("/catchments", response={200: dict[str, Any], **PROBLEMS}, summary="What lies within reach, of any places")
def post_catchment(request: HttpRequest, wanted: ReachWanted) -> Any:  # noqa: ARG001
    records = held()
    try:
        origin = records.subject(wanted.origin)
        places = catchments.given_places(records, [place.dict() for place in wanted.places])
        return catchments.as_json(
            catchments.from_subject(records, origin, places, limit_km=wanted.limit_km, limit_min=wanted.limit_min)
        )
    except SubjectError as problem:
        raise refusing(problem) from problem
    finally:
        records.close()


def run_out(run: Run) -> dict[str, Any]:
    return {
        "id": run.public_id,
        "kind": run.kind,
        "state": run.state,
        "problem": run.problem,
        "parameters": run.parameters,
        "asked_at": run.asked_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
    }


class ReportAsked(Schema):
    subject: str = Field("region", max_length=120)
    period: str = Field("", max_length=40)


@router.get("/reports", response=list[dict[str, Any]], summary="List reports")
def list_reports(request: HttpRequest) -> Any:  # noqa: ARG001
    return [run_out(run) for run in queries.runs(RunKind.REPORT)[:200]]


@router.get("/reports/{public_id}", response={200: dict[str, Any], **PROBLEMS}, summary="Read a report's manifest")
def get_report(request: HttpRequest, public_id: str) -> Any:  # noqa: ARG001
    run = queries.runs(RunKind.REPORT).filter(public_id=public_id).first()
    if run is None:
        raise Refused(Decision((Reason("run.not_found"),)))
    return {**run_out(run), "manifest": run.manifest, "files": run.result.get("files", [])}


@router.post("/reports", response={202: dict[str, Any], **PROBLEMS}, summary="Have a report made")
def post_report(request: HttpRequest, wanted: ReportAsked) -> Any:
    records = held()
    try:
        subject = records.subject(wanted.subject)
        period = Period.read(wanted.period) if wanted.period else evaluate.usual_period(records)
    except SubjectError as problem:
        raise refusing(problem) from problem
    finally:
        records.close()
    run = actions.ask_run(
        RunKind.REPORT,
        {"subject": subject.key, "period": str(period)},
        viewer=viewer_for(request),
        by=caller(request),
        at=timezone.now(),
    )
    return Status(202, run_out(run))


@router.get("/snapshots", response=list[dict[str, Any]], summary="List snapshots of the platform's records")
def list_snapshots(request: HttpRequest) -> Any:  # noqa: ARG001
    return [{**run_out(run), **run.result} for run in queries.runs(RunKind.SNAPSHOT)[:50]]


@router.post("/snapshots", response={202: dict[str, Any], **PROBLEMS}, summary="Have the platform's records taken")
def post_snapshot(request: HttpRequest) -> Any:
    run = actions.ask_run(RunKind.SNAPSHOT, {}, viewer=viewer_for(request), by=caller(request), at=timezone.now())
    return Status(202, run_out(run))
