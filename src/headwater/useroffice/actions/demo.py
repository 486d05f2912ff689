"""A made-up round for the demo's user office: one call that is open, and one that waits for its panel; all marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from headwater.accounts.actions import make_user
from headwater.accounts.actions.notices import choose_mails
from headwater.accounts.audit import COMMAND, Act, Actor, record
from headwater.accounts.models import User
from headwater.registry.actions.people import give_role
from headwater.registry.models import Facility, Instrument, Organisation
from headwater.useroffice import demo, facts, queries
from headwater.useroffice.actions import (
    assigning,
    callforms,
    calls,
    checking,
    deciding,
    discussing,
    people,
    pools,
    proposals,
    reviewing,
    scheduling,
    tracks,
)
from headwater.useroffice.models import Call, Panel, Proposal, Review
from headwater.useroffice.ranking import ranking_of

LINES = 3
DAYS = 20  # of beamtime: fewer than the panel recommends, so that the plan has to choose
PLAN_SECONDS = 2.0
# days before or after the load
OPENED, CLOSED, CHECKED, REVIEWED, GIVEN, MET, DECIDED = -80, -30, -27, -24, -8, -5, -2
OPEN_SINCE, OPEN_UNTIL = -7, 45


@dataclass(slots=True)
class Round:
    """Who and what the made-up round is of."""

    facility: Facility
    lines: Sequence[Instrument]
    office: User
    at: datetime
    scientist: User
    reviewers: Sequence[User]
    proposers: Sequence[User]
    panel: Panel = field(init=False)
    desks: dict[int, Any] = field(default_factory=dict)

    def when(self, days: float) -> datetime:
        return self.at + timedelta(days=days)

    def by(self, user: User, days: float) -> dict[str, Any]:
        """Keywords of an action that somebody did that many days from now."""
        if user.pk not in self.desks:
            self.desks[user.pk] = facts.desk_of(user)
        return {"desk": self.desks[user.pk], "by": Actor(user, COMMAND.way), "at": self.when(days)}


@transaction.atomic
def load_synthetic_round(
    facility: Facility, office: User, manager: User, researcher: User, domain: str, *, at: datetime
) -> int:
    """Give the facility's office a round at work, once; says how many proposals were made.

    None are where the office has worked already or the facility has fewer than two beamlines by proposal. Every call,
    title, text and person is made up and says so, but for the demo's own sign-ins: ``manager`` chairs the panel and is
    scientist of the first beamline, ``researcher`` has a draft. Nobody is mailed.
    """
    Facility.objects.select_for_update(of=("self",)).get(pk=facility.pk)
    lines = list(queries.beamlines_of(facility)[:LINES])
    worked = Call.objects.filter(facility=facility).exists() or facility.forms.exists()
    if len(lines) < 2 or worked:
        return 0
    it = Round(facility, lines, office, at, *_people(domain, at))
    _name_people(it)
    waiting = make_call(it, demo.WAITING, OPENED, CLOSED, first=30)
    made = _proposals(it, waiting)
    _judge(it, waiting, made)
    review(it, waiting)
    _decide(it, waiting)
    plan = scheduling.make_scenario(
        waiting.public_id, demo.PLAN, seconds=PLAN_SECONDS, queue=False, **it.by(office, DECIDED)
    )
    scheduling.solve(plan.public_id, at=it.when(DECIDED))
    begun = make_call(it, demo.OPEN, OPEN_SINCE, OPEN_UNTIL, first=120)
    asked = [*begun.form.questions, *demo.MORE_QUESTIONS]
    callforms.publish_form(begun.public_id, asked, **it.by(office, OPEN_SINCE))
    proposals.start_proposal(
        begun.public_id,
        proposals.ProposalDraft(
            demo.DRAFT_TITLE, abstract=demo.DRAFT_ABSTRACT, beamlines=[lines[0].public_id], requested=9, minimum=6
        ),
        **it.by(researcher, -1),
    )
    # named last: what was asked in the made-up past is no news for those who sign in
    people.set_member(it.panel.public_id, people.Member(manager.email, chair=True), **it.by(office, DECIDED))
    people.set_scientist(lines[0].public_id, manager.email, **it.by(office, DECIDED))
    changes = {"proposals": [None, len(made)], "synthetic": [None, True]}
    record(Act("round.made_up", facility.public_id, changes), by=COMMAND, at=at)
    return len(made)


def _people(domain: str, at: datetime) -> tuple[User, list[User], list[User]]:
    """The made-up people; none of them can sign in, none wants mails."""

    def one(key: str, name: str) -> User:
        user = make_user(
            f"{key}@{domain}", name=name, password=None, is_demo=True, by=COMMAND, at=at + timedelta(OPENED)
        )
        choose_mails(user, ())
        return user

    scientist = one("synthetic-scientist", "Synthetic Beamline Scientist")
    reviewers = [one(f"synthetic-reviewer{n}", f"Synthetic Reviewer {n}") for n in range(1, len(demo.SEVERITY) + 1)]
    proposers = [one(f"synthetic-proposer{n}", f"Synthetic Proposer {n}") for n in range(1, demo.PROPOSERS + 1)]
    return scientist, reviewers, proposers


def _name_people(it: Round) -> None:
    acting = it.by(it.office, OPENED)
    for line in it.lines:
        people.set_scientist(line.public_id, it.scientist.email, **acting)
    it.panel = people.make_panel(it.facility.public_id, *demo.PANEL, **acting)
    for number, user in enumerate(it.reviewers):
        words = demo.TOPICS[number % len(demo.TOPICS)]
        member = people.Member(user.email, max_load=2 * demo.PROPOSALS, expertise=f"Synthetic: {words.en}.")
        people.set_member(it.panel.public_id, member, **acting)


def make_call(it: Round, names: demo.CallWords, opens: int, closes: int, *, first: int, mode: str = "general") -> Call:
    """One announced call with two tracks and a pool; its beamtime begins ``first`` days after the load."""
    acting = it.by(it.office, opens - 1)
    begins = it.when(first).date()
    made = calls.make_call(
        calls.CallDraft(
            facility=it.facility.public_id,
            code=names.code,
            name_zh=names.zh,
            name_en=names.en,
            mode=mode,
            opens_at=it.when(opens),
            closes_at=it.when(closes),
            period_start=begins,
            period_end=begins + timedelta(days=DAYS - 1),
            beamlines=[one.public_id for one in it.lines],
            text_zh=demo.CALL_TEXT[0],
            text_en=demo.CALL_TEXT[1],
            reserve=Decimal("0.1"),
        ),
        synthetic=True,
        **acting,
    )
    for code, zh, en in demo.TRACKS:
        stages = (tracks.StageDraft("专家评审", "Peer review", criteria=tracks.FIRST_CRITERIA),)
        tracks.set_track(
            made.public_id, tracks.TrackDraft(code, zh, en, panel=it.panel.public_id, stages=stages), **acting
        )
    pools.set_pool(made.public_id, pools.PoolDraft(**demo.POOL), **acting)
    calls.set_call_stage(made.public_id, "announced", **acting)
    made.refresh_from_db()
    return made


def _proposals(it: Round, call: Call) -> list[Proposal]:
    """The made-up teams' proposals, submitted day after day while the call was open."""
    made_up = Organisation.objects.filter(kind="university", source__kind="synthetic")
    homes = list(made_up.order_by("pk")[: demo.PROPOSERS]) or [it.facility.operator]
    home_of = {user.pk: homes[number % len(homes)] for number, user in enumerate(it.proposers)}
    for user in it.proposers:
        give_role(home_of[user.pk], user, "member", by=COMMAND, at=it.when(OPENED))
    made = []
    for asked in demo.asked(len(it.lines)):
        user = it.proposers[asked.number % len(it.proposers)]
        day = OPENED + 1 + asked.number * (CLOSED - OPENED - 2) / demo.PROPOSALS
        draft = proposals.ProposalDraft(
            title=asked.title,
            abstract=asked.abstract,
            language=asked.language,
            track=asked.track,
            organisation=home_of[user.pk].public_id,
            beamlines=[it.lines[k].public_id for k in asked.lines],
            requested=asked.requested,
            minimum=asked.minimum,
            answers=dict(asked.answers),
            samples=[proposals.SampleDraft(asked.sample, ("none",))],
        )
        begun = proposals.start_proposal(call.public_id, draft, **it.by(user, day))
        proposals.submit_proposal(begun.public_id, **it.by(user, day + 0.5))
        made.append(begun)
    return made


def _judge(it: Round, call: Call, made: Sequence[Proposal]) -> None:
    """The scientist's verdicts; the last proposals wait for theirs."""
    checking.begin_checks(call.public_id, **it.by(it.office, CHECKED))
    for asked, one in zip(demo.asked(len(it.lines)), made, strict=True):
        for place, choice in enumerate(one.choices.select_related("instrument") if asked.verdict else ()):
            verdict = asked.verdict if place == 0 or asked.verdict == "infeasible" else "feasible"
            why = demo.CONDITIONS.get(verdict, "")
            checking.judge_feasibility(
                one.public_id, choice.instrument.public_id, verdict, why, **it.by(it.scientist, REVIEWED)
            )


def review(it: Round, call: Call) -> None:
    """Everybody on the panel reviews, each with her own severity; then all goes to the panel."""
    assigning.assign(call.public_id, **it.by(it.office, REVIEWED))
    severity = dict(zip([one.pk for one in it.reviewers], demo.SEVERITY, strict=True))
    given = Review.objects.filter(proposal__call=call, state="assigned")
    for review in given.select_related("proposal", "stage", "reviewer").order_by("proposal__code", "reviewer__email"):
        number = int(str(review.proposal.code).rpartition("-")[2]) - 1
        scores = {
            one["key"]: demo.score(number, place, severity[review.reviewer_id])
            for place, one in enumerate(review.stage.criteria)
        }
        reviewing.give_review(
            review.public_id, scores, demo.FOR_PANEL, demo.FOR_PROPOSER, **it.by(review.reviewer, GIVEN)
        )
    deciding.open_panel(call.public_id, **it.by(it.office, MET))


def _decide(it: Round, call: Call) -> None:
    """The panel has talked of some and decided a few; the rest waits."""
    ranked = [one.proposal.public_id for one in ranking_of(call, it.by(it.office, MET)["desk"]).rows]
    for place, public_id in enumerate(ranked[: demo.DISCUSSED]):
        speaker = it.reviewers[place % len(it.reviewers)]
        discussing.add_remark(public_id, demo.REMARKS[place % len(demo.REMARKS)], **it.by(speaker, MET))
        discussing.add_remark(public_id, demo.ANSWERS[place % len(demo.ANSWERS)], **it.by(it.office, MET))
    for rank, public_id in enumerate(ranked[: demo.DECIDED], 1):
        judgement = deciding.Judgement("recommend", rank, demo.REASON)
        deciding.decide(public_id, judgement, **it.by(it.office, DECIDED))
    for public_id in ranked[-demo.DECLINED :]:
        deciding.decide(public_id, deciding.Judgement("decline", None, demo.REASON), **it.by(it.office, DECIDED))
