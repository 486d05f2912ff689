"""The demo's sign-ins: one for each kind of user, marked as demo and refused in production."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.accounts import actions
from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Role
from headwater.booking.actions.demo import load_synthetic_calendars
from headwater.registry.actions.people import give_role
from headwater.registry.models import Facility, Organisation
from headwater.support.actions.demo import fund_demo
from headwater.useroffice.actions.demo import load_synthetic_round
from headwater.useroffice.actions.demoblock import load_synthetic_block

PASSWORD = "demo-headwater"
DOMAIN = "demo.headwater.example"


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Who signs in, and what she is here."""

    role: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class _Plan:
    key: str
    name: str
    title: object
    language: str
    kind: str = ""
    role: str = ""
    platform: Role | None = None


PLANS = (
    _Plan("researcher", "Demo Researcher", _("researcher"), "en", "university", "member"),
    _Plan("company", "Demo Company", _("engineer of a small company"), "zh-hans", "company", "administrator"),
    _Plan("manager", "Demo Manager", _("instrument manager"), "zh-hans", "university", "manager"),
    _Plan("office", "Demo User Office", _("user office"), "en", "", "", Role.USER_OFFICE),
    _Plan("officer", "Demo Officer", _("jurisdiction's officer"), "zh-hans", "", "", Role.JURISDICTION_OFFICER),
    _Plan("broker", "Demo Broker", _("technology broker"), "zh-hans", "", "", Role.BROKER),
    _Plan("analyst", "Demo Analyst", _("analyst"), "en", "", "", Role.ANALYST),
    _Plan("administrator", "Demo Administrator", _("operator of the node"), "en", "", "", Role.OPERATOR),
)


def _organisation(kind: str) -> Organisation | None:
    """The record's first of a kind; a company from another jurisdiction than the university's, where there is one."""
    rows = Organisation.objects.filter(kind=kind).select_related("city__jurisdiction").order_by("pk")
    university = Organisation.objects.filter(kind="university").select_related("city").order_by("pk").first()
    if kind == "company" and university is not None:
        return rows.exclude(city__jurisdiction_id=university.city.jurisdiction_id).first() or rows.first()
    return rows.first()


@transaction.atomic
def ensure() -> list[DemoPerson]:
    """Make the sign-ins that are missing; the organisations and the facility are the record's first that fit."""
    now = timezone.now()
    found = []
    for plan in PLANS:
        email = f"{plan.key}@{DOMAIN}"
        user = actions.demo_user(email)
        if user is None:
            user = actions.make_user(
                email, name=plan.name, password=PASSWORD, language=plan.language, is_demo=True, by=SYSTEM, at=now
            )
        if plan.kind:
            organisation = _organisation(plan.kind)
            if organisation is not None:
                give_role(organisation, user, plan.role, by=SYSTEM, at=now)
        if plan.platform:
            facility = Facility.objects.filter(status="operating").order_by("pk").first()
            scope = facility.public_id if plan.platform is Role.USER_OFFICE and facility else ""
            company = _organisation("company")
            if plan.platform is Role.JURISDICTION_OFFICER:
                if company is None:
                    continue
                scope = company.city.jurisdiction.public_id  # where the demo company's vouchers come from
            actions.grant(user, plan.platform, scope=scope, by=SYSTEM, at=now)
        found.append(DemoPerson(str(plan.title), email, PASSWORD))
    fund_demo(at=now)
    load_synthetic_calendars(_organisation("university"), DOMAIN, by=SYSTEM, at=now)
    facility = Facility.objects.filter(status="operating").order_by("pk").first()
    cast = [actions.demo_user(f"{key}@{DOMAIN}") for key in ("office", "manager", "researcher")]
    if facility is not None and all(cast):
        load_synthetic_round(facility, *cast, DOMAIN, at=now)
        load_synthetic_block(facility, cast[0], cast[2], DOMAIN, at=now)
    return found
