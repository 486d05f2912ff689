"""What the parts of the API share."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from headwater.accounts.api import caller, scopes_of
from headwater.useroffice import facts, rules

router = Router(tags=["beamtime"])


Text = Annotated[str, Field(max_length=20_000)]


Key = Annotated[str, Field(max_length=40)]


class Body(Schema):
    """A request's body: nothing but what is named."""

    model_config = ConfigDict(extra="forbid")


class Done(Schema):
    """How many records a step touched."""

    number: int


class GroundIn(Body):
    ground: str = Field("", max_length=500, description="Passes a rule that may be passed.")


def desk_of_request(request: HttpRequest) -> rules.Desk:
    return facts.desk_of(request.user, token_scopes=scopes_of(request))


def acting(request: HttpRequest) -> dict[str, Any]:
    return {"desk": desk_of_request(request), "by": caller(request), "at": timezone.now()}
