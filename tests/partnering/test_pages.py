"""Every page of partnering in both languages; what a list costs; the walk from a form to the record."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.factories import AT, make_city, make_organisation, make_region, make_technique
from tests.partnering.makers import acts, make_broker, make_challenge, make_company, make_lab, make_proposal
from tests.site.test_pages import check_language, text_of

from headwater.accounts.actions import set_language
from headwater.accounts.audit import SYSTEM, Act, record
from headwater.partnering import urls
from headwater.partnering.actions import consortia, joining, matching
from headwater.partnering.drafts import MemberDraft, MilestoneDraft, PartnershipDraft
from headwater.partnering.models import Challenge, Partnership, Profile

pytestmark = pytest.mark.django_db
SENT_ONLY = {"challenge_act", "challenge_triage", "challenge_publish", "challenge_files", "partnership_act"}
FILES = {"export_challenges", "challenge_feed", "attachment"}


@pytest.fixture
def region() -> dict[str, Any]:
    """A challenge with a candidate and a proposal, a consortium with a milestone, and people of all kinds."""
    make_region()
    technique = make_technique(name_en="laser welding", name_zh="激光焊接", parent=make_technique())
    company, owner = make_company()
    broker = make_broker()
    profile, researcher = make_lab(technique, summary_en="Welds seams without cracks.", summary_zh="焊缝")
    challenge = make_challenge(company, owner, technique, broker=broker)
    proposal = make_proposal(challenge, profile, researcher)
    lab = profile.organisation.public_id
    members = (MemberDraft(company.public_id, "lead"), MemberDraft(lab, "member", profile.public_id))
    terms = {"agreement": "All share.", "agreed_on": AT.date()}
    draft = PartnershipDraft("consortium", "联合体", "Consortium", members=members, **terms)
    partnership = consortia.found(draft, at=AT, **acts(owner))
    joining.confirm(partnership.public_id, lab, "", at=AT, **acts(researcher))
    consortia.add_milestone(
        partnership.public_id,
        MilestoneDraft("First", AT.date() + timedelta(days=90), "Three samples.", 100_00, "CNY", company.public_id,
                       profile.organisation.public_id),
        at=AT, **acts(owner),
    )  # fmt: skip
    return {
        "challenge": challenge, "profile": profile, "proposal": proposal, "partnership": partnership, "owner": owner,
        "broker": broker, "researcher": researcher, "company": company, "technique": technique,
    }  # fmt: skip


def pages(region: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Each page's name with an address and who may see it."""
    challenge, profile = region["challenge"].public_id, region["profile"].public_id
    fresh = make_challenge(region["company"], region["owner"], region["technique"], state="draft").public_id
    rival = make_organisation(kind="company").public_id
    matching.declare_conflict(region["company"].public_id, rival, "Rivals.", at=AT, **acts(region["owner"]))
    return {
        "challenges": ("/challenges/", "researcher"),
        "new_challenge": ("/challenges/new/", "owner"),
        "challenge": (f"/challenges/{challenge}/", "broker"),
        "edit_challenge": (f"/challenges/{fresh}/edit/", "owner"),
        "challenge_history": (f"/challenges/{challenge}/history/?version=1", "broker"),
        "challenge_candidates": (f"/challenges/{challenge}/candidates/?why={profile}", "broker"),
        "challenge_team": (f"/challenges/{challenge}/team/", "broker"),
        "challenge_proposals": (f"/challenges/{challenge}/proposals/", "broker"),
        "propose": (f"/challenges/{challenge}/propose/", "researcher"),
        "bid": (f"/bids/{region['proposal'].public_id}/", "researcher"),
        "conflicts": ("/conflicts/", "owner"),
        "matches": ("/matches/", "researcher"),
        "profiles": ("/capabilities/", "researcher"),
        "new_profile": ("/capabilities/new/", "researcher"),
        "import_profiles": ("/capabilities/import/", "researcher"),
        "profile": (f"/capabilities/{profile}/", "researcher"),
        "edit_profile": (f"/capabilities/{profile}/edit/", "researcher"),
        "partnerships": ("/consortia/", "researcher"),
        "new_partnership": (f"/consortia/new/?challenge={challenge}", "broker"),
        "partnership": (f"/consortia/{region['partnership'].public_id}/", "owner"),
        "programme": ("/programme/", "broker"),
        "weights": ("/programme/weights/", "broker"),
    }


@pytest.mark.parametrize("language", ["en", "zh-Hans"])
def test_every_page_is_in_both_languages(client, region, language):
    found = pages(region)
    assert {one.name for one in urls.urlpatterns} == set(found) | SENT_ONLY | FILES
    for name, (address, who) in found.items():
        set_language(region[who], language.lower())
        region[who].refresh_from_db()
        client.force_login(region[who])
        page = client.get(address)
        assert page.status_code == 200, name
        check_language(page, language)
        assert "style=" not in page.content.decode()


def test_challenge_is_shown_by_section_to_a_lab(client, region):
    client.force_login(region["researcher"])
    text = text_of(client.get(f"/challenges/{region['challenge'].public_id}/"))
    assert "problem text" in text
    assert "laser welding" in text


def count(client: Any, address: str) -> int:
    client.get(address)  # what is kept for a while is made now
    with CaptureQueriesContext(
        connection,
    ) as caught:
        assert client.get(address).status_code == 200
    return len(caught)


def grow(region: dict[str, Any]) -> None:
    """Nineteen rows more of everything that lists show."""
    city = make_city()
    for number in range(19):
        group, user = make_lab(region["technique"], organisation=make_organisation(city=city), name_en=f"More {number}")
        challenge = make_challenge(region["company"], region["owner"], region["technique"], broker=region["broker"])
        make_proposal(region["challenge"], group, user)
        members = (MemberDraft(region["company"].public_id, "lead"), MemberDraft(group.organisation.public_id))
        consortia.found(
            PartnershipDraft("joint_centre", name_en=f"C {number}", members=members), at=AT, **acts(region["owner"])
        )
        assert challenge.state == "published"


LISTS = {
    "/challenges/": ("owner", 14),
    "/capabilities/": ("researcher", 9),
    "/consortia/": ("researcher", 8),
    "/matches/": ("researcher", 15),
    "candidates/": ("broker", 30),
    "proposals/": ("broker", 20),
    "/api/v1/challenges": ("owner", 10),
    "/api/v1/capabilities": ("researcher", 7),
    "/api/v1/consortia": ("researcher", 6),
}


def test_lists_cost_the_same_for_one_row_and_twenty(client, region):
    own = f"/challenges/{region['challenge'].public_id}/"
    full = {address: (own + address if address[0] != "/" else address) for address in LISTS}
    costs = {}
    for address, (who, _most) in LISTS.items():
        client.force_login(region[who])
        costs[address] = count(client, full[address])
    grow(region)
    for address, (who, most) in LISTS.items():
        client.force_login(region[who])
        assert (address, count(client, full[address])) == (address, costs[address])
        assert costs[address] <= most, (address, costs[address])


def test_company_writes_and_hands_in_by_form(client, region):
    client.force_login(region["owner"])
    form = {
        "organisation": region["company"].public_id, "title_en": "Seams that hold", "problem_en": "They crack.",
        "problem_level": "public", "tried_en": "Other wire.", "tried_level": "agreement", "form": "contract",
        "target0_name": "crack length", "target0_value": "0.1", "target0_unit": "mm", "target0_test": "ISO 17639",
        "target0_comparison": "le", "wanted0_technique": region["technique"].code, "wanted0_level": "4",
        "budget": "500000", "willing_to_pay": "on", "min_jurisdictions": "1",
    }  # fmt: skip
    answer = client.post("/challenges/new/", form)
    made = Challenge.objects.get(name_en="Seams that hold")
    assert answer.url == f"/challenges/{made.public_id}/"
    client.post(f"/challenges/{made.public_id}/do/", {"do": "submit"})
    client.force_login(region["broker"])
    client.post(f"/challenges/{made.public_id}/triage/", {"outcome": "ready", "reasons": ["clear"]})
    client.post(f"/challenges/{made.public_id}/publish/", {"race_teams": "1"})
    made.refresh_from_db()
    assert made.state == "published"
    assert made.approaches.filter(profile=region["profile"], origin="told").exists()


def test_form_that_is_refused_says_every_reason(client, region):
    client.force_login(region["owner"])
    form = {
        "organisation": region["company"].public_id, "form": "contract", "months": "400", "reach_min": "9999",
        "target0_name": "x", "min_jurisdictions": "1",
    }  # fmt: skip
    page = client.post("/challenges/new/", form)
    assert page.status_code == 422
    top = re.search(r'role="alert">(.*?)</div>', page.content.decode(), re.DOTALL)[1]
    assert len(re.findall("<li>", top)) == 4


def test_lab_writes_its_profile_by_form_and_keeps_texts(client, region):
    client.force_login(region["researcher"])
    organisation = region["profile"].organisation.public_id
    lines = f"{region['technique'].code}: 5"
    form = {
        "organisation": organisation, "name_en": "Seam Group", "techniques": lines,
        "people": "Li Ming <0000-0002-1825-0097>", "load": "40", "price": "200000", "tells": "on", "active": "on",
        "works": "project | 2021 | Seams of tanks | P-1 | " + region["company"].public_id,
    }  # fmt: skip
    client.post("/capabilities/new/", form)
    made = Profile.objects.get(name_en="Seam Group")
    made.works.update(text="The abstract.")
    assert (made.load, made.price_minor) == (0.4, 20_000_000)
    assert made.works.get().partner == region["company"]
    client.post(f"/capabilities/{made.public_id}/edit/", form | {"version": made.version, "name_en": "Seam Group 2"})
    made.refresh_from_db()
    assert (made.name_en, made.works.get().text) == ("Seam Group 2", "The abstract.")


def test_wrong_line_of_a_profile_is_said(client, region):
    client.force_login(region["researcher"])
    form = {
        "organisation": region["profile"].organisation.public_id, "name_en": "G", "techniques": "alchemy: 3",
        "people": "Li <0000-0000-0000-0000>", "works": "poem | 1700 | x",
    }  # fmt: skip
    page = client.post("/capabilities/new/", form)
    text = text_of(page)
    assert page.status_code == 422
    for word in ("alchemy", "0000-0000-0000-0000", "poem", "1700"):
        assert word in text


def test_milestone_is_handed_in_and_accepted_by_page(client, region):
    one = region["partnership"].milestones.get()
    path = f"/consortia/{region['partnership'].public_id}/do/"
    client.force_login(region["researcher"])
    client.post(path, {"do": "hand_in", "milestone": one.public_id, "report": "Done."})
    client.force_login(region["owner"])
    client.post(path, {"do": "accept", "milestone": one.public_id, "judgement": "It holds."})
    one.refresh_from_db()
    assert one.state == "accepted"
    assert one.payment.amount_minor == 100_00


def test_team_page_pins_and_founds(client, region):
    client.force_login(region["broker"])
    page = client.get(f"/challenges/{region['challenge'].public_id}/team/").content.decode()
    assert "Best team" in page
    pin = re.search(r'href="\?([^"]*)">pin', page)[1].replace("&amp;", "&")
    assert "Best team" in client.get(f"/challenges/{region['challenge'].public_id}/team/?{pin}").content.decode()
    alone = client.get(f"/challenges/{region['challenge'].public_id}/team/?lead=challenger&max_members=1")
    assert "No team keeps all" in alone.content.decode()


def test_outsider_reads_no_inside_of_a_consortium(client, region):
    page = client.get(f"/consortia/{region['partnership'].public_id}/").content.decode()
    assert "All share." not in page
    assert Partnership.objects.get().name in page


def test_invited_member_reads_confirms_and_is_named_to_nobody_before(client, region):
    company, lab = region["company"], region["profile"].organisation
    members = (MemberDraft(company.public_id, "lead"), MemberDraft(lab.public_id, "member"))
    draft = PartnershipDraft("project", "项目", "Project", members=members)
    made = consortia.found(draft, at=AT, **acts(region["owner"]))
    path = f"/consortia/{made.public_id}/"
    for address in (path, "/consortia/?kind=project", f"/api/v1{path}".rstrip("/"), "/api/v1/consortia?kind=project"):
        page = client.get(address)
        assert page.status_code == 200
        assert lab.public_id not in page.content.decode()
        assert lab.name_en not in page.content.decode()
    for language in ("en", "zh-hans"):
        set_language(region["researcher"], language)
        region["researcher"].refresh_from_db()
        client.force_login(region["researcher"])
        check_language(client.get(path), "en" if language == "en" else "zh-Hans")
    page = client.get(path).content.decode()
    assert 'value="confirm"' in page
    assert 'value="decline"' in page
    assert any(made.public_id in one.path for one in region["researcher"].notices.all())
    client.post(path + "do/", {"do": "confirm", "organisation": lab.public_id})
    client.logout()
    assert lab.public_id in client.get(path).content.decode()


@pytest.mark.parametrize(("language", "said"), [("en", "ready → published"), ("zh-hans", "就绪 → 已发布")])
def test_trail_names_states_in_the_reader_s_language(client, region, language, said):
    entry = Act("challenge.published", region["challenge"].public_id, {"state": ["ready", "published"]})
    record(entry, by=SYSTEM, at=AT)
    client.force_login(region["broker"])
    page = client.get(f"/challenges/{region['challenge'].public_id}/history/?lang={language}", follow=True)
    assert said in text_of(page)


def test_conflict_of_interest_is_declared_by_form(client, region):
    company, lab = region["company"], region["profile"].organisation
    client.force_login(region["owner"])
    bare = client.post("/conflicts/", {"one": company.public_id, "other": company.public_id, "ground": "x"})
    assert (bare.status_code, "two different" in text_of(bare)) == (422, True)
    unknown = client.post("/conflicts/", {"one": company.public_id, "other": "nobody", "ground": "x"})
    assert unknown.status_code == 422
    form = {"one": company.public_id, "other": lab.name_en, "ground": "They sue each other."}
    assert client.post("/conflicts/", form).status_code == 302
    assert "They sue each other." in text_of(client.get("/conflicts/"))
    assert "Why these two may meet again" in text_of(client.get("/conflicts/"))
    client.force_login(region["broker"])
    asked = f"/challenges/{region['challenge'].public_id}/candidates/"
    assert f"/capabilities/{region['profile'].public_id}/" not in client.get(asked).content.decode()
    assert f"/conflicts/?one={company.public_id}" in client.get(asked).content.decode()
    stranger = make_lab(region["technique"])[1]
    client.force_login(stranger)
    assert "They sue each other." not in text_of(client.get("/conflicts/"))
    assert client.post("/conflicts/", form | {"ground": "Mine."}).status_code == 422
    back = {"do": "withdraw", "one": company.public_id, "other": lab.public_id, "ground": "They settled."}
    assert client.post("/conflicts/", back).status_code == 404
    client.force_login(region["owner"])
    assert client.post("/conflicts/", back).status_code == 302
    assert "They sue each other." not in text_of(client.get("/conflicts/"))
