"""What a sound capability profile is, and who may write one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.core.decision import Decision, Reason

MOST_WORKS = 2000
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class ProfileFacts:
    """A profile's draft beside what the record knows."""

    name_zh: str
    name_en: str
    longest: int
    organisation: str
    organisation_found: bool
    city: str
    city_found: bool
    techniques: Sequence[tuple[str, bool, int]]  # technique, found, level
    unknown_instruments: tuple[str, ...]
    foreign_instruments: tuple[str, ...]
    people: Sequence[tuple[str, str, bool]]  # name, ORCID iD, its check digit is right
    works: Sequence[tuple[str, str, int | None]]  # kind, title, year
    work_kinds: frozenset[str]
    load: float
    price_minor: int
    local_id_taken: bool
    local_id: str
    this_year: int


def is_sound(facts: ProfileFacts) -> Decision:
    """Say what of a profile can't be stored."""
    found = []
    if not facts.organisation_found:
        found.append(Reason("profile.organisation_unknown", facts={"value": facts.organisation}))
    if not facts.name_zh.strip() and not facts.name_en.strip():
        found.append(Reason("profile.name_missing"))
    if max(len(facts.name_zh), len(facts.name_en)) > 300 or facts.longest > LONGEST:
        found.append(Reason("profile.text_too_long", facts={"most": LONGEST}))
    if not facts.city_found:
        found.append(Reason("profile.city_unknown", facts={"value": facts.city}))
    for technique, known, level in facts.techniques:
        if not known:
            found.append(Reason("challenge.technique_unknown", facts={"value": technique}))
        elif not 1 <= level <= 5:
            found.append(Reason("challenge.wanted_level", facts={"value": technique, "level": level}))
    found += [Reason("profile.instrument_unknown", facts={"value": one}) for one in facts.unknown_instruments]
    found += [Reason("profile.instrument_not_own", facts={"value": one}) for one in facts.foreign_instruments]
    for name, orcid, right in facts.people:
        if orcid and not right:
            found.append(Reason("profile.orcid_wrong", facts={"value": orcid}))
        if not name.strip():
            found.append(Reason("profile.person_unnamed"))
    for kind, title, year in facts.works:
        if kind not in facts.work_kinds:
            found.append(Reason("profile.work_kind_unknown", facts={"value": kind}))
        if not title.strip() or len(title) > 500:
            found.append(Reason("profile.work_title_wrong", facts={"value": title[:60]}))
        if year is not None and not 1900 <= year <= facts.this_year + 1:
            found.append(Reason("profile.year_wrong", facts={"value": year}))
    if len(facts.works) > MOST_WORKS:
        found.append(Reason("profile.too_many_works", facts={"have": len(facts.works), "most": MOST_WORKS}))
    if not 0 <= facts.load <= 1:
        found.append(Reason("profile.load_wrong", facts={"value": facts.load}))
    if not 0 <= facts.price_minor < 2**62:
        found.append(Reason("profile.price_wrong"))
    if facts.local_id_taken:
        found.append(Reason("profile.local_id_taken", facts={"value": facts.local_id}))
    return Decision(tuple(found))
