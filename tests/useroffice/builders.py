"""Puts a user office into the test's database: a facility with beamlines, an office, scientists, a panel and a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.factories import make_facility, make_instrument, make_member, make_organisation, make_technique, make_user

from headwater.accounts import actions as accounts
from headwater.accounts.audit import SYSTEM, Actor
from headwater.accounts.models import Role, User
from headwater.registry.facts import viewer_of
from headwater.registry.models import Facility, Instrument, Membership, Organisation
from headwater.useroffice import facts
from headwater.useroffice.actions import (
    assigning,
    calls,
    checking,
    deciding,
    people,
    proposals,
    publishing,
    reviewing,
    scheduling,
)
from headwater.useroffice.models import Call, Panel, Proposal, Review, ScheduleVersion

NOW = datetime(2025, 3, 1, 8, tzinfo=UTC)
CLOSES = NOW + timedelta(days=30)
AFTER = CLOSES + timedelta(hours=1)


def desk(user: User) -> Any:
    return facts.desk_of(user)


def by(user: User) -> dict[str, Any]:
    """Keywords of an action done by somebody now."""
    return {"desk": desk(user), "by": Actor(user, "page")}


@dataclass
class Office:
    """A facility's user office and its people."""

    facility: Facility
    lines: list[Instrument]
    officer: User
    scientist: User
    panel: Panel
    members: list[User]
    call: Call
    home: Organisation = field(default_factory=make_organisation)
    others: dict[str, Any] = field(default_factory=dict)

    def proposer(self, **more: Any) -> User:
        """Somebody of an organisation of her own."""
        user = make_user(**more)
        make_member(user, make_organisation(city=self.home.city), "member")
        return user

    def draft(self, **more: Any) -> proposals.ProposalDraft:
        given: dict[str, Any] = {
            "title": "Strain in thin films",
            "abstract": "We follow the strain while the film grows.",
            "organisation": self.home.public_id,
            "beamlines": [self.lines[0].public_id],
            "requested": 9,
            "minimum": 6,
            "answers": {"aim": "To know.", "method": "Three maps.", "equipment": "no"},
            "samples": [proposals.SampleDraft("film", ("none",))],
        } | more
        return proposals.ProposalDraft(**given)

    def begun(self, user: User | None = None, at: datetime = NOW, **more: Any) -> Proposal:
        user = user or self.proposer()
        draft = self.draft(**more)
        home = Organisation.objects.get(public_id=draft.organisation)
        known = Membership.objects.filter(person__user=user, organisation=home).exists()
        joined = None if known else make_member(user, home, "member")
        made = proposals.start_proposal(self.call.public_id, draft, at=at, **by(user))
        if joined is not None:  # what stands in the draft stays; whose colleague she is, each test says itself
            joined.delete()
        return made

    def submitted(self, user: User | None = None, at: datetime = NOW, **more: Any) -> Proposal:
        user = user or self.proposer()
        made = self.begun(user, at, **more)
        proposals.submit_proposal(made.public_id, at=at, **by(user))
        made.refresh_from_db()
        return made

    def checked(self, *made: Proposal, verdict: str = "feasible") -> None:
        """Through feasibility."""
        checking.begin_checks(self.call.public_id, at=AFTER, **by(self.officer))
        for one in made:
            for choice in one.choices.all():
                checking.judge_feasibility(
                    one.public_id, choice.instrument.public_id, verdict, "", at=AFTER, **by(self.scientist)
                )

    def reviewed(self, scores: dict[str, int] | None = None) -> None:
        """Assign by the engine, and give every review; ``scores`` by proposal id, else 3."""
        assigning.assign(self.call.public_id, at=AFTER, **by(self.officer))
        for review in Review.objects.filter(proposal__call=self.call, state="assigned").select_related("reviewer"):
            score = (scores or {}).get(review.proposal.public_id, 3)
            given = {one["key"]: score for one in review.stage.criteria}
            reviewing.give_review(review.public_id, given, "Sound.", "Thank you.", at=AFTER, **by(review.reviewer))
        deciding.open_panel(self.call.public_id, at=AFTER, **by(self.officer))

    def decided(self, *made: Proposal, kind: str = "recommend") -> None:
        for rank, one in enumerate(made, 1):
            judgement = deciding.Judgement(kind, rank, "Strong case.")
            deciding.decide(one.public_id, judgement, at=AFTER, **by(self.officer))

    def planned(self, at: datetime = AFTER, **more: Any) -> Any:
        made = scheduling.make_scenario(
            self.call.public_id, "Plan", seconds=10.0, queue=False, at=at, **more, **by(self.officer)
        )
        return scheduling.solve(made.public_id, at=at)

    def published(self, at: datetime = AFTER, **more: Any) -> ScheduleVersion:
        scenario = self.planned(at, **more)
        assert scenario.state == "solved", scenario.state
        return publishing.publish(
            scenario.public_id, "", desk(self.officer), viewer_of(self.officer), by=Actor(self.officer, "page"), at=at
        )


def make_office(*, mode: str = "general", lines: int = 2, members: int = 5, days: int = 28, **more: Any) -> Office:
    """An office with an announced call."""
    facility = make_facility()
    technique = make_technique()
    beamlines = [
        make_instrument(
            owner=facility.operator,
            facility=facility,
            access="proposal",
            techniques=(technique,),
            name_en=f"BL{k + 1:02d} Test line",
        )
        for k in range(lines)
    ]
    officer = make_user(name="Olive Office")
    accounts.grant(officer, Role.USER_OFFICE, scope=facility.public_id, by=SYSTEM, at=NOW)
    scientist = make_user(name="Bea Line")
    reviewers = [make_user(name=f"Rea Viewer {k}") for k in range(members)]
    acting = {"at": NOW, **by(officer)}
    for one in beamlines:
        people.set_scientist(one.public_id, scientist.email, **acting)
    panel = people.make_panel(facility.public_id, "评审组", "Panel", **acting)
    for user in reviewers:
        people.set_member(panel.public_id, people.Member(user.email, fields=(technique.code,)), **acting)
    call = calls.make_call(
        calls.CallDraft(
            facility=facility.public_id,
            code="2025A",
            name_zh="2025年第一轮",
            name_en="Round 2025A",
            mode=mode,
            opens_at=NOW - timedelta(days=1),
            closes_at=CLOSES,
            period_start=date(2025, 6, 2),
            period_end=date(2025, 6, 2) + timedelta(days=days - 1),
            beamlines=[one.public_id for one in beamlines],
            **more,
        ),
        **acting,
    )
    calls.set_call_stage(call.public_id, "announced", **acting)
    call.refresh_from_db()
    return Office(facility, beamlines, officer, scientist, panel, reviewers, call)
