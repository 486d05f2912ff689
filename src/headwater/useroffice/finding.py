"""Beamlines that take proposals, found by technique or by words. Plain lists of records in and out; no query here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from headwater.engines.relevance import match_texts, tokens
from headwater.registry.models import Instrument


@dataclass(frozen=True, slots=True)
class Facet:
    """One technique with how many of the beamlines do it."""

    technique: Any
    number: int


def facets_of(lines: Sequence[Instrument]) -> list[Facet]:
    """The techniques that the beamlines do, the commonest first, then by name."""
    found: dict[int, list[Any]] = {}
    for line in lines:
        for link in line.technique_links.all():
            found.setdefault(link.technique_id, []).append(link.technique)
    facets = [Facet(rows[0], len(rows)) for rows in found.values()]
    return sorted(facets, key=lambda one: (-one.number, one.technique.name, one.technique.code))


def found_lines(lines: Sequence[Instrument], *, text: str = "", technique: str = "") -> list[Instrument]:
    """The beamlines that do a technique (a leaf or its group, by code) and fit a text, the nearest first."""
    kept = [one for one in lines if not technique or technique in _codes(one)]
    if not text.strip():
        return kept
    asked = set(tokens(text))
    words = [_words(one) for one in kept]
    near = next(match_texts([[{"title": text, "text": ""}]], [[one] for one in words])) if kept else ()
    # a word in common counts even where the ranking leaves it out for being in every text
    shared = [len(asked & set(tokens(" ".join(one.values())))) for one in words]
    order = sorted(range(len(kept)), key=lambda k: (-float(near[k]), -shared[k], kept[k].name, kept[k].pk))
    return [kept[k] for k in order if near[k] > 0 or shared[k] > 0]


def _codes(line: Instrument) -> set[str]:
    techniques = [link.technique for link in line.technique_links.all()]
    return {one.code for one in techniques} | {one.parent.code for one in techniques if one.parent}


def _words(line: Instrument) -> dict[str, str]:
    techniques = [link.technique for link in line.technique_links.all()]
    title = [line.name_zh, line.name_en]
    for one in techniques:
        title += [one.name_zh, one.name_en, *one.synonyms_zh, *one.synonyms_en]
    rest = [line.description_zh, line.description_en]
    for one in techniques:
        rest += [*one.measures_zh, *one.measures_en]
    return {"title": " ; ".join(title), "text": " ; ".join(rest)}
