"""The manager's part by program: rules, outages, courses, qualifications, interlocks, utilisation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.booking import queries, rules
from headwater.booking.actions.interlocks import set_interlock
from headwater.booking.actions.managing import PolicyDraft, end_outage, record_outage, set_policy
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.actions.training import (
    cancel_course,
    disqualify,
    give_course,
    leave_course,
    qualify,
    settle_course,
    sign_up,
)
from headwater.booking.api.calendars import MOST_DAYS, Between, _sound
from headwater.booking.api.shapes import (
    PROBLEMS,
    Body,
    Day,
    Flag,
    Instant,
    Note,
    PublicId,
    ReservationOut,
    Whole,
    reservation_out,
    text,
)
from headwater.booking.facts import asker_of
from headwater.booking.models import Course, Policy
from headwater.booking.policies import DEFAULT_WEEK, TERMS, in_force_of
from headwater.booking.replay import replayed
from headwater.booking.utilisation import utilisation_of
from headwater.core.decision import permit
from headwater.registry.api.pages import viewer_for

router = Router(tags=["booking"])
Week = list[list[list[str]]]
Minutes = Whole


class PolicyIn(Body):
    """The rules of an instrument from an instant on; lengths in minutes, null for no limit.

    `hours` holds for each weekday from Monday its opening spans, e.g. `[["08:00", "18:00"]]`, on the instrument's own
    clocks; an end that is not after its start is on the next day. `peak` holds the busy hours likewise, or nothing.
    """

    since: Instant | None = Field(None, description="Now where it is left out.")
    for_owner: Flag = Field(False, description="For all of the owner's instruments that have no rules of their own.")
    hours: Week = Field(DEFAULT_WEEK, max_length=7)
    peak: Week = Field([], max_length=7)
    closed_days: list[Day] = Field([], max_length=1000)
    min_minutes: Minutes = 30
    max_minutes: Minutes = 480
    step_minutes: Minutes = 15
    notice_minutes: Minutes = 0
    horizon_days: Whole = 60
    setup_minutes: Minutes = 0
    cleanup_minutes: Minutes = 0
    person_week_minutes: Minutes | None = None
    person_peak_minutes: Minutes | None = None
    person_off_peak_minutes: Minutes | None = None
    organisation_week_minutes: Minutes | None = None
    organisation_peak_minutes: Minutes | None = None
    organisation_off_peak_minutes: Minutes | None = None
    group_week_minutes: Minutes | None = None
    group_peak_minutes: Minutes | None = None
    group_off_peak_minutes: Minutes | None = None
    limits_together: Flag = Field(
        False,
        description="The limits a week count what somebody has on all of the owner's instruments whose rules say so.",
    )
    approval_for: list[str] = Field([], max_length=10, description="`own`, `company`, `outside`.")
    needs_qualification: Flag = False
    qualification_days: Whole | None = Field(None, ge=1, le=36_500)
    late_cancel_minutes: Minutes = 0
    no_show_minutes: Minutes | None = None
    most_missed: Whole | None = None
    hold_minutes: Minutes = 120
    forgotten_minutes: Minutes = 60


def draft_of(public_id: str, body: PolicyIn, now: datetime) -> PolicyDraft:
    values = {name: getattr(body, name) for name in TERMS} | {"approval_for": frozenset(body.approval_for)}
    return PolicyDraft(
        public_id,
        body.since or now,
        rules.Terms(**values),
        body.hours,
        tuple(body.closed_days),
        body.qualification_days,
        body.peak,
        body.for_owner,
    )


class PolicyOut(PolicyIn):
    since: str | None = None
    own: bool = Field(description="Whether these are the instrument's own rules, not its owner's or the house's.")


def policy_out(policy: Policy | None, zone: Any) -> dict[str, Any]:
    held = in_force_of(policy, zone)
    values = {name: getattr(held.terms, name) for name in TERMS} | {"approval_for": sorted(held.terms.approval_for)}
    return values | {
        "since": text(policy.since) if policy else None,
        "for_owner": policy is not None and policy.owner_id is not None,
        "own": policy is not None and policy.instrument_id is not None,
        "hours": policy.hours if policy else DEFAULT_WEEK,
        "peak": policy.peak if policy else [],
        "closed_days": policy.closed_days if policy else [],
        "qualification_days": held.qualification_days,
    }


@router.get("/instruments/{public_id}/policy", response={200: PolicyOut, **PROBLEMS}, summary="Read the rules in force")
def get_policy(request: HttpRequest, public_id: PublicId) -> Any:
    instrument = found_instrument(public_id, viewer_for(request))
    return policy_out(queries.policy_of(instrument, timezone.now()), queries.zone_of(instrument))


@router.post("/instruments/{public_id}/policy", response={201: PolicyOut, **PROBLEMS}, summary="Set the rules")
def post_policy(request: HttpRequest, public_id: PublicId, body: PolicyIn) -> Any:
    viewer, now = viewer_for(request), timezone.now()
    made = set_policy(draft_of(public_id, body, now), viewer, by=caller(request), at=now)
    return Status(201, policy_out(made, queries.zone_of(found_instrument(public_id, viewer))))


class ReplayOut(Schema):
    """What the rules would have done to what was booked in the last days: how many, and why which would be refused."""

    days: int
    bookings: int
    refused: int
    awaiting_approval: int
    reasons: dict[str, int]
    refused_ids: list[str]


@router.post("/instruments/{public_id}/policy/trial", response={200: ReplayOut, **PROBLEMS}, summary="Try rules out")
def post_trial(request: HttpRequest, public_id: PublicId, body: PolicyIn) -> Any:
    """What these rules would have done to last month's bookings; nothing is set."""
    viewer = viewer_for(request)
    now = timezone.now()
    found = replayed(draft_of(public_id, body, now), viewer, at=now)
    return {
        "days": found.days,
        "bookings": found.bookings,
        "refused": len(found.refused),
        "awaiting_approval": found.awaiting_approval,
        "reasons": found.reasons,
        "refused_ids": [row.public_id for row, _why in found.refused],
    }


class OutageIn(Body):
    start: Instant
    end: Instant
    note: Note = ""


class OutageOut(Schema):
    """The outage, and the bookings that it cancelled; their holders were told."""

    outage: ReservationOut
    displaced: list[str]


@router.post("/instruments/{public_id}/outages", response={201: OutageOut, **PROBLEMS}, summary="Record an outage")
def post_outage(request: HttpRequest, public_id: PublicId, body: OutageIn) -> Any:
    made, displaced = record_outage(
        public_id, body.start, body.end, body.note, viewer_for(request), by=caller(request), at=timezone.now()
    )
    return Status(201, {"outage": reservation_out(made), "displaced": [one.public_id for one in displaced]})


class EndIn(Body):
    until: Instant | None = Field(None, description="When it ends instead; now where it is left out.")


@router.post("/outages/{public_id}/end", response={200: ReservationOut, **PROBLEMS}, summary="End an outage early")
def post_end_outage(request: HttpRequest, public_id: PublicId, body: EndIn) -> Any:
    now = timezone.now()
    row = end_outage(public_id, viewer_for(request), until=body.until or now, by=caller(request), at=now)
    found = queries.reservation(row.public_id)
    assert found is not None
    return reservation_out(found)


# Training -------------------------------------------------------------------------------------------------------
class CourseIn(Body):
    start: Instant
    end: Instant
    places: Whole = Field(ge=1, le=500)
    room: str = Field("", max_length=200)
    note: str = Field("", max_length=500)


class CourseOut(Schema):
    id: str
    start: str
    end: str
    places: int
    left: int
    room: str
    note: str
    state: str


def course_out(row: Course, taken: int) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "start": text(row.starts_at),
        "end": text(row.ends_at),
        "places": row.places,
        "left": row.places - taken,
        "room": row.room,
        "note": row.note,
        "state": row.state,
    }


@router.get("/instruments/{public_id}/courses", response={200: list[CourseOut], **PROBLEMS}, summary="List courses")
def list_courses(request: HttpRequest, public_id: PublicId) -> Any:
    instrument = found_instrument(public_id, viewer_for(request))
    return [course_out(one, one.taken) for one in queries.courses(instrument.pk, after=timezone.now())]


@router.post("/instruments/{public_id}/courses", response={201: CourseOut, **PROBLEMS}, summary="Announce a course")
def post_course(request: HttpRequest, public_id: PublicId, body: CourseIn) -> Any:
    made = give_course(
        public_id,
        body.start,
        body.end,
        body.places,
        viewer_for(request),
        room=body.room,
        note=body.note,
        by=caller(request),
        at=timezone.now(),
    )
    return Status(201, course_out(made, 0))


class SignedUp(Schema):
    state: str


@router.post("/courses/{public_id}/sign-up", response={200: SignedUp, **PROBLEMS}, summary="Take a place in a course")
def post_sign_up(request: HttpRequest, public_id: PublicId) -> Any:
    return {"state": sign_up(public_id, viewer_for(request), by=caller(request), at=timezone.now()).state}


@router.delete("/courses/{public_id}/sign-up", response={204: None, **PROBLEMS}, summary="Give the place back")
def delete_sign_up(request: HttpRequest, public_id: PublicId) -> Any:
    leave_course(public_id, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)


@router.post("/courses/{public_id}/cancel", response={200: CourseOut, **PROBLEMS}, summary="Cancel a course")
def post_cancel_course(request: HttpRequest, public_id: PublicId) -> Any:
    row = cancel_course(public_id, viewer_for(request), by=caller(request), at=timezone.now())
    return course_out(row, 0)


class ResultsIn(Body):
    passed: list[str] = Field(max_length=500, description="The addresses of those who passed.")


class ResultsOut(Schema):
    qualified: list[str]


@router.post("/courses/{public_id}/results", response={200: ResultsOut, **PROBLEMS}, summary="Write down who passed")
def post_results(request: HttpRequest, public_id: PublicId, body: ResultsIn) -> Any:
    passed = {one.pk for one in queries.people(body.passed)}
    made = settle_course(public_id, passed, viewer_for(request), by=caller(request), at=timezone.now())
    return {"qualified": [one.user.email for one in made]}


class QualifyIn(Body):
    person: str = Field(max_length=254, description="An e-mail address.")
    note: str = Field("", max_length=300)


class QualifiedOut(Schema):
    person: str
    expires_at: str | None


@router.post(
    "/instruments/{public_id}/qualifications", response={201: QualifiedOut, **PROBLEMS}, summary="Grant a qualification"
)
def post_qualification(request: HttpRequest, public_id: PublicId, body: QualifyIn) -> Any:
    made = qualify(public_id, body.person, viewer_for(request), note=body.note, by=caller(request), at=timezone.now())
    return Status(201, {"person": made.user.email, "expires_at": text(made.expires_at) if made.expires_at else None})


@router.post(
    "/instruments/{public_id}/qualifications/revoke", response={204: None, **PROBLEMS}, summary="Take one back"
)
def post_disqualify(request: HttpRequest, public_id: PublicId, body: QualifyIn) -> Any:
    disqualify(public_id, body.person, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)


# The interlock, and what the time was used for ------------------------------------------------------------------
class InterlockIn(Body):
    url: str = Field(max_length=500, description="Where starts and stops are told to; empty takes the interlock away.")


class InterlockOut(Schema):
    """The secret that signs what is told; it is shown this once."""

    url: str
    secret: str


@router.put("/instruments/{public_id}/interlock", response={200: InterlockOut, **PROBLEMS}, summary="Set the interlock")
def put_interlock(request: HttpRequest, public_id: PublicId, body: InterlockIn) -> Any:
    made, secret = set_interlock(public_id, body.url, viewer_for(request), by=caller(request), at=timezone.now())
    return {"url": made.url if made else "", "secret": secret}


class UtilisationOut(Schema):
    """Hours between two instants. `idle` was booked and not used; `outside` is what others than the owner's used."""

    open_h: float
    booked_h: float
    used_h: float
    idle_h: float
    outage_h: float
    utilisation: float | None
    outside_share: float | None
    bookings: int
    missed: int


@router.get(
    "/instruments/{public_id}/utilisation", response={200: UtilisationOut, **PROBLEMS}, summary="Read its utilisation"
)
def get_utilisation(request: HttpRequest, public_id: PublicId, wanted: Query[Between]) -> Any:
    """For the instrument's managers."""
    _sound(wanted, MOST_DAYS)
    viewer = viewer_for(request)
    instrument = found_instrument(public_id, viewer)
    permit(rules.may_manage_time(asker_of(viewer, instrument.owner_id)))
    found = utilisation_of(instrument, wanted.start, wanted.end, at=timezone.now())
    return found.as_json()
