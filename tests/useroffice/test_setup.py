"""Setting up: tracks with weighted stages, pools, places on panels, the beam calendar by form, CSV and iCal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from tests.factories import make_organisation, make_token
from tests.useroffice.builders import AFTER, by, desk, make_office
from tests.useroffice.test_access import codes

from headwater.useroffice import queries, rules
from headwater.useroffice.actions import assigning, reviewing, tracks
from headwater.useroffice.forms.tracks import key_of
from headwater.useroffice.models import BeamPeriod, PanelMember, Pool, Review
from headwater.useroffice.ranking import ranking_of
from headwater.useroffice.rules.tracks import CriterionFacts, StageFacts, TrackFacts

pytestmark = pytest.mark.django_db
STAGE = StageFacts(True, 1.0, 3, (CriterionFacts("merit", 1.0, True),))
WEIGHTLESS, NAMELESS = CriterionFacts("m", 0, True), CriterionFacts("m", 1, False)
TRACK = TrackFacts("main", True, "general", True, (STAGE,), True, False)


@pytest.mark.parametrize(
    ("track", "found"),
    [
        (TRACK, ()),
        (replace(TRACK, code="a b"), ("call.code_wrong",)),
        (replace(TRACK, named=False), ("call.name_missing",)),
        (replace(TRACK, panel_found=False), ("track.panel_foreign",)),
        (replace(TRACK, reviews_asked=True), ("track.in_use",)),
        (replace(TRACK, reviews_asked=True, stages_change=False), ()),
        (replace(TRACK, mode="urgent"), ("track.mode_without_review",)),
        (replace(TRACK, mode="urgent", stages=()), ()),
        (replace(TRACK, stages=()), ("track.stages_missing",)),
        (replace(TRACK, stages=(STAGE,) * 7), ("track.too_many_stages",)),
        (replace(TRACK, stages=(replace(STAGE, named=False),)), ("stage.name_missing",)),
        (replace(TRACK, stages=(replace(STAGE, weight=0.0),)), ("stage.weight_wrong",)),
        (replace(TRACK, stages=(replace(STAGE, needed=0),)), ("stage.needed_wrong",)),
        (replace(TRACK, stages=(replace(STAGE, criteria=()),)), ("stage.criteria_number",)),
        (replace(TRACK, stages=(replace(STAGE, criteria=STAGE.criteria * 2),)), ("stage.key_wrong",)),
        (
            replace(TRACK, stages=(replace(STAGE, criteria=(CriterionFacts("m", 0, True),)),)),
            ("stage.criterion_wrong",),
        ),
        (
            replace(TRACK, stages=(replace(STAGE, criteria=(CriterionFacts("m", 1, False),)),)),
            ("stage.criterion_wrong",),
        ),
    ],
)
def test_track_is_told_all_that_is_wrong(track, found):
    assert rules.is_sound_track(track).codes == found


def test_track_that_is_taken_or_the_last_stays():
    assert rules.may_drop(proposals=0, last=False).codes == ()
    assert rules.may_drop(proposals=2, last=True).codes == ("track.has_proposals", "track.is_last")


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


STAGES = {
    "s0_name_en": "By post",
    "s0_name_zh": "函评",
    "s0_weight": "1",
    "s0_needed": "2",
    "s0_c0_en": "Merit",
    "s0_c0_zh": "价值",
    "s0_c0_weight": "3",
    "s0_c1_en": "Need",
    "s0_c1_zh": "必要性",
    "s1_name_en": "In the panel",
    "s1_name_zh": "会评",
    "s1_weight": "3",
    "s1_needed": "1",
    "s1_c0_en": "Merit",
    "s1_c0_zh": "价值",
    "s1_c0_key": "merit",
}


def test_tracks_page_sets_weighted_stages_that_the_ranking_uses():
    office = make_office(members=5)
    client, call = signed_in(office.officer), office.call.public_id
    names = {"name_en": "Life science", "name_zh": "生命科学", "panel": office.panel.public_id}
    answer = client.post(reverse("set_track", args=[call]) + "?code=main", {"code": "main", **names, **STAGES})
    assert answer.status_code == 302, answer.content.decode()
    track = office.call.tracks.get()
    assert [(one.name_zh, one.weight, one.needed) for one in track.stages.all()] == [("函评", 1, 2), ("会评", 3, 1)]
    assert [one["weight"] for one in track.stages.all()[0].criteria] == [3, 1]
    text = client.get(reverse("tracks", args=[call])).content.decode()
    assert "In the panel" in text
    assert "Merit (3)" in text
    # what is there stands in the form again, and saving it unchanged changes nothing
    form = client.get(reverse("set_track", args=[call]) + "?code=main").context["form"]
    assert [form.initial[f"s1_c0_{part}"] for part in ("en", "zh", "weight", "key")] == ["Merit", "价值", 1, "merit"]

    one, two = office.submitted(title="One"), office.submitted(title="Two")
    office.checked(one, two)
    assigning.assign(office.call.public_id, at=AFTER, **by(office.officer))
    for review in Review.objects.select_related("reviewer", "stage"):
        first = review.proposal_id == one.pk
        score = 2 if (review.stage.rank == 0) == first else 4  # One is weak by post and strong in the panel
        given = {each["key"]: score for each in review.stage.criteria}
        reviewing.give_review(review.public_id, given, "x", "", at=AFTER, **by(review.reviewer))
    rows = ranking_of(office.call, desk(office.officer)).rows
    assert [row.proposal for row in rows] == [one, two]
    assert [(row.raw, row.given, row.due) for row in rows] == [(3.5, 3, 3), (2.5, 3, 3)]

    # fixed once reviews were asked for; the names are not
    changed = client.post(reverse("set_track", args=[call]), {"code": "main", **names, **STAGES, "s1_weight": "9"})
    assert changed.status_code == 422
    assert "Reviewers were asked in this track already" in changed.content.decode()
    renamed = {"code": "main", **names, **STAGES, "name_en": "Life"}
    assert client.post(reverse("set_track", args=[call]), renamed).status_code == 302
    assert office.call.tracks.get().name_en == "Life"
    assert "track.has_proposals" in codes(lambda: tracks.drop_track(call, "main", at=AFTER, **by(office.officer)))


def test_track_form_names_what_cannot_be_read():
    office = make_office()
    client, call = signed_in(office.officer), office.call.public_id
    wrong = {"code": "new one", "name_en": "X", "name_zh": "甲", "panel": "", **STAGES}
    wrong |= {"s0_c0_zh": "", "s0_c1_key": "Not one", "s1_needed": "40", "s1_weight": "-1"}
    answer = client.post(reverse("set_track", args=[call]), wrong)
    assert answer.status_code == 422
    text = answer.content.decode()
    for said in (
        "“new one” can&#x27;t be a code",
        "is no key of its own",
        "give the criterion",
        "Stage 2 may ask for 1 to 12 reviews.",
        "The weight of stage 2 must be above 0",
    ):
        assert said in text, said
    assert office.call.tracks.count() == 1
    # a second track, and away with it
    good = {"code": "chem", "name_en": "Chemistry", "name_zh": "化学", "panel": "", **STAGES}
    assert client.post(reverse("set_track", args=[call]), good).status_code == 302
    assert office.call.tracks.count() == 2
    assert client.post(reverse("tracks", args=[call]), {"drop": "chem"}).status_code == 302
    assert client.post(reverse("tracks", args=[call]), {"drop": "main"}).status_code == 422
    assert office.call.tracks.get().code == "main"


def test_criteria_get_keys_of_their_own_from_their_names():
    assert key_of("Scientific merit", []) == "scientific_merit"
    assert key_of("Scientific merit!", ["scientific_merit"]) == "scientific_merit_2"
    assert key_of("价值", []) == "c"
    assert key_of("3D quality", []) == "c_3d_quality"


def test_pools_page_sets_changes_and_takes_away_and_says_what_is_granted():
    office = make_office()
    made = office.submitted()
    office.checked(made)
    office.reviewed()
    office.decided(made)
    office.published()
    client, path = signed_in(office.officer), reverse("set_pool", args=[office.call.public_id])
    funder = make_organisation(name_en="The Funder", name_zh="出资者")
    data = {"code": "own", "name_en": "Funder's", "name_zh": "出资方", "rule": "funder", "funder": "The Funder"}
    data |= {"max_share": "0.35", "beamlines": [office.lines[0].public_id]}
    assert client.post(path, data).status_code == 302
    pool = Pool.objects.get()
    assert (pool.funder, pool.max_share, list(pool.beamlines.all())) == (funder, Decimal("0.3500"), [office.lines[0]])
    form = client.get(path + "?code=own").context["form"]
    assert form.initial["funder"] == funder.public_id
    assert client.post(path, {**data, "max_share": "0.4", "beamlines": []}).status_code == 302
    pool.refresh_from_db()
    assert (pool.max_share, pool.beamlines.count()) == (Decimal("0.4000"), 0)
    region = {"code": "home", "name_en": "Region", "name_zh": "本地", "rule": "region", "min_share": "0.1"}
    assert client.post(path, region).status_code == 302
    rows = client.get(path).context["rows"]
    assert [(one.code, granted, part) for one, granted, part in rows] == [("own", 0, 0.0), ("home", 9, 1.0)]
    assert client.post(path, {**region, "code": "x", "rule": "funder", "funder": "Nobody"}).status_code == 422
    assert client.post(path, {"drop": "own"}).status_code == 302
    assert list(Pool.objects.values_list("code", flat=True)) == ["home"]


def test_place_on_a_panel_is_changed_and_ended_on_its_page():
    office = make_office()
    client, user = signed_in(office.officer), office.members[0]
    path = reverse("panel_member", args=[office.panel.public_id])
    assert client.get(path + f"?email={user.email}").context["form"].initial["email"] == user.email
    known = office.lines[0].techniques.get().code
    PanelMember.objects.filter(user=user).update(fields=["an older word"])
    data = {"email": user.email, "chair": "on", "max_load": "4", "fields_of": [known], "languages": ["en"]}
    assert client.post(path, {**data, "fields_of": ["xyz"]}).status_code == 422
    form = client.get(path + f"?email={user.email}").content.decode()
    assert office.lines[0].techniques.get().name in form
    assert 'value="an older word"' in form
    assert client.post(path, {**data, "expertise": "Thin films."}).status_code == 302
    held = PanelMember.objects.get(user=user)
    assert (held.chair, held.max_load, held.fields, held.expertise) == (True, 4, [known], "Thin films.")
    assert client.post(path, {**data, "leaves": "on"}).status_code == 302
    assert not PanelMember.objects.filter(user=user).exists()
    line = reverse("set_scientist", args=[office.lines[0].public_id])
    assert client.post(line, {"email": office.scientist.email, "leaves": "on"}).status_code == 302
    assert list(office.lines[0].scientists.all()) == []


# The beam calendar ----------------------------------------------------------------------------------------------
CSV = "kind,start,end,beamline,note\nrun,2025-06-02,2025-06-29,,Spring run\nmaintenance,2025-06-09,2025-06-09,BL01,\n"
ICAL = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VTIMEZONE
TZID:Asia/Shanghai
BEGIN:STANDARD
DTSTART:19700101T000000
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20250602
DTEND;VALUE=DATE:20250630
SUMMARY:User run
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;TZID=Asia/Shanghai:20250609T080000
DTEND;TZID=Asia/Shanghai:20250609T200000
SUMMARY:Maintenance of
  BL01
BEGIN:VALARM
SUMMARY:Shutdown soon
DESCRIPTION:remind
END:VALARM
END:VEVENT
END:VCALENDAR
"""
WANTED = [
    ("run", date(2025, 6, 2), date(2025, 6, 30), None),
    ("maintenance", date(2025, 6, 9), date(2025, 6, 10), "BL01"),
]


def periods(office):
    rows = BeamPeriod.objects.filter(facility=office.facility).select_related("instrument").order_by("start")
    return [(one.kind, one.start, one.end, one.instrument and one.instrument.name_en.split()[0]) for one in rows]


@pytest.mark.parametrize(("name", "content"), [("beam.csv", CSV), ("beam.ics", ICAL)])
def test_beam_calendar_by_file(name, content):
    office = make_office()
    client, path = signed_in(office.officer), reverse("beam_calendar", args=[office.facility.public_id])
    answer = client.post(path, {"file": SimpleUploadedFile(name, content.encode())})
    assert answer.status_code == 302
    assert periods(office) == WANTED
    # the same file again changes nothing, another one replaces all
    client.post(path, {"file": SimpleUploadedFile(name, content.replace("\n", "\r\n").encode())})
    assert periods(office) == WANTED


def test_beam_calendar_by_form_and_by_api():
    office = make_office()
    line = next(one for one in office.lines if one.name_en.startswith("BL01"))
    client, path = signed_in(office.officer), reverse("beam_calendar", args=[office.facility.public_id])
    rows = (
        {"kind": "run", "start": "2025-06-02", "last": "2025-06-29", "beamline": ""},
        {"kind": "maintenance", "start": "2025-06-09", "last": "2025-06-09", "beamline": line.public_id},
    )
    for one in rows:
        assert client.post(path, {**one, "note": "", "add": "1"}).status_code == 302
    assert periods(office) == WANTED
    wrong = {"kind": "run", "start": "2025-06-09", "last": "2025-06-01", "beamline": "", "note": "", "add": "1"}
    assert "end before they start" in client.post(path, wrong).content.decode()
    client.post(path, {"drop": str(BeamPeriod.objects.get(kind="maintenance").pk)})
    assert periods(office) == WANTED[:1]
    _token, key = make_token(office.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    days = {"kind": "maintenance", "first_day": "2025-06-09", "last_day": "2025-06-09", "beamline": line.public_id}
    where = f"/api/v1/facilities/{office.facility.public_id}/beam-calendar"
    assert api.post(where, {"periods": [days]}, "application/json").json() == {"number": 1}
    assert periods(office) == WANTED
    assert api.post(where, {"periods": [days, {**days, "kind": "party"}]}, "application/json").status_code == 422


def _event(**more: str) -> str:
    lines = {"DTSTART;VALUE=DATE": "20250602", "DTEND;VALUE=DATE": "20250603", "SUMMARY": "Maintenance"} | more
    inside = "\n".join(f"{name}:{value}" for name, value in lines.items())
    return f"BEGIN:VCALENDAR\nBEGIN:VEVENT\n{inside}\nEND:VEVENT\nEND:VCALENDAR\n"


def test_repeated_events_of_a_calendar_stand_each_for_itself():
    office = make_office()
    client, path = signed_in(office.officer), reverse("beam_calendar", args=[office.facility.public_id])
    weekly = _event(RRULE="FREQ=WEEKLY;COUNT=4", **{"EXDATE;VALUE=DATE": "20250609"})
    assert client.post(path, {"file": SimpleUploadedFile("x.ics", weekly.encode())}).status_code == 302
    assert [row[1] for row in periods(office)] == [date(2025, 6, day) for day in (2, 16, 23)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("kind,start\nrun,2025-06-02\n", "Line 1 of the file"),
        ("kind,start,end\nrun,2025-06-02,soon\n", "Line 2 of the file"),
        ("kind,start,end\nparty,2025-06-02,2025-06-03\n", "“party” is no kind of days"),
        (
            "kind,start,end,beamline\nrun,2025-06-02,2025-06-03,BL99\n",
            "is known as “BL99”",
        ),
        (_event(SUMMARY="Party"), "“Party” is no kind of days"),
        (_event(**{"DTSTART;VALUE=DATE": "soon"}), "Line 6 of the file"),
        (_event(RRULE="FREQ=OFTEN"), "Line 7 of the file"),
        (_event(RRULE="FREQ=DAILY"), "The event that ends on line 7 repeats without an end"),
        (b"\xff\xfe\x00", "Line 0 of the file"),
    ],
)
def test_bad_calendar_file_is_told_in_one_sentence_and_changes_nothing(content, said):
    office = make_office()
    client, path = signed_in(office.officer), reverse("beam_calendar", args=[office.facility.public_id])
    client.post(path, {"file": SimpleUploadedFile("x.csv", CSV.encode())})
    raw = content if isinstance(content, bytes) else content.encode()
    answer = client.post(path, {"file": SimpleUploadedFile("y", raw)})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert periods(office) == WANTED


def test_setting_up_is_for_the_office_alone():
    office, other = make_office(), make_office()
    call = office.call.public_id
    for user in (other.officer, office.scientist, office.members[0]):
        client = signed_in(user)
        for name in ("tracks", "set_track", "set_pool"):
            assert client.get(reverse(name, args=[call])).status_code == 403
            assert client.post(reverse(name, args=[call]), {"drop": "main"}).status_code == 403
    _token, key = make_token(other.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    track = {"name_zh": "x", "name_en": "x", "stages": []}
    pool = {"name_zh": "x", "name_en": "x", "rule": "region", "max_share": "0.5"}
    assert api.put(f"/api/v1/calls/{call}/tracks/main", track, "application/json").status_code == 403
    assert api.put(f"/api/v1/calls/{call}/pools/x", pool, "application/json").status_code == 403
    _token, key = make_token(office.officer, scopes=("read", "write"))
    api = Client(headers={"Authorization": f"Bearer {key}"})
    criteria = [{"key": "merit", "weight": 2, "label_zh": "价值", "label_en": "Merit"}]
    track["stages"] = [{"name_zh": "评审", "name_en": "Review", "weight": "2.5", "needed": 2, "criteria": criteria}]
    assert api.put(f"/api/v1/calls/{call}/tracks/main", track, "application/json").json() == {"number": 1}
    assert api.put(f"/api/v1/calls/{call}/pools/x", pool, "application/json").json() == {"number": 1}
    assert queries.tracks_of(office.call).get().stages.get().weight == Decimal("2.50")
