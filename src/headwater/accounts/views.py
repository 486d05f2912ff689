"""One's own account: who one is here, one's tokens, what one was told."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from headwater.accounts import actions, notices as words, queries
from headwater.accounts.actions import notices as telling
from headwater.accounts.audit import Actor
from headwater.accounts.forms import TokenForm

NOTICES_SHOWN = 50


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


@login_required
@never_cache
def notices(request: HttpRequest) -> HttpResponse:
    """What one was told, newest first, and the choice of what is mailed."""
    before = request.GET.get("before", "")
    rows = list(
        queries.notices_of(request.user, before=int(before) if before.isdecimal() and len(before) < 19 else None)[
            : NOTICES_SHOWN + 1
        ]
    )
    for row in rows:
        row.subject, row.sentence = words.in_words(row.code, row.facts)
    silent = queries.unmailed_topics(request.user)
    return render(
        request,
        "accounts/notices.html",
        {
            "rows": rows[:NOTICES_SHOWN],
            "next": rows[NOTICES_SHOWN - 1].pk if len(rows) > NOTICES_SHOWN else None,
            "topics": [(topic, label, topic not in silent) for topic, label in words.TOPICS.items()],
        },
    )


@login_required
@require_POST
def read_notices(request: HttpRequest) -> HttpResponse:
    """Mark all one's notices as read."""
    telling.mark_read(request.user, at=timezone.now())
    return redirect("notices")


@login_required
@require_POST
def choose_mails(request: HttpRequest) -> HttpResponse:
    """Keep which topics are mailed."""
    telling.choose_mails(request.user, request.POST.getlist("topic"))
    messages.success(request, _("Your choice is kept."))
    return redirect("notices")


@login_required
@never_cache
def follow_notice(request: HttpRequest, notice_id: int) -> HttpResponse:
    """Go where a notice of one's own leads to; it is read then."""
    notice = get_object_or_404(queries.notices_of(request.user), pk=notice_id)
    telling.mark_read(request.user, at=timezone.now(), only=[notice.pk])
    return redirect(notice.path)
