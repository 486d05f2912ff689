"""The API of booking under schemathesis: what its description says is what it does, whatever is sent."""

from __future__ import annotations

from functools import cache

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.transport.wsgi import WSGI_TRANSPORT
from tests.booking.made import make_lab
from tests.factories import make_token

from headwater.site.api import api

pytestmark = pytest.mark.django_db

SCHEMA = schemathesis.openapi.from_dict(api.get_openapi_schema())
OURS = (
    r"^/api/v1/(bookings|series|wishes|calendar$|soonest|feeds|outages|courses)"
    r"|/instruments/\{public_id\}/(calendar|policy|start|stop|usage|utilisation|outages|courses|qualifications|interlock)"
)


@cache
def application():
    from headwater.site.wsgi import application

    return application


@pytest.fixture
def token():
    lab = make_lab(public_id="ins_1")
    lab.policy()
    return make_token(lab.manager, scopes=("read", "write"))[1]


@SCHEMA.include(path_regex=OURS).parametrize()
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=[*HealthCheck])
def test_every_answer_is_as_described(case, token):
    if "public_id" in case.path_parameters and "/instruments/" in case.path:
        case.path_parameters["public_id"] = "ins_1"
    answer = WSGI_TRANSPORT.send(case, app=application(), headers={"Authorization": f"Bearer {token}"})
    case.validate_response(answer, headers={"Authorization": f"Bearer {token}"})
