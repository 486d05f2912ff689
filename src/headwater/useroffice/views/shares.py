"""Pools beside what they got: for the office all of a call's or a facility's, for a funder its own."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from headwater.accounts import words
from headwater.registry.facts import viewer_of
from headwater.useroffice import poolshares
from headwater.useroffice.views.shared import desk_for


def _shown(row: poolshares.ShareRow) -> tuple[poolshares.ShareRow, list[str]]:
    """A row with its judgement in words."""
    return row, [words.sentence(one) for one in row.judged.reasons] if row.judged else []


@login_required
def call_shares(request: HttpRequest, public_id: str) -> HttpResponse:
    """A call's pools: promise, allocated, delivered, lost, credited, left; in all and by beamline."""
    desk = desk_for(request)
    call, rows = poolshares.seen_shares(public_id, desk, viewer_of(request.user))
    context = {"call": call, "rows": [_shown(one) for one in rows], "office": desk.office(call.facility_id)}
    return render(request, "useroffice/shares.html", context)


@login_required
def facility_shares(request: HttpRequest, public_id: str) -> HttpResponse:
    """The pools of a facility's calls, run by run, the newest first."""
    desk = desk_for(request)
    facility, runs = poolshares.seen_runs(public_id, desk, viewer_of(request.user))
    context = {
        "facility": facility,
        "runs": [(call, [_shown(one) for one in rows]) for call, rows in runs],
        "office": desk.office(facility.pk),
    }
    return render(request, "useroffice/facility_shares.html", context)
