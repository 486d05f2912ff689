"""A challenge as one viewer may read it: the only way from a record to a page, the API, an export or a feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headwater.partnering import queries
from headwater.partnering.facts import sight_of_many
from headwater.partnering.models import Attachment, Challenge, Level, PartName, Version
from headwater.partnering.rules import sight
from headwater.partnering.rules.sight import LEVELS, Clearance, SightFacts
from headwater.registry.models import Organisation
from headwater.registry.models.base import in_language
from headwater.registry.rules import Viewer


@dataclass(frozen=True, slots=True)
class PartReading:
    """One part: its text if it may be read; what it needs if not."""

    name: str
    label: str
    level: str
    level_label: str
    readable: bool
    text: str = ""
    language: str = ""
    text_zh: str = ""
    text_en: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a viewer may read of a challenge. What she may not is not in it."""

    challenge: Challenge
    clearance: Clearance
    company: Organisation | None
    parts: tuple[PartReading, ...] = ()
    version: Version | None = None  # only for money, place and limits that may be read; see the flags
    shows_targets: bool = False
    shows_wanted: bool = False
    shows_money: bool = False
    shows_place: bool = False
    attachments: tuple[Attachment, ...] = ()
    hidden_files: int = 0

    @property
    def whole(self) -> bool:
        return self.clearance is Clearance.WHOLE


def _readable(level: str, clearance: Clearance) -> bool:
    return clearance >= LEVELS[level]


def read_many(challenges: Sequence[Challenge], viewer: Viewer) -> list[Reading]:
    """The rows of a list: title, state, and the company where it may be named. Two queries."""
    facts = sight_of_many(challenges)
    out = []
    for one in challenges:
        have = sight.clearance(facts[one.pk], viewer)
        out.append(Reading(one, have, one.organisation if _readable(one.company_level, have) else None))
    return out


def read(challenge: Challenge, facts: SightFacts, viewer: Viewer, *, version: Version | None = None) -> Reading:
    """All that ``viewer`` may read of the challenge, in its current version or another."""
    have = sight.clearance(facts, viewer)
    shown = version or queries.version_with_all(challenge)
    if shown is None:
        return Reading(challenge, have, challenge.organisation if _readable(challenge.company_level, have) else None)
    levels = {part.name: part.level for part in shown.parts.all()}
    parts = []
    for name, label in PartName.choices:
        part = next((one for one in shown.parts.all() if one.name == name), None)
        if part is None:
            continue
        readable = _readable(part.level, have)
        text, language = in_language(part.text_zh, part.text_en)
        parts.append(
            PartReading(
                name,
                str(label),
                part.level,
                str(Level(part.level).label),
                readable,
                *((text, language, part.text_zh, part.text_en) if readable else ()),
            )
        )
    files = list(queries.attachments_of(challenge))
    allowed = tuple(one for one in files if _readable(one.level, have))
    return Reading(
        challenge,
        have,
        challenge.organisation if _readable(challenge.company_level, have) else None,
        tuple(parts),
        shown,
        **{
            f"shows_{name}": _readable(levels.get(name, Level.AGREEMENT), have)
            for name in ("targets", "wanted", "money", "place")
        },
        attachments=allowed,
        hidden_files=len(files) - len(allowed),
    )


def text_for(version: Version, clearance: Clearance) -> dict[str, str]:
    """The texts of a version that somebody with this clearance may read, both languages, by part."""
    out: dict[str, str] = {}
    for part in version.parts.all():
        if not _readable(part.level, clearance):
            continue
        out[part.name] = " 。".join(filter(None, (part.text_zh, part.text_en)))
        if part.name == PartName.TARGETS:
            rows = [" ".join((one.name, one.unit, one.test)) for one in version.targets.all()]
            out[part.name] = " 。".join(filter(None, (out[part.name], *rows)))
    return out


def may_use(version: Version, name: str, clearance: Clearance) -> bool:
    """Whether the part of this name may be used for somebody with this clearance."""
    part = next((one for one in version.parts.all() if one.name == name), None)
    return part is not None and _readable(part.level, clearance)
