"""Pages of what is asked of people before they come: requirements, proofs, and what counts where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from headwater.core.decision import Decision, Reason, Refused, permit
from headwater.support import queries, rules
from headwater.support.actions.entry import (
    ProofDraft,
    RequirementDraft,
    end_requirement,
    grant_proof,
    require,
    revoke_proof,
)
from headwater.support.actions.terms import RecognitionDraft, publish_recognition
from headwater.support.forms import ProofForm, RecognitionForm, RequirementForm
from headwater.support.models import Requirement
from headwater.support.views.common import (
    by_page,
    jurisdiction_or_refuse,
    organisation_or_refuse,
    page_after,
    party_for,
)


def _sent(form: Any, work: Callable[[dict[str, Any]], Any]) -> bool:
    """Whether a form was sent and done; its refusal stands in it."""
    if not form.is_bound or not form.is_valid():
        return False
    try:
        work(form.cleaned_data)
    except Refused as refused:
        form.refuse(refused.decision)
        return False
    return True


@login_required
def entry(request: HttpRequest, public_id: str) -> HttpResponse:
    """What an owner asks of people before they come, and the courses and contracts that it has written down."""
    owner, party = organisation_or_refuse(public_id), party_for(request)
    permit(rules.may_read_money(owner.pk, party))
    asked = RequirementForm(request.POST if "require" in request.POST else None, prefix="ask")
    asked.offer_instruments(owner)
    proof = ProofForm(request.POST if "grant" in request.POST else None, prefix="proof")
    given: dict[str, Any] = {"party": party, "by": by_page(request), "at": timezone.now()}
    if _sent(asked, lambda data: require(owner, RequirementDraft(**data), **given)):
        messages.success(request, _("It is asked of everybody who books from now on."))
        return redirect("entry", public_id)
    if _sent(proof, lambda data: grant_proof(owner, ProofDraft(**data), **given)):
        messages.success(request, _("It is written down and counts from now on."))
        return redirect("entry", public_id)
    after = page_after(request)
    rows = queries.proofs_by(owner)
    found = list((rows.filter(pk__lt=after) if after is not None else rows)[:31])
    context = {
        "owner": owner,
        "requirements": queries.requirements_of(owner),
        "proofs": found[:30],
        "next": found[29].pk if len(found) > 30 else None,
        "asked": asked,
        "proof": proof,
    }
    return render(request, "support/entry.html", context, status=422 if asked.errors or proof.errors else 200)


@login_required
@require_POST
def end_entry(request: HttpRequest, public_id: str) -> HttpResponse:
    """Ask something no more."""
    row = Requirement.objects.select_related("owner").filter(public_id=public_id).first()
    if row is None:
        raise Refused(Decision((Reason("entry.not_found"),)))
    end_requirement(public_id, party_for(request), by=by_page(request), at=timezone.now())
    messages.success(request, _("It is asked no more."))
    return redirect("entry", row.owner.public_id)


@login_required
@require_POST
def revoke_entry(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a course or a contract back."""
    row = revoke_proof(public_id, party_for(request), by=by_page(request), at=timezone.now())
    messages.success(request, _("It is taken back and counts no more."))
    return redirect("entry", row.granted_by.public_id)


@login_required
def proofs(request: HttpRequest) -> HttpResponse:
    """One's own courses and one's organisations' contracts, and where each of them counts."""
    found = list(queries.proofs_of(party_for(request))[:100])
    rows = [{"proof": one, "elsewhere": where} for one, where in queries.where_they_count(found, timezone.now().date())]
    return render(request, "support/proofs.html", {"rows": rows})


def recognitions(request: HttpRequest) -> HttpResponse:
    """What counts where, and an officer's form for one more rule."""
    party = party_for(request)
    offices = list(queries.offices_of(party)) if party.offices else []
    form = None
    if offices:
        form = RecognitionForm(
            request.POST or None,
            offices=offices,
            others=queries.jurisdictions(),
            initial={"valid_from": timezone.now().date()},
        )
        if _sent(form, lambda data: _publish(request, data)):
            messages.success(request, _("The rule is published."))
            return redirect("recognitions")
    elif request.method == "POST":
        permit(rules.may_write(party) + Decision((Reason("office.not_yours"),)))
    context = {"rows": queries.recognitions(), "form": form}
    return render(request, "support/recognitions.html", context, status=422 if form and form.errors else 200)


def _publish(request: HttpRequest, data: dict[str, Any]) -> None:
    codes = tuple(one.strip() for one in data["codes"].replace("，", ",").split(",") if one.strip())
    homes = {name: jurisdiction_or_refuse(data[name]) for name in ("granted_in", "counts_in")}
    draft = RecognitionDraft(**{**data, **homes, "codes": codes})
    publish_recognition(draft, party_for(request), by=by_page(request), at=timezone.now())
