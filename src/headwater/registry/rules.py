"""Who may see and change what, and what a sound instrument record is. Facts in, decisions out.

This is the one place that decides; `queries.visible_instruments` says the same in SQL, and a test holds both together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from headwater.core.decision import Decision, Reason, Weight

OPERATOR = "operator"
MANAGING = frozenset({"manager", "administrator"})
EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>]+")
WEB_PAGE = re.compile(r"https?://[^\s/?#]", re.IGNORECASE)
CURRENCY = re.compile(r"[A-Z]{3}")
COUNTRY = re.compile(r"[A-Z]{2}")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")  # lone surrogates have no UTF-8 form


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever looks or asks: nobody in particular, or a user with her roles.

    ``memberships`` maps an organisation's key to the role held there; ``may_write`` is off for a reading token.
    """

    user_id: int | None = None
    roles: frozenset[str] = frozenset()
    memberships: Mapping[int, str] = field(default_factory=dict)
    may_write: bool = True

    @property
    def signed_in(self) -> bool:
        return self.user_id is not None

    @property
    def operator(self) -> bool:
        return OPERATOR in self.roles

    def manages(self, organisation_id: int) -> bool:
        return self.memberships.get(organisation_id) in MANAGING

    @property
    def managed(self) -> tuple[int, ...]:
        """The organisations whose instruments she manages."""
        return tuple(key for key, role in self.memberships.items() if role in MANAGING)


ANYBODY = Viewer()


@dataclass(frozen=True, slots=True)
class InstrumentFacts:
    """What the rules look at in a stored instrument."""

    owner_id: int
    visibility: str
    version: int


def may_see_instrument(facts: InstrumentFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may see the record. A hidden one is refused as if it were not there."""
    seen = (
        facts.visibility == "public"
        or viewer.operator
        or facts.owner_id in viewer.memberships
        or (facts.visibility == "registered" and viewer.signed_in)
    )
    return Decision() if seen else Decision((Reason("instrument.not_found"),))


def may_see_contact(viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may see an instrument's contact: names and numbers of people are for signed-in users."""
    return Decision() if viewer.signed_in else Decision((Reason("sign_in.needed"),))


def _may_write(viewer: Viewer) -> list[Reason]:
    if not viewer.signed_in:
        return [Reason("sign_in.needed")]
    if not viewer.may_write:
        return [Reason("token.scope_missing", facts={"scope": "write"})]
    return []


def may_manage(owner_id: int, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may add or change instruments of the organisation ``owner_id``."""
    found = _may_write(viewer)
    if viewer.signed_in and not viewer.operator and not viewer.manages(owner_id):
        found.append(Reason("organisation.not_yours"))
    return Decision(tuple(found))


def may_change_instrument(facts: InstrumentFacts, viewer: Viewer, *, expected_version: int | None) -> Decision:
    """Say whether ``viewer`` may change the record that she read as ``expected_version``."""
    hidden = may_see_instrument(facts, viewer)
    if not hidden.allowed():
        return hidden
    decision = may_manage(facts.owner_id, viewer)
    if expected_version is not None and expected_version != facts.version:
        decision += Decision(
            (Reason("instrument.changed_meanwhile", facts={"yours": expected_version, "now": facts.version}),)
        )
    return decision


def may_see_trail(owner_id: int, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may read who changed what: the owner's managers and the operator may."""
    if viewer.operator or viewer.manages(owner_id):
        return Decision()
    return Decision((Reason("organisation.not_yours" if viewer.signed_in else "sign_in.needed"),))


@dataclass(frozen=True, slots=True)
class DraftFacts:
    """A draft beside what the record knows: each reference, found or not."""

    name_zh: str
    name_en: str
    owner: str
    owner_found: bool
    facility: str
    facility_found: bool
    facility_is_owners: bool
    city: str
    city_found: bool
    unknown_techniques: tuple[str, ...]
    class_code: str
    class_found: bool
    choices: Mapping[str, tuple[str, tuple[str, ...]]]
    lengths: Mapping[str, tuple[int, int]]
    control_in: tuple[str, ...]
    value_minor: int | None
    currency: str
    commissioned: date | None
    decommissioned: date | None
    lat: float | None
    lon: float | None
    contact_email: str
    manufacturer_country: str
    landing_page: str = ""
    local_id: str = ""
    local_id_taken: bool = False
    pid: str = ""
    pid_taken: bool = False


def is_sound(facts: DraftFacts) -> Decision:
    """Say whether a draft may be stored, with every reason against it; each names its field."""
    found: list[Reason] = []

    def refuse(code: str, about: str, **more: object) -> None:
        found.append(Reason(code, facts={"field": about, **more}))

    if not facts.name_zh and not facts.name_en:
        refuse("instrument.name_missing", "name_en")
    if not facts.owner_found:
        refuse("instrument.owner_unknown", "owner", value=facts.owner)
    if facts.facility and not facts.facility_found:
        refuse("instrument.facility_unknown", "facility", value=facts.facility)
    elif facts.facility and facts.owner_found and not facts.facility_is_owners:
        refuse("instrument.facility_not_owners", "facility", value=facts.facility)
    if not facts.city_found and (facts.city or facts.owner_found):  # an empty one is the owner's
        refuse("instrument.city_unknown", "city", value=facts.city)
    for technique in facts.unknown_techniques:
        refuse("instrument.technique_unknown", "techniques", value=technique)
    if facts.class_code and not facts.class_found:
        refuse("instrument.class_unknown", "class_code", value=facts.class_code)
    for about, (value, allowed) in facts.choices.items():
        if value not in allowed:
            refuse("instrument.choice_unknown", about, value=value, allowed=", ".join(allowed))
    for about, (have, most) in facts.lengths.items():
        if have > most:
            refuse("instrument.text_too_long", about, have=have, most=most)
    for about in facts.control_in:
        refuse("instrument.control_characters", about)
    found.extend(_figures(facts))
    if facts.local_id_taken:
        refuse("instrument.local_id_taken", "local_id", value=facts.local_id)
    if facts.pid_taken:
        refuse("instrument.pid_taken", "pid", value=facts.pid)
    return Decision(tuple(found))


def _figures(facts: DraftFacts) -> list[Reason]:
    """What is wrong with amounts, dates, places and addresses of a draft."""
    found = []
    if facts.value_minor is not None and facts.value_minor < 0:
        found.append(Reason("instrument.value_negative", facts={"field": "value"}))
    if facts.value_minor is not None and facts.value_minor >= 2**63:
        found.append(Reason("instrument.value_too_large", facts={"field": "value"}))
    if facts.value_minor is not None and not CURRENCY.fullmatch(facts.currency):
        found.append(Reason("instrument.currency_unknown", facts={"field": "currency", "value": facts.currency}))
    if facts.commissioned and facts.decommissioned and facts.decommissioned < facts.commissioned:
        found.append(
            Reason(
                "instrument.dates_reversed",
                facts={
                    "field": "decommissioned",
                    "commissioned": facts.commissioned.isoformat(),
                    "decommissioned": facts.decommissioned.isoformat(),
                },
            )
        )
    if (facts.lat is None) != (facts.lon is None):
        found.append(Reason("instrument.half_a_point", facts={"field": "lat"}))
    elif facts.lat is not None and facts.lon is not None and not (-90 <= facts.lat <= 90 and -180 <= facts.lon <= 180):
        found.append(Reason("instrument.off_the_earth", facts={"field": "lat", "lat": facts.lat, "lon": facts.lon}))
    if facts.landing_page and not WEB_PAGE.match(facts.landing_page):
        found.append(
            Reason("instrument.web_page_wrong", facts={"field": "landing_page", "value": facts.landing_page[:100]})
        )
    if facts.contact_email and not EMAIL.fullmatch(facts.contact_email):
        found.append(Reason("instrument.email_wrong", facts={"field": "contact_email", "value": facts.contact_email}))
    if facts.manufacturer_country and not COUNTRY.fullmatch(facts.manufacturer_country):
        found.append(
            Reason(
                "instrument.country_wrong", facts={"field": "manufacturer_country", "value": facts.manufacturer_country}
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role in an organisation that is to be given, changed or (empty) ended."""

    organisation_id: int
    email: str
    user_found: bool
    role: str
    role_known: bool
    is_administrator: bool
    other_administrators: int


def may_set_role(facts: RoleFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may set the role: administrators and the operator may; the last one stays."""
    found = _may_write(viewer)
    if viewer.signed_in and not viewer.operator and viewer.memberships.get(facts.organisation_id) != "administrator":
        found.append(Reason("organisation.not_administrator"))
    if not facts.role_known:
        found.append(Reason("role.unknown", facts={"value": facts.role}))
    if not facts.user_found:
        found.append(Reason("person.not_found", facts={"email": facts.email}))
    if facts.is_administrator and facts.role != "administrator" and not facts.other_administrators:
        found.append(Reason("organisation.last_administrator"))
    return Decision(tuple(found))


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """A file that somebody wants to import."""

    size: int
    most_bytes: int
    has_owner: bool


def may_import(facts: ImportFacts, viewer: Viewer) -> Decision:
    """Say whether ``viewer`` may import a file at all; each row is then decided by `may_manage`."""
    found = _may_write(viewer)
    if viewer.signed_in and not viewer.operator and not viewer.managed:
        found.append(Reason("organisation.none_managed"))
    if facts.size > facts.most_bytes:
        found.append(
            Reason("import.too_large", facts={"have": facts.size // 1024**2, "most": facts.most_bytes // 1024**2})
        )
    if facts.size == 0:
        found.append(Reason("import.empty"))
    if not facts.has_owner:
        found.append(Reason("import.owner_from_rows", Weight.NOTE))
    return Decision(tuple(found))
