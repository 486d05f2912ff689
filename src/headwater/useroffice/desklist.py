"""What the office's desk lists of a call: filtered, fifty a page, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q

from headwater.useroffice.models import BeamlineChoice, Call, Proposal, State

PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which proposals the office looks for; empty is all. ``beamline`` is a public id, ``page`` counts from 1."""

    words: str = ""
    state: str = ""
    track: str = ""
    beamline: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class DeskPage:
    """One page of the desk, and how many proposals all its pages hold."""

    rows: list[Proposal]
    number: int
    pages: int
    total: int

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None


def desk_page(call: Call, wanted: Wanted) -> DeskPage:
    """The page; one past the last shows the last. Every word has to stand in number, title or organisation."""
    rows = call.proposals.exclude(state=State.DRAFT)
    if wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.track:
        rows = rows.filter(track__code=wanted.track)
    if wanted.beamline:
        chosen = BeamlineChoice.objects.filter(instrument__public_id=wanted.beamline)
        rows = rows.filter(pk__in=chosen.values("proposal"))
    for word in wanted.words.split():
        named = Q(organisation__name_zh__icontains=word) | Q(organisation__name_en__icontains=word)
        rows = rows.filter(Q(code__icontains=word) | Q(title__icontains=word) | named)
    total = rows.count()
    pages = max(1, -(-total // PAGE))
    number = min(max(1, wanted.page), pages)
    shown = rows.select_related("organisation").defer("abstract", "answers", "earlier_results", "blackouts")
    shown = shown.prefetch_related(Prefetch("choices", BeamlineChoice.objects.select_related("instrument")))
    first = (number - 1) * PAGE
    return DeskPage(list(shown.order_by("code", "pk")[first : first + PAGE]), number, pages, total)
