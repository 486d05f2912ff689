"""Capability profiles by program."""

from __future__ import annotations

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money, MoneyError
from headwater.partnering import queries
from headwater.partnering.actions import profiles as actions
from headwater.partnering.api.challenges import who
from headwater.partnering.api.shapes import ProfileOut, ProfilePage, Strict, profile_out
from headwater.partnering.drafts import PersonDraft, ProfileDraft, WorkDraft
from headwater.partnering.models import Profile
from headwater.registry.api.pages import Cursor, page, viewer_for
from headwater.registry.api.shapes import PROBLEMS

router = Router(tags=["partnering"])


class ProfileQuery(Cursor):
    q: str = Field("", max_length=100, description="A word of the group's or organisation's name.")
    organisation: str = Field("", max_length=40)
    technique: str = Field("", max_length=80)


class PersonIn(Strict):
    name: str = Field(max_length=300)
    orcid: str = Field("", max_length=19)
    leads: bool = False


class WorkIn(Strict):
    kind: Literal["paper", "patent", "project", "product", "standard"]
    title: str = Field(max_length=500)
    text: str = Field("", max_length=20_000)
    year: int | None = None
    identifier: str = Field("", max_length=200)
    partner: str = Field("", max_length=300)


class ProfileIn(Strict):
    """A group's profile; all of it is written anew."""

    organisation: str = Field(max_length=300)
    name_zh: str = Field("", max_length=300)
    name_en: str = Field("", max_length=300)
    city: str = Field("", max_length=60)
    local_id: str = Field("", max_length=100)
    summary_zh: str = Field("", max_length=20_000)
    summary_en: str = Field("", max_length=20_000)
    sectors: list[str] = Field([], max_length=30)
    techniques: dict[str, int] = Field({}, description="Technique's code to level, 1 to 5.")
    instruments: list[str] = Field([], max_length=500)
    people: list[PersonIn] = Field([], max_length=500)
    works: list[WorkIn] = Field([], max_length=2000)
    load: float = 0.0
    price: str = Field("0", max_length=30)
    currency: str = Field("CNY", max_length=3)
    tells: bool = True
    active: bool = True

    def draft(self) -> ProfileDraft:
        try:
            price = Money.parse(self.price, self.currency).minor
        except MoneyError as error:
            raise Refused(Decision((Reason("profile.price_wrong"),))) from error
        names = (
            *("organisation", "name_zh", "name_en", "city", "local_id", "summary_zh", "summary_en", "load", "currency"),
            *("tells", "active"),
        )
        return ProfileDraft(
            **{name: getattr(self, name) for name in names}, sectors=tuple(self.sectors),
            techniques=tuple(self.techniques.items()), instruments=tuple(self.instruments), price_minor=price,
            people=tuple(PersonDraft(one.name, one.orcid, one.leads) for one in self.people),
            works=tuple(
                WorkDraft(one.kind, one.title, one.text, one.year, one.identifier, one.partner) for one in self.works
            ),
        )  # fmt: skip


class ProfileChange(ProfileIn):
    version: int | None = Field(None, description="The version you read; a newer one refuses yours.")


def _one(public_id: str) -> Profile:
    found = queries.profiles().filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": public_id}),)))
    return found


@router.get("/capabilities", response={200: ProfilePage, **PROBLEMS}, summary="List capability profiles")
def list_profiles(request: HttpRequest, wanted: Query[ProfileQuery]) -> Any:  # noqa: ARG001
    return page(queries.profiles_found(wanted.q, wanted.organisation, wanted.technique), wanted, profile_out)


@router.get("/capabilities/{public_id}", response={200: ProfileOut, **PROBLEMS}, summary="Read a profile")
def get_profile(request: HttpRequest, public_id: str) -> Any:
    found = _one(public_id)
    if not found.active and found.organisation_id not in viewer_for(request).memberships:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": public_id}),)))
    return profile_out(found)


@router.post("/capabilities", response={201: ProfileOut, **PROBLEMS}, summary="Add a group's profile")
def add_profile(request: HttpRequest, body: ProfileIn) -> Any:
    made = actions.add_profile(body.draft(), **who(request))
    return Status(201, profile_out(_one(made.public_id)))


@router.put("/capabilities/{public_id}", response={200: ProfileOut, **PROBLEMS}, summary="Write a profile anew")
def put_profile(request: HttpRequest, public_id: str, body: ProfileChange) -> Any:
    actions.change_profile(public_id, body.draft(), expected_version=body.version, **who(request))
    return profile_out(_one(public_id))
