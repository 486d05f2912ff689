"""Puts partnering's records into the test's database, by the actions that people use."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.factories import AT, make_city, make_member, make_organisation, make_technique, make_user, number

from headwater.accounts.audit import Actor
from headwater.accounts.models import Grant, Role, User
from headwater.partnering.actions import challenges, matching, profiles
from headwater.partnering.drafts import (
    CallDraft,
    ChallengeDraft,
    PartDraft,
    ProfileDraft,
    ProposalDraft,
    TargetDraft,
    WantedDraft,
)
from headwater.partnering.models import Challenge, Profile, Proposal
from headwater.registry.facts import viewer_of
from headwater.registry.models import Organisation, Technique

LATER = AT + timedelta(days=30)


def acts(user: User) -> dict[str, Any]:
    """Who looks and who acts, for an action."""
    return {"viewer": viewer_of(user), "by": Actor(user, "page")}


def make_broker(**more: Any) -> User:
    user = make_user(**more)
    Grant.objects.create(user=user, role=Role.BROKER)
    return user


def make_company(**more: Any) -> tuple[Organisation, User]:
    """A company and its administrator."""
    company = make_organisation(kind="company", **more)
    user = make_user()
    make_member(user, company, "administrator")
    return company, user


def make_lab(
    *techniques: Technique, level: int = 4, organisation: Organisation | None = None, **more: Any
) -> tuple[Profile, User]:
    """A group that masters the techniques, and its organisation's manager."""
    organisation = organisation or make_organisation(**({"city": more.pop("city")} if "city" in more else {}))
    user = make_user()
    make_member(user, organisation, "manager")
    draft = ProfileDraft(
        organisation=organisation.public_id,
        **{
            "name_en": f"Group {number()}",
            "summary_en": "Measures and explains.",
            "techniques": tuple((one.code, level) for one in techniques),
            "price_minor": 10_000_000,
            **more,
        },
    )
    return profiles.add_profile(draft, at=AT, **acts(user)), user


def draft_of(*techniques: Technique, **more: Any) -> ChallengeDraft:
    """A whole draft: every part has a text of its own, at public, registered and agreement level in turn."""
    levels = ("public", "registered", "agreement")
    names = ("problem", "present", "tried", "constraints", "rights")
    parts = {name: PartDraft(levels[at % 3], "", f"{name} text") for at, name in enumerate(names)}
    parts |= {"targets": PartDraft("registered"), "wanted": PartDraft("public"), "money": PartDraft("registered")}
    parts |= {"place": PartDraft("public"), "company": PartDraft("registered")}
    given: dict[str, Any] = {
        "title_en": "Cracks in welded seams",
        "parts": parts,
        "targets": (TargetDraft("crack length", "0.1", "mm", "ISO 17639, three samples", "le"),),
        "wanted": tuple(WantedDraft(one.code, 3) for one in techniques),
        "budget_minor": 80_000_000,
        "willing_to_pay": True,
        "months": 12,
    } | more
    given["parts"] = parts | dict(more.get("parts", {}))
    return ChallengeDraft(**given)


def make_challenge(
    company: Organisation, user: User, *techniques: Technique, broker: User | None = None, state: str = "published",
    call: CallDraft | None = None, draft: ChallengeDraft | None = None,
) -> Challenge:  # fmt: skip
    """A challenge on its way up to ``state``: draft, submitted, ready, published."""
    made = challenges.add_challenge(company.public_id, draft or draft_of(*techniques), at=AT, **acts(user))
    if state == "draft":
        return made
    challenges.submit(made.public_id, at=AT, **acts(user))
    if state != "submitted":
        broker = broker or make_broker()
        challenges.triage(made.public_id, "ready", ("clear",), "", at=AT, **acts(broker))
        if state == "published":
            challenges.publish(made.public_id, call or CallDraft(), at=AT, **acts(broker))
    return Challenge.objects.select_related("organisation__city", "current").get(pk=made.pk)


def make_proposal(
    challenge: Challenge, profile: Profile, user: User, *, hand_in: bool = True, at: Any = AT, **more: Any
) -> Proposal:
    draft = ProposalDraft(
        **{
            "lead": profile.public_id,
            "title": f"Proposal of {profile.name_en}",
            "price_minor": 50_000_000,
            "months": 10,
            "plan": "First measure, then mend.",
            **more,
        }
    )
    if hand_in and not challenge.agreements.filter(organisation=profile.organisation, state="in_force").exists():
        challenge.agreements.update_or_create(
            organisation=profile.organisation,
            defaults={"state": "in_force", "asked_by": user, "asked_at": AT},
        )
    return matching.propose(challenge.public_id, draft, hand_in=hand_in, at=at, **acts(user))


__all__ = ["AT", "LATER", "make_city", "make_technique"]
