"""The writer of a facility's made-up past."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from headwater.accounts.audit import Act, Actor, record
from headwater.registry.models import Facility, Organisation, Source
from headwater.useroffice import history, queries
from headwater.useroffice.models import PastProject

BATCH = 5_000


@transaction.atomic
def load_past(facility: Facility, *, projects: int = history.PROJECTS, by: Actor, at: datetime) -> int:
    """Load the facility's synthetic history once; says how many projects were written, 0 where it is there."""
    Facility.objects.select_for_update(of=("self",)).get(pk=facility.pk)
    if PastProject.objects.filter(facility=facility).exists():
        return 0
    source, _new = Source.objects.get_or_create(
        key=f"synthetic-projects-{facility.code}"[:100],
        defaults={
            "kind": "synthetic",
            "title_zh": "合成的历史课题",
            "title_en": "Synthetic projects of past years",
            "parameters": {"seed": history.SEED, "projects": projects},
        },
    )
    organisations = list(Organisation.objects.order_by("pk").values_list("pk", "kind"))
    lines = [
        (one.pk, one.commissioned.year if one.commissioned else history.FIRST_YEAR)
        for one in queries.beamlines_of(facility)
    ]
    rows = [
        PastProject(
            facility=facility,
            code=one.code,
            year=one.year,
            mode=one.mode,
            organisation_id=one.organisation,
            regional=one.regional,
            industry=one.industry,
            instrument_id=one.beamline,
            requested=one.requested,
            granted=one.granted,
            outputs=one.outputs,
            source=source,
        )
        for one in history.past_projects(organisations, lines, projects=projects)
    ]
    PastProject.objects.bulk_create(rows, batch_size=BATCH)
    record(Act("history.loaded", facility.public_id, {"projects": [None, len(rows)]}), by=by, at=at)
    return len(rows)
