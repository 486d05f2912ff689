"""The API of booking under schemathesis: what its description says is what it does, whatever is sent."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from tests.booking.made import make_lab
from tests.factories import make_token

from headwater.site.api import api

pytestmark = pytest.mark.django_db

OURS = (
    r"^/api/v1/(bookings|series|wishes|calendar$|soonest|feeds|outages|courses|terminals|groups)"
    r"|/organisations/\{public_id\}/groups"
    r"|/instruments/\{public_id\}/(calendar|limits|policy|start|stop|usage|utilisation|outages|courses|qualifications|interlock|terminals)"
)
# What no schema can say (it ends before it starts, nobody has this address) is refused with 422 and its reasons.
ACCEPTED = ["2xx", "401", "403", "404", "409", "422"]
CONFIG = schemathesis.Config.from_dict(
    {
        "seed": 4,
        "generation": {"deterministic": True, "max-examples": 5},
        "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
    }
)
SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema(), config=CONFIG).include(path_regex=OURS)


@cache
def application() -> WSGIHandler:
    return WSGIHandler()


@pytest.fixture
def token() -> Iterator[str]:
    # Outside of Django's own client a request would close the test's connection.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    lab = make_lab(public_id="ins_1")
    lab.policy()
    yield make_token(lab.manager, scopes=("read", "write"))[1]
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@SCHEMA.parametrize()
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[*HealthCheck])
def test_every_answer_is_as_described(case, token):
    headers = {"Authorization": f"Bearer {token}"}
    if "/instruments/" in case.path and case.path_parameters:
        case.path_parameters["public_id"] = "ins_1"
    case.call_and_validate(app=application(), headers=headers)
