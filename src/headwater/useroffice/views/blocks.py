"""A block that laboratories share: for its leader, its members, the scientists and the office."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.decision import permit
from headwater.registry.facts import viewer_of
from headwater.useroffice import blocks, edges, rules, wording
from headwater.useroffice.actions import blocks as actions, parts
from headwater.useroffice.forms import blocks as forms
from headwater.useroffice.forms.shared import ReasonForm, own_language
from headwater.useroffice.models import Block, BlockMember, Proposal
from headwater.useroffice.rules.blocks import ACCEPTED
from headwater.useroffice.views.shared import desk_for, form_page

ENTRIES_SHOWN = 100


@login_required
def block(request: HttpRequest, public_id: str) -> HttpResponse:
    """What the block holds, its shares, its sub-projects as far as the reader may see them, and its history."""
    at, desk = timezone.now(), desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=at)
    mine = about.members.get(desk.user_id or 0, frozenset())
    leads = rules.may_lead_block(about, desk).allowed()
    rows = blocks.part_rows(held, about, desk)
    context = {
        "group": held,
        "zone": edges.facility_zone(held.call.facility),
        "members": list(blocks.members_of(held)),
        "mine": mine,
        "leads": leads,
        "office": desk.office(about.facility_id),
        "over": about.over,
        "parts": [(one, _hazards(one), _state(one, desk), _place(one)) for one in rows],
        "totals": blocks.totals_of(held),
        "outputs": list(blocks.outputs_of(held)),
        "entries": list(blocks.entries_of(held)[:ENTRIES_SHOWN]),
        "lines": list(held.call.beamlines.order_by("name_en", "pk")),
        "sees_group": desk.office(about.facility_id) or desk.user_id in about.team,
    }
    return render(request, "useroffice/block.html", context)


def _hazards(row: blocks.PartRow) -> list[tuple[object, list[object]]]:
    return [(one, [wording.HAZARDS[each] for each in one.hazards if each in wording.HAZARDS]) for one in row.samples]


def _state(row: blocks.PartRow, desk: rules.Desk) -> object:
    """The state in the proposers' words for all but those who judge or run it: they read the office's."""
    proposal = row.part.proposal
    hosts = row.link and all(one.user_id != desk.user_id for one in proposal.team.all())
    return proposal.get_state_display() if hosts else edges.shown_state(proposal)


def _place(row: blocks.PartRow) -> tuple[Any, object, str] | None:
    """Where it is in the calendar, with times of the facility's clocks."""
    part = row.part
    if part.instrument is None or part.starts_at is None or row.part.proposal.told_state == "":
        return None
    where = _("beamtime of its own") if part.own else _("in the group's beamtime")
    return part.instrument, where, f"{part.starts_at.astimezone(blocks.zone_of(part.instrument)):%Y-%m-%d %H:%M}"


def _members(about: rules.BlockFacts, held: Block, desk: rules.Desk) -> tuple[list[BlockMember], list[BlockMember]]:
    """The members whose shifts she may move, and all."""
    everyone = list(blocks.members_of(held))
    if rules.may_lead_block(about, desk).allowed():
        return everyone, everyone
    mine = about.members.get(desk.user_id or 0, frozenset())
    return [one for one in everyone if one.pk in mine], everyone


def _done(
    request: HttpRequest,
    held: Block,
    form: Any,
    work: Callable[[], object],
    *,
    title: object,
    submit: object,
    said: str,
) -> HttpResponse:
    """A form of the block: done, or shown with what stands in the way."""
    if request.method == "POST" and form.is_valid() and edges.attempt(form, work):
        messages.success(request, said)
        return redirect("block", held.public_id)
    back = reverse("block", args=[held.public_id])
    return form_page(request, form, title=title, back=back, back_title=held.proposal.title, submit=submit)


@login_required
def open_block(request: HttpRequest, public_id: str) -> HttpResponse:
    """The office gives an accepted group its block."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    first = {"shifts": actions.granted_to(held), "first_day": held.call.period_start}
    form = forms.BlockForm(request.POST or None, initial=first | {"last_day": held.call.period_end})
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        made = edges.attempt(form, lambda: actions.open_block(public_id, form.draft(), **acting))
        if made is not None:
            messages.success(request, _("The block is open. Name its members and divide it."))
            return redirect("block", made.public_id)
    back = reverse("proposal", args=[public_id])
    return form_page(
        request, form, title=_("Open the group's block"), back=back, back_title=held.title, submit=_("Open")
    )


@login_required
def change_block(request: HttpRequest, public_id: str) -> HttpResponse:
    """The office changes a block's shifts and life."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    permit(rules.may_manage_calls(about.facility_id, desk))
    form = forms.ChangeBlockForm(request.POST or None, initial=forms.initial_of_block(held))
    acting = edges.acting(request, desk)
    return _done(
        request,
        held,
        form,
        lambda: actions.change_block(public_id, form.draft(), form.cleaned_data["reason"], **acting),
        title=_("Change the block"),
        submit=_("Save"),
        said=_("The block is changed."),
    )


@login_required
def member(request: HttpRequest, public_id: str) -> HttpResponse:
    """Name a member, or change the one of ``?member=``."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    permit(rules.may_lead_block(about, desk))
    key = request.GET.get("member", "")
    one = blocks.members_of(held).filter(pk=int(key)).first() if key.isdigit() and len(key) < 18 else None
    first = {"name": one.name, "organisation": one.organisation.public_id, "email": one.user.email} if one else {}
    form = forms.BlockMemberForm(request.POST or None, initial=first)
    acting = edges.acting(request, desk)
    return _done(
        request,
        held,
        form,
        lambda: actions.name_member(public_id, **form.cleaned_data, member=one.pk if one else None, **acting),
        title=_("Change the member") if one else _("Name a member"),
        submit=_("Save"),
        said=_("The member is named."),
    )


@login_required
def divide(request: HttpRequest, public_id: str) -> HttpResponse:
    """Divide the block into its members' shares."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    permit(rules.may_lead_block(about, desk))
    form = forms.DivideForm(request.POST or None, members=list(blocks.members_of(held)))
    acting = edges.acting(request, desk)
    return _done(
        request,
        held,
        form,
        lambda: actions.divide(public_id, form.shares(), form.cleaned_data["reason"], **acting),
        title=_("Divide the block: %(shifts)s shifts") % {"shifts": held.shifts},
        submit=_("Divide"),
        said=_("The shares are changed, and their members told."),
    )


@login_required
def pass_on(request: HttpRequest, public_id: str) -> HttpResponse:
    """Pass unused shifts to another member."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    givers, everyone = _members(about, held, desk)
    form = forms.PassForm(request.POST or None, givers=givers, takers=everyone)
    acting = edges.acting(request, desk)

    def work() -> object:
        given = form.cleaned_data
        more = (given["giver"], given["taker"], given["shifts"], given["reason"])
        return actions.pass_on(public_id, *more, **acting)

    more = {"title": _("Pass shifts on"), "submit": _("Pass on"), "said": _("The shifts are passed on.")}
    return _done(request, held, form, work, **more)


@login_required
def give_back(request: HttpRequest, public_id: str) -> HttpResponse:
    """Return unused shifts to the facility."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    givers, everyone = _members(about, held, desk)
    leads = len(givers) == len(everyone) and rules.may_lead_block(about, desk).allowed()
    form = forms.ReturnForm(request.POST or None, givers=givers, undivided=held.undivided if leads else None)
    acting = edges.acting(request, desk)

    def work() -> object:
        given = form.cleaned_data
        return actions.give_back(public_id, given["member"], given["shifts"], given["reason"], **acting)

    more = {"title": _("Return unused shifts"), "submit": _("Return"), "said": _("The shifts are returned.")}
    return _done(request, held, form, work, **more)


# Sub-projects ---------------------------------------------------------------------------------------------------
@login_required
def new_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Begin a sub-project on a share that she answers for."""
    desk = desk_for(request)
    held, about = blocks.seen_block(public_id, desk, at=timezone.now())
    mine = [one for one in blocks.members_of(held) if one.pk in about.members.get(desk.user_id or 0, frozenset())]
    permit(rules.may_begin_part(about, desk, member_id=mine[0].pk if mine else -1))
    lines = list(held.call.beamlines.order_by("name_en", "pk"))
    first = {"language": own_language(), "beamlines": [lines[0].public_id] if len(lines) == 1 else []}
    form = forms.PartForm(request.POST or None, lines=lines, members=mine, initial=first)
    if request.method == "POST" and form.is_valid():
        acting, key = edges.acting(request, desk), form.cleaned_data["member"]
        made = edges.attempt(form, lambda: parts.begin_part(public_id, key, form.draft(), **acting))
        if made is not None:
            messages.success(request, _("The draft is kept. Invite its team, and submit it."))
            return redirect("proposal", made.public_id)
    back = reverse("block", args=[public_id])
    return _draft_page(request, form, _("Ask for shifts"), back, held.proposal.title)


def _draft_page(request: HttpRequest, form: forms.PartForm, title: str, back: str, back_title: str) -> HttpResponse:
    context = {"form": form, "title": title, "back": back, "back_title": back_title}
    return render(request, "useroffice/part_form.html", context, status=422 if form.errors else 200)


def _part_page(request: HttpRequest, form: object, held: Proposal, title: object, submit: object) -> HttpResponse:
    back = reverse("proposal", args=[held.public_id])
    return form_page(request, form, title=title, back=back, back_title=held.title, submit=submit)


@login_required
def edit_part(request: HttpRequest, public_id: str) -> HttpResponse:
    """Change a sub-project's draft."""
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    permit(rules.may_change_proposal(about, desk))
    part = parts.part_of(held)
    lines = list(held.call.beamlines.order_by("name_en", "pk"))
    form = forms.PartForm(request.POST or None, lines=lines, initial=forms.initial_of_part(part))
    if request.method == "POST" and form.is_valid():
        acting = edges.acting(request, desk)
        if edges.attempt(form, lambda: parts.change_part(public_id, form.draft(), **acting)):
            messages.success(request, _("The draft is kept."))
            return redirect("proposal", public_id)
    back = reverse("proposal", args=[public_id])
    return _draft_page(request, form, _("Edit the sub-project"), back, held.title)


def _hosted(request: HttpRequest, public_id: str) -> tuple[Proposal, rules.Desk]:
    desk = desk_for(request)
    held, about = edges.seen_proposal(public_id, desk, at=timezone.now())
    parts.part_of(held)
    permit(rules.may_visit(about, desk, contact=False))
    return held, desk


@login_required
def place(request: HttpRequest, public_id: str) -> HttpResponse:
    """Give a sub-project its days."""
    held, desk = _hosted(request, public_id)
    lines = [one.instrument for one in held.choices.all()]
    part = parts.part_of(held)
    first: dict[str, Any] = {"day": part.wished[0][0] if part.wished else held.call.period_start}
    if part.starts_at is not None and part.instrument is not None:
        first = {"day": held.visit.start, "own": "yes" if part.own else "no", "beamline": part.instrument.public_id}
    form = forms.PlaceForm(request.POST or None, lines=lines, initial=first)
    if request.method == "POST" and form.is_valid():
        acting, viewer = edges.acting(request, desk), viewer_of(request.user)
        if edges.attempt(form, lambda: parts.place_part(public_id, form.place(), viewer=viewer, **acting)):
            messages.success(request, _("It has its days, and its people are told."))
            return redirect("proposal", public_id)
    return _part_page(request, form, held, _("Give it days"), _("Place"))


@login_required
def unplace(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a sub-project off its days."""
    held, desk = _hosted(request, public_id)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        acting, viewer = edges.acting(request, desk), viewer_of(request.user)
        reason = form.cleaned_data["reason"]
        if edges.attempt(form, lambda: parts.unplace_part(public_id, reason, viewer=viewer, **acting)):
            messages.success(request, _("It is off its days, and its people are told."))
            return redirect("proposal", public_id)
    return _part_page(request, form, held, _("Take it off its days"), _("Take off"))


def part_shown(held: Proposal, about: rules.ProposalFacts, desk: rules.Desk) -> dict[str, object]:
    """What a proposal's page adds for a sub-project: its block, its wished days, its place, and what hosts may do."""
    part = parts.part_of(held)
    member_ = part.member
    block_ = Block.objects.select_related("proposal").get(pk=member_.block_id)
    hosts = rules.may_visit(about, desk, contact=False).allowed()
    told = desk.user_id not in about.team or held.told_state == "scheduled"
    return {
        "part": part,
        "member": member_,
        "group": block_,
        "place": _place(blocks.PartRow(part, "whole", "", (), True)) if told else None,
        "may_place": hosts and held.state in ("recommended", "scheduled"),
        "may_unplace": hosts and held.state == "scheduled",
    }


def block_of(held: Proposal) -> dict[str, object]:
    """What the page of a group's proposal adds: its block, or that one may be opened."""
    block_ = getattr(held, "block", None)
    return {"group": block_, "may_open": block_ is None and held.state in ACCEPTED}
