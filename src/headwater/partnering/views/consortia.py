"""Consortia and joint centres: the list, one with all it has, founding, and its steps."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts.queries import trail_of
from headwater.core.decision import Decision, Reason, Refused
from headwater.partnering import queries
from headwater.partnering.actions import consortia as actions, joining
from headwater.partnering.drafts import MemberDraft, PartnershipDraft
from headwater.partnering.facts import milestone_facts, partnership_facts, seen_challenge
from headwater.partnering.forms import MilestoneForm, ResultForm
from headwater.partnering.models import Partnership, PartnershipKind, PartnershipMember, PartnershipState
from headwater.partnering.reading import read_many
from headwater.partnering.rules.consortia import is_inside, may_confirm, may_decline, may_hand_in, may_judge, may_run
from headwater.partnering.rules.states import moves
from headwater.partnering.views.browse import _address, _key
from headwater.partnering.views.parts import acting, day, whole_number
from headwater.registry.facts import viewer_of
from headwater.registry.queries import cut
from headwater.registry.rules import Viewer

TRAIL_SHOWN = 50


def partnerships(request: HttpRequest) -> HttpResponse:
    """The list, by kind and state."""
    rows = queries.partnerships()
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    if kind in PartnershipKind.values:
        rows = rows.filter(kind=kind)
    if state in PartnershipState.values:
        rows = rows.filter(state=state)
    page = cut(rows, after=_key(request, "after"), before=_key(request, "before"))
    viewer = viewer_of(request.user)
    return render(
        request,
        "partnering/partnerships.html",
        {
            "page": page,
            "address": _address(request),
            "kinds": PartnershipKind.choices,
            "kind": kind,
            "may_add": viewer.signed_in,
        },
    )


def _milestones(partnership: Partnership, viewer: Viewer) -> list[dict[str, Any]]:
    facts = partnership_facts(partnership)
    rows = []
    for one in partnership.milestones.all():
        own = milestone_facts(one, facts, "-")
        rows.append(
            {
                "milestone": one,
                "payment": getattr(one, "payment", None),
                "may_hand_in": may_hand_in(own, viewer).allowed(),
                "may_judge": may_judge(own, "accept", viewer).allowed(),
                "may_drop": may_run(facts, viewer).allowed() and "drop" in moves("milestone", one.state),
            }
        )
    return rows


@never_cache
def partnership(request: HttpRequest, public_id: str) -> HttpResponse:
    """One consortium or joint centre. Everybody reads who and what for; members and brokers read the inside."""
    found = queries.partnership_with_all(public_id)
    if found is None:
        raise Http404
    viewer = viewer_of(request.user)
    facts = partnership_facts(found)
    inside = is_inside(facts, viewer)
    members = [one for one in found.members.all() if inside or one.organisation_id not in facts.invited_ids]
    seen = queries.visible_challenges(viewer).filter(pk__in=found.challenges.values("pk"))
    context: dict[str, Any] = {
        "partnership": found,
        "members": [
            (
                one,
                may_confirm(one.organisation_id, "-", facts, viewer).allowed(),
                may_decline(one.organisation_id, facts, viewer).allowed(),
            )
            for one in members
        ],
        # Beside the members a challenge would name its company: it stands here for whoever may read who asks.
        "challenges": [one.challenge for one in read_many(list(seen.order_by("pk")), viewer) if one.company],
        "inside": inside,
        "may_run": may_run(facts, viewer).allowed(),
        "moves": moves("partnership", found.state) if may_run(facts, viewer).allowed() else (),
        "own_members": [one.organisation for one in members if one.organisation_id in viewer.memberships],
    }
    if inside:
        year = timezone.now().year
        sides = [one.organisation for one in members]
        names = {one.pk: one for one in sides}
        context |= {
            "milestones": _milestones(found, viewer),
            "money": [(names[key], *rest) for key, *rest in queries.money_of(found) if key in names],
            "shared": [
                (one, sum(use.hours for use in one.uses.all() if use.on.year == year))
                for one in found.instruments.all()
            ],
            "year": year,
            "milestone_form": MilestoneForm(members=sides),
            "result_form": ResultForm(),
            "trail": trail_of(found.public_id)[:TRAIL_SHOWN],
        }
    return render(request, "partnering/partnership.html", context)


@login_required
@never_cache
def new_partnership(request: HttpRequest) -> HttpResponse:
    """Found one: from a challenge's chosen team, from a team that was sought, or freely.

    Members come in the address or the form as ``organisation`` or ``organisation:profile``, one a line, the lead first.
    """
    viewer = viewer_of(request.user)
    given = request.POST if request.method == "POST" else request.GET
    challenge_id = given.get("challenge", "")
    challenge = seen_challenge(challenge_id, viewer)[0] if challenge_id else None
    values = {
        name: given.get(name, "")
        for name in (
            "kind",
            "name_zh",
            "name_en",
            "field_zh",
            "field_en",
            "agreement",
            "agreed_on",
            "starts",
            "ends",
            "road_map",
        )
    }
    values["members"] = given.get("members", "")
    refused = None
    if request.method == "POST":
        try:
            made = actions.found(_draft(values, challenge_id), **acting(request))
        except Refused as error:
            refused = error.decision
        else:
            messages.success(
                request, _("The partnership is founded. Its members are told; those who have yet to agree are invited.")
            )
            return redirect("partnership", made.public_id)
    context = {
        "values": values,
        "challenge": challenge,
        "kinds": PartnershipKind.choices,
        "refused": refused,
    }
    return render(request, "partnering/partnership_form.html", context, status=422 if refused else 200)


def _draft(values: dict[str, str], challenge_id: str) -> PartnershipDraft:
    members = []
    for at, line in enumerate(filter(None, map(str.strip, values["members"].splitlines()))):
        organisation, _colon, profile = line.partition(":")
        role = "lead" if at == 0 else PartnershipMember.Role.MEMBER
        members.append(MemberDraft(organisation.strip(), role, profile.strip()))
    dates = {name: day(values[name], name) if values[name] else None for name in ("agreed_on", "starts", "ends")}
    return PartnershipDraft(
        kind=values["kind"], members=tuple(members), challenge=challenge_id, agreement=values["agreement"],
        road_map=values["road_map"], **dates,
        **{name: values[name] for name in ("name_zh", "name_en", "field_zh", "field_en")},
    )  # fmt: skip


@login_required
@require_POST
def act(request: HttpRequest, public_id: str) -> HttpResponse:
    """One step of a partnership."""
    who, given = acting(request), request.POST
    milestone = given.get("milestone", "")
    match given.get("do", ""):
        case "confirm":
            joining.confirm(public_id, given.get("organisation", ""), given.get("document", ""), **who)
        case "decline":
            joining.decline(public_id, given.get("organisation", ""), **who)
        case "sign":
            actions.sign(public_id, given.get("agreement", ""), day(given.get("on", ""), "agreed_on"), **who)
        case "road_map":
            actions.plan_road(public_id, given.get("road_map", ""), **who)
        case "renew":
            actions.renew(public_id, day(given.get("ends", ""), "ends"), **who)
        case "end":
            actions.end(public_id, given.get("reason", ""), **who)
        case "share":
            hours = whole_number(given.get("hours", ""), "hours")
            actions.share(public_id, given.get("instrument", "").strip(), hours, **who)
        case "use":
            hours, on = whole_number(given.get("hours", ""), "hours"), day(given.get("on", ""), "on")
            actions.use_shared(public_id, given.get("instrument", ""), given.get("organisation", ""), on, hours, **who)
        case "milestone":
            found = queries.partnership_with_all(public_id)
            form = MilestoneForm(given, members=[one.organisation for one in found.members.all()] if found else [])
            if not form.is_valid():
                raise Refused(Decision((Reason("milestone.test_missing"),)))
            actions.add_milestone(public_id, form.draft(), **who)
        case "hand_in":
            actions.hand_in(milestone, given.get("report", ""), **who)
        case "accept" | "send_back" as move:
            actions.judge(milestone, move, given.get("judgement", ""), **who)
        case "drop":
            actions.drop(milestone, **who)
        case "result":
            year = whole_number(given.get("year", ""), "year")
            actions.add_result(
                public_id, given.get("kind", ""), given.get("title", ""), year, given.get("identifier", ""), **who
            )
        case _:
            raise Refused(Decision((Reason("record.not_found"),)))
    messages.success(request, _("Done."))
    return redirect("partnership", public_id)
