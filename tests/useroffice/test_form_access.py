"""The form's pages are for its office alone, cost the same for few and many, and let one of two through."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_token
from tests.useroffice.builders import AFTER, NOW, by, make_office
from tests.useroffice.test_form_editor import entries, office, press, seen
from tests.useroffice.test_pages import page, queries_of

from headwater.core.decision import Refused
from headwater.useroffice.actions import callforms, formdrafts
from headwater.useroffice.actions.calls import CallDraft, make_call

pytestmark = pytest.mark.django_db
__all__ = ["office"]


def test_form_is_for_its_office_alone(office):
    other, call = make_office(members=2), office.call.public_id
    press(page(office.officer), office, "remove", "figure")
    now = seen(office)
    _token, key = make_token(other.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    assert api.put(f"/api/v1/calls/{call}/form", {"questions": []}, "application/json").status_code == 403
    pages = [("edit_form", ()), ("new_form_entry", ()), ("preview_form", ()), ("form_versions", ())]
    pages += [("form_as_file", ()), ("form_entry", ("aim",))]
    for user in (other.officer, office.scientist, office.members[0], office.proposer()):
        client = page(user)
        for name, args in pages:
            path = reverse(name, args=[call, *args])
            assert client.get(path).status_code == 403, name
            assert client.post(path, {"act": "discard", "seen": now, "label_en": "x"}).status_code in (403, 405), name
        assert client.post(reverse("new_form_entry", args=[call]) + "?kind=text", {"seen": now}).status_code == 403
    assert Client().get(reverse("edit_form", args=[call])).status_code == 302
    assert seen(office) == now
    # a call in preparation is not even there for others
    hidden = make_call(_another(office), at=NOW, **by(office.officer))
    assert page(other.officer).get(reverse("edit_form", args=[hidden.public_id])).status_code == 404
    _token, key = make_token(office.officer, scopes=("read",))
    reading = Client(headers={"Authorization": f"Bearer {key}"})
    assert reading.put(f"/api/v1/calls/{call}/form", {"questions": []}, "application/json").status_code == 403


def _another(office: Any, code: str = "LATER") -> Any:
    names = ("name_zh", "name_en", "mode", "opens_at", "closes_at", "period_start", "period_end")
    given = {name: getattr(office.call, name) for name in names}
    return CallDraft(office.facility.public_id, code=code, beamlines=[office.lines[0].public_id], **given)


def test_form_s_pages_cost_the_same_for_few_and_many(office):
    costs = {"edit_form": 15, "form_versions": 12, "preview_form": 9, "new_form_entry": 9, "form_entry": 9}
    for rounds in range(2):
        for number in range(1 if not rounds else 8):
            asked = [
                {"key": f"k{rounds}_{n}", "kind": "yes_no", "label_zh": "题", "label_en": f"Q{n}"}
                for n in range(1 if not rounds else 20)
            ]
            asked[0]["label_en"] = f"First {rounds} {number}"
            callforms.publish_form(office.call.public_id, asked, at=NOW, **by(office.officer))
            make_call(_another(office, f"C{rounds}-{number}"), at=NOW, **by(office.officer))
            office.call.refresh_from_db()
            office.begun(at=timezone.now(), answers={})
            office.submitted(at=timezone.now(), answers={})
        if rounds:
            press(page(office.officer), office, "discard")
        press(page(office.officer), office, "copy", asked[0]["key"])
        found = {}
        for name in costs:
            args = (asked[0]["key"],) if name == "form_entry" else ()
            found[name] = queries_of(page(office.officer), name, office.call.public_id, *args)
        assert found == costs


@pytest.mark.django_db(transaction=True)
def test_of_two_who_change_at_once_one_is_told():
    office = make_office(members=2)
    old, start = seen(office), Barrier(2)
    done: list[str] = []

    def write(name: str) -> None:
        entry = {"kind": "text", "label_en": name, "label_zh": "题"}
        try:
            acting = {"seen": old, "at": AFTER, **by(office.officer)}
            start.wait(timeout=60)
            done.append(formdrafts.add_entry(office.call.public_id, entry, "", **acting))
        except Refused as refused:
            done.append(",".join(refused.decision.codes))
        finally:
            connection.close()

    threads = [Thread(target=write, args=(name,)) for name in ("One", "Two")]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert "form.changed_meanwhile" in done
    assert set(done) - {"form.changed_meanwhile"} in ({"one"}, {"two"})
    assert len(entries(office)) == 8
