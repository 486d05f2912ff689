"""Pages of those who use instruments: the quote, orders, vouchers, claims, what a company says of itself."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.registry import queries as registry
from headwater.registry.facts import viewer_of
from headwater.registry.models import Instrument, SizeClass
from headwater.support import queries, rules
from headwater.support.actions.claims import add_document, decide_claim, submit_claim
from headwater.support.actions.orders import place_order
from headwater.support.actions.ownorders import cancel_own
from headwater.support.actions.terms import Declared, register
from headwater.support.actions.vouchers import apply_for_voucher
from headwater.support.book import terms_of
from headwater.support.facts import quote_for
from headwater.support.forms import (
    DocumentForm,
    QuoteForm,
    RegistrationForm,
    VerdictForm,
    VoucherForm,
)
from headwater.support.models import Claim, ClaimState, Order, SchemeVersion
from headwater.support.quotes import OrderWanted, requote, same_answer
from headwater.support.views.common import by_page, minor, organisation_or_refuse, page_after, party_for, zone_of


@login_required
def money_home(request: HttpRequest) -> HttpResponse:
    """Where somebody stands with money, by what she is: user, owner, officer."""
    party = party_for(request)
    orders = queries.with_order(queries.visible_orders(party).filter(user_id=request.user.pk)).order_by("-pk")[:10]
    return render(
        request,
        "support/home.html",
        {
            "party": party,
            "orders": orders,
            "companies": queries.companies_of(party),
            "owners": queries.owners_of(party),
            "offices": queries.offices_of(party) if party.offices or party.operator else (),
        },
    )


def _instrument(request: HttpRequest, public_id: str) -> Instrument:
    rows = registry.with_all(registry.visible_instruments(viewer_of(request.user)))
    found = rows.select_related("owner__city__jurisdiction").filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("instrument.not_found"),)))
    return found


def instrument_quote(request: HttpRequest, public_id: str) -> HttpResponse:
    """What an instrument costs somebody, and what each scheme says; a service is ordered here too."""
    instrument, party = _instrument(request, public_id), party_for(request)
    companies = list(queries.companies_of(party))
    given = request.POST or request.GET
    if not given:  # whoever comes in sees what an hour costs, and goes on from there
        given = {"organisation": companies[0].public_id if companies else "", "hours": "1", "purpose": "development"}
    asked = any(given.get(name) for name in ("starts", "hours", "samples", "setups"))
    form = QuoteForm(
        given if asked else None,
        organisations=companies,
        zone=zone_of(instrument),
        initial={"organisation": companies[0].public_id if companies else "", "purpose": "development"},
    )
    quoted = None
    if asked and form.is_valid():
        wanted = _wanted(form.cleaned_data, instrument, companies)
        quoted = quote_for(wanted)
        if request.method == "POST":
            permit(rules.may_write(party))
            try:
                expected = int(request.POST.get("expected", "") or quoted.quote.pays_now_minor)
                order = place_order(wanted, party, expected_minor=expected, by=by_page(request), at=timezone.now())
            except (Refused, ValueError) as error:
                form.refuse(
                    error.decision if isinstance(error, Refused) else Decision((Reason("order.price_changed"),))
                )
            else:
                messages.success(request, _("The money for your order is reserved."))
                return redirect("order", order.public_id)
    context = {"form": form, "instrument": instrument, "quoted": quoted, "offers": _offers(quoted), "party": party}
    context |= _steps(quoted, form.cleaned_data if quoted else {})
    template = "support/_quote.html" if request.headers.get("HX-Request") == "true" else "support/quote.html"
    return render(request, template, context, status=422 if form.errors else 200)


def _wanted(given: dict[str, Any], instrument: Instrument, companies: list[Any]) -> OrderWanted:
    organisation = next((one for one in companies if one.public_id == given["organisation"]), None)
    starts = given["starts"]
    return OrderWanted(
        provider=instrument.owner,
        instrument=instrument,
        organisation=organisation,
        day=starts.date() if starts else timezone.now().astimezone(zone_of(instrument)).date(),
        starts=starts,
        ends=given["ends"],
        hours=given["hours"],
        samples=given["samples"],
        setups=given["setups"],
        purpose=given["purpose"],
    )


def _steps(quoted: Any, given: dict[str, Any]) -> dict[str, Any]:
    """What she can do next: register what schemes ask for, apply for a voucher, take the time."""
    if quoted is None:
        return {}
    reasons = [one for offer in quoted.quote.offers for one in offer.decision.reasons]
    unknown = any(
        one.code == "terms.fact_unknown" and str(one.facts.get("fact", "")).startswith("user.") for one in reasons
    )
    starts, ends = given["starts"], given["ends"]
    return {
        "register": given["organisation"] if unknown else "",
        "apply": any(one.code == "scheme.voucher_missing" for one in reasons),
        "span": urlencode({"start": starts.isoformat(), "end": ends.isoformat()}) if starts else "",
    }


def _offers(quoted: Any) -> list[dict[str, Any]]:
    """Each scheme's word, with its version for the source and the mark."""
    if quoted is None:
        return []
    return [{"offer": one, "version": quoted.versions[one.scheme]} for one in quoted.quote.offers]


# Orders ---------------------------------------------------------------------------------------------------------
@login_required
def orders(request: HttpRequest) -> HttpResponse:
    """The orders somebody may see, newest first."""
    rows = queries.with_order(queries.visible_orders(party_for(request)))
    after = page_after(request)
    rows = rows.filter(pk__lt=after) if after is not None else rows
    found = list(rows.order_by("-pk")[:31])
    return render(
        request, "support/orders.html", {"rows": found[:30], "next": found[29].pk if len(found) > 30 else None}
    )


def _order(request: HttpRequest, public_id: str) -> Order:
    found = queries.with_order(queries.visible_orders(party_for(request))).filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("order.not_found"),)))
    return found


@login_required
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """One order: where it stands, the decision with its rules, the same made again, its money in the ledger."""
    one, party = _order(request, public_id), party_for(request)
    keys = [row["version"] for row in one.quote["schemes"]]
    versions = {
        row.pk: row
        for row in SchemeVersion.objects.select_related("scheme__jurisdiction", "source").filter(pk__in=keys)
    }
    again = requote(one.quote, versions, one.rate_table)
    by_code = {row.scheme.code: row for row in versions.values()}
    subjects = [one.public_id, *(charge.public_id for charge in one.charges.all())]
    subjects += [support.claim.public_id for support in one.supports.all() if hasattr(support, "claim")]
    may_cancel = one.state == "reserved" and one.subject == one.public_id and not party.operator
    return render(
        request,
        "support/order.html",
        {
            "order": one,
            "offers": [{"offer": row, "version": by_code[row.scheme]} for row in again.offers],
            "said": again,
            "same": same_answer(again, one.quote["quote"]),
            "facts": sorted(one.quote["facts"].items()),
            "entries": queries.entries_of(subjects),
            "may_cancel": may_cancel,
            "party": party,
        },
    )


@login_required
@require_POST
def cancel_order(request: HttpRequest, public_id: str) -> HttpResponse:
    cancel_own(public_id, party_for(request), by=by_page(request), at=timezone.now())
    messages.success(request, _("The order is cancelled; what was reserved went back."))
    return redirect("order", public_id)


# Vouchers -------------------------------------------------------------------------------------------------------
@login_required
def vouchers(request: HttpRequest) -> HttpResponse:
    """One's organisations' vouchers, and a form to apply for one."""
    party = party_for(request)
    companies = list(queries.companies_of(party))
    schemes = {
        one.scheme.code: one.scheme
        for one in queries.in_force(timezone.now().date())
        if terms_of(one).delivery == "voucher"
    }
    form = VoucherForm(
        request.POST or None,
        organisations=companies,
        schemes=schemes.values(),
        initial={"scheme": request.GET.get("scheme", "")},
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        organisation = next(one for one in companies if one.public_id == given["organisation"])
        try:
            apply_for_voucher(
                given["scheme"],
                organisation,
                minor(given["amount"]),
                given["purpose"],
                party,
                by=by_page(request),
                at=timezone.now(),
            )
        except Refused as refused:
            form.refuse(refused.decision)
        else:
            messages.success(request, _("Your application is with the officers."))
            return redirect("vouchers")
    rows = queries.with_voucher(queries.visible_vouchers(party).filter(organisation__in=companies))
    context = {"form": form, "rows": rows.order_by("-pk")[:100], "companies": companies}
    return render(request, "support/vouchers.html", context, status=422 if form.errors else 200)


@login_required
def registration(request: HttpRequest, public_id: str) -> HttpResponse:
    """What an organisation declares of itself: what schemes ask for."""
    organisation, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_register(organisation.pk, party))
    known = getattr(organisation, "registration", None)
    initial: dict[str, Any] = {"size_class": organisation.size_class}
    if known is not None:
        high_tech = {True: "yes", False: "no", None: ""}[known.high_tech]
        initial = {name: getattr(known, name) for name in ("size_class", "sectors", "founded", "valid_to")}
        initial["high_tech"] = high_tech
    form = RegistrationForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        declared = Declared(
            given["size_class"],
            {"yes": True, "no": False, "": None}[given["high_tech"]],
            tuple(given["sectors"]),
            given["founded"],
            given["valid_to"],
        )
        register(organisation, declared, party, by=by_page(request), at=timezone.now())
        messages.success(request, _("What schemes look at is kept."))
        return redirect("registration", public_id)
    context = {"form": form, "organisation": organisation, "sizes": SizeClass.choices}
    return render(request, "support/registration.html", context, status=422 if form.errors else 200)


# Claims ---------------------------------------------------------------------------------------------------------
@login_required
def claims(request: HttpRequest) -> HttpResponse:
    """One's organisations' claims, and where each stands."""
    party = party_for(request)
    rows = queries.with_claim(Claim.objects.filter(organisation_id__in=list(party.memberships)))
    after = page_after(request)
    rows = rows.filter(pk__lt=after) if after is not None else rows
    found = list(rows.order_by("-pk")[:31])
    return render(
        request, "support/claims.html", {"rows": found[:30], "next": found[29].pk if len(found) > 30 else None}
    )


def _claim(request: HttpRequest, public_id: str) -> Claim:
    found = queries.with_claim(queries.visible_claims(party_for(request))).filter(public_id=public_id).first()
    if found is None:
        raise Refused(Decision((Reason("claim.not_found"),)))
    return found


@login_required
def claim(request: HttpRequest, public_id: str) -> HttpResponse:
    """One claim: its documents, where it stands, and for officers the decision."""
    one, party = _claim(request, public_id), party_for(request)
    files = request.FILES if request.method == "POST" and "file" in request.FILES else None
    document = DocumentForm(request.POST if files is not None or "kind" in request.POST else None, files)
    verdict = VerdictForm(request.POST if "verdict" in request.POST else None)
    sent: list[Decision] = []
    if request.method == "POST":
        try:
            if document.is_bound and document.is_valid():
                _add(request, one, document, party)
                return redirect("claim", public_id)
            if verdict.is_bound and verdict.is_valid():
                given = verdict.cleaned_data
                decide_claim(
                    public_id, given["verdict"], given["ground"], party, by=by_page(request), at=timezone.now()
                )
                messages.success(request, _("Your decision is written down."))
                return redirect("claim", public_id)
            if "submit" in request.POST:
                submit_claim(public_id, party, by=by_page(request), at=timezone.now())
                messages.success(request, _("The claim is handed in."))
                return redirect("claim", public_id)
        except Refused as refused:
            sent.append(refused.decision)
    terms = terms_of(one.support.version)
    papers = list(one.documents.order_by("pk"))
    open_ = one.state in (ClaimState.DRAFT, ClaimState.RETURNED)
    context = {
        "claim": one,
        "terms": terms,
        "documents": papers,
        "missing": [kind for kind in terms.documents if kind not in {paper.kind for paper in papers}],
        "steps": one.steps.select_related("by").order_by("pk"),
        "document": document,
        "verdict": verdict,
        "refused": sent[0] if sent else None,
        "may_change": open_ and party.belongs(one.organisation_id),
        "may_decide": one.state in (ClaimState.SUBMITTED, ClaimState.SECOND) and one.office_id in party.offices,
    }
    failed = bool(sent) or (document.is_bound and document.errors) or (verdict.is_bound and verdict.errors)
    return render(request, "support/claim.html", context, status=422 if failed else 200)


def _add(request: HttpRequest, one: Claim, form: DocumentForm, party: rules.Party) -> None:
    file = form.cleaned_data["file"]
    content = file.read(rules.MOST_DOCUMENT_BYTES + 1)
    add_document(
        one.public_id,
        form.cleaned_data["kind"],
        file.name,
        content,
        party,
        by=by_page(request),
        at=timezone.now(),
    )
    messages.success(request, _("The document is added."))


@login_required
def claim_document(request: HttpRequest, public_id: str, number: int) -> FileResponse:
    """A claim's paper, for those who may see the claim; always as a file, never shown in the page."""
    papers = list(_claim(request, public_id).documents.order_by("pk"))
    if not 1 <= number <= len(papers):
        raise Refused(Decision((Reason("claim.not_found"),)))
    paper = papers[number - 1]
    return FileResponse(paper.file.open("rb"), as_attachment=True, filename=paper.name)
