"""Reads publications from files shaped as Crossref's and OpenAlex's records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from headwater.core.decision import Decision, Reason, Refused
from headwater.useroffice.actions.visiting import OutputDraft

DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)", re.IGNORECASE)
MOST = 20_000


def read_outputs(content: bytes) -> list[OutputDraft]:
    """The works of a file: one JSON document, or one record a line; which shape is seen from each record.

    A record may name the proposals it came from: Crossref's ``award`` numbers under ``funder``, OpenAlex's ``grants``
    (``award_id``), or a list ``proposals`` of its own.
    """
    records = list(_records(content))
    if len(records) > MOST:
        raise _wrong("output.too_many", most=MOST)
    return [_draft(one, number) for number, one in enumerate(records, 1)]


def _wrong(code: str, **facts: object) -> Refused:
    return Refused(Decision((Reason(code, facts=facts),)))


def _records(content: bytes) -> Iterable[Any]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong("output.unreadable", line=0) from error
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield _unwrapped(json.loads(line))
                except (json.JSONDecodeError, RecursionError) as error:
                    raise _wrong("output.unreadable", line=number) from error
        return
    except RecursionError as error:
        raise _wrong("output.unreadable", line=1) from error
    if isinstance(loaded, Mapping):
        message = loaded.get("message", loaded)
        inner = message.get("items", loaded.get("results")) if isinstance(message, Mapping) else None
        yield from inner if isinstance(inner, list) else [_unwrapped(loaded)]
    elif isinstance(loaded, list):
        yield from loaded


def _unwrapped(one: Any) -> Any:
    """Crossref answers for one work with ``message``."""
    return one["message"] if isinstance(one, Mapping) and isinstance(one.get("message"), Mapping) else one


def _draft(one: Any, number: int) -> OutputDraft:
    if not isinstance(one, Mapping):
        raise _wrong("output.record_wrong", number=number)
    try:
        found = _openalex(one) if "authorships" in one or "display_name" in one else _crossref(one)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration) as error:
        raise _wrong("output.record_wrong", number=number) from error
    return found


def plain_doi(text: str) -> str:
    return DOI.sub("", text.strip()).lower()


def _crossref(one: Mapping[str, Any]) -> OutputDraft:
    dates = [one.get(key) for key in ("published", "issued", "published-print", "published-online", "created")]
    year = next(int(each["date-parts"][0][0]) for each in dates if each and each.get("date-parts", [[None]])[0][0])
    title = one["title"]
    venue = one.get("container-title") or ""
    authors = [
        {
            "name": " ".join(filter(None, (each.get("given"), each.get("family")))) or each.get("name", ""),
            "orcid": str(each.get("ORCID", "")).rpartition("/")[2],
        }
        for each in one.get("author", [])
    ]
    awards = [award for funder in one.get("funder", []) for award in funder.get("award", [])]
    return OutputDraft(
        doi=plain_doi(str(one["DOI"])),
        title=str(title[0] if isinstance(title, list) else title),
        year=year,
        kind=str(one.get("type") or ""),
        venue=str(venue[0] if isinstance(venue, list) else venue),
        authors=authors,
        proposals=[str(each) for each in (*awards, *one.get("proposals", []))],
    )


def _openalex(one: Mapping[str, Any]) -> OutputDraft:
    place = (one.get("primary_location") or {}).get("source") or {}
    authors = [
        {
            "name": (each.get("author") or {}).get("display_name") or "",
            "orcid": str((each.get("author") or {}).get("orcid") or "").rpartition("/")[2],
        }
        for each in one.get("authorships", [])
    ]
    grants = [each.get("award_id") for each in one.get("grants", []) if each.get("award_id")]
    return OutputDraft(
        doi=plain_doi(str(one["doi"])),
        title=str(one.get("display_name") or one["title"]),
        year=int(one["publication_year"]),
        kind=str(one.get("type") or ""),
        venue=str(place.get("display_name") or ""),
        authors=authors,
        proposals=[str(each) for each in (*grants, *one.get("proposals", []))],
    )
