"""The platform's own records as rows of the store: what comes in, what stays out, and how figures lead back."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.factories import (
    make_instrument,
    make_member,
    make_operator,
    make_organisation,
    make_source,
    make_token,
    make_user,
)

from headwater.accounts.models import Grant, Role
from headwater.booking.models import Usage
from headwater.observatory import actions, evaluate, flows, live, queries, reports
from headwater.observatory.models import Run, RunKind
from headwater.observatory.store import Part, Store
from headwater.observatory.subjects import Period
from headwater.partnering.models import Challenge, Milestone, Partnership, PartnershipMember, Payment
from headwater.registry.models import Facility
from headwater.support.models import Charge, Order
from headwater.useroffice.models import Call, FormVersion, PastProject, Proposal, TeamMember, Track

AT = datetime(2026, 5, 4, 8, tzinfo=UTC)
YEAR = Period(date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture
def source(region):
    return make_source(key="declared", kind="declaration")


@pytest.fixture
def owner(region, source):
    return make_organisation(code="owner", city=region["shanghai"], source=source)


@pytest.fixture
def company(region, source):
    return make_organisation(code="company", city=region["hefei"], source=source, kind="company")


def taken(name):
    return [row for table in live.tables(name, live.READERS[name], _tally()) for row in table.to_pylist()]


def _tally():
    return {"rows": 0, "synthetic": 0, "unplaced": 0}


def use(instrument, user, hours=2.0, **more):
    number = Usage.objects.count() + 1
    end = AT + timedelta(days=number, hours=hours)
    rows = {"started_at": AT + timedelta(days=number), "stopped_at": end, **more}
    return Usage.objects.create(public_id=f"use_{number}", instrument=instrument, user=user, **rows)


def member_of(organisation, email):
    user = make_user(email)
    make_member(user, organisation, "member")
    return user


def pay(company, owner, minor, **more):
    number = Order.objects.count() + 1
    order = Order.objects.create(
        public_id=f"ord_{number}",
        subject=f"s{number}",
        organisation=company,
        provider=owner,
        day=AT.date(),
        currency="CNY",
        gross_minor=minor,
        quote={},
        made_at=AT,
    )
    rows = {"kind": "usage", "currency": "CNY", "gross_minor": minor, "user_minor": minor, "issued_at": AT, **more}
    return Charge.objects.create(public_id=f"chg_{number}", order=order, **rows)


# Uses -----------------------------------------------------------------------------------------------------------
def test_uses_keep_their_id_and_say_whose_people_used_whose_instrument(owner, company, source, region):
    instrument = make_instrument(owner=owner, city=region["shanghai"], source=source)
    use(instrument, member_of(company, "a@firm.cn"))
    use(instrument, member_of(owner, "b@owner.cn"), hours=6.0)
    use(instrument, make_user("c@nobody.cn"), stopped_at=None)  # still in her hands
    rows = taken("uses")
    assert [(row["id"], row["user"], row["user_city"], row["hours"]) for row in rows] == [
        ("use_1", "company", "hefei", 2.0),
        ("use_2", "owner", "shanghai", 6.0),
    ]
    assert {(row["owner"], row["instrument_city"], row["synthetic"]) for row in rows} == {("owner", "shanghai", False)}


def test_use_of_a_hidden_instrument_stays_out(owner, company, source, region):
    hidden = make_instrument(owner=owner, city=region["shanghai"], source=source, visibility="organisation")
    use(hidden, member_of(owner, "b@owner.cn"))
    assert taken("uses") == []


@pytest.mark.parametrize("what", ["instrument", "organisation", "user"])
def test_use_is_synthetic_where_anything_in_it_is(owner, company, source, region, what):
    made = make_source(key="made", kind="synthetic")
    instrument = make_instrument(owner=owner, city=region["shanghai"], source=made if what == "instrument" else source)
    if what == "organisation":
        owner.source = made
        owner.save()
    use(instrument, member_of(company, "a@demo.headwater.example" if what == "user" else "a@firm.cn"))
    assert [row["synthetic"] for row in taken("uses")] == [True]


# Projects -------------------------------------------------------------------------------------------------------
@pytest.fixture
def call(region, source):
    facility = Facility.objects.get(code="ssrf")
    form = FormVersion.objects.create(facility=facility, number=1, made_at=AT)
    return Call.objects.create(
        public_id="cal_1",
        facility=facility,
        code="2026A",
        name_en="2026A",
        mode="general",
        opens_at=AT,
        period_start=AT.date(),
        period_end=AT.date(),
        form=form,
    )


def propose(call, organisation, state="submitted", **more):
    number = Proposal.objects.count() + 1
    track = Track.objects.get_or_create(call=call, code="t", defaults={"name_en": "t"})[0]
    made = Proposal.objects.create(
        public_id=f"pro_{number}",
        call=call,
        track=track,
        form=call.form,
        code=None if state == "draft" else f"2026A-{number}",
        state=state,
        state_at=AT,
        title="t",
        organisation=organisation,
        requested=6,
        made_at=AT,
        submitted_at=None if state == "draft" else AT,
        **more,
    )
    for k in range(3):
        TeamMember.objects.create(proposal=made, email=f"{number}-{k}@x.cn", proposer=k == 0)
    return made


def test_projects_are_proposals_handed_in_and_those_of_earlier_years(call, owner, source):
    propose(call, owner)
    propose(call, owner, "draft")
    propose(call, owner, "withdrawn")
    PastProject.objects.create(
        facility=call.facility,
        code="H1",
        year=2020,
        mode="general",
        organisation=None,
        regional=False,
        requested=9,
        granted=6,
        source=source,
    )
    rows = taken("projects")
    assert [(row["id"], row["date"], row["users"], row["hours_asked"], row["hours"], row["city"]) for row in rows] == [
        ("pro_1", AT.date(), 3, 48.0, 0.0, "shanghai"),
        ("H1", date(2020, 7, 1), None, 72.0, 48.0, ""),
    ]


def test_made_up_projects_of_a_facility_leave_once_its_programme_is_known(world, call, owner):
    store = Store(queries.root())
    before = queries.records()
    made = before.one("SELECT count(*) FROM projects WHERE facility = 'ssrf'")[0]
    before.close()
    call.synthetic = True
    call.save()
    propose(call, owner)
    actions.snapshot_now(at=AT)
    after = queries.records()
    rows = after.rows("SELECT origin, count(*) FROM projects WHERE facility = 'ssrf' GROUP BY 1")
    after.close()
    assert made > 1
    assert rows == [("platform", 1)]
    assert {part.origin for part in store.parts() if part.table == "uses"} == {"synthetic-world"}


# Money ----------------------------------------------------------------------------------------------------------
def test_money_goes_from_the_payer_s_city_to_the_provider_s(owner, company, source):
    pay(company, owner, 120_000)
    partnership = Partnership.objects.create(
        public_id="ptn_1", name_en="P", kind="project", source=source, created_at=AT, state="running"
    )
    milestone = Milestone.objects.create(
        public_id="mil_1",
        partnership=partnership,
        number=1,
        title="t",
        due=AT.date(),
        test="t",
        amount_minor=500,
        currency="CNY",
        payer=company,
        payee=owner,
    )
    Payment.objects.create(
        milestone=milestone, key="k", payer=company, payee=owner, amount_minor=500, currency="CNY", at=AT
    )
    rows = [(row["id"], row["kind"], row["from_city"], row["to_city"], row["amount_cny"]) for row in taken("payments")]
    assert rows == [
        ("chg_1", "charge", "hefei", "shanghai", 1200.0),
        ("mil_1", "milestone", "hefei", "shanghai", 5.0),
    ]


@pytest.mark.parametrize(("number", "shown"), [(2, None), (3, 3000)])
def test_sum_of_fewer_than_three_payments_is_withheld(rails, owner, company, number, shown):
    for _ in range(number):
        pay(company, owner, 100_000)
    actions.snapshot_now(at=AT)
    records = queries.records()
    made = evaluate.evaluate(records, "money-from-elsewhere", records.subject("city:shanghai"), YEAR).answer
    assert (made.estimate.value if made.estimate else None) == shown
    assert made.parts == () or shown
    assert flows.between(records, "payments", YEAR).flow.sum() == 2 * (shown or 0)
    records.close()


# Alliances and challenges ---------------------------------------------------------------------------------------
def test_alliances_are_confirmed_members_of_what_has_begun(owner, company, source):
    for number, state in enumerate(("running", "forming", "ended")):
        one = Partnership.objects.create(
            public_id=f"ptn_{number}",
            name_zh=f"联合体{number}",
            kind="consortium",
            source=source,
            created_at=AT,
            state=state,
            ended_on=date(2026, 8, 1) if state == "ended" else None,
        )
        PartnershipMember.objects.create(partnership=one, organisation=owner, role="lead")
        PartnershipMember.objects.create(partnership=one, organisation=company, standing="invited")
    rows = [(row["id"], row["name"], row["member"], row["city"], row["until"]) for row in taken("alliances")]
    assert rows == [
        ("ptn_0", "联合体0", "owner", "shanghai", None),
        ("ptn_2", "联合体2", "owner", "shanghai", date(2026, 8, 1)),
    ]


def test_consortium_that_has_ended_counts_no_longer(rails, owner, company, source):
    one = Partnership.objects.create(
        public_id="ptn_1", name_en="C", kind="consortium", source=source, created_at=AT, state="ended",
        ended_on=date(2026, 8, 1),
    )  # fmt: skip
    PartnershipMember.objects.create(partnership=one, organisation=owner, role="lead")
    actions.snapshot_now(at=AT)
    records = queries.records()
    shanghai = records.subject("city:shanghai")
    found = [
        evaluate.evaluate(records, "consortia", shanghai, Period(AT.date(), end)).answer.estimate
        for end in (date(2026, 7, 1), date(2027, 1, 1))
    ]
    records.close()
    assert found[0] is not None
    assert (found[0].value, found[1]) == (1, None)


def test_city_of_a_company_that_keeps_its_name_to_itself_stays_out(company, source):
    for number, (level, state) in enumerate([("public", "published"), ("agreement", "matched"), ("public", "draft")]):
        Challenge.objects.create(
            public_id=f"chl_{number}",
            organisation=company,
            name_en="C",
            source=source,
            state=state,
            created_at=AT,
            changed_at=AT,
            published_at=None if state == "draft" else AT,
            company_level=level,
        )
    rows = [(row["id"], row["state"], row["city"]) for row in taken("challenges")]
    assert rows == [("chl_0", "published", "hefei"), ("chl_1", "matched", "")]


# Snapshots ------------------------------------------------------------------------------------------------------
def test_snapshot_costs_the_same_with_one_and_with_twenty_records(owner, company, source, region, rails):
    instrument = make_instrument(owner=owner, city=region["shanghai"], source=source)
    user = member_of(company, "a@firm.cn")
    counted = []
    for more in (1, 19):
        for _ in range(more):
            use(instrument, user)
            pay(company, owner, 100)
        with CaptureQueriesContext(connection) as asked:
            actions.take_snapshot(AT)
        counted.append(len(asked))
    assert counted == [14, 14]


def test_report_can_be_made_again_after_the_snapshot_behind_it_was_replaced(rails, owner, company, tmp_path):
    for _ in range(3):
        pay(company, owner, 100_000)
    actions.snapshot_now(at=AT)
    records = queries.records()
    manifest = reports.make(records, reports.Asked("city:shanghai", "2026", AT.date()), tmp_path / "one")
    records.close()
    pay(company, owner, 500)
    actions.snapshot_now(at=AT)
    store = Store(queries.root())
    (named,) = (Part(**part) for part in manifest["inputs"]["store"])
    assert named not in store.parts()
    assert all(reports.make_again(tmp_path / "one" / "manifest.json", store, tmp_path / "two").values())
    assert store.clear_earlier(needed={named.file}, older_than_s=-1) == 0
    assert store.clear_earlier(needed=(), older_than_s=3600) == 0
    assert store.clear_earlier(needed=(), older_than_s=-1) == 1


def test_same_records_give_the_same_part(rails, owner, company):
    pay(company, owner, 100_000)
    parts = []
    for _ in range(2):
        actions.snapshot_now(at=AT)
        parts.append(Store(queries.root()).parts())
    assert parts[0] == parts[1]
    assert len(parts[0]) == 1


def test_real_records_stand_beside_made_up_ones(world, owner, company):
    pay(company, owner, 100_000)
    actions.snapshot_now(at=AT)
    held = {(part.table, part.origin) for part in Store(queries.root()).parts()}
    assert ("payments", "platform") in held
    assert ("payments", "synthetic-world") in held
    records = queries.records()
    assert records.one("SELECT count(*) FILTER (NOT synthetic), count(*) FROM payments") == (1, 1501)
    records.close()


def test_without_a_region_no_snapshot_is_taken(db, store):
    assert actions.snapshot_now(at=AT) is None
    assert not Run.objects.exists()


def test_parts_of_an_earlier_version_lack_later_columns_and_still_answer(region, store):
    import pyarrow as pa
    import pyarrow.parquet as pq

    old = pa.table({"date": [date(2024, 5, 1)], "instrument_city": ["hefei"], "user_city": ["shanghai"], "hours": [2.0],
                    "origin": ["old"], "synthetic": [False]})  # fmt: skip
    (store / "uses").mkdir(parents=True)
    pq.write_table(old, store / "uses" / f"old-{'0' * 64}.parquet")
    records = queries.records()
    assert records.one('SELECT hours, owner, "user" FROM uses') == (2.0, None, None)
    records.close()


# Who may, and what one sees -------------------------------------------------------------------------------------
def test_data_page_shows_the_snapshot_and_leads_to_records_and_files(client, rails, owner, company):
    pay(company, owner, 100_000)
    run = actions.snapshot_now(at=timezone.now())
    page = client.get("/observatory/data/").content.decode()
    assert run.public_id in page
    assert 'href="/support/"' in page
    assert "Take a snapshot now" not in page
    (part,) = Store(queries.root()).parts()
    path = f"/observatory/data/payments/{part.name}"
    assert path not in page
    assert client.get(path).url.startswith("/accounts/login/")
    client.force_login(make_user())
    assert client.get(path).status_code == 403
    client.force_login(make_operator())
    assert path in client.get("/observatory/data/").content.decode()
    assert b"".join(client.get(path).streaming_content)[:4] == b"PAR1"
    assert client.get("/observatory/data/payments/other.parquet").status_code == 404


@pytest.mark.parametrize(("role", "status"), [(None, 403), (Role.BROKER, 403), (Role.ANALYST, 302)])
def test_only_analysts_and_operators_have_a_snapshot_taken(client, region, role, status):
    user = make_user()
    if role is not None:
        Grant.objects.create(user=user, role=role)
    client.force_login(user)
    assert client.post("/observatory/data/snapshots/new/").status_code == status
    assert Run.objects.filter(kind=RunKind.SNAPSHOT).count() == (status == 302)


def test_snapshot_by_api(client, region, rails):
    user = make_user()
    Grant.objects.create(user=user, role=Role.ANALYST)
    _token, secret = make_token(user, scopes=("read", "write"))
    answer = client.post("/api/v1/snapshots", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 202
    actions.carry_out(answer.json()["id"], at=AT)
    (listed,) = client.get("/api/v1/snapshots").json()
    assert listed["state"] == "done"
    assert listed["tables"]["uses"] == {"rows": 0, "synthetic": 0, "unplaced": 0}
    assert client.post("/api/v1/snapshots").status_code == 401


def test_indicator_page_names_the_origins_behind_it(client, world):
    page = client.get("/observatory/indicators/outside-use/?subject=city:shanghai&period=2024").content.decode()
    assert "<code>uses</code>: synthetic-world" in page
    assert json.loads(client.get("/api/v1/indicators/outside-use?subject=city:shanghai&period=2024").content)[
        "estimate"
    ]
