"""What comes in from forms, programs and files, before it is looked at: plain values and codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class PartDraft:
    level: str = "public"
    zh: str = ""
    en: str = ""


@dataclass(frozen=True, slots=True)
class TargetDraft:
    name: str
    value: str
    unit: str = ""
    test: str = ""
    comparison: str = "ge"


@dataclass(frozen=True, slots=True)
class WantedDraft:
    technique: str
    level: int = 3
    must: bool = True


@dataclass(frozen=True, slots=True)
class ChallengeDraft:
    """A challenge as written; codes and public ids for what it names."""

    title_zh: str = ""
    title_en: str = ""
    parts: Mapping[str, PartDraft] = field(default_factory=dict)
    targets: tuple[TargetDraft, ...] = ()
    wanted: tuple[WantedDraft, ...] = ()
    budget_minor: int | None = None
    currency: str = "CNY"
    willing_to_pay: bool = False
    form: str = "contract"
    months: int | None = None
    city: str = ""
    reach_min: int | None = None
    max_members: int | None = None
    min_jurisdictions: int = 1
    lead_company: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class CallDraft:
    closes_at: datetime | None = None
    sealed: bool = True
    race_teams: int = 1
    gate: str = ""
    gate_on: date | None = None


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    lead: str
    title: str
    price_minor: int
    months: int
    plan: str = ""
    evidence: str = ""
    promised: str = ""
    currency: str = "CNY"
    members: tuple[tuple[str, str], ...] = ()  # profile, task


@dataclass(frozen=True, slots=True)
class PersonDraft:
    name: str
    orcid: str = ""
    leads: bool = False


@dataclass(frozen=True, slots=True)
class WorkDraft:
    kind: str
    title: str
    text: str = ""
    year: int | None = None
    identifier: str = ""
    partner: str = ""


@dataclass(frozen=True, slots=True)
class ProfileDraft:
    organisation: str
    name_zh: str = ""
    name_en: str = ""
    city: str = ""
    local_id: str = ""
    summary_zh: str = ""
    summary_en: str = ""
    sectors: tuple[str, ...] = ()
    techniques: tuple[tuple[str, int], ...] = ()
    instruments: tuple[str, ...] = ()
    people: tuple[PersonDraft, ...] = ()
    works: tuple[WorkDraft, ...] = ()
    load: float = 0.0
    price_minor: int = 0
    currency: str = "CNY"
    tells: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class MemberDraft:
    organisation: str
    role: str = "member"
    profile: str = ""
    task: str = ""


@dataclass(frozen=True, slots=True)
class PartnershipDraft:
    kind: str
    name_zh: str = ""
    name_en: str = ""
    field_zh: str = ""
    field_en: str = ""
    members: tuple[MemberDraft, ...] = ()
    challenge: str = ""
    agreement: str = ""
    agreed_on: date | None = None
    starts: date | None = None
    ends: date | None = None
    road_map: str = ""


@dataclass(frozen=True, slots=True)
class MilestoneDraft:
    title: str
    due: date
    test: str
    amount_minor: int = 0
    currency: str = "CNY"
    payer: str = ""
    payee: str = ""
