"""Answers a question: the hits with their journeys, the facets, and what was done to find them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, Prefetch, QuerySet

from headwater.catalogue import offers, queries
from headwater.catalogue.asking import PLURAL, Ask, cursor_text
from headwater.catalogue.facets import Facet, facets_of
from headwater.catalogue.journeys import MOST_MINUTES, About, Journey, Laid, journey, start_of, within
from headwater.catalogue.offers import Offer, Offered
from headwater.catalogue.queries import Found, Place, Question
from headwater.catalogue.query import Parsed, Term, corrected, parse, with_beginnings
from headwater.catalogue.rules import may_search
from headwater.catalogue.vocabulary import Vocabulary, vocabulary
from headwater.core.decision import permit
from headwater.registry.models import City, Facility, Instrument, InstrumentTechnique, Organisation, Technique
from headwater.registry.queries import visible_instruments
from headwater.registry.rules import Viewer
from headwater.timetables.reach import Reached

Record = TypeVar("Record", bound=Model)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result. ``journey`` is there where somebody said where she starts; ``offered`` has one entry an offer."""

    instrument: Instrument
    journey: Journey | None = None
    offered: tuple[Offered | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """All that a page or the API shows.

    ``remarks`` are codes of what was left out or loosened; ``instead`` is the text that was searched for in place of
    the one that found nothing.
    """

    ask: Ask
    hits: tuple[Hit, ...]
    total: int
    capped: bool
    facets: tuple[Facet, ...]
    by_city: Mapping[int, int]
    following: str
    remarks: tuple[str, ...]
    also: tuple[str, ...]
    instead: str
    held: Laid | None
    unreached: tuple[str, ...] = ()
    reached: Mapping[int, Reached] = field(default_factory=dict)
    offers: tuple[Offer, ...] = ()

    @property
    def sorted_of(self) -> int | None:
        """How many hits were put in an offer's order: the most relevant; None where all were."""
        return offers.SORTED if offers.named(self.ask.sort) and self.total > offers.SORTED else None

    @property
    def date(self) -> dt.date | None:
        """The day of the journeys; None where every day is alike or nobody asked."""
        return self.held.date_of(self.ask.trip) if self.held else None

    @property
    def about(self) -> About | None:
        return self.held.about if self.held else None


def answer(ask: Ask, viewer: Viewer, *, at: datetime, size: int = queries.PAGE, facets: bool = True) -> Answer:
    """Find what fits. Raises `Refused` for a text that can't be searched for, or a start without a station."""
    reading = _read(ask, viewer, size=size, facets=facets)
    found, held, reached = reading.found, reading.held, reading.reached
    if (offer := offers.named(ask.sort)) is not None:
        places, following, offered = _sorted_by(offer, ask, found.places, viewer, at, size)
    else:
        places = found.places
        following = _position(places[-1]) if found.more else ""
        offered = {}
    keys = [place.key for place in places]
    for one in offers.known():
        if one.code not in offered:
            offered[one.code] = one.fetch(keys, viewer, at) if keys else {}
    shown = _instruments(keys, viewer, reading.known)
    hits = tuple(
        Hit(
            one,
            journey(held, reached[one.city_id]) if held and reached and one.city_id in reached else None,
            tuple(offered[offer.code].get(key) for offer in offers.known()),
        )
        for key in keys
        if (one := shown.get(key)) is not None
    )
    known = reading.known
    return Answer(
        ask=ask,
        hits=hits,
        total=found.total,
        capped=found.capped,
        facets=tuple(facets_of(found, ask, known)) if facets else (),
        by_city=found.by_city,
        following=following,
        remarks=(*reading.parsed.remarks, *reading.remarks),
        also=_also(reading.parsed, known),
        instead=reading.instead,
        held=held,
        unreached=tuple(one.name for key, one in known.cities.items() if key not in held.name_of) if held else (),
        reached=reached or {},
        offers=offers.known(),
    )


def side_by_side(instruments: Sequence[Instrument], ask: Ask, viewer: Viewer, *, at: datetime) -> tuple[Hit, ...]:
    """These very instruments as hits: with the journey from where she is, however long, and with what is offered."""
    held, reached = reach_of(replace(ask, trip=replace(ask.trip, minutes=MOST_MINUTES)), vocabulary())
    keys = [one.pk for one in instruments]
    said = [offer.fetch(keys, viewer, at) for offer in offers.known()] if keys else []
    return tuple(
        Hit(
            one,
            journey(held, reached[one.city_id]) if held and reached and one.city_id in reached else None,
            tuple(each.get(one.pk) for each in said),
        )
        for one in instruments
    )


def keys_that_fit(ask: Ask, viewer: Viewer, *, most: int) -> list[int]:
    """The keys of all that fits, up to ``most`` and one more, in no order: for a saved search.

    Slips are mended as on the page; what meets only some of the terms fits nothing.
    """
    reading = _read(ask, viewer, size=1, facets=False)
    if "any_term" in reading.remarks or not reading.found.total:
        return []
    return queries.all_keys(replace(reading.question, terms=reading.parsed.terms), most=most)


def _position(place: Place) -> str:
    return cursor_text((place.first, place.second, place.key))


def _sorted_by(
    offer: Offer, ask: Ask, places: Sequence[Place], viewer: Viewer, at: datetime, size: int
) -> tuple[Sequence[Place], str, dict[str, Mapping[int, Offered]]]:
    """One page of the most relevant hits in an offer's order; those it says nothing of come last."""
    said = offer.fetch([place.key for place in places], viewer, at)
    last = float("inf")
    order = sorted(range(len(places)), key=lambda n: (said[places[n].key].rank if places[n].key in said else last, n))
    start = ask.at[0] if ask.at and 0 <= ask.at[0] < len(order) else 0
    page = [places[n] for n in order[start : start + size]]
    following = cursor_text((start + size, 0, 0)) if start + size < len(order) else ""
    return page, following, {offer.code: said}


@dataclass(frozen=True, slots=True)
class _Reading:
    """A question with what the index answered it."""

    known: Vocabulary
    question: Question
    found: Found
    parsed: Parsed
    remarks: Sequence[str]
    instead: str
    held: Laid | None
    reached: Mapping[int, Reached] | None


def _read(ask: Ask, viewer: Viewer, *, size: int, facets: bool) -> _Reading:
    permit(may_search(ask.text))
    known = vocabulary()
    held, reached = reach_of(ask, known)
    parsed = parse(ask.text, known.lexicon)
    by_offer = offers.named(ask.sort) is not None
    asked = replace(ask, at=None) if by_offer else ask
    question = question_of(asked, viewer, known, parsed.terms, reached, offers.SORTED if by_offer else size)
    found, parsed, remarks, instead = _found(ask, question, parsed, known, facets=facets)
    return _Reading(known, question, found, parsed, remarks, instead, held, reached)


def reach_of(ask: Ask, known: Vocabulary) -> tuple[Laid | None, Mapping[int, Reached] | None]:
    """The timetable and the cities within reach; both None where nobody asked how far."""
    if not ask.origin:
        return None, None
    held, origin = start_of(known, ask.origin)
    return held, within(held, origin.key, ask.trip)


def question_of(
    ask: Ask,
    viewer: Viewer,
    known: Vocabulary,
    terms: tuple[Term, ...],
    reached: Mapping[int, Reached] | None,
    size: int,
) -> Question:
    """The question in the index's own keys."""
    narrowed: dict[str, tuple[str, ...]] = {}
    for name, values in ask.filters.items():
        if name in PLURAL:
            labels = (known.by_code(PLURAL[name], value) for value in values)
            keys = [label.key for label in labels if label]
            if name == "technique":  # a group takes its members in
                keys += [one.key for one in known.techniques.values() if one.parent in keys]
            narrowed[name] = tuple(map(str, keys))
        elif name in ("owner", "facility"):
            model = Organisation if name == "owner" else Facility
            keys = model.objects.filter(public_id__in=values).values_list("pk", flat=True)
            narrowed[name] = tuple(map(str, keys)) or ("0",)
        else:
            narrowed[name] = values
    minutes = None if reached is None else {key: one.minutes for key, one in reached.items()}
    by_reach = ask.sort == "reach"
    return Question(viewer, terms, False, narrowed, minutes, by_reach, known.currency, ask.at, size, known.common)


def _found(
    ask: Ask, question: Question, parsed: Parsed, known: Vocabulary, *, facets: bool
) -> tuple[Found, Parsed, list[str], str]:
    """The hits; where there are none, a second chance: the last word's beginning, slips mended, any of the terms."""
    found = queries.find(question, facets=facets)
    if found.total or not parsed.required:
        return found, parsed, [], ""
    some, each = queries.what_is_held(question)
    if some:
        return found, parsed, ["filtered_out"], ""
    if ask.exact:
        return found, parsed, ["nothing"], ""
    for second in _second_chances(
        parsed, [term for term, held in zip(parsed.required, each, strict=True) if not held], known
    ):
        again = queries.find(replace(question, terms=second.terms), facets=facets)
        if again.total:
            return (
                again,
                second,
                ["beginning"] if second.text == parsed.text else [],
                second.text if second.text != parsed.text else "",
            )
    if len(parsed.required) > 1 or any(len(term.typed) > 1 and not term.quoted for term in parsed.required):
        loose = queries.find(replace(question, any_term=True), facets=facets)
        if loose.total:
            return loose, parsed, ["any_term"], ""
    return found, parsed, ["nothing"], ""


def _second_chances(parsed: Parsed, lost: Sequence[Term], known: Vocabulary) -> Iterator[Parsed]:
    """Other readings of a query that finds nothing, likeliest first."""
    if parsed.terms[-1] in lost:
        begun = with_beginnings(parsed)
        if begun is not None:
            yield begun
    text = corrected(parsed, lost, known.lexicon)
    if text is not None:
        better = parse(text, known.lexicon)
        yield better
        begun = with_beginnings(better)
        if begun is not None:
            yield begun


def _instruments(keys: Sequence[int], viewer: Viewer, known: Vocabulary) -> dict[int, Instrument]:
    """The records of hits, by key; cities and techniques are in hand, but for those made in the last minutes."""
    links = Prefetch("technique_links", queryset=InstrumentTechnique.objects.order_by("rank"))
    wanted = visible_instruments(viewer).filter(pk__in=keys).select_related("owner", "facility", "class_code", "source")
    rows = list(wanted.prefetch_related(links))
    methods_of = [link for one in rows for link in one.technique_links.all()]
    places = _with_new(known.places, {one.city_id for one in rows}, City.objects.select_related("jurisdiction"))
    methods = _with_new(known.methods, {link.technique_id for link in methods_of}, Technique.objects.all())
    for one in rows:
        one.city = places[one.city_id]
    for link in methods_of:
        link.technique = methods[link.technique_id]
    return {one.pk: one for one in rows}


def _with_new(held: Mapping[int, Record], wanted: set[int], rows: QuerySet[Record]) -> Mapping[int, Record]:
    missing = wanted - held.keys()
    return {**held, **rows.in_bulk(missing)} if missing else held


def _also(parsed: Parsed, known: Vocabulary) -> tuple[str, ...]:
    """Other names that were searched for as well, in both languages: a few for each technique."""
    out: list[str] = []
    for term in parsed.terms:
        if term.kind == "technique" and term.codes:
            label = known.techniques.get(int(term.codes[0][2:]))
            if label:
                out += [name for name in (label.name_zh, label.name_en) if name and name.lower() != term.text]
    return tuple(dict.fromkeys(out))[:6]
