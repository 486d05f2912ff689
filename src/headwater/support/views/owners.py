"""Pages of instruments' owners: rates, charges, invoices, the books, the assessment."""

from __future__ import annotations

import csv
import io
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext as _

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money
from headwater.registry.formats.files import FileError
from headwater.registry.models import Instrument
from headwater.support import invoices as papers, queries, rules
from headwater.support.actions.charges import adjust_charge, answer_dispute, make_invoice, mark_paid, open_dispute
from headwater.support.actions.rates import RatesImported, import_rates
from headwater.support.actions.terms import publish_rates
from headwater.support.book import home_currency
from headwater.support.forms import AdjustForm, AnswerForm, DisputeForm, RatesFileForm, RatesForm
from headwater.support.models import Charge, Invoice
from headwater.support.ratefiles import as_csv, as_xlsx
from headwater.support.views.common import by_page, minor, organisation_or_refuse, page_after, party_for

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@login_required
def rates(request: HttpRequest, public_id: str) -> HttpResponse:
    """An owner's tables of rates, and the form for the next."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_read_money(owner.pk, party))
    tables = list(queries.rate_tables_of(owner)[:100])
    initial: dict[str, Any] = {"currency": home_currency(), "valid_from": timezone.now().date()}
    if tables:
        initial |= RatesForm.initial_of(next((one for one in tables if one.instrument is None), tables[0]))
    form = RatesForm(request.POST or None, initial=initial)
    form.offer_instruments(owner)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            instrument = None
            if given["instrument"]:
                instrument = Instrument.objects.filter(public_id=given["instrument"], owner=owner).first()
                permit(Decision() if instrument else Decision((Reason("instrument.not_found"),)))
            publish_rates(
                owner,
                instrument,
                form.rates(),
                given["valid_from"],
                given["valid_to"],
                party,
                by=by_page(request),
                at=timezone.now(),
            )
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The rates are published."))
            return redirect("rates", public_id)
    context = {"form": form, "owner": owner, "tables": tables}
    return render(request, "support/rates.html", context, status=422 if form.errors else 200)


@login_required
def import_rate_file(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take tables of rates in from a file; what does not fit is told by its line and can be saved, mended and sent
    again."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_manage_money(owner.pk, party))
    if request.method == "POST" and "rejects" in request.POST:
        response = HttpResponse("\ufeff" + request.POST["rejects"], content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = 'attachment; filename="rates.rejects.csv"'
        return response
    form = RatesFileForm(request.POST or None, request.FILES or None)
    done: RatesImported | None = None
    if request.method == "POST" and form.is_valid():
        checked = form.cleaned_data["check_only"]
        with NamedTemporaryFile(suffix=".table") as kept:
            for chunk in form.cleaned_data["file"].chunks():
                kept.write(chunk)
            kept.flush()
            try:
                done = import_rates(
                    Path(kept.name), owner, party, dry_run=checked, by=by_page(request), at=timezone.now()
                )
            except FileError as error:
                form.refuse(Decision((error.reason,)))
    context = {"owner": owner, "form": form, "done": done, "checked": bool(done) and form.cleaned_data["check_only"]}
    if done is not None and done.rejected:
        context["rejects"] = done.rejects().decode("utf-8-sig")
    failed = form.errors or (done is not None and done.rejected)
    return render(request, "support/rates_import.html", context, status=422 if failed else 200)


@login_required
def export_rates(request: HttpRequest, public_id: str, kind: str) -> HttpResponse:
    """The rates in force and to come as CSV or as a workbook."""
    owner = organisation_or_refuse(public_id)
    permit(rules.may_read_money(owner.pk, party_for(request)))
    rows = queries.rate_rows(owner, timezone.now().date())
    made = as_xlsx(rows) if kind == "xlsx" else as_csv(rows)
    response = HttpResponse(made, content_type=XLSX if kind == "xlsx" else "text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rates-{owner.public_id}.{kind}"'
    return response


@login_required
def charges(request: HttpRequest, public_id: str) -> HttpResponse:
    """An owner's charges and open objections; what is not invoiced yet is put on an invoice here."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_read_money(owner.pk, party))
    refused = None
    if request.method == "POST":
        try:
            made = make_invoice(
                owner,
                organisation_or_refuse(request.POST.get("organisation", "")),
                request.POST.get("currency", ""),
                party,
                by=by_page(request),
                at=timezone.now(),
            )
        except Refused as error:
            refused = error.decision
        else:
            return redirect("invoice", made.public_id)
    rows = queries.with_charge(Charge.objects.filter(order__provider=owner))
    after = page_after(request)
    rows = rows.filter(pk__lt=after) if after is not None else rows
    found = list(rows.order_by("-pk")[:31])
    context = {
        "owner": owner,
        "rows": found[:30],
        "next": found[29].pk if len(found) > 30 else None,
        "disputes": queries.disputes_of([owner.pk])[:50],
        "open": queries.to_invoice(owner),
        "invoices": Invoice.objects.filter(provider=owner).select_related("organisation").order_by("-pk")[:30],
        "refused": refused,
    }
    return render(request, "support/charges.html", context, status=422 if refused else 200)


@login_required
def charge(request: HttpRequest, public_id: str) -> HttpResponse:
    """One charge, line by line; the owner adjusts and answers, the user objects."""
    party = party_for(request)
    one = queries.with_charge(queries.visible_charges(party)).filter(public_id=public_id).first()
    if one is None:
        raise Refused(Decision((Reason("charge.not_found"),)))
    manages = party.manages(one.order.provider_id)
    adjust = AdjustForm(request.POST if "adjust" in request.POST else None, prefix=None)
    objection = DisputeForm(request.POST if "dispute" in request.POST else None)
    answer = AnswerForm(request.POST if "answered" in request.POST else None)
    sent: list[Decision] = []
    try:
        if adjust.is_bound and adjust.is_valid():
            given = adjust.cleaned_data
            amount = minor(given["amount"], one.currency)
            adjust_charge(public_id, amount, given["ground"], party, by=by_page(request), at=timezone.now())
            messages.success(request, _("The adjustment is a charge of its own."))
            return redirect("charge", public_id)
        if objection.is_bound and objection.is_valid():
            open_dispute(public_id, objection.cleaned_data["text"], party, by=by_page(request), at=timezone.now())
            messages.success(request, _("The owner has your objection."))
            return redirect("charge", public_id)
        if answer.is_bound and answer.is_valid():
            given = answer.cleaned_data
            open_ = next((dispute for dispute in one.disputes.all() if dispute.upheld is None), None)
            answer_dispute(
                open_.public_id if open_ else "",
                upheld=given["upheld"] == "yes",
                answer=given["answer"],
                party=party,
                by=by_page(request),
                at=timezone.now(),
            )
            messages.success(request, _("Your answer is sent."))
            return redirect("charge", public_id)
    except Refused as refused:
        sent.append(refused.decision)
    context = {
        "charge": one,
        "manages": manages,
        "uses": party.belongs(one.order.organisation_id) or one.order.user_id == party.user_id,
        "adjust": adjust,
        "objection": objection,
        "answer": answer,
        "disputes": one.disputes.all(),
        "adjustments": one.adjustments.order_by("pk"),
        "refused": sent[0] if sent else None,
    }
    failed = bool(sent) or any(form.is_bound and form.errors for form in (adjust, objection, answer))
    return render(request, "support/charge.html", context, status=422 if failed else 200)


def _invoice(request: HttpRequest, public_id: str) -> Invoice:
    rows = queries.visible_invoices(party_for(request)).select_related("provider__city", "organisation__city")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("invoice.not_found"),)))
    return found


@login_required
def invoice(request: HttpRequest, public_id: str) -> HttpResponse:
    """One invoice with its charges."""
    one, party = _invoice(request, public_id), party_for(request)
    if request.method == "POST":
        mark_paid(public_id, party, by=by_page(request), at=timezone.now())
        messages.success(request, _("The payment is written down."))
        return redirect("invoice", public_id)
    lines = queries.lines_of(one)
    return render(
        request,
        "support/invoice.html",
        {"invoice": one, "lines": lines, "manages": party.manages(one.provider_id)},
    )


@login_required
def invoice_pdf(request: HttpRequest, public_id: str) -> HttpResponse:
    """The invoice as a PDF, in the reader's language."""
    one = _invoice(request, public_id)
    made = papers.as_pdf(one, list(queries.lines_of(one)), language=get_language() or "en")
    response = HttpResponse(made, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{one.public_id}.pdf"'
    return response


@login_required
def invoice_xlsx(request: HttpRequest, public_id: str) -> HttpResponse:
    """The invoice as a workbook."""
    one = _invoice(request, public_id)
    response = HttpResponse(papers.as_xlsx(one, list(queries.lines_of(one))), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{one.public_id}.xlsx"'
    return response


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


@login_required
def ledger(request: HttpRequest, public_id: str) -> HttpResponse:
    """An owner's postings as CSV, for the accountant: ``from`` and ``to`` are days."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_read_money(owner.pk, party))
    rows = queries.postings_of(owner, since=_day(request.GET.get("from", "")), until=_day(request.GET.get("to", "")))
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(("entry", "at", "what", "subject", "account", "kind", "currency", "amount", "ground"))
    for one in rows.iterator(chunk_size=2000):
        amount: Decimal = Money(one.account.currency, one.amount_minor).major
        out.writerow(
            (
                one.entry_id,
                one.entry.at.isoformat(),
                one.entry.what,
                one.entry.subject,
                one.account.key,
                one.account.kind,
                one.account.currency,
                amount,
                _plain(one.entry.ground),
            )
        )
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ledger-{owner.public_id}.csv"'
    return response


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
