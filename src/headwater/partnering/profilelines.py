"""A profile's lists as lines of text, as its form shows and reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from headwater.partnering.drafts import PersonDraft, WorkDraft
from headwater.partnering.models import Profile

PERSON = re.compile(r"^(?P<name>[^<]*?)\s*(?:<(?P<orcid>[^>]*)>)?\s*$")


def techniques_of(lines: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """``X-ray diffraction: 4``; 3 where no level is given, 0 (which no rule takes) where it is no number."""
    out = []
    for line in lines:
        name, colon, level = re.sub("：", ":", line).rpartition(":")
        if not colon:
            out.append((line.strip(), 3))
        else:
            out.append((name.strip(), int(level) if level.strip().isdigit() and len(level.strip()) < 4 else 0))
    return tuple(out)


def people_of(lines: Iterable[str]) -> tuple[PersonDraft, ...]:
    """``Li Ming <0000-0002-1825-0097>``; the first leads."""
    out = []
    for line in lines:
        found = PERSON.match(line)
        name, orcid = (found["name"].strip(), (found["orcid"] or "").strip()) if found else (line, "")
        out.append(PersonDraft(name, orcid, not out))
    return tuple(out)


def works_of(lines: Iterable[str]) -> tuple[WorkDraft, ...]:
    """``project | 2021 | title | number | partner``; a line of another shape becomes a work that the rules refuse."""
    out = []
    for line in lines:
        cells = [cell.strip() for cell in line.split("|")]
        cells += [""] * (5 - len(cells))
        year = int(cells[1]) if cells[1].isdigit() and len(cells[1]) < 6 else (None if not cells[1] else 0)
        out.append(WorkDraft(cells[0], cells[2], "", year, cells[3], cells[4]))
    return tuple(out)


def lines_of(profile: Profile) -> dict[str, Any]:
    """The same the other way round; the texts of works are kept by their titles alone."""
    people = [
        f"{link.person.name} <{link.person.orcid}>" if link.person.orcid else link.person.name
        for link in profile.person_links.all()
    ]
    works = [
        " | ".join(
            (one.kind, str(one.year or ""), one.title, one.identifier, one.partner.public_id if one.partner else "")
        ).rstrip(" |")
        for one in profile.works.all()
    ]
    return {
        "techniques": [f"{link.technique.code}: {link.level}" for link in profile.technique_links.all()],
        "instruments": [one.public_id for one in profile.instruments.all()],
        "people": people,
        "works": works,
    }
