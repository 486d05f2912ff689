"""What the pages and the API share: whoever asks, and how a refusal becomes a form's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _, pgettext

from headwater.accounts import words
from headwater.accounts.audit import Actor
from headwater.booking.queries import zone_of
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry.models import Facility, Instrument
from headwater.useroffice import facts, queries, rounds, rules, wording
from headwater.useroffice.block_wording import NEXT_WITHIN
from headwater.useroffice.callform.wording import label_of
from headwater.useroffice.models import Award, Call, FormVersion, Pool, Proposal, Remark, ScheduleVersion

T = TypeVar("T")


def acting(request: HttpRequest, desk: rules.Desk) -> dict[str, Any]:
    """Keywords of an action: at which desk, by whom, when."""
    return {"desk": desk, "by": Actor(request.user, "page"), "at": timezone.now()}  # type: ignore[arg-type]


def attempt(form: Any, work: Callable[[], T]) -> T | None:
    """Do it, or tell the form what stands in the way."""
    try:
        return work()
    except Refused as refused:
        form.refuse(refused.decision)
        return None


def missing(code: str) -> Refused:
    return Refused(Decision((Reason(code),)))


def seen_call(public_id: str, desk: rules.Desk) -> Call:
    """The call, where she may see it."""
    call = queries.visible_calls(desk).select_related("facility", "form").filter(public_id=public_id).first()
    if call is None:
        raise missing("call.not_found")
    return call


def office_call(public_id: str, desk: rules.Desk) -> Call:
    """The call, for its office alone."""
    call = seen_call(public_id, desk)
    permit(rules.may_manage_calls(call.facility_id, desk))
    return call


def office_of(public_id: str, desk: rules.Desk) -> Facility:
    """The facility, for its office alone."""
    facility = Facility.objects.filter(public_id=public_id).first()
    if facility is None:
        raise missing("facility.not_found")
    permit(rules.may_manage_calls(facility.pk, desk))
    return facility


def seen_proposal(public_id: str, desk: rules.Desk, *, at: datetime) -> tuple[Proposal, rules.ProposalFacts]:
    """The proposal and its facts, where she may read it."""
    proposal = queries.with_all(Proposal.objects.filter(public_id=public_id)).first()
    if proposal is None:
        raise missing("proposal.not_found")
    about = facts.proposal_facts(proposal, desk, at=at)
    permit(rules.may_see_proposal(about, desk))
    return proposal, about


def facility_zone(facility: Facility) -> Any:
    """The clocks of the facility: those of its first beamline's city."""
    line: Instrument | None = queries.beamlines_of(facility).select_related("city__jurisdiction").first()
    from zoneinfo import ZoneInfo

    return zone_of(line) if line is not None else ZoneInfo("UTC")


def pools_with_use(call: Call) -> list[tuple[Pool, int, float | None]]:
    """Each pool of a call with the shifts its published schedule grants it, and their part of those it counts among."""
    pools = list(queries.pools_of(call))
    awards = list(queries.awards_of(queries.published(call)).select_related("proposal__organisation__city"))
    region = rounds.home_jurisdictions() if pools and awards else frozenset()
    counted = [(one, rounds.tags_of(one.proposal, region, call, pools)) for one in awards]
    found = []
    for pool in pools:
        lines = {one.pk for one in pool.beamlines.all()}
        here = [(one.shifts, tags) for one, tags in counted if not lines or one.instrument_id in lines]
        granted, total = sum(n for n, tags in here if pool.code in tags), sum(n for n, _tags in here)
        found.append((pool, granted, granted / total if total else None))
    return found


def remarks_named(
    proposal: Proposal, about: rules.ProposalFacts, desk: rules.Desk
) -> list[tuple[object, bool, Remark]]:
    """Who said what, and whether that was the reader: by name, or by number where names are hidden."""
    named = rules.may_see_reviewers(about, desk).allowed()
    numbers: dict[int, int] = {}
    found: list[tuple[object, bool, Remark]] = []
    for one in queries.remarks_of(proposal):
        number = numbers.setdefault(one.by_id, len(numbers) + 1)
        mine = one.by_id == desk.user_id
        who = str(one.by) if named or mine else _("Member %(number)s") % {"number": number}
        found.append((who, mine, one))
    return found


def fields_in_words(fields: Iterable[str], techniques: Iterable[Any]) -> str:
    """A member's fields by their names; what is no technique of the facility's as it was written."""
    named = {one.code: one.name for one in techniques}
    return pgettext("between items of a list", ", ").join(named.get(field, field) for field in fields)


def conflicts_in_words(kinds: Iterable[str]) -> str:
    """Why somebody may not judge a proposal; nothing where she may."""
    return pgettext("between items of a list", ", ").join(str(wording.CONFLICTS[kind]) for kind in kinds)


def told_of_draft(decision: Decision, form: FormVersion) -> list[tuple[str, str]]:
    """What the call's rules say of a draft: the question it is about, or nothing, and the sentence."""
    labels = {f"q_{one['key']}": label_of(one) for one in form.questions}
    return [(labels.get(str(one.facts.get("field", "")), ""), words.sentence(one)) for one in decision.reasons]


def awards_shown(call: Call, version: ScheduleVersion | None, desk: rules.Desk) -> list[tuple[Award, str]]:
    """The published schedule with each proposal's number; it stays empty for others until its team was told."""
    office = desk.office(call.facility_id)
    rows = queries.awards_of(version)
    return [(one, one.proposal.number if office or one.proposal.told_state == "scheduled" else "") for one in rows]


def shown_state(proposal: Proposal) -> object:
    """The state in the proposer's words."""
    return wording.PUBLIC_STATES[rules.public_state(proposal.state, proposal.told_state)]


def next_words(proposal: Proposal) -> object:
    """What comes next, for the proposers."""
    state = rules.public_state(proposal.state, proposal.told_state)
    if proposal.call.mode == "within":
        own: Mapping[str, object] = NEXT_WITHIN
    else:
        own = wording.NEXT_DIRECT if proposal.call.mode in rules.WITHOUT_REVIEW else {}
    return own.get(state, wording.NEXT[state])


def beside_words(code: str) -> object:
    """What differs between counting and publishing a figure."""
    return wording.BESIDE[code]


def figure_words(code: str) -> tuple[object, object]:
    """A figure's name and unit."""
    return wording.FIGURES[code]
