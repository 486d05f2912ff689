"""Editing by page: nothing is lost on the way, refusals stand beside their fields, and only managers come in."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client
from tests.factories import make_instrument, make_member, make_organisation, make_region, make_technique, make_user

from headwater.accounts.models import AuditEntry
from headwater.registry.models import Instrument

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner():
    make_region()
    return make_organisation()


@pytest.fixture
def manager(owner):
    user = make_user()
    make_member(user, owner)
    return user


@pytest.fixture
def browser(manager):
    client = Client()
    client.force_login(manager)
    return client


def shown(answer):
    """The form's values as a browser would send them back."""
    form = answer.context["form"]
    values = {}
    for field in form:
        value = field.value()
        widget = field.field.widget
        if isinstance(value, (list, tuple)) and not hasattr(field.field, "choices"):
            value = field.field.prepare_value(value)
        rendered = value if isinstance(value, list) else widget.format_value(value)
        if rendered is None:
            rendered = ""
        values[field.name] = (
            rendered[0] if isinstance(rendered, list) and not widget.allow_multiple_selected else rendered
        )
    return values


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_saving_what_was_shown_changes_nothing(browser, manager, owner, language):
    one = make_instrument(
        owner=owner,
        techniques=(make_technique(parent=make_technique()), make_technique(parent=make_technique())),
        commissioned=date(2021, 6, 11),
        decommissioned=date(2024, 2, 29),
        value_minor=123456789,
        currency="CNY",
        measured_zh=["晶格常数", "应力"],
        measured_en=["lattice parameter"],
        lat=31.25,
        lon=121.5,
        location_accuracy="site",
        description_en="Line one\nline two",
        extra={"kept": 1},
        subjects=["physics"],
    )
    before = vars(Instrument.objects.get(pk=one.pk))
    headers = {"accept-language": language}
    manager.language = language
    manager.save()
    values = shown(browser.get(f"/instruments/{one.public_id}/edit/", headers=headers))
    answer = browser.post(f"/instruments/{one.public_id}/edit/", values, headers=headers)
    assert answer.status_code == 302, answer.context["form"].errors
    again = Instrument.objects.get(pk=one.pk)
    assert {**vars(again), "_state": None} == {**before, "_state": None}
    assert AuditEntry.objects.filter(subject=one.public_id).count() == 0
    assert (again.version, again.commissioned, again.value_minor, again.measured_zh) == (
        1,
        date(2021, 6, 11),
        123456789,
        ["晶格常数", "应力"],
    )


def test_manager_adds_an_instrument_by_form(browser, owner):
    technique = make_technique(parent=make_technique())
    values = shown(browser.get("/instruments/new/")) | {
        "owner": owner.public_id,
        "name_zh": "质谱仪",
        "techniques": [technique.code],
        "value": "2500000.5",
        "currency": "cny",
        "commissioned": "2023-04-05",
    }
    answer = browser.post("/instruments/new/", values, follow=True)
    made = Instrument.objects.get()
    assert answer.redirect_chain == [(f"/instruments/{made.public_id}/", 302)]
    assert (made.name_zh, made.value_minor, made.currency, made.commissioned) == (
        "质谱仪",
        250000050,
        "CNY",
        date(2023, 4, 5),
    )


def test_refusal_shows_every_reason_and_keeps_what_was_typed(browser, owner):
    values = shown(browser.get("/instruments/new/")) | {
        "owner": owner.public_id,
        "model": "Kept",
        "lat": "200",
        "lon": "5",
        "contact_email": "nobody",
    }
    answer = browser.post("/instruments/new/", values)
    assert answer.status_code == 422
    errors = {name: list(found) for name, found in answer.context["form"].errors.items()}
    assert set(errors) == {"name_en", "lat", "contact_email"}
    assert 'value="Kept"' in answer.content.decode()
    assert Instrument.objects.count() == 0


def test_stale_form_is_refused(browser, owner):
    one = make_instrument(owner=owner)
    values = shown(browser.get(f"/instruments/{one.public_id}/edit/"))
    Instrument.objects.filter(pk=one.pk).update(version=2)
    answer = browser.post(f"/instruments/{one.public_id}/edit/", values | {"model": "X"})
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == [
        (
            "Somebody changed this record while you worked on it (you read version 1, it is now 2). "
            "Look at the newer one and try again."
        )
    ]


@pytest.mark.parametrize(("visibility", "status"), [("public", 403), ("organisation", 404)])
def test_another_organisations_instrument_is_closed(browser, visibility, status):
    other = make_instrument(visibility=visibility)
    for path in ("edit", "history"):
        assert browser.get(f"/instruments/{other.public_id}/{path}/").status_code == status
    assert browser.post(f"/instruments/{other.public_id}/edit/", {"name_en": "Mine now"}).status_code == status
    assert Instrument.objects.get(pk=other.pk).version == 1


def test_stranger_is_asked_to_sign_in_and_brought_back():
    one = make_instrument()
    answer = Client().get(f"/instruments/{one.public_id}/edit/")
    assert (answer.status_code, answer["location"]) == (
        302,
        f"/accounts/login/?next=/instruments/{one.public_id}/edit/",
    )


def test_history_shows_who_changed_what(browser, manager, owner):
    one = make_instrument(owner=owner, model="Old")
    values = shown(browser.get(f"/instruments/{one.public_id}/edit/")) | {"model": "New"}
    browser.post(f"/instruments/{one.public_id}/edit/", values)
    page = browser.get(f"/instruments/{one.public_id}/history/").content.decode()
    assert "Old → New" in page
    assert str(manager) in page


def test_administrator_gives_a_role_by_page(owner):
    administrator, colleague = make_user(), make_user()
    make_member(administrator, owner, "administrator")
    client = Client()
    client.force_login(administrator)
    path = f"/organisations/{owner.public_id}/people/"
    assert client.post(path, {"email": colleague.email, "role": "manager"}).status_code == 302
    answer = client.post(path, {"email": "nobody@example.org", "role": "manager"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["email"] == [
        "Nobody with the address nobody@example.org has an account here. Ask them to sign up first."
    ]
    assert colleague.email in client.get(path).content.decode()


def test_managers_see_roles_but_do_not_give_them(browser, owner):
    answer = browser.post(f"/organisations/{owner.public_id}/people/", {"email": make_user().email, "role": "manager"})
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == [
        "Only administrators of the organisation may give roles in it."
    ]
