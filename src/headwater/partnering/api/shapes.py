"""What goes out and comes in: the shapes of partnering in JSON."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from headwater.core.money import Money
from headwater.partnering.drafts import ChallengeDraft, PartDraft, TargetDraft, WantedDraft
from headwater.partnering.models import Partnership, Profile
from headwater.partnering.reading import Reading
from headwater.registry.api.shapes import Named, RecordOut, named, record_out

LevelWord = Literal["public", "registered", "agreement"]


class Strict(Schema):
    model_config = ConfigDict(extra="forbid")


class PartIn(Strict):
    level: LevelWord = "registered"
    zh: str = Field("", max_length=20_000)
    en: str = Field("", max_length=20_000)


class TargetIn(Strict):
    name: str = Field(max_length=200)
    value: str = Field(max_length=60)
    unit: str = Field("", max_length=40)
    test: str = Field("", max_length=500)
    comparison: Literal["ge", "le", "eq"] = "ge"


class WantedIn(Strict):
    technique: str = Field(max_length=80)
    level: int = Field(3, ge=1, le=5)
    must: bool = True


class ChallengeIn(Strict):
    """A challenge; `parts` are problem, present, targets, tried, constraints, wanted, money, rights, place, company."""

    title_zh: str = Field("", max_length=300)
    title_en: str = Field("", max_length=300)
    parts: dict[str, PartIn] = {}
    targets: list[TargetIn] = Field([], max_length=20)
    wanted: list[WantedIn] = Field([], max_length=12)
    budget: str | None = Field(None, description="In major units, exact.", max_length=30)
    currency: str = Field("CNY", max_length=3)
    willing_to_pay: bool = False
    form: Literal["contract", "joint", "licence", "test", "talent"] = "contract"
    months: int | None = None
    city: str = Field("", max_length=60)
    reach_min: int | None = None
    max_members: int | None = None
    min_jurisdictions: int = 1
    lead_company: bool = False
    note: str = Field("", max_length=500)

    def draft(self) -> ChallengeDraft:
        return ChallengeDraft(
            title_zh=self.title_zh, title_en=self.title_en,
            parts={name: PartDraft(part.level, part.zh, part.en) for name, part in self.parts.items()},
            targets=tuple(TargetDraft(one.name, one.value, one.unit, one.test, one.comparison) for one in self.targets),
            wanted=tuple(WantedDraft(one.technique, one.level, one.must) for one in self.wanted),
            budget_minor=None if self.budget is None else Money.parse(self.budget, self.currency).minor,
            currency=self.currency, willing_to_pay=self.willing_to_pay, form=self.form, months=self.months,
            city=self.city, reach_min=self.reach_min, max_members=self.max_members,
            min_jurisdictions=self.min_jurisdictions, lead_company=self.lead_company, note=self.note,
        )  # fmt: skip


class NewChallenge(ChallengeIn):
    organisation: str = Field(description="The company's id.", max_length=40)


class NewVersion(ChallengeIn):
    version: int | None = Field(None, description="The number of the version you read; a newer one refuses yours.")


class PartOut(Schema):
    name: str
    level: str
    readable: bool
    text_zh: str
    text_en: str


class ChallengeRow(Schema):
    id: str
    name: str
    name_zh: str
    name_en: str
    state: str
    company: Named | None = Field(description="Null where it is not shown to you.")
    published: datetime | None
    synthetic: bool


class ChallengeOut(ChallengeRow):
    """A challenge as far as you may read it; what you may not is null, and its part says which level it needs."""

    version: int | None
    agreed: bool | None
    parts: list[PartOut]
    targets: list[TargetIn] | None
    wanted: list[WantedIn] | None
    budget: str | None
    currency: str | None
    willing_to_pay: bool | None
    form: str | None
    months: int | None
    city: str | None
    reach_min: int | None
    closes: datetime | None
    race_teams: int | None
    files: list[dict[str, Any]]


class ChallengePage(Schema):
    items: list[ChallengeRow]
    next: str | None
    total: int
    total_is_least: bool


def challenge_row(reading: Reading) -> dict[str, Any]:
    one = reading.challenge
    return {
        "id": one.public_id,
        "name": one.name,
        "name_zh": one.name_zh,
        "name_en": one.name_en,
        "state": one.state,
        "company": named(reading.company) if reading.company else None,
        "published": one.published_at,
        "synthetic": one.synthetic,
    }


def challenge_out(reading: Reading) -> dict[str, Any]:
    version, call = reading.version, getattr(reading.challenge, "call", None)
    money = version is not None and reading.shows_money
    place = version is not None and reading.shows_place
    assert version is not None
    return challenge_row(reading) | {
        "version": version.number,
        "agreed": version.agreed_at is not None if reading.whole else None,
        "parts": [
            {
                "name": one.name,
                "level": one.level,
                "readable": one.readable,
                "text_zh": one.text_zh,
                "text_en": one.text_en,
            }
            for one in reading.parts
        ],
        "targets": [
            {name: getattr(one, name) for name in ("name", "value", "unit", "test", "comparison")}
            for one in version.targets.all()
        ]
        if reading.shows_targets
        else None,
        "wanted": [
            {"technique": one.technique.code, "level": one.level, "must": one.must}
            for one in version.requirements.all()
        ]
        if reading.shows_wanted
        else None,
        "budget": str(Money(version.currency, version.budget_minor).major) if money and version.budget_minor else None,
        "currency": version.currency if money else None,
        "willing_to_pay": version.willing_to_pay if money else None,
        "form": version.form if money else None,
        "months": version.months if money else None,
        "city": version.city.code if place and version.city else None,
        "reach_min": version.reach_min if place else None,
        "closes": call.closes_at if call else None,
        "race_teams": call.race_teams if call else None,
        "files": [
            {"id": one.public_id, "name": one.name, "size": one.size, "level": one.level} for one in reading.attachments
        ],
    }


class ProfileOut(RecordOut):
    organisation: Named
    city: str
    summary_zh: str
    summary_en: str
    sectors: list[str]
    techniques: list[dict[str, Any]]
    load: float
    price: str
    currency: str
    active: bool
    version: int


class ProfilePage(Schema):
    items: list[ProfileOut]
    next: str | None
    total: int
    total_is_least: bool


def profile_out(one: Profile) -> dict[str, Any]:
    return {
        **record_out(one),
        "organisation": named(one.organisation),
        "city": one.city.code,
        **{
            name: getattr(one, name)
            for name in ("summary_zh", "summary_en", "sectors", "load", "currency", "active", "version")
        },
        "techniques": [{"technique": link.technique.code, "level": link.level} for link in one.technique_links.all()],
        "price": str(Money(one.currency, one.price_minor).major),
    }


class PartnershipOut(RecordOut):
    kind: str
    state: str
    field: str
    agreed_on: date | None
    starts: date | None
    ends: date | None
    members: list[dict[str, Any]]


class PartnershipPage(Schema):
    items: list[PartnershipOut]
    next: str | None
    total: int
    total_is_least: bool


def partnership_out(one: Partnership, *, inside: bool = False) -> dict[str, Any]:
    """A partnership; whoever is only invited is named to those inside alone."""
    return {
        **record_out(one),
        **{name: getattr(one, name) for name in ("kind", "state", "field", "agreed_on", "starts", "ends")},
        "members": [
            {
                **named(member.organisation),
                "role": member.role,
                "standing": member.standing,
                "jurisdiction": member.organisation.city.jurisdiction.code,
                "profile": member.profile.public_id if member.profile else None,
            }
            for member in one.members.all()
            if inside or member.standing == "confirmed"
        ],
    }
