"""What people are told, in words: a subject and a sentence for each code, in the reader's language.

An app adds its own with `add` when it starts. The part of a code before the dot is its topic; for each topic people
choose whether they want mails too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import get_language


@dataclass(frozen=True, slots=True)
class NoticeWording:
    """A subject and a sentence with named placeholders for the notice's facts."""

    subject: object
    sentence: object


NOTICES: dict[str, NoticeWording] = {}
TOPICS: dict[str, object] = {}


def add(wordings: Mapping[str, NoticeWording], topics: Mapping[str, object]) -> None:
    """Add an app's notices and what their topics are called; a code is worded once, and each has a topic."""
    TOPICS.update(topics)
    for code, wording in wordings.items():
        if topic_of(code) not in TOPICS:
            raise ValueError(f"The notice {code} has no topic that people could choose.")
        if NOTICES.setdefault(code, wording) is not wording:
            raise ValueError(f"The notice {code} is worded twice.")


def topic_of(code: str) -> str:
    return code.partition(".")[0]


def shown(value: object) -> object:
    """A fact as the reader sees it.

    ``{"zh": …, "en": …}`` is a name in two languages, ``{"at": ISO instant, "zone": IANA name}`` an instant on
    somebody's clocks; all else is shown as it is.
    """
    if isinstance(value, Mapping) and ("zh" in value or "en" in value):
        first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
        return value.get(first) or value.get(second) or ""
    if isinstance(value, Mapping) and "at" in value:
        zone = str(value.get("zone") or "UTC")
        return f"{datetime.fromisoformat(str(value['at'])).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
    return value


def in_words(code: str, facts: Mapping[str, object]) -> tuple[str, str]:
    """Subject and sentence in the active language."""
    wording, said = NOTICES[code], {name: shown(value) for name, value in facts.items()}
    return str(wording.subject) % said, str(wording.sentence) % said
