"""A call's form in a real browser: the office writes a condition, and questions come and go as a proposer answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.e2e.windows import Site, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.django_db]


@pytest.fixture(scope="module")
def call(site: Site, django_db_blocker: Any) -> Iterator[str]:
    """The address of a call that is open; its office is signed in as the others are."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone
    from tests import factories

    from headwater.accounts import actions as accounts
    from headwater.accounts.audit import SYSTEM, Actor
    from headwater.accounts.models import Role
    from headwater.registry.models import Facility
    from headwater.useroffice import facts
    from headwater.useroffice.actions import calls

    with django_db_blocker.unblock():
        at = timezone.now()
        facility = Facility.objects.get(code="cumberland-light-source")
        line = factories.make_instrument(owner=facility.operator, facility=facility, access="proposal")
        officer = factories.make_user("office@example.org", name="Olive Office")
        accounts.grant(officer, Role.USER_OFFICE, scope=facility.public_id, by=SYSTEM, at=at)
        acting = {"desk": facts.desk_of(officer), "by": Actor(officer, "page"), "at": at}
        dates = {"opens_at": at - timedelta(days=1), "closes_at": at + timedelta(days=1)}
        period = {"period_start": at.date() + timedelta(days=30), "period_end": at.date() + timedelta(days=60)}
        names = {"code": "E2E", "name_zh": "征集", "name_en": "A round", "mode": "general"}
        lines = {"facility": facility.public_id, "beamlines": [line.public_id]}
        made = calls.make_call(calls.CallDraft(**names, **dates, **period, **lines), **acting)
        calls.set_call_stage(made.public_id, "announced", **acting)
        client = Client()
        client.force_login(officer)
        site.sessions[officer.email] = client.cookies[settings.SESSION_COOKIE_NAME].value
        yield f"/beamtime/calls/{made.public_id}/"


@pytest.mark.parametrize(("javascript", "label"), [(True, "Crane"), (False, "Water")])
def test_office_adds_a_question_that_is_asked_on_an_answer(
    visit: Visitor, call: str, javascript: bool, label: str
) -> None:
    window = visit(email="office@example.org", java_script_enabled=javascript)
    page = window.page
    assert window.open(f"{call}form/").status == 200
    page.get_by_role("link", name="Add a question or section here").last.click()
    page.get_by_role("link", name="Yes or no").click()
    page.locator("[name=label_en]").fill(label)
    page.locator("[name=label_zh]").fill("题目")
    page.locator("[name=when]").select_option("equipment=yes")
    page.locator("[name=label_zh]").press("Enter")  # which saves
    expect(page.get_by_role("status")).to_contain_text("The form is changed.")
    expect(page.locator("main")).to_contain_text(f"“{label}” is new.")
    page.get_by_role("link", name="Preview").click()
    expect(page.get_by_label(label)).to_be_visible(visible=not javascript)
    page.locator("[name=q_equipment]").select_option("yes")
    if not javascript:
        page.get_by_role("button", name="Show what is asked, and check").click()
    expect(page.get_by_label(label)).to_be_visible()
    page.get_by_role("button", name="中文").click()
    expect(page.locator("#questions")).to_contain_text("自带设备")
    expect(page.locator("[name=q_equipment]")).to_have_value("yes")


def test_questions_come_and_go_and_keep_what_was_typed(visit: Visitor, call: str) -> None:
    window = visit(email="manager@example.org")
    page = window.page
    assert window.open(f"{call}apply/").status == 200
    which = page.locator("[name=q_equipment_kind]")
    expect(which).to_be_hidden()
    page.locator("[name=q_aim]").fill("To know.")
    page.locator("[name=q_figure]").set_input_files(
        {"name": "figure.png", "mimeType": "image/png", "buffer": b"\x89PNG data"}
    )
    page.locator("[name=q_equipment]").select_option("yes")
    expect(which).to_be_visible()
    which.fill("A pump")
    page.locator("[name=q_equipment]").select_option("no")
    expect(which).to_be_hidden()
    page.locator("[name=q_equipment]").select_option("yes")
    expect(which).to_be_visible()
    expect(which).to_have_value("A pump")
    expect(page.locator("[name=q_aim]")).to_have_value("To know.")
    assert page.locator("[name=q_figure]").input_value().endswith("figure.png")
    # a check that a newer one overtakes is broken off, and htmx says so
    overtaken = ("htmx:afterRequest, [object HTMLDivElement]", "htmx:sendAbort, [object HTMLDivElement]")
    window.complaints[:] = [said for said in window.complaints if not said.endswith(overtaken)]
