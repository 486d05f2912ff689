"""Every page, once in English and once in Chinese; what a list costs; what a refused page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import caches
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation
from django.utils.translation import gettext
from tests.factories import (
    make_city,
    make_facility,
    make_figure,
    make_instrument,
    make_jurisdiction,
    make_member,
    make_operator,
    make_organisation,
    make_region,
    make_source,
    make_technique,
    make_user,
    make_zone,
)
from tests.support import pages as money

from headwater.catalogue import vocabulary
from headwater.core.decision import Decision, Reason, Refused
from headwater.partnering import urls as partnering
from headwater.site.middleware import RefusalMiddleware
from headwater.useroffice import urls as useroffice_urls

pytestmark = pytest.mark.django_db
CHROME = ("Skip to the content", "Parks and corridors", "Facilities", "Techniques", "Sign out")


@pytest.fixture
def record() -> dict[str, str]:
    """One record of each kind, and what addresses call it."""
    region = make_region()
    source = make_source(key="a-source")
    city = make_city(code="a-city", source=source, population=5_000_000, area_km2=6340.5)
    organisation = make_organisation(public_id="org_1", city=city)
    facility = make_facility(public_id="fac_1", operator=organisation)
    group = make_technique(code="group")
    technique = make_technique(code="leaf", parent=group, synonyms_en=["XRD"], synonyms_zh=["衍射"])
    instrument = make_instrument(public_id="ins_1", owner=organisation, facility=facility, techniques=(technique,))
    make_zone(city, code="a-zone")
    make_figure(sources=[source])
    return {"region": region.code, "instrument": instrument.public_id}


PAGES = {
    "home": "/",
    "instruments": "/instruments/",
    "instrument": "/instruments/ins_1/",
    "instrument_history": "/instruments/ins_1/history/",
    "edit_instrument": "/instruments/ins_1/edit/",
    "new_instrument": "/instruments/new/",
    "new_import": "/instruments/import/",
    "organisations": "/organisations/",
    "organisation": "/organisations/org_1/",
    "organisation_people": "/organisations/org_1/people/",
    "facilities": "/facilities/",
    "facility": "/facilities/fac_1/",
    "cities": "/cities/",
    "city": "/cities/a-city/",
    "zones": "/zones/",
    "zone": "/zones/a-zone/",
    "techniques": "/techniques/",
    "figures": "/figures/",
    "source": "/sources/a-source/",
    "account": "/account/",
    "instrument_calendar": "/instruments/ins_1/calendar/",
    "book": "/instruments/ins_1/book/",
    "join_waiting": "/instruments/ins_1/wait/",
    "instrument_rules": "/instruments/ins_1/rules/",
    "instrument_outages": "/instruments/ins_1/outages/",
    "instrument_training": "/instruments/ins_1/training/",
    "instrument_use": "/instruments/ins_1/use/",
    "kiosk": "/instruments/ins_1/kiosk/",
    "instrument_terminals": "/instruments/ins_1/terminals/",
    "my_pass": "/bookings/pass/",
    "owner_groups": "/organisations/org_1/groups/",
    "bookings": "/bookings/",
    "approvals": "/bookings/approvals/",
    "compare": "/instruments/compare/?pick=ins_1",
    "instrument_reach": "/instruments/ins_1/reach/",
    "reach": "/reach/",
    "saved_searches": "/searches/",
    "observatory": "/observatory/",
    "observatory_indicators": "/observatory/indicators/",
    "observatory_indicator": "/observatory/indicators/facilities-by-status/",
    "observatory_clusters": "/observatory/clusters/",
    "observatory_flows": "/observatory/flows/",
    "observatory_reach": "/observatory/reach/",
    "observatory_reports": "/observatory/reports/",
    "observatory_data": "/observatory/data/",
    "notices": "/account/notices/",
}
# Addresses that show no page of their own: files, programs' answers, and forms that are only sent.
NO_PAGE = {
    *money.FILES,
    "instrument_pidinst",
    "export_instruments",
    "import_rejects",
    "take_import",
    "revoke_token",
    "found_table",
    "delete_search",
    "observatory_indicators_csv",
    "observatory_data_file",
    "observatory_new_clusters",
    "observatory_new_report",
    "observatory_new_snapshot",
    "observatory_report_file",
    "read_notices",
    "choose_mails",
    "follow_notice",
    "api_docs",
    "healthz",
    "readyz",
    "metrics",
    "book_decision",
    "take_back",
    "freebusy",
    "end_outage",
    "make_feed",
    "revoke_feed",
    "move_booking",
    "cancel_booking",
    "hand_booking",
    "take_booking",
    "decide_booking",
    "leave_waiting",
    "revoke_terminal",
    "leave_group",
    "end_group",
    "feed",
}
# Reached only after something was made; their own tests show them.
ELSEWHERE = {
    "import_run",
    "group",
    "booking",
    "course",
    "terminal",
    "observatory_report",
    "observatory_tried_clusters",
    *money.PAGES,
}
# Partnering looks at its own pages, in tests/partnering/test_pages.py.
ELSEWHERE |= {one.name for one in partnering.urlpatterns}
ELSEWHERE |= {one.name for one in useroffice_urls.urlpatterns}
SIGN_IN_PAGES = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/inactive/",
    "/accounts/confirm-email/",
]
OWN_PAGES = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
]


def names_of(patterns: list[Any]) -> set[str]:
    found = set()
    for one in patterns:
        if isinstance(one, URLResolver):
            module = getattr(one.urlconf_name, "__name__", "")
            if not module.startswith("allauth") and one.namespace != "api":
                found |= names_of(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name:
            found.add(one.name)
    return found


def test_every_page_of_ours_is_looked_at():
    assert names_of(get_resolver().url_patterns) == set(PAGES) | NO_PAGE | ELSEWHERE


def text_of(page: Any) -> str:
    """What a reader reads of a page."""
    html = re.sub(r"<(script|style)\b.*?</\1>", " ", page.content.decode(), flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", html))


def check_language(page: Any, language: str) -> None:
    assert page.status_code == 200
    assert re.search(r'<html lang="([^"]+)">', page.content.decode())[1] == language
    with translation.override("zh-hans"):
        chinese = {word: gettext(word) for word in CHROME}
    assert [word for word, said in chinese.items() if word == said] == []
    shown = text_of(page)
    right, wrong = (chinese.values(), chinese) if language == "zh-Hans" else (chinese, chinese.values())
    title = re.search(r"<title>(.*?)</title>", page.content.decode(), re.DOTALL)[1]
    assert title.strip().removesuffix("· Headwater").strip()
    assert [word for word in right if word not in shown] == []
    assert [
        word
        for word in wrong
        if re.search(rf"(?<!\w){re.escape(str(word))}(?!\w)", shown) and not _is_data(str(word), shown)
    ] == []


def _is_data(word: str, shown: str) -> bool:
    """Whether the word stands only where a name of a record is shown in its other language."""
    return re.search(rf"{re.escape(word)} \d", shown) is not None


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("name", PAGES)
def test_page_is_whole_in_either_language(client, record, name, language):
    user = make_operator(language=language.lower())
    client.force_login(user)
    check_language(client.get(PAGES[name]), language)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("path", SIGN_IN_PAGES)
def test_sign_in_page_is_in_either_language(path, language):
    page = Client(HTTP_ACCEPT_LANGUAGE=language).get(path)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.content.decode()
    heading = re.search(r"<h1>(.*?)</h1>", page.content.decode(), re.DOTALL)[1]
    assert bool(re.search("[\u4e00-\u9fff]", heading)) is (language == "zh-Hans")


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
@pytest.mark.parametrize("path", OWN_PAGES)
def test_page_of_one_s_sign_in_is_in_either_language(client, path, language):
    client.force_login(make_user(language=language.lower()))
    check_language(client.get(path), language)


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_missing_page_is_in_either_language(language):
    page = Client(HTTP_ACCEPT_LANGUAGE=language).get("/instruments/none/")
    assert page.status_code == 404
    assert f'<html lang="{language}">' in page.content.decode()
    assert bool(re.search("<h1>[\u4e00-\u9fff]+</h1>", page.content.decode())) is (language == "zh-Hans")


def test_home_before_a_region_says_how_to_load_one(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "<pre>headwater load region yrd</pre>" in page.content.decode()


def test_fragment_and_page_show_the_same_list(client, record):
    whole, part = (
        client.get("/instruments/", headers=headers).content.decode() for headers in ({}, {"HX-Request": "true"})
    )
    assert "<html" not in part
    assert part.strip() in whole
    assert 'href="/instruments/ins_1/"' in part


# Lists ----------------------------------------------------------------------------------------------------------
def instruments(count: int) -> None:
    for _ in range(count):
        facility = make_facility()
        leaves = (make_technique(parent=make_technique()), make_technique(parent=make_technique()))
        make_instrument(owner=facility.operator, facility=facility, techniques=leaves, source=make_source())


def organisations(count: int) -> None:
    for _ in range(count):
        make_organisation(source=make_source())


def facilities(count: int) -> None:
    for _ in range(count):
        make_facility(source=make_source())


def cities(count: int) -> None:
    for _ in range(count):
        make_city(population=1, population_source=make_source(), area_km2=1.0, area_source=make_source())


def zones(count: int) -> None:
    for _ in range(count):
        make_zone(make_city(), make_city(), source=make_source())


def techniques(count: int) -> None:
    for _ in range(count):
        make_technique(parent=make_technique())


def figures(count: int) -> None:
    for _ in range(count):
        make_figure(sources=[make_source(), make_source()])


def jurisdictions(count: int) -> None:
    for _ in range(count):
        make_jurisdiction(parent=make_jurisdiction())


LISTS: list[tuple[str, Callable[[int], None], int]] = [
    ("/instruments/", instruments, 12),
    ("/instruments/?q=instrument&view=map", instruments, 12),
    ("/api/v1/search?q=instrument", instruments, 10),
    ("/organisations/", organisations, 2),
    ("/facilities/", facilities, 1),
    ("/cities/", cities, 2),
    ("/zones/", zones, 2),
    ("/techniques/", techniques, 2),
    ("/figures/", figures, 9),
    ("/api/v1/instruments", instruments, 3),
    ("/api/v1/organisations", organisations, 2),
    ("/api/v1/facilities", facilities, 1),
    ("/api/v1/jurisdictions", jurisdictions, 1),
    ("/api/v1/cities", cities, 1),
    ("/api/v1/zones", zones, 2),
    ("/api/v1/techniques", techniques, 1),
    ("/api/v1/figures", figures, 2),
]


@pytest.mark.parametrize(("path", "make", "queries"), LISTS, ids=[path for path, _make, _queries in LISTS])
def test_list_costs_the_same_with_one_and_with_twenty_rows(client, path, make, queries):
    make_region()
    make(1)
    counted = []
    for more in (0, 19):
        make(more)
        vocabulary.forget()
        client.get(path)  # what is read once a process
        caches["local"].clear()
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
        assert answer.status_code == 200
        counted.append(len(asked))
    assert counted == [queries, queries]


# Refusals -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_refused_page_shows_every_reason(language):
    request = RequestFactory().get("/somewhere/")
    request.user, request.htmx, request.LANGUAGE_CODE = make_user(), False, language
    request.resolver_match = get_resolver().resolve("/instruments/")
    decision = Decision(
        (
            Reason("organisation.not_yours"),
            Reason("token.too_many", facts={"have": 20}),
            Reason("organisation.last_administrator"),
        )
    )
    with translation.override(language):
        answer = RefusalMiddleware(lambda _request: None).process_exception(request, Refused(decision))
    shown = re.findall(r"<li>(.*?)</li>", re.search(r'role="alert">(.*?)</div>', answer.content.decode(), re.DOTALL)[1])
    assert answer.status_code == 403
    assert len(shown) == 3
    assert [bool(re.search("[\u4e00-\u9fff]", one)) for one in shown] == [language == "zh-hans"] * 3
    assert "20" in shown[1]


def test_other_failure_is_not_taken_for_a_refusal():
    assert RefusalMiddleware(lambda _request: None).process_exception(RequestFactory().get("/"), KeyError("x")) is None


def test_refusal_on_a_lost_sign_in_leads_to_the_sign_in_page(client):
    request = RequestFactory().get("/instruments/?city=x")
    middleware = RefusalMiddleware(lambda _request: None)
    found = {}
    for htmx in (False, True):
        request.user, request.htmx = AnonymousUser(), htmx
        answer = middleware.process_exception(request, Refused(Decision((Reason("sign_in.needed"),))))
        found[htmx] = (answer.status_code, answer.get("Location"), answer.get("HX-Redirect"))
    to = "/accounts/login/?next=%2Finstruments%2F%3Fcity%3Dx"
    assert found == {False: (302, to, None), True: (200, None, to)}


def test_form_that_is_refused_shows_every_reason_beside_its_field(client, record):
    user, organisation = make_user(), make_organisation(public_id="org_2")
    make_member(user, organisation)
    client.force_login(user)
    wanted = {
        "owner": "org_2",
        "access": "booking",
        "visibility": "public",
        "status": "operating",
        "value": "-3",
        "currency": "CNY",
        "lat": "95",
        "lon": "2",
        "contact_email": "nobody",
    }
    page = client.post("/instruments/new/", wanted)
    assert page.status_code == 422
    assert {name: list(errors) for name, errors in page.context["form"].errors.items()} == {
        "name_en": ["The instrument has no name. Give it one in Chinese or English."],
        "value": ["The value is negative. Give what the instrument cost."],
        "lat": ["Latitude 95.0, longitude 2.0 is not on the earth. Are they swapped?"],
        "contact_email": ["“nobody” is not an e-mail address."],
    }
    top = re.search(r'role="alert">(.*?)</div>', page.content.decode(), re.DOTALL)[1]
    assert re.findall(r'href="#(\w+)"', top) == ["id_name_en", "id_value", "id_lat", "id_contact_email"]
    assert organisation.instruments.count() == 0


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_date_in_a_form_is_written_as_browsers_read_it(client, language):
    made = make_instrument(commissioned=date(2020, 8, 9))
    client.force_login(make_operator(language=language))
    page = client.get(f"/instruments/{made.public_id}/edit/").content.decode()
    field = re.search(r'<input type="date" name="commissioned"[^>]*>', page)[0]
    assert 'value="2020-08-09"' in field


@pytest.mark.parametrize("amount", ["9" * 40, "1e30"])
def test_amount_beyond_all_measure_is_refused_not_failed_on(client, amount):
    user, organisation = make_user(), make_organisation()
    make_member(user, organisation)
    client.force_login(user)
    wanted = {
        "owner": organisation.public_id,
        "name_en": "Balance",
        "access": "booking",
        "visibility": "public",
        "status": "operating",
        "value": amount,
        "currency": "CNY",
    }
    assert client.post("/instruments/new/", wanted).status_code == 422
    assert organisation.instruments.count() == 0
