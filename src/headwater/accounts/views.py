"""One's own account: who one is here, one's tokens."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import actions, queries
from headwater.accounts.audit import Actor
from headwater.accounts.forms import TokenForm


@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """The account page; a token just made is shown on it once."""
    form = TokenForm(request.POST if request.method == "POST" else None)
    key = None
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        _token, key = actions.make_token(
            request.user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=now + timedelta(days=form.cleaned_data["days"]),
            by=Actor(request.user, "page"),
            at=now,
        )
        form = TokenForm()
    return render(
        request,
        "accounts/account.html",
        {"form": form, "key": key, "tokens": queries.tokens_of(request.user), "roles": request.user.grants.all()},
    )


@login_required
@require_POST
def revoke_token(request: HttpRequest, token_id: int) -> HttpResponse:
    """Revoke one of one's own tokens."""
    actions.revoke_token(request.user, token_id, by=Actor(request.user, "page"), at=timezone.now())
    messages.success(request, _("The token is revoked."))
    return redirect("account")
