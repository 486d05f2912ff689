"""The readers of the user office: small, composable; every list reads a fixed number of times."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import Count, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery

from headwater.accounts.models import User
from headwater.registry.models import Facility, Instrument, Membership, Organisation, Person, Technique
from headwater.useroffice.models import (
    Award,
    BeamlineChoice,
    BeamlineScientist,
    BeamPeriod,
    Call,
    CallStage,
    Feasibility,
    Letter,
    Mode,
    Output,
    Panel,
    PanelMember,
    PastProject,
    Pin,
    Pool,
    Proposal,
    Remark,
    Report,
    Review,
    Scenario,
    ScheduleVersion,
    Stage,
    State,
    SubProject,
    TeamMember,
    Track,
    Verdict,
    Visit,
)
from headwater.useroffice.rules.access import AFTER_DECISION, IN_COMMITTEE, LIVE, Desk

PAGE = 50
LINE_NAMES = ("public_id", "name_zh", "name_en")
MOST_WORKS, MOST_TEXTS = 20_000, 30


# Who may see what -----------------------------------------------------------------------------------------------
def visible_proposals(desk: Desk) -> QuerySet[Proposal]:
    """The proposals that `rules.may_see_proposal` lets her see, conflicts apart (they are told, not hidden)."""
    if desk.user_id is None:
        return Proposal.objects.none()
    seen = Q(pk__in=TeamMember.objects.filter(user_id=desk.user_id).values("proposal"))
    if desk.offices:
        seen |= Q(call__facility_id__in=desk.offices) & ~Q(state=State.DRAFT)
    hidden = Q(state__in=[State.DRAFT, State.WITHDRAWN])
    if desk.beamlines:
        chosen = BeamlineChoice.objects.filter(instrument_id__in=desk.beamlines).values("proposal")
        seen |= Q(pk__in=chosen) & ~hidden
    reviewing = Review.objects.filter(reviewer_id=desk.user_id, state__in=LIVE).values("proposal")
    seen |= Q(pk__in=reviewing) & ~hidden
    if desk.panels:
        seen |= Q(track__panel_id__in=desk.panels, state__in=IN_COMMITTEE | AFTER_DECISION)
    return Proposal.objects.filter(seen)


def visible_calls(desk: Desk) -> QuerySet[Call]:
    """Announced calls for everybody; those in preparation for their office. A block's own shows on the block's page."""
    seen = ~Q(stage=CallStage.DRAFT)
    if desk.offices:
        seen |= Q(facility_id__in=desk.offices)
    return Call.objects.filter(seen).exclude(mode=Mode.WITHIN)


# Lists ----------------------------------------------------------------------------------------------------------
def open_calls(at: datetime) -> QuerySet[Call]:
    return (
        Call.objects.filter(stage=CallStage.ANNOUNCED, opens_at__lte=at)
        .filter(Q(closes_at=None) | Q(closes_at__gt=at))
        .exclude(mode=Mode.WITHIN)
        .select_related("facility")
        .order_by("closes_at", "pk")
    )


def coming_calls(at: datetime) -> QuerySet[Call]:
    return (
        Call.objects.filter(stage=CallStage.ANNOUNCED, opens_at__gt=at)
        .exclude(mode=Mode.WITHIN)
        .select_related("facility")
        .order_by("opens_at")
    )


def scheduled_calls(on: date) -> QuerySet[Call]:
    """Calls with a published schedule whose beamtime has not ended."""
    rows = Call.objects.exclude(stage=CallStage.DRAFT).filter(versions__isnull=False, period_end__gte=on)
    return rows.distinct().select_related("facility").order_by("period_start", "pk")


def panel_calls(panels: Collection[int]) -> QuerySet[Call]:
    """Calls at work whose proposals these panels rank, with how many wait for a decision of theirs."""
    waiting = Count("proposals", filter=Q(proposals__state=State.PANEL, proposals__track__panel__in=panels))
    rows = Call.objects.filter(stage=CallStage.ANNOUNCED, pk__in=Track.objects.filter(panel__in=panels).values("call"))
    return rows.annotate(n_waiting=waiting).select_related("facility").order_by("-closes_at", "pk")


def lines_of_calls(calls: Sequence[Call]) -> list[Instrument]:
    """The beamlines of some calls, with their techniques and, as `taking`, the calls themselves; four queries."""
    keys = [one.pk for one in calls]
    taking = Prefetch("calls", Call.objects.filter(pk__in=keys).order_by("closes_at", "pk"), to_attr="taking")
    rows = Instrument.objects.filter(calls__in=keys).distinct().select_related("facility", "city")
    rows = rows.prefetch_related("technique_links__technique__parent", taking)
    return list(rows.order_by("facility", "name_en", "pk"))


def with_all(proposals: QuerySet[Proposal]) -> QuerySet[Proposal]:
    """What lists and pages of proposals show, in a fixed number of queries."""
    return proposals.select_related("call__facility", "track__panel", "organisation", "form").prefetch_related(
        Prefetch("choices", BeamlineChoice.objects.select_related("instrument")),
        Prefetch("team", TeamMember.objects.select_related("user")),
    )


def my_proposals(user_id: int) -> QuerySet[Proposal]:
    mine = TeamMember.objects.filter(user_id=user_id).values("proposal")
    return with_all(Proposal.objects.filter(pk__in=mine)).order_by("-pk")


def kept_out_of(proposal: Proposal) -> list[User]:
    """Whom the proposers named as not to judge it."""
    rows = proposal.declared_conflicts.filter(by_reviewer=False).select_related("person").order_by("pk")
    return [one.person for one in rows]


def invitations(user: User) -> QuerySet[TeamMember]:
    """Places on teams that wait for her answer, found by her address."""
    return (
        TeamMember.objects.filter(email__iexact=user.email, accepted_at=None)
        .exclude(proposal__state=State.WITHDRAWN)
        .select_related("proposal__call__facility")
    )


def my_reviews(user_id: int) -> QuerySet[Review]:
    return (
        Review.objects.filter(reviewer_id=user_id)
        .exclude(state="delegated")
        .select_related("proposal__call__facility", "stage", "proposal__track")
        .order_by("state", "-pk")
    )


def feasibilities_of(beamlines: Collection[int]) -> QuerySet[Feasibility]:
    return (
        Feasibility.objects.filter(instrument_id__in=beamlines)
        .exclude(proposal__state__in=[State.DRAFT, State.WITHDRAWN])
        .select_related("proposal__call__facility", "instrument", "judge")
        .order_by("verdict", "-pk")
    )


def offices(desk: Desk) -> QuerySet[Facility]:
    return Facility.objects.filter(pk__in=desk.offices).order_by("pk")


def calls_of(facility: Facility) -> QuerySet[Call]:
    counted = Count("proposals", filter=~Q(proposals__state=State.DRAFT))
    rows = facility.calls.exclude(mode=Mode.WITHIN)
    return rows.annotate(n_proposals=counted).order_by("-opens_at", "-pk")


def beamlines_of(facility: Facility) -> QuerySet[Instrument]:
    return Instrument.objects.filter(facility=facility, access="proposal").order_by("name_en", "pk")


def scientists_of(lines: Iterable[Instrument]) -> list[tuple[int, User]]:
    """The scientists of some beamlines, each with her beamline's key; one query."""
    rows = BeamlineScientist.objects.filter(instrument__in=list(lines)).select_related("user").order_by("pk")
    return [(one.instrument_id, one.user) for one in rows]


def members_of(panel: int | None) -> list[PanelMember]:
    """A panel's members, its chair first; one query."""
    return list(PanelMember.objects.filter(panel=panel).select_related("user").order_by("-chair", "pk"))


def verdicts_missing(call: Call) -> QuerySet[Feasibility]:
    """What beamlines were asked of a call's proposals and have not said."""
    rows = Feasibility.objects.filter(proposal__call=call, proposal__state=State.FEASIBILITY, verdict="")
    return rows.select_related("instrument").only("proposal", *(f"instrument__{name}" for name in LINE_NAMES))


def proposals_of(call: Call) -> QuerySet[Proposal]:
    """What the office sees of a call: all but drafts."""
    return with_all(call.proposals.exclude(state=State.DRAFT)).order_by("code", "pk")


def state_counts(call: Call) -> dict[str, int]:
    rows = call.proposals.values_list("state").annotate(n=Count("pk"))
    return {str(state): n for state, n in rows}


def undecided_of(call: Call) -> int:
    """How many submitted proposals of a call have no outcome yet."""
    open_ = [State.SUBMITTED, State.FEASIBILITY, State.REVIEW, State.PANEL, State.RECOMMENDED]
    return call.proposals.filter(state__in=open_).count()


def techniques_of(facility: Facility) -> list[Technique]:
    """The techniques that a facility's beamlines do, by name; one query."""
    lines = beamlines_of(facility).values("pk")
    rows = Technique.objects.filter(instrument_links__instrument__in=lines).distinct()
    return sorted(rows, key=lambda one: (one.name, one.code))


def panels_of(facility: Facility) -> QuerySet[Panel]:
    members = PanelMember.objects.select_related("user").order_by("-chair", "pk")
    return facility.panels.prefetch_related(Prefetch("members", members)).order_by("pk")


def organisation_named(text: str) -> Organisation | None:
    """The organisation of a public id, or the only one of a name."""
    text = text.strip()
    if not text:
        return None
    found = Organisation.objects.filter(Q(public_id=text) | Q(name_zh__iexact=text) | Q(name_en__iexact=text))[:2]
    rows = list(found)
    return rows[0] if len(rows) == 1 else None


def member_of(panel: Panel, email: str) -> PanelMember | None:
    """Somebody's place on a panel, by her address."""
    return panel.members.select_related("user").filter(user__email__iexact=email.strip()).first()


def texts_of_members(members: Sequence[PanelMember], facility: Facility) -> dict[int, list[dict[str, str]]]:
    """What each member (by user) wrote: her field in her words, her publications and her proposals here; three queries.

    Publications are found by ORCID among the facility's. The newest count.
    """
    users = [one.user_id for one in members]
    found: dict[int, list[dict[str, str]]] = {
        one.user_id: [{"title": "; ".join(one.fields), "text": one.expertise}]
        for one in members
        if one.fields or one.expertise
    }
    orcids = dict(Person.objects.filter(user__in=users).exclude(orcid=None).values_list("orcid", "user"))
    if orcids:
        for title, authors in facility.outputs.order_by("-year", "-pk").values_list("title", "authors")[:MOST_WORKS]:
            for author in authors:
                user = orcids.get(author.get("orcid"))
                if user is not None:
                    found.setdefault(user, []).append({"title": title, "text": ""})
    own = TeamMember.objects.filter(user__in=users, proposal__call__facility=facility, accepted_at__isnull=False)
    own = own.exclude(proposal__state__in=[State.DRAFT, State.WITHDRAWN]).order_by("-pk")
    for user, title, abstract in own.values_list("user", "proposal__title", "proposal__abstract")[:MOST_WORKS]:
        found.setdefault(user, []).append({"title": title, "text": abstract})
    return {user: texts[:MOST_TEXTS] for user, texts in found.items()}


def pools_of(call: Call) -> QuerySet[Pool]:
    return call.pools.select_related("funder").prefetch_related("beamlines").order_by("pk")


def tracks_of(call: Call) -> QuerySet[Track]:
    """The ways through review, with their stages and how many proposals take each."""
    counted = Count("proposals", filter=~Q(proposals__state=State.DRAFT))
    return call.tracks.select_related("panel").prefetch_related("stages").annotate(n_proposals=counted).order_by("pk")


def beam_periods(facility: Facility) -> QuerySet[BeamPeriod]:
    return facility.beam_periods.select_related("instrument").order_by("start", "pk")


def latest_verdicts(proposals: Any) -> dict[int, Verdict]:
    """The verdict that counts of each proposal: its latest."""
    latest = Verdict.objects.filter(proposal__in=proposals).values("proposal").annotate(last=Max("pk")).values("last")
    return {one.proposal_id: one for one in Verdict.objects.filter(pk__in=latest)}


class Score(NamedTuple):
    """A review that was given, as a ranking reads it."""

    proposal_id: int
    reviewer_id: int
    stage_id: int
    score: float


def scores_of(call: Call) -> list[Score]:
    """The scores given in a call; no words."""
    rows = Review.objects.filter(proposal__call=call, state="submitted").order_by("pk")
    return [Score(*row) for row in rows.values_list("proposal", "reviewer", "stage", "score")]


def ranked_proposals(call: Call, hidden: Collection[str]) -> QuerySet[Proposal]:
    """What a ranking shows of proposals, and no more: a panel looks at hundreds at once."""
    names = ("public_id", "code", "title", "state", "requested", "submitted_at", "made_at")
    rows = call.proposals.exclude(state__in=hidden).only(*names, "call_id", "track_id", "organisation_id")
    return rows.order_by("submitted_at", "code")


def choices_of(call: Call) -> dict[int, tuple[Instrument, ...]]:
    """The beamlines that each proposal of a call accepts, the preferred first; two queries."""
    rows = list(
        BeamlineChoice.objects.filter(proposal__call=call)
        .order_by("proposal", "rank")
        .values_list("proposal", "instrument")
    )
    lines = Instrument.objects.only("public_id", "name_zh", "name_en").in_bulk({line for _proposal, line in rows})
    found: dict[int, tuple[Instrument, ...]] = {}
    for proposal, line in rows:
        found[proposal] = (*found.get(proposal, ()), lines[line])
    return found


def stages_of(call: Call) -> dict[int, Stage]:
    return {one.pk: one for one in Stage.objects.filter(track__call=call).order_by("track", "rank")}


def people_of(users: Collection[int]) -> dict[int, User]:
    return User.objects.in_bulk(users)


def reviews_of(call: Call) -> list[Review]:
    return list(
        Review.objects.filter(proposal__call=call, state__in=LIVE).select_related("reviewer", "stage").order_by("pk")
    )


def remarks_of(proposal: Proposal) -> QuerySet[Remark]:
    return proposal.remarks.select_related("by").order_by("pk")


def remark_counts(call: Call) -> dict[int, int]:
    """How many remarks each proposal of a call has; those without one are left out."""
    return dict(Remark.objects.filter(proposal__call=call).values_list("proposal").annotate(n=Count("pk")))


def loads_of(call: Call) -> dict[int, int]:
    """Live reviews of each reviewer in a call."""
    rows = Review.objects.filter(proposal__call=call, state__in=LIVE).values_list("reviewer").annotate(n=Count("pk"))
    return dict(rows)


def scenarios_of(call: Call) -> QuerySet[Scenario]:
    return call.scenarios.defer("round", "plan").select_related("made_by", "made_from").order_by("-pk")


def pins_of(call: Call) -> QuerySet[Pin]:
    """What the office fixed for a call's proposals."""
    return Pin.objects.filter(proposal__call=call).select_related("proposal", "instrument").order_by("proposal__code")


def published(call: Call) -> ScheduleVersion | None:
    return call.versions.order_by("-number").first()


def versions_of(call: Call) -> QuerySet[ScheduleVersion]:
    return call.versions.select_related("published_by").order_by("-number")


def awards_of(version: ScheduleVersion | None) -> QuerySet[Award]:
    rows = Award.objects.filter(version=version) if version else Award.objects.none()
    return rows.select_related("proposal", "instrument").order_by("instrument__name_en", "start")


def awards_elsewhere(call: Call) -> QuerySet[Award]:
    """Awards of the facility's other calls in their newest versions that touch this call's period."""
    newest = ScheduleVersion.objects.filter(call=OuterRef("version__call")).order_by("-number").values("pk")[:1]
    return (
        Award.objects.filter(version__call__facility=call.facility, end__gt=call.period_start)
        .exclude(version__call=call)
        .filter(start__lte=call.period_end, version=Subquery(newest))
    )


def parts_placed(call: Call) -> QuerySet[SubProject]:
    """Sub-projects of the facility's blocks with beamtime of their own that touches the call's period."""
    rows = SubProject.objects.filter(own=True, proposal__call__facility=call.facility)
    rows = rows.select_related("instrument__city__jurisdiction")
    return rows.filter(ends_at__date__gt=call.period_start, starts_at__date__lte=call.period_end)


def standby_of(call: Call) -> list[tuple[Proposal, Verdict | None]]:
    """The ranked standby list: recommended without beam first, then by the panel's rank, then by submission."""
    rows = list(with_all(call.proposals.filter(state=State.STANDBY)).order_by("submitted_at", "code"))
    verdicts = latest_verdicts([one.pk for one in rows])

    def place(one: Proposal) -> tuple[bool, int]:
        verdict = verdicts.get(one.pk)
        rank = verdict.rank if verdict is not None and verdict.rank is not None else 10**6
        return (verdict is not None and verdict.kind == "reserve", rank)

    return [(one, verdicts.get(one.pk)) for one in sorted(rows, key=place)]


def pending_letters(call: Call) -> QuerySet[Proposal]:
    """Proposals with an outcome that their proposer has not been told."""
    done = [State.SCHEDULED, State.STANDBY, State.DECLINED, State.INFEASIBLE]
    letters = Letter.objects.filter(sent_at=None)
    return (
        with_all(call.proposals.filter(state__in=done).exclude(told_state=F("state")))
        .prefetch_related(Prefetch("letters", letters, to_attr="waiting"))
        .order_by("code")
    )


def untold_references(user_id: int) -> QuerySet[Proposal, str]:
    """References of beamtime that somebody on a team was not told of yet."""
    mine = TeamMember.objects.filter(user_id=user_id).values("proposal")
    rows = Proposal.objects.filter(pk__in=mine).exclude(told_state=State.SCHEDULED)
    return rows.values_list("public_id", flat=True)


def review_counts(user_id: int) -> dict[str, int]:
    """How many reviews were asked of somebody, and how many wait for her."""
    rows = Review.objects.filter(reviewer_id=user_id).exclude(state="delegated")
    return rows.aggregate(all=Count("pk"), waiting=Count("pk", filter=Q(state="assigned")))


def visits_of(
    facility_ids: Collection[int], beamlines: Collection[int], user_id: int, *, over: bool = False
) -> QuerySet[Visit]:
    """Visits that she runs, hosts or makes: to come and at work by their first day, or those over, the last first."""
    seen = Q(contact_id=user_id) | Q(instrument_id__in=beamlines)
    seen |= Q(proposal__call__facility_id__in=facility_ids)
    mine = TeamMember.objects.filter(user_id=user_id).values("proposal")
    seen |= Q(proposal__in=mine, proposal__told_state=State.SCHEDULED)
    return (
        Visit.objects.filter(seen)
        .filter(state__in=["done"] if over else ["planned", "running"])
        .select_related("proposal__call", "instrument", "contact")
        .order_by("-start" if over else "start", "pk")
    )


def outputs_of(facility: Facility) -> QuerySet[Output]:
    return facility.outputs.prefetch_related("links__proposal").order_by("-year", "pk")


def past_projects(facility: Facility) -> QuerySet[PastProject]:
    return PastProject.objects.filter(facility=facility)


def organisations_of(users: Collection[int]) -> dict[int, set[int]]:
    """Organisations of each user, as they are now."""
    found: dict[int, set[int]] = {}
    rows = Membership.objects.filter(person__user_id__in=users, until=None).values_list(
        "person__user_id", "organisation"
    )
    for user, organisation in rows:
        found.setdefault(user, set()).add(organisation)
    return found


def newest_versions(facilities: Collection[int]) -> QuerySet[ScheduleVersion]:
    """The version that counts of each of the facilities' calls."""
    newest = ScheduleVersion.objects.filter(call=OuterRef("call")).order_by("-number").values("pk")[:1]
    return ScheduleVersion.objects.filter(call__facility__in=facilities, pk=Subquery(newest))


def homes_of(users: Collection[int] | QuerySet[Any], kept: int | None = None) -> QuerySet[Organisation]:
    """The organisations that these people may apply for, and the one that stands in the draft already."""
    theirs = Membership.objects.filter(person__user__in=users, until=None).values("organisation")
    return Organisation.objects.filter(Q(pk__in=theirs) | Q(pk=kept)).order_by("pk")


def earlier_of(users: Collection[int], but: Proposal | None) -> QuerySet[Proposal]:
    """Proposals of theirs that a new one may refer to."""
    mine = TeamMember.objects.filter(user__in=users).values("proposal")
    rows = Proposal.objects.filter(pk__in=mine).exclude(state__in=[State.DRAFT, State.WITHDRAWN])
    return rows.exclude(pk=but.pk if but else None).order_by("-pk")


@dataclass(frozen=True, slots=True)
class Earlier:
    """One earlier experiment of a team: what it got, and what came of it."""

    proposal: Proposal
    shifts: int | None
    hours: Any
    report: Report | None
    late: bool
    outputs: int


def record_of(proposal: Proposal, *, today: date) -> list[Earlier]:
    """The team's earlier beamtime at the facility, the newest first; one query."""
    team = proposal.team.exclude(user=None).values("user")
    theirs = TeamMember.objects.filter(user__in=team, accepted_at__isnull=False).values("proposal")
    rows = (
        Proposal.objects.filter(pk__in=theirs, call__facility=proposal.call.facility, state__in=AFTER_DECISION)
        .exclude(pk=proposal.pk)
        .select_related("call", "report", "visit")
        .annotate(n_outputs=Count("output_links"))
        .order_by("-pk")[:20]
    )
    found = []
    for one in rows:
        visit, report = getattr(one, "visit", None), getattr(one, "report", None)
        late = report is not None and report.state == "due" and report.due < today
        shifts, hours = (visit.shifts, visit.hours_given) if visit else (None, None)
        found.append(Earlier(one, shifts, hours, report, late, one.n_outputs))
    return found


def loads_with_names(call: Call) -> list[tuple[User, int, int]]:
    """Reviewers of a call with how many reviews they have and have given."""
    rows = Review.objects.filter(proposal__call=call, state__in=LIVE).values("reviewer")
    counted = rows.annotate(n=Count("pk"), given=Count("pk", filter=Q(state="submitted"))).order_by("reviewer")
    found = list(counted)
    people = User.objects.in_bulk([one["reviewer"] for one in found])
    return [(people[one["reviewer"]], one["n"], one["given"]) for one in found]
