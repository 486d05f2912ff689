"""Searches that somebody keeps."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema, Status
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller
from headwater.catalogue.actions.saved import delete_search, save_search
from headwater.catalogue.api.shapes import SavedOut, saved_out
from headwater.catalogue.queries import searches_of
from headwater.core.decision import Decision, Reason, Refused
from headwater.registry.api.pages import viewer_for
from headwater.registry.api.shapes import PROBLEMS

router = Router(tags=["catalogue"])


class SearchIn(Schema):
    model_config = ConfigDict(extra="forbid")

    address: str = Field(
        description="What is asked, as the parameters of `/search`: `q=XRD&city=hefei`.", max_length=4000
    )
    name: str = Field(
        "", description="A name to know it by; made from the question where none is given.", max_length=500
    )


@router.get("/searches", response={200: list[SavedOut], **PROBLEMS}, summary="Your saved searches")
def list_searches(request: HttpRequest) -> Any:
    viewer = viewer_for(request)
    if viewer.user_id is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    return [saved_out(one) for one in searches_of(viewer.user_id)]


@router.post("/searches", response={201: SavedOut, **PROBLEMS}, summary="Save a search")
def post_search(request: HttpRequest, body: SearchIn) -> Any:
    viewer = viewer_for(request)
    made = save_search(body.address, body.name, viewer, by=caller(request), at=timezone.now())
    return Status(201, saved_out(searches_of(made.user_id).get(pk=made.pk)))


@router.delete("/searches/{public_id}", response={204: None, **PROBLEMS}, summary="Keep a search no longer")
def remove_search(request: HttpRequest, public_id: str) -> Any:
    viewer = viewer_for(request)
    if viewer.user_id is None:
        raise Refused(Decision((Reason("sign_in.needed"),)))
    delete_search(public_id, viewer, by=caller(request), at=timezone.now())
    return Status(204, None)
