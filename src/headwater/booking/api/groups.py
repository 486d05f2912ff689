"""Groups that share a limit, and what is left of limits, by program."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema, Status
from pydantic import Field

from headwater.accounts.api import caller
from headwater.booking import queries
from headwater.booking.actions.groups import (
    add_members,
    dissolve_group,
    found_group,
    found_owner,
    make_group,
    remove_member,
    rename_group,
)
from headwater.booking.actions.reserving import found_instrument
from headwater.booking.api.shapes import PROBLEMS, Body, Instant, Named, PublicId
from headwater.booking.facts import asker_of, limits_left
from headwater.booking.models import Group
from headwater.booking.policies import in_force
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api.pages import viewer_for
from headwater.registry.rules import Viewer

router = Router(tags=["booking"])


class LimitOut(Schema):
    """One limit of a week, in minutes; `owner` where it counts together over that organisation's instruments."""

    who: str = Field(description="`person`, `organisation` or `group`.")
    when: str = Field(description="`week`, `peak` or `off_peak`.")
    week: str
    until: str = Field(description="The day from which the next week counts.")
    most: int
    have: int
    left: int
    group: str | None
    owner: str | None


class WeekOf(Schema):
    at: Instant | None = Field(None, description="In which week; this one where it is left out.")


@router.get(
    "/instruments/{public_id}/limits", response={200: list[LimitOut], **PROBLEMS}, summary="Read what is left to you"
)
def get_limits(request: HttpRequest, public_id: PublicId, wanted: Query[WeekOf]) -> Any:
    """The limits you fall under on an instrument in one week, and what counts against them; none of anybody else's."""
    viewer, now = viewer_for(request), timezone.now()
    if not viewer.signed_in:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    instrument = found_instrument(public_id, viewer)
    found = limits_left(instrument, in_force(instrument, now), viewer, wanted.at or now, at=now)
    return [
        {
            "who": one.who,
            "when": one.when,
            "week": one.monday,
            "until": one.until,
            "most": one.most,
            "have": one.have,
            "left": one.left,
            "group": one.whose or None,
            "owner": one.owner or None,
        }
        for one in found
    ]


class GroupIn(Body):
    code: str = Field(min_length=1, max_length=40)
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)


class NamesIn(Body):
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)


class GroupOut(Schema):
    """A group that shares a limit on an owner's instruments."""

    id: str
    code: str
    name_zh: str
    name_en: str
    owner: Named


class MemberOut(Schema):
    """Somebody in a group; her address is told to the owner's managers alone."""

    name: str
    email: str | None


class WholeGroupOut(GroupOut):
    members: list[MemberOut]


def _out(row: Group) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "code": row.code,
        "name_zh": row.name_zh,
        "name_en": row.name_en,
        "owner": {"id": row.owner.public_id, "name": row.owner.name},
    }


def _whole(row: Group, viewer: Viewer) -> dict[str, Any]:
    manages = asker_of(viewer, row.owner_id).manages
    members = queries.members_in(row.pk)
    return _out(row) | {
        "members": [{"name": str(one.user), "email": one.user.email if manages else None} for one in members]
    }


@router.get("/groups", response={200: list[GroupOut], **PROBLEMS}, summary="List the groups you are in")
def my_groups(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if viewer.user_id is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return [_out(one) for one in queries.my_groups(viewer.user_id)]


@router.get(
    "/organisations/{public_id}/groups", response={200: list[GroupOut], **PROBLEMS}, summary="List an owner's groups"
)
def list_groups(request: HttpRequest, public_id: PublicId) -> Any:
    """For the managers of its instruments."""
    return [_out(one) for one in queries.groups_of(found_owner(public_id, viewer_for(request)).pk)]


@router.post("/organisations/{public_id}/groups", response={201: GroupOut, **PROBLEMS}, summary="Make a group")
def post_group(request: HttpRequest, public_id: PublicId, body: GroupIn) -> Any:
    names = body.name_zh, body.name_en
    made = make_group(public_id, body.code, names, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(201, _out(made))


@router.get("/groups/{public_id}", response={200: WholeGroupOut, **PROBLEMS}, summary="Read a group")
def get_group(request: HttpRequest, public_id: PublicId) -> Any:
    """For its members and the managers of the owner's instruments."""
    viewer = viewer_for(request)
    return _whole(found_group(public_id, viewer), viewer)


@router.patch("/groups/{public_id}", response={200: GroupOut, **PROBLEMS}, summary="Rename a group")
def patch_group(request: HttpRequest, public_id: PublicId, body: NamesIn) -> Any:
    names = body.name_zh, body.name_en
    return _out(rename_group(public_id, names, viewer_for(request), by=caller(request), at=timezone.now()))


@router.delete("/groups/{public_id}", response={204: None, **PROBLEMS}, summary="Dissolve a group")
def delete_group(request: HttpRequest, public_id: PublicId) -> Any:
    dissolve_group(public_id, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)


class PeopleIn(Body):
    people: list[str] = Field(min_length=1, max_length=1000, description="E-mail addresses; all are added or none.")


@router.post("/groups/{public_id}/members", response={200: WholeGroupOut, **PROBLEMS}, summary="Add people to a group")
def post_members(request: HttpRequest, public_id: PublicId, body: PeopleIn) -> Any:
    viewer = viewer_for(request)
    add_members(public_id, body.people, viewer, by=caller(request), at=timezone.now())
    return _whole(found_group(public_id, viewer), viewer)


class PersonIn(Body):
    person: str = Field(max_length=254, description="An e-mail address.")


@router.post(
    "/groups/{public_id}/members/remove", response={204: None, **PROBLEMS}, summary="Take somebody out of a group"
)
def post_remove_member(request: HttpRequest, public_id: PublicId, body: PersonIn) -> Any:
    remove_member(public_id, body.person, viewer_for(request), by=caller(request), at=timezone.now())
    return Status(204, None)
