"""Whether something granted in one jurisdiction counts in another: what a booking's gate asks."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from headwater.core.decision import Decision
from headwater.support.models import Recognition
from headwater.support.rules import RecognitionFacts, is_recognised


def recognition_facts(rows: QuerySet[Recognition]) -> tuple[RecognitionFacts, ...]:
    """Recognitions as rules take them; one query."""
    return tuple(
        RecognitionFacts(
            one.code,
            one.kind,
            one.granted_in.code,
            one.counts_in.code,
            frozenset(one.codes),
            one.valid_from,
            one.valid_to,
            one.article_zh or one.article_en or one.source.title_zh or one.source.title_en or one.source.key,
            one.verified,
        )
        for one in rows.select_related("source", "granted_in", "counts_in").order_by("code")
    )


def recognised(kind: str, code: str, *, granted_in: str, wanted_in: str, day: date) -> Decision:
    """Say whether ``code`` (a qualification's, a course's, a template's) granted in the jurisdiction of code
    ``granted_in`` counts in ``wanted_in`` on ``day``; one query.

    ``kind`` is ``qualification``, ``safety_course`` or ``contract_template``. The rule that lets it count is a note of
    the decision, with its source.
    """
    rows = Recognition.objects.filter(kind=kind, granted_in__code=granted_in, counts_in__code=wanted_in)
    return is_recognised(kind, code, granted_in, wanted_in, day, recognition_facts(rows))
