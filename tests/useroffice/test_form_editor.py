"""The form's pages as the office clicks them: write, try, compare, publish; two at once; and nobody else."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from tests.factories import make_token, make_user
from tests.useroffice.builders import NOW, by, make_office
from tests.useroffice.test_access import codes
from tests.useroffice.test_pages import go, page

from headwater.accounts import actions as accounts
from headwater.accounts.audit import SYSTEM
from headwater.accounts.models import Notice, Role
from headwater.useroffice.actions import callforms, proposals
from headwater.useroffice.callform.reads import effects_of, written_of
from headwater.useroffice.models import Call, FormDraft, FormVersion, ProposalFile

pytestmark = pytest.mark.django_db


@pytest.fixture
def office():
    """An office whose call is open today."""
    made = make_office(members=2)
    at = timezone.now()
    Call.objects.update(opens_at=at - timedelta(days=1), closes_at=at + timedelta(days=1))
    made.call.refresh_from_db()
    return made


def seen(office: Any) -> str:
    call = Call.objects.select_related("form").get(pk=office.call.pk)
    return written_of(call).stamp


def entries(office: Any) -> list[dict[str, Any]]:
    return list(written_of(Call.objects.select_related("form").get(pk=office.call.pk)).entries)


def press(client: Client, office: Any, act: str, key: str = "", status: int = 302, **more: Any) -> Any:
    data = {"act": act, "key": key, "seen": seen(office), **more}
    return go(client, "edit_form", office.call.public_id, data=data, status=status)


def add(client: Client, office: Any, kind: str, after: str = "nothing", status: int = 302, **more: Any) -> Any:
    path = reverse("new_form_entry", args=[office.call.public_id]) + f"?kind={kind}&after={after}"
    answer = client.post(path, {"seen": seen(office), **more})
    assert answer.status_code == status, re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())[:900]
    return answer


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode().replace("&#x27;", "'").replace("&amp;", "&"))


def hidden(answer: Any) -> list[str]:
    """Questions that a page has and does not show."""
    return re.findall(r'<div class="field" hidden>.*?name="q_(\w+)"', text(answer))


def test_form_is_written_question_by_question_and_published(office):
    client, call = page(office.officer), office.call.public_id
    draft, done = office.begun(at=timezone.now()), office.submitted(at=timezone.now())
    shown = text(go(client, "edit_form", call, status=200))
    assert "Nothing has changed since it was published." in shown
    assert "1 draft is being written with this form." in shown
    assert "1 proposal was submitted" in shown

    add(client, office, "section", "figure", label_en="Safety", label_zh="安全")
    labels = {"label_en": "Hazards on site", "label_zh": "现场危险源"}
    rows = {"c0_en": "Laser", "c0_zh": "激光", "c1_en": "Pressure", "c1_zh": "压力", "c2_zh": "其他", "rows": "3"}
    places = {"c0_place": "2", "c1_place": "1", "c2_place": "3"}
    add(client, office, "choices", "safety", **labels, **rows, **places, required="on")
    add(
        client,
        office,
        "number",
        "hazards_on_site",
        label_en="Laser power",
        label_zh="激光功率",
        unit="W",
        min="0",
        max="0.5",
        when="hazards_on_site=laser",
    )
    made = entries(office)[-3:]
    assert [one["key"] for one in made] == ["safety", "hazards_on_site", "laser_power"]
    assert [one["value"] for one in made[1]["choices"]] == ["pressure", "laser", "choice_1"]
    assert {**made[2], "label_zh": ""} == {
        "key": "laser_power",
        "kind": "number",
        "label_en": "Laser power",
        "label_zh": "",
        "unit": "W",
        "min": 0,
        "max": 0.5,
        "when": {"key": "hazards_on_site", "is": "laser"},
    }
    # a choice lacks its English: said, and not to be published so
    shown = text(go(client, "edit_form", call, status=200))
    assert "English text missing" in shown
    assert "Only if “Hazards on site” is answered “Laser”." in shown
    assert "The section “Safety” is new." in shown
    assert "“Hazards on site”: the choice “其他” needs its text in Chinese and in English." in shown
    assert 'value="publish"' not in shown
    refused = text(press(client, office, "publish", status=422))
    assert "the choice “其他” needs its text" in refused

    path = reverse("form_entry", args=[call, "hazards_on_site"])
    form = client.get(path).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data |= {"rows": str(form.rows), "c2_en": "Other"}
    assert client.post(path, data).status_code == 302
    assert [one["value"] for one in entries(office)[-2]["choices"]] == ["pressure", "laser", "choice_1"]
    before = text(go(page(office.proposer()), "apply", call, status=200))
    assert "Hazards on site" not in before  # nobody else sees it yet
    press(client, office, "publish")

    office.call.refresh_from_db()
    draft.refresh_from_db()
    done.refresh_from_db()
    assert (office.call.form.number, draft.form.number, done.form.number) == (2, 2, 1)
    told = Notice.objects.get(code="proposal.form_changed")
    assert (told.user, told.path) == (draft.team.get().user, f"/beamtime/proposals/{draft.public_id}/")
    assert "Hazards on site" in text(go(page(draft.team.get().user), "edit_proposal", draft.public_id, status=200))
    assert "Version 2, published" in text(go(client, "edit_form", call, status=200))
    versions = text(go(client, "form_versions", call, status=200))
    assert "“Laser power” is new." in versions
    assert "1 proposal answers it" in versions
    # taken back, the submitted one is a draft of the newest form too
    proposals.reopen_proposal(done.public_id, at=timezone.now(), **by(done.team.get().user))
    done.refresh_from_db()
    assert done.form.number == 2


def test_what_another_question_needs_stays_and_the_reason_names_it(office):
    client, call = page(office.officer), office.call.public_id
    for act in ("remove", "down"):
        said = text(press(client, office, act, "equipment", status=409))
        assert "“Which equipment, with its power and gas” is asked on an answer to “Equipment of your own”" in said
    path = reverse("form_entry", args=[call, "equipment"])
    data = {"seen": seen(office), "label_en": "Own", "label_zh": "自带", "c0_value": "no", "c0_en": "None", "rows": "2"}
    answer = client.post(path, data)
    assert answer.status_code == 422
    assert "is asked on the answer “自带设备 / We bring equipment”" in text(answer)
    assert not FormDraft.objects.exists()
    # a place is picked from a list too
    answer = client.post(path, {**data, "c1_value": "yes", "c1_en": "We bring it", "after": "figure"})
    assert "so that one must stand before it" in text(answer)
    path = reverse("form_entry", args=[call, "figure"])
    form = client.get(path).context["form"]
    assert form.fields["after"].initial == "equipment_kind"
    figure = {"seen": seen(office), "label_en": "A figure", "label_zh": "图件", "kinds": ["pdf"], "most_mb": "2"}
    assert client.post(path, {**figure, "after": ""}).status_code == 302
    assert [one["key"] for one in entries(office)][:2] == ["figure", "science"]
    press(client, office, "undo")
    # after the condition went, so may the question
    path = reverse("form_entry", args=[call, "equipment_kind"])
    form = client.get(path).context["form"]
    only = "Only if “Equipment of your own” is answered “We bring equipment”."
    assert ("equipment=yes", only) in form.fields["when"].choices
    data = {"seen": seen(office), "label_en": "Which equipment", "label_zh": "设备", "when": "", "kind": "long_text"}
    assert client.post(path, data).status_code == 302
    press(client, office, "remove", "equipment")
    assert [one["key"] for one in entries(office)] == [
        "science",
        "aim",
        "method",
        "on_site",
        "equipment_kind",
        "figure",
    ]
    assert entries(office)[4]["kind"] == "long_text"


def test_moving_copying_undoing_and_going_back(office):
    client = page(office.officer)

    def keys() -> list[str]:
        return [one["key"] for one in entries(office)]

    first = keys()
    press(client, office, "up", "on_site")
    assert keys() == ["on_site", "equipment", "equipment_kind", "figure", "science", "aim", "method"]
    answer = press(client, office, "copy", "aim")
    assert answer["Location"].endswith("#q_aim")
    assert keys()[-2] == "scientific_aim_and_why"  # a key that no version ever had
    press(client, office, "undo")
    assert "scientific_aim_and_why" not in keys()
    press(client, office, "undo")
    assert "scientific_aim_and_why" in keys()
    press(client, office, "discard")
    assert keys() == first
    press(client, office, "undo")
    assert "scientific_aim_and_why" in keys()
    press(client, office, "discard")
    assert "Nothing in the form has changed." in text(press(client, office, "publish", status=409))
    press(client, office, "dance", status=404)


def test_later_of_two_is_told_and_loses_nothing(office):
    other = make_user(name="Otto Office")
    accounts.grant(other, Role.USER_OFFICE, scope=office.facility.public_id, by=SYSTEM, at=NOW)
    one, two, call = page(office.officer), page(other), office.call.public_id
    old = seen(office)
    path = reverse("form_entry", args=[call, "aim"])
    mine = {"kind": "long_text", "label_en": "Aim, by Olive", "label_zh": "目标", "most": "100", "seen": old}
    assert one.post(path, mine).status_code == 302
    late = two.post(path, {**mine, "label_en": "Aim, by Otto", "required": "on"})
    assert late.status_code == 422
    said = text(late)
    assert "The form was changed while you worked on it, last by Olive Office." in said
    assert "Aim, by Olive" in said
    assert 'value="Aim, by Otto"' in said
    assert entries(office)[1]["label_en"] == "Aim, by Olive"
    # what she saw then is what she sends next
    again = re.search(r'name="seen" value="([^"]+)"', late.content.decode())[1]
    assert two.post(path, {**mine, "label_en": "Aim, by Otto", "seen": again}).status_code == 302
    assert entries(office)[1]["label_en"] == "Aim, by Otto"
    # every button is on what was seen, publishing too
    for act in ("up", "remove", "undo", "discard", "publish", "copy"):
        answer = one.post(reverse("edit_form", args=[call]), {"act": act, "key": "aim", "seen": old})
        assert answer.status_code == 409
        assert "last by Otto Office" in text(answer)
    # one that is gone meanwhile
    press(one, office, "remove", "aim")
    assert two.post(path, {**mine, "seen": again}).status_code == 404


def test_publication_by_a_program_meanwhile_is_shown_and_chosen(office):
    client, call = page(office.officer), office.call.public_id
    press(client, office, "remove", "figure")
    _token, key = make_token(office.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    now = api.get(f"/api/v1/calls/{call}/form").json()
    assert (now["version"], len(now["questions"])) == (1, 7)
    body = {
        "version": 1,
        "questions": [*now["questions"], {"kind": "yes_no", "label_zh": "首次？", "label_en": "First time?"}],
    }
    put = api.put(f"/api/v1/calls/{call}/form", body, "application/json").json()
    assert (put["version"], put["questions"][-1]["key"]) == (2, "first_time")
    assert api.put(f"/api/v1/calls/{call}/form", body, "application/json").status_code == 409
    body = {"questions": [{"key": "x", "kind": "song", "label_zh": "甲", "label_en": "Sing"}]}
    wrong = api.put(f"/api/v1/calls/{call}/form", body, "application/json")
    assert wrong.status_code == 422
    assert "“Sing”: its kind must be one of" in wrong.content.decode()

    shown = text(go(client, "edit_form", call, status=200))
    assert "Version 2 was published since this was begun from version 1." in shown
    assert "“First time?” is new." in shown
    assert 'value="publish"' not in shown
    assert "Version 2 of the form was published" in text(press(client, office, "publish", status=409))
    press(client, office, "keep")
    shown = text(go(client, "edit_form", call, status=200))
    assert "“First time?” is gone." in shown  # what publishing would do, said before
    press(client, office, "discard")
    assert [one["key"] for one in entries(office)][-1] == "first_time"


def test_drafts_that_a_publication_touches_are_counted(office):
    answers = {"aim": "A", "method": "M", "equipment": "yes", "equipment_kind": "pump"}
    first = office.begun(at=timezone.now(), answers=answers)
    user = first.team.get().user
    proposals.add_file(first.public_id, "figure", "x.pdf", b"%PDF", at=timezone.now(), **by(user))
    office.begun(at=timezone.now())
    old = entries(office)
    held = Call.objects.get(pk=office.call.pk)
    new = [one for one in old if one["key"] not in ("method", "equipment_kind")]
    new = [{**one, "choices": one["choices"][:1]} if one["key"] == "equipment" else one for one in new]
    new.append({"key": "n", "kind": "text", "label_zh": "新", "label_en": "New", "required": True})
    found = effects_of(held, old, new)
    assert (found.drafts, found.losing, found.unfit, found.asked_more) == (2, 2, 1, 2)
    assert (effects_of(held, old, old).losing, effects_of(held, old, old).asked_more) == (0, 0)
    assert effects_of(held, old, [one for one in old if one["key"] != "figure"]).losing == 1
    # what it answered of a question that went, a file too, goes when the draft is saved next
    callforms.publish_form(held.public_id, [one for one in new if one["key"] != "figure"], at=NOW, **by(office.officer))
    draft = office.draft(answers={"aim": "B"})
    now = {"expected_version": None, "at": timezone.now(), **by(user)}
    proposals.change_proposal(first.public_id, draft, **now)
    first.refresh_from_db()
    assert (first.answers, first.files.count()) == ({"aim": "B"}, 0)


def test_start_from_another_call_or_an_earlier_version(office):
    client, stranger = page(office.officer), make_office(members=2)
    asked = [{"key": "why", "kind": "text", "label_zh": "原因", "label_en": "Why"}]
    callforms.publish_form(stranger.call.public_id, asked, at=NOW, **by(stranger.officer))
    shown = text(go(client, "edit_form", office.call.public_id, status=200))
    assert stranger.call.public_id not in shown  # another facility's form is not offered, nor given
    said = text(press(client, office, "start", source=f"call:{stranger.call.public_id}", status=404))
    assert "There is no such form, or it is not shown to you." in said
    for source in ("version:9", "version:x", "version:", "call:", "", "song"):
        press(client, office, "start", source=source, status=404)
    accounts.grant(office.officer, Role.USER_OFFICE, scope=stranger.facility.public_id, by=SYSTEM, at=NOW)
    assert stranger.call.public_id in text(go(client, "edit_form", office.call.public_id, status=200))
    press(client, office, "start", source=f"call:{stranger.call.public_id}")
    press(client, office, "publish")
    assert [one["key"] for one in entries(office)] == ["why"]
    press(client, office, "start", source="version:1")
    assert [one["key"] for one in entries(office)][:2] == ["science", "aim"]
    stranger.call.refresh_from_db()
    assert stranger.call.form.questions == asked


def test_form_goes_out_and_comes_in_as_a_file(office):
    client, call = page(office.officer), office.call.public_id
    answer = go(client, "form_as_file", call, status=200)
    assert answer["Content-Disposition"] == 'attachment; filename="form-2025A.json"'
    given = json.loads(answer.content)
    given["questions"][1]["label_en"] = ""
    given["questions"].append({"kind": "date", "label_zh": "到达", "label_en": "Arrival"})
    file = SimpleUploadedFile("form.json", json.dumps(given).encode())
    press(client, office, "import", file=file)
    assert entries(office)[-1]["key"] == "arrival"
    shown = text(go(client, "edit_form", call, status=200))
    assert "English text missing" in shown
    wrong = [
        (b"{", "Line 1 of the file is no JSON in UTF-8."),
        (b'[{"key": "a", "kind": "song", "label_zh": "\xe7\x94\xb2"}]', "“甲”: its kind must be one of"),
        (b'[{"key": "A b", "kind": "text"}]', "Entry 1: “A b” is no key of its own."),
        (b'[{"kind": "text", "label_en": "Q", "when": {"key": "x", "is": "y"}}]', "“Q”: its condition must name"),
    ]
    before = entries(office)
    for content, said in wrong:
        answer = press(client, office, "import", file=SimpleUploadedFile("x.json", content), status=422)
        assert said in text(answer)
    assert "Choose a file." in text(press(client, office, "import", status=422))
    assert entries(office) == before
    path = reverse("form_as_file", args=[call])
    assert (
        json.loads(client.get(f"{path}?version=1").content)["questions"] == FormVersion.objects.get(number=1).questions
    )
    assert client.get(f"{path}?version=7").status_code == client.get(f"{path}?version=x").status_code == 404


def test_writing_an_entry_tells_what_is_wrong_beside_the_field(office):
    client, call = page(office.officer), office.call.public_id
    assert "Write the text in at least one language" in text(add(client, office, "text", status=422))
    said = text(add(client, office, "text", status=422, label_en="x", most="0"))
    assert "greater than or equal to 1" in said
    said = text(add(client, office, "number", status=422, label_en="x", min="low"))
    assert "Enter a number." in said
    assert add(client, office, "text", status=422, label_en="x", when="figure=a")
    # more rows for choices keep what was typed, and say nothing of what is unfinished
    said = add(client, office, "choice", status=200, c0_en="One", rows="3", more="1")
    assert 'value="One"' in text(said)
    assert said.context["form"].rows == 6
    kinds = text(go(client, "new_form_entry", call, status=200))
    assert "As many as fit are ticked" in kinds
    assert go(client, "form_entry", call, "nothing", status=404)
    # least above greatest can be kept for a while, and is told before publishing
    add(client, office, "number", label_en="N", label_zh="数", min="5", max="1")
    assert "“N”: the least value, 5, is above the greatest, 1." in text(go(client, "edit_form", call, status=200))


def test_preview_shows_what_is_asked_in_either_language(office):
    client, path = page(office.officer), reverse("preview_form", args=[office.call.public_id])
    for language, label, only in (
        ("en", "Which equipment, with its power and gas", "Only if “Equipment of your own” is answered"),
        ("zh-hans", "设备名称及其用电、用气要求", "仅当“是否自带设备”选择“自带设备”时填写。"),
    ):
        shown = text(client.get(path, {"in": language}))
        assert label in shown
        assert only in shown
        assert " hidden>" not in shown.split('id="questions"')[1]  # without JavaScript all are there at first
    assert hidden(client.get(path, {"in": "en", "tried": "1", "q_equipment": "no"})) == ["equipment_kind"]
    tried = client.get(path, {"in": "en", "tried": "1", "q_equipment": "yes"})
    assert hidden(tried) == []
    assert "<i>Which equipment, with its power and gas</i>: This question must be answered." in text(tried)
    part = client.get(path, {"in": "en", "tried": "1"}, headers={"HX-Request": "true"})
    assert "<html" not in text(part)
    assert hidden(part) == ["equipment_kind"]
    good = {"in": "en", "tried": "1", "q_aim": "A", "q_method": "M", "q_equipment": "no"}
    assert "These answers could be submitted." in text(client.get(path, good))
    assert text(client.get(path, {"in": "xx"}))


def test_proposers_own_page_hides_what_is_not_asked_and_keeps_nothing(office):
    user = office.proposer()
    client, made = page(user), office.begun(user, at=timezone.now())
    path = reverse("asked_questions", args=[office.call.public_id])
    assert hidden(client.post(path, {"q_equipment": "no"})) == ["equipment_kind"]
    answer = client.post(path, {"q_equipment": "yes", "q_equipment_kind": "pump", "proposal": made.public_id})
    assert (answer.status_code, hidden(answer)) == (200, [])
    assert 'value="pump"' in text(answer)
    other = page(office.proposer())
    assert other.post(path, {"proposal": made.public_id}).status_code == 404
    assert client.get(path).status_code == 405
    made.refresh_from_db()
    assert made.answers == {"aim": "To know.", "method": "Three maps.", "equipment": "no"}


def test_answers_of_new_kinds_are_kept_checked_and_read_in_words(office):
    gases = [("h2", "氢", "Hydrogen"), ("o2", "氧", "Oxygen")]
    choices = [{"value": value, "label_zh": zh, "label_en": en} for value, zh, en in gases]
    kinds = [
        {"key": "gas", "kind": "choices", "choices": choices},
        {"key": "mass", "kind": "number", "unit": "mg", "min": 1, "max": 5},
        {"key": "day", "kind": "date"},
        {"key": "paper", "kind": "file", "kinds": ["pdf"], "most_mb": 1},
    ]
    asked = [{"label_zh": f"题{one['key']}", "label_en": f"Q {one['key']}", **one} for one in kinds]
    callforms.publish_form(office.call.public_id, asked, at=NOW, **by(office.officer))
    office.call.refresh_from_db()
    user = office.proposer()
    client = page(user)
    data = {"title": "T", "language": "en", "track": "main", "requested": "3", "minimum": "3", "abstract": "A"}
    data |= {"q_gas": ["h2", "o2"], "q_mass": "9", "q_day": "2031-06-05"}
    png = SimpleUploadedFile("figure.png", b"\x89PNG data")
    answer = client.post(reverse("apply", args=[office.call.public_id]), {**data, "q_paper": png})
    made = office.call.proposals.get()
    assert answer.status_code == 302
    assert made.answers == {"gas": "h2,o2", "mass": "9", "day": "2031-06-05"}
    assert not ProposalFile.objects.exists()
    shown = text(go(client, "proposal", made.public_id, status=200))
    assert "Hydrogen; Oxygen" in shown
    assert "9 mg" in shown
    assert "9 is too great; 5 is the most." in shown
    add_file = lambda content: proposals.add_file(  # noqa: E731
        made.public_id, "paper", "x", content, at=timezone.now(), **by(user)
    )
    assert codes(lambda: add_file(b"\x89PNG data")) == {"file.kind"}
    assert codes(lambda: add_file(b"%PDF" + b"0" * 1024**2)) == {"file.size"}
    assert codes(lambda: proposals.add_file(made.public_id, "gas", "x", b"%PDF", at=timezone.now(), **by(user))) == {
        "file.question_unknown"
    }
    assert add_file(b"%PDF").name == "x"
