"""A call's form: read, and published at once by a program."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from ninja import Schema
from pydantic import Field

from headwater.registry.api.shapes import PROBLEMS
from headwater.useroffice import edges
from headwater.useroffice.actions.callforms import publish_form
from headwater.useroffice.api.shapes import Body, acting, desk_of_request, router
from headwater.useroffice.callform.reads import keys_used
from headwater.useroffice.callform.work import named_keys
from headwater.useroffice.models import Call, FormVersion


class FormIn(Body):
    """A form in the order it is asked; an entry of kind `section` begins a part. An entry without a key gets one."""

    questions: list[dict[str, Any]] = Field(max_length=200)
    version: int | None = Field(None, description="The version you read; refused where another was published since.")


class FormOut(Schema):
    version: int
    published_at: datetime
    questions: list[dict[str, Any]]


def _form_out(form: FormVersion) -> dict[str, Any]:
    return {"version": form.number, "published_at": form.made_at, "questions": form.questions}


@router.get("/calls/{public_id}/form", response={200: FormOut, **PROBLEMS}, summary="Read a call's form")
def get_form(request: HttpRequest, public_id: str) -> Any:
    return _form_out(edges.seen_call(public_id, desk_of_request(request)).form)


@router.put("/calls/{public_id}/form", response={200: FormOut, **PROBLEMS}, summary="Publish a call's form")
def put_form(request: HttpRequest, public_id: str, body: FormIn) -> Any:
    """The next version: the call's drafts take it, what was submitted keeps its own."""
    facility = Call.objects.filter(public_id=public_id).values_list("facility", flat=True).first()
    entries = named_keys(body.questions, keys_used(facility) if facility else ())
    return _form_out(publish_form(public_id, entries, seen_number=body.version, **acting(request)))
