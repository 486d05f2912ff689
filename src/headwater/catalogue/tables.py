"""What was found, as CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from io import StringIO

from headwater.catalogue import finding, offers
from headwater.catalogue.asking import Ask
from headwater.core.money import Money
from headwater.registry.formats.cells import guarded
from headwater.registry.rules import Viewer

MOST_ROWS = 5000
COLUMNS = (
    *("id", "name_en", "name_zh", "techniques", "manufacturer", "model", "owner_id", "owner", "city"),
    *("jurisdiction", "access", "status", "value", "currency", "synthetic"),
)
JOURNEY = ("minutes", "leave", "arrive", "trains")


def results(ask: Ask, viewer: Viewer, *, at: datetime) -> Iterator[str]:
    """The rows of a question's answer, in its order, with a byte order mark for Excel; the first `MOST_ROWS`."""
    answer = finding.answer(ask, viewer, at=at, size=MOST_ROWS, facets=False)
    journeys = JOURNEY if ask.origin else ()
    columns = (*COLUMNS, *journeys, *(offer.code for offer in offers.known()))
    return _lines(answer, columns, with_journey=bool(journeys))


def _lines(answer: finding.Answer, columns: tuple[str, ...], *, with_journey: bool) -> Iterator[str]:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    out.write("\ufeff")
    writer.writerow(columns)
    for hit in answer.hits:
        writer.writerow(_row(hit, with_journey=with_journey))
        if out.tell() > 60_000:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _row(hit: finding.Hit, *, with_journey: bool) -> list[str]:
    one = hit.instrument
    value = "" if one.value_minor is None else str(Money(one.currency, one.value_minor).major)
    texts = [
        *(one.public_id, one.name_en, one.name_zh),
        "; ".join(link.technique.code for link in one.technique_links.all()),
        *(one.manufacturer, one.model, one.owner.public_id, one.owner.name, one.city.code, one.city.jurisdiction.code),
        *(one.access, one.status, value, one.currency, "yes" if one.synthetic else "no"),
    ]
    if with_journey:
        way = hit.journey
        texts += ["", "", "", ""] if way is None else [str(way.minutes), way.depart, way.arrive, way.trains]
    texts += ["" if said is None else said.value or said.text for said in hit.offered]
    return [guarded(text) for text in texts]
