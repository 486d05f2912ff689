"""Gathers what the registry's rules need to know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from headwater.accounts.models import Scope, User
from headwater.core.identity import ALPHABET
from headwater.registry.drafts import COLUMNS, InstrumentDraft
from headwater.registry.models import (
    City,
    ClassCode,
    Facility,
    Instrument,
    Organisation,
    Technique,
)
from headwater.registry.models.base import LocationAccuracy
from headwater.registry.queries import standing_of
from headwater.registry.rules import ANYBODY, CONTROL, DraftFacts, InstrumentFacts, Viewer

LONGEST_TEXT = 20_000
LONGEST = {
    column.name: column.max_length or LONGEST_TEXT
    for column in Instrument._meta.fields
    if column.name in COLUMNS and column.get_internal_type() in ("CharField", "TextField")
}
LONGEST_ITEM = {
    column.name: column.base_field.max_length
    for column in Instrument._meta.fields
    if column.name in COLUMNS and isinstance(column, ArrayField)
}
AS_JSON = ("related_ids", "extra")
CHOICES = {
    name: tuple(str(value) for value, _label in Instrument._meta.get_field(name).choices or ())
    for name in ("access", "visibility", "status", "location_accuracy")
}
CHOICES["original_language"] = ("zh", "en")


def viewer_of(user: Any, *, token_scopes: list[str] | None = None) -> Viewer:
    """The viewer that a request's user is; one query for a signed-in one."""
    if not isinstance(user, User) or not user.is_active:
        return ANYBODY
    roles, memberships = standing_of(user.pk)
    return Viewer(
        user_id=user.pk,
        roles=roles,
        memberships=memberships,
        may_write=token_scopes is None or Scope.WRITE in token_scopes,
    )


def instrument_facts(instrument: Instrument) -> InstrumentFacts:
    return InstrumentFacts(instrument.owner_id, instrument.visibility, instrument.version)


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation as a draft may name it."""

    pk: int
    public_id: str
    city_id: int
    lat: float | None
    lon: float | None
    location_accuracy: str


class Lookups:
    """The references a draft may name, each read once: five small queries however many drafts follow."""

    @cached_property
    def organisations(self) -> dict[str, Place]:
        """By public id, ROR id, credit code, code and exact name in either language; a name of two is left out."""
        found: dict[str, Place] = {}
        shared: set[str] = set()
        for row in Organisation.objects.only(
            "public_id", "code", "ror", "uscc", "name_zh", "name_en", "city_id", "lat", "lon", "location_accuracy"
        ).order_by("pk"):
            place = Place(row.pk, row.public_id, row.city_id, row.lat, row.lon, row.location_accuracy)
            for key in filter(None, (row.public_id, row.code, row.ror, row.uscc)):
                found[key] = place
            for name in {row.name_zh, row.name_en} - {""}:
                if found.setdefault(name.casefold(), place) is not place:
                    shared.add(name.casefold())
        for name in shared:
            del found[name]
        return found

    def organisation(self, text: str) -> Place | None:
        text = text.strip()
        ror = text.removeprefix("https://ror.org/")
        if len(ror) == 9 and set(ror) <= set(ALPHABET):
            return self.organisations.get(ror)
        return self.organisations.get(text) or self.organisations.get(text.casefold())

    @cached_property
    def facilities(self) -> dict[str, tuple[int, int]]:
        """Key and operator by public id and code."""
        rows = Facility.objects.values_list("public_id", "code", "pk", "operator_id")
        return {key: (pk, operator) for public_id, code, pk, operator in rows for key in (public_id, code)}

    @cached_property
    def cities(self) -> dict[str, int]:
        """By public id, code and name in either language."""
        return {
            key.casefold(): pk
            for pk, *keys in City.objects.values_list("pk", "public_id", "code", "name_zh", "name_en")
            for key in keys
            if key
        }

    @cached_property
    def techniques(self) -> dict[str, int]:
        """By code, name and synonym, case apart."""
        found: dict[str, int] = {}
        for row in Technique.objects.order_by("-parent_id", "pk"):
            for word in (row.code, row.name_zh, row.name_en, *row.synonyms_zh, *row.synonyms_en):
                if word:
                    found.setdefault(word.casefold(), row.pk)
        return found

    @cached_property
    def technique_codes(self) -> dict[int, str]:
        return dict(Technique.objects.values_list("pk", "code"))

    @cached_property
    def class_codes(self) -> dict[str, int]:
        rows = ClassCode.objects.values_list("vocabulary", "version", "code", "pk")
        return {f"{vocabulary}:{version}:{code}": pk for vocabulary, version, code, pk in rows}


@dataclass(frozen=True, slots=True)
class Resolved:
    """A draft with its references found (None where not) and the facts that decide on it."""

    draft: InstrumentDraft
    owner_id: int | None
    facility_id: int | None
    city_id: int | None
    technique_ids: tuple[int, ...]
    class_code_id: int | None
    facts: DraftFacts


def resolve(draft: InstrumentDraft, lookups: Lookups) -> Resolved:
    """Find what the draft names. An empty city, language or place is taken from the owner."""
    owner = lookups.organisation(draft.owner)
    facility = lookups.facilities.get(draft.facility) if draft.facility else None
    city_id = lookups.cities.get(draft.city.strip().casefold()) if draft.city else (owner and owner.city_id)
    wanted = [word.strip() for word in draft.techniques if word.strip()]
    technique_ids = [lookups.techniques.get(word.casefold()) for word in wanted]
    class_code_id = lookups.class_codes.get(draft.class_code) if draft.class_code else None
    accuracy = draft.location_accuracy or (LocationAccuracy.SITE if draft.lat is not None else LocationAccuracy.UNKNOWN)
    filled = {
        "original_language": draft.original_language or ("zh" if draft.name_zh else "en"),
        "location_accuracy": str(accuracy),
        "currency": draft.currency if draft.value_minor is not None else "",
    }
    if any(getattr(draft, name) != value for name, value in filled.items()):
        draft = replace(draft, **filled)  # type: ignore[arg-type]
    texts = {name: str(getattr(draft, name)) for name in LONGEST}
    facts = DraftFacts(
        name_zh=draft.name_zh,
        name_en=draft.name_en,
        owner=draft.owner,
        owner_found=owner is not None,
        facility=draft.facility,
        facility_found=facility is not None,
        facility_is_owners=facility is not None and owner is not None and facility[1] == owner.pk,
        city=draft.city,
        city_found=city_id is not None,
        unknown_techniques=tuple(word for word, found in zip(wanted, technique_ids, strict=True) if found is None),
        class_code=draft.class_code,
        class_found=class_code_id is not None,
        choices={name: (str(getattr(draft, name)), allowed) for name, allowed in CHOICES.items()},
        lengths={name: (len(text), LONGEST[name]) for name, text in texts.items() if len(text) > LONGEST[name]}
        | _too_long_inside(draft),
        control_in=(*_control_in(texts), *_control_inside(draft)),
        value_minor=draft.value_minor,
        currency=draft.currency,
        commissioned=draft.commissioned,
        decommissioned=draft.decommissioned,
        lat=draft.lat,
        lon=draft.lon,
        contact_email=draft.contact_email,
        manufacturer_country=draft.manufacturer_country,
        landing_page=draft.landing_page,
        local_id=draft.local_id,
        pid=draft.pid,
    )
    return Resolved(
        draft,
        owner and owner.pk,
        facility and facility[0],
        city_id,
        tuple(dict.fromkeys(found for found in technique_ids if found is not None)),
        class_code_id,
        facts,
    )


def _too_long_inside(draft: InstrumentDraft) -> dict[str, tuple[int, int]]:
    """Lists with an item longer than its column holds, and JSON beyond reason."""
    found = {}
    for name, most in LONGEST_ITEM.items():
        longest = max(map(len, getattr(draft, name)), default=0)
        if longest > most:
            found[name] = (longest, most)
    for name in AS_JSON:
        have = len(json.dumps(getattr(draft, name))) if getattr(draft, name) else 0
        if have > LONGEST_TEXT:
            found[name] = (have, LONGEST_TEXT)
    return found


def _control_in(texts: Mapping[str, str]) -> list[str]:
    if not CONTROL.search("".join(texts.values())):  # one search for nearly all drafts
        return []
    return [name for name, text in texts.items() if CONTROL.search(text)]


def _control_inside(draft: InstrumentDraft) -> list[str]:
    """Lists and JSON with characters that the database can't store."""
    lists = [name for name in LONGEST_ITEM if any(CONTROL.search(item) for item in getattr(draft, name))]
    return lists + [name for name in AS_JSON if _control_in_json(getattr(draft, name))]


def _control_in_json(value: object) -> bool:
    if isinstance(value, str):
        return CONTROL.search(value) is not None
    if isinstance(value, Mapping):
        return any(_control_in_json(key) or _control_in_json(one) for key, one in value.items())
    return isinstance(value, list | tuple) and any(_control_in_json(one) for one in value)


def taken(resolved: Resolved, *, other_than: int | None) -> Resolved:
    """The same with what one query says: are its numbers another instrument's already?"""
    others = Instrument.objects.exclude(pk=other_than)
    draft = resolved.draft
    rows = others.filter(
        Q(pid=draft.pid or None, pid__isnull=False) | Q(owner_id=resolved.owner_id, local_id=draft.local_id or None)
    ).values_list("pid", "owner_id", "local_id")
    pids = {pid for pid, _owner, _number in rows}
    numbers = {(owner, number) for _pid, owner, number in rows}
    return replace(
        resolved,
        facts=replace(
            resolved.facts,
            local_id_taken=bool(draft.local_id) and (resolved.owner_id, draft.local_id) in numbers,
            pid_taken=bool(draft.pid) and draft.pid in pids,
        ),
    )


def draft_of(instrument: Instrument) -> InstrumentDraft:
    """A stored instrument as a draft that would write it again; read it `queries.with_all` to spare queries."""
    values: dict[str, Any] = {}
    for name in COLUMNS:
        value = getattr(instrument, name)
        values[name] = tuple(value) if isinstance(value, list) else value
    code = instrument.class_code
    return InstrumentDraft(
        **(values | {"pid": instrument.pid or ""}),
        owner=instrument.owner.public_id,
        facility=instrument.facility.public_id if instrument.facility else "",
        city=instrument.city.code,
        techniques=tuple(link.technique.code for link in instrument.technique_links.all()),
        class_code=f"{code.vocabulary}:{code.version}:{code.code}" if code else "",
    )
