"""Who judges a proposal, for its office: scientists and panel, with what stands between each and the proposal."""

from __future__ import annotations

from dataclasses import dataclass

from headwater.accounts.models import User
from headwater.registry.models import Instrument
from headwater.useroffice import facts, queries
from headwater.useroffice.models import Call, Feasibility, Proposal, Review, State
from headwater.useroffice.rules.access import LIVE


@dataclass(frozen=True, slots=True)
class Checker:
    """A scientist of a beamline that the proposal asks for; ``verdict`` is the beamline's, whoever gave it."""

    user: User
    line: Instrument
    conflicts: tuple[str, ...]
    verdict: Feasibility | None


@dataclass(frozen=True, slots=True)
class Judge:
    """A member of the track's panel; ``load`` of at most ``most`` reviews in this call."""

    user: User
    chair: bool
    conflicts: tuple[str, ...]
    review: Review | None
    load: int
    most: int
    may_be_asked: bool


def checkers_of(proposal: Proposal) -> list[Checker]:
    """The scientists of the proposal's beamlines, the preferred first; a fixed number of queries."""
    lines = [one.instrument for one in proposal.choices.all()]
    places = queries.scientists_of(lines)
    bound = facts.conflicts_between([proposal], [user.pk for _line, user in places])
    verdicts = {one.instrument_id: one for one in proposal.feasibilities.exclude(verdict="")}
    return [
        Checker(user, line, bound.get((proposal.pk, user.pk), ()), verdicts.get(line.pk))
        for line in lines
        for held, user in places
        if held == line.pk
    ]


def judges_of(proposal: Proposal) -> list[Judge]:
    """The panel's members, those who are asked first; a fixed number of queries."""
    members = queries.members_of(proposal.track.panel_id)
    bound = facts.conflicts_between([proposal], [one.user_id for one in members])
    reviews = {one.reviewer_id: one for one in proposal.reviews.select_related("delegated_to").order_by("pk")}
    loads = queries.loads_of(proposal.call)
    open_ = proposal.state in (State.FEASIBILITY, State.REVIEW)
    found = []
    for one in members:
        review, conflicts = reviews.get(one.user_id), bound.get((proposal.pk, one.user_id), ())
        load = loads.get(one.user_id, 0)
        free = open_ and not conflicts and load < one.max_load and (review is None or review.state not in LIVE)
        found.append(Judge(one.user, one.chair, conflicts, review, load, one.max_load, free))
    return sorted(found, key=lambda one: (one.review is None, bool(one.conflicts)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A beamline where proposals of a call wait for a verdict, and who may give it."""

    line: Instrument
    number: int
    scientists: tuple[User, ...]


def waiting_for_verdict(call: Call) -> list[Waiting]:
    """The beamlines that have not said yet whether a call's proposals can be done; two queries."""
    rows = list(queries.verdicts_missing(call))
    lines: dict[int, Instrument] = {one.instrument_id: one.instrument for one in rows}
    places = queries.scientists_of(lines.values()) if lines else []
    return [
        Waiting(
            line,
            sum(one.instrument_id == key for one in rows),
            tuple(user for held, user in places if held == key),
        )
        for key, line in sorted(lines.items(), key=lambda item: item[1].name)
    ]
