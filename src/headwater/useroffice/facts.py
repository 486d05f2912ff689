"""Gathers what the user office's rules need to know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from headwater.accounts.models import Grant, Role, Scope, User
from headwater.registry.models import Facility, Instrument, Person
from headwater.useroffice import queries
from headwater.useroffice.groups import groups_of
from headwater.useroffice.models import (
    BeamlineScientist,
    Call,
    CallStage,
    DeclaredConflict,
    Feasibility,
    FormVersion,
    OutputLink,
    PanelMember,
    Proposal,
    Review,
    State,
    TeamMember,
)
from headwater.useroffice.rules.access import LIVE, Desk, Place, ProposalFacts
from headwater.useroffice.rules.forms import SECTION
from headwater.useroffice.rules.proposals import DraftFacts, Question, SampleFacts

COAUTHOR_YEARS = 3
KINDS = ("author", "organisation", "group", "declared", "excluded", "coauthor")


def desk_of(user: Any, *, token_scopes: list[str] | None = None) -> Desk:
    """The desk that a request's user sits at; four queries for a signed-in one."""
    if not isinstance(user, User) or not user.is_active:
        return Desk()
    scopes = list(Grant.objects.filter(user=user, role=Role.USER_OFFICE).values_list("scope", flat=True))
    facilities = Facility.objects.all() if "" in scopes else Facility.objects.filter(public_id__in=scopes)
    places = list(PanelMember.objects.filter(user=user).values_list("panel", "chair"))
    return Desk(
        user_id=user.pk,
        offices=frozenset(facilities.values_list("pk", flat=True)) if scopes else frozenset(),
        panels=frozenset(panel for panel, _chair in places),
        chairs=frozenset(panel for panel, chair in places if chair),
        beamlines=frozenset(BeamlineScientist.objects.filter(user=user).values_list("instrument", flat=True)),
        may_write=token_scopes is None or Scope.WRITE in token_scopes,
    )


def call_is_open(call: Call, at: datetime) -> bool:
    return call.stage == CallStage.ANNOUNCED and call.opens_at <= at and (call.closes_at is None or at < call.closes_at)


def proposal_facts(proposal: Proposal, desk: Desk, *, at: datetime) -> ProposalFacts:
    """A proposal for the rules, with the conflicts that bind this viewer where she would judge."""
    team = {
        one.user_id: Place(one.accepted_at is not None, one.may_edit, one.may_submit)
        for one in proposal.team.all()
        if one.user_id is not None
    }
    reviewers = dict(Review.objects.filter(proposal=proposal).values_list("reviewer", "state"))
    conflicts: tuple[str, ...] = ()
    if desk.user_id is not None and desk.user_id not in team:
        conflicts = conflicts_between([proposal], [desk.user_id]).get((proposal.pk, desk.user_id), ())
    return ProposalFacts(
        facility_id=proposal.call.facility_id,
        mode=proposal.call.mode,
        state=proposal.state,
        names_shown=proposal.call.names_shown,
        reviewers_shown=proposal.call.reviewers_shown,
        told_state=proposal.told_state,
        team=team,
        beamlines=frozenset(one.instrument_id for one in proposal.choices.all()),
        panel_id=proposal.track.panel_id,
        reviewers=reviewers,
        conflicts=conflicts,
        call_open=call_is_open(proposal.call, at),
        version=proposal.version,
    )


def conflicts_between(proposals: Iterable[Proposal], users: Collection[int]) -> dict[tuple[int, int], tuple[str, ...]]:
    """Why each user may not judge each proposal: kinds by (proposal, user); the same queries however many there are.

    ``author``: on the team; ``organisation``: of one organisation with somebody on the team or with the proposal's;
    ``group``: in a research group with somebody on the team (see `groups`);
    ``declared``: she said so; ``excluded``: the proposers asked for it; ``coauthor``: on one team, or authors of one
    output, within three years.
    """
    rows = {one.pk: one for one in proposals}
    users = set(users)
    if not rows or not users:
        return {}
    teams: dict[int, set[int]] = {pk: set() for pk in rows}
    for proposal, user in TeamMember.objects.filter(proposal__in=rows, user__isnull=False).values_list(
        "proposal", "user"
    ):
        teams[proposal].add(user)
    everybody = users.union(*teams.values())
    homes = queries.organisations_of(everybody)
    groups = groups_of(everybody)
    together = _worked_together(everybody, since=_since(rows.values()))
    found: dict[tuple[int, int], set[str]] = {}
    for pk, proposal in rows.items():
        organisations = {proposal.organisation_id}.union(*(homes.get(user, set()) for user in teams[pk])) - {None}
        theirs = frozenset[str]().union(*(groups.get(user, frozenset()) for user in teams[pk]))
        for user in users:
            kinds = set()
            if user in teams[pk]:
                kinds.add("author")
            if homes.get(user, set()) & organisations:
                kinds.add("organisation")
            if user not in teams[pk] and groups.get(user, frozenset()) & theirs:
                kinds.add("group")
            if user not in teams[pk] and together.get(user, set()) & teams[pk]:
                kinds.add("coauthor")
            if kinds:
                found[pk, user] = kinds
    declared = DeclaredConflict.objects.filter(proposal__in=rows, person__in=users)
    for pk, user, by_reviewer in declared.values_list("proposal", "person", "by_reviewer"):
        found.setdefault((pk, user), set()).add("declared" if by_reviewer else "excluded")
    return {pair: tuple(kind for kind in KINDS if kind in kinds) for pair, kinds in found.items()}


def _since(proposals: Iterable[Proposal]) -> datetime:
    return min(one.made_at for one in proposals) - timedelta(days=366 * COAUTHOR_YEARS)


def _worked_together(users: Collection[int], *, since: datetime) -> dict[int, set[int]]:
    """Who was on one team with whom, or wrote one output with whom, since then."""
    groups: dict[tuple[str, int], set[int]] = {}
    earlier = TeamMember.objects.filter(user__in=users, proposal__made_at__gte=since).exclude(
        proposal__state=State.DRAFT
    )
    for proposal, user in earlier.values_list("proposal", "user"):
        groups.setdefault(("proposal", proposal), set()).add(user)
    orcids = dict(Person.objects.filter(user__in=users).exclude(orcid=None).values_list("orcid", "user"))
    if orcids:
        links = (
            OutputLink.objects.filter(output__year__gte=since.year).values_list("output", "output__authors").distinct()
        )
        for output, authors in links:
            mine = {orcids[one["orcid"]] for one in authors if one.get("orcid") in orcids}
            groups[("output", output)] = mine
    together: dict[int, set[int]] = {}
    for group in groups.values():
        for user in group:
            together.setdefault(user, set()).update(group - {user})
    return together


def feasibilities_for(desk: Desk, *, waiting: bool = False) -> list[tuple[Feasibility, tuple[str, ...]]]:
    """What a scientist is asked for and has said, each with the conflicts that keep her from it.

    With ``waiting`` only what no scientist of the beamline has judged.
    """
    if desk.user_id is None or not desk.beamlines:
        return []
    found = queries.feasibilities_of(desk.beamlines)
    rows = list(found.filter(verdict="") if waiting else found)
    bound = conflicts_between([one.proposal for one in rows], [desk.user_id or 0])
    return [(one, bound.get((one.proposal_id, desk.user_id or 0), ())) for one in rows]


def questions_of(form: FormVersion) -> tuple[Question, ...]:
    """A form's questions as the rules read them."""
    return questions_in(form.questions)


def _when(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    return (entry["when"]["key"], str(entry["when"]["is"])) if entry.get("when") else None


def questions_in(entries: Iterable[Mapping[str, Any]]) -> tuple[Question, ...]:
    """The questions among a form's entries; what a section is asked on holds for each of its questions."""
    found, part = [], None
    for one in entries:
        if one["kind"] == SECTION:
            part = _when(one)
            continue
        found.append(
            Question(
                key=one["key"],
                kind=one["kind"],
                required=bool(one.get("required")),
                most=int(one.get("most") or 4_000),
                choices=tuple(choice["value"] for choice in one.get("choices") or ()),
                when=_when(one),
                part=part,
                least=one.get("min"),
                greatest=one.get("max"),
            )
        )
    return tuple(found)


def spans_of(blackouts: Iterable[Iterable[str]]) -> tuple[tuple[date, date], ...]:
    """Blackouts as they are kept, ISO dates with both ends inside, as dates."""
    return tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in blackouts)


def draft_facts(proposal: Proposal, *, at: datetime) -> DraftFacts:
    """A stored draft beside the rules of its call."""
    return facts_as_written(
        proposal.call,
        proposal.form,
        title=proposal.title,
        abstract=proposal.abstract,
        organisation=proposal.organisation_id is not None,
        choices=[one.instrument for one in proposal.choices.all()],
        requested=proposal.requested,
        minimum=proposal.minimum,
        blackouts=spans_of(proposal.blackouts),
        answers=proposal.answers,
        files=proposal.files.values_list("question", flat=True),
        samples=[SampleFacts(one.name, tuple(one.hazards)) for one in proposal.samples.all()],
        invited=sum(one.accepted_at is None for one in proposal.team.all()),
        at=at,
    )


def facts_as_written(
    call: Call,
    form: FormVersion,
    *,
    title: str,
    abstract: str,
    organisation: bool,
    choices: Sequence[Instrument],
    requested: int,
    minimum: int,
    blackouts: Sequence[tuple[date, date]],
    answers: Mapping[str, str],
    files: Iterable[str],
    samples: Sequence[SampleFacts],
    invited: int = 0,
    at: datetime,
) -> DraftFacts:
    """A draft as it is being written, stored or not, beside the rules of its call."""
    from headwater.useroffice.rounds import longest_run

    allowed = set(call.beamlines.values_list("pk", flat=True))
    return DraftFacts(
        title=title,
        abstract=abstract,
        organisation=organisation,
        beamlines=tuple(one.public_id for one in choices),
        foreign_beamlines=tuple(one.name for one in choices if one.pk not in allowed),
        most_beamlines=call.most_beamlines,
        requested=requested,
        minimum=minimum,
        most_shifts=call.most_shifts,
        period=(call.period_start, call.period_end),
        blackouts=tuple(blackouts),
        longest_run_days=longest_run(call, choices, blackouts) if choices else 0,
        needed_days=-(-(minimum + 1) // 3),
        questions=questions_of(form),
        answers=answers,
        files=frozenset(files),
        samples=tuple(samples),
        invited=invited,
        call_stage=call.stage,
        call_open=call_is_open(call, at),
    )


def reviews_due(proposal: Proposal, reviews: Iterable[Review]) -> tuple[int, int]:
    """How many reviews are in, and how many its track's stages need."""
    given = sum(one.state == "submitted" for one in reviews)
    return given, sum(stage.needed for stage in proposal.track.stages.all())


def live_conflicts(reviews: Iterable[Review]) -> Mapping[tuple[int, int], tuple[str, ...]]:
    """Conflicts of the reviewers with the proposals they were given."""
    pairs = [one for one in reviews if one.state in LIVE]
    return conflicts_between([one.proposal for one in pairs], {one.reviewer_id for one in pairs})
