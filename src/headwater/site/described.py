"""The API's description: for every operation what it really answers, errors among it, and how one signs in."""

from __future__ import annotations

from http.client import responses as phrases
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from headwater.accounts.api import PROBLEM

BEARER = {"type": "http", "scheme": "bearer", "description": "A token from your account page."}
SHAPE = {"schema": {"$ref": "#/components/schemas/Problem"}}
ERRORS = 400


class DescribedAPI(NinjaAPI):
    """An API whose errors are described as they are sent: RFC 9457 problem documents, under their own media type."""

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:
        found = super().get_openapi_schema(**given)
        for path in found["paths"].values():
            for method, operation in path.items():
                _errors(method, operation)
                # What is public needs no token; a wrong one is refused everywhere.
                operation["security"] = [{}, {"bearer": []}]
        found["components"]["securitySchemes"] = {"bearer": BEARER}
        return found


def _errors(method: str, operation: dict[str, Any]) -> None:
    """What the operation itself names, and what any of its kind may answer."""
    told = {401}
    if operation["parameters"] or "requestBody" in operation:
        told.add(422)
    if "requestBody" in operation:
        told.add(400)
    if method != "get":
        told.add(403)
    if any(one["in"] == "path" for one in operation["parameters"]):
        told.add(404)
    responses = operation["responses"]
    told |= {status for status in responses if status >= ERRORS}
    for status in sorted(told):
        responses[status] = {"description": phrases[status], "content": {PROBLEM: SHAPE}}
