"""Plans, what the office fixes for them, and the published schedule."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Schema, Status
from pydantic import Field

from headwater.accounts.api import scopes_of
from headwater.registry.api.shapes import PROBLEMS
from headwater.registry.facts import viewer_of
from headwater.useroffice import comparing, edges, plans, queries, rules
from headwater.useroffice.actions import (
    publishing,
    scheduling,
)
from headwater.useroffice.api.shapes import Body, Done, Key, acting, desk_of_request, router
from headwater.useroffice.models import Call, Scenario


class PinIn(Body):
    """What is fixed; an empty body frees it."""

    beamline: Key = ""
    day: date | None = None
    shifts: int | None = Field(None, ge=1, le=1000)
    banned: list[Key] = Field([], max_length=20)
    reason: str = Field("", max_length=500)


@router.put("/proposals/{public_id}/pin", response={200: Done, **PROBLEMS}, summary="Fix a proposal for the plan")
def set_pin(request: HttpRequest, public_id: str, body: PinIn) -> Any:
    return {"number": int(scheduling.set_pin(public_id, **body.dict(), **acting(request)) is not None)}


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
    return Status(202, _scenario_out(scheduling.make_scenario(public_id, **body.dict(), **acting(request))))


def _held(public_id: str, desk: rules.Desk) -> Scenario:
    found = Scenario.objects.select_related("call__facility").filter(public_id=public_id).first()
    if found is None or not desk.office(found.call.facility_id):
        raise edges.missing("scenario.not_found")
    return found


@router.get("/scenarios/{public_id}", response={200: ScenarioOut, **PROBLEMS}, summary="Read a plan")
def get_scenario(request: HttpRequest, public_id: str) -> Any:
    return _scenario_out(_held(public_id, desk_of_request(request)))


class PublishIn(Body):
    note: str = Field("", max_length=500)
    displace: bool = Field(False, description="Cancel bookings that stand in the way; their holders are told.")


class AwardOut(Schema):
    number: str = Field(description="Empty until its team was told.")
    beamline: str
    first_day: date
    end: date = Field(description="One past the last day.")
    shifts: int


class ScheduleOut(Schema):
    version: int
    published_at: datetime
    differences: dict[str, list[str]]
    awards: list[AwardOut]


def _schedule_out(call: Call, desk: rules.Desk) -> dict[str, Any]:
    version = queries.published(call)
    if version is None:
        raise edges.missing("schedule.none")
    return {
        "version": version.number,
        "published_at": version.published_at,
        "differences": version.differences,
        "awards": [
            {
                "number": number,
                "beamline": one.instrument.public_id,
                "first_day": one.start,
                "end": one.end,
                "shifts": one.shifts,
            }
            for one, number in edges.awards_shown(call, version, desk)
        ],
    }


@router.post("/scenarios/{public_id}/publication", response={201: ScheduleOut, **PROBLEMS}, summary="Publish a plan")
def publish(request: HttpRequest, public_id: str, body: PublishIn) -> Any:
    by = acting(request)
    viewer = viewer_of(request.user, token_scopes=scopes_of(request))
    made = publishing.publish(public_id, body.note, viewer=viewer, displace=body.displace, **by)
    return Status(201, _schedule_out(made.call, by["desk"]))


@router.get("/calls/{public_id}/schedule", response={200: ScheduleOut, **PROBLEMS}, summary="The published schedule")
def get_schedule(request: HttpRequest, public_id: str) -> Any:
    desk = desk_of_request(request)
    return _schedule_out(edges.seen_call(public_id, desk), desk)


class WishIn(Body):
    proposal: Key
    kind: Literal["keep", "away", "free"]


class ReplanIn(Body):
    """What is fixed of a plan before the next: `keep` a place, `away` from its beamline, `free` again."""

    wishes: list[WishIn] = Field([], max_length=5000)
    reason: str = Field("", max_length=500)
    seconds: float = Field(30, ge=1, le=3600)
    from_published: bool = False


@router.post("/scenarios/{public_id}/replan", response={202: ScenarioOut, **PROBLEMS}, summary="Fix, and plan again")
def replan(request: HttpRequest, public_id: str, body: ReplanIn) -> Any:
    wishes = [scheduling.Wish(one.proposal, one.kind) for one in body.wishes]
    more = {"seconds": body.seconds, "from_published": body.from_published}
    return Status(202, _scenario_out(scheduling.replan(public_id, wishes, body.reason, **more, **acting(request))))


class SideOut(Schema):
    """One plan's figures; `asked` says what was asked in it alone."""

    id: str
    merit: float | None
    objective: float | None
    bound: float | None
    gap: float | None
    granted: int
    shifts: int
    asked: list[str]


class PlaceOut(Schema):
    beamline: str
    first_day: date
    last_day: date
    shifts: int
    merit: float


class DifferenceOut(Schema):
    """A proposal that the plans treat differently; `gain` is the second plan's merit less the first's."""

    proposal: str
    number: str
    first: PlaceOut | None
    second: PlaceOut | None
    first_why: list[str]
    second_why: list[str]
    gain: float


class ComparisonOut(Schema):
    first: SideOut
    second: SideOut
    same: int
    differences: list[DifferenceOut]


@router.get("/scenarios/{public_id}/comparison", response={200: ComparisonOut, **PROBLEMS}, summary="Two plans")
def comparison(request: HttpRequest, public_id: str, other: Key) -> Any:
    """This plan beside another of the same call."""
    desk = desk_of_request(request)
    first, second = _held(public_id, desk), _held(other, desk)
    if first.call_id != second.call_id or {first.state, second.state} != {"solved"}:
        raise edges.missing("schedule.not_planned")
    found = comparing.compare(first, second)
    return {
        "first": _side_out(found.first),
        "second": _side_out(found.second),
        "same": found.same,
        "differences": [
            {
                "proposal": one.proposal.public_id,
                "number": one.proposal.number,
                "first": _place_out(one.first),
                "second": _place_out(one.second),
                "first_why": list(one.first_why),
                "second_why": list(one.second_why),
                "gain": one.gain,
            }
            for one in found.differences
        ],
    }


def _side_out(side: comparing.Side) -> dict[str, Any]:
    return {
        "id": side.scenario.public_id,
        "merit": side.scenario.merit,
        "objective": side.objective,
        "bound": side.scenario.bound,
        "gap": side.scenario.gap,
        "granted": side.granted,
        "shifts": side.shifts,
        "asked": list(side.asked),
    }


def _place_out(place: comparing.Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {
        "beamline": place.beamline.public_id if place.beamline else "",
        "first_day": place.start,
        "last_day": place.last,
        "shifts": place.shifts,
        "merit": place.merit,
    }
