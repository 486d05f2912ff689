"""The audit trail: who, by which way, from which decision; and nobody takes a line back."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from tests.factories import AT, make_member, make_organisation, make_token, make_user

from headwater.accounts.audit import COMMAND, SYSTEM, Act, Actor, record, record_many
from headwater.accounts.models import AuditEntry
from headwater.accounts.queries import trail_of
from headwater.core.context import REQUEST_ID
from headwater.core.decision import Decision, Reason, Weight

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE accounts_auditentry SET act = 'nothing'", "UPDATE"),
        ("UPDATE accounts_auditentry SET ground = ground", "UPDATE"),
        ("DELETE FROM accounts_auditentry", "DELETE"),
        ("TRUNCATE accounts_auditentry", "TRUNCATE"),
        ("TRUNCATE accounts_user CASCADE", "TRUNCATE"),
    ],
)
def test_database_refuses_to_take_an_entry_back(statement, word):
    record(Act("test.done", "ins_1"), by=SYSTEM, at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # nothing but the trigger stands in the way
    with pytest.raises(IntegrityError) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert str(error.value).splitlines()[0] == f"The audit trail is append-only: {word} is refused."
    assert AuditEntry.objects.get().act == "test.done"


def test_entry_keeps_the_request_the_way_and_the_decision():
    user = make_user(name="Ada")
    decision = Decision((Reason("award.reviews_missing", Weight.WAIVABLE, {"have": 1}, "Rule 7"),))
    act = Act("award.made", "pro_1", {"hours": [None, 24]}, decision, ("award.reviews_missing",), "The panel met.")
    token = REQUEST_ID.set("abc-1")
    try:
        record(act, by=Actor(user, "page"), at=AT)
    finally:
        REQUEST_ID.reset(token)
    entry = trail_of("pro_1").get()
    assert (entry.at, entry.actor, entry.actor_name, entry.way) == (AT, user, "Ada", "page")
    assert (entry.act, entry.changes, entry.waived, entry.ground) == (
        "award.made",
        {"hours": [None, 24]},
        ["award.reviews_missing"],
        "The panel met.",
    )
    assert entry.decision == decision.as_json()
    assert entry.request_id == "abc-1"


def test_entry_without_a_user_is_headwater_s():
    record_many([Act("region.loaded", "reg_1"), Act("region.loaded", "reg_2")], by=COMMAND, at=AT)
    assert [
        (one.subject, one.actor, one.actor_name, one.way, one.decision, one.request_id)
        for one in AuditEntry.objects.order_by("id")
    ] == [
        ("reg_1", None, "Headwater", "command", None, ""),
        ("reg_2", None, "Headwater", "command", None, ""),
    ]


def test_entry_must_name_its_subject():
    with pytest.raises(IntegrityError), transaction.atomic():
        record(Act("test.done", ""), by=SYSTEM, at=AT)
    assert AuditEntry.objects.count() == 0


def test_request_through_the_api_is_traced_to_its_entry(client):
    user, organisation = make_user(name="Ada"), make_organisation()
    make_member(user, organisation)
    _token, key = make_token(user, scopes=("write",))
    answer = client.post(
        "/api/v1/instruments",
        {"owner": organisation.public_id, "name_en": "Balance"},
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {key}",
        HTTP_X_REQUEST_ID="trace-42",
    )
    assert answer.status_code == 201
    entry = trail_of(answer.json()["id"]).get()
    assert (entry.request_id, entry.way, entry.actor, entry.act) == ("trace-42", "api", user, "instrument.added")
    assert entry.decision == {"allowed": True, "reasons": []}
    assert entry.changes["name_en"] == [None, "Balance"]


def test_refused_action_leaves_no_entry(client):
    user, organisation = make_user(), make_organisation()
    make_member(user, organisation)
    _token, key = make_token(user, scopes=("write",))
    before = AuditEntry.objects.count()
    answer = client.post(
        "/api/v1/instruments",
        {"owner": organisation.public_id},
        content_type="application/json",
        HTTP_AUTHORIZATION=f"Bearer {key}",
    )
    assert answer.status_code == 422
    assert AuditEntry.objects.count() == before


def test_trail_is_newest_first_and_of_one_record():
    for act, subject in (("one", "ins_1"), ("two", "ins_1"), ("other", "ins_2")):
        record(Act(act, subject), by=SYSTEM, at=AT)
    assert [entry.act for entry in trail_of("ins_1")] == ["two", "one"]
