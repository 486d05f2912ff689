"""The one page that shows a form."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from headwater.useroffice import facts, rules


def desk_for(request: HttpRequest) -> rules.Desk:
    return facts.desk_of(request.user)


def form_page(
    request: HttpRequest, form: Any, *, title: object, back: str, back_title: object, submit: object, **more: Any
) -> HttpResponse:
    """A form under its title, with the way back."""
    context = {"form": form, "title": title, "back": back, "back_title": back_title, "submit": submit, **more}
    return render(request, "useroffice/form.html", context, status=422 if form.errors else 200)


def call_form_page(request: HttpRequest, form: object, call: object, title: object, submit: object) -> HttpResponse:
    back = reverse("call_desk", args=[call.public_id])  # type: ignore[attr-defined]
    return form_page(request, form, title=title, back=back, back_title=call, submit=submit)
