"""The writers of capability profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F

from headwater.accounts.audit import Act, Actor, record
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.identity import new_id, valid_orcid
from headwater.partnering.drafts import PersonDraft, ProfileDraft, WorkDraft
from headwater.partnering.models import (
    IndexStamp,
    Profile,
    ProfileInstrument,
    ProfilePerson,
    ProfileTechnique,
    Work,
    WorkKind,
)
from headwater.partnering.rules import profiles as rules
from headwater.partnering.rules.challenges import may_write_for
from headwater.registry.actions.instruments import declared_by
from headwater.registry.facts import Lookups
from headwater.registry.models import City, Instrument, Organisation, Person, Source, Technique
from headwater.registry.queries import node_prefix
from headwater.registry.rules import OPERATOR, Viewer


def raise_stamp() -> None:
    """Say in the caller's transaction that profiles changed, so that every process renews its index."""
    if not IndexStamp.objects.filter(pk=1).update(number=F("number") + 1):
        IndexStamp.objects.get_or_create(pk=1, defaults={"number": 1})


@dataclass(frozen=True, slots=True)
class Found:
    """A draft with what it names, found or not."""

    organisation: Organisation | None
    city: City | None
    techniques: Mapping[str, Technique]
    instruments: Mapping[str, Instrument]
    decision: Decision


class Names:
    """Organisations, cities and techniques as drafts name them; each table is read once for a whole file."""

    def __init__(self) -> None:
        self.lookups = Lookups()
        self.cities: dict[str, City] = {}
        for city in City.objects.order_by("pk"):
            for name in filter(None, (city.code, city.name_en.casefold(), city.name_zh)):
                self.cities[name] = city
        self.techniques: dict[str, Technique] = {}
        rows = list(Technique.objects.order_by("pk"))
        for one in rows:
            for name in (*one.synonyms_zh, *one.synonyms_en):
                self.techniques.setdefault(name.casefold(), one)
        for one in rows:
            for name in filter(None, (one.name_zh, one.name_en, one.code)):
                self.techniques[name.casefold()] = one

    def city(self, text: str) -> City | None:
        return self.cities.get(text) or self.cities.get(text.casefold())

    def organisation(self, text: str) -> Organisation | None:
        place = self.lookups.organisation(text) if text else None
        return Organisation.objects.select_related("city").filter(pk=place.pk).first() if place else None


def look_up(draft: ProfileDraft, names: Names, *, other_than: int | None, at: datetime) -> Found:
    """Find what a draft names, and say what of it is not sound."""
    organisation = names.organisation(draft.organisation)
    city = names.city(draft.city) if draft.city else (organisation.city if organisation else None)
    techniques = {
        name: names.techniques[name.casefold()]
        for name, _level in draft.techniques
        if name.casefold() in names.techniques
    }
    instruments = {one.public_id: one for one in Instrument.objects.filter(public_id__in=draft.instruments)}
    taken = False
    if draft.local_id and organisation:
        taken = (
            Profile.objects.filter(organisation=organisation, local_id=draft.local_id).exclude(pk=other_than).exists()
        )
    facts = rules.ProfileFacts(
        name_zh=draft.name_zh,
        name_en=draft.name_en,
        longest=max(len(draft.summary_zh), len(draft.summary_en)),
        organisation=draft.organisation,
        organisation_found=organisation is not None,
        city=draft.city,
        city_found=city is not None or organisation is None,
        techniques=[(name, name in techniques, level) for name, level in draft.techniques],
        unknown_instruments=tuple(one for one in draft.instruments if one not in instruments),
        foreign_instruments=tuple(
            key for key, one in instruments.items() if organisation and one.owner_id != organisation.pk
        ),
        people=[(one.name, one.orcid, not one.orcid or valid_orcid(one.orcid)) for one in draft.people],
        works=[(one.kind, one.title, one.year) for one in draft.works],
        work_kinds=frozenset(WorkKind.values),
        load=draft.load,
        price_minor=draft.price_minor,
        local_id_taken=taken,
        local_id=draft.local_id,
        this_year=at.year,
    )
    return Found(organisation, city, techniques, instruments, rules.is_sound(facts))


def _person(draft: PersonDraft) -> Person:
    """The person of an ORCID iD, found again; or a new one."""
    if draft.orcid:
        found = Person.objects.filter(orcid=draft.orcid).first()
        if found is not None:
            return found
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in draft.name)
    names = {"name_zh": draft.name} if is_chinese else {"name_en": draft.name}
    return Person.objects.create(public_id=new_id("per", node_prefix()), orcid=draft.orcid or None, **names)


def _fill(profile: Profile, draft: ProfileDraft, found: Found, names: Names) -> None:
    """Write what hangs on a profile anew."""
    profile.technique_links.all().delete()
    best: dict[int, int] = {}
    for name, level in draft.techniques:
        key = found.techniques[name].pk
        best[key] = max(level, best.get(key, 0))
    ProfileTechnique.objects.bulk_create(
        ProfileTechnique(profile=profile, technique_id=key, level=level) for key, level in best.items()
    )
    profile.instrument_links.all().delete()
    ProfileInstrument.objects.bulk_create(
        ProfileInstrument(profile=profile, instrument=one) for one in found.instruments.values()
    )
    kept = {
        link.person.orcid or link.person.name: link.person for link in profile.person_links.select_related("person")
    }
    profile.person_links.all().delete()
    people = {}
    for one in draft.people:
        person = kept.get(one.orcid or one.name) or _person(one)
        people[person.pk] = ProfilePerson(profile=profile, person=person, leads=one.leads)
    ProfilePerson.objects.bulk_create(people.values())
    told = {one.identifier or one.title: one.text for one in profile.works.all()}
    profile.works.all().delete()
    Work.objects.bulk_create(
        _work(profile, one, names, told.get(one.identifier or one.title.strip(), "")) for one in _once(draft.works)
    )


def _once(works: Iterable[WorkDraft]) -> list[WorkDraft]:
    """Works with the same identifier stand once."""
    seen: dict[str, WorkDraft] = {}
    for number, one in enumerate(works):
        seen.setdefault(one.identifier or f"#{number}", one)
    return list(seen.values())


def _work(profile: Profile, draft: WorkDraft, names: Names, text_before: str) -> Work:
    """A work as stored; a form that does not send its text keeps the one there was."""
    partner = names.lookups.organisation(draft.partner) if draft.partner else None
    return Work(
        profile=profile, kind=draft.kind, title=draft.title.strip(), text=draft.text or text_before, year=draft.year,
        identifier=draft.identifier[:200],
        partner_id=partner.pk if partner and partner.pk != profile.organisation_id else None,
    )  # fmt: skip


COLUMNS = (
    *("name_zh", "name_en", "local_id", "summary_zh", "summary_en", "sectors", "load", "price_minor", "currency"),
    *("tells", "active"),
)


def _columns(draft: ProfileDraft) -> dict[str, object]:
    values = {name: getattr(draft, name) for name in COLUMNS}
    values["sectors"] = [one[:60] for one in draft.sectors]
    return values


def _may_write(organisation: Organisation | None, viewer: Viewer) -> Decision:
    """The organisation's managers; and the operator, who loads files for everybody."""
    if organisation is None or (OPERATOR in viewer.roles and viewer.may_write):
        return Decision() if viewer.signed_in else Decision((Reason("sign_in.needed"),))
    return may_write_for(organisation.pk, viewer)


@transaction.atomic
def add_profile(
    draft: ProfileDraft, viewer: Viewer, *, by: Actor, at: datetime, source: Source | None = None,
    names: Names | None = None,
) -> Profile:  # fmt: skip
    """Add a group's profile to one's organisation."""
    names = names or Names()
    found = look_up(draft, names, other_than=None, at=at)
    permit(_may_write(found.organisation, viewer) + found.decision)
    assert found.organisation is not None
    profile = Profile.objects.create(
        public_id=new_id(Profile.KIND, node_prefix()), organisation=found.organisation, city=found.city,
        source=source or declared_by(found.organisation.pk), created_at=at, updated_at=at, **_columns(draft),
    )  # fmt: skip
    _fill(profile, draft, found, names)
    raise_stamp()
    record(Act("profile.added", profile.public_id, {"name": [None, profile.name_en or profile.name_zh]}), by=by, at=at)
    return profile


@transaction.atomic
def change_profile(
    public_id: str, draft: ProfileDraft, viewer: Viewer, *, expected_version: int | None, by: Actor, at: datetime,
    names: Names | None = None,
) -> Profile:  # fmt: skip
    """Change a profile that was read as ``expected_version``; it stays with its organisation."""
    profile = (
        Profile.objects.select_for_update(of=("self",))
        .select_related("organisation", "source")
        .filter(public_id=public_id)
        .first()
    )
    if profile is None:
        raise Refused(Decision((Reason("profile.not_found", facts={"value": public_id}),)))
    names = names or Names()
    found = look_up(draft, names, other_than=profile.pk, at=at)
    decision = _may_write(profile.organisation, viewer) + found.decision
    if expected_version is not None and expected_version != profile.version:
        decision += Decision(
            (Reason("profile.changed_meanwhile", facts={"yours": expected_version, "now": profile.version}),)
        )
    if found.organisation is not None and found.organisation.pk != profile.organisation_id:
        decision += Decision((Reason("profile.moves_nowhere"),))
    permit(decision)
    values = _columns(draft)
    changes = {
        name: [getattr(profile, name), value] for name, value in values.items() if getattr(profile, name) != value
    }
    for name, value in values.items():
        setattr(profile, name, value)
    profile.city = found.city
    if not profile.synthetic:
        profile.source = declared_by(profile.organisation_id)
    profile.version += 1
    profile.updated_at = at
    profile.save()
    _fill(profile, draft, found, names)
    raise_stamp()
    record(Act("profile.changed", public_id, {name: changes[name] for name in sorted(changes)}), by=by, at=at)
    return profile
