"""Words of terms and money that conditions, forms and reports share."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    """What an order is for; schemes count some and exclude others."""

    DEVELOPMENT = "development", _("new product, technology or process")
    RESEARCH = "research", _("research")
    TEACHING = "teaching", _("teaching")
    COMMERCIAL_ACCEPTANCE = "commercial_acceptance", _("commercial acceptance test")
    PHOTOGRAPHY = "photography", _("commercial photography")
    MEDICAL = "medical", _("medical service")
    TELECOM = "telecom", _("telecom billing")
    STATUTORY = "statutory", _("statutory certification")
    ENFORCEMENT = "enforcement", _("enforcement test")
    OTHER = "other", _("other")


class Sector(models.TextChoices):
    """Sectors that schemes favour."""

    INTEGRATED_CIRCUITS = "integrated_circuits", _("integrated circuits")
    BIOMEDICINE = "biomedicine", _("biomedicine")
    ARTIFICIAL_INTELLIGENCE = "artificial_intelligence", _("artificial intelligence")
    NEW_MATERIALS = "new_materials", _("new materials")
    NEW_ENERGY = "new_energy", _("new energy")
    EQUIPMENT = "equipment", _("high-end equipment")
    AEROSPACE = "aerospace", _("aerospace")
    ENVIRONMENT = "environment", _("environment")
    AGRICULTURE = "agriculture_food", _("agriculture and food")
    SOFTWARE = "software", _("software")


class DocumentKind(models.TextChoices):
    CONTRACT = "contract", _("contract")
    INVOICE = "invoice", _("invoice")
    REPORT = "report", _("service report")
    PAYMENT_PROOF = "payment_proof", _("proof of payment")
    OTHER = "other", _("other paper")


class Unit(models.TextChoices):
    """What a rate is for."""

    HOUR = "hour", _("an hour")
    SHIFT = "shift", _("a shift")
    SAMPLE = "sample", _("a sample")
    SERVICE = "service", _("a service")
    SETUP = "setup", _("a set-up")
    MINIMUM = "minimum", _("up to the minimum")


class UserKind(models.TextChoices):
    ANY = "any", _("anybody")
    INTERNAL = "internal", _("the owner's own people")
    ACADEMIC = "academic", _("universities, institutes, hospitals")
    COMPANY = "company", _("companies")
    OTHER = "other", _("others")


class Reach(models.TextChoices):
    INSIDE = "inside", _("user and instrument in the same province")
    CROSS_BORDER = "cross_border", _("across a provincial border")
    BOTH = "both", _("both")


class Delivery(models.TextChoices):
    VOUCHER = "voucher", _("voucher: lowers what the user pays")
    REFUND = "refund", _("refund: comes back after the user paid")
    REWARD = "reward", _("reward: goes to the provider on top")


class Payer(models.TextChoices):
    USER_HOME = "user_home", _("the user's home")
    PROVIDER_HOME = "provider_home", _("the provider's home")
    SCHEME_HOME = "scheme_home", _("the jurisdiction of the scheme")


FACT_LABELS: dict[str, object] = {
    "user.jurisdiction": _("the seat of your organisation"),
    "user.city": _("the city of your organisation"),
    "user.zones": _("the zone of your organisation"),
    "user.kind": _("the kind of your organisation"),
    "user.size": _("the size of your organisation"),
    "user.age_years": _("the age of your organisation in years"),
    "user.sectors": _("the sector of your organisation"),
    "user.high_tech": _("your high-tech status"),
    "user.organisation": _("your organisation"),
    "provider.jurisdiction": _("the place of the instrument"),
    "provider.city": _("the city of the instrument"),
    "provider.zones": _("the zone of the instrument"),
    "provider.kind": _("the kind of the provider"),
    "provider.organisation": _("the provider"),
    "instrument.value": _("the value of the instrument"),
    "order.amount": _("the price of the order"),
    "order.access": _("the way of access"),
    "order.techniques": _("the technique"),
    "order.classes": _("the class of the instrument"),
    "order.purpose": _("the purpose of the order"),
    "order.cross_border": _("whether the order crosses a border"),
    "order.related": _("whether user and provider belong together"),
    "order.day": _("the day"),
}

LIMITS: dict[str, object] = {
    "order": _("the most for one order"),
    "user_year": _("the most for one user in a year"),
    "provider_year": _("the most for one provider in a year"),
    "voucher": _("what is left of the voucher"),
    "budget": _("what is left of the budget"),
    "share": _("the share"),
}

ACCOUNT_EVENTS: dict[str, object] = {
    "budget": _("budget changed"),
    "voucher": _("voucher issued"),
    "voucher_lapse": _("voucher lapsed"),
    "reserve": _("reserved for an order"),
    "release": _("order cancelled"),
    "late_cancel": _("late cancellation"),
    "usage": _("usage charged"),
    "adjustment": _("charge adjusted"),
    "claim_paid": _("claim paid"),
    "claim_refused": _("claim refused or lapsed"),
    "settlement": _("settled between jurisdictions"),
    "invoice_paid": _("invoice paid"),
    "payment": _("once-only payment"),
}
