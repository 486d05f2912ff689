"""Who reads what of a challenge: the rule over all viewers and states, the same in SQL, and leaks that must not be."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from tests.factories import (
    AT,
    make_member,
    make_operator,
    make_organisation,
    make_region,
    make_technique,
    make_token,
    make_user,
)
from tests.partnering.makers import acts, draft_of, make_broker, make_challenge, make_company, make_lab, make_proposal

from headwater.accounts.models import AuditEntry, Notice
from headwater.partnering import queries
from headwater.partnering.actions import challenges, files, matching
from headwater.partnering.drafts import CallDraft, PartDraft, TargetDraft
from headwater.partnering.facts import sight_of
from headwater.partnering.models import Challenge, ChallengeState
from headwater.partnering.rules import sight
from headwater.partnering.rules.sight import Clearance, SightFacts
from headwater.registry.facts import viewer_of
from headwater.registry.rules import ANYBODY, Viewer

COMPANY, LAB, OTHER = 1, 2, 3
FACTS = SightFacts(COMPANY, "published", True, frozenset({LAB}), frozenset())
NOBODY, SOMEBODY = Viewer(), Viewer(7)
OWN = Viewer(8, memberships={COMPANY: "member"})
BOUND = Viewer(9, memberships={LAB: "member"})
BROKER = Viewer(10, frozenset({"broker"}))
OPERATOR = Viewer(11, frozenset({"operator"}))


@pytest.mark.parametrize(
    ("viewer", "published", "draft", "submitted"),
    [
        (NOBODY, Clearance.PUBLIC, Clearance.HIDDEN, Clearance.HIDDEN),
        (SOMEBODY, Clearance.REGISTERED, Clearance.HIDDEN, Clearance.HIDDEN),
        (OPERATOR, Clearance.REGISTERED, Clearance.HIDDEN, Clearance.HIDDEN),
        (BOUND, Clearance.AGREEMENT, Clearance.HIDDEN, Clearance.HIDDEN),
        (BROKER, Clearance.WHOLE, Clearance.HIDDEN, Clearance.WHOLE),
        (OWN, Clearance.WHOLE, Clearance.WHOLE, Clearance.WHOLE),
    ],
)
def test_clearance(viewer, published, draft, submitted):
    found = [
        sight.clearance(replace(FACTS, state=state, was_published=state == "published"), viewer)
        for state in ("published", "draft", "submitted")
    ]
    assert found == [published, draft, submitted]


def test_broker_with_a_side_is_no_broker():
    facts = replace(FACTS, proposing=frozenset({OTHER}))
    with_side = Viewer(10, frozenset({"broker"}), {OTHER: "member"})
    assert sight.clearance(facts, with_side) is Clearance.REGISTERED
    assert sight.clearance(facts, BROKER) is Clearance.WHOLE


def test_more_roles_never_show_less():
    """An agreement or a membership more never lowers the clearance; only a side of one's own unmakes a broker."""
    for state, published in product(ChallengeState.values, (True, False)):
        facts = replace(FACTS, state=state, was_published=published)
        order = [NOBODY, SOMEBODY, BOUND, OWN]
        found = [sight.clearance(facts, one) for one in order]
        assert found == sorted(found)


@pytest.mark.django_db
def test_list_shows_what_the_rule_lets_be_seen():
    company, owner = make_company()
    technique = make_technique()
    profile, researcher = make_lab(technique)
    broker, sided = make_broker(), make_broker()
    made = [make_challenge(company, owner, technique, broker=broker) for _one in range(3)]
    for state in ChallengeState.values:
        one = make_challenge(company, owner, technique, state="draft")
        Challenge.objects.filter(pk=one.pk).update(state=state, published_at=AT if state in sight.OPEN else None)
    make_proposal(made[0], profile, researcher)
    make_member(sided, profile.organisation, "member")
    viewers = [ANYBODY, *(viewer_of(one) for one in (owner, researcher, broker, sided, make_user(), make_operator()))]
    for viewer in viewers:
        listed = set(queries.visible_challenges(viewer).values_list("pk", flat=True))
        allowed = {
            one.pk for one in Challenge.objects.all() if sight.may_see_challenge(sight_of(one), viewer).allowed()
        }
        assert listed == allowed


SECRETS = {
    "registered": "zirconquartz",
    "agreement": "molybdenumheart",
    "target": "yttriumvalue",
    "file": "hafniumname",
    "content": "rheniumcontent",
    "draft": "osmiumdraft",
    "proposal": "iridiumplan",
    "budget": "87654321",
}
COMPANY_NAME = "Palladium Works"


@pytest.fixture
def leaky() -> dict[str, Any]:
    """A published challenge with a secret at every level, one still a draft, a sealed proposal, and people."""
    make_region()
    technique = make_technique()
    company, owner = make_company(name_en=COMPANY_NAME, name_zh="钯业")
    broker = make_broker()
    draft = draft_of(
        technique,
        parts={
            "problem": PartDraft("public", "", "plainword"),
            "present": PartDraft("registered", "", SECRETS["registered"]),
            "tried": PartDraft("agreement", "", SECRETS["agreement"]),
            "targets": PartDraft("agreement"),
            "money": PartDraft("agreement"),
            "company": PartDraft("agreement"),
        },
        targets=(TargetDraft(SECRETS["target"], "1", "mm", "ISO"),),
        budget_minor=int(SECRETS["budget"]) * 100,
    )
    hidden = make_challenge(company, owner, technique, state="draft", draft=replace(draft, title_en=SECRETS["draft"]))
    profile, researcher = make_lab(technique, summary_en="plainword")
    challenge = make_challenge(
        company, owner, technique, broker=broker, draft=draft, call=CallDraft(AT + timedelta(days=3650))
    )
    upload = SimpleUploadedFile(f"{SECRETS['file']}.txt", SECRETS["content"].encode())
    attached = files.attach(challenge.public_id, upload, "agreement", at=AT, **acts(owner))
    rival, rival_user = make_lab(technique)
    make_proposal(challenge, rival, rival_user, plan=SECRETS["proposal"])
    return {
        "challenge": challenge, "hidden": hidden, "owner": owner, "broker": broker, "researcher": researcher,
        "profile": profile, "rival": rival, "file": attached, "company": company, "rival_user": rival_user,
    }  # fmt: skip


def addresses(leaky: dict[str, Any]) -> list[str]:
    one, hidden = leaky["challenge"].public_id, leaky["hidden"].public_id
    own = [
        "", "history/", "candidates/", f"candidates/?why={leaky['profile'].public_id}", "team/", "proposals/",
        "propose/", "edit/", f"files/{leaky['file'].public_id}",
    ]  # fmt: skip
    api = ["", "/trail", "/candidates", "/team", "/bids"]
    return [
        "/", "/challenges/", "/challenges/export.csv", "/challenges/feed.atom", "/matches/", "/consortia/",
        "/programme/", "/api/v1/challenges", "/api/v1/me/matches", "/api/v1/programme", "/account/notices/",
        f"/capabilities/{leaky['profile'].public_id}/", f"/bids/{leaky['challenge'].proposals.get().public_id}/",
        f"/api/v1/bids/{leaky['challenge'].proposals.get().public_id}",
        *(f"/challenges/{key}/{rest}" for key in (one, hidden) for rest in own),
        *(f"/api/v1/challenges/{key}{rest}" for key in (one, hidden) for rest in api),
        *(f"/challenges/?q={word}" for word in SECRETS.values()),
        *(f"/challenges/export.csv?q={word}" for word in SECRETS.values()),
    ]  # fmt: skip


def seen_by(client: Client, leaky: dict[str, Any]) -> str:
    """Everything that a reader gets to see, less the words she typed herself."""
    found = []
    for address in addresses(leaky):
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = unescape(body.decode(errors="replace"))
        typed = re.search(r"\?q=(\w+)", address)
        if typed:
            text = text.replace(f'value="{typed[1]}"', "").replace(f"?q={typed[1]}", "").replace(f"q%3D{typed[1]}", "")
        found.append(text)
    return "\n".join(found)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("who", "reads"),
    [
        ("nobody", set()),
        ("somebody", {"registered"}),
        ("operator", {"registered"}),
        ("analyst", {"registered"}),
        ("researcher", {"registered"}),
        ("bound", {"registered", "agreement", "target", "file", "content", "budget"}),
        ("broker", set(SECRETS) - {"draft", "proposal"}),
        ("owner", set(SECRETS) - {"proposal"}),
    ],
)
def test_nobody_reads_what_she_may_not(client, leaky, who, reads):
    from headwater.accounts.models import Grant, Role

    user = leaky.get("researcher" if who == "bound" else who)
    if who in ("somebody", "analyst"):
        user = make_user()
    if who == "analyst":
        Grant.objects.create(user=user, role=Role.ANALYST)
    if who == "operator":
        user = make_operator()
    if who == "bound":
        challenges.ask_agreement(
            leaky["challenge"].public_id, leaky["profile"].organisation.public_id, at=AT, **acts(user)
        )
        challenges.decide_agreement(
            leaky["challenge"].public_id,
            leaky["profile"].organisation.public_id,
            "grant",
            at=AT,
            **acts(leaky["owner"]),
        )
    if user is not None:
        client.force_login(user)
    text = seen_by(client, leaky)
    plain = text.replace(",", "")
    assert "Cracks in welded seams" in text
    assert {name for name, word in SECRETS.items() if word in plain} == reads
    names_company = COMPANY_NAME in text
    assert names_company == (who in ("bound", "broker", "owner"))


@pytest.mark.django_db
def test_search_finds_by_no_word_that_may_not_be_read(leaky):
    one = leaky["challenge"].pk

    def finds(word: str, viewer: Viewer) -> bool:
        return queries.searched(queries.visible_challenges(viewer), word, viewer).filter(pk=one).exists()

    somebody, owner = viewer_of(make_user()), viewer_of(leaky["owner"])
    assert finds("plainword", ANYBODY)
    assert [finds(SECRETS["registered"], one) for one in (ANYBODY, somebody, owner)] == [False, True, True]
    assert [finds(SECRETS["agreement"], one) for one in (ANYBODY, somebody, owner)] == [False, False, True]
    assert [finds("Palladium", one) for one in (ANYBODY, somebody, owner)] == [False, False, True]


@pytest.mark.django_db
def test_trail_and_notices_hold_no_secret(leaky):
    kept = " ".join(str(row) for row in AuditEntry.objects.values_list("changes", "decision", "ground"))
    kept += " ".join(str(row) for row in Notice.objects.values_list("facts", "path"))
    assert [name for name, word in SECRETS.items() if word in kept] == []
    assert COMPANY_NAME not in " ".join(str(row) for row in Notice.objects.values_list("facts", flat=True))


@pytest.mark.django_db
def test_sealed_proposal_is_read_by_its_team_alone_until_the_call_ends(client, leaky):
    client.force_login(leaky["owner"])
    assert (
        SECRETS["proposal"] not in client.get(f"/challenges/{leaky['challenge'].public_id}/proposals/").content.decode()
    )
    client.force_login(leaky["rival_user"])
    proposal = leaky["challenge"].proposals.get()
    assert SECRETS["proposal"] in client.get(f"/bids/{proposal.public_id}/").content.decode()


@pytest.mark.django_db
def test_who_is_told_does_not_depend_on_what_is_under_agreement():
    """Two challenges that differ in their hidden parts alone tell the same groups."""
    company, owner = make_company()
    plain, secret = make_technique(name_en="plainology"), make_technique(name_en="secretology")
    groups = {make_lab(one, name_en=f"Group of {one.name_en}")[0].pk: one for one in (plain, secret)}
    told = []
    for tried in ("", "secretology secretology"):
        draft = draft_of(plain, parts={"tried": PartDraft("agreement", "", tried)})
        challenge = make_challenge(company, owner, draft=draft)
        told.append({groups[key] for key in challenge.approaches.values_list("profile_id", flat=True)})
    assert told == [{plain}, {plain}]


@pytest.mark.django_db
def test_file_is_saved_and_never_shown(client, leaky):
    client.force_login(leaky["owner"])
    answer = client.get(f"/challenges/{leaky['challenge'].public_id}/files/{leaky['file'].public_id}")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer.streaming_content).decode() == SECRETS["content"]
    assert SECRETS["file"] not in leaky["file"].file.name


@pytest.mark.django_db
def test_token_that_only_reads_writes_nothing(client, leaky):
    _token, key = make_token(leaky["owner"])
    answer = client.post(
        f"/api/v1/challenges/{leaky['hidden'].public_id}/moves/submit", headers={"Authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 403
    assert Challenge.objects.get(pk=leaky["hidden"].pk).state == "draft"


@pytest.mark.django_db
def test_withdrawn_challenge_is_gone_for_all_others(client, leaky):
    challenges.withdraw(leaky["challenge"].public_id, at=AT, **acts(leaky["owner"]))
    client.force_login(leaky["researcher"])
    assert client.get(f"/challenges/{leaky['challenge'].public_id}/").status_code == 404
    assert "Cracks" not in client.get("/matches/").content.decode()


@pytest.mark.django_db
def test_note_of_an_invitation_is_for_the_invited(client, leaky):
    matching.invite(
        leaky["challenge"].public_id, leaky["profile"].public_id, "notesecret", at=AT, **acts(leaky["broker"])
    )
    outsider = make_user()
    make_member(outsider, make_organisation(), "manager")
    for user, shown in ((leaky["researcher"], True), (outsider, False)):
        client.force_login(user)
        page = client.get(f"/challenges/{leaky['challenge'].public_id}/").content.decode()
        assert ("notesecret" in page) == shown


@pytest.mark.django_db
def test_consortium_names_a_challenge_only_to_whoever_may_read_who_asks(client, leaky):
    from headwater.partnering.actions import consortia
    from headwater.partnering.drafts import MemberDraft, PartnershipDraft

    company, lab = leaky["company"].public_id, leaky["profile"].organisation.public_id
    draft = PartnershipDraft("project", name_en="P", members=(MemberDraft(company, "lead"), MemberDraft(lab)))
    made = consortia.found(draft, at=AT, **acts(leaky["owner"]))
    made.challenges.add(leaky["challenge"])
    for user, shown in ((make_user(), False), (leaky["owner"], True)):
        client.force_login(user)
        assert ("Cracks in welded" in client.get(f"/consortia/{made.public_id}/").content.decode()) == shown
