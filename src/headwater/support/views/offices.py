"""Pages of jurisdictions' officers: schemes, the queue, settlements; schemes are everybody's to read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.core.money import Money
from headwater.engines.terms import TermsError, read_terms
from headwater.support import queries, rules
from headwater.support.actions.imports import import_schemes
from headwater.support.actions.settlement import settle
from headwater.support.actions.terms import SchemeDraft, fund_budget, publish_scheme
from headwater.support.actions.vouchers import decide_voucher
from headwater.support.book import home_currency
from headwater.support.forms import BudgetForm, MonthForm, SchemeFileForm
from headwater.support.models import Scheme
from headwater.support.reading import month_of
from headwater.support.schemeforms import SchemeForm
from headwater.support.tryout import try_terms
from headwater.support.views.common import by_page, jurisdiction_or_refuse, minor, party_for


def schemes(request: HttpRequest) -> HttpResponse:
    """All schemes with what is in force today, and what counts where."""
    today = timezone.now().date()
    rows = []
    for one in queries.schemes():
        current = next(
            (
                version
                for version in one.versions.all()
                if version.valid_from <= today and (version.valid_to is None or version.valid_to >= today)
            ),
            None,
        )
        rows.append({"scheme": one, "current": current})
    party = party_for(request)
    return render(request, "support/schemes.html", {"rows": rows, "may_write": bool(party.offices)})


def _scheme(code: str) -> Scheme:
    found = queries.schemes().filter(code=code).first()
    if found is None:
        raise Refused(Decision((Reason("scheme.not_found", facts={"value": code}),)))
    return found


def scheme(request: HttpRequest, code: str) -> HttpResponse:
    """One scheme: its versions, and for officers its budgets."""
    one, party = _scheme(code), party_for(request)
    offices = [office for office in queries.offices_of(party) if office.pk in party.offices] if party.offices else []
    form = BudgetForm(request.POST or None, offices=offices, initial={"year": timezone.now().year})
    if request.method == "POST":
        permit(rules.may_write(party))
        if form.is_valid():
            given = form.cleaned_data
            currency = str(next(iter(one.versions.all())).terms["currency"])
            try:
                fund_budget(
                    one,
                    jurisdiction_or_refuse(given["payer"]),
                    given["year"],
                    Money(currency, minor(given["amount"], currency)),
                    party,
                    ground=given["ground"],
                    by=by_page(request),
                    at=timezone.now(),
                )
            except Refused as refused:
                form.refuse(refused.decision)
            else:
                messages.success(request, _("The budget is changed."))
                return redirect("scheme", code)
    seen = {office.pk for office in offices}
    budgets = [
        account
        for account in (queries.budgets_of(one) if party.offices or party.operator else ())
        if party.operator or account.jurisdiction_id in seen or one.jurisdiction_id in seen
    ]
    context = {
        "scheme": one,
        "versions": one.versions.all(),
        "budgets": budgets,
        "form": form if offices else None,
        "may_write": one.jurisdiction_id in party.offices,
        "by_voucher": any(version.terms.get("delivery") == "voucher" for version in one.versions.all()[:1]),
    }
    return render(request, "support/scheme.html", context, status=422 if form.errors else 200)


@login_required
def new_scheme(request: HttpRequest) -> HttpResponse:
    """Write a version of a scheme; try it on a year's orders first, then publish it."""
    party = party_for(request)
    offices = list(queries.offices_of(party)) if party.offices else []
    if not offices:
        raise Refused(Decision((Reason("office.not_yours"),)))
    initial: dict[str, Any] = {"currency": home_currency(), "valid_from": timezone.now().date()}
    if source := request.GET.get("from"):
        initial |= SchemeForm.initial_of(_scheme(source).versions.all()[0])
    form = SchemeForm(request.POST or None, offices=offices, initial=initial)
    tried = None
    if request.method == "POST" and form.is_valid():
        terms = form.terms()
        if not form.errors and "try" in request.POST:
            tried = _try(form, terms)
        elif not form.errors:
            try:
                version = publish_scheme(_draft(form, terms), party, by=by_page(request), at=timezone.now())
            except Refused as refused:
                form.refuse(refused.decision)
            else:
                messages.success(request, _("The version is published."))
                return redirect("scheme", version.scheme.code)
    context = {"form": form, "tried": tried, "file_form": SchemeFileForm()}
    return render(request, "support/scheme_form.html", context, status=422 if form.errors else 200)


def _draft(form: SchemeForm, terms: dict[str, Any]) -> SchemeDraft:
    given = form.cleaned_data
    names = ("code", "name_zh", "name_en", "valid_from", "valid_to", "article_zh", "article_en")
    more = {name: given[name] for name in (*names, "source_title", "source_url", "source_published")}
    return SchemeDraft(jurisdiction=jurisdiction_or_refuse(given["jurisdiction"]), terms=terms, **more)


def _try(form: SchemeForm, terms: dict[str, Any]) -> dict[str, Any] | None:
    given = form.cleaned_data
    try:
        read = read_terms(terms)
    except TermsError as error:
        form.refuse(error.decision)
        return None
    stored = Scheme.objects.filter(code=given["code"]).first()
    year = given["try_year"] or timezone.now().year - 1
    home = jurisdiction_or_refuse(given["jurisdiction"])
    found = try_terms(stored, given["code"], home, read, year)
    return {"found": found, "year": year, "currency": read.currency}


@login_required
def import_scheme_file(request: HttpRequest) -> HttpResponse:
    """Take a file of schemes in: all of it, or nothing and every fault with its line."""
    party = party_for(request)
    form = SchemeFileForm(request.POST or None, request.FILES or None)
    problems: list[str] = []
    if request.method == "POST" and form.is_valid():
        content = form.cleaned_data["file"].read(5 * 1024 * 1024)
        made, problems = import_schemes(content, party, by=by_page(request), at=timezone.now())
        if not problems:
            messages.success(request, _("%(count)s versions of schemes are published.") % {"count": made})
            return redirect("schemes")
    context = {"form": form, "problems": problems}
    return render(request, "support/scheme_import.html", context, status=422 if problems or form.errors else 200)


@login_required
def office(request: HttpRequest) -> HttpResponse:
    """What waits for an officer: applications for vouchers, claims, what is open between jurisdictions."""
    party = party_for(request)
    if not party.offices and not party.operator:
        raise Refused(Decision((Reason("office.not_yours"),)))
    refused = None
    if request.method == "POST":
        try:
            decide_voucher(
                request.POST.get("voucher", ""),
                issue="issue" in request.POST,
                ground=request.POST.get("ground", "")[:2000],
                party=party,
                by=by_page(request),
                at=timezone.now(),
            )
        except Refused as error:
            refused = error.decision
        else:
            messages.success(request, _("Your decision is written down."))
            return redirect("office")
    offices = list(queries.offices_of(party))
    keys = [one.pk for one in offices]
    context = {
        "offices": offices,
        "vouchers": queries.waiting_vouchers(keys)[:100],
        "claims": queries.waiting_claims(keys)[:100],
        "dues": queries.open_dues(party.offices or None),
        "refused": refused,
    }
    return render(request, "support/office.html", context, status=422 if refused else 200)


@login_required
def settlements(request: HttpRequest) -> HttpResponse:
    """Months that were settled, and the form to settle one."""
    party = party_for(request)
    if not party.offices and not party.operator:
        raise Refused(Decision((Reason("office.not_yours"),)))
    form = MonthForm(request.POST or None, initial={"currency": home_currency()})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            settle(month_of(given["month"]), given["currency"], party, by=by_page(request), at=timezone.now())
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("The month is settled."))
            return redirect("settlements")
    rows = queries.settlements()[:60]
    context = {"form": form, "rows": rows, "dues": queries.open_dues(None), "may_settle": bool(party.offices)}
    return render(request, "support/settlements.html", context, status=422 if form.errors else 200)
