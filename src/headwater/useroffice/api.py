"""The user office's JSON API: what the pages do, for programs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller, scopes_of
from headwater.registry.api.pages import Cursor, page
from headwater.registry.api.shapes import PROBLEMS, Named, PageOut, named
from headwater.registry.facts import viewer_of
from headwater.useroffice import edges, facts, plans, queries, rules
from headwater.useroffice.actions import calls, proposals, reviewing, scheduling, visiting
from headwater.useroffice.models import Call, Proposal, Review, Scenario
from headwater.useroffice.ranking import ranking_of
from headwater.useroffice.statistics import statistics_of

router = Router(tags=["beamtime"])
Text = Annotated[str, Field(max_length=20_000)]
Key = Annotated[str, Field(max_length=40)]
ModeWord = Literal["general", "rolling", "urgent", "key", "industry", "block", "partner"]
VerdictWord = Literal["recommend", "reserve", "decline"]


class Body(Schema):
    """A request's body: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class CallIn(Body):
    """A call; beamlines by id, days inclusive."""

    code: str = Field(max_length=20)
    name_zh: str = Field(max_length=300)
    name_en: str = Field(max_length=300)
    mode: ModeWord = "general"
    opens_at: datetime
    closes_at: datetime | None = None
    period_start: date
    period_end: date
    beamlines: list[Key] = Field(max_length=200)
    text_zh: Text = ""
    text_en: Text = ""
    most_beamlines: int = Field(2, ge=1, le=10)
    most_shifts: int = Field(36, ge=1, le=300)
    reserve: Decimal = Field(Decimal(0), ge=0, le=1, decimal_places=4)
    anonymous: bool = False
    see_record: bool = True
    chance_cap: Decimal | None = Field(None, ge=Decimal("0.05"), le=1, decimal_places=2)


class CallOut(Schema):
    id: str
    code: str
    name: str
    facility: Named
    mode: str
    stage: str
    open: bool
    opens_at: datetime
    closes_at: datetime | None
    period_start: date
    period_end: date
    beamlines: list[str]
    most_shifts: int
    questions: list[dict[str, Any]]


class CallPage(PageOut):
    items: list[CallOut]


class SampleIn(Body):
    name: str = Field(max_length=200)
    quantity: str = Field("", max_length=60)
    hazards: list[str] = Field([], max_length=20)


class ProposalIn(Body):
    """A draft; `organisation`, `beamlines` (the preferred first) and `earlier` are ids."""

    title: str = Field(max_length=300)
    abstract: Text = ""
    language: Literal["en", "zh-hans"] = "en"
    track: str = Field("", max_length=20)
    organisation: Key = ""
    beamlines: list[Key] = Field([], max_length=10)
    requested: int = Field(3, ge=1, le=1000)
    minimum: int = Field(3, ge=1, le=1000)
    blackouts: list[tuple[date, date]] = Field([], max_length=100)
    answers: dict[str, Text] = {}
    samples: list[SampleIn] = Field([], max_length=100)
    earlier: list[Key] = Field([], max_length=50)
    earlier_results: Text = ""


class ProposalChange(ProposalIn):
    version: int | None = Field(None, description="The version you read; refused where it is another by now.")


class ProposalOut(Schema):
    """A proposal. `state` is the proposer's word for its team, the office's for those who judge."""

    id: str
    number: str
    call: str
    title: str
    state: str
    version: int
    beamlines: list[str]
    requested: int
    minimum: int
    submitted_at: datetime | None


class ProposalDetail(ProposalOut):
    abstract: str
    language: str
    proposers: list[str] | None = Field(description="Null where the call is anonymous to you.")
    organisation: str | None
    blackouts: list[list[str]]
    answers: dict[str, str]
    samples: list[dict[str, Any]]
    papers: list[dict[str, Any]]
    check: dict[str, Any] | None = Field(description="For a draft: what the call's rules say of it.")


class ProposalPage(PageOut):
    items: list[ProposalOut]


def _desk(request: HttpRequest) -> rules.Desk:
    return facts.desk_of(request.user, token_scopes=scopes_of(request))


def _acting(request: HttpRequest) -> dict[str, Any]:
    return {"desk": _desk(request), "by": caller(request), "at": timezone.now()}


# Calls ----------------------------------------------------------------------------------------------------------
def _call_out(call: Call) -> dict[str, Any]:
    return {
        "id": call.public_id,
        "code": call.code,
        "name": call.name,
        "facility": named(call.facility),
        "mode": call.mode,
        "stage": call.stage,
        "open": facts.call_is_open(call, timezone.now()),
        "opens_at": call.opens_at,
        "closes_at": call.closes_at,
        "period_start": call.period_start,
        "period_end": call.period_end,
        "beamlines": [one.public_id for one in call.beamlines.all()],
        "most_shifts": call.most_shifts,
        "questions": call.form.questions,
    }


@router.get("/calls", response={200: CallPage, **PROBLEMS}, summary="List calls")
def list_calls(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    rows = queries.visible_calls(_desk(request)).select_related("facility", "form").prefetch_related("beamlines")
    return page(rows, wanted, _call_out)


@router.get("/calls/{public_id}", response={200: CallOut, **PROBLEMS}, summary="Read a call")
def get_call(request: HttpRequest, public_id: str) -> Any:
    return _call_out(edges.seen_call(public_id, _desk(request)))


@router.post("/facilities/{facility}/calls", response={201: CallOut, **PROBLEMS}, summary="Prepare a call")
def add_call(request: HttpRequest, facility: str, body: CallIn) -> Any:
    made = calls.make_call(calls.CallDraft(facility=facility, **body.dict()), **_acting(request))
    return Status(201, _call_out(made))


class StageIn(Body):
    stage: Literal["announced", "done"]


@router.post("/calls/{public_id}/stage", response={200: CallOut, **PROBLEMS}, summary="Announce or complete a call")
def set_stage(request: HttpRequest, public_id: str, body: StageIn) -> Any:
    return _call_out(calls.set_call_stage(public_id, body.stage, **_acting(request)))


class Done(Schema):
    """How many records a step touched."""

    number: int


@router.post("/calls/{public_id}/checks", response={200: Done, **PROBLEMS}, summary="Ask for feasibility")
def begin_checks(request: HttpRequest, public_id: str) -> Any:
    return {"number": reviewing.begin_checks(public_id, **_acting(request))}


class SeedIn(Body):
    seed: int = Field(0, ge=0, lt=2**31)


class AssignedOut(Schema):
    reviews: int
    total: float
    floor: float | None
    pairs_in_conflict: int


@router.post("/calls/{public_id}/assignment", response={200: AssignedOut, **PROBLEMS}, summary="Assign reviewers")
def assign(request: HttpRequest, public_id: str, body: SeedIn) -> Any:
    found = reviewing.assign(public_id, seed=body.seed, **_acting(request))
    return {key: getattr(found, key) for key in AssignedOut.model_fields}


class GroundIn(Body):
    ground: str = Field("", max_length=500, description="Passes a rule that may be passed.")


@router.post("/calls/{public_id}/panel", response={200: Done, **PROBLEMS}, summary="Hand to the panel")
def open_panel(request: HttpRequest, public_id: str, body: GroundIn) -> Any:
    waive = ("panel.reviews_missing",) if body.ground else ()
    return {"number": reviewing.open_panel(public_id, waive=waive, ground=body.ground, **_acting(request))}


@router.post("/calls/{public_id}/letters", response={200: Done, **PROBLEMS}, summary="Tell the decisions")
def send_letters(request: HttpRequest, public_id: str, body: GroundIn) -> Any:
    waive = ("letters.undecided",) if body.ground else ()
    return {"number": reviewing.send_letters(public_id, waive=waive, ground=body.ground, **_acting(request))}


class RankedOut(Schema):
    rank: int
    proposal: str
    number: str
    raw: float | None
    corrected: float | None
    error: float | None
    given: int
    due: int
    verdict: str | None


@router.get("/calls/{public_id}/ranking", response={200: list[RankedOut], **PROBLEMS}, summary="The panel's table")
def ranking(request: HttpRequest, public_id: str) -> Any:
    """For the office and the panel; rows in conflict with you are left out."""
    desk = _desk(request)
    call = edges.seen_call(public_id, desk)
    if not desk.office(call.facility_id) and not desk.panels & set(call.tracks.values_list("panel", flat=True)):
        raise edges.missing("panel.not_yours")
    return [
        {
            "rank": row.rank,
            "proposal": row.proposal.public_id,
            "number": row.proposal.number,
            "raw": row.raw,
            "corrected": row.merit,
            "error": row.error,
            "given": row.given,
            "due": row.due,
            "verdict": row.verdict.kind if row.verdict else None,
        }
        for row in ranking_of(call, desk).rows
        if not row.conflict
    ]


# Proposals ------------------------------------------------------------------------------------------------------
def _state(proposal: Proposal, desk: rules.Desk) -> str:
    mine = any(one.user_id == desk.user_id for one in proposal.team.all())
    return rules.public_state(proposal.state, proposal.told_state) if mine else proposal.state


def _proposal_out(proposal: Proposal, desk: rules.Desk) -> dict[str, Any]:
    return {
        "id": proposal.public_id,
        "number": proposal.number,
        "call": proposal.call.public_id,
        "title": proposal.title,
        "state": _state(proposal, desk),
        "version": proposal.version,
        "beamlines": [one.instrument.public_id for one in proposal.choices.all()],
        "requested": proposal.requested,
        "minimum": proposal.minimum,
        "submitted_at": proposal.submitted_at,
    }


def _proposal_detail(public_id: str, desk: rules.Desk) -> dict[str, Any]:
    at = timezone.now()
    proposal, about = edges.seen_proposal(public_id, desk, at=at)
    named_ = rules.may_see_identities(about, desk).allowed()
    check = proposals.check_draft(proposal, at=at).as_json() if proposal.state == "draft" else None
    return {
        **_proposal_out(proposal, desk),
        "abstract": proposal.abstract,
        "language": proposal.language,
        "proposers": [str(one) for one in proposal.team.all()] if named_ else None,
        "organisation": proposal.organisation.public_id if proposal.organisation and named_ else None,
        "blackouts": proposal.blackouts,
        "answers": proposal.answers,
        "samples": list(proposal.samples.values("name", "quantity", "hazards", "state")),
        "papers": list(proposal.submissions.values("number", "at", "sha256")) if named_ else [],
        "check": check,
    }


def _draft(body: ProposalIn) -> proposals.ProposalDraft:
    given = body.dict(exclude={"version", "samples"})
    samples = [proposals.SampleDraft(one.name, one.hazards, one.quantity) for one in body.samples]
    return proposals.ProposalDraft(**given, samples=samples)


@router.get("/proposals", response={200: ProposalPage, **PROBLEMS}, summary="List the proposals you may see")
def list_proposals(request: HttpRequest, wanted: Query[Cursor]) -> Any:
    """Those in conflict with you are left out."""
    desk = _desk(request)
    if not desk.signed_in:
        raise edges.missing("sign_in.needed")
    found = page(queries.with_all(queries.visible_proposals(desk)), wanted, lambda one: one)
    mine = {one.pk for one in found["items"] if any(place.user_id == desk.user_id for place in one.team.all())}
    judged = [one for one in found["items"] if one.pk not in mine and not desk.office(one.call.facility_id)]
    barred = {pair[0] for pair in facts.conflicts_between(judged, [desk.user_id or 0])}
    found["items"] = [_proposal_out(one, desk) for one in found["items"] if one.pk not in barred]
    return found


@router.get("/proposals/{public_id}", response={200: ProposalDetail, **PROBLEMS}, summary="Read a proposal")
def get_proposal(request: HttpRequest, public_id: str) -> Any:
    return _proposal_detail(public_id, _desk(request))


@router.post("/calls/{public_id}/proposals", response={201: ProposalDetail, **PROBLEMS}, summary="Begin a draft")
def add_proposal(request: HttpRequest, public_id: str, body: ProposalIn) -> Any:
    acting = _acting(request)
    made = proposals.start_proposal(public_id, _draft(body), **acting)
    return Status(201, _proposal_detail(made.public_id, acting["desk"]))


@router.patch("/proposals/{public_id}", response={200: ProposalDetail, **PROBLEMS}, summary="Write a draft anew")
def change_proposal(request: HttpRequest, public_id: str, body: ProposalChange) -> Any:
    acting = _acting(request)
    proposals.change_proposal(public_id, _draft(body), expected_version=body.version, **acting)
    return _proposal_detail(public_id, acting["desk"])


class ReceiptOut(Schema):
    """What a submission is answered with."""

    number: str
    submission: int
    at: datetime
    sha256: str


@router.post("/proposals/{public_id}/submission", response={201: ReceiptOut, **PROBLEMS}, summary="Submit")
def submit(request: HttpRequest, public_id: str) -> Any:
    made = proposals.submit_proposal(public_id, **_acting(request))
    told = {"number": made.content["code"], "submission": made.number, "at": made.at, "sha256": made.sha256}
    return Status(201, told)


class ReasonIn(Body):
    reason: str = Field("", max_length=500)


@router.post("/proposals/{public_id}/withdrawal", response={200: ProposalDetail, **PROBLEMS}, summary="Withdraw")
def withdraw(request: HttpRequest, public_id: str, body: ReasonIn) -> Any:
    acting = _acting(request)
    proposals.withdraw_proposal(public_id, body.reason, **acting)
    return _proposal_detail(public_id, acting["desk"])


class FeasibilityIn(Body):
    beamline: Key
    verdict: Literal["feasible", "conditional", "infeasible", "unsafe"]
    conditions: Text = ""
    shifts: int | None = Field(None, ge=1, le=1000)


@router.post("/proposals/{public_id}/feasibility", response={200: ProposalOut, **PROBLEMS}, summary="Judge feasibility")
def judge(request: HttpRequest, public_id: str, body: FeasibilityIn) -> Any:
    acting = _acting(request)
    held = reviewing.judge_feasibility(public_id, **body.dict(), **acting)
    return _proposal_out(queries.with_all(Proposal.objects.filter(pk=held.proposal_id)).get(), acting["desk"])


class DecisionIn(Body):
    kind: VerdictWord
    rank: int | None = Field(None, ge=1, le=1_000_000)
    shifts: int | None = Field(None, ge=1, le=1000)
    reason: str = Field("", max_length=5000)
    ground: str = Field("", max_length=500, description="Passes missing reviews.")


@router.post("/proposals/{public_id}/decision", response={200: ProposalOut, **PROBLEMS}, summary="Decide")
def decide(request: HttpRequest, public_id: str, body: DecisionIn) -> Any:
    acting = _acting(request)
    judgement = reviewing.Judgement(body.kind, body.rank, body.reason, body.shifts)
    waive = ("panel.reviews_missing",) if body.ground else ()
    made = reviewing.decide(public_id, judgement, waive=waive, ground=body.ground, **acting)
    return _proposal_out(queries.with_all(Proposal.objects.filter(pk=made.proposal_id)).get(), acting["desk"])


class PinIn(Body):
    """What is fixed; an empty body frees it."""

    beamline: Key = ""
    day: date | None = None
    shifts: int | None = Field(None, ge=1, le=1000)
    banned: list[Key] = Field([], max_length=20)
    reason: str = Field("", max_length=500)


@router.put("/proposals/{public_id}/pin", response={200: Done, **PROBLEMS}, summary="Fix a proposal for the plan")
def set_pin(request: HttpRequest, public_id: str, body: PinIn) -> Any:
    return {"number": int(scheduling.set_pin(public_id, **body.dict(), **_acting(request)) is not None)}


# Reviews --------------------------------------------------------------------------------------------------------
class ReviewOut(Schema):
    id: str
    proposal: str
    number: str
    state: str
    stage: str
    criteria: list[dict[str, Any]]
    scores: dict[str, int]


def _review_out(one: Review) -> dict[str, Any]:
    return {
        "id": one.public_id,
        "proposal": one.proposal.public_id,
        "number": one.proposal.number,
        "state": one.state,
        "stage": one.stage.name,
        "criteria": one.stage.criteria,
        "scores": one.scores,
    }


@router.get("/reviews", response={200: list[ReviewOut], **PROBLEMS}, summary="Your reviews")
def list_reviews(request: HttpRequest) -> Any:
    desk = _desk(request)
    if desk.user_id is None:
        raise edges.missing("sign_in.needed")
    return [_review_out(one) for one in queries.my_reviews(desk.user_id)[:500]]


class ReviewIn(Body):
    scores: dict[str, int]
    for_panel: Text
    for_proposer: Text = ""


@router.put("/reviews/{public_id}", response={200: ReviewOut, **PROBLEMS}, summary="Give a review")
def give_review(request: HttpRequest, public_id: str, body: ReviewIn) -> Any:
    return _review_out(
        reviewing.give_review(public_id, body.scores, body.for_panel, body.for_proposer, **_acting(request))
    )


# Plans and schedule ---------------------------------------------------------------------------------------------
class ScenarioIn(Body):
    name: str = Field(max_length=120)
    seconds: float = Field(30, ge=1, le=3600)
    from_published: bool = False
    open_from: date | None = None


class ScenarioOut(Schema):
    """A plan; `awards` and `answers` once it is `solved`, `conflict` where none is possible."""

    id: str
    name: str
    state: str
    merit: float | None
    bound: float | None
    gap: float | None
    awards: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    conflict: list[str]


def _scenario_out(scenario: Scenario) -> dict[str, Any]:
    lines = plans.lines_of(scenario) if scenario.state == "solved" else []
    return {
        "id": scenario.public_id,
        "name": scenario.name,
        "state": scenario.state,
        "merit": scenario.merit,
        "bound": scenario.bound,
        "gap": scenario.gap,
        "awards": [
            {
                "proposal": one.proposal.public_id,
                "beamline": one.beamline.public_id,
                "first_day": one.start,
                "last_day": one.last,
                "shifts": one.shifts,
            }
            for one in lines
            if one.shifts
        ],
        "answers": [
            {"proposal": one.proposal.public_id, "outcome": one.outcome, "codes": one.codes, "reasons": one.reasons}
            for one in lines
        ],
        "conflict": plans.clash_of(scenario) if scenario.state == "impossible" else [],
    }


@router.post("/calls/{public_id}/scenarios", response={202: ScenarioOut, **PROBLEMS}, summary="Ask for a plan")
def add_scenario(request: HttpRequest, public_id: str, body: ScenarioIn) -> Any:
    """The worker makes the plan; read it until its state is no longer `queued`."""
    return Status(202, _scenario_out(scheduling.make_scenario(public_id, **body.dict(), **_acting(request))))


def _held(public_id: str, desk: rules.Desk) -> Scenario:
    found = Scenario.objects.select_related("call__facility").filter(public_id=public_id).first()
    if found is None or not desk.office(found.call.facility_id):
        raise edges.missing("scenario.not_found")
    return found


@router.get("/scenarios/{public_id}", response={200: ScenarioOut, **PROBLEMS}, summary="Read a plan")
def get_scenario(request: HttpRequest, public_id: str) -> Any:
    return _scenario_out(_held(public_id, _desk(request)))


class PublishIn(Body):
    note: str = Field("", max_length=500)
    displace: bool = Field(False, description="Cancel bookings that stand in the way; their holders are told.")


class AwardOut(Schema):
    number: str
    beamline: str
    first_day: date
    end: date = Field(description="One past the last day.")
    shifts: int


class ScheduleOut(Schema):
    version: int
    published_at: datetime
    differences: dict[str, list[str]]
    awards: list[AwardOut]


def _schedule_out(call: Call) -> dict[str, Any]:
    version = queries.published(call)
    if version is None:
        raise edges.missing("schedule.none")
    return {
        "version": version.number,
        "published_at": version.published_at,
        "differences": version.differences,
        "awards": [
            {
                "number": one.proposal.number,
                "beamline": one.instrument.public_id,
                "first_day": one.start,
                "end": one.end,
                "shifts": one.shifts,
            }
            for one in queries.awards_of(version)
        ],
    }


@router.post("/scenarios/{public_id}/publication", response={201: ScheduleOut, **PROBLEMS}, summary="Publish a plan")
def publish(request: HttpRequest, public_id: str, body: PublishIn) -> Any:
    acting = _acting(request)
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    made = scheduling.publish(public_id, body.note, viewer=viewer, displace=body.displace, **acting)
    return Status(201, _schedule_out(made.call))


@router.get("/calls/{public_id}/schedule", response={200: ScheduleOut, **PROBLEMS}, summary="The published schedule")
def get_schedule(request: HttpRequest, public_id: str) -> Any:
    return _schedule_out(edges.seen_call(public_id, _desk(request)))


# Afterwards -----------------------------------------------------------------------------------------------------
class OutputIn(Body):
    doi: str = Field(max_length=300)
    title: str = Field(max_length=1000)
    year: int
    authors: list[dict[str, str]] = Field([], max_length=5000)


class OutputOut(Schema):
    id: str
    doi: str
    title: str
    year: int


@router.post("/proposals/{public_id}/outputs", response={201: OutputOut, **PROBLEMS}, summary="Link a publication")
def link_output(request: HttpRequest, public_id: str, body: OutputIn) -> Any:
    from headwater.useroffice.outputfiles import plain_doi

    draft = visiting.OutputDraft(plain_doi(body.doi), body.title, body.year, authors=body.authors)
    made = visiting.link_output(public_id, draft, **_acting(request))
    return Status(201, {"id": made.public_id, "doi": made.doi, "title": made.title, "year": made.year})


class EstimateOut(Schema):
    """A computed figure with what it rests on."""

    code: str
    value: float
    unit: str
    records: int
    synthetic_share: float
    as_of: date


@router.get("/facilities/{facility}/figures", response={200: list[EstimateOut], **PROBLEMS}, summary="A user programme")
def figures(request: HttpRequest, facility: str) -> Any:  # noqa: ARG001 (ninja passes it by name)
    from headwater.registry.models import Facility

    held = Facility.objects.filter(public_id=facility).first()
    if held is None:
        raise edges.missing("facility.not_found")
    found = statistics_of(held, today=timezone.now().date()).figures
    return [
        {
            "code": code,
            "value": one.value,
            "unit": one.unit,
            "records": one.records,
            "synthetic_share": one.synthetic_share,
            "as_of": one.as_of,
        }
        for code, one in found.items()
    ]
