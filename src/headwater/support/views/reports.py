"""Pages of the assessment and of reports to platforms."""

from __future__ import annotations

import csv
import io
import json

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.accounts import words
from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.support import queries, rules
from headwater.support.actions.reporting import make_report
from headwater.support.assessment import assess_unit, records_of
from headwater.support.models import ReportBatch
from headwater.support.platforms import PLATFORMS
from headwater.support.views.common import by_page, organisation_or_refuse, party_for


@login_required
def assessment(request: HttpRequest, public_id: str) -> HttpResponse:
    """A unit's assessment of a year by each formula, with the records it rests on."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    if owner.city.jurisdiction_id not in party.offices:
        permit(rules.may_read_money(owner.pk, party))
    given = request.GET.get("year", "")
    year = int(given) if given.isdigit() and 2000 <= int(given) <= 2100 else timezone.now().year
    records = records_of(owner, year).select_related("instrument", "organisation", "order").order_by("-ended_at")[:100]
    context = {"owner": owner, "year": year, "found": assess_unit(owner, year), "records": records}
    return render(request, "support/assessment.html", context)


@login_required
def reports(request: HttpRequest) -> HttpResponse:
    """Batches made, and the form to make one. Sending is the operator's: platforms' addresses are theirs to know."""
    party = party_for(request)
    owners = list(queries.owners_of(party))
    if not owners and not party.operator:
        raise Refused(Decision((Reason("organisation.none_managed"),)))
    refused = None
    if request.method == "POST":
        try:
            owner = organisation_or_refuse(request.POST.get("owner", ""))
            made = make_report(request.POST.get("target", ""), owner, party, by=by_page(request), at=timezone.now())
        except Refused as error:
            refused = error.decision
        else:
            messages.success(request, _("The report is made and checked. The operator sends it."))
            return redirect("report", made.public_id)
    rows = [(batch, queries.counts_of(batch)) for batch in queries.report_batches(party)[:30]]
    context = {"owners": owners, "platforms": PLATFORMS.values(), "rows": rows, "refused": refused}
    return render(request, "support/reports.html", context, status=422 if refused else 200)


def _batch(request: HttpRequest, public_id: str) -> ReportBatch:
    found = queries.report_batches(party_for(request)).filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("report.not_found"),)))
    return found


@login_required
def report(request: HttpRequest, public_id: str) -> HttpResponse:
    """A batch's receipt: how many were accepted, refused, rejected here, and why."""
    batch = _batch(request, public_id)
    rows = batch.items.exclude(state__in=["accepted", "ready"]).order_by("pk")[:100]
    shown = [{"item": one, "sentences": words.sentences(queries.faults_of(one))} for one in rows]
    context = {"batch": batch, "platform": PLATFORMS[batch.target], "counts": queries.counts_of(batch), "rows": shown}
    return render(request, "support/report.html", context)


@login_required
def report_rejects(request: HttpRequest, public_id: str) -> HttpResponse:
    """The records that do not fit or were refused, as CSV: to be mended at their source."""
    batch = _batch(request, public_id)
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(("kind", "record", "state", "code", "reasons", "payload"))
    for one in batch.items.filter(state__in=["rejected", "refused"]).order_by("pk").iterator(chunk_size=500):
        reasons = " ".join(words.sentences(queries.faults_of(one))) or one.message
        payload = json.dumps(one.payload, ensure_ascii=False)
        out.writerow((one.kind, one.record, one.state, one.code, reasons, payload))
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rejects-{batch.public_id}.csv"'
    return response
