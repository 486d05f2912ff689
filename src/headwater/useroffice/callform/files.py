"""A form as a JSON file: for programs, and to carry one from facility to facility."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from headwater.core.decision import Decision, Reason, Refused
from headwater.useroffice.callform.work import named_keys

MOST_BYTES = 1024 * 1024


def read_form(content: bytes, taken: Collection[str]) -> list[Mapping[str, Any]]:
    """The entries of a file: a list, or an object whose ``questions`` is one. Entries without a key get one.

    Refused with one sentence where it is not such a file; what is wrong inside an entry is for the rules to say.
    """
    if len(content) > MOST_BYTES:
        raise _unreadable("form.file_too_large", most=MOST_BYTES // 1024)
    try:
        given = json.loads(content.decode("utf-8-sig"))
        json.dumps(given, ensure_ascii=False).encode()  # half of a character can't be written anywhere
    except UnicodeDecodeError as wrong:  # not UTF-8
        raise _unreadable("form.file_unreadable", line=content[: wrong.start].count(b"\n") + 1) from wrong
    except (ValueError, RecursionError) as wrong:
        raise _unreadable("form.file_unreadable", line=getattr(wrong, "lineno", 1)) from wrong
    entries = given.get("questions") if isinstance(given, dict) else given
    if not isinstance(entries, list):
        raise _unreadable("form.file_shape")
    for number, one in enumerate(entries, 1):
        if not isinstance(one, dict):
            raise _unreadable("form.entry_wrong", number=number)
    return named_keys(entries, taken)


def _unreadable(code: str, **facts: object) -> Refused:
    return Refused(Decision((Reason(code, facts={"field": "file", **facts}),)))


def form_file(entries: Sequence[Mapping[str, Any]], **about: object) -> bytes:
    """The file of a form, the same each time."""
    return (json.dumps({**about, "questions": list(entries)}, ensure_ascii=False, indent=2) + "\n").encode()
