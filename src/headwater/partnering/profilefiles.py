"""Capability profiles from files: Headwater's own CSV and JSON, and records shaped like ORCID's and OpenAlex's.

Pure reading: bytes in, drafts and unreadable rows out; nothing is looked up and nothing is written.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headwater.core.decision import Decision, Reason, Refused
from headwater.core.money import Money, MoneyError
from headwater.engines.matching import Thesaurus
from headwater.partnering.drafts import PersonDraft, ProfileDraft, WorkDraft

COLUMNS = (
    *("organisation", "name_zh", "name_en", "city", "local_id", "summary_zh", "summary_en", "sectors", "techniques"),
    *("instruments", "people", "works", "load", "price", "currency"),
)
ORCID_URL = re.compile(r"^https?://orcid\.org/")
PERSON = re.compile(r"^(?P<name>[^<]*)(?:<(?P<orcid>[^>]*)>)?$")
WORK_KINDS = {
    "patent": "patent",
    "product": "product",
    "standard": "standard",
    "standards-and-policy": "standard",
    "project": "project",
    "software": "product",
}


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """One profile of a file: its draft, or why it can't be read; ``line`` counts rows or records from 1."""

    line: int
    draft: ProfileDraft | None
    reasons: tuple[Reason, ...] = ()


def _unreadable(reason: Reason) -> Refused:
    return Refused(Decision((reason,)))


def read_profiles(
    content: bytes, *, owner: str, names: Sequence[Sequence[str]], codes: Sequence[str]
) -> list[ProfileRow]:
    """Read a file of profiles; the shape is found out.

    ``owner`` is the organisation of records that name none. ``names`` and ``codes`` are the techniques: a record of a
    person says no techniques, so those that its keywords and titles name are taken, the more often the higher.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _unreadable(Reason("import.encoding_unknown")) from error
    if not text.strip():
        raise _unreadable(Reason("import.empty"))
    if text.lstrip()[0] not in "[{":
        return list(_csv(text, owner))
    try:
        whole = json.loads(text)
    except json.JSONDecodeError as error:
        facts = {"line": error.lineno, "column": error.colno}
        raise _unreadable(Reason("import.not_json", facts=facts)) from error
    except RecursionError as error:
        raise _unreadable(Reason("import.not_json", facts={"line": 1, "column": 1})) from error
    named = _Named(Thesaurus(names), tuple(codes))
    return [_record(number, one, whole, owner, named) for number, one in enumerate(_records(whole), 1)]


# CSV ------------------------------------------------------------------------------------------------------------
def _csv(text: str, owner: str) -> Iterator[ProfileRow]:
    rows = csv.DictReader(io.StringIO(text, newline=""))
    header = [name.strip() for name in rows.fieldnames or ()]
    if not {"name_zh", "name_en"} & set(header):
        raise _unreadable(Reason("profiles.no_header"))
    if unknown := sorted(set(header) - set(COLUMNS)):
        raise _unreadable(Reason("profiles.column_unknown", facts={"value": unknown[0]}))
    rows.fieldnames = header
    try:
        for row in rows:
            yield _csv_row(rows.line_num, {key: (value or "").strip() for key, value in row.items() if key}, owner)
    except csv.Error as error:
        raise _unreadable(Reason("import.csv_broken", facts={"line": rows.line_num})) from error


def _csv_row(line: int, row: Mapping[str, str], owner: str) -> ProfileRow:
    wrong: list[Reason] = []

    def bad(field: str, value: str) -> None:
        wrong.append(Reason("profiles.row_unreadable", facts={"field": field, "value": value[:60]}))

    techniques = []
    for item in _split(row.get("techniques", "")):
        name, _colon, level = item.rpartition(":")
        if not name:
            techniques.append((item, 3))
        elif level.strip().isdigit():
            techniques.append((name.strip(), int(level)))
        else:
            bad("techniques", item)
    people = []
    for item in _split(row.get("people", "")):
        found = PERSON.match(item)
        if found is None:
            bad("people", item)
        else:
            people.append(PersonDraft(found["name"].strip(), (found["orcid"] or "").strip(), not people))
    works = []
    for item in _split(row.get("works", "")):
        kind, *rest = [part.strip() for part in item.split("|")]
        year = rest[0] if rest else ""
        if len(rest) < 2 or not (year.isdigit() or not year):
            bad("works", item)
        else:
            works.append(WorkDraft(kind, rest[1], year=int(year) if year else None, identifier="".join(rest[2:3])))
    load, price, currency = 0.0, 0, row.get("currency") or "CNY"
    try:
        load = float(row.get("load") or 0)
    except ValueError:
        bad("load", row["load"])
    try:
        price = Money.parse(row.get("price") or 0, currency).minor
    except MoneyError:
        bad("price", row.get("price", ""))
    if wrong:
        return ProfileRow(line, None, tuple(wrong))
    texts = {name: row.get(name, "") for name in ("name_zh", "name_en", "city", "local_id", "summary_zh", "summary_en")}
    draft = ProfileDraft(
        organisation=row.get("organisation") or owner, **texts, sectors=tuple(_split(row.get("sectors", ""))),
        techniques=tuple(techniques), instruments=tuple(_split(row.get("instruments", ""))), people=tuple(people),
        works=tuple(works), load=load, price_minor=price, currency=currency,
    )  # fmt: skip
    return ProfileRow(line, draft)


def _split(cell: str) -> list[str]:
    return [one.strip() for one in re.split(r"[;；]", cell) if one.strip()]


# JSON -----------------------------------------------------------------------------------------------------------
def _records(whole: Any) -> list[Any]:
    if isinstance(whole, list):
        return whole
    for key in ("profiles", "authors", "records"):
        if isinstance(whole, dict) and isinstance(whole.get(key), list):
            return list(whole[key])
    results = whole.get("results") if isinstance(whole, dict) else None
    if isinstance(results, list):
        return results
    return [whole]


@dataclass(frozen=True, slots=True)
class _Named:
    """Finds techniques that texts name."""

    thesaurus: Thesaurus
    codes: tuple[str, ...]

    def levels(self, texts: Sequence[str]) -> tuple[tuple[str, int], ...]:
        """The techniques that texts name: named once level 2, twice 3, four times and more 4."""
        counts = Counter(at for text in texts for at in self.thesaurus.held(text))
        steps = ((4, 4), (2, 3), (1, 2))
        return tuple(
            (self.codes[at], next(level for least, level in steps if count >= least))
            for at, count in counts.most_common(30)
        )


def _record(line: int, one: Any, whole: Any, owner: str, named: _Named) -> ProfileRow:
    if not isinstance(one, dict):
        return ProfileRow(
            line, None, (Reason("profiles.row_unreadable", facts={"field": "record", "value": str(one)[:60]}),)
        )
    try:
        if "orcid-identifier" in one:
            return ProfileRow(line, _orcid(one, owner, named))
        if str(one.get("id", "")).startswith("https://openalex.org/A"):
            return ProfileRow(line, _openalex(one, whole, owner, named))
        return ProfileRow(line, _own(one, owner))
    except (TypeError, ValueError, KeyError, AttributeError, MoneyError) as error:
        reason = Reason("profiles.row_unreadable", facts={"field": "record", "value": str(error)[:60]})
        return ProfileRow(line, None, (reason,))


def _own(one: Mapping[str, Any], owner: str) -> ProfileDraft:
    def text(name: str, of: Mapping[str, Any] = one) -> str:
        value = of.get(name) or ""
        if not isinstance(value, str):
            raise TypeError(f"{name} must be text")
        return value.strip()

    def rows(name: str) -> list[Any]:
        value = one.get(name) or []
        if not isinstance(value, list):
            raise TypeError(f"{name} must be a list")
        return value

    currency = text("currency") or "CNY"
    return ProfileDraft(
        organisation=text("organisation") or owner,
        **{name: text(name) for name in ("name_zh", "name_en", "city", "local_id", "summary_zh", "summary_en")},
        sectors=tuple(str(item) for item in rows("sectors")),
        techniques=tuple(
            (item, 3) if isinstance(item, str) else (str(item["technique"]), int(item.get("level", 3)))
            for item in rows("techniques")
        ),
        instruments=tuple(str(item) for item in rows("instruments")),
        people=tuple(
            PersonDraft(text("name", item), text("orcid", item), bool(item.get("leads"))) for item in rows("people")
        ),
        works=tuple(
            WorkDraft(
                text("kind", item) or "paper",
                text("title", item),
                text("text", item),
                int(item["year"]) if item.get("year") else None,
                text("identifier", item),
                text("partner", item),
            )
            for item in rows("works")
        ),
        load=float(one.get("load") or 0),
        price_minor=Money.parse(one.get("price") or 0, currency).minor,
        currency=currency,
    )


def _value(node: Any, *path: str) -> str:
    """A text deep in nested mappings; empty where anything on the way is missing."""
    for key in path:
        node = node.get(key) if isinstance(node, dict) else None
    return str(node).strip() if node is not None and not isinstance(node, (dict, list)) else ""


def _orcid(one: Mapping[str, Any], owner: str, named: _Named) -> ProfileDraft:
    """A record as ORCID's public API gives it (version 3.0)."""
    person, done = one.get("person") or {}, one.get("activities-summary") or {}
    name = " ".join(
        filter(None, (_value(person, "name", "given-names", "value"), _value(person, "name", "family-name", "value")))
    )
    name = _value(person, "name", "credit-name", "value") or name
    works = []
    for group in (done.get("works") or {}).get("group") or []:
        for summary in (group.get("work-summary") or [])[:1]:
            ids = (summary.get("external-ids") or {}).get("external-id") or []
            doi = next(
                (_value(item, "external-id-value") for item in ids if _value(item, "external-id-type") == "doi"), ""
            )
            year = _value(summary, "publication-date", "year", "value")
            kind = WORK_KINDS.get(_value(summary, "type"), "paper")
            works.append(
                WorkDraft(
                    kind, _value(summary, "title", "title", "value"), "", int(year) if year.isdigit() else None, doi
                )
            )
    employer = ""
    for group in (done.get("employments") or {}).get("affiliation-group") or []:
        for summary in group.get("summaries") or []:
            job = summary.get("employment-summary") or {}
            if job.get("end-date") is None and not employer:
                disambiguated = (job.get("organization") or {}).get("disambiguated-organization") or {}
                is_ror = _value(disambiguated, "disambiguation-source") == "ROR"
                employer = (
                    _value(disambiguated, "disambiguated-organization-identifier")
                    if is_ror
                    else _value(job, "organization", "name")
                )
    keywords = [_value(item, "content") for item in (person.get("keywords") or {}).get("keyword") or []]
    orcid = _value(one, "orcid-identifier", "path")
    return _of_person(name, orcid, owner or employer, _value(person, "biography", "content"), keywords, works, named)


def _openalex(one: Mapping[str, Any], whole: Any, owner: str, named: _Named) -> ProfileDraft:
    """An author as OpenAlex gives it, with her works where the file has them under ``works``."""
    at = one.get("last_known_institutions") or []
    place = (_value(at[0], "ror") or _value(at[0], "display_name")) if at else ""
    listed = one.get("works") or (whole.get("works") if isinstance(whole, dict) else None) or []
    works = []
    for work in listed:
        authors = [_value(item, "author", "id") for item in work.get("authorships") or []]
        if authors and one["id"] not in authors:
            continue
        words: dict[int, str] = {}
        for word, places in (work.get("abstract_inverted_index") or {}).items():
            words.update(dict.fromkeys(places, word))
        year = work.get("publication_year")
        title = _value(work, "title") or _value(work, "display_name")
        doi = re.sub(r"^https?://doi\.org/", "", _value(work, "doi"))
        kind = WORK_KINDS.get(_value(work, "type"), "paper")
        works.append(
            WorkDraft(kind, title, " ".join(words[key] for key in sorted(words)), int(year) if year else None, doi)
        )
    topics = [_value(topic, "display_name") for topic in one.get("topics") or []]
    orcid = ORCID_URL.sub("", _value(one, "orcid"))
    return _of_person(_value(one, "display_name"), orcid, owner or place, "", topics, works, named)


def _of_person(
    name: str,
    orcid: str,
    organisation: str,
    about: str,
    keywords: Sequence[str],
    works: Sequence[WorkDraft],
    named: _Named,
) -> ProfileDraft:
    is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in name)
    summary = "; ".join(filter(None, (about, *keywords)))
    titled = [work for work in works if work.title]
    texts = [*keywords, about, *(f"{work.title} {work.text}" for work in titled)]
    return ProfileDraft(
        organisation=organisation,
        name_zh=f"{name}课题组" if is_chinese and name else "",
        name_en=f"Group of {name}" if name and not is_chinese else "",
        local_id=orcid or name,
        summary_zh=summary if is_chinese else "",
        summary_en="" if is_chinese else summary,
        techniques=named.levels(texts),
        people=(PersonDraft(name, orcid, True),),
        works=tuple(titled),
    )
